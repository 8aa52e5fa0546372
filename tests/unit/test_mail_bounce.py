"""What a delivery report says, and that nobody's letter is taken for one (checklist 57)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.bounces import BY_HAND, Reading, misread, readings
from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.bounce import Fate, Report, read_report
from mailhitl.mail.parse import parse
from tests.unit.mail_bombs import BOMBS

OURS = "<sent.7.1.abcdefgh234567ab@example.com>"


def report(
    *blocks: str, kind: str = "delivery-status", part: str = "message/delivery-status", returned: str = OURS
) -> bytes:
    """A report of the standard form: words, fields, the returned header."""
    fields = "\r\n".join(f"{block}\r\n" for block in ("Reporting-MTA: dns; mx.example.net", *blocks))
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\nTo: support@example.com\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour mail did not reach somebody.\r\n"
        f"--b\r\nContent-Type: {part}\r\n\r\n{fields}"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: support@example.com\r\nMessage-ID: {returned}\r\n\r\n"
        "--b--\r\n"
    ).encode()


def read(raw: bytes) -> Report | None:
    return read_report(parse(raw), raw)


def fates(raw: bytes) -> list[tuple[str, Fate, str]]:
    found = read(raw)
    assert found is not None
    return [(one.address, one.fate, one.status) for one in found.recipients]


def test_each_recipient_of_a_standard_report_has_its_own_fate() -> None:
    raw = report(
        "Final-Recipient: rfc822; ann@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        "Final-Recipient: rfc822; ben@example.net\r\nAction: failed\r\nStatus: 4.4.7",
        "Final-Recipient: rfc822; cat@example.net\r\nAction: delayed\r\nStatus: 4.4.1",
        "Final-Recipient: rfc822; dan@example.net\r\nAction: delivered\r\nStatus: 2.0.0",
    )
    assert fates(raw) == [
        ("ann@example.net", Fate.HARD, "5.1.1"),
        ("ben@example.net", Fate.SOFT, "4.4.7"),
        ("cat@example.net", Fate.DELAYED, "4.4.1"),
    ]
    found = read(raw)
    assert found is not None
    assert [one.address for one in found.failed] == ["ann@example.net", "ben@example.net"]
    assert found.recipients[0].diagnostic == "smtp; 550 5.1.1 no such user"
    assert found.quoted == (OURS,)


def test_the_address_we_wrote_to_goes_before_where_it_was_forwarded() -> None:
    block = "Original-Recipient: rfc822;ann@example.net\r\nFinal-Recipient: rfc822;a.b@inside.example\r\nAction: failed"
    assert fates(report(block)) == [("ann@example.net", Fate.HARD, "")]


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("Status: 5.0.0 (disk quota)", Fate.HARD),
        ("Status: 553 too large", Fate.HARD),
        ("Status: 4.2.2", Fate.SOFT),
        ("Diagnostic-Code: smtp; 452 4.2.2 mailbox full", Fate.SOFT),
        ("Diagnostic-Code: smtp; 421 try later", Fate.SOFT),
        ("X-Nothing: said", Fate.HARD),
    ],
)
def test_a_failure_is_soft_only_where_the_server_says_so(status: str, fate: Fate) -> None:
    raw = report(f"Final-Recipient: rfc822; ann@example.net\r\nAction: failed\r\n{status}")
    assert [told for _, told, _ in fates(raw)] == [fate]


def test_a_delay_is_no_failure() -> None:
    found = read(report("Final-Recipient: rfc822; ann@example.net\r\nAction: delayed\r\nStatus: 4.4.1"))
    assert found is not None
    assert found.failed == () and not found.hard


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out"])
def test_an_abuse_report_is_a_complaint_about_the_mail_it_returns(kind: str) -> None:
    raw = report(f"Feedback-Type: {kind}", kind="feedback-report", part="message/feedback-report")
    raw = raw.replace(b"Reporting-MTA: dns; mx.example.net\r\n\r\n", b"")
    found = read(raw)
    assert found is not None
    assert (found.complaint, found.quoted, found.failed) == (kind, (OURS,), ())


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_a_feedback_that_blames_nobody_is_no_complaint(kind: str) -> None:
    raw = report(f"Feedback-Type: {kind}", kind="feedback-report", part="message/feedback-report")
    assert read(raw.replace(b"Reporting-MTA: dns; mx.example.net\r\n\r\n", b"")) is None


def test_a_report_in_plain_words_names_the_mail_that_stands_below() -> None:
    raw = (
        "From: MAILER-DAEMON@mx.example.net\r\nTo: support@example.com\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program at mx.example.net.\r\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
        "<ann@example.net>:\r\n"
        "198.51.100.1 does not like recipient.\r\nRemote host said: 550 5.1.1 unknown user\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\n"
        f"From: support@example.com\r\nMessage-ID: {OURS}\r\nSubject: Re: hours\r\n\r\nhello\r\n"
    ).encode()
    found = read(raw)
    assert found is not None
    assert [(one.address, one.fate) for one in found.failed] == [("ann@example.net", Fate.HARD)]
    assert found.quoted == (OURS,)


@pytest.mark.parametrize(
    "head",
    [
        "From: Ann <ann@example.net>\r\nSubject: Fwd: Undelivered Mail Returned to Sender",
        "From: Ann <ann@example.net>\r\nSubject: my parcel: delivery failed",
        "From: Ann <ann@example.net>\r\nSubject: Re: failure notice",
    ],
)
def test_a_person_who_writes_about_a_bounce_sends_none(head: str) -> None:
    words = "The following addresses failed:\r\n\r\n<bob@example.net>: 550 5.1.1 unknown user\r\n"
    assert read(f"{head}\r\nTo: support@example.com\r\n\r\n{words}".encode()) is None


@pytest.fixture(scope="module")
def corpus(shared: Callable[[str], Path]) -> list[Reading]:
    return list(readings(shared("corpus")))


def test_the_recipients_of_19_in_20_reports_of_the_corpus_are_exactly_right(corpus: list[Reading]) -> None:
    named = [reading for reading in corpus if reading.named]
    wrong = [reading.file for reading in named if not reading.recipients_right]
    assert len(named) >= 100
    assert len(wrong) <= 0.05 * len(named), wrong


def test_hard_and_soft_are_told_apart_in_9_of_10_reports_of_the_corpus(corpus: list[Reading]) -> None:
    named = [reading for reading in corpus if reading.named]
    wrong = [reading.file for reading in named if not reading.hardness_right]
    assert len(wrong) <= 0.10 * len(named), wrong


def test_9_of_10_reports_that_no_library_was_made_with_are_read_as_by_hand(corpus: list[Reading]) -> None:
    read = {reading.file: reading.report for reading in corpus if reading.file in BY_HAND}
    assert read.keys() == BY_HAND.keys()
    wrong = [file for file, report in read.items() if misread(report, *BY_HAND[file])]
    assert len(wrong) <= 0.10 * len(read), wrong


def test_no_mail_of_a_person_in_the_corpus_is_called_a_bounce(corpus: list[Reading]) -> None:
    machine = {"bounce", "auto-generated", "feedback-report", "delivery-status"}
    people = [r for r in corpus if not r.truth.get("is_bounce") and not machine & set(r.tags)]
    called = [reading.file for reading in people if reading.report is not None]
    # One of the mails kept for its strange MIME is a server's warning that a mail is late.
    assert called == ["ruby-mail/emails/mime_emails/raw_email_with_mimepart_without_content_type.eml"]
    assert len(people) > 500


@pytest.mark.parametrize(
    "name", ["a million parts", "parts 3000 deep", "a chain of message/rfc822", "20,000 parameters"]
)
def test_a_bomb_in_the_guise_of_a_report_is_read_all_the_same(name: str) -> None:
    raw = b"Return-Path: <>\r\n" + BOMBS[name]()
    assert why_automatic(parse(raw), own=frozenset()) is not None
    assert read(raw) is None


@pytest.mark.parametrize("filling", [b",", b",a", b"<a@b.example>", b"\r\n"])
def test_lines_made_to_exhaust_the_reader_of_wordings_name_nobody(filling: bytes) -> None:
    head = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n\r\n"
    assert read(head + filling * 100_000) is None
