"""The memory of the agent, one Protocol per need; ``Store`` holds them all.

Safe to call from several threads. Every write is one transaction of its own (BEGIN IMMEDIATE on SQLite).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.decision import Decision
from mailhitl.delivery import Delivery, Phase
from mailhitl.draft import Draft
from mailhitl.mail.message import Message
from mailhitl.ports.figures import Steps
from mailhitl.ports.journal import Journal, Judgment, Judgments
from mailhitl.ports.log import Erasing, Log
from mailhitl.ports.mailbox import Location


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as intake found it, ready to become a case. ``source`` is capped at the fetch limit."""

    mailbox: str
    location: Location
    message: Message
    thread: str
    fingerprint: str
    arrived: datetime
    source: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder has been read: every UID up to ``last_uid`` under ``uidvalidity`` is settled."""

    uidvalidity: int
    last_uid: int
    start: datetime


@dataclass(frozen=True, slots=True)
class Filed:
    """A mail of ours that stands (or is to stand) in a folder. ``kind``: ``draft``, ``packet`` or ``outgoing``.

    ``filed_at`` is None while the APPEND is planned but not confirmed; ``missing_since`` is set when it was confirmed
    once and cannot be seen any more.
    """

    case_id: int
    revision: int
    kind: str
    message_id: str
    folder: str
    planned_at: datetime
    filed_at: datetime | None = None
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Who was asked to review which revision, when. The token is only ever stored as its digest."""

    id: int
    case_id: int
    revision: int
    reviewer: str
    token_digest: str
    draft_digest: str
    asked_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail of the agent to its own people (packet, answer to a command, alert), queued in the store.

    ``key`` makes it unique: the same notice is queued once however often it is asked for.
    """

    id: int
    mailbox: str
    key: str
    kind: str
    recipient: str
    message_id: str
    raw: bytes = field(repr=False)
    created_at: datetime
    attempts: int = 0
    next_at: datetime | None = None
    sent_at: datetime | None = None


class Cases(Protocol):
    """Cases, their drafts and their log. ``move`` is the only way a state ever changes."""

    def open(self, arrival: Arrival) -> Case | None:
        """Remember a mail as a received case; None when its fingerprint is known already (the place is updated)."""
        ...

    def get(self, case_id: int) -> Case:
        """Raises KeyError."""
        ...

    def in_state(self, *states: State, mailbox: str | None = None) -> Sequence[Case]:
        """Every case in one of these states, oldest first."""
        ...

    def in_thread(self, mailbox: str, thread: str) -> Sequence[Case]: ...

    def answering(self, mailbox: str, message_ids: Collection[str], *, closed: bool = False) -> Sequence[Case]:
        """Open cases whose customer's Message-ID is one of these; with ``closed`` also those that are closed."""
        ...

    def recent(self, *, limit: int = 50, mailbox: str | None = None) -> Sequence[Case]:
        """Newest first."""
        ...

    def counts(self, mailbox: str) -> Mapping[State, int]:
        """How many cases are in each state."""
        ...

    def source(self, case: Case) -> bytes: ...

    def correspondence(self, mailbox: str, sender: str) -> tuple[int, int]:
        """(how many cases this sender has opened, how many of them were answered)."""
        ...

    def of_sender(self, mailbox: str, sender: str, *, before: int, limit: int) -> Sequence[Case]:
        """This sender's cases with a smaller id, newest first."""
        ...

    def automatic_sends(self, mailbox: str, since: datetime, recipient: str = "") -> int:
        """How many answers a rule alone has approved and the server accepted since then (to this recipient, or to
        anybody of a domain: ``@example.com``)."""
        ...

    def automatic_mails(self, mailbox: str, since: datetime, recipient: str) -> Sequence[datetime]:
        """When such answers to this recipient were accepted since then, oldest first."""
        ...

    def draft(self, case: Case, revision: int | None = None) -> Draft:
        """The draft of this revision (default: the current one). Raises KeyError."""
        ...

    def log(self, case: Case) -> Sequence[Decision]:
        """Every decision on this case, oldest first."""
        ...

    def move(
        self,
        case: Case,
        event: Event,
        decision: Decision,
        *,
        draft: Draft | None = None,
        outcome: Outcome | None = None,
        group: str | None = None,
        not_before: datetime | None = None,
        delivery: Delivery | None = None,
        judgment: Judgment | None = None,
    ) -> Case:
        """Move the case and log why, in one transaction; with ``draft`` as a new revision of it.

        ``delivery`` (with claim, accept, defer, refuse, lose) is written in the same transaction, and so is
        ``judgment``, with the case and the revision that come of it. ``not_before`` is
        written on approve and defer. Raises IllegalTransition, or StaleCase when the case's version has moved on.
        """
        ...


class Deliveries(Protocol):
    """Attempts to hand over, and what is still to be done after one succeeded."""

    def of(self, case: Case) -> Sequence[Delivery]: ...

    def record_phase(self, case: Case, attempt: int, phase: Phase) -> None:
        """Durable (fsync) when this returns.

        Raises StaleCase when ``case`` is not being sent by this very attempt any more: then nothing may follow.
        """
        ...

    def uncopied(self, mailbox: str) -> Sequence[Case]:
        """Sent cases whose copy in Sent or ``\\Answered`` mark is still to be made."""
        ...

    def mark_copied(self, case: Case) -> None: ...

    def mark_answered(self, case: Case) -> None: ...

    def pending_marks(self, case: Case) -> tuple[bool, bool]:
        """(the Sent copy is still to be made, the Answered flag is still to be set)."""
        ...


class Progress(Protocol):
    """How far each folder has been read, and which mails were begun and not finished."""

    def cursor(self, mailbox: str, folder: str) -> Cursor | None: ...

    def advance(self, mailbox: str, folder: str, cursor: Cursor) -> None: ...

    def attempts(self, mailbox: str, location: Location) -> int:
        """How often the intake of this mail was begun and not finished."""
        ...

    def begin_attempts(self, mailbox: str, locations: Sequence[Location]) -> None:
        """Count one more attempt for each, durably, before touching them."""
        ...

    def end_attempts(self, mailbox: str, locations: Sequence[Location]) -> None: ...

    def give_back(self, mailbox: str, locations: Sequence[Location]) -> None:
        """Take the last attempt back: it ended because a server was away, which says nothing about these mails."""
        ...

    def unfinished(self, mailbox: str, folder: str) -> Sequence[Location]:
        """Mails whose intake was begun and not finished (a crash, an error)."""
        ...


class Filings(Protocol):
    """What of ours stands in folders."""

    def standing(self, mailbox: str, *, but: str = "") -> Sequence[Filed]:
        """Everything of ours not yet withdrawn, except for rows of one kind."""
        ...

    def lacking(self, mailbox: str, kind: str, *states: State) -> Sequence[Case]:
        """Cases in one of these states of which no row of this kind stands, oldest first."""
        ...

    def plan(self, *filed: Filed) -> None:
        """Remember, durably and before the APPEND, that these are about to be filed."""
        ...

    def confirm(self, *filed: Filed, at: datetime) -> None: ...

    def mark_missing(self, filed: Filed, since: datetime | None) -> None: ...

    def withdraw(self, filed: Filed) -> None:
        """Forget that it stands anywhere."""
        ...


class Asks(Protocol):
    """Who was asked to review what."""

    def ask(
        self,
        case: Case,
        reviewer: str,
        token_digest: str,
        at: datetime,
        expires_at: datetime,
        *,
        notice: Notice | None = None,
    ) -> Ask:
        """Remember who was asked; with the packet that asks queued in the same transaction."""
        ...

    def ask_all(self, asks: Sequence[Ask]) -> None:
        """``ask`` for many at once; each ``id`` is ignored."""
        ...

    def of(self, case: Case) -> Sequence[Ask]: ...

    def find(self, token_digest: str) -> Ask | None: ...

    def use(self, ask: Ask, at: datetime) -> bool:
        """Burn the token: True for the one caller who did it first."""
        ...


class Sights(Protocol):
    """When something was first seen in a folder: for grace and settle times that survive a restart."""

    def first_seen(self, mailbox: str, key: str, at: datetime) -> datetime:
        """When this sight was first reported (``at``, when it is new)."""
        ...

    def keep(self, mailbox: str, keys: Collection[str]) -> None:
        """Forget every sight that is not among ``keys``."""
        ...


class Notices(Protocol):
    """The queue of mails to our own people."""

    def queue(self, notice: Notice) -> bool:
        """False when its key was queued before. ``id`` is ignored."""
        ...

    def known(self, mailbox: str, key: str) -> bool:
        """Whether this key was queued before."""
        ...

    def due(self, mailbox: str, now: datetime) -> Sequence[Notice]: ...

    def mark_sent(self, notice: Notice, at: datetime) -> None: ...

    def mark_failed(self, notice: Notice, next_at: datetime | None) -> None:
        """One more attempt failed; None: give up."""
        ...


class Switches(Protocol):
    """Durable settings made at run time, and the lease of each mailbox."""

    def get(self, name: str) -> str:
        """A durable setting made at run time (``pause``: ``""``, ``"automatic"`` or ``"all"``)."""
        ...

    def set(self, name: str, value: str, by: str, at: datetime) -> None: ...

    def take_lease(self, mailbox: str, holder: str, at: datetime, until: datetime) -> None:
        """Take or renew; raises LeaseTaken naming the holder while somebody else's runs."""
        ...

    def holder(self, mailbox: str, at: datetime) -> str:
        """Who holds the lease at this moment, "" when nobody does."""
        ...

    def release_lease(self, mailbox: str, holder: str) -> None: ...


class Store(Protocol):
    """Everything the agent remembers."""

    @property
    def cases(self) -> Cases: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def progress(self) -> Progress: ...
    @property
    def filings(self) -> Filings: ...
    @property
    def asks(self) -> Asks: ...
    @property
    def sights(self) -> Sights: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def switches(self) -> Switches: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def judgments(self) -> Judgments: ...
    @property
    def figures(self) -> Steps: ...
    @property
    def log(self) -> Log: ...
    @property
    def erasing(self) -> Erasing: ...

    def key(self) -> bytes:
        """The secret that signs approval headers and tokens, made at first use (32 bytes)."""
        ...

    def close(self) -> None: ...
