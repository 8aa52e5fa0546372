"""Inbound mail as a ``Message``, whatever came: bounded in time and memory, and never an exception."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailhitl.mail import html
from mailhitl.mail.address import addresses, is_group
from mailhitl.mail.header import Block, split, with_line_feeds
from mailhitl.mail.message import Address, AttachmentInfo, Message
from mailhitl.mail.parts import Part, Reader
from mailhitl.mail.text import new_words, one_line, plain, tagged, unflow

#: Encoded bytes of text that are read of one mail, all its text parts together.
TEXT = 1024 * 1024
SUBJECT = 1000
FILE_NAME = 150
IDENTIFIERS = 500

_IDENTIFIER = re.compile(r"<[!-;=?-~]{1,900}>")
_UNSAFE_NAME = re.compile(r'[/\\:*?"<>|]')
#: PGP written into the text itself; what a sender's program made of HTML may go on behind it. Never over a line's end:
#: a mail of empty lines would take the square of its length.
_PGP = re.compile(r"(?m)^[^\S\n]*-----BEGIN PGP MESSAGE-----")
_PGP_SIGNED = re.compile(r"(?m)^[^\S\n]*-----BEGIN PGP SIGNED MESSAGE-----")
#: What makes a From name nobody (RFC 6854 allows a group in it, but a group signs nothing).
ODD_FROM: dict[str, Callable[[Block], bool]] = {
    "blank before the colon of From": lambda block: any(f.spaced for f in block.fields if f.name == "from"),
    "a group in From": lambda block: any(map(is_group, block.values("from"))),
}
#: Multiparts whose first part is the text and whose others only serve it.
_FIRST_COUNTS = frozenset({"multipart/related", "multipart/signed", "multipart/report"})
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
#: Words that only a mail client with the right keys shows (RFC 3156, RFC 8551); of S/MIME this holds for a signature
#: around the words too. Exchange makes an ordinary multipart of PGP's own and leaves the part that tells the version.
_SEALED = frozenset(
    {"multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)


def parse(raw: bytes, *, size: int | None = None) -> Message:
    """Parse a mail. ``size`` is that of the whole mail in bytes when ``raw`` is only its beginning. Never raises.

    What is too large or too broken to be read safely is left out and named in ``defects``; when whole parts or header
    fields are left out, ``readable`` is False and a person has to look at the original.
    """
    raw = with_line_feeds(raw)
    block = split(raw)
    whole = len(raw) if size is None else size
    message = replace(_envelope(block), size=whole, truncated=whole > len(raw))
    try:
        return _with_body(message, raw, block)
    except Exception as error:  # noqa: BLE001  # the libraries below raise nearly anything on hostile input
        return replace(message, readable=False, defects=(*message.defects, f"unreadable body: {type(error).__name__}"))


def parse_header(header: bytes) -> Message:
    """Parse a header block on its own: what only a body could tell stays empty. Never raises."""
    return _envelope(split(with_line_feeds(header)))


def _envelope(block: Block) -> Message:
    references = _identifiers(block.values("references"))
    defects = list(block.defects)
    senders = tuple(sender for value in block.values("from") for sender in addresses([value]))
    # Some readers see such a From, others do not: it names nobody.
    odd = [what for what, is_so in ODD_FROM.items() if is_so(block)]
    if odd:
        defects += odd
        senders = tuple(Address(sender.name, "") for sender in senders)
    if len(block.values("from")) > 1:
        defects.append("several From headers")
    return Message(
        message_id=next(iter(_identifiers(block.values("message-id"))), ""),
        senders=senders,
        reply_to=addresses(block.values("reply-to")),
        to=addresses(block.values("to")),
        cc=addresses(block.values("cc")),
        subject=one_line(next((field.text for field in block.fields if field.name == "subject"), ""), SUBJECT),
        date=_date(block.value("date")),
        in_reply_to=_identifiers(block.values("in-reply-to")),
        references=references,
        headers=tuple((field.name, field.text) for field in block.fields),
        defects=tuple(defects),
        readable=block.whole,
    )


def _identifiers(values: tuple[str, ...]) -> tuple[str, ...]:
    """The ids in these values, each once; of very many the first and the last."""
    found = tuple(dict.fromkeys(_IDENTIFIER.findall(" ".join(values))))
    return found if len(found) <= IDENTIFIERS else found[: IDENTIFIERS // 2] + found[-IDENTIFIERS // 2 :]


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value[:200])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(slots=True)
class _Words:
    """What the text parts say, gathered under one budget of bytes."""

    raw: bytes
    left: int = TEXT
    text: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    cut: bool = False

    def read(self, part: Part) -> str:
        source = part.text(self.raw, self.left)
        self.cut = self.cut or part.end - part.start > self.left
        self.left = max(self.left - (part.end - part.start), 0)
        return source


def _with_body(message: Message, raw: bytes, block: Block) -> Message:
    reader = Reader(raw)
    root = reader.read(block, len(raw))
    told = _Words(raw)
    shown = list(_shown(root, told))
    text = "\n\n".join(piece for piece in told.text if piece.strip())
    defects = [*message.defects, *(defect for defect in reader.defects if defect not in message.defects)]
    if told.cut:
        defects.append("text too long: only its beginning was read")
    if message.truncated and "the last boundary is missing" in defects:
        defects.remove("the last boundary is missing")
    encrypted = _encrypted(root, text)
    return replace(
        message,
        # What nobody can read here is nobody's words: it is not quoted, shown, learned from or given to a model.
        text="" if encrypted else text,
        new_text="" if encrypted else new_words(text),
        hidden=() if encrypted else tuple(told.hidden),
        attachments=tuple(_attachment(part, raw) for part in root.leaves() if _attached(part, shown)),
        defects=tuple(defects),
        readable=message.readable and reader.whole,
        encrypted=encrypted,
        signed=_holds(root, "multipart/signed") or _PGP_SIGNED.search(text) is not None,
    )


def _shown(part: Part, told: _Words) -> Iterator[Part]:
    """Read the parts that make up the visible text into ``told``; yield every part that is no file of its own."""
    if part.content_type == "multipart/alternative":
        yield from _best(part, told)
    elif part.content_type in _FIRST_COUNTS:
        yield from _shown(part.children[0], told)
        yield from (child for child in part.children[1:] if _of_the_first(child))
    elif part.children:
        for child in part.children:
            yield from _shown(child, told)
    elif _is_text(part):
        yield part
        if part.content_type == "text/html":
            _read_html(part, told)
        else:
            _read_plain(part, told)


def _best(part: Part, told: _Words) -> Iterator[Part]:
    """Of alternatives take the plain text where it says something, else the HTML; hidden text is looked for in both."""
    begin = len(told.text)
    for child in part.children:
        before = len(told.text)
        yield from _shown(child, told)
        if any(piece.strip() for piece in told.text[begin:before]):
            del told.text[before:]
        if child.content_type.startswith("text/x-"):
            yield child


def _read_plain(part: Part, told: _Words) -> None:
    source = told.read(part)
    told.hidden.extend(tagged(source))
    text = plain(source)
    told.text.append((unflow(text, delsp=part.delsp) if part.flowed else text).strip("\n"))


def _read_html(part: Part, told: _Words) -> None:
    source = told.read(part)
    told.cut = told.cut or len(source) > html.INPUT
    text, hidden = html.read(source)
    told.text.append(text)
    told.hidden.extend(hidden)


def _is_text(part: Part) -> bool:
    """A named text part is a file, unless the sender wants it shown."""
    if part.content_type not in {"text/plain", "text/html"} or part.disposition == "attachment":
        return False
    return not part.name or part.disposition == "inline"


def _of_the_first(part: Part) -> bool:
    """Pictures an HTML part shows, and signatures: no reader would call them attachments."""
    if part.content_type in _SIGNATURES:
        return True
    return part.content_type.startswith("image/") and part.embedded and part.disposition != "attachment"


def _attached(part: Part, shown: list[Part]) -> bool:
    return all(part is not other for other in shown)


def _attachment(part: Part, raw: bytes) -> AttachmentInfo:
    return AttachmentInfo(_file_name(part.name), one_line(part.content_type, 100), part.size(raw))


def _file_name(name: str) -> str:
    """The last component of ``name``, without what a file system or a reader's eye could trip over."""
    last = re.split(r"[/\\]", name)[-1] if name else ""
    clean = _UNSAFE_NAME.sub("_", one_line(last, 1000)).strip(". ")
    if len(clean) <= FILE_NAME:
        return clean
    stem, dot, ending = clean.rpartition(".")
    return f"{stem[: FILE_NAME - 20]}{dot}{ending[:19]}" if dot else clean[:FILE_NAME]


def _encrypted(root: Part, text: str) -> bool:
    envelopes = (part.name.lower().endswith(".p7m") for part in root.leaves())
    return _holds(root, *_SEALED) or any(envelopes) or _PGP.search(text) is not None


def _holds(part: Part, *types: str) -> bool:
    return part.content_type in types or any(_holds(child, *types) for child in part.children)
