"""The inbound message, parsed once, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header. ``spec`` is a strict ASCII addr-spec (RFC 5322 3.4.1), "" when it is none."""

    name: str
    spec: str

    @property
    def key(self) -> str:
        """What two addresses are compared by."""
        return self.spec.lower()

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """An attachment as seen from outside; it is never opened. ``name`` is neutralised, ``size`` is in bytes."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Message:
    """An inbound mail. What is missing is empty, never an error.

    ``senders`` are all mailboxes of all From headers (a well-formed mail has one). ``text`` is the visible text (HTML
    converted when there is no plain part), ``new_text`` the same with quotes and signature cut, ``hidden`` what an HTML
    part hides from the reader's eye. ``headers`` are (lower-case name, decoded value without control characters), each
    capped. ``in_reply_to`` and ``references`` are ids with angle brackets. ``readable`` is False for a mail that is too
    broken or too large to parse: then only the headers that could be read are filled. ``truncated``: the body is longer
    than what was fetched. ``size`` is in bytes, of the whole mail. ``encrypted``: its words can be read only in a mail
    client, and here it has none. ``signed``: by PGP or S/MIME around words that can be read; nobody has checked it.
    """

    message_id: str = ""
    senders: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    text: str = field(default="", repr=False)
    new_text: str = field(default="", repr=False)
    hidden: tuple[str, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    attachments: tuple[AttachmentInfo, ...] = ()
    defects: tuple[str, ...] = ()
    size: int = 0
    truncated: bool = False
    readable: bool = True
    encrypted: bool = False
    signed: bool = False

    @property
    def sender(self) -> Address:
        """The one author; ``Address("", "")`` when there is none, or more than one."""
        return self.senders[0] if len(self.senders) == 1 else Address("", "")

    def header(self, name: str) -> str:
        """The first value of this header, "" when there is none."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of this header, topmost first."""
        return tuple(value for key, value in self.headers if key == name.lower())
