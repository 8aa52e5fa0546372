"""Composing: every mail that we file or send, built afresh from values by an allow-list.

What is written is ASCII with CRLF line ends and no line over 998 octets, so any server takes it as it is (RFC 5321
4.5.3.1.6). Words that somebody else chose can fill a mail but never shape it: each header value must be one line of
printable ASCII when it is set, bodies are quoted-printable, attachments base64.
"""

from __future__ import annotations

import re
import secrets
from binascii import b2a_qp
from collections.abc import Iterable
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy, compat32
from email.utils import format_datetime, formataddr
from functools import cache
from typing import Any

from mailhitl.draft import Attachment, Draft, sendable
from mailhitl.mail.address import is_addr_spec
from mailhitl.mail.markup import html_of
from mailhitl.mail.message import Address, Message
from mailhitl.mail.stamp import APPROVAL_HEADER, Kind, PrivateId, Stamp, header_value, read_id, write_id
from mailhitl.mail.text import flow, one_line
from mailhitl.mail.thread import reply_references

#: RFC 5322 2.1.1: the length a line should keep to, and the one it must.
_LINE = 78
_LONGEST_LINE = 998
#: RFC 2047 2.
_ENCODED_LINE = 76


def compose_filed(
    draft: Draft,
    source: Message,
    *,
    case_id: int,
    revision: int,
    key: bytes,
    sender: Address,
    now: datetime,
    blind_copy: str = "",
) -> bytes:
    """Return the draft as it is filed for review (review-protocol §2): flowed plain text and its attachments.

    It can be told by its approval header, its Message-ID, and a private id in References directly before the
    customer's, which stays last; and, where one is given, by the address of ours that gets a blind copy when somebody
    sends it by hand. Raises ValueError when a recipient is not a strict addr-spec.
    """
    mail = _letter(
        draft,
        sender=sender,
        message_id=write_id(PrivateId(Kind.DRAFT, case_id, revision), key, sender.domain),
        now=now,
    )
    private = write_id(PrivateId(Kind.MH, case_id, revision), key, sender.domain)
    references = [each for each in _ids(reply_references(source)) if not _marks_a_draft(each, key)]
    if blind_copy:
        mail["Bcc"] = _recipients([blind_copy])
    _thread(mail, _ids([source.message_id]), [*references[:-1], private, *references[-1:]])
    mail[APPROVAL_HEADER] = header_value(Stamp(case_id, revision, draft.digest), key)
    _write_text(mail, draft.text)
    _attach(mail, draft.attachments)
    return mail.as_bytes()


def compose_answer(
    draft: Draft,
    source: Message,
    *,
    message_id: str,
    sender: Address,
    now: datetime,
    automatic: bool,
    html: str | None = None,
) -> bytes:
    """Return what the customer gets (review-protocol §4): flowed text, an HTML twin of it, and the attachments.

    ``automatic`` marks an answer that no person has seen (RFC 3834 5). ``html`` is a frame rendered already; without
    it the twin is made from the words. Raises ValueError when a recipient is not a strict addr-spec.
    """
    mail = _letter(draft, sender=sender, message_id=message_id, now=now)
    _thread(mail, _ids([source.message_id]), _ids(reply_references(source)))
    if automatic:
        _mark_automatic(mail, "auto-replied")
    _write_text(mail, draft.text)
    _write_html(mail, html_of(draft.text) if html is None else html)
    _attach(mail, draft.attachments)
    return mail.as_bytes()


def compose_notice(
    *,
    sender: Address,
    to: str,
    subject: str,
    text: str,
    html: str | None,
    message_id: str,
    now: datetime,
    in_reply_to: str = "",
    reply_to: str = "",
    attached: bytes | None = None,
    automatic: bool = True,
) -> bytes:
    """Return a mail to our own people: a packet, an answer to a command, an alert.

    ``attached`` is somebody's original mail: it goes along as message/rfc822, or as a plain file when it is not fit
    for that. ``automatic`` marks it as made by a machine. Raises ValueError when ``to`` or ``reply_to`` is not a
    strict addr-spec.
    """
    mail = _start(sender=sender, to=[to], cc=[], subject=subject, message_id=message_id, now=now)
    if reply_to:
        mail["Reply-To"] = _recipients([reply_to])
    _thread(mail, _ids([in_reply_to]), _ids([in_reply_to]))
    if automatic:
        _mark_automatic(mail, "auto-generated")
    _write_text(mail, text)
    if html is not None:
        _write_html(mail, html)
    if attached is not None:
        _attach_original(mail, attached)
    return mail.as_bytes()


class WirePolicy(EmailPolicy):
    """Header values come ready for the wire and are folded at their spaces, nowhere else.

    The standard library would write an id of more than 78 characters as an encoded word, which breaks the thread
    (Outlook's are that long), and would decode an encoded word inside a value that is decoded already. MIME's own
    headers (``Content-…``) stay with it: it knows how to write long and foreign file names (RFC 2231). Those that are
    the same in every mail are ready too: taking them apart costs more than all the rest of a mail.
    """

    def header_max_count(self, name: str) -> int | None:
        return _max_count(name)

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if _is_mime(name):
            return (name, value) if _is_ready(value) else super().header_store_parse(name, value)
        if not _PRINTABLE.fullmatch(value):
            raise ValueError(f"{name} is not one line of printable ASCII: {value!r:.200}")
        return name, value

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        return value if _is_ready(value) else super().header_fetch_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        ready = not _is_mime(name) or _is_ready(value)
        return _folded(f"{name}: {value}") if ready else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii")


#: The types and encodings of our own text parts, and what holds an original mail.
_PLAIN = 'text/plain; charset="utf-8"; format="flowed"'
_HTML = 'text/html; charset="utf-8"'
_PRINTED = "quoted-printable"
_MAIL, _ORIGINAL = "message/rfc822", 'attachment; filename="original.eml"'
_OURS = "|".join(re.escape(value) for value in (_PLAIN, _HTML, _PRINTED, _MAIL, _ORIGINAL))
_READY = re.compile(rf'{_OURS}|multipart/(?:alternative|mixed)(?:; boundary="[=0-9]{{1,60}}")?')
_WIRE = WirePolicy(linesep="\r\n", cte_type="7bit")
_PRINTABLE = re.compile(r"[ -~]*")


@cache
def _max_count(name: str) -> int | None:
    """How often a header may stand in a mail. The standard library makes a class to find that out."""
    return EmailPolicy().header_max_count(name)


def _is_mime(name: str) -> bool:
    return name.lower().startswith("content-")


def _is_ready(value: Any) -> bool:
    return _READY.fullmatch(value) is not None


def _folded(line: str) -> str:
    """Fold at single spaces (RFC 5322 2.2.3); a word longer than a line stands alone on one."""
    name, *words = line.split(" ")
    lines = [f"{name} {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return "\r\n".join(lines) + "\r\n"


def _letter(draft: Draft, *, sender: Address, message_id: str, now: datetime) -> EmailMessage:
    return _start(sender=sender, to=draft.to, cc=draft.cc, subject=draft.subject, message_id=message_id, now=now)


def _start(
    *, sender: Address, to: Iterable[str], cc: Iterable[str], subject: str, message_id: str, now: datetime
) -> EmailMessage:
    mail = EmailMessage(policy=_WIRE)
    mail["From"] = _mailbox(sender)
    mail["To"] = _recipients(to)
    if copies := _recipients(cc):
        mail["Cc"] = copies
    mail["Subject"] = _words(subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    return mail


def _mailbox(address: Address) -> str:
    name, spec = one_line(address.name), _recipients([address.spec])
    phrase = _words(name)
    return formataddr((name, spec)) if phrase == name else f"{phrase} <{spec}>"


def _recipients(specs: Iterable[str]) -> str:
    """Join addr-specs. A recipient that is none must not be left out silently, nor shape the header."""
    listed = list(specs)
    if wrong := [spec for spec in listed if not is_addr_spec(spec)]:
        raise ValueError(f"not an address that mail can be sent to: {wrong[0]!r:.200}")
    return ", ".join(listed)


def _words(text: str) -> str:
    """Write free text for a header; what is not plain short words goes as encoded words (RFC 2047)."""
    line = " ".join(sendable(text).split())
    if line.isascii() and "=?" not in line and all(len(word) < _ENCODED_LINE for word in line.split()):
        return line
    return " ".join(Header(line, charset="utf-8", header_name="Subject").encode(maxlinelen=_ENCODED_LINE).split())


def _thread(mail: EmailMessage, in_reply_to: list[str], references: list[str]) -> None:
    if in_reply_to:
        mail["In-Reply-To"] = in_reply_to[0]
    if references:
        mail["References"] = " ".join(references)


def _marks_a_draft(message_id: str, key: bytes) -> bool:
    """Customers give back what mutt and aerc let out; two marks would leave unclear whose draft this is."""
    private = read_id(message_id, key)
    return private is not None and private.kind is not Kind.SENT


def _ids(message_ids: Iterable[str]) -> list[str]:
    """Keep the ids that a header can carry: somebody else's may be broken or longer than a line."""
    return [each for each in message_ids if _ID.fullmatch(each)]


_ID = re.compile(r"<[!-;=?-~]{1,900}>")


def _mark_automatic(mail: EmailMessage, how: str) -> None:
    mail["Auto-Submitted"] = how  # RFC 3834 5
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange


def _write_text(mail: EmailMessage, text: str) -> None:
    _set_text(mail, _PLAIN, flow(sendable(text)))


def _write_html(mail: EmailMessage, html: str) -> None:
    part = EmailMessage(policy=_WIRE)
    _set_text(part, _HTML, sendable(html))
    mail.make_alternative()
    _set_boundary(mail)
    mail.attach(part)


def _set_boundary(mail: EmailMessage) -> None:
    """Nobody can have guessed it, so nothing within holds it; the standard library searches the whole mail for that."""
    mail.replace_header("Content-Type", f'{mail["Content-Type"]}; boundary="={secrets.randbelow(10**40):040}="')


def _set_text(part: EmailMessage, content_type: str, text: str) -> None:
    """Make it a text part, as quoted-printable (RFC 2045 6.7)."""
    part["Content-Type"] = content_type
    part["Content-Transfer-Encoding"] = _PRINTED
    part["MIME-Version"] = "1.0"
    printed = b2a_qp(b"\n".join((*text.encode().splitlines(), b"")), istext=True)
    part.set_payload(_TOO_LONG.sub(rb"\1=\n\2", printed).decode("ascii"))


#: The standard library counts the blank that ends a line before it encodes it.
_TOO_LONG = re.compile(rb"(?m)^(.{74,})(=(?:20|09))$")


def _attach(mail: EmailMessage, attachments: Iterable[Attachment]) -> None:
    for attachment in attachments:
        maintype, subtype = _file_type(attachment.content_type)
        mail.add_attachment(
            attachment.content, maintype=maintype, subtype=subtype, cte="base64", filename=_file_name(attachment.name)
        )


def _file_type(content_type: str) -> tuple[str, str]:
    """Take the type apart; what is no simple type, or promises structure, becomes plain octets."""
    found = re.fullmatch(
        r"(application|audio|font|image|model|text|video)/([a-z0-9][a-z0-9!#$&^_.+-]{0,100})", content_type
    )
    return (found[1], found[2]) if found else ("application", "octet-stream")


def _file_name(name: str) -> str:
    # A file name is decoded when it is stored: an encoded word in it could smuggle a line break.
    return one_line(sendable(name)).replace("=?", "=_")[:200] or "attachment"


def _attach_original(mail: EmailMessage, raw: bytes) -> None:
    """Attach somebody's mail so that a client shows it. RFC 2046 5.2.1 forbids to encode message/rfc822 as a whole, so
    8-bit parts are encoded one by one; what still isn't fit to travel goes as a file, byte by byte.
    """
    unix = raw.replace(b"\r\n", b"\n")
    unix = unix if unix.isascii() else _in_seven_bits(unix)
    if not _travels(unix):
        mail.add_attachment(raw, maintype="application", subtype="octet-stream", cte="base64", filename="original.eml")
        return
    part = EmailMessage(policy=_WIRE)
    part["Content-Type"] = _MAIL
    part["Content-Disposition"] = _ORIGINAL
    part.set_payload(unix.replace(b"\n", b"\r\n").decode("ascii"))
    mail.make_mixed()
    _set_boundary(mail)
    mail.attach(part)


#: Beyond these the standard library takes too long; no ordinary mail comes near.
_MOST_BYTES, _MOST_BOUNDARIES = 2_000_000, 200


def _in_seven_bits(unix: bytes) -> bytes:
    """Return the mail with its 8-bit parts encoded (RFC 2045 6.2), or as it is where that can't be done truthfully."""
    header = unix.partition(b"\n\n")[0]
    if len(unix) > _MOST_BYTES or unix.count(b"\n--") > _MOST_BOUNDARIES or not header.isascii():
        return unix
    try:
        return message_from_bytes(unix, policy=_SEVEN_BIT).as_bytes(policy=_SEVEN_BIT)
    except (LookupError, ValueError, TypeError, AttributeError, MessageError, RecursionError):
        # A charset that nobody knows, or bytes that aren't of the one that is named.
        return unix


_SEVEN_BIT = compat32.clone(cte_type="7bit")


def _travels(unix: bytes) -> bool:
    """Whether a mail begins with a header field and has nothing that a 7-bit server would change (RFC 2045 2.7)."""
    return (
        unix.isascii()
        and b"\r" not in unix
        and b"\0" not in unix
        and _FIELD.match(unix) is not None
        and all(len(line) <= _LONGEST_LINE for line in unix.split(b"\n"))
    )


_FIELD = re.compile(rb"[!-9;-~]+:")
