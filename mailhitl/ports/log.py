"""The log as a whole: every decision and every entry of the journal, whether it is whole, and what was erased of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailhitl.decision import Decision
from mailhitl.ports.journal import Entry

#: Digits of a link that no second row of words can be found for: 96 bits.
ENOUGH = 24
#: The two chains, by the names under which anchors and exports know them.
DECISIONS, JOURNAL = "decisions", "journal"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain goes: the number of its newest row and that row's link (64 hex digits). Kept elsewhere it is an
    *anchor*: what came before it can't be changed any more without being found. In an anchor the link may be cut off
    behind ``ENOUGH`` digits."""

    log: str
    row: int
    link: str

    def __str__(self) -> str:
        return f"{self.log} {self.row} {self.link}"

    @property
    def short(self) -> str:
        """The same for people to read past: an anchor still."""
        return f"{self.log} {self.row} {self.link[:ENOUGH]}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking the log came to. ``problem`` names the first row that is wrong, "" when the log is whole.
    ``erased`` counts the rows whose words were taken out."""

    problem: str
    decisions: int = 0
    entries: int = 0
    erased: int = 0
    heads: tuple[Head, ...] = ()


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row of one of the two logs: ``decision`` or ``entry`` is set. ``salt`` is "" when its words are erased.

    ``mailbox``, ``sender`` and ``subject`` are those of the row's case, "" when it has none.
    """

    id: int
    case_id: int | None
    salt: str
    seal: str
    link: str
    decision: Decision | None = None
    entry: Entry | None = None
    mailbox: str = ""
    sender: str = ""
    subject: str = ""

    @property
    def log(self) -> str:
        return DECISIONS if self.decision else JOURNAL

    @property
    def at(self) -> datetime:
        if self.decision is not None:
            return self.decision.at
        assert self.entry is not None, "a row is a decision or an entry"
        return self.entry.at


class Log(Protocol):
    """Read the log from end to end. Pages of it are read at a time, so that its length costs no memory."""

    def heads(self) -> tuple[Head, ...]:
        """Where each chain ends now; empty chains have none."""
        ...

    def verify(
        self, anchors: Collection[Head] = (), progress: Callable[[int], None] | None = None, *, texts: bool = False
    ) -> Verification:
        """Check both chains, that every case stands where its decisions have led it, that every erased row is named by
        the entry that erased it, and that the rows of the anchors are still the same. ``progress`` is told, now and
        then, how many rows were checked. ``texts``: also that every draft still is the one that was decided about."""
        ...

    def rows(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[LogRow]:
        """Every row from ``since`` on and before ``until``: the decisions in order, then the entries in order."""
        ...

    def after(self, decision: int, entry: int) -> Sequence[LogRow]:
        """The rows with higher numbers than these, oldest first: at most some hundred of each log."""
        ...

    def newest(self, count: int) -> Sequence[LogRow]:
        """The last ``count`` rows of both logs together, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """What of a person is to be erased, before it is. ``cases`` are (number, subject) of the cases that are theirs,
    ``open_cases`` those among them that still are open, ``busy`` those that can't be erased yet, because their answer
    is leaving or its copy in Sent is still to be made; ``counts`` says how much of what there is."""

    cases: tuple[tuple[int, str], ...]
    open_cases: tuple[int, ...]
    busy: tuple[int, ...]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not self.cases and not any(self.counts.values())


class Erasing(Protocol):
    """Take personal words out of the store. Chains and numbers stay."""

    def of_address(self, address: str) -> Erasure:
        """What there is of this person. Reads only."""
        ...

    def forget(self, address: str, by: str, at: datetime) -> Erasure:
        """Erase it; the journal says when, and which rows, under a digest of the address. Raises PermanentFailure while
        a case of theirs is open or busy."""
        ...

    def forgotten(self, address: str) -> datetime | None:
        """When this address was last forgotten."""
        ...

    def outdated(self, mailbox: str, level: str, before: datetime, limit: int) -> Sequence[int]:
        """Closed cases that have not moved since then and still hold what ``level`` (``bodies``, ``cases``) erases."""
        ...

    def retire(self, mailbox: str, level: str, cases: Sequence[int], at: datetime) -> None:
        """Erase that much of these cases, in one transaction with the journal's entry."""
        ...

    def retire_entries(self, mailbox: str, before: datetime, limit: int, at: datetime) -> int:
        """Take the words out of at most ``limit`` entries of the journal that are older, belong to no case and hold an
        address, in one transaction with the entry that says so; return how many."""
        ...

    def drop_notices(self, mailbox: str, before: datetime) -> int:
        """Erase the bodies of mails to our own people that were settled and made before then; return how many."""
        ...
