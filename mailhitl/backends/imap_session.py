"""One IMAP connection and the folder that is open on it: commands out, understood answers back.

The only place that knows the oddities of imaplib and imapclient. A TemporaryFailure leaves the session dead: what was
half said cannot be taken up again, so whoever needs the account opens a new one.
"""

from __future__ import annotations

import imaplib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from imapclient.imap_utf7 import decode
from imapclient.response_parser import parse_response

from mailhitl.backends.imap_connect import LONGEST_LITERAL, hang_up
from mailhitl.backends.imap_errors import WIRE_ERRORS, Vanished, on_the_wire, response_code
from mailhitl.errors import PermanentFailure, StaleFolder, TemporaryFailure

#: Seconds that a LOGOUT may take; nobody waits for a goodbye.
_GOODBYE = 5.0


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """The folder that SELECT or EXAMINE opened, as its answer said. ``permanent`` are flags, lower case."""

    name: str
    uidvalidity: int
    uidnext: int
    permanent: frozenset[str]

    def keeps(self, flag: str) -> bool:
        """True unless ``flag`` is a keyword that this folder forgets (RFC 3501 7.1, PERMANENTFLAGS)."""
        return flag.startswith("\\") or "\\*" in self.permanent or flag.lower() in self.permanent


class ImapSession:
    """Wraps a logged-in IMAPClient. Every method raises our own errors only."""

    def __init__(self, client: Any) -> None:
        self.alive = True
        self._client = client
        self._wire = client._imap
        self._open: OpenFolder | None = None
        with self.asking("read the server's capabilities"):
            self.capabilities = frozenset(_text(name).upper() for name in client.capabilities())

    @contextmanager
    def asking(self, doing: str, *folders: str) -> Iterator[Any]:
        """Give the client for one exchange. A NO about one of ``folders`` that does not exist is a StaleFolder."""
        if not self.alive:
            raise TemporaryFailure(f"cannot {doing}: the connection is closed")
        # What a server said unasked must not pass for the answer to the next question.
        self._wire.untagged_responses.clear()
        try:
            with on_the_wire(doing):
                yield self._client
        except Vanished:
            raise
        except TemporaryFailure:
            self.drop()
            raise
        except PermanentFailure as refusal:
            # Many servers say only NO, without the code NONEXISTENT or TRYCREATE.
            if missing := [folder for folder in folders if not self._selectable(folder)]:
                raise StaleFolder(f"no such folder: {missing[0]}") from refusal
            raise

    def open(self, folder: str, *, fresh: bool = False) -> OpenFolder:
        """Select ``folder`` (EXAMINE where it is read-only); ``fresh``: hear of what changed since it was opened."""
        if self._open is None or self._open.name != folder:
            self._open = None
            self._open = self._select(folder)
        elif fresh:
            self.refresh()
        return self._open

    def is_open(self, folder: str) -> bool:
        return self._open is not None and self._open.name == folder

    def refresh(self) -> None:
        # imapclient's own noop() cannot read an answer with a literal.
        with self.asking("look for changes"):
            _check("NOOP", *self._wire.noop())

    def search(self, criteria: str | Sequence[str | bytes]) -> list[int]:
        """UID SEARCH in the open folder. A plain string is sent as it stands, a sequence is quoted."""
        with self.asking("search") as client:
            return [int(uid) for uid in client.search(criteria)]

    def rows(self, uids: Collection[int], items: str, *, longest: int = 0) -> dict[int, dict[bytes, Any]]:
        """UID FETCH in the open folder: attributes by UID. ``longest`` is the longest literal that was asked for.

        Not imapclient's own fetch(), which files an unasked FETCH without a UID under its sequence number, where it
        may pass for the flags of another mail.
        """
        if not uids:
            return {}
        with self.asking("fetch"):
            self._wire.longest_literal = max(longest, LONGEST_LITERAL)
            status, data = self._wire.uid("FETCH", _joined(uids), items)
            try:
                _check("FETCH", status, data)
            except imaplib.IMAP4.error as refusal:
                if response_code(refusal) != "EXPUNGEISSUED":
                    raise
                # Of the mails that still stand, some or all came before the NO.
                data = self._wire.untagged_responses.get("FETCH", [])
            return _by_uid(parse_response(data), uids)

    def list_folders(self) -> list[tuple[frozenset[str], str, str]]:
        """LIST, as (attributes in lower case, separator, decoded name); special uses included (RFC 6154)."""
        extended = {"LIST-EXTENDED", "SPECIAL-USE"} <= self.capabilities
        with self.asking("list the folders"):
            pattern = '"*" RETURN (SPECIAL-USE)' if extended else '"*"'
            data = _check("LIST", *self._wire.list('""', pattern))
            parts = iter(parse_response([line for line in data if line]))
            return list(_folders(zip(parts, parts, parts, strict=True)))

    def drop(self) -> None:
        """Hang up without a word."""
        self.alive = False
        hang_up(self._client)

    def close(self) -> None:
        """Log out (which expunges nothing, unlike CLOSE). Never raises."""
        if not self.alive:
            return
        self.alive = False
        with suppress(*WIRE_ERRORS):
            self._client.socket().settimeout(_GOODBYE)
            self._client.logout()
        hang_up(self._client)

    def _select(self, folder: str) -> OpenFolder:
        with self.asking(f"open the folder {folder}", folder) as client:
            try:
                answer = client.select_folder(folder)
            except imaplib.IMAP4.readonly:
                answer = client.select_folder(folder, readonly=True)
            # Without PERMANENTFLAGS all flags named by FLAGS are kept (RFC 3501 6.3.1).
            permanent = answer.get(b"PERMANENTFLAGS", answer.get(b"FLAGS", ()))
            return OpenFolder(
                name=folder,
                uidvalidity=int(answer[b"UIDVALIDITY"]),
                uidnext=int(answer.get(b"UIDNEXT", 0)),
                permanent=frozenset(_text(flag).lower() for flag in permanent),
            )

    def _selectable(self, folder: str) -> bool:
        names = {name for attributes, _, name in self.list_folders() if not attributes & UNSELECTABLE}
        return folder in names or folder.upper() == "INBOX"


#: RFC 3501 7.2.2, RFC 5258 3.
UNSELECTABLE = frozenset({"\\noselect", "\\nonexistent"})


def _folders(lines: Iterator[tuple[Any, Any, Any]]) -> Iterator[tuple[frozenset[str], str, str]]:
    for attributes, separator, name in lines:
        # A name that cannot be decoded cannot be asked for either; the other folders must not suffer.
        with suppress(ValueError):
            decoded = decode(name) if isinstance(name, bytes) else str(name)
            yield frozenset(_text(word).lower() for word in attributes), _text(separator or b""), decoded


def _by_uid(answers: Sequence[Any], uids: Collection[int]) -> dict[int, dict[bytes, Any]]:
    rows: dict[int, dict[bytes, Any]] = {}
    for _, attributes in zip(answers[::2], answers[1::2], strict=True):
        row = {name.upper(): value for name, value in zip(attributes[::2], attributes[1::2], strict=True)}
        uid = row.get(b"UID")
        if isinstance(uid, int) and uid in uids:
            rows.setdefault(uid, {}).update(row)
    return rows


def _check(command: str, status: str, data: list[Any]) -> list[Any]:
    if status != "OK":
        raise imaplib.IMAP4.error(f"{command} failed: {_text(data[-1] or b'')}")
    return data


def _joined(uids: Collection[int]) -> str:
    return ",".join(str(uid) for uid in uids)


def _text(word: object) -> str:
    """A flag named 123 comes parsed as a number."""
    return word.decode("ascii", "replace") if isinstance(word, bytes) else str(word)
