"""A header block as fields: cut to a bounded size before anything else looks at them (RFC 5322 2.2, RFC 2047)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailhitl.mail.charset import decode
from mailhitl.mail.text import one_line

#: Bytes kept of one field. Ordinary ones stay below 4 KB.
FIELD = 16 * 1024
#: Bytes kept of a whole block, and fields read of it. Ordinary mails have 15 to 80.
BLOCK = 256 * 1024
FIELDS = 1000

#: Servers write these for servers. RFC 2047 5 allows no encoded-words in them, and decoding one would let a sender
#: write results of his own into ours (``smtp.mailfrom==?utf-8?q?x=3B_dmarc=3Dpass?=@…``).
TRACE = frozenset(
    {"authentication-results", "arc-authentication-results", "received", "received-spf", "dkim-signature"}
)

#: Obsolete syntax allows blanks before the colon (RFC 5322 4.5); ``spaced`` tells, because others may not see them.
_FIELD = re.compile(rb"([!-9;-~]*)([ \t]*):")
_FIELD_END = re.compile(rb"\n(?![ \t])")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
#: Every quantifier is bounded and no two overlap: the time is linear whatever comes.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,4000})\?=")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``name`` in lower case, ``value`` unfolded but with encoded-words and control characters still in."""

    name: str
    value: str
    spaced: bool = False

    @property
    def text(self) -> str:
        """The value as a reader sees it: decoded, one line, no control characters."""
        return one_line(self.value if self.name in TRACE else words(self.value), FIELD)


@dataclass(frozen=True, slots=True)
class Block:
    """A header block: its fields topmost first, the offset where the body begins, and what was wrong with it.

    ``whole`` is False when fields were left out.
    """

    fields: tuple[Field, ...]
    body: int
    defects: tuple[str, ...] = ()
    whole: bool = True

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(field.value for field in self.fields if field.name == name)

    def value(self, name: str) -> str:
        """The first value of this field, "" when there is none."""
        return next((field.value for field in self.fields if field.name == name), "")


def with_line_feeds(raw: bytes) -> bytes:
    """Mails of bare carriage returns exist; in all others a bare one is no line end (it would forge headers)."""
    return raw if b"\n" in raw[:4096] or b"\r" not in raw[:4096] else raw.replace(b"\r", b"\n")


def split(raw: bytes, start: int = 0, end: int | None = None) -> Block:
    """Split the header block that begins at ``start`` into fields. Never raises.

    The block ends at the first empty line, or, as Postfix and the standard library have it, before the first line that
    is no field.
    """
    stop = len(raw) if end is None else end
    fields: list[Field] = []
    defects: dict[str, None] = {}
    kept = 0
    position = start
    for first, last in _ranges(raw, start, stop):
        position = last
        match = _FIELD.match(raw, first, last)
        if match is None:
            if first == start and _no_field_yet(raw[first : min(last, first + FIELD)]):
                continue
            return Block(tuple(fields), first, (*defects, "no empty line between header and body"))
        if len(fields) >= FIELDS or kept >= BLOCK:
            defects["header too large: some fields were not read"] = None
            return Block(tuple(fields), _body(raw, last, stop), tuple(defects), whole=False)
        field = _field(raw, match, last)
        kept += len(field.value)
        if last - match.end() > FIELD:
            defects[f"header {field.name[:40]} cut at {FIELD // 1024} KB"] = None
        if field.name:
            fields.append(field)
    return Block(tuple(fields), _after_empty_line(raw, position, stop), tuple(defects))


def _no_field_yet(line: bytes) -> bool:
    """What stands above the first field in mail that went through a file: mbox's "From " line, or blanks."""
    return line.startswith((b"From ", b">From ")) or not line.strip()


def _ranges(raw: bytes, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of every field, its folded lines included, up to the empty line."""
    while start < stop and not raw.startswith((b"\n", b"\r\n"), start):
        match = _FIELD_END.search(raw, start, stop)
        end = match.end() if match else stop
        yield start, end
        start = end


def _body(raw: bytes, start: int, stop: int) -> int:
    """Where the body begins when the rest of the header is not read."""
    ends = [
        raw.find(mark, start, stop) + len(mark) for mark in (b"\n\n", b"\n\r\n") if raw.find(mark, start, stop) >= 0
    ]
    return min(ends, default=stop)


def _after_empty_line(raw: bytes, position: int, stop: int) -> int:
    for mark in (b"\r\n", b"\n"):
        if raw.startswith(mark, position):
            return position + len(mark)
    return stop


def _field(raw: bytes, match: re.Match[bytes], last: int) -> Field:
    """Cut out of the middle: of References both ends matter, the thread's first mail and the one that is answered."""
    data = (
        raw[match.end() : last]
        if last - match.end() <= FIELD
        else (raw[match.end() : match.end() + FIELD // 2] + b" " + raw[last - FIELD // 2 : last])
    )
    value = _FOLD.sub("", decode(data)).strip(" \t\r\n")
    return Field(match[1].decode("ascii").lower(), value, spaced=bool(match[2]))


def words(value: str) -> str:
    """Decode encoded-words (RFC 2047); what cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    out: list[str] = []
    pending: tuple[str, bytes] | None = None
    position = 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        charset, data = match[1].partition("*")[0].lower(), _decoded(match[2], match[3])
        if pending and (between.strip() or pending[0] != charset):
            out.append(decode(pending[1], pending[0]))
            pending = None
        if between.strip() or not position:
            out.append(between)
        # A character may be split over two words of one charset: join the bytes first.
        pending = (charset, (pending[1] if pending else b"") + data)
        position = match.end()
    if pending:
        out.append(decode(pending[1], pending[0]))
    return "".join(out) + value[position:]


def _decoded(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    return base64(data)


def base64(data: bytes) -> bytes:
    """Decode base64 as far as it goes: missing padding and foreign characters are passed over. Never raises."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        # One letter over is six bits of nothing.
        letters = letters[:-1] if len(letters) % 4 == 1 else letters
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
