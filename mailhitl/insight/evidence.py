"""Evidence: what became of the answers that one rule would have sent, and whether it has earned more freedom.

Only decisions of people count. An answer that a person edited, rejected, passed on or wrote by hand instead was not
right as it stood; one that nobody looked at says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailhitl.case import Event, State
from mailhitl.decision import Channel, Decision
from mailhitl.insight.interval import wilson


class Fate(StrEnum):
    """What became of one answer that the rule would have sent."""

    APPROVED = "approved"  # as it stood
    EDITED = "edited"
    REJECTED = "rejected"
    ESCALATED = "escalated"  # a person passed it on
    BY_HAND = "by hand"  # a person answered instead
    RIGHT = "right"  # sent, looked at afterwards
    WRONG = "wrong"
    SENT = "sent"  # sent, and nobody has looked
    EXPIRED = "expired"
    OPEN = "open"
    MOOT = "moot"  # the customer wrote again, or it was set aside


GOOD = frozenset({Fate.APPROVED, Fate.RIGHT})
BAD = frozenset({Fate.EDITED, Fate.REJECTED, Fate.ESCALATED, Fate.BY_HAND, Fate.WRONG})
#: What a person threw out, not only changed.
REFUSED = frozenset({Fate.REJECTED, Fate.WRONG})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``share`` is what the Wilson lower bound must reach over the last ``over`` decisions; among the last ``clean``
    nothing may be refused."""

    share: float = 0.95
    over: int = 200
    clean: int = 50


@dataclass(frozen=True, slots=True)
class Record:
    """The fates of the answers that one rule would have sent, newest last."""

    rule: str
    fates: tuple[Fate, ...]

    def __getitem__(self, fate: Fate) -> int:
        return Counter(self.fates)[fate]

    @property
    def decided(self) -> tuple[Fate, ...]:
        """Those about which a person has spoken."""
        return tuple(fate for fate in self.fates if fate in GOOD or fate in BAD)

    def last(self, count: int) -> Record:
        """The record of the last decisions alone."""
        return Record(self.rule, self.decided[-count:])

    @property
    def good(self) -> int:
        return sum(fate in GOOD for fate in self.fates)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule has earned the next rung: ``good`` of its last ``decided`` answers were right as they stood, which makes
    ``lower`` the share that can be counted on."""

    rule: str
    good: int
    decided: int
    lower: float


def proposal(record: Record, thresholds: Thresholds) -> Proposal | None:
    """Return what speaks for the next rung, None while it is not enough."""
    counted = record.last(thresholds.over)
    lower, _ = wilson(counted.good, len(counted.decided))
    refused = any(fate in REFUSED for fate in counted.decided[-thresholds.clean :])
    if lower < thresholds.share or refused:
        return None
    return Proposal(record.rule, counted.good, len(counted.decided), lower)


def fate(log: Sequence[Decision], looked: str = "") -> Fate:
    """Read from its log what became of an answer. ``looked``: what a sample's reviewer said, ``right`` or ``wrong``.

    The words that count are those of the first row that has any: what the rules judged.
    """
    if looked:
        return Fate(looked)
    drafted = next((row.draft_digest for row in log if row.draft_digest), None)
    for row in reversed(log):
        found = _decisive(row, drafted)
        if found in GOOD and any(_passed_on(earlier) for earlier in log):
            return Fate.ESCALATED
        if found is not None:
            return found
    return Fate.OPEN


def _passed_on(row: Decision) -> bool:
    return row.event is Event.ESCALATE and row.channel is not Channel.DAEMON


def _decisive(row: Decision, drafted: str | None) -> Fate | None:
    """What this row decided about the answer; None when it decided nothing."""
    if row.event is Event.HOLD and row.from_state is State.APPROVED:
        return Fate.OPEN
    if row.event is Event.APPROVE and row.channel not in CLOSING[Event.APPROVE]:
        return Fate.APPROVED if row.draft_digest == drafted else Fate.EDITED
    by_channel = CLOSING.get(row.event, {})
    return by_channel.get(row.channel, by_channel.get(None))


#: What an event means for the answer, by the road it came by; None stands for every other road.
CLOSING: dict[Event, dict[Channel | None, Fate]] = {
    Event.APPROVE: {Channel.RULE: Fate.SENT},
    Event.REJECT: {Channel.DAEMON: Fate.EXPIRED, None: Fate.REJECTED},
    Event.SUPERSEDE: {Channel.HAND: Fate.BY_HAND, None: Fate.MOOT},
    Event.SHUNT: {None: Fate.MOOT},
}
