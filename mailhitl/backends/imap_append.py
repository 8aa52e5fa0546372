"""Adding mails to a folder: in loads that a server may be asked to take at once, and where it then says they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailhitl.ports.mailbox import Addition, Location

#: Mails and bytes that one APPEND brings: a server may take all of it into memory before it answers.
LOAD = 50
LOAD_BYTES = 1_000_000

_LINE_END = re.compile(rb"\r\n|\r|\n")
#: RFC 4315 3: the folder's UIDVALIDITY and the UIDs of what was added, in order. A set is written 5, 5:9 or 5:7,9.
_WHERE = re.compile(rb"\[APPENDUID ([0-9]{1,10}) ([0-9:,]{1,2000})\]", re.IGNORECASE)


def loads(mails: Sequence[Addition]) -> Iterator[Sequence[Addition]]:
    """Mails in groups that one command may carry; a large one goes alone."""
    load: list[Addition] = []
    size = 0
    for mail in mails:
        if load and (len(load) == LOAD or size + len(mail.raw) > LOAD_BYTES):
            yield load
            load, size = [], 0
        load.append(mail)
        size += len(mail.raw)
    if load:
        yield load


def canonical(raw: bytes) -> bytes:
    """With CRLF line ends."""
    return raw if raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r") else _LINE_END.sub(b"\r\n", raw)


def appended(folder: str, answer: bytes, count: int) -> Sequence[Location]:
    """Where ``count`` mails stand by the server's answer to APPEND; () when it does not say, or not of all of them."""
    found = _WHERE.search(answer)
    uids = list(_uids(found[2].decode(), count)) if found else []
    return [Location(folder, int(found[1]), uid) for uid in uids] if found and len(uids) == count else ()


def _uids(numbers: str, count: int) -> Iterator[int]:
    for span in numbers.split(","):
        ends = [int(number) for number in span.split(":") if number]
        # A server's nonsense must not become a list without end.
        if not 1 <= len(ends) <= 2 or not 0 <= ends[-1] - ends[0] < count:
            return
        yield from range(ends[0], ends[-1] + 1)
