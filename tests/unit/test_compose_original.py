"""The customer's mail goes along with a packet, so that a client shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailhitl.mail.compose import compose_notice
from mailhitl.mail.message import Address
from mailhitl.mail.parse import parse

UTF_8 = (
    b"From: Carla <carla@customer.test>\r\nSubject: Hello\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\n"
)
UNKNOWN = UTF_8.replace(b"charset=utf-8", b"charset=klingon")


def attached(original: bytes) -> EmailMessage:
    raw = compose_notice(
        sender=Address("Support", "support@example.com"),
        to="anna@example.com",
        subject="[Review]",
        text="Look.",
        html=None,
        message_id="<p@example.com>",
        now=datetime(2026, 11, 16, tzinfo=UTC),
        attached=original,
    )
    assert raw.isascii()
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    [part] = mail.iter_attachments()
    assert isinstance(part, EmailMessage)
    return part


def test_an_eight_bit_mail_is_shown_as_a_mail_with_its_words() -> None:
    part = attached(UTF_8)
    assert part.get_content_type() == "message/rfc822"
    inner = part.get_content()
    assert parse(inner.as_bytes()).text.strip() == "Grüße aus Köln"


@pytest.mark.parametrize(
    "original", [UNKNOWN, b"no header at all \xff\xfe", UTF_8.replace(b"Hello", b"Gr\xc3\xbc\xc3\x9fe")]
)
def test_what_cannot_be_encoded_truthfully_goes_byte_by_byte(original: bytes) -> None:
    part = attached(original)
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content() == original
