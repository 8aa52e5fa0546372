"""A mailbox over IMAP4rev1 (RFC 3501), with MOVE, UIDPLUS, CONDSTORE, LITERAL+ and MULTIAPPEND where they are offered.

After a TemporaryFailure the object is dead (``alive`` is False); the daemon waits (``backoff``) and connects anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from itertools import groupby
from typing import Any

from imapclient.datetime_util import parse_to_datetime

from mailhitl.backends.imap_append import appended, canonical, loads
from mailhitl.backends.imap_connect import ImapSettings, connect, in_one_piece
from mailhitl.backends.imap_errors import Vanished, response_code
from mailhitl.backends.imap_session import UNSELECTABLE, ImapSession, OpenFolder
from mailhitl.errors import PermanentFailure, StaleFolder
from mailhitl.ports.mailbox import Addition, FolderInfo, FolderStatus, Glance, Location

#: A FETCH line of 500 UIDs stays under the 8000 octets that every server takes (RFC 2683 3.2.1.5).
CHUNK = 500
#: Bytes of bodies that one FETCH may bring, since imaplib keeps all of an answer in memory.
BODIES = 8_000_000
HEADER_LIMIT = 65_536
#: UIDs per SEARCH: the answer is one line, and imaplib takes lines up to 1,000,000 bytes.
SEARCH_SPAN = 80_000

DELETED = "\\Deleted"
#: RFC 6154 2, by lower case: servers differ in spelling.
SPECIAL_USES = {
    use.lower(): use for use in ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash")
}


class ImapMailbox:
    """Fulfils ``ports.mailbox.Mailbox``. One object, one connection, one thread."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._opened: dict[str, OpenFolder] = {}
        self._listed: dict[str, tuple[FolderStatus, list[Location]]] = {}

    @classmethod
    def connect(cls, settings: ImapSettings) -> ImapMailbox:
        """Connect and log in. Raises PermanentFailure or TemporaryFailure."""
        return cls(ImapSession(connect(settings)))

    @property
    def alive(self) -> bool:
        return self._session.alive

    def capabilities(self) -> frozenset[str]:
        return self._session.capabilities

    def prefix(self) -> str:
        if "NAMESPACE" not in self._session.capabilities:
            return ""
        with self._session.asking("read the namespaces") as client:
            personal = client.namespace().personal
            return str(personal[0][0]) if personal else ""

    def folders(self) -> Sequence[FolderInfo]:
        return [
            FolderInfo(
                name=name,
                separator=separator,
                special=frozenset(SPECIAL_USES[word] for word in attributes if word in SPECIAL_USES),
                selectable=not attributes & UNSELECTABLE,
                inferiors="\\noinferiors" not in attributes,
            )
            for attributes, separator, name in self._session.list_folders()
        ]

    def rights(self, folder: str) -> Mapping[str, str]:
        if "ACL" not in self._session.capabilities:
            return {}
        with self._session.asking(f"read the rights on {folder}", folder) as client:
            return {who.decode("utf-8", "replace"): letters.decode() for who, letters in client.getacl(folder)}

    def create(self, folder: str) -> None:
        known = {info.name: info for info in self.folders()}
        separator = next((info.separator for info in known.values() if info.separator), "")
        for name in _with_parents(folder, separator):
            if name not in known or (name == folder and not known[name].selectable):
                self._create_one(name)
        with self._session.asking(f"subscribe to {folder}") as client:
            client.subscribe_folder(folder)

    def status(self, folder: str) -> FolderStatus:
        # STATUS of the open folder may repeat what was true when it was opened (RFC 3501 6.3.10), hence ``fresh``.
        # INBOX is opened on purpose: Dovecot has the counts of all other folders at hand, but reads INBOX anew for
        # every STATUS of it from outside, which takes 40 ms at 100,000 mails.
        if folder.upper() == "INBOX" or self._session.is_open(folder):
            self._open(folder, fresh=True)
        items = ["UIDVALIDITY", "UIDNEXT", "MESSAGES", *(["HIGHESTMODSEQ"] if self._has_condstore else [])]
        with self._session.asking(f"read the status of {folder}", folder) as client:
            answer = client.folder_status(folder, items)
            return FolderStatus(
                uidvalidity=int(answer[b"UIDVALIDITY"]),
                uidnext=int(answer[b"UIDNEXT"]),
                messages=int(answer[b"MESSAGES"]),
                # 0 says that this folder keeps no mod-sequences (RFC 7162 3.1.2.2).
                modseq=int(answer.get(b"HIGHESTMODSEQ", 0)) or None,
            )

    def locations(self, folder: str, *, after: int = 0) -> Sequence[Location]:
        if not self._has_condstore or self._session.is_open(folder):
            return self._search_all(folder, after)
        # Where nothing has changed, not even a flag, the folder need not be opened, and INBOX stays open.
        status = self.status(folder)
        known, listed = self._listed.get(folder, (None, []))
        if status != known or status.modseq is None:
            listed = self._search_all(folder, after)
            if after == 0:
                # Asked for before the list was read: a change in between makes the next status differ.
                self._listed[folder] = status, listed
        return [location for location in listed if location.uid > after]

    def glance(self, locations: Sequence[Location]) -> Sequence[Glance]:
        items = f"(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>)"
        rows = self._rows(locations, items, b"BODY[HEADER]", chunk=CHUNK, longest=HEADER_LIMIT)
        return [_glance(location, row) for location, row in rows]

    def fetch(self, location: Location, *, limit: int) -> bytes | None:
        return next((raw for _, raw in self.fetch_all([location], limit=limit)), None)

    def fetch_all(self, locations: Sequence[Location], *, limit: int) -> Iterator[tuple[Location, bytes]]:
        items = f"(UID FLAGS BODY.PEEK[]<0.{limit}>)"
        chunk = min(CHUNK, max(1, BODIES // limit))
        for location, row in self._rows(locations, items, b"BODY[]", chunk=chunk, longest=limit):
            yield location, (_section(row, b"BODY[]") or b"")[:limit]

    def find(self, folder: str, message_id: str) -> Sequence[Location]:
        if not message_id.isprintable():
            # No line break may reach the wire, and no header value can hold one.
            return ()
        opened = self._open(folder, fresh=True)
        uids = self._session.search(_by_message_id(message_id))
        locations = [Location(folder, opened.uidvalidity, uid) for uid in sorted(uids)]
        # SEARCH looks for a part of the header, in any case (RFC 3501 6.4.4).
        items = f"(UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.{HEADER_LIMIT}>)"
        rows = self._rows(locations, items, b"BODY[HEADER.FIELDS", chunk=CHUNK, longest=HEADER_LIMIT)
        return [location for location, row in rows if _message_id(row) == message_id]

    def answered(self, locations: Sequence[Location]) -> Sequence[Location]:
        return [location for some in _chunks(locations, CHUNK) for location in self._answered(some)]

    def _answered(self, some: Sequence[Location]) -> list[Location]:
        self._enter(some[0].folder, some[0].uidvalidity, fresh=True)
        uids = set(self._session.search(f"UID {','.join(str(location.uid) for location in some)} ANSWERED UNDELETED"))
        return [location for location in some if location.uid in uids]

    def append(self, folder: str, raw: bytes, *, flags: Collection[str] = (), at: datetime | None = None) -> None:
        self.append_all(folder, [Addition(raw, frozenset(flags), at)])

    def append_all(self, folder: str, mails: Sequence[Addition]) -> Sequence[Location]:
        # imapclient's append() waits for the server's go-ahead; LITERAL+ does not (RFC 7888).
        together = {"MULTIAPPEND", "LITERAL+"} <= self._session.capabilities
        places: list[Location] = []
        for some in loads(mails) if together else ([mail] for mail in mails):
            places += self._append_some(folder, some, self._at_once if together else self._alone)
        return places if len(places) == len(mails) else ()

    def _append_some(
        self, folder: str, mails: Sequence[Addition], add: Callable[[str, Sequence[Addition]], bytes]
    ) -> Sequence[Location]:
        try:
            return appended(folder, add(folder, mails), len(mails))
        except PermanentFailure:
            # All or nothing (RFC 3502 6.3.11): one mail too large must not keep the others out.
            if len(mails) == 1:
                raise
        return [place for mail in mails for place in appended(folder, add(folder, [mail]), 1)]

    def _alone(self, folder: str, mails: Sequence[Addition]) -> bytes:
        [mail] = mails
        kept = self._keepable(folder, mail.flags)
        with self._session.asking(f"add a mail to {folder}", folder) as client:
            return bytes(client.append(folder, canonical(mail.raw), kept, mail.at))

    def _at_once(self, folder: str, mails: Sequence[Addition]) -> bytes:
        rows = [
            {
                "msg": canonical(mail.raw),
                "flags": self._keepable(folder, mail.flags),
                **({"date": mail.at} if mail.at else {}),
            }
            for mail in mails
        ]
        with self._session.asking(f"add mails to {folder}", folder) as client, in_one_piece(client):
            status, data = client.multiappend(folder, rows)
            client._check_resp("OK", "append", status, data)
            return bytes(data[0])

    def move(self, location: Location, folder: str) -> bool:
        if not self._stands(location):
            return False
        try:
            self._move([location.uid], folder)
        except Vanished:
            return False
        return True

    def remove(self, locations: Sequence[Location]) -> None:
        for (folder, uidvalidity), group in groupby(sorted(locations, key=_order), key=_place):
            self._enter(folder, uidvalidity)
            for chunk in _chunks([location.uid for location in group], CHUNK):
                try:
                    self._expunge(chunk)
                except Vanished:
                    self._enter(folder, uidvalidity, fresh=True)
                    self._expunge(chunk)

    def flag(self, location: Location, *, add: Collection[str] = (), remove: Collection[str] = ()) -> bool:
        if not self._stands(location):
            return False
        kept, gone = self._keepable(location.folder, add), self._keepable(location.folder, remove)
        try:
            with self._session.asking("change flags") as client:
                if kept:
                    client.add_flags([location.uid], kept, silent=True)
                if gone:
                    client.remove_flags([location.uid], gone, silent=True)
        except Vanished:
            return False
        return True

    def close(self) -> None:
        self._session.close()

    def _create_one(self, folder: str) -> None:
        try:
            with self._session.asking(f"create the folder {folder}") as client:
                client.create_folder(folder)
        except PermanentFailure as refusal:
            if response_code(refusal) != "ALREADYEXISTS" and folder not in {info.name for info in self.folders()}:
                raise

    def _search_all(self, folder: str, after: int) -> list[Location]:
        opened = self._open(folder, fresh=True)
        found: set[int] = set()
        for span in _spans(after + 1, opened.uidnext):
            found.update(self._session.search(f"UID {span} UNDELETED"))
        # "n:*" always names the last mail, even when its UID is below n (RFC 3501 6.4.8).
        return [Location(folder, opened.uidvalidity, uid) for uid in sorted(found) if uid > after]

    @property
    def _has_condstore(self) -> bool:
        return "CONDSTORE" in self._session.capabilities

    def _open(self, folder: str, *, fresh: bool = False) -> OpenFolder:
        opened = self._session.open(folder, fresh=fresh)
        self._opened[folder] = opened
        return opened

    def _enter(self, folder: str, uidvalidity: int, *, fresh: bool = False) -> None:
        """Open the folder in which these UIDs mean what they meant when they were read."""
        now = self._open(folder, fresh=fresh).uidvalidity
        if now != uidvalidity:
            raise StaleFolder(f"{folder} has UIDVALIDITY {now}, not {uidvalidity}: its UIDs mean other mails now")

    def _stands(self, location: Location) -> bool:
        return location.uid in self._standing([location])

    def _standing(self, locations: Sequence[Location]) -> set[int]:
        """Which of these UIDs (of one folder, a chunk at most) are there and not marked ``\\Deleted``."""
        self._enter(locations[0].folder, locations[0].uidvalidity, fresh=True)
        uids = {location.uid for location in locations}
        return uids & set(self._session.search(f"UID {','.join(map(str, sorted(uids)))} UNDELETED"))

    def _rows(
        self, locations: Sequence[Location], items: str, section: bytes, *, chunk: int, longest: int
    ) -> Iterator[tuple[Location, dict[bytes, Any]]]:
        """Fetch ``items`` chunk by chunk; what has vanished or is marked ``\\Deleted`` is left out."""
        for some in _chunks(locations, chunk):
            self._enter(some[0].folder, some[0].uidvalidity)
            rows = self._session.rows({location.uid for location in some}, items, longest=longest)
            missing = [place for place in some if _section(rows.get(place.uid, {}), section) is None]
            if missing:
                # Most have vanished; but when one does, some servers break off and keep back those behind it, too.
                standing = self._standing(missing)
                rows = {uid: row for uid, row in rows.items() if _section(row, section) is not None}
                rows |= {uid: {} for uid in standing} | self._session.rows(standing, items, longest=longest)
            for location in some:
                row = rows.get(location.uid)
                if row is not None and DELETED not in _flags(row):
                    yield location, row

    def _move(self, uids: Sequence[int], folder: str) -> None:
        if "MOVE" in self._session.capabilities:
            with self._session.asking(f"move a mail to {folder}", folder) as client:
                client.move(uids, folder)
            return
        with self._session.asking(f"copy a mail to {folder}", folder) as client:
            client.copy(uids, folder)
        self._expunge(uids)

    def _expunge(self, uids: Sequence[int]) -> None:
        with self._session.asking("remove mails") as client:
            client.add_flags(uids, [DELETED], silent=True)
            if "UIDPLUS" in self._session.capabilities:
                client.uid_expunge(uids)

    def _keepable(self, folder: str, flags: Collection[str]) -> list[str]:
        if all(flag.startswith("\\") for flag in flags):
            return list(flags)
        opened = self._opened.get(folder) or self._open(folder)
        return [flag for flag in flags if opened.keeps(flag)]


def _glance(location: Location, row: dict[bytes, Any]) -> Glance:
    size = row.get(b"RFC822.SIZE")
    return Glance(
        location=location,
        flags=_flags(row),
        size=size if isinstance(size, int) else 0,
        arrived=_arrived(row),
        header=(_section(row, b"BODY[HEADER]") or b"")[:HEADER_LIMIT],
    )


def _arrived(row: dict[bytes, Any]) -> datetime:
    """INTERNALDATE in UTC. One that makes no sense counts as now: that mail is looked at, not passed over."""
    try:
        moment: datetime = parse_to_datetime(row[b"INTERNALDATE"], normalise=False)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (LookupError, ValueError, OverflowError, AttributeError):
        return datetime.now(UTC)


def _flags(row: dict[bytes, Any]) -> frozenset[str]:
    words = row.get(b"FLAGS")
    if not isinstance(words, tuple):
        return frozenset()
    return frozenset(word.decode("ascii", "replace") if isinstance(word, bytes) else str(word) for word in words)


def _section(row: dict[bytes, Any], name: bytes) -> bytes | None:
    """The value of ``name``, whether or not the server repeats the partial (``BODY[]<0>``); None for NIL."""
    value = next((value for key, value in row.items() if key.startswith(name)), None)
    if isinstance(value, int):
        # imapclient takes a quoted "123" for a number.
        return str(value).encode()
    return value if isinstance(value, bytes) else None


def _message_id(row: dict[bytes, Any]) -> str:
    header = _section(row, b"BODY[HEADER.FIELDS") or b""
    return str(BytesHeaderParser(policy=compat32).parsebytes(header).get("Message-ID", "")).strip()


def _by_message_id(message_id: str) -> str | list[str | bytes]:
    if message_id.isascii():
        # Quoted by us, because imapclient leaves "(" and "{" bare.
        quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
        return f'UNDELETED HEADER Message-ID "{quoted}"'
    return ["UNDELETED", "HEADER", "Message-ID", message_id.encode()]


def _with_parents(folder: str, separator: str) -> list[str]:
    """``a/b/c`` as ``a``, ``a/b``, ``a/b/c``."""
    if not separator:
        return [folder]
    parts = folder.split(separator)
    names = [separator.join(parts[: depth + 1]) for depth in range(len(parts))]
    return [name for name in names if name.upper() != "INBOX"]


def _spans(first: int, uidnext: int) -> Iterator[str]:
    while first + SEARCH_SPAN < uidnext:
        yield f"{first}:{first + SEARCH_SPAN - 1}"
        first += SEARCH_SPAN
    yield f"{first}:*"


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _order(location: Location) -> tuple[str, int, int]:
    return location.folder, location.uidvalidity, location.uid


def _place(location: Location) -> tuple[str, int]:
    return location.folder, location.uidvalidity
