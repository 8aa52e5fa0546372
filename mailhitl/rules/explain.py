"""Why each rule hits or misses one mail, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailhitl.rules.conditions import Table, Test
from mailhitl.rules.conditions.match import spelled
from mailhitl.rules.rule import Facts, Rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one rule makes of a mail. ``because`` names the conditions that hold, or those that don't."""

    rule: str
    hit: bool
    because: str


def explain(rules: Sequence[Rule], facts: Facts) -> list[Explanation]:
    """Return one explanation per rule, in the order of the rules."""
    return [_explain(rule, facts) for rule in rules]


def _explain(rule: Rule, facts: Facts) -> Explanation:
    try:
        return _explained(rule, facts)
    except Exception as error:  # noqa: BLE001 - the same net as in the engine, told in the same words
        return Explanation(rule.name, True, f"it could not be tried ({type(error).__name__}), so a person looks")


def _explained(rule: Rule, facts: Facts) -> Explanation:
    hit = rule.hits(facts)
    if not isinstance(rule.condition, Table):
        return Explanation(rule.name, hit, "")
    tests = [_words(test) for test in rule.condition.tests if test(facts) is hit]
    if not tests:
        return Explanation(rule.name, hit, "it has no conditions")
    return Explanation(rule.name, hit, f"{' and '.join(tests)}" if hit else f"not {', not '.join(tests)}")


def _words(test: Test) -> str:
    return f"{test.name} = {spelled(test.value)}"
