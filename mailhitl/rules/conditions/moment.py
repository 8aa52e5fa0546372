"""Conditions on the moment at which the rules are tried."""

from __future__ import annotations

from functools import partial
from typing import Any

from mailhitl.rules.conditions.match import all_of, flag, tests, texts
from mailhitl.rules.problem import Collector, suggestion, wrong
from mailhitl.rules.rule import Condition

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def time(value: Any) -> Condition:
    """When it is, in the agent's time zone: `office_hours` (yes or no, see `[review]`), `weekday` ("mon" to "sun").

    ```toml
    when = { time = { office_hours = false } }
    when = { time = { weekday = ["sat", "sun"] } }
    ```
    """
    if not isinstance(value, dict):
        raise wrong("must be a table, like { office_hours = true }")
    return all_of(tests(value, {"office_hours": _office_hours, "weekday": _weekday}))


def weekday_number(text: str) -> int:
    """Return 0 for Monday to 6 for Sunday, from a name or its first letters (at least two). Raises ValueError."""
    word = text.strip().casefold()
    days = [number for number, name in enumerate(_NAMES) if name.startswith(word) and len(word) > 1]
    if not days:
        raise wrong(f'is not a weekday: "{text}"; use "mon" to "sun".{suggestion(text, WEEKDAYS)}')
    return days[0]


def _office_hours(value: Any) -> Condition:
    return flag(value, lambda facts: facts.office_hours)


def _weekday(value: Any) -> Condition:
    collector = Collector()
    days = [collector.build(n, partial(weekday_number, day)) for n, day in enumerate(texts(value))]
    collector.finish()
    return lambda facts: facts.now.weekday() in days
