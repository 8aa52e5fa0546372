"""A delivery: one attempt to hand an approved draft to the SMTP server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Phase(StrEnum):
    """How far the SMTP dialogue (RFC 5321 3.3) has come. Recorded *before* the phase begins.

    Until ``body`` starts, nothing can have been delivered, so trying again is safe. Once the body is under way and no
    final reply was read, nobody can know (RFC 1047).
    """

    CONNECT = "connect"
    GREET = "greet"  # EHLO, STARTTLS, AUTH
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the DATA command, up to its 354
    BODY = "body"  # the message and the final dot, up to the last reply
    DONE = "done"

    @property
    def safe(self) -> bool:
        """True while nothing can have been delivered."""
        return self not in (Phase.BODY, Phase.DONE)


class Status(StrEnum):
    """What became of one recipient."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"  # 4xx, or the connection broke before the body
    REFUSED = "refused"  # 5xx
    UNKNOWN = "unknown"  # the connection broke after the body began


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """What the server said for one recipient, word for word (capped at 500 characters, one line)."""

    address: str
    status: Status
    reply: str


@dataclass(frozen=True, slots=True)
class Handover:
    """What one attempt came to, per recipient, in the order asked for. ``phase`` is the last one begun."""

    results: tuple[RecipientResult, ...]
    phase: Phase

    @property
    def accepted(self) -> tuple[str, ...]:
        return self._of(Status.ACCEPTED)

    @property
    def deferred(self) -> tuple[str, ...]:
        return self._of(Status.DEFERRED)

    @property
    def refused(self) -> tuple[str, ...]:
        return self._of(Status.REFUSED)

    @property
    def unknown(self) -> tuple[str, ...]:
        return self._of(Status.UNKNOWN)

    @property
    def reply(self) -> str:
        """The servers' words in one line, each distinct reply once."""
        return "; ".join(dict.fromkeys(f"{r.address}: {r.reply}" for r in self.results))

    def _of(self, status: Status) -> tuple[str, ...]:
        return tuple(result.address for result in self.results if result.status is status)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt as the store remembers it. ``attempt`` counts from 1; ``ended_at`` is None while it is under way."""

    case_id: int
    revision: int
    attempt: int
    message_id: str
    phase: Phase
    started_at: datetime
    ended_at: datetime | None = None
    results: tuple[RecipientResult, ...] = ()

    def ended(self, handover: Handover, at: datetime) -> Delivery:
        return replace(self, phase=handover.phase, results=handover.results, ended_at=at)


#: RFC 5321 4.5.4.1: a wait of 30 minutes or more is the rule for a queue that retries strange hosts; sooner is allowed
#: to who has a reason, as here, where the server is our own and mostly away for a restart. Give up after 4-5 days.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
PATIENCE = timedelta(days=5)


def next_attempt(attempt: int, first_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again after ``attempt`` (from 1) failed for now, or None when patience is at an end.

    The wait doubles from one minute to four hours. The last attempt begins five days after ``first_at``, at most one
    wait later: never less than the RFC's four.
    """
    if now - first_at >= PATIENCE:
        return None
    wait = LONGEST_WAIT if attempt > 8 else min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1))
    return now + wait
