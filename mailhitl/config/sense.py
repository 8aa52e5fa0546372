"""Whether the rules of a file make sense: each on its own, and beside the others and the gates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from mailhitl.drafting.language import STOP_WORDS
from mailhitl.rules.conditions import table
from mailhitl.rules.gates import KINDS, YES
from mailhitl.rules.problem import Problem, WrongCondition, suggestion
from mailhitl.rules.sense import fields_of, implies, never

#: A rule as it was parsed, and its place in the file.
Numbered = tuple[int, dict[str, Any]]
Path = tuple[str | int, ...]

#: The languages that a mail can be found to be in; "" when it can't be told.
LANGUAGES = (*STOP_WORDS, "")

#: Nobody compares more rules than that by hand; the files of programs are loaded without it.
PAIRS = 4_000

#: What a gate keeps from being sent although a rule asks for it.
STOPPED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("unauthenticated", {"sender": {"authenticated": False}}),
    ("recipients", {"recipients": {"new": {"over": 0}}}),
    ("recipients", {"recipients": {"external": {"over": 0}}}),
    ("high-value", {"customer": {"high_value": sorted(YES)}}),
    *((kind, {"findings": kind}) for kind in KINDS),
)


def sound(rules: Iterator[Numbered]) -> list[Numbered]:
    """The rules whose conditions can be built: of the others is told elsewhere what is wrong."""
    return [(number, rule) for number, rule in rules if _builds(rule.get("when"))]


def _builds(when: Any) -> bool:
    try:
        table(when)
    except WrongCondition:
        return False
    return True


def contradictions(rules: Sequence[Numbered]) -> Iterator[Problem]:
    """A rule that can never hit protects nobody, and whoever wrote it believes that it does."""
    for number, rule in rules:
        if says := never(rule["when"]):
            yield Problem(("rule", number, "when"), f"this rule can never hit: {says}.")


def languages(rules: Sequence[Numbered]) -> Iterator[Problem]:
    """A language that no mail is ever found to be in."""
    for number, rule in rules:
        for path, code in words_of("language", rule["when"], ("rule", number, "when")):
            if code.casefold() not in LANGUAGES:
                known = ", ".join(STOP_WORDS)
                yield Problem(path, f'no mail is found to be in "{code}"; the languages that can be told are {known}.')


def named_rules(rules: Sequence[Numbered]) -> Iterator[Problem]:
    """The record of a rule that isn't there: nobody will ever decide about its drafts."""
    known = [str(rule.get("name")) for _, rule in rules]
    for number, rule in rules:
        for inner, below in tables_in(rule["when"], ("rule", number, "when")):
            name = inner.get("history", {}).get("rule", {}).get("name")
            if name is not None and name not in known:
                hint = suggestion(name, known)
                yield Problem((*below, "history", "rule", "name"), f'there is no rule "{name}".{hint}')


def idle_parts(rules: Sequence[Numbered]) -> Iterator[Problem]:
    """A part of ``any`` that can never hold."""
    for number, rule in rules:
        for place, part in enumerate(rule["when"].get("any", ())):
            if (says := never(part)) and not never(rule["when"]):
                yield Problem(("rule", number, "when", "any", place), f"this part never holds: {says}.")


def shadowed(rules: Sequence[Numbered]) -> Iterator[Problem]:
    """A rule that sends, and never will: another one hits wherever it does, and is stricter."""
    for (number, rule), other in islice(_beside(rules), PAIRS):
        if implies(rule["when"], other["when"]) and not never(rule["when"]):
            what = f'never sends: wherever it hits, "{other.get("name")}" hits too and says {other["then"]}.'
            yield Problem(("rule", number, "then"), what)


def _beside(rules: Sequence[Numbered]) -> Iterator[tuple[Numbered, dict[str, Any]]]:
    """Yield each rule that sends with each stricter one that asks for nothing that it doesn't ask for too."""
    stricter = [(rule, fields_of(rule["when"])) for _, rule in rules if rule.get("then") in ("review", "block", "skip")]
    for number, rule in rules:
        about = fields_of(rule["when"]) if rule.get("then") == "send" else None
        if about is not None:
            yield from (((number, rule), other) for other, fields in stricter if fields <= about)


def stopped(rules: Sequence[Numbered], off: Collection[str]) -> Iterator[Problem]:
    """A rule that sends only what a gate stops."""
    for number, rule in rules:
        if rule.get("then") != "send" or never(rule["when"]):
            continue
        gates = (name for name, when in STOPPED if name not in off and implies(rule["when"], when))
        if gate := next(gates, None):
            yield Problem(("rule", number, "then"), f'never sends: the gate "{gate}" stops whatever it hits.')


def twins(rules: Sequence[Numbered]) -> Iterator[Problem]:
    """A rule that says again what another one says."""
    for place, (number, rule) in enumerate(rules):
        same = ("when", "then", "reviewers", "approvals", "named")
        words = [rule.get(key) for key in same]
        for _, other in rules[:place]:
            if [other.get(key) for key in same] == words:
                yield Problem(("rule", number, "when"), f'says the same as "{other.get("name")}".')
                break


def columns_asked(whens: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The columns of the customer directory that these conditions look at, in small letters."""
    return frozenset(column.casefold() for when in whens for _, column in _columns(when, ()))


def columns(rules: Sequence[Numbered], known: Collection[str]) -> Iterator[Problem]:
    """A column that the customer directory doesn't have: it is empty for everybody."""
    for number, rule in rules:
        for path, column in _columns(rule["when"], ("rule", number, "when")):
            if column.casefold() not in known:
                hint = suggestion(column, known) or f" Columns: {', '.join(known)}."
                yield Problem(path, f'the customer directory has no column "{column}".{hint}')


def _columns(when: dict[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    for inner, below in tables_in(when, path):
        yield from (((*below, "customer", column), column) for column in inner.get("customer", ()))


def asks(name: str, when: dict[str, Any]) -> bool:
    """Whether this condition stands anywhere in a ``when`` table."""
    return any(name in inner for inner, _ in tables_in(when, ()))


def words_of(name: str, when: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield where this condition names an exact word, and which."""
    for inner, below in tables_in(when, path):
        if name in inner:
            value = inner[name]
            exact = value.get("is") if isinstance(value, dict) else value
            place = (*below, name, "is") if isinstance(value, dict) else (*below, name)
            if isinstance(exact, list):
                yield from (((*place, at), word) for at, word in enumerate(exact) if isinstance(word, str))
            elif isinstance(exact, str):
                yield place, exact


def tables_in(when: Any, path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield a ``when`` table and every table below its any, all and not."""
    if not isinstance(when, dict):
        return
    yield when, path
    yield from tables_in(when.get("not"), (*path, "not"))
    for name in ("any", "all"):
        inner = when.get(name)
        for number, each in enumerate(inner if isinstance(inner, list) else ()):
            yield from tables_in(each, (*path, name, number))
