"""The neomutt driver does on a server what its gestures say; so does the demo's server for a real mail client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient

from mailhitl.demo.servers import ImapServer, SmtpServer
from tests.interop.neomutt import Neomutt

pytestmark = pytest.mark.servers

USER, PASSWORD = "support", "s3cret"


def draft(subject: str) -> bytes:
    return (
        f"From: support@demo.test\r\nTo: carla@customer.example\r\nSubject: Re: {subject}\r\n"
        f"Message-ID: <{subject}@demo.test>\r\nReferences: <mh.1@demo.test> <carla@customer.example>\r\n"
        "Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\nHello Carla,\r\nit costs 12 EUR.\r\n"
    ).encode()


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with ImapServer({USER: PASSWORD}) as server:
        yield server


@pytest.fixture
def smtp(imap: ImapServer) -> Iterator[SmtpServer]:
    with SmtpServer(imap, "demo.test") as server:
        yield server


@pytest.fixture
def client(imap: ImapServer) -> Iterator[IMAPClient]:
    client = IMAPClient("127.0.0.1", imap.port, ssl=False, timeout=10)
    client.login(USER, PASSWORD)
    for name in ("Drafts/Review", "Drafts/Approve"):
        client.create_folder(name)
    for subject in ("apples", "pears"):
        client.append("Drafts/Review", draft(subject), ["\\Draft", "$MailhitlPending"])
    yield client
    client.shutdown()


@pytest.fixture
def neomutt(imap: ImapServer, smtp: SmtpServer, client: IMAPClient, tmp_path: Path) -> Iterator[Neomutt]:
    with Neomutt(imap.port, USER, PASSWORD, home=tmp_path, smtp_port=smtp.port, postponed="Drafts/Review") as reviewer:
        yield reviewer


def mails(client: IMAPClient, folder: str) -> list[bytes]:
    client.select_folder(folder, readonly=True)
    return [row[b"BODY[]"] for _, row in sorted(client.fetch(client.search("UNDELETED"), ["BODY.PEEK[]"]).items())]


def test_a_folder_opens_with_its_mails_in_sight(neomutt: Neomutt) -> None:
    screen = neomutt.open("Drafts/Review")
    assert "Re: apples" in screen
    assert "Re: pears" in screen


def test_a_draft_that_was_read_and_moved_arrives_byte_for_byte(neomutt: Neomutt, client: IMAPClient) -> None:
    neomutt.open("Drafts/Review")
    neomutt.select("pears")
    neomutt.move_to("Drafts/Approve")
    assert mails(client, "Drafts/Approve") == [draft("pears")]
    assert mails(client, "Drafts/Review") == [draft("apples")]


def test_an_edit_replaces_the_draft_where_it_stands(neomutt: Neomutt, client: IMAPClient) -> None:
    neomutt.open("Drafts/Review")
    neomutt.select("apples")
    neomutt.edit("s/12 EUR/13 EUR/")
    (other, edited) = mails(client, "Drafts/Review")
    assert other == draft("pears")
    assert b"it costs 13 EUR." in edited


def test_a_deleted_draft_is_gone(neomutt: Neomutt, client: IMAPClient) -> None:
    neomutt.open("Drafts/Review")
    neomutt.select("apples")
    neomutt.delete()
    assert mails(client, "Drafts/Review") == [draft("pears")]


def test_a_recalled_draft_can_be_changed_and_postponed_again(neomutt: Neomutt, client: IMAPClient) -> None:
    neomutt.recall("pears", "s/Hello/Dear/")
    assert mails(client, "Drafts/Review") == [draft("apples")]
    neomutt.postpone()
    (_, changed) = mails(client, "Drafts/Review")
    assert b"Message-ID: <pears@demo.test>" in changed
    assert b"Dear Carla," in changed


def test_a_recalled_draft_that_is_sent_reaches_the_customer_and_sent(
    neomutt: Neomutt, client: IMAPClient, smtp: SmtpServer
) -> None:
    neomutt.recall("apples", "s/Hello/Dear/")
    neomutt.send()
    mail = smtp.await_outside(lambda mail: mail.recipient == "carla@customer.example")
    assert b"Dear Carla," in mail.raw
    assert b"Dear Carla," in mails(client, "Sent")[0]
    assert mails(client, "Drafts/Review") == [draft("pears")]


def test_a_reply_goes_out_with_the_words_on_top(neomutt: Neomutt, imap: ImapServer, smtp: SmtpServer) -> None:
    imap.deliver(USER, draft("packet").replace(b"From: support@demo.test", b"From: ann@other.example"))
    neomutt.open("INBOX")
    neomutt.wait_for("packet")
    neomutt.select("packet")
    neomutt.reply("1i approve")
    mail = smtp.await_outside(lambda mail: mail.recipient == "ann@other.example")
    head, _, body = mail.raw.partition(b"\r\n\r\n")
    assert b"In-Reply-To: <packet@demo.test>" in head
    assert body.startswith(b"approve\r\n")
