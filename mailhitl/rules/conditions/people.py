"""Conditions on the people: the sender, the customer's record, the recipients, the conversation so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from mailhitl.rules.conditions.match import (
    NUMBER_WORDS,
    Number,
    all_of,
    flag,
    number,
    number_test,
    plain_number,
    tests,
    text,
    text_test,
)
from mailhitl.rules.problem import Collector, wrong
from mailhitl.rules.rule import Condition, Facts


def sender(value: Any) -> Condition:
    """Who writes: `domain` (text; exactly this one, `{ matches = "*.example.com" }` for those below it), and yes or no:
    `known` (was answered before), `first_contact` (never wrote before), `reviewer` (is one of ours), `authenticated` (a
    trusted Authentication-Results vouches for the domain in From).

    ```toml
    when = { sender = { domain = "lawfirm.example" } }
    when = { sender = { first_contact = true } }
    ```
    """
    return _table(value, _SENDER, '{ domain = "example.com" }')


_SENDER: dict[str, Callable[[Any], Condition]] = {
    "domain": lambda value: text(value, lambda facts: (address.domain for address in facts.message.senders)),
    "known": lambda value: flag(value, lambda facts: facts.sender.known),
    "first_contact": lambda value: flag(value, lambda facts: facts.sender.first_contact),
    "reviewer": lambda value: flag(value, lambda facts: facts.sender.reviewer),
    "authenticated": lambda value: flag(value, lambda facts: facts.sender.authenticated),
}


def recipients(value: Any) -> Condition:
    """Whom the draft goes to: `count`, `new` (not in the customer's mail), `external` (of another domain than ours and
    the sender's), all numbers; `changed_by_edit` (yes or no: a reviewer changed them).

    ```toml
    when = { recipients = { new = { over = 0 } } }
    when = { recipients = { changed_by_edit = true } }
    ```
    """
    return _table(value, _RECIPIENTS, "{ new = { over = 0 } }")


_RECIPIENTS: dict[str, Callable[[Any], Condition]] = {
    "count": lambda value: number(value, lambda facts: (facts.recipients.count,)),
    "new": lambda value: number(value, lambda facts: (facts.recipients.new,)),
    "external": lambda value: number(value, lambda facts: (facts.recipients.external,)),
    "changed_by_edit": lambda value: flag(value, lambda facts: facts.recipients.changed_by_edit),
}


def thread(value: Any) -> Condition:
    """The conversation: `length` (number: mails of the customer so far, this one included), and yes or no: `reopened`
    (an answered conversation was taken up again), `unanswered` (an earlier mail of it still waits for its answer).

    ```toml
    when = { thread = { length = { over = 3 } } }
    when = { thread = { reopened = true } }
    ```
    """
    return _table(value, _THREAD, "{ reopened = true }")


_THREAD: dict[str, Callable[[Any], Condition]] = {
    "length": lambda value: number(value, lambda facts: (facts.thread.length,)),
    "reopened": lambda value: flag(value, lambda facts: facts.thread.reopened),
    "unanswered": lambda value: flag(value, lambda facts: facts.thread.unanswered),
}


def customer(value: Any) -> Condition:
    """The customer's record in the directory (`[customers]`): any column, as text or as number. Nobody's record has
    empty columns; a column that holds no number fits no number.

    ```toml
    when = { customer = { tier = "gold" } }
    when = { customer = { open_amount = { over = 1000 } } }
    ```
    """
    if not isinstance(value, dict) or not value:
        raise wrong('must be a table of columns, like { tier = "gold" }')
    collector = Collector()
    parts = [collector.build(column, partial(_column, column, part)) for column, part in value.items()]
    collector.finish()
    return all_of([part for part in parts if part])


def _column(name: str, value: Any) -> Condition:
    if asks_for_number(value):
        test = number_test(value, lambda bound: Decimal(str(plain_number(bound))))
        return lambda facts: any(test(seen) for seen in _numbers(_cell(facts, name)))
    words = text_test(value)
    return lambda facts: words(_cell(facts, name))


def asks_for_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key in NUMBER_WORDS and (key != "is" or asks_for_number(part)) for key, part in value.items())
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(facts: Facts, name: str) -> str:
    return next((cell for column, cell in facts.customer.items() if column.casefold() == name.casefold()), "")


def _numbers(cell: str) -> Iterable[Number]:
    try:
        value = Decimal(cell.strip())
    except InvalidOperation:
        return ()
    return (value,) if value.is_finite() else ()


def _table(value: Any, keys: dict[str, Callable[[Any], Condition]], example: str) -> Condition:
    if not isinstance(value, dict):
        raise wrong(f"must be a table, like {example}")
    return all_of(tests(value, keys))
