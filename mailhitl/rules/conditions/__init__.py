"""Every condition a rule may use. To add one: write a builder whose docstring explains it, name it here, test it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from mailhitl.rules.conditions import answer, message, moment, people, record
from mailhitl.rules.conditions.match import shown
from mailhitl.rules.problem import Collector, suggestion, wrong
from mailhitl.rules.rule import Builder, Condition, Facts


@dataclass(frozen=True, slots=True)
class Test:
    """One key of a ``when`` table: a condition that still knows how it was written."""

    name: str
    value: Any
    condition: Condition

    def __call__(self, facts: Facts) -> bool:
        return self.condition(facts)


@dataclass(frozen=True, slots=True)
class Table:
    """A whole ``when`` table: holds when all its tests do."""

    tests: tuple[Test, ...]

    def __call__(self, facts: Facts) -> bool:
        return all(test(facts) for test in self.tests)


def table(value: Any) -> Table:
    """Build the condition of one ``when`` table. Raises WrongCondition with every mistake in it."""
    if not isinstance(value, dict):
        raise wrong(f'must be a table of conditions, like {{ intent = "refund" }}, not {shown(value)}')
    collector = Collector()
    tests = [_test(collector, name, part) for name, part in value.items()]
    collector.finish()
    return Table(tuple(test for test in tests if test))


def _test(collector: Collector, name: str, value: Any) -> Test | None:
    if name not in CONDITIONS:
        hint = suggestion(name, CONDITIONS) or f" Conditions: {', '.join(CONDITIONS)}."
        collector.add(name, f"is not a condition.{hint}")
    elif condition := collector.build(name, partial(CONDITIONS[name], value)):
        return Test(name, value, condition)
    return None


def _tables(value: Any) -> tuple[Table, ...]:
    if not isinstance(value, list) or not value:
        raise wrong('must be a list of tables, like [ { intent = "refund" }, { amount = { over = 500 } } ]')
    collector = Collector()
    built = [collector.build(n, partial(_inner, part)) for n, part in enumerate(value)]
    collector.finish()
    return tuple(each for each in built if each)


def _inner(value: Any) -> Table:
    if value == {}:
        raise wrong("is empty, so it would always hold")
    return table(value)


def any_of(value: Any) -> Condition:
    """One of these tables holds.

    ```toml
    when = { any = [ { intent = "refund" }, { amount = { over = 500 } } ] }
    ```
    """
    tables = _tables(value)
    return lambda facts: any(each(facts) for each in tables)


def all_of(value: Any) -> Condition:
    """All of these tables hold. One table says the same; this is for the same condition twice.

    ```toml
    when = { all = [ { text = { contains = "cancel" } }, { text = { contains = "contract" } } ] }
    ```
    """
    tables = _tables(value)
    return lambda facts: all(each(facts) for each in tables)


def none_of(value: Any) -> Condition:
    """This table does not hold.

    ```toml
    when = { not = { sender = { known = true } } }
    ```
    """
    inner = _inner(value)
    return lambda facts: not inner(facts)


CONDITIONS: dict[str, Builder] = {
    "from": message.author,
    "to": message.to,
    "cc": message.cc,
    "subject": message.subject,
    "text": message.body,
    "header": message.header,
    "size": message.size,
    "attachment": message.attachment,
    "language": message.language,
    "sender": people.sender,
    "customer": people.customer,
    "recipients": people.recipients,
    "thread": people.thread,
    "rate": record.rate,
    "history": record.history,
    "intent": answer.intent,
    "confidence": answer.confidence,
    "drafter": answer.drafter,
    "draft": answer.draft,
    "findings": answer.findings,
    "amount": answer.amount,
    "time": moment.time,
    "any": any_of,
    "all": all_of,
    "not": none_of,
}
