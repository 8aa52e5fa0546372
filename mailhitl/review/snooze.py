"""How long a reviewer wants to be left alone about a case: ``2h``, ``until tomorrow``, ``2026-12-01``. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LENGTH = re.compile(r"(\d{1,4}) ?(?:(m)(?:in(?:ute)?s?)?|(h)(?:ours?|rs?)?|(d)(?:ays?)?|(w)(?:eeks?)?)")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
#: Days of other centuries are slips of the pen, and some have no moment in UTC.
_FARTHEST = timedelta(days=3650)
#: "until" and "tomorrow" in the languages of the command words.
_UNTIL = re.compile(r"(?:until|till|for|bis|für|jusqu'à|pour|hasta|fino a|até|tot)\s+")
_TOMORROW = frozenset({"tomorrow", "morgen", "demain", "mañana", "domani", "amanhã", "jutro", "imorgon", "завтра"})


def snoozed_until(
    said: str, at: datetime, zone: tzinfo, office: Callable[[datetime, timedelta], datetime]
) -> datetime | None:
    """Return until when, said at that moment, in UTC; None when it cannot be read.

    A length is counted as a person counts it, nights included; a day begins when the office opens.
    """
    words = " ".join(said.casefold().replace("’", "'").split()).strip(" .!")
    words = _UNTIL.sub("", words, count=1)
    if length := _LENGTH.fullmatch(words):
        unit = next(filter(None, length.groups()[1:]))
        return at.astimezone(UTC) + int(length[1]) * _UNITS[unit]
    day = _day(words, at.astimezone(zone).date())
    if day is None or abs(day - at.astimezone(zone).date()) > _FARTHEST:
        return None
    return office(datetime.combine(day, time.min, zone), timedelta(0))


def _day(words: str, today: date) -> date | None:
    if words in _TOMORROW:
        return today + timedelta(days=1)
    if found := _DAY.fullmatch(words):
        try:
            return date(*map(int, found.groups()))
        except ValueError:
            return None
    return None
