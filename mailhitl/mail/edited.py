"""Edited drafts: what a mail client saved, read back as a draft.

Clients keep different things (review-protocol §3, §4): some save only text, some only HTML, some leave a stale twin
beside the part that was edited. Recipients, subject, words and attachments are read; every other header is the
client's own business.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailhitl.draft import Attachment, Draft, fold, sendable
from mailhitl.mail import header
from mailhitl.mail.address import addresses
from mailhitl.mail.html import to_text
from mailhitl.mail.parts import Part, Reader
from mailhitl.mail.text import one_line, unflow

#: Why an edited draft cannot be taken as it is, in words for the reviewer.
BOTH_CHANGED = (
    "The plain text and the HTML of this draft say different things, and neither is what was filed: "
    "nobody can tell which one is meant."
)
NO_ADDRESS = "One recipient is not an address that mail can be sent to: {}"
NOT_WHOLE = "This draft has so many parts or headers that it cannot be read completely."

#: Stands behind a recipient that is no strict addr-spec: such a draft differs from any other and cannot be sent.
_NO_ADDRESS = "<?>"
_FILE_NAME = 150


@dataclass(frozen=True, slots=True)
class EditedDraft:
    """A draft as it was found.

    ``bcc`` are the blind copies it names. ``conflict`` says why it cannot be taken as it is, "" when it can.
    """

    draft: Draft
    bcc: tuple[str, ...] = ()
    conflict: str = ""


def draft_of(raw: bytes) -> Draft:
    """Read a mail as a draft: its plain text, or its HTML where there is none. ``author`` and ``language`` are "".

    A recipient that is no strict addr-spec becomes ``name <?>``: it counts as a change and is never sent to.
    """
    saved = _Saved.of(raw)
    return saved.draft(saved.text or saved.html)


def read_edited(raw: bytes, filed: Draft) -> EditedDraft:
    """Read what a client made of ``filed``. Where it saved text and HTML, the one that differs from it is meant."""
    saved = _Saved.of(raw)
    text, conflict = saved.meant(filed.text)
    draft = saved.draft(text)
    for recipient in draft.recipients:
        if recipient.endswith(_NO_ADDRESS):
            conflict = NO_ADDRESS.format(recipient.removesuffix(_NO_ADDRESS))
    return EditedDraft(draft, _recipients(saved.block, "bcc"), conflict if saved.whole else NOT_WHOLE)


@dataclass(frozen=True, slots=True)
class _Saved:
    """A mail taken apart. ``html`` is its HTML read as text; what is blank or not there is ""."""

    block: header.Block
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    whole: bool

    @classmethod
    def of(cls, raw: bytes) -> _Saved:
        raw = raw.replace(b"\r\n", b"\n")
        block = header.split(raw)
        reader = Reader(raw)
        leaves = list(reader.read(block, len(raw)).leaves())
        texts = [_text(part, raw) for part in leaves if _is_words(part, "text/plain")]
        htmls = [to_text(part.text(raw, len(raw))) for part in leaves if _is_words(part, "text/html")]
        files = (part for part in leaves if not _is_words(part, "text/plain", "text/html"))
        return cls(
            block,
            _joined(texts),
            _joined(htmls),
            tuple(Attachment(_file_name(part.name), part.content_type, part.body(raw, len(raw))) for part in files),
            block.whole and reader.whole,
        )

    def draft(self, text: str) -> Draft:
        return Draft(
            to=_recipients(self.block, "to"),
            cc=_recipients(self.block, "cc"),
            subject=" ".join(sendable(header.words(self.block.value("subject"))).split()),
            text=sendable(text),
            author="",
            attachments=self.attachments,
        )

    def meant(self, filed: str) -> tuple[str, str]:
        """The words that were meant, and what speaks against taking them."""
        if not (self.text and self.html):
            return self.text or self.html, ""
        before, text, html = (_letters(words) for words in (filed, self.text, self.html))
        if text == before and (html != before or fold(self.text) == fold(filed)):
            return self.html, ""
        return self.text, "" if html in (before, text) else BOTH_CHANGED


def _joined(texts: list[str]) -> str:
    return "\n".join(texts) if any(text.strip() for text in texts) else ""


def _letters(text: str) -> str:
    """Bare letters and digits: the text twin that a client makes of its HTML has marks of its own (``*bold*``)."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _text(part: Part, raw: bytes) -> str:
    text = part.text(raw, len(raw))
    return unflow(text, delsp=part.delsp) if part.flowed else text


def _is_words(part: Part, *types: str) -> bool:
    """Whether a part is of these types and belongs to the letter itself, as opposed to a file beside it."""
    return part.content_type in types and part.disposition != "attachment" and not part.name


def _recipients(block: header.Block, name: str) -> tuple[str, ...]:
    return tuple(each.spec or f"{each.name} {_NO_ADDRESS}".strip() for each in addresses(block.values(name)))


def _file_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return one_line(last, _FILE_NAME).strip(". ") or "attachment"
