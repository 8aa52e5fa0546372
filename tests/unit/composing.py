"""Mails composed for the tests of composing, and how they are read back."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from mailhitl.draft import Attachment, Draft
from mailhitl.mail.compose import compose_answer, compose_filed, compose_notice
from mailhitl.mail.message import Address, Message

KEY = bytes(range(32))
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SENDER = Address("Example Support", "support@example.com")
SOURCE = Message(message_id="<q@customer.example>", references=("<root@customer.example>",))
#: Checklist 41.
BREAKERS = ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00"]


def a_draft(
    text: str = "Dear Carla,\n\nit is on its way.\n",
    subject: str = "Re: My order",
    to: tuple[str, ...] = ("carla@customer.example",),
    cc: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> Draft:
    return Draft(to=to, cc=cc, subject=subject, text=text, author="drafter:template", attachments=attachments)


def filed(draft: Draft, source: Message = SOURCE) -> bytes:
    return compose_filed(draft, source, case_id=12, revision=3, key=KEY, sender=SENDER, now=NOW)


def answer(draft: Draft, source: Message = SOURCE, *, automatic: bool = False, html: str | None = None) -> bytes:
    return compose_answer(
        draft, source, message_id="<sent.12.3@example.com>", sender=SENDER, now=NOW, automatic=automatic, html=html
    )


def notice(**changed: object) -> bytes:
    fields: dict[str, object] = {
        "sender": SENDER,
        "to": "anna@example.com",
        "subject": "[Review] Money: My order",
        "text": "Case 12",
        "html": None,
        "message_id": "<packet.12.3@example.com>",
        "now": NOW,
    }
    return compose_notice(**{**fields, **changed})  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def html_part(raw: bytes) -> str:
    part = read(raw).get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def header_names(raw: bytes) -> list[str]:
    return read(raw).keys()


def assert_any_server_takes(raw: bytes) -> None:
    assert raw.isascii()
    assert b"\0" not in raw
    assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in raw.split(b"\r\n"))
