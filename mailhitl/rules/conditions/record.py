"""Conditions on what happened before: how people decided on earlier drafts, how much was mailed to this sender."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mailhitl.rules.conditions.match import all_of, number_test, plain_number, share, shown, tests
from mailhitl.rules.problem import wrong
from mailhitl.rules.rule import Condition, Facts, RecordFacts

#: How far back automatic mails are remembered for ``rate``.
LONGEST = timedelta(days=31)
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def rate(value: Any) -> Condition:
    """How many automatic mails this correspondent got lately (number): in the last 24 hours, or in the time that
    `within` names, like "1h" or "7d" (at most 31 days).

    ```toml
    when = { rate = { at_least = 2 } }
    when = { rate = { at_least = 5, within = "7d" } }
    ```
    """
    bounds, length = rate_window(value)
    test = number_test(bounds, plain_number)
    return lambda facts: test(sum(facts.now - at < length for at in facts.mailed))


def rate_window(value: Any) -> tuple[Any, timedelta]:
    """Take ``within`` out of a ``rate``: what is left is about the number."""
    within = value.get("within", "24h") if isinstance(value, dict) else "24h"
    text = within.strip() if isinstance(within, str) else ""
    if not text[:-1].isdecimal() or text[-1] not in _UNITS:
        raise wrong(f'within must be a length of time like "1h" or "7d", not {shown(within)}')
    length = timedelta(seconds=min(int(text[:-1][:9]), 10**7) * _UNITS[text[-1]])
    if not timedelta(0) < length <= LONGEST:
        raise wrong(f"within must be longer than nothing and at most {LONGEST.days} days, not {shown(within)}")
    if not isinstance(value, dict):
        return value, length
    return {key: part for key, part in value.items() if key != "within"}, length


def history(value: Any) -> Condition:
    """How people decided on earlier drafts: of the same `intent` or of a `rule` by its `name` (in the last 90 days), or
    to the same `sender` (their last 50 mails). Each is a table of `decided` (number: about how many drafts people have
    decided), `unedited` (share, 0 to 1: approved as they stood; 0 while nobody has decided), `edited` and `rejected`
    (numbers).

    ```toml
    when = { history = { sender = { rejected = { over = 0 } } } }
    when = { history = { intent = { decided = { at_least = 20 }, unedited = { at_least = 0.95 } } } }
    when = { history = { rule = { name = "Opening hours answer themselves", edited = { at_least = 3 } } } }
    ```
    """
    if not isinstance(value, dict):
        raise wrong("must be a table, like { sender = { rejected = { over = 0 } } }")
    return all_of(tests(value, {"intent": _of_intent, "sender": _of_sender, "rule": _of_rule}))


def _of_intent(value: Any) -> Condition:
    return _record(value, lambda facts: facts.history.intent)


def _of_sender(value: Any) -> Condition:
    return _record(value, lambda facts: facts.history.sender)


def _of_rule(value: Any) -> Condition:
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str):
        raise wrong('must be a table with the name of a rule, like { name = "Refunds", rejected = { over = 0 } }')
    rest = {key: part for key, part in value.items() if key != "name"}
    return _record(rest, lambda facts: facts.history.rules.get(name, NOTHING))


NOTHING = RecordFacts()


def _record(value: Any, read: Callable[[Facts], RecordFacts]) -> Condition:
    if not isinstance(value, dict):
        raise wrong(f"must be a table, like {{ rejected = {{ over = 0 }} }}, not {shown(value)}")
    test = all_of(tests(value, _RECORD))
    return lambda facts: test(read(facts))


_RECORD: dict[str, Callable[[Any], Callable[[RecordFacts], bool]]] = {
    "decided": lambda value: _seen(number_test(value, plain_number), lambda record: record.decided),
    "unedited": lambda value: _seen(number_test(value, share), lambda record: record.share),
    "edited": lambda value: _seen(number_test(value, plain_number), lambda record: record.edited),
    "rejected": lambda value: _seen(number_test(value, plain_number), lambda record: record.rejected),
}


def _seen(test: Callable[[Any], bool], read: Callable[[RecordFacts], float]) -> Callable[[RecordFacts], bool]:
    return lambda record: test(read(record))
