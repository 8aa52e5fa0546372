"""A mailbox and a transport in memory: for tests, the demo and dry runs.

The mailbox behaves like a server with MOVE, UIDPLUS and CONDSTORE: a UID is never used twice, a moved mail gets a new
one, what is marked ``\\Deleted`` is invisible, line ends become CRLF. Unlike an IMAP connection it is safe to use from
several threads and outlives its failures, so that a test's reviewers work on the very object the daemon holds.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

from mailhitl.delivery import Handover, Phase, RecipientResult, Status
from mailhitl.errors import StaleFolder
from mailhitl.ports.mailbox import Addition, FolderInfo, FolderStatus, Glance, Location

HEADER_LIMIT = 65_536
CAPABILITIES = frozenset({"IMAP4REV1", "UIDPLUS", "MOVE", "IDLE", "NAMESPACE", "SPECIAL-USE", "CONDSTORE"})
SPECIAL = {"Drafts": "\\Drafts", "Sent": "\\Sent", "Trash": "\\Trash"}
_DELETED = "\\Deleted"
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class _Mail:
    raw: bytes = field(repr=False)
    flags: frozenset[str]
    arrived: datetime

    @property
    def header(self) -> bytes:
        head, blank, _ = self.raw.partition(b"\r\n\r\n")
        return (head + blank)[:HEADER_LIMIT]

    @property
    def message_id(self) -> str:
        return str(BytesHeaderParser(policy=compat32).parsebytes(self.header).get("Message-ID", "")).strip()

    @property
    def visible(self) -> bool:
        return _DELETED not in self.flags


@dataclass(slots=True)
class _Folder:
    uidvalidity: int
    uidnext: int = 1
    modseq: int = 1
    mails: dict[int, _Mail] = field(default_factory=dict)

    def add(self, mail: _Mail) -> int:
        uid = self.uidnext
        self.mails[uid] = mail
        self.uidnext += 1
        self.modseq += 1
        return uid


class MemoryMailbox:
    """Fulfils ``ports.mailbox.Mailbox``. ``special`` gives the folders there are besides INBOX and their use."""

    alive = True

    def __init__(
        self,
        *,
        separator: str = "/",
        special: Mapping[str, str] = SPECIAL,
        capabilities: frozenset[str] = CAPABILITIES,
        keywords: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lock = threading.RLock()
        self._separator = separator
        self._special = dict(special)
        self._capabilities = capabilities
        self._keywords = keywords
        self._now = now
        self._validities = 0
        self._folders = {name: self._new_folder() for name in ("INBOX", *special)}
        self._failures: dict[str, list[Exception]] = {}
        self._listeners: list[Callable[[str], None]] = []
        #: What ``rights`` tells of each folder.
        self.acl: dict[str, dict[str, str]] = {}

    # What the port asks for.

    def capabilities(self) -> frozenset[str]:
        return self._capabilities

    def prefix(self) -> str:
        return ""

    def folders(self) -> Sequence[FolderInfo]:
        with self._turn("folders"):
            return [
                FolderInfo(name, self._separator, frozenset({self._special[name]} if name in self._special else ()))
                for name in self._folders
            ]

    def rights(self, folder: str) -> Mapping[str, str]:
        return dict(self.acl.get(folder, {}))

    def create(self, folder: str) -> None:
        with self._turn("create"):
            parts = folder.split(self._separator)
            for depth in range(len(parts)):
                name = self._separator.join(parts[: depth + 1])
                self._folders.setdefault(_canonical(name), self._new_folder())

    def status(self, folder: str) -> FolderStatus:
        with self._turn("status"):
            found = self._folder(folder)
            modseq = found.modseq if "CONDSTORE" in self._capabilities else None
            return FolderStatus(found.uidvalidity, found.uidnext, len(found.mails), modseq)

    def locations(self, folder: str, *, after: int = 0) -> Sequence[Location]:
        with self._turn("locations"):
            return self._visible(folder, lambda uid, _: uid > after)

    def glance(self, locations: Sequence[Location]) -> Sequence[Glance]:
        with self._turn("glance"):
            return [
                Glance(location, mail.flags, len(mail.raw), mail.arrived, mail.header)
                for location in locations
                if (mail := self._mail(location)) is not None
            ]

    def fetch(self, location: Location, *, limit: int) -> bytes | None:
        with self._turn("fetch"):
            mail = self._mail(location)
            return None if mail is None else mail.raw[:limit]

    def fetch_all(self, locations: Sequence[Location], *, limit: int) -> Iterator[tuple[Location, bytes]]:
        with self._turn("fetch_all"):
            mails = [(location, self._mail(location)) for location in locations]
        yield from ((location, mail.raw[:limit]) for location, mail in mails if mail is not None)

    def find(self, folder: str, message_id: str) -> Sequence[Location]:
        with self._turn("find"):
            return self._visible(folder, lambda _, mail: mail.message_id == message_id)

    def answered(self, locations: Sequence[Location]) -> Sequence[Location]:
        return [glance.location for glance in self.glance(locations) if "\\Answered" in glance.flags]

    def append(self, folder: str, raw: bytes, *, flags: Collection[str] = (), at: datetime | None = None) -> None:
        with self._turn("append", changes=(folder,)):
            self._add(folder, raw, flags, at)

    def append_all(self, folder: str, mails: Sequence[Addition]) -> Sequence[Location]:
        with self._turn("append", changes=(folder,)):
            uids = [self._add(folder, mail.raw, mail.flags, mail.at) for mail in mails]
            uidplus = "UIDPLUS" in self._capabilities
            return [Location(folder, self._folder(folder).uidvalidity, uid) for uid in uids] if uidplus else ()

    def move(self, location: Location, folder: str) -> bool:
        with self._turn("move", changes=(location.folder, folder)):
            mail, target = self._mail(location), self._folder(folder)
            if mail is None:
                return False
            target.add(mail)
            if "MOVE" in self._capabilities:
                self._drop(location)
            else:
                self._expunge(location)
            return True

    def remove(self, locations: Sequence[Location]) -> None:
        with self._turn("remove", changes=[location.folder for location in locations]):
            for location in locations:
                if self._mail(location) is not None:
                    self._expunge(location)

    def flag(self, location: Location, *, add: Collection[str] = (), remove: Collection[str] = ()) -> bool:
        with self._turn("flag", changes=(location.folder,)):
            mail = self._mail(location)
            if mail is None:
                return False
            self._mark(location, (mail.flags | self._kept(add)) - frozenset(remove))
            return True

    def close(self) -> None:
        """Nothing to log out of: the mails stay, and so does the object."""

    # What only tests and the demo need.

    def deliver(self, folder: str, raw: bytes, *, flags: Collection[str] = (), at: datetime | None = None) -> Location:
        """Put a mail there, as a mail server or somebody else's mail client would, and say where."""
        with self._turn("deliver", changes=(folder,)):
            return Location(_canonical(folder), self._folder(folder).uidvalidity, self._add(folder, raw, flags, at))

    def copy(self, location: Location, folder: str) -> Location:
        """COPY as mutt and Claws do; raises KeyError when the mail has vanished."""
        with self._turn("copy", changes=(folder,)):
            mail, target = self._mail(location), self._folder(folder)
            if mail is None:
                raise KeyError(location)
            return Location(_canonical(folder), target.uidvalidity, target.add(mail))

    def delete_folder(self, folder: str) -> None:
        with self._turn("delete_folder", changes=(folder,)):
            del self._folders[_canonical(folder)]

    def reset_uidvalidity(self, folder: str) -> None:
        """Number all mails anew, as after a restored backup or a deleted index."""
        with self._turn("reset_uidvalidity", changes=(folder,)):
            old, new = self._folder(folder), self._new_folder()
            for mail in old.mails.values():
                new.add(mail)
            self._folders[_canonical(folder)] = new

    def fail_next(self, method: str, error: Exception) -> None:
        """Let the next call of ``method`` raise ``error`` before it does anything; may be called several times."""
        if not callable(getattr(self, method, None)):
            raise ValueError(f"a mailbox has no method {method}")
        with self._lock:
            self._failures.setdefault(method, []).append(error)

    def listen(self, changed: Callable[[str], None]) -> Callable[[], None]:
        """Call ``changed(folder)`` after each change, in the thread that made it; returns how to stop that."""
        with self._lock:
            self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    @contextmanager
    def _turn(self, method: str, *, changes: Collection[str] = ()) -> Iterator[None]:
        with self._lock:
            if waiting := self._failures.get(method):
                raise waiting.pop(0)
            yield
            listeners = list(self._listeners)
        # Outside the lock: a listener may wait for a thread that needs the mailbox.
        for folder in dict.fromkeys(changes):
            for changed in listeners:
                changed(_canonical(folder))

    def _new_folder(self) -> _Folder:
        self._validities += 1
        return _Folder(self._validities)

    def _folder(self, name: str) -> _Folder:
        try:
            return self._folders[_canonical(name)]
        except KeyError:
            raise StaleFolder(f"no such folder: {name}") from None

    def _at(self, location: Location) -> _Folder:
        folder = self._folder(location.folder)
        if folder.uidvalidity != location.uidvalidity:
            raise StaleFolder(
                f"{location.folder} has UIDVALIDITY {folder.uidvalidity}, not {location.uidvalidity}: "
                "its UIDs mean other mails now"
            )
        return folder

    def _mail(self, location: Location) -> _Mail | None:
        mail = self._at(location).mails.get(location.uid)
        return mail if mail is not None and mail.visible else None

    def _visible(self, name: str, wanted: Callable[[int, _Mail], bool]) -> list[Location]:
        folder = self._folder(name)
        return [
            Location(name, folder.uidvalidity, uid)
            for uid, mail in folder.mails.items()
            if mail.visible and wanted(uid, mail)
        ]

    def _add(self, folder: str, raw: bytes, flags: Collection[str], at: datetime | None) -> int:
        arrived = (at or self._now()).astimezone(UTC).replace(microsecond=0)
        return self._folder(folder).add(_Mail(_LINE_END.sub(b"\r\n", raw), self._kept(flags), arrived))

    def _kept(self, flags: Collection[str]) -> frozenset[str]:
        return frozenset(flag for flag in flags if self._keywords or flag.startswith("\\"))

    def _mark(self, location: Location, flags: frozenset[str]) -> None:
        folder = self._at(location)
        folder.mails[location.uid] = replace(folder.mails[location.uid], flags=flags)
        folder.modseq += 1

    def _drop(self, location: Location) -> None:
        folder = self._at(location)
        del folder.mails[location.uid]
        folder.modseq += 1

    def _expunge(self, location: Location) -> None:
        self._mark(location, self._at(location).mails[location.uid].flags | {_DELETED})
        if "UIDPLUS" in self._capabilities:
            self._drop(location)


def _canonical(folder: str) -> str:
    """INBOX is the one name without case (RFC 3501 5.1)."""
    return "INBOX" if folder.upper() == "INBOX" else folder


class MemoryWatcher:
    """Fulfils ``ports.mailbox.Watcher`` for a MemoryMailbox: tells of changes in these folders."""

    def __init__(self, mailbox: MemoryMailbox, folders: Sequence[str]) -> None:
        self._mailbox = mailbox
        self._folders = frozenset(_canonical(folder) for folder in folders)
        self._stop: Callable[[], None] | None = None

    def start(self, changed: Callable[[str], None]) -> None:
        self._stop = self._mailbox.listen(lambda folder: changed(folder) if folder in self._folders else None)

    def hasten(self) -> None:
        """It tells at once anyway."""

    def stop(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that reached its recipients: those the server accepted it for."""

    raw: bytes = field(repr=False)
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt is to end for all recipients, or for ``only`` these (the others are accepted).

    ``phase`` is the last one begun. ``delivered``: it arrives all the same, as after a cut behind the final dot.
    """

    status: Status
    phase: Phase = Phase.DONE
    reply: str = "scripted"
    only: frozenset[str] = frozenset()
    delivered: bool = False


class MemoryTransport:
    """Fulfils ``ports.transport.Transport``: keeps what is sent; ``script`` says how the next attempts end.

    ``problem`` is what a probe finds.
    """

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.sent: list[SentMail] = []
        self.attempts = 0
        self.problem = ""

    def hand_over(
        self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
    ) -> Handover:
        self.attempts += 1
        answer = self.script.pop(0) if self.script else Answer(Status.ACCEPTED, reply="250 2.0.0 Ok")
        for phase in _PHASES[: _PHASES.index(answer.phase) + 1]:
            if phase is not Phase.DONE:
                on_phase(phase)
        results = tuple(_result(answer, recipient) for recipient in recipients)
        arrived = tuple(result.address for result in results if _arrives(answer, result))
        if arrived:
            self.sent.append(SentMail(raw, sender, arrived))
        return Handover(results, answer.phase)

    def probe(self) -> str:
        return self.problem


_PHASES = tuple(Phase)


def _result(answer: Answer, recipient: str) -> RecipientResult:
    if answer.only and recipient not in answer.only:
        return RecipientResult(recipient, Status.ACCEPTED, "250 2.0.0 Ok")
    return RecipientResult(recipient, answer.status, answer.reply)


def _arrives(answer: Answer, result: RecipientResult) -> bool:
    return result.status is Status.ACCEPTED or answer.delivered
