"""The MIME structure of a mail as byte ranges (RFC 2045, RFC 2046): nothing is copied, decoded or opened on the way.

The standard library reads the meaning of each Content-* field; the walk over the parts is our own because the library's
builds a million parts, or recurses three hundred deep, before one can count them.
"""

from __future__ import annotations

import quopri
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as StdlibMessage
from itertools import islice

from mailhitl.mail.charset import decode
from mailhitl.mail.header import Block, base64, split, words

#: Parts read of one mail, multiparts within multiparts, and lines looked at that only look like a boundary.
PARTS = 300
DEPTH = 20
LOOKALIKES = 20_000
#: Parameters and characters read of one Content-* field; the standard library is quadratic in both.
PARAMETERS = 64
CONTENT_FIELD = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its type, what its fields say of it, and the range ``start:end`` of its still encoded body."""

    content_type: str
    charset: str
    encoding: str
    disposition: str
    name: str
    embedded: bool
    flowed: bool
    delsp: bool
    start: int
    end: int
    children: tuple[Part, ...] = ()

    def leaves(self) -> Iterator[Part]:
        """Every part that holds no others, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def body(self, raw: bytes, limit: int) -> bytes:
        """The decoded body, of which at most ``limit`` encoded bytes are read."""
        data = raw[self.start : min(self.end, self.start + limit)]
        if self.encoding == "base64":
            return base64(data)
        return quopri.decodestring(data) if self.encoding == "quoted-printable" else data

    def text(self, raw: bytes, limit: int) -> str:
        return decode(self.body(raw, limit), self.charset)

    def size(self, raw: bytes) -> int:
        """The size in bytes once decoded; for base64 reckoned, not decoded."""
        length = self.end - self.start
        if self.encoding != "base64":
            return length
        breaks = raw.count(b"\n", self.start, self.end) + raw.count(b"\r", self.start, self.end)
        padding = raw.count(b"=", max(self.start, self.end - 8), self.end)
        return max((length - breaks) * 3 // 4 - padding, 0)


class Reader:
    """Reads the parts of one mail; ``defects`` says what was left out, ``whole`` is False when parts were."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._count = 0
        self._lookalikes = 0
        self.whole = True
        self.defects: dict[str, None] = {}

    def read(self, block: Block, end: int, *, depth: int = 0, default: str = "text/plain") -> Part:
        """Return the part whose fields are ``block`` and whose body ends at ``end``, with all parts below it."""
        self._count += 1
        fields = _content_fields(block)
        content_type, said = _content_type(fields, default), _parameters(fields, "content-type")
        children: tuple[Part, ...] = ()
        if content_type.startswith("multipart/"):
            if depth < DEPTH:
                below = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
                children = self._children(said.get("boundary", ""), block.body, end, depth, below)
            else:
                self._leave_out(f"parts nested deeper than {DEPTH} were not read")
        encoding = str(fields.get("content-transfer-encoding", "")).strip().lower()
        return Part(
            content_type=content_type
            if children or not content_type.startswith("multipart/") or depth >= DEPTH
            else default,
            charset=said.get("charset", ""),
            encoding=encoding,
            disposition=(fields.get_content_disposition() or "").strip(),
            name=_parameters(fields, "content-disposition").get("filename") or said.get("name", ""),
            embedded="content-id" in fields,
            flowed=said.get("format", "").lower() == "flowed",
            delsp=said.get("delsp", "").lower() == "yes",
            start=block.body,
            end=end,
            children=children,
        )

    def _children(self, boundary: str, start: int, end: int, depth: int, default: str) -> tuple[Part, ...]:
        children: list[Part] = []
        mark = boundary.encode("utf-8", "replace")
        for first, last in self._between(b"--" + mark, start, end) if mark else ():
            if self._count >= PARTS:
                self._leave_out(f"more than {PARTS} parts: the rest was not read")
                break
            block = split(self._raw, first, last)
            self.defects.update(dict.fromkeys(block.defects))
            self.whole = self.whole and block.whole
            children.append(self.read(block, last, depth=depth + 1, default=default))
        if not children:
            self.defects["multipart without its boundary: read as one part"] = None
        return tuple(children)

    def _between(self, delimiter: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges between the delimiter lines; a missing last one is forgiven."""
        begun = -1
        for line, after, closing in self._delimiters(delimiter, start, end):
            if begun >= 0:
                yield begun, max(begun, line)
            begun = after
            if closing:
                return
        if begun >= 0:
            self.defects["the last boundary is missing"] = None
            yield begun, end

    def _delimiters(self, delimiter: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Yield (end of what is before, begin of what is after, closing) of every delimiter line (RFC 2046 5.1.1)."""
        raw = self._raw
        found = raw.find(delimiter, start, end)
        while found >= 0:
            after = raw.find(b"\n", found, end) + 1 or end
            rest = raw[found + len(delimiter) : min(after, found + len(delimiter) + 80)].strip()
            if (found == start or raw[found - 1] == 0x0A) and rest in {b"", b"--"}:
                # The line break before the delimiter belongs to it.
                yield found - 1 - (raw[found - 2 : found] == b"\r\n"), after, rest == b"--"
            else:
                self._lookalikes += 1
            if self._lookalikes > LOOKALIKES:
                self._leave_out("too many lines that look like a boundary: the rest was not read")
                return
            found = raw.find(delimiter, after, end)

    def _leave_out(self, what: str) -> None:
        self.defects[what] = None
        self.whole = False


def _content_fields(block: Block) -> StdlibMessage:
    """The part's Content-* fields, each bounded, as the standard library's message without a body."""
    fields = StdlibMessage()
    for field in block.fields:
        # Folding may leave tabs (mutt's boundary parameter stands behind one).
        value = field.value.replace("\t", " ")
        if field.name.startswith("content-") and field.name not in fields and value.isprintable():
            pieces = islice(value[:CONTENT_FIELD].split(";"), PARAMETERS)
            fields[field.name] = ";".join(pieces)
    return fields


def _content_type(fields: StdlibMessage, default: str) -> str:
    return fields.get_content_type() if "content-type" in fields else default


def _parameters(fields: StdlibMessage, header: str) -> dict[str, str]:
    """The parameters of a field by their names in lower case, decoded (RFC 2231, and the encoded-words that clients use
    instead). The first of a name counts."""
    try:
        found = fields.get_params([], header=header)
    except (ValueError, TypeError, IndexError, KeyError, AssertionError):
        # What email.utils.decode_params makes of broken continuations.
        return {}
    return {name.lower(): _decoded(value) for name, value in reversed(found)}


def _decoded(value: str | tuple[str | None, str | None, str]) -> str:
    if isinstance(value, tuple):
        charset, _, text = value
        return decode(text.encode("latin-1", "replace"), charset or "")
    return words(value or "").strip()
