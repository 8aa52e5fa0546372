"""Rules that can never hit, and rules of which one says all that another does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.rules.conditions import table
from mailhitl.rules.rule import Facts
from mailhitl.rules.sense import implies, never
from tests.unit.facts import any_facts
from tests.unit.test_rules_conditions import FACTS, HOLDS, MISSES

When = dict[str, Any]

NEVER: list[When] = [
    {"amount": {"over": 500, "under": 100}},
    {"confidence": {"over": 1}},
    {"confidence": {"at_least": 0.9}, "not": {"confidence": {"at_least": 0.5}}},
    {"all": [{"confidence": {"at_least": 0.9}}, {"confidence": {"under": 0.9}}]},
    {"thread": {"length": {"under": 1}}},
    {"recipients": {"count": {"over": 2, "under": 3}}},
    {"size": {"over": "5MB", "under": "4MB"}},
    {"intent": "refund", "not": {"intent": ["refund", "billing"]}},
    {"all": [{"intent": "refund"}, {"intent": "billing"}]},
    {"intent": {"is": "refund", "matches": "bill*"}},
    {"all": [{"sender": {"known": True}}, {"sender": {"known": False}}]},
    {"sender": {"known": True, "first_contact": True}, "not": {"any": [{"sender": {"known": True}}, {"size": 1}]}},
    {"text": {"contains": "lawyer"}, "not": {"text": {"contains": "law"}}},
    {"text": {"regex": "a+"}, "not": {"text": {"regex": "a+"}}},
    {"findings": "none", "all": [{"findings": "any"}]},
    {"findings": "money", "not": {"findings": ["promise", "money"]}},
    {"time": {"weekday": "sat"}, "not": {"time": {"weekday": ["sat", "sunday"]}}},
    {"any": [{"confidence": {"under": 0}}, {"size": {"under": 0}}]},
    {"customer": {"tier": "gold"}, "not": {"customer": {"TIER": ["gold", "silver"]}}},
    {"customer": {"open": {"over": 10, "at_most": 10}}},
    {"header": {"name": "List-Id", "exists": False}, "all": [{"header": {"name": "list-id", "contains": "x"}}]},
    {"attachment": {"count": 0}, "all": [{"attachment": {"count": {"over": 0}}}]},
    {"amount": {"over": 500}, "not": {"amount": {"over": 100}}},
    {"rate": {"over": 5, "under": 6}},
    {"history": {"intent": {"unedited": {"over": 1}}}},
    {"history": {"rule": {"name": "A", "edited": 1}}, "not": {"history": {"rule": {"name": "A", "edited": 1}}}},
    {"from": "a@b.example", "not": {"from": {"contains": "b.example"}}},
]

SOMETIMES: list[When] = [
    {},
    {"amount": {"over": 100, "under": 500}},
    {"all": [{"amount": {"over": 500}}, {"amount": {"under": 100}}]},
    {"all": [{"to": "a@b.example"}, {"to": "c@d.example"}]},
    {"confidence": {"over": 0.89, "under": 0.9}},
    {"recipients": {"count": {"over": 2, "under": 4}}},
    {"not": {"any": [{"customer": {"open": {"at_least": 0}}}, {"customer": {"open": {"under": 0}}}]}},
    {"text": {"contains": "court"}, "not": {"text": "court"}},
    {"text": {"contains": "court"}, "not": {"text": {"contains": "courtesy"}}},
    {"text": {"regex": "a+"}, "not": {"text": {"regex": "b+"}}},
    {"intent": ["refund", "billing"], "not": {"intent": "refund"}},
    {"time": {"weekday": "sat"}, "not": {"time": {"office_hours": True}}},
    {"any": [{"confidence": {"under": 0}}, {"intent": "refund"}]},
    {"not": {"language": ["de", "en"]}},
    {"header": {"name": "List-Id", "exists": False}, "all": [{"header": {"name": "X-Other", "contains": "x"}}]},
    {"findings": "any", "not": {"findings": "money"}},
    {"findings": "none", "all": [{"findings": ["money"]}]},
    {"all": [{"rate": {"over": 5, "within": "7d"}}, {"rate": {"under": 2}}]},
    {"history": {"rule": {"name": "A", "edited": 1}}, "not": {"history": {"rule": {"name": "B", "edited": 1}}}},
    {"attachment": {"type": "a/b", "size": {"over": 5}}, "not": {"attachment": {"size": {"over": 5}, "name": "x"}}},
]


@pytest.mark.parametrize("when", NEVER, ids=str)
def test_a_contradiction_is_seen(when: When) -> None:
    table(when)
    assert never(when)


@pytest.mark.parametrize("when", SOMETIMES, ids=str)
def test_what_may_hold_is_no_contradiction(when: When) -> None:
    table(when)
    assert never(when) == ""


def test_a_contradiction_is_told_in_the_words_of_the_file() -> None:
    when = {"all": [{"sender": {"known": True}}, {"sender": {"known": False}}], "size": 3}
    assert never(when) == "sender = { known = true } and sender = { known = false } can never hold together"
    assert never({"amount": {"over": 5, "under": 1}}) == "amount = { over = 5, under = 1 } can never hold"


IMPLIED: list[tuple[When, When]] = [
    ({"intent": "refund"}, {}),
    ({"intent": "refund"}, {"intent": ["refund", "billing"]}),
    ({"intent": "refund", "size": {"over": 10}}, {"intent": "refund"}),
    ({"amount": {"over": 500}}, {"amount": {"over": 100}}),
    ({"intent": "refund"}, {"any": [{"intent": "refund"}, {"size": {"over": 10}}]}),
    ({"intent": "refund"}, {"confidence": {"at_least": 0}}),
    ({"findings": ["money"]}, {"findings": ["money", "promise"]}),
    ({"text": {"contains": "lawyers"}}, {"text": {"contains": ["court", "lawyer"]}}),
    ({"intent": "refund"}, {"not": {"intent": "billing"}}),
]

NOT_IMPLIED: list[tuple[When, When]] = [
    ({}, {"intent": "refund"}),
    ({"intent": ["refund", "billing"]}, {"intent": "refund"}),
    ({"amount": {"over": 100}}, {"amount": {"over": 500}}),
    ({"text": {"contains": "law"}}, {"text": {"contains": "lawyer"}}),
    ({"text": {"regex": "lawyer"}}, {"text": {"contains": "law"}}),
    ({"confidence": {"at_least": 0.5}}, {"confidence": {"over": 0.5}}),
    ({"findings": ["money"]}, {"findings": "any"}),
]


@pytest.mark.parametrize(("one", "other"), IMPLIED, ids=str)
def test_what_holds_wherever_another_does_is_seen(one: When, other: When) -> None:
    assert implies(one, other)


@pytest.mark.parametrize(("one", "other"), NOT_IMPLIED, ids=str)
def test_what_may_miss_where_another_hits_is_not_implied(one: When, other: When) -> None:
    assert not implies(one, other)


def test_a_table_with_too_many_ways_to_hold_is_left_alone() -> None:
    pair = {"any": [{"intent": "a"}, {"size": {"under": 0}}]}
    assert never({"all": [pair] * 20}) == ""
    assert not implies({"all": [pair] * 20}, {"intent": "a"})


#: Conditions of all kinds, which contradict and contain one another in many ways.
LEAVES = [when for when in (*HOLDS, *MISSES, *NEVER, *SOMETIMES) if when and not when.keys() & {"any", "all", "not"}]


def tables() -> st.SearchStrategy[When]:
    """Conditions joined as deep as nobody writes them."""
    pairs = st.lists(st.sampled_from(LEAVES), min_size=1, max_size=2).map(lambda some: some[0] | some[-1])

    def joined(inner: st.SearchStrategy[When]) -> st.SearchStrategy[When]:
        several = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            inner.map(lambda when: {"not": when}),
            several.map(lambda whens: {"any": whens}),
            several.map(lambda whens: {"all": whens}),
        )

    return st.recursive(pairs, joined, max_leaves=5)


@settings(deadline=None, max_examples=300)
@given(tables(), st.just(FACTS) | any_facts())
def test_nothing_that_holds_is_said_never_to_hold(when: When, facts: Facts) -> None:
    assert not (table(when)(facts) and never(when))


@settings(deadline=None, max_examples=300)
@given(tables(), tables(), st.just(FACTS) | any_facts())
def test_nothing_that_misses_is_said_to_be_implied_by_what_holds(one: When, other: When, facts: Facts) -> None:
    assert not (table(one)(facts) and not table(other)(facts) and implies(one, other))


@given(st.sampled_from([when for when, _ in IMPLIED] + SOMETIMES + NEVER), any_facts())
def test_what_is_said_never_to_hold_holds_on_no_facts(when: When, facts: Facts) -> None:
    assert not (never(when) and table(when)(facts))


@given(st.sampled_from(IMPLIED + NOT_IMPLIED), any_facts())
def test_what_is_said_to_be_implied_holds_too(pair: tuple[When, When], facts: Facts) -> None:
    one, other = pair
    assert not implies(one, other) or not table(one)(facts) or table(other)(facts)
