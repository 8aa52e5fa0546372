"""A week as ISO 8601 counts them, and spans of time in the agent's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

A_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` on, before ``until``; both in UTC."""

    since: datetime
    until: datetime

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """Monday to Sunday; written ``2026-W46``. Sorts as time does."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Week:
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    def back(self, weeks: int = 1) -> Week:
        return Week.of(self.monday - weeks * A_WEEK)

    def span(self, zone: tzinfo) -> Span:
        """From Monday's midnight to the next one, on the clocks of this zone: 167 or 169 hours when they change."""
        ends = (datetime.combine(day, time.min, zone) for day in (self.monday, self.monday + A_WEEK))
        since, until = (end.astimezone(UTC) for end in ends)
        return Span(since, until)

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"


def week(text: str) -> Week:
    """Read ``2026-W46``. Raises ValueError."""
    found = re.fullmatch(r"(\d{4})-W(\d{2})", text.strip().upper())
    if found is None:
        raise ValueError(f'must be a week like "2026-W46", not "{text}"')
    try:
        return Week.of(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError:
        raise ValueError(f"{found[1]} has no week {found[2]}") from None


def last_due(now: datetime, weekday: int, at: time) -> tuple[Week, datetime]:
    """Return the week whose report was due last, and when the next one is, in UTC.

    A report is due every week on this day and at this time, on the agent's clock (``now``), and speaks of the last
    whole week before. What the clocks do at night changes neither how often nor which.
    """
    day = now.date() - timedelta(days=(now.weekday() - weekday) % 7)
    if datetime.combine(day, at, now.tzinfo).astimezone(UTC) > now.astimezone(UTC):
        day -= A_WEEK
    return Week.of(day).back(), datetime.combine(day + A_WEEK, at, now.tzinfo).astimezone(UTC)
