"""The kinds of values in the file: how each is written and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    Strict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from mailhitl.config.hours import OfficeHours, clock, office_hours
from mailhitl.rules.conditions.match import shown
from mailhitl.rules.conditions.message import size_in_bytes
from mailhitl.rules.conditions.moment import WEEKDAYS, weekday_number
from mailhitl.rules.problem import suggestion

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_DAYS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDR_SPEC = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Start:
    """From when on a mailbox is answered: a while back from the first start, or a day. ``unanswered``: of the older
    mails only those that nobody has answered."""

    back: timedelta = timedelta(0)
    day: date | None = None
    unanswered: bool = False

    def since(self, now: datetime) -> datetime:
        """Return the moment from which on mails are answered. ``now`` is in the agent's time zone."""
        if self.day is None:
            return now - self.back
        return datetime.combine(self.day, time.min, now.tzinfo)


def duration(text: str) -> timedelta:
    """Read ``60s``, ``5m``, ``2h``, ``5d``, ``3w``, ``2y`` (a year has 365 days). Raises ValueError."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?) ?([smhdwy])", text.strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else -1
    if not 0 <= seconds <= 100 * _UNITS["y"]:
        raise ValueError(f'must be a length of time like "60s", "5m", "2h", "5d" or "2y", not {shown(text)}')
    return timedelta(seconds=seconds)


def start(value: Any) -> Start:
    """Read ``now``, an ISO date, ``2 days`` or ``unanswered 2 days``. Raises ValueError."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return Start(day=value)
    text = value.strip().lower() if isinstance(value, str) else ""
    if match := re.fullmatch(r"(unanswered )?(\d{1,4}) (hour|day|week)s?", text):
        return Start(int(match[2]) * _DAYS[match[3]], unanswered=bool(match[1]))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return Start(day=date.fromisoformat(text))
    if text != "now":
        raise ValueError(
            f'must be "now", a date like "2026-11-01", "2 days" or "unanswered 2 days", not {shown(value)}'
        )
    return Start()


def days(value: Any) -> tuple[date, date]:
    """Read ``2026-12-20 to 2027-01-03`` (both days included) or one day. Raises ValueError."""
    text = str(value) if type(value) is date else value.strip() if isinstance(value, str) else ""
    begin, to, end = text.partition(" to ")
    try:
        first, last = date.fromisoformat(begin), date.fromisoformat(end if to else begin)
    except ValueError:
        raise ValueError(f'must be days like "2026-12-20 to 2027-01-03", not {shown(value)}') from None
    if last < first:
        raise ValueError(f"ends before it begins: {shown(value)}")
    return first, last


def addr_spec(text: str) -> str:
    """Check a bare, strict ASCII address (RFC 5322 3.4.1, without quoted local parts). Raises ValueError."""
    if len(text) > 254 or not _ADDR_SPEC.fullmatch(text):
        raise ValueError(f'must be a bare address like "anna@example.com", not {shown(text)}')
    return text


def zone(text: str) -> ZoneInfo:
    """Find a time zone by its name. Raises ValueError."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = suggestion(text, available_timezones())
        raise ValueError(f'must be a time zone like "Europe/Berlin", not {shown(text)}.{hint}') from None


def anchored(path: Path, info: ValidationInfo) -> Path:
    """Read a path as seen from the folder of the file it stands in."""
    base: Path = (info.context or {}).get("base", Path())
    return base / path.expanduser()


def database_url(text: str, info: ValidationInfo) -> str:
    """Read the address of a database; a password may stand in it only where the file allows plain ones."""
    if not re.match(r"sqlite:///.|postgresql://.", text):
        raise ValueError('must begin with "sqlite:///" or "postgresql://"')
    if urlsplit(text).password and not (info.context or {}).get("plain", True):
        raise ValueError("holds a password in plain text: leave it out and set password beside it")
    return text


def _text(read: Callable[[str], Any]) -> PlainValidator:
    # What is no text is given as it would be shown: no reader takes it, and its complaint says what would be right.
    return PlainValidator(lambda value: read(value if isinstance(value, str) else shown(value)))


def _schema(pattern: str = "", **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **({"pattern": pattern} if pattern else {}), **more})


Duration = Annotated[timedelta, _text(duration), _schema(r"^\d+(\.\d+)? ?[smhdwy]$", format="length of time")]
Clock = Annotated[time, _text(clock), _schema(r"^\d{1,2}:\d\d$", format="time of day")]
Hours = Annotated[OfficeHours, _text(office_hours), _schema(format="days and hours")]
Weekday = Annotated[int, _text(weekday_number), _schema(enum=list(WEEKDAYS))]
Zone = Annotated[ZoneInfo, _text(zone), _schema(format="time zone")]
AddrSpec = Annotated[str, _text(addr_spec), _schema(format="address")]
Days = Annotated[tuple[date, date], PlainValidator(days), _schema(format="days")]
StartAt = Annotated[Start, PlainValidator(start), _schema(format="start")]
Size = Annotated[int, PlainValidator(size_in_bytes), WithJsonSchema({"type": ["string", "integer"], "format": "size"})]
AnchoredPath = Annotated[Path, AfterValidator(anchored), _schema(format="path")]
DatabaseUrl = Annotated[str, AfterValidator(database_url)]
Word = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Switch = Annotated[bool, Strict()]
Count = Annotated[int, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
