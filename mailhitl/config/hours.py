"""Office hours: when people are there to answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from mailhitl.rules.conditions.moment import weekday_number

#: How many days ahead office time is counted: nobody waits longer than ten years.
HORIZON = 3660


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Weekdays (0 is Monday) and a span of the day, ``start`` included, ``end`` not; 00:00 as the end is midnight."""

    days: frozenset[int]
    start: time
    end: time

    def covers(self, now: datetime) -> bool:
        """Tell whether people are there. ``now`` is in the agent's time zone."""
        at = now.time()
        return now.weekday() in self.days and self.start <= at and (at < self.end or self.end == time.min)

    def after(self, since: datetime, wait: timedelta) -> datetime:
        """Return when ``wait`` of office time will have passed since then; always a moment at which people are there.

        ``since`` is in the agent's time zone, and so is the result. What passes is counted, not what the clock on the
        wall shows: a day on which the clocks change is an hour shorter or longer where the office is open all night.
        """
        begun, left, closes = since.astimezone(UTC), wait, since
        for opens, closes in self._spans(since):
            start = max(opens, begun)
            if start + left < closes:
                return (start + left).astimezone(since.tzinfo)
            left -= max(closes - start, timedelta(0))
        return closes.astimezone(since.tzinfo)

    def between(self, since: datetime, until: datetime) -> timedelta:
        """Return how much office time lies between two moments; both are in the agent's time zone."""
        begun, ended, passed = since.astimezone(UTC), until.astimezone(UTC), timedelta(0)
        for opens, closes in self._spans(since):
            if opens >= ended:
                break
            passed += max(min(closes, ended) - max(opens, begun), timedelta(0))
        return passed

    def _spans(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when the office opens and closes, from that day on, in UTC."""
        for step in range(HORIZON):
            day = since.date() + timedelta(days=step)
            if day.weekday() in self.days:
                last = day + timedelta(days=1) if self.end == time.min else day
                opens = datetime.combine(day, self.start, since.tzinfo)
                yield opens.astimezone(UTC), datetime.combine(last, self.end, since.tzinfo).astimezone(UTC)


def office_hours(text: str) -> OfficeHours:
    """Read ``Mon-Fri 09:00-17:00``, ``Mon-Thu,Sat 08:30-16:00``, ``Mon-Sun 00:00-24:00``. Raises ValueError."""
    match = re.fullmatch(r"\s*([A-Za-z, -]+?)\s+(\d{1,2}:\d\d) ?[-–] ?(\d{1,2}:\d\d)\s*", text)
    if not match:
        raise ValueError(f'must be days and a span, like "Mon-Fri 09:00-17:00", not "{text}"')
    start, end = clock(match[2]), time.min if match[3] == "24:00" else clock(match[3])
    if end != time.min and end <= start:
        raise ValueError(f'ends before it begins: "{text}"')
    return OfficeHours(frozenset(day for part in match[1].split(",") for day in _days(part)), start, end)


def clock(text: str) -> time:
    """Read ``HH:MM`` (00:00 to 23:59). Raises ValueError."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)", text.strip())
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f'must be a time of day like "08:30", not "{text}"')
    return time(int(match[1]), int(match[2]))


def _days(part: str) -> list[int]:
    first, _, last = part.partition("-")
    begin = weekday_number(first)
    end = weekday_number(last) if last else begin
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
