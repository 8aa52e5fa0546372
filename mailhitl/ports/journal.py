"""What the store remembers beside the moves of cases: the journal, and what the rules saw and said."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailhitl.decision import Channel


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was decided or found out and moves no case: append-only, in a hash chain of its own.

    ``kind`` is one word (``promote``, ``demote``, ``sample``, ``right``, ``wrong``, ``bounce``, ``complaint``,
    ``reopened``, ``pause``, ``forget``, …), ``subject`` what it is about (a rule's name, a mailbox, an address),
    ``case_id`` the case it is charged to. ``by``, ``channel``, ``why``, ``code`` and ``proof`` as in ``Decision``.
    ``data`` is anything else, in words. What has a ``key`` is written once, however often it is added.

    When a person is forgotten, ``why`` and ``proof`` of what is charged to their cases are emptied, and ``subject`` and
    the values of ``data`` where they hold an address. Everything else stays: no customer's words belong into it.
    """

    kind: str
    by: str
    channel: Channel
    at: datetime
    subject: str = ""
    case_id: int | None = None
    why: str = ""
    code: str = ""
    proof: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule that hit. ``then`` is what the rule wants, ``level`` the rung of autonomy on which it stood then.

    ``would_send``: with every rule on its highest rung the answer would have left without a person.
    """

    rule: str
    then: str
    level: str = ""
    would_send: bool = False


@dataclass(frozen=True, slots=True)
class Judgment:
    """What the rules made of one revision of one case. ``facts`` is the snapshot they looked at, as JSON in UTF-8.

    ``intent`` is what triage took the mail for, "" when nothing fitted.
    """

    case_id: int
    revision: int
    at: datetime
    outcome: str
    hits: tuple[Hit, ...]
    versions: str
    facts: bytes = field(repr=False)
    intent: str = ""


class Journal(Protocol):
    """Entries, oldest first."""

    def add(self, entry: Entry) -> bool:
        """Durable when this returns. False when its key was written before."""
        ...

    def entries(
        self,
        kinds: Collection[str] = (),
        *,
        subject: str | None = None,
        case_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Entry]:
        """Every entry of these kinds (none named: all), about this subject, charged to this case, from ``since`` on
        and before ``until``. ``key`` is not kept: it comes back empty."""
        ...


class Judgments(Protocol):
    """Judgments, oldest first."""

    def add(self, judgment: Judgment) -> None: ...

    def of(self, case_id: int) -> Sequence[Judgment]: ...

    def since(self, moment: datetime) -> Iterator[Judgment]:
        """Every judgment from then on that wasn't erased, read a page at a time."""
        ...

    def count(self, since: datetime) -> int:
        """How many ``since`` yields."""
        ...

    def erased(self, since: datetime) -> int:
        """How many cases there are from then on whose first judgment was erased."""
        ...

    def hits(self) -> Iterator[tuple[int, datetime, tuple[Hit, ...]]]:
        """Newest first: each case whose first draft was judged, when that was, and which rules hit."""
        ...
