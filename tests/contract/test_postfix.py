"""Handing over to Debian's Postfix, with everything allowed that SMTP smuggling lives on."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mailhitl.backends.smtp import SmtpSettings, SmtpTransport
from mailhitl.delivery import Handover, Phase
from tests.contract.handing_over import ANN, MAIL, PATIENT, SENDER, ignore, statuses
from tests.postfix import Postfix
from tests.rude import CuttingProxy
from tests.servers import HOST

pytestmark = pytest.mark.servers

FORGED = b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nSubject: forged\r\n\r\nforged\r\n"
#: What some server somewhere has taken for the end of a mail (CVE-2023-51764 and its kin).
ENDS = [
    *(b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n"),
    *(
        b"\r\n.\r\n",
        b"\n\x00.\r\n",
        b"\r\n\x00.\r\n",
        b"\r\n.\x00\r\n",
        b"\r\r\n.\r\r\n",
        b"\x0b.\x0b",
        b"\xc2\x85.\xc2\x85",
    ),
]


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with Postfix() as server:
        yield server


def hand_over(port: int, raw: bytes) -> Handover:
    return SmtpTransport(SmtpSettings(HOST, port, "none", timeouts=PATIENT)).hand_over(
        raw, SENDER, [ANN], on_phase=ignore
    )


def test_this_postfix_can_be_smuggled_past_by_a_client_that_sends_what_it_is_given() -> None:
    with Postfix() as server, socket.create_connection((HOST, server.port), timeout=20) as wire:
        replies = wire.makefile("rb")
        replies.readline()
        for said in (b"HELO x", b"MAIL FROM:<a@example.com>", b"RCPT TO:<ann@example.org>", b"DATA"):
            wire.sendall(said + b"\r\n")
            replies.readline()
        wire.sendall(b"Subject: one\r\n\r\nhello\n.\n" + FORGED + b".\r\nQUIT\r\n")
        replies.read()
        senders = [mail.splitlines()[0] for mail in server.mails(2)]
        replies.close()
    assert sorted(senders) == [b"Return-Path: <a@example.com>", b"Return-Path: <eve@evil.example>"]


def test_no_words_of_ours_are_ever_two_mails_for_it(postfix: Postfix) -> None:
    before = len(postfix.mails(0))
    for end in ENDS:
        raw = (
            b"Subject: answer\r\n\r\nhello"
            + end
            + FORGED.replace(b"\r\n", end.replace(b".", b"") or b"\n")
            + end
            + FORGED
        )
        assert statuses(hand_over(postfix.port, raw)) == {ANN: "accepted"}
    mails = postfix.mails(before + len(ENDS))
    assert len(mails) == before + len(ENDS)
    assert {mail.splitlines()[0] for mail in mails} == {f"Return-Path: <{SENDER}>".encode()}


def test_a_final_reply_that_is_lost_in_front_of_it_is_unknown_and_the_mail_has_arrived_once(postfix: Postfix) -> None:
    before = len(postfix.mails(0))
    with CuttingProxy(postfix.port, b"queued as") as proxy:
        handover = hand_over(proxy.port, MAIL)
    assert statuses(handover) == {ANN: "unknown"}
    assert handover.phase is Phase.BODY
    assert len(postfix.mails(before + 1)) == before + 1
