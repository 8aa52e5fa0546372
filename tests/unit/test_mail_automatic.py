"""What no machine may answer (checklist 25), and that people are not mistaken for machines."""

from __future__ import annotations

import pytest

from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.parse import parse

OWN = frozenset({"support@example.com"})
PERSON = "From: Ann <ann@example.org>\r\nTo: support@example.com\r\n"

AUTOMATIC = [
    "Auto-Submitted: auto-replied",
    "AUTO-SUBMITTED: Auto-Generated; owner-email=x",
    "auto-submitted: auto-notified",
    "X-Auto-Response-Suppress: DR, OOF, AutoReply",
    "X-Auto-Response-Suppress: All",
    "X-Autoreply: yes",
    "X-Autorespond: hello",
    "List-Id: Talk <talk.example.net>",
    "List-Unsubscribe: <https://news.example.net/u>",
    "Precedence: bulk",
    "Precedence: Junk",
    "Precedence: list",
    "Return-Path: <>",
    "Content-Type: multipart/report; report-type=delivery-status",
    "Content-Type: multipart/report; report-type=disposition-notification",
    "X-Failed-Recipients: bob@example.net",
    "X-Spam-Flag: YES",
    "X-Loop: support@example.com",
    "Content-Type: text/calendar; method=REQUEST",
    "Subject: Automatic reply: your ticket",
    "Subject: Out of Office: your ticket",
    "Subject: Abwesenheitsnotiz: Ihr Ticket",
    "Subject: Réponse automatique : votre ticket",
    "Subject: Respuesta automática: su caso",
    "Subject: 自动回复: hello",
    "Subject: Undelivered Mail Returned to Sender",
    "Subject: Delivery Status Notification (Failure)",
]


@pytest.mark.parametrize("line", AUTOMATIC)
def test_a_mark_of_a_machine_is_seen(line: str) -> None:
    assert why_automatic(parse(f"{PERSON}{line}\r\n\r\nhello".encode()), own=OWN)


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@example.org",
        "Mail Delivery System <x@example.org>",
        "postmaster@example.org",
        "no-reply@shop.example",
        "DoNotReply@shop.example",
        "noreply-orders@shop.example",
        "bounce+42=x@lists.example",
        "Us <support@example.com>",
        "us <SUPPORT+case@example.com>",
    ],
)
def test_a_machine_or_we_ourselves_are_no_customer(sender: str) -> None:
    assert why_automatic(parse(f"From: {sender}\r\nSubject: hi\r\n\r\nhello".encode()), own=OWN)


def test_an_invitation_is_told_from_an_attached_calendar() -> None:
    def mail(part: str) -> bytes:
        text = "--b\r\nContent-Type: text/plain\r\n\r\nSee you?\r\n"
        head = f"{PERSON}Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        return f"{head}{text}--b\r\n{part}\r\n\r\nx\r\n--b--\r\n".encode()

    assert why_automatic(parse(mail("Content-Type: text/calendar; method=REQUEST")), own=OWN)
    assert why_automatic(parse(mail("Content-Type: text/calendar; name=trip.ics")), own=OWN) is None


PEOPLE = [
    "Auto-Submitted: no",
    "AUTO-SUBMITTED: No",
    "X-Auto-Response-Suppress: DR, RN, NRN",
    "Precedence: normal",
    "Return-Path: <ann@example.org>",
    "X-Spam-Flag: NO",
    "X-Loop: somebody@example.net",
    "List-Id: <support.example.com>\r\nPrecedence: list",
    "List-Unsubscribe: <mailto:u@crm.example>\r\nIn-Reply-To: <1@example.com>",
    "Subject: Delivery failure of order 42",
    "Subject: Undelivered parcel",
    "Subject: Out of office hours: can I still call?",
    "Subject: Automatic door does not open",
    "Subject: Read this please",
    "Subject: Re: Undelivered Mail Returned to Sender, what does it mean?",
    "Subject: Virus alert on your website",
]


@pytest.mark.parametrize("line", PEOPLE)
def test_people_are_not_taken_for_machines(line: str) -> None:
    body = "I got an out of office reply, undeliverable mail, and mailer-daemon says no. Do not reply to Bob."
    assert why_automatic(parse(f"{PERSON}{line}\r\n\r\n{body}".encode()), own=OWN) is None
