"""A case: one inbound message and all that follows from it, as a state machine.

    received ── skip ─────▶ skipped
       │ └───── hold ─────▶ held ⟲ revise, escalate, endorse (one of several approvals)
       │                     ├── reject ──────▶ rejected
       │                     ├── supersede ───▶ superseded
       └─ approve (rule) ─┐  └── approve ──┐
                          ▼                ▼
                        approved ── claim ──▶ sending ── accept ──▶ sent
                            ▲  │                │ │ └── refuse ──▶ held   (5xx: a human looks)
                            │  └ supersede/hold └─┼──── lose ────▶ held   ("may have gone out": never again by itself)
                            └────── defer ────────┘                       (4xx: back-off)

    any open state but sending ── shunt ──▶ shunted ── retry ──▶ received

This table is the only place that knows which step is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailhitl.errors import IllegalTransition


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    SKIPPED = "skipped"
    HELD = "held"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    SHUNTED = "shunted"


class Event(StrEnum):
    """What can happen to a case."""

    SKIP = "skip"
    HOLD = "hold"
    REVISE = "revise"
    ESCALATE = "escalate"
    ENDORSE = "endorse"
    APPROVE = "approve"
    REJECT = "reject"
    SUPERSEDE = "supersede"
    CLAIM = "claim"
    ACCEPT = "accept"
    DEFER = "defer"
    REFUSE = "refuse"
    LOSE = "lose"
    SHUNT = "shunt"
    RETRY = "retry"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.RECEIVED, Event.SKIP): State.SKIPPED,
    (State.RECEIVED, Event.HOLD): State.HELD,
    (State.RECEIVED, Event.APPROVE): State.APPROVED,
    (State.RECEIVED, Event.SUPERSEDE): State.SUPERSEDED,
    (State.HELD, Event.REVISE): State.HELD,
    (State.HELD, Event.ESCALATE): State.HELD,
    (State.HELD, Event.ENDORSE): State.HELD,
    (State.HELD, Event.APPROVE): State.APPROVED,
    (State.HELD, Event.REJECT): State.REJECTED,
    (State.HELD, Event.SUPERSEDE): State.SUPERSEDED,
    (State.APPROVED, Event.CLAIM): State.SENDING,
    (State.APPROVED, Event.HOLD): State.HELD,
    (State.APPROVED, Event.SUPERSEDE): State.SUPERSEDED,
    (State.SENDING, Event.ACCEPT): State.SENT,
    (State.SENDING, Event.DEFER): State.APPROVED,
    (State.SENDING, Event.REFUSE): State.HELD,
    (State.SENDING, Event.LOSE): State.HELD,
    (State.RECEIVED, Event.SHUNT): State.SHUNTED,
    (State.HELD, Event.SHUNT): State.SHUNTED,
    (State.APPROVED, Event.SHUNT): State.SHUNTED,
    (State.SHUNTED, Event.RETRY): State.RECEIVED,
}

#: No event leads out of these.
CLOSED = frozenset(State) - {state for state, _ in TRANSITIONS}
#: Somebody or something still has to act.
OPEN = frozenset(State) - CLOSED


def next_state(state: State, event: Event) -> State:
    """Return where ``event`` leads from ``state``, or raise IllegalTransition."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"a {state} case cannot {event}") from None


class Outcome(StrEnum):
    """What the rules decided, mild to strict; the strictest hit wins. ``skip`` stands outside: no answer is wanted."""

    SKIP = "skip"
    SEND = "send"
    REVIEW = "review"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Case:
    """What the store remembers about one inbound message.

    ``version`` grows with every move and is what compare-and-set compares; ``revision`` is the number of the current
    draft (0: there is none) and ``draft_digest`` its digest. All times are UTC. (``folder``, ``uidvalidity``, ``uid``)
    say where the customer's mail was last seen: a cache key, never an identity on its own.
    """

    id: int
    mailbox: str
    state: State
    version: int
    message_id: str
    thread: str
    sender: str
    subject: str
    opened_at: datetime
    folder: str
    uidvalidity: int
    uid: int
    outcome: Outcome | None = None
    revision: int = 0
    draft_digest: str | None = None
    group: str = ""
    not_before: datetime | None = None
    held_at: datetime | None = None
