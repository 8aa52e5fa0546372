"""A draft: the answer we propose, and what it rests on."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field

#: Before the drafter's name in ``Draft.author``.
DRAFTED = "drafter:"


#: How a line of evidence begins that names a passage of the team's knowledge, tells of this customer, says which
#: sentence rests on what, marks what no source says, or asks the reviewer back.
KNOWLEDGE, CUSTOMER, RESTS = "knowledge ", "this customer: ", "sentence "
DOUBT, QUESTION = "no source says: ", "the model asks: "


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that leaves with the draft. ``name`` is already neutralised (no path, no control character)."""

    name: str
    content_type: str
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed answer. The digest binds an approval to these very words, recipients and attachments.

    ``to`` and ``cc`` are bare addr-specs (``ann@example.org``). ``text`` is all that the customer will read, the quoted
    mail below the answer included. ``author`` is ``drafter:<name>`` or the reviewer whose edit this revision is.
    ``complete`` is False for a skeleton, which a person must turn into an answer: it cannot be approved as it stands.
    ``template`` names the template it came from, "" when there is none.
    """

    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    author: str
    template: str = ""
    language: str = ""
    evidence: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    complete: bool = True
    _digest: str = field(default="", init=False, repr=False, compare=False)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address that gets the mail, each once, in order."""
        return tuple(dict.fromkeys((*self.to, *self.cc)))

    @property
    def digest(self) -> str:
        """Identify the words, not a mail client's line wrapping, quoting depth marks or normal form."""
        if not self._digest:
            # Reckoned once: every look at the folders compares it.
            object.__setattr__(self, "_digest", self._reckon())
        return self._digest

    def _reckon(self) -> str:
        parts = (
            " ".join(sorted({address.lower() for address in self.to})),
            " ".join(sorted({address.lower() for address in self.cc})),
            # One line, as every mail writes it: behind a line break, ">" would be a quote mark.
            fold(" ".join(sendable(self.subject).split())),
            fold(self.text),
            " ".join(sorted(attachment.digest for attachment in self.attachments)),
        )
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


#: Control characters that are no line break to ``splitlines``; the tab is a letter's own.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def sendable(text: str) -> str:
    """Return ``text`` as every mail can carry it.

    Any kind of line break is a newline, other control characters are spaces, lone surrogates replacement characters,
    and a byte order mark, which decoders swallow, is gone.
    """
    lines = "\n".join(text.replace("\ufeff", "").splitlines())
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", lines))


def fold(text: str) -> str:
    """Return ``text`` as bare words: NFC, white space folded, quote marks at line starts dropped.

    Clients rewrap quoted lines, which moves ``>`` marks between lines (measured in Claws and Alpine): the marks say
    nothing that the words do not.
    """
    if text.isascii() and text.isprintable():
        # One plain line, as most that are asked about: the same, in a fifth of the time.
        return " ".join(text.lstrip("> ").split())
    lines = (line.lstrip("> \t\xa0") for line in unicodedata.normalize("NFC", sendable(text)).split("\n"))
    return " ".join(" ".join(lines).split())
