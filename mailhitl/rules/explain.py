"""Why each rule and each gate hits or misses one mail, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mailhitl.rules.conditions import Table, Test, table
from mailhitl.rules.conditions.match import spelled
from mailhitl.rules.gates import CHECKS, FINDINGS, IN_MAIL, KINDS, Gates
from mailhitl.rules.rule import Facts, Rule

#: So much of a value is shown.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one rule or gate makes of a mail. ``because`` names the conditions that hold, or those that don't.

    ``kind``: ``rule``, ``gate`` or ``other`` (what the agent itself had to say). ``says`` is what it wants, or would.
    """

    rule: str
    hit: bool
    because: str
    kind: str = "rule"
    says: str = ""


def explain(rules: Sequence[Rule], facts: Facts) -> list[Explanation]:
    """Return one explanation per rule, in the order of the rules."""
    return [_explain(rule, facts) for rule in rules]


def explain_gates(gates: Gates, facts: Facts) -> list[Explanation]:
    """Return one explanation per gate, those that are shut first: what each makes of an answer that leaves without a
    person."""
    shut: dict[str, str] = {}
    for reason in gates.reasons(facts):
        shut[reason.rule] = f"{shut[reason.rule]} {reason.text}" if reason.rule in shut else reason.text
    names = dict.fromkeys((*(f"gate:{name}" for name in (*KINDS, *CHECKS)), *shut))
    told = [Explanation(name, name in shut, shut.get(name) or _open(name, gates), "gate", "review") for name in names]
    return sorted(told, key=lambda each: not each.hit)


def _open(gate: str, gates: Gates) -> str:
    name = gate.removeprefix("gate:")
    if name in gates.off:
        return "it is switched off"
    if name in CHECKS:
        # The first clause is what the gate is about; the rest, how it is told.
        meaning = re.split(r"[.:,]\s", " ".join((CHECKS[name].__doc__ or "").split()))[0].rstrip(".")
        return f"not so: {meaning}"
    return f"not so: {FINDINGS.get(name) or IN_MAIL[name]}"


def _explain(rule: Rule, facts: Facts) -> Explanation:
    says = str(rule.then) if rule.in_force in (rule.then, None) else f"{rule.then} ({rule.level})"
    try:
        hit = rule.hits(facts)
        return Explanation(rule.name, hit, _because(rule, facts, hit=hit), says=says)
    except Exception as error:  # noqa: BLE001 - the same net as in the engine, told in the same words
        because = f"it could not be tried ({type(error).__name__}), so a person looks"
        return Explanation(rule.name, True, because, says=says)


def _because(rule: Rule, facts: Facts, *, hit: bool) -> str:
    if not isinstance(rule.condition, Table):
        return ""
    tests = [test for test in rule.condition.tests if test(facts) is hit]
    if not tests:
        return "it has no conditions"
    if hit:
        return " and ".join(_held(test, facts) for test in tests)
    return f"not {', not '.join(_missed(test, facts) for test in tests)}"


def _held(test: Test, facts: Facts) -> str:
    """Of several choices only those that hold say why."""
    if test.name != "any":
        return _words(test)
    held = [part for part in test.value if table(part)(facts)]
    return f"any = {spelled(held)}"


def _missed(test: Test, facts: Facts) -> str:
    look = SEEN.get(test.name)
    if look is None:
        return _words(test)
    seen = ", ".join(_shown(value) for value in look(facts)) or "nothing"
    return f"{_words(test)} (it is {seen})"


def _words(test: Test) -> str:
    return f"{test.name} = {spelled(test.value)}"


def _shown(value: Any) -> str:
    text = spelled(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


#: What a mail has of the fields that are short enough to be told.
SEEN: dict[str, Callable[[Facts], Iterable[Any]]] = {
    "from": lambda facts: (address.spec for address in facts.message.senders),
    "to": lambda facts: (address.spec for address in facts.message.to),
    "subject": lambda facts: (facts.message.subject,),
    "size": lambda facts: (facts.message.size,),
    "language": lambda facts: (facts.language,),
    "intent": lambda facts: (facts.triage.intent,),
    "confidence": lambda facts: (round(facts.triage.confidence, 3),),
    "drafter": lambda facts: (facts.draft.author,) if facts.draft else (),
    "findings": lambda facts: dict.fromkeys(finding.kind for finding in facts.findings),
}
