"""The verdict: every rule tried, every reason kept, the strictest wins, and nothing leaves past a gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.case import Outcome
from mailhitl.decision import Finding, Reason
from mailhitl.draft import Draft
from mailhitl.drafting.findings import DETECTORS
from mailhitl.drafting.findings import IN_MAIL as DETECTORS_IN_MAIL
from mailhitl.mail.message import Address, Message
from mailhitl.rules.conditions import table
from mailhitl.rules.engine import NO_RULE, STRICTNESS, judge
from mailhitl.rules.explain import explain
from mailhitl.rules.gates import FINDINGS, IN_MAIL, OPTIONAL, Gates
from mailhitl.rules.rule import Facts, RecipientFacts, Rule, SenderFacts
from mailhitl.rules.words import CHARACTERS

FACTS = Facts(
    message=Message(senders=(Address("", "ann@example.org"),), subject="Hours?", new_text="When are you open?"),
    draft=Draft(("ann@example.org",), (), "Re: Hours?", "From nine to five.", "drafter:template"),
    now=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    sender=SenderFacts(authenticated=True),
)
RISKY = replace(FACTS, findings=(Finding("money", "50 EUR"), Finding("money", "20 EUR"), Finding("novel", "")))


def rule(then: Outcome, name: str = "", *, hit: bool = True, **more: object) -> Rule:
    made = Rule(name or f"{then} it", then, f"because {then}", lambda facts: hit)
    return replace(made, **more)  # type: ignore[arg-type]


def broken(facts: Facts) -> bool:
    raise RecursionError("a secret of the customer's")


SEND, SKIP, REVIEW, BLOCK = (rule(then) for then in STRICTNESS)


def outcome(rules: Sequence[Rule], facts: Facts = FACTS, gates: Gates | None = None) -> Outcome:
    return judge(rules, facts, gates or Gates()).outcome


def reasons(rules: Sequence[Rule], facts: Facts, gates: Gates | None = None) -> list[str]:
    return [reason.rule for reason in judge(rules, facts, gates or Gates()).reasons]


def test_without_a_rule_a_person_looks() -> None:
    assert judge([], FACTS).outcome is Outcome.REVIEW
    assert judge([rule(Outcome.SEND, hit=False)], FACTS).reasons == (NO_RULE,)


@pytest.mark.parametrize(
    ("rules", "wins"),
    [
        ([SEND], Outcome.SEND),
        ([SKIP], Outcome.SKIP),
        ([SEND, SKIP], Outcome.SKIP),
        ([SEND, SKIP, REVIEW], Outcome.REVIEW),
        ([SEND, SKIP, REVIEW, BLOCK], Outcome.BLOCK),
    ],
)
def test_the_strictest_rule_wins(rules: list[Rule], wins: Outcome) -> None:
    assert outcome(rules) is wins


def test_every_reason_is_kept_strictest_first() -> None:
    verdict = judge([SEND, REVIEW, BLOCK], RISKY)
    assert [reason.rule for reason in verdict.reasons] == [
        "block it",
        "review it",
        "gate:money",
        "gate:novel",
        "send it",
    ]
    assert verdict.reasons[0] == Reason("block it", Outcome.BLOCK, "because block")


def test_a_rule_that_breaks_asks_for_a_person_and_keeps_the_mail_to_itself() -> None:
    verdict = judge([SEND, Rule("bad", Outcome.SKIP, "", broken)], FACTS)
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.reasons[0] == Reason("bad", Outcome.REVIEW, "The rule could not be tried (RecursionError).")


#: Each of these takes an engine that backtracks longer than anybody waits.
EVIL = ("(a+)+$", "(a|aa)+$", "(.*a){12}", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y")


def test_50_a_thousand_expressions_that_hang_other_engines_are_tried_on_the_longest_mail() -> None:
    rules = [
        Rule(f"rule {number}", Outcome.SEND, "", table({"text": {"regex": f"{EVIL[number % 5]}|z{number}"}}))
        for number in range(1000)
    ]
    longest = replace(FACTS, message=replace(FACTS.message, new_text="a" * 100_000))
    verdict = judge(rules, longest)
    assert len(verdict.hits) > 500
    assert verdict.outcome is Outcome.REVIEW
    assert "gate:length" in {reason.rule for reason in verdict.reasons}


def test_a_rule_without_a_why_still_says_which_it_was() -> None:
    assert judge([replace(REVIEW, why="")], FACTS).reasons[0].text == "The rule “review it” says so."


def test_what_the_hits_ask_for_is_joined() -> None:
    verdict = judge(
        [
            rule(Outcome.REVIEW, "a", group="billing", approvals=2),
            rule(Outcome.REVIEW, "b", group="lead", named=True),
            rule(Outcome.REVIEW, "c", group="nobody", approvals=9, hit=False),
            rule(Outcome.SEND, "d", undo=300.0, sample=0.1),
            rule(Outcome.SEND, "e", undo=60.0, sample=0.5),
        ],
        FACTS,
    )
    assert (verdict.groups, verdict.approvals, verdict.named) == (("billing", "lead"), 2, True)
    assert (verdict.undo, verdict.sample) == (300.0, 0.5)


def test_a_finding_goes_to_a_person_with_the_words_that_show_it() -> None:
    verdict = judge([SEND], RISKY)
    assert verdict.outcome is Outcome.REVIEW
    assert verdict.reasons[0].text == "The draft speaks of money or a refund: “50 EUR”, “20 EUR”."
    assert "novel" in verdict.reasons[1].text


def test_every_kind_of_risk_that_drafting_finds_has_its_gate() -> None:
    assert FINDINGS.keys() == DETECTORS.keys()
    assert IN_MAIL.keys() == DETECTORS_IN_MAIL.keys()


def test_a_gate_is_switched_off_by_its_name_and_no_other_goes_with_it() -> None:
    assert reasons([SEND], RISKY, Gates(off=frozenset({"money"}))) == ["gate:novel", "send it"]
    assert outcome([SEND], RISKY, Gates(off=frozenset({"money", "novel"}))) is Outcome.SEND


DRAFT = FACTS.draft
assert DRAFT is not None
MANY = tuple(Address("", f"a{number}@example.org") for number in range(101))


@pytest.mark.parametrize(
    ("facts", "gate"),
    [
        (replace(FACTS, draft=None), "no-template"),
        (replace(FACTS, draft=replace(DRAFT, complete=False)), "no-template"),
        (replace(FACTS, sender=SenderFacts()), "unauthenticated"),
        (replace(FACTS, message=replace(FACTS.message, readable=False)), "unreadable"),
        (replace(FACTS, message=replace(FACTS.message, encrypted=True)), "unreadable"),
        (replace(FACTS, message=replace(FACTS.message, truncated=True)), "length"),
        (replace(FACTS, message=replace(FACTS.message, new_text="x" * (CHARACTERS + 1))), "length"),
        (replace(FACTS, message=replace(FACTS.message, cc=MANY)), "length"),
        (replace(FACTS, draft=replace(DRAFT, text="x" * (CHARACTERS + 1))), "length"),
        (replace(FACTS, recipients=RecipientFacts(count=2, external=1)), "recipients"),
        (replace(FACTS, recipients=RecipientFacts(count=2, new=1)), "recipients"),
        (replace(FACTS, recipients=RecipientFacts(count=1, redirected=True)), "recipients"),
        (replace(FACTS, customer={"High_Value": "yes"}), "high-value"),
    ],
)
def test_a_gate_holds_what_a_rule_would_send(facts: Facts, gate: str) -> None:
    assert outcome([SEND]) is Outcome.SEND
    assert outcome([SEND], facts) is Outcome.REVIEW
    assert f"gate:{gate}" in reasons([SEND], facts)


def test_without_a_draft_no_switch_lets_anything_out() -> None:
    off = Gates(off=frozenset({*OPTIONAL, "no-template", "unreadable"}))
    assert outcome([SEND], replace(FACTS, draft=None), off) is Outcome.REVIEW


def test_without_a_trusted_server_the_reason_says_what_to_configure() -> None:
    verdict = judge([SEND], replace(FACTS, sender=SenderFacts()), Gates(authserv=False))
    assert "review.trusted_authserv names no server" in verdict.reasons[0].text


def test_mail_that_wants_no_answer_needs_no_draft_and_no_vouching() -> None:
    assert outcome([SKIP], replace(RISKY, draft=None, sender=SenderFacts())) is Outcome.SKIP


def test_a_risk_that_stops_a_send_is_not_lost_by_a_skip() -> None:
    assert outcome([SEND, SKIP], RISKY) is Outcome.REVIEW


RULES = st.lists(
    st.builds(
        rule,
        st.sampled_from(Outcome),
        st.sampled_from(["a", "b", "c", "d"]),
        hit=st.booleans(),
        group=st.sampled_from(["", "x", "y"]),
        approvals=st.integers(1, 3),
        named=st.booleans(),
        undo=st.sampled_from([0.0, 60.0]),
    ),
    max_size=6,
)
ANY_FACTS = st.sampled_from([FACTS, RISKY, replace(FACTS, draft=None), replace(FACTS, sender=SenderFacts())])


@given(RULES, ANY_FACTS, st.randoms())
def test_the_order_of_rules_makes_no_difference(rules: list[Rule], facts: Facts, random: object) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(rules, facts) == judge(shuffled, facts)


@given(RULES, RULES, ANY_FACTS)
def test_another_rule_never_makes_the_verdict_milder(rules: list[Rule], more: list[Rule], facts: Facts) -> None:
    before, after = judge([SEND, *rules], facts), judge([SEND, *rules, *more], facts)
    assert STRICTNESS.index(after.outcome) >= STRICTNESS.index(before.outcome)
    assert set(after.reasons) >= set(before.reasons)
    assert set(after.groups) >= set(before.groups)
    assert after.approvals >= before.approvals
    assert after.named >= before.named


@given(RULES, ANY_FACTS)
def test_nothing_is_sent_that_no_rule_sends(rules: list[Rule], facts: Facts) -> None:
    sending = [each for each in rules if each.then is Outcome.SEND and each.hits(facts)]
    assert judge(rules, facts).outcome is not Outcome.SEND or sending


@given(RULES)
def test_nothing_is_sent_past_a_gate(rules: list[Rule]) -> None:
    assert judge(rules, RISKY).outcome is not Outcome.SEND


def test_each_rule_is_explained_by_its_conditions() -> None:
    rules = [
        Rule("hit", Outcome.SEND, "", table({"subject": {"contains": "hours"}, "findings": "none"})),
        Rule("miss", Outcome.SEND, "", table({"findings": "none", "confidence": {"at_least": 0.9}})),
        Rule("always", Outcome.REVIEW, "", table({})),
        Rule("bad", Outcome.REVIEW, "", broken),
    ]
    told = [(each.rule, each.hit, each.because) for each in explain(rules, FACTS)]
    assert told == [
        ("hit", True, 'subject = { contains = "hours" } and findings = "none"'),
        ("miss", False, "not confidence = { at_least = 0.9 } (it is 0.0)"),
        ("always", True, "it has no conditions"),
        ("bad", True, "it could not be tried (RecursionError), so a person looks"),
    ]
