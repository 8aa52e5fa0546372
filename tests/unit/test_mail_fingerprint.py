"""One mail, however it travelled; another mail, whatever its Message-ID says (checklist 8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailhitl.mail.fingerprint import fingerprint
from mailhitl.mail.parse import parse

MAIL = (
    b"Received: from a by b; Mon, 5 Jan 2026 10:00:00 +0100\r\nDelivered-To: support@example.com\r\n"
    b"From: Ann <ann@example.org>\r\nTo: support@example.com\r\nSubject: A rather long subject that some relay\r\n"
    b" folded\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n\r\nAnn\r\n"
)


def of(raw: bytes) -> str:
    return fingerprint(parse(raw), raw)


SAME = {
    "delivered by another alias": MAIL.replace(b"Delivered-To: support@", b"Delivered-To: help@"),
    "another trace": b"Received: from c by d\r\nX-Spam-Status: No\r\nAuthentication-Results: mx; dkim=pass\r\n" + MAIL,
    "bare line feeds": MAIL.replace(b"\r\n", b"\n"),
    "folded elsewhere": MAIL.replace(b"relay\r\n folded", b"relay folded"),
    "an empty line more at the end": MAIL + b"\r\n",
    "returned with flags of a client": b"X-Mozilla-Status: 0001\r\nStatus: RO\r\n" + MAIL,
}
OTHER = {
    "another text": MAIL.replace(b"Hello", b"Hullo"),
    "another subject": MAIL.replace(b"rather", b"very"),
    "another sender": MAIL.replace(b"ann@", b"amy@"),
    "another recipient": MAIL.replace(b"To: support@example.com\r\nS", b"To: sales@example.com\r\nS"),
    "another date": MAIL.replace(b"Date: Mon, 5", b"Date: Mon, 6"),
    "another id": MAIL.replace(b"<1@", b"<2@"),
    "no id": MAIL.replace(b"Message-ID: <1@example.org>\r\n", b""),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_mail_has_the_same_fingerprint(name: str) -> None:
    assert of(SAME[name]) == of(MAIL)


@pytest.mark.parametrize("name", OTHER)
def test_another_mail_has_another_fingerprint(name: str) -> None:
    assert of(OTHER[name]) != of(MAIL)


def test_two_mails_without_ids_differ_by_their_text() -> None:
    assert of(b"From: a@b.example\r\n\r\none") != of(b"From: a@b.example\r\n\r\ntwo")


def test_where_a_fetch_cut_a_mail_makes_no_difference() -> None:
    long = MAIL + b"x" * 5000
    traced = b"Received: from c by d by e by f by g by h by i\r\n" + long
    cut = [raw[:3000] for raw in (long, traced)]
    first, second = (
        fingerprint(parse(part, size=len(raw)), part) for part, raw in zip(cut, (long, traced), strict=True)
    )
    assert first == second


def test_different_mails_under_one_message_id_stay_different(shared: Callable[[str], Path]) -> None:
    mails = [path.read_bytes() for path in sorted(shared("corpus/notmuch/duplicate").iterdir()) if path.is_file()]
    assert len(mails) >= 2
    assert len({parse(raw).message_id for raw in mails}) < len(mails)
    assert len({of(raw) for raw in mails}) == len(set(mails))
