"""What holds of every set of rules, on every mail: order hides nothing, another rule never makes the agent bolder, no
condition fails, and what a customer writes opens no gate."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.case import Outcome
from mailhitl.daemon.facts import ruling
from mailhitl.decision import Verdict
from mailhitl.draft import Draft
from mailhitl.drafting.findings import findings
from mailhitl.mail.message import Address, Message
from mailhitl.mail.parse import parse
from mailhitl.rules.conditions import table
from mailhitl.rules.engine import STRICTNESS, judge
from mailhitl.rules.explain import explain, explain_gates
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Facts, Level, Rule, SenderFacts
from mailhitl.rules.snapshot import freeze, thaw
from tests.unit.facts import any_facts, messages, texts
from tests.unit.test_rules_conditions import HOLDS, MISSES

#: Every condition of the reference, on this mail and on that, alone and joined.
WHENS = [when for when in (*HOLDS, *MISSES) if when]
TABLES = [table(when) for when in WHENS]
ALWAYS = Rule("Everything", Outcome.SEND, "", table({"size": {"at_least": 0}}))


def rules(then: Sequence[Outcome] = tuple(Outcome), most: int = 6) -> st.SearchStrategy[list[Rule]]:
    one = st.builds(
        Rule,
        name=st.text("abcdefgh", min_size=3, max_size=8),
        then=st.sampled_from(then),
        why=st.just(""),
        condition=st.sampled_from(TABLES),
        group=st.sampled_from(("", "support", "billing")),
        approvals=st.integers(1, 3),
        named=st.booleans(),
        undo=st.sampled_from((0.0, 300.0)),
        level=st.sampled_from(Level),
    )
    return st.lists(one, max_size=most, unique_by=lambda rule: rule.name)


def gates() -> st.SearchStrategy[Gates]:
    off = st.frozensets(st.sampled_from(("money", "promise", "unauthenticated", "high-value", "no-template")))
    return st.builds(Gates, off=off, authserv=st.booleans())


def strictness(verdict: Verdict) -> int:
    return STRICTNESS.index(verdict.outcome)


@given(rules(), gates(), any_facts(), st.randoms(use_true_random=False))
def test_the_order_of_the_file_makes_no_difference(
    found: list[Rule], some: Gates, facts: Facts, chance: random.Random
) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert ruling(found, some, facts) == ruling(shuffled, some, facts)


@given(rules(), rules((Outcome.REVIEW, Outcome.BLOCK)), gates(), any_facts())
def test_a_careful_rule_more_never_makes_a_verdict_less_strict(
    found: list[Rule], more: list[Rule], some: Gates, facts: Facts
) -> None:
    before, after = ruling(found, some, facts), ruling([*found, *more], some, facts)
    assert strictness(after) >= strictness(before)


@given(rules(), rules(), gates(), any_facts())
def test_once_a_rule_has_spoken_no_other_makes_the_verdict_less_strict(
    found: list[Rule], more: list[Rule], some: Gates, facts: Facts
) -> None:
    before, after = ruling([ALWAYS, *found], some, facts), ruling([ALWAYS, *found, *more], some, facts)
    assert strictness(after) >= strictness(before)
    assert after.approvals >= before.approvals
    assert after.named >= before.named
    assert set(after.groups) >= set(before.groups)


@given(rules((Outcome.REVIEW, Outcome.BLOCK, Outcome.SKIP)), gates(), any_facts())
def test_without_a_rule_that_sends_nothing_is_sent(found: list[Rule], some: Gates, facts: Facts) -> None:
    assert ruling(found, some, facts).outcome is not Outcome.SEND


@given(st.sampled_from(WHENS), any_facts())
def test_no_condition_fails_on_any_mail(when: dict[str, Any], facts: Facts) -> None:
    assert table(when)(facts) in (True, False)


@given(rules(), gates(), any_facts())
def test_what_is_explained_is_what_was_judged(found: list[Rule], some: Gates, facts: Facts) -> None:
    hits = {line.rule for line in explain(found, facts) if line.hit}
    assert hits == set(judge(found, facts, some).hits)
    shut = {line.rule for line in explain_gates(some, facts) if line.hit}
    assert shut == {reason.rule for reason in some.reasons(facts)}


@given(rules(), gates(), any_facts())
def test_a_replay_comes_to_the_same_verdict(found: list[Rule], some: Gates, facts: Facts) -> None:
    assert ruling(found, some, thaw(freeze(facts))) == ruling(found, some, facts)


RISKY = Draft(
    ("carla@customer.example",),
    (),
    "Re: your order",
    "Dear Carla,\n\nwe guarantee a refund of 500 EUR and a discount of 20 percent. You will certainly win in court.\n"
    "Please see the attached file and pay at https://pay-here.invalid/x or [LINK].\n\nKind regards\n",
    "drafter:template",
)
#: Found by comparing with the mail: what the customer did write is known to us.
COMPARED = frozenset({"gate:unsourced", "gate:language", "gate:echo", "gate:third-party"})
PLAIN = Message(
    senders=(Address("Carla", "carla@customer.example"),), subject="My order", text="Hello", new_text="Hello"
)
NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


def facts_of(message: Message) -> Facts:
    found = findings(RISKY, message, sources=(), language="en")
    return Facts(message, RISKY, NOW, findings=found, sender=SenderFacts(authenticated=True))


def shut(message: Message) -> frozenset[str]:
    return frozenset(reason.rule for reason in Gates().reasons(facts_of(message)))


@settings(deadline=None)
@given(messages(), texts())
def test_nothing_a_customer_writes_opens_a_gate(message: Message, more: str) -> None:
    said = replace(
        PLAIN, subject=message.subject, text=f"Hello {more}", new_text=f"Hello {more}", headers=message.headers
    )
    assert shut(said) >= shut(PLAIN) - COMPARED
    assert ruling([ALWAYS], Gates(), facts_of(said)).outcome is Outcome.REVIEW


def test_no_injection_of_the_corpus_gets_a_risky_draft_sent(shared: Callable[[str], Path]) -> None:
    mails = sorted(shared("corpus/bipia/eml").glob("*.eml"))
    assert len(mails) >= 200
    for path in mails:
        message = parse(path.read_bytes())
        assert shut(message) >= shut(PLAIN) - COMPARED, path.name
        assert ruling([ALWAYS], Gates(), facts_of(message)).outcome is Outcome.REVIEW, path.name


def test_no_condition_fails_on_any_mail_of_the_corpora(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("corpus").glob("*/**/*.eml")):
        facts = facts_of(parse(path.read_bytes()))
        assert {test(facts) for test in TABLES} <= {True, False}, path.name
