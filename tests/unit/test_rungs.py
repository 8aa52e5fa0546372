"""On which rung a rule stands, and what it may say there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.case import Outcome
from mailhitl.daemon.trust.autonomy import DEMOTE, PROMOTE, standing
from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.rules.engine import STRICTNESS, judge
from mailhitl.rules.rule import Facts, Level, Rule, SenderFacts
from tests.unit.test_rules_engine import FACTS, rule

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
SENDS = Rule("a", Outcome.SEND, "", lambda facts: True, level=Level.SEND, fingerprint="f1")

RULES = st.lists(
    st.builds(
        lambda then, name, level, hit: replace(rule(then, name, hit=hit), level=level),
        st.sampled_from(Outcome),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(Level),
        st.booleans(),
    ),
    max_size=5,
)
ANY_FACTS = st.sampled_from([FACTS, replace(FACTS, sender=SenderFacts()), replace(FACTS, draft=None)])


def steps(*moves: tuple[str, str] | tuple[str, str, str]) -> list[Entry]:
    """Entries, oldest first: (kind, to, the config's level then)."""
    found = []
    for number, (kind, to, *config) in enumerate(moves):
        data = {"to": to, "config": (*config, "send")[0], "when": SENDS.fingerprint}
        found.append(Entry(kind, "x", Channel.CLI, NOON + timedelta(hours=number), "a", data=data))
    return found


@given(RULES, ANY_FACTS)
def test_no_rung_lets_out_what_the_highest_would_not(rules: list[Rule], facts: Facts) -> None:
    free = judge([replace(each, level=Level.SEND) for each in rules], facts)
    if judge(rules, facts).outcome is Outcome.SEND:
        assert free.outcome is Outcome.SEND


@given(RULES, ANY_FACTS)
def test_taking_a_sending_rule_down_to_review_never_makes_the_verdict_milder(rules: list[Rule], facts: Facts) -> None:
    before = judge(rules, facts)
    for number, each in enumerate(rules):
        if each.level.sends:
            after = judge([*rules[:number], replace(each, level=Level.REVIEW), *rules[number + 1 :]], facts)
            assert STRICTNESS.index(after.outcome) >= STRICTNESS.index(before.outcome)


@given(RULES, ANY_FACTS)
def test_a_shadow_changes_nothing_but_what_is_remembered(rules: list[Rule], facts: Facts) -> None:
    shadow = replace(rule(Outcome.SEND, "shadow"), level=Level.SHADOW)
    with_it, without = judge([*rules, shadow], facts), judge(rules, facts)
    assert replace(with_it, hits=without.hits) == without
    assert "shadow" in with_it.hits


@pytest.mark.parametrize(
    ("config", "moves", "expected"),
    [
        (Level.SEND, [], Level.SEND),
        (Level.SEND, [(DEMOTE, "review")], Level.REVIEW),
        (Level.SHADOW, [(DEMOTE, "review")], Level.SHADOW),
        (Level.SEND, [(DEMOTE, "review"), (PROMOTE, "sampled")], Level.SAMPLED),
        (Level.SEND, [(PROMOTE, "sampled", "review")], Level.SEND),
        (Level.REVIEW, [(PROMOTE, "sampled", "review")], Level.SAMPLED),
        (Level.SHADOW, [(PROMOTE, "sampled", "review")], Level.SHADOW),
        (Level.REVIEW, [(PROMOTE, "sampled", "review"), (PROMOTE, "send", "review")], Level.SEND),
        (Level.REVIEW, [(PROMOTE, "send", "review"), (DEMOTE, "review")], Level.REVIEW),
        (Level.SEND, [(PROMOTE, "sampled", "review"), (DEMOTE, "review"), (DEMOTE, "shadow")], Level.SHADOW),
        (Level.SEND, [(DEMOTE, "review"), (PROMOTE, "sampled", "review")], Level.SEND),
    ],
)
def test_the_journal_moves_a_rule_and_the_file_has_the_last_word(
    config: Level, moves: list[tuple[str, str]], expected: Level
) -> None:
    assert standing(replace(SENDS, level=config), steps(*moves)).level is expected


MOVES = st.lists(
    st.tuples(st.sampled_from([PROMOTE, DEMOTE]), st.sampled_from(["shadow", "review", "sampled", "send"]))
)


@given(MOVES, st.sampled_from(Level))
def test_a_demotion_is_never_above_where_it_says_until_somebody_promotes(
    moves: list[tuple[str, str]], config: Level
) -> None:
    found = standing(replace(SENDS, level=config), steps(*moves, (DEMOTE, "review")))
    assert found.level.rank <= Level.REVIEW.rank
    assert found.demoted


def test_a_demotion_follows_the_conditions_to_another_name_and_no_further() -> None:
    [fell] = steps((DEMOTE, "review"))
    fell = replace(fell, data={**fell.data, "when": "f1"})
    assert standing(replace(SENDS, name="b"), [fell]).level is Level.REVIEW
    assert standing(replace(SENDS, name="b", fingerprint="f2"), [fell]).level is Level.SEND
    assert standing(replace(SENDS, fingerprint="f2"), [fell]).level is Level.REVIEW
