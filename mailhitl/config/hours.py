"""Office hours: when people are there to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

from mailhitl.rules.conditions.moment import weekday_number


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
