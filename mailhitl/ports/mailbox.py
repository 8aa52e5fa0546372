"""A mail account with folders, and a hint that one has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Location:
    """Where a mail stands. Valid only as long as the folder's UIDVALIDITY is this one (RFC 3501 2.3.1.1)."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class FolderInfo:
    """One line of LIST: the decoded name, the separator, and the special uses (``\\Drafts``, …), empty if none.

    ``inferiors`` is False where the server says that the folder can have no children.
    """

    name: str
    separator: str
    special: frozenset[str] = frozenset()
    selectable: bool = True
    inferiors: bool = True


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """STATUS of one folder. ``modseq`` is None without CONDSTORE (RFC 7162)."""

    uidvalidity: int
    uidnext: int
    messages: int
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What a folder says of one mail without its body. ``header`` is capped at 64 KB; ``size`` may be a guess."""

    location: Location
    flags: frozenset[str]
    size: int
    arrived: datetime
    header: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Addition:
    """A mail to be added to a folder. ``at`` becomes its INTERNALDATE; None leaves that to the server."""

    raw: bytes = field(repr=False)
    flags: frozenset[str] = frozenset()
    at: datetime | None = None


class Mailbox(Protocol):
    """A mail account with folders (IMAP says: an account with mailboxes).

    Not thread-safe: one object belongs to one thread. Folder names are decoded text with the server's own separator.
    Every method raises TemporaryFailure when the server is away, PermanentFailure when it says no for good, and every
    method that takes a Location or reads by UID raises StaleFolder when the UIDVALIDITY has changed or the folder is
    gone. Nothing ever sets ``\\Seen``, nothing ever sends a plain EXPUNGE.
    """

    @property
    def alive(self) -> bool:
        """False after a TemporaryFailure: connect anew, this object answers nothing any more."""
        ...

    def capabilities(self) -> frozenset[str]:
        """The server's capabilities after login, upper case."""
        ...

    def prefix(self) -> str:
        """What the names of all own folders but INBOX begin with (RFC 2342): "" or, say, ``INBOX.``"""
        ...

    def folders(self) -> Sequence[FolderInfo]: ...

    def rights(self, folder: str) -> Mapping[str, str]:
        """Who may do what in a folder: letters of RFC 4314 2.1 by name. Empty where the server has no ACL."""
        ...

    def create(self, folder: str) -> None:
        """Create and subscribe; nothing happens when it is there."""
        ...

    def status(self, folder: str) -> FolderStatus: ...

    def locations(self, folder: str, *, after: int = 0) -> Sequence[Location]:
        """Every mail that is not ``\\Deleted`` with a UID above ``after``, ascending."""
        ...

    def glance(self, locations: Sequence[Location]) -> Sequence[Glance]:
        """Headers and flags of these mails (all of one folder). What has vanished meanwhile is left out: no error."""
        ...

    def fetch(self, location: Location, *, limit: int) -> bytes | None:
        """The first ``limit`` bytes, by BODY.PEEK; None when the mail has vanished."""
        ...

    def fetch_all(self, locations: Sequence[Location], *, limit: int) -> Iterator[tuple[Location, bytes]]:
        """``fetch`` for many mails of one folder in few exchanges, while it is read; what has vanished is left out."""
        ...

    def find(self, folder: str, message_id: str) -> Sequence[Location]:
        """The undeleted mails whose Message-ID header is exactly this one (angle brackets included)."""
        ...

    def answered(self, locations: Sequence[Location]) -> Sequence[Location]:
        """Those of these mails (all of one folder) that are marked ``\\Answered``."""
        ...

    def append(self, folder: str, raw: bytes, *, flags: Collection[str] = (), at: datetime | None = None) -> None:
        """Add a mail. Keywords the folder cannot keep are dropped. Not idempotent: call ``find`` first."""
        ...

    def append_all(self, folder: str, mails: Sequence[Addition]) -> Sequence[Location]:
        """``append`` for many mails in few exchanges, in this order. Where it fails, some of them may stand there.

        Returns where each of them stands, or nothing when the server does not tell (RFC 4315, APPENDUID).
        """
        ...

    def move(self, location: Location, folder: str) -> bool:
        """MOVE, or COPY + ``\\Deleted`` + UID EXPUNGE where UIDPLUS allows. False when the mail has vanished."""
        ...

    def remove(self, locations: Sequence[Location]) -> None:
        """Mark ``\\Deleted`` and UID EXPUNGE exactly these (RFC 4315); without UIDPLUS they stay marked."""
        ...

    def flag(self, location: Location, *, add: Collection[str] = (), remove: Collection[str] = ()) -> bool:
        """Change flags. Keywords the folder cannot keep are dropped. False when the mail has vanished."""
        ...

    def close(self) -> None:
        """Log out. Never raises."""
        ...


class Watcher(Protocol):
    """Tells that a folder may have changed (IMAP IDLE, RFC 2177). A hint: polling must not depend on it."""

    def start(self, changed: Callable[[str], None]) -> None:
        """Watch in the background; call ``changed(folder)`` from a thread of its own."""
        ...

    def hasten(self) -> None:
        """A person is at work in the folders: tell as soon as possible for a while. From any thread."""
        ...

    def stop(self) -> None: ...
