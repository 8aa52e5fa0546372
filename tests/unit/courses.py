"""Logs of cases, as the figures get them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mailhitl.case import Event
from mailhitl.config.hours import office_hours
from mailhitl.decision import Channel
from mailhitl.insight.course import Course, courses
from mailhitl.insight.figures import Clock
from mailhitl.insight.week import Week
from mailhitl.ports.figures import About, Step

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = office_hours("Mon-Fri 09:00-17:00")
#: A Monday, ten o'clock in Berlin.
MONDAY = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)
WEEK = Week(2026, 46)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ANNA = "anna@example.com"


def office(since: datetime, until: datetime) -> float:
    return HOURS.between(since.astimezone(BERLIN), until.astimezone(BERLIN)).total_seconds()


CLOCK = Clock(BERLIN, office)


def about(number: int = 1, **changes: object) -> About:
    values: dict[str, object] = {
        "case_id": number,
        "mailbox": "support",
        "group": "support",
        "subject": "canary of the customer",
        "held_at": None,
        "asked_at": None,
        "rules": ("Refunds",),
        "intent": "refund",
        "template": "refund-received",
        "drafter": "drafter:template",
    }
    return About(**{**values, **changes})  # type: ignore[arg-type]


def row(event: Event, at: datetime = MONDAY, **changes: object) -> Step:
    values: dict[str, object] = {
        "case_id": 1,
        "event": str(event),
        "at": at,
        "channel": str(Channel.REPLY),
        "code": "",
        "by": ANNA,
        "why": "",
        "author": "drafter:template",
        "distance": None,
    }
    return Step(**{**values, **changes})  # type: ignore[arg-type]


def rule(event: Event, code: str, at: datetime = MONDAY) -> Step:
    return row(event, at, channel=str(Channel.RULE), code=code, by="rule:Refunds")


def held(at: datetime = MONDAY) -> Step:
    return rule(Event.HOLD, "review", at)


def course(*log: Step, case: About | None = None, outcomes: Sequence[str] = ()) -> Course:
    case = case or about()
    [found] = courses([(case, log)], {case.case_id: frozenset(outcomes)})
    return found
