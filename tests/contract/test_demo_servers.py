"""The demo's IMAP and SMTP servers, as a mail client and a sending host meet them."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from mailhitl.demo.servers import ImapServer, SmtpServer

DOMAIN = "demo.test"
USERS = {"support": "s3cret", "anna": "a3cret", "ben": "b3cret"}
CUSTOMER = "carla@customer.example"
MAIL = (
    b"From: Carla <carla@customer.example>\r\nTo: support@demo.test\r\n"
    b"Message-ID: <c1@customer.example>\r\nSubject: Hi\r\n\r\nHello\r\n"
)


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with ImapServer(USERS) as server:
        yield server


@pytest.fixture
def smtp(imap: ImapServer) -> Iterator[SmtpServer]:
    with SmtpServer(imap, DOMAIN, customers=[CUSTOMER]) as server:
        yield server


@contextmanager
def folder(imap: ImapServer, user: str = "support", name: str = "INBOX") -> Iterator[IMAPClient]:
    client = IMAPClient("127.0.0.1", imap.port, ssl=False, timeout=10)
    try:
        client.login(user, USERS[user])
        client.select_folder(name)
        yield client
    finally:
        client.shutdown()


def mails(imap: ImapServer, user: str, name: str = "INBOX") -> list[bytes]:
    with folder(imap, user, name) as client:
        return [row[b"BODY[]"] for _, row in sorted(client.fetch(client.search(), ["BODY.PEEK[]"]).items())]


def send(smtp: SmtpServer, raw: bytes, to: list[str], sender: str = CUSTOMER, login: str = "") -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
        if login:
            client.login(login, USERS[login])
        client.sendmail(sender, to, raw)


def pushed(client: IMAPClient, wanted: tuple[object, ...]) -> list[tuple[object, ...]]:
    """Read what IDLE pushes until ``wanted`` comes; an empty answer means that it never will."""
    rows: list[tuple[object, ...]] = []
    while wanted not in rows:
        more = client.idle_check(timeout=10)
        if not more:
            break
        rows += more
    return rows


def test_a_delivered_mail_stands_in_the_inbox_byte_for_byte_and_unread(imap: ImapServer) -> None:
    imap.deliver("anna", MAIL)
    with folder(imap, "anna") as client:
        rows = client.fetch(client.search("UNSEEN"), ["BODY.PEEK[]", "FLAGS"])
        assert [row[b"BODY[]"] for row in rows.values()] == [MAIL]
        assert client.search("UNSEEN")


def test_users_see_only_their_own_mail_and_strangers_none(imap: ImapServer) -> None:
    imap.deliver("anna", MAIL)
    assert mails(imap, "ben") == []
    client = IMAPClient("127.0.0.1", imap.port, ssl=False, timeout=10)
    with pytest.raises(LoginError):
        client.login("anna", "wrong")
    client.shutdown()


def test_every_user_starts_with_subscribed_special_use_folders(imap: ImapServer) -> None:
    with folder(imap) as client:
        special = {name: set(flags) for flags, _, name in client.list_folders()}
        subscribed = {name for _, _, name in client.list_sub_folders()}
        assert b"SPECIAL-USE" in client.capabilities()
    for name in ("Drafts", "Sent", "Trash", "Junk"):
        assert b"\\" + name.encode() in special[name]
    assert subscribed == {"INBOX", "Drafts", "Sent", "Trash", "Junk"}


def test_a_keyword_that_a_client_stores_is_kept_and_moves_along(imap: ImapServer) -> None:
    imap.deliver("support", MAIL)
    with folder(imap) as client:
        client.create_folder("Drafts/Review")
        client.add_flags(client.search(), ["$MailhitlPending", "\\Flagged"])
        client.move(client.search(), "Drafts/Review")
        assert client.search() == []
        client.select_folder("Drafts/Review")
        (row,) = client.fetch(client.search("KEYWORD $MailhitlPending"), ["FLAGS"]).values()
    assert {b"$MailhitlPending", b"\\Flagged"} <= set(row[b"FLAGS"])


def test_a_system_flag_that_does_not_exist_is_refused_and_changes_nothing(imap: ImapServer) -> None:
    imap.deliver("support", MAIL)
    with folder(imap) as client:
        with pytest.raises(IMAPClientError, match="Invalid system flag"):
            client.set_flags(client.search(), ["\\Draft$MailhitlPending"])
        assert client.search("UNDRAFT UNKEYWORD $MailhitlPending")


def test_uid_expunge_takes_only_the_named_mail(imap: ImapServer) -> None:
    for _ in range(3):
        imap.deliver("support", MAIL)
    with folder(imap) as client:
        first, second, third = client.search()
        client.add_flags([first, second], ["\\Deleted"])
        client.uid_expunge([first])
        assert client.search() == [second, third]


def test_idle_tells_of_a_mail_a_flag_and_an_expunge(imap: ImapServer) -> None:
    with folder(imap) as watcher, folder(imap) as client:
        watcher.idle()
        imap.deliver("support", MAIL)
        assert (1, b"EXISTS") in pushed(watcher, (1, b"EXISTS"))
        client.noop()
        client.add_flags(client.search(), ["\\Answered", "\\Deleted"])
        client.expunge()
        assert (1, b"EXPUNGE") in pushed(watcher, (1, b"EXPUNGE"))
        watcher.idle_done()


def test_idle_misses_none_of_many_mails_that_come_at_once(imap: ImapServer) -> None:
    with folder(imap) as watcher:
        watcher.idle()
        for _ in range(200):
            imap.deliver("support", MAIL)
        assert (200, b"EXISTS") in pushed(watcher, (200, b"EXISTS"))
        watcher.idle_done()


def test_a_folder_made_anew_has_another_uidvalidity(imap: ImapServer) -> None:
    with folder(imap) as client:
        before = client.folder_status("Junk", ["UIDVALIDITY"])
        client.delete_folder("Junk")
        client.create_folder("Junk")
        assert client.folder_status("Junk", ["UIDVALIDITY"]) != before


def test_delivering_to_nobody_or_nowhere_is_an_error(imap: ImapServer) -> None:
    with pytest.raises(KeyError):
        imap.deliver("nobody", MAIL)
    with pytest.raises(KeyError, match="Nowhere"):
        imap.deliver("support", MAIL, folder="Nowhere")


def test_a_stopped_server_comes_back_on_its_port_with_its_mail(imap: ImapServer) -> None:
    imap.deliver("support", MAIL)
    port = imap.port
    with folder(imap) as client:
        client.idle()
        imap.stop()
        with pytest.raises((IMAPClientError, OSError)):
            while client.idle_check(timeout=10):
                pass
            client.idle_done()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    imap.start()
    assert imap.port == port
    assert mails(imap, "support") == [MAIL]


def test_a_taken_port_is_said_at_start(imap: ImapServer) -> None:
    with pytest.raises(OSError, match="in use"):
        ImapServer(USERS, port=imap.port).start()


def test_stopping_leaves_no_thread_and_may_be_done_twice() -> None:
    before = set(threading.enumerate())
    imap = ImapServer(USERS).start()
    smtp = SmtpServer(imap, DOMAIN).start()
    client = smtplib.SMTP("127.0.0.1", smtp.port, timeout=10)
    client.ehlo()
    for server in (smtp, imap, smtp, imap):
        server.stop()
    client.close()
    assert set(threading.enumerate()) <= before, "others may have ended meanwhile, but none is left of these"


def test_a_customers_mail_reaches_support_stamped_and_otherwise_unchanged(imap: ImapServer, smtp: SmtpServer) -> None:
    send(smtp, MAIL, ["Support+case7@demo.test"])
    assert mails(imap, "support") == [
        b"Delivered-To: Support+case7@demo.test\r\n"
        b"Authentication-Results: mx.demo.test; dmarc=pass header.from=customer.example\r\n" + MAIL
    ]


def test_the_server_does_not_vouch_for_a_stranger(imap: ImapServer, smtp: SmtpServer) -> None:
    send(smtp, MAIL.replace(b"carla@", b"mallory@"), ["support@demo.test"])
    assert b"; dmarc=none header.from=customer.example\r\n" in mails(imap, "support")[0]


@pytest.mark.parametrize(
    "author",
    [
        b"From: carla@customer.example, mallory@evil.example",
        b"From: carla@customer.example\r\nFrom: mallory@evil.example",
        b"From: carla@customer.example <mallory@evil.example>",
        b"From: <carla@customer.example>mallory@evil.example",
        b"From: friends: carla@customer.example;",
        b"Sender: carla@customer.example",
    ],
)
def test_the_server_vouches_for_nobody_when_the_author_is_unclear(
    imap: ImapServer, smtp: SmtpServer, author: bytes
) -> None:
    send(smtp, author + b"\r\nSubject: x\r\n\r\nx\r\n", ["support@demo.test"])
    assert b"\r\nAuthentication-Results: mx.demo.test; none\r\n" in mails(imap, "support")[0]


def test_a_colleague_who_logs_in_is_vouched_for(imap: ImapServer, smtp: SmtpServer) -> None:
    raw = b"From: Anna <anna@demo.test>\r\nSubject: approve\r\n\r\napprove\r\n"
    send(smtp, raw, ["support+review@demo.test"], sender="anna@demo.test", login="anna")
    (mail,) = mails(imap, "support")
    assert b"Authentication-Results: mx.demo.test; auth=pass smtp.auth=anna; dmarc=pass header.from=demo.test" in mail


@pytest.mark.parametrize(("login", "reply"), [("", 550), ("ben", 553)])
def test_nobody_writes_as_a_colleague_without_being_her(
    imap: ImapServer, smtp: SmtpServer, login: str, reply: int
) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(smtp, b"From: anna@demo.test\r\n\r\napprove\r\n", ["support@demo.test"], login=login)
    assert refused.value.smtp_code == reply
    assert mails(imap, "support") == []


@pytest.mark.parametrize(
    "forged",
    [
        b"Authentication-Results: mx.demo.test; dmarc=pass header.from=evil.example\r\n",
        b"authentication-results :\r\n (;) MX.demo.test 1;\r\n\tdmarc=pass\r\n",
    ],
)
def test_a_forged_result_in_our_name_is_taken_out(imap: ImapServer, smtp: SmtpServer, forged: bytes) -> None:
    other = b"Authentication-Results: mx.elsewhere.example; dkim=pass\r\n"
    send(smtp, forged + other + MAIL + forged, ["support@demo.test"])
    (mail,) = mails(imap, "support")
    head, _, body = mail.partition(b"\r\n\r\n")
    assert head.lower().count(b"mx.demo.test") == 1
    assert other in head
    assert body == MAIL.partition(b"\r\n\r\n")[2] + forged


def test_a_header_hidden_behind_a_bare_line_feed_is_refused(smtp: SmtpServer) -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
        client.ehlo()
        client.mail(CUSTOMER)
        client.rcpt("support@demo.test")
        client.docmd("DATA")
        client.send(b"X: y\nAuthentication-Results: mx.demo.test; dmarc=pass\r\n" + MAIL + b".\r\n")
        assert client.getreply()[0] == 554


def test_an_answer_to_a_customer_is_kept_outside_and_can_be_awaited(smtp: SmtpServer) -> None:
    raw = b"From: support@demo.test\r\nSubject: Re: Hi\r\n\r\nHello Carla\r\n"
    found: list[bytes] = []
    waiting = threading.Thread(target=lambda: found.append(smtp.await_outside(lambda m: m.recipient == CUSTOMER).raw))
    waiting.start()
    send(smtp, raw, ["Carla@Customer.example", "boss@other.example"], sender="support@demo.test", login="support")
    waiting.join()
    assert found == [raw]
    assert [mail.recipient for mail in smtp.outside] == [CUSTOMER, "boss@other.example"]
    with pytest.raises(TimeoutError, match="2 others"):
        smtp.await_outside(lambda mail: b"never" in mail.raw, timeout=0)


def test_strangers_cannot_relay_and_nobody_is_invented(smtp: SmtpServer) -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
        client.ehlo()
        client.mail(CUSTOMER)
        assert client.rcpt("nobody@demo.test")[0] == 550
        assert client.rcpt("boss@other.example")[0] == 554
        assert client.rcpt("support@demo.test")[0] == 250


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_both_ways_to_log_in_work_and_a_wrong_password_does_not(smtp: SmtpServer, mechanism: str) -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
        client.ehlo()
        client.user, client.password = "anna", "wrong"
        authorise = client.auth_plain if mechanism == "PLAIN" else client.auth_login
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.auth(mechanism, authorise)
        client.password = USERS["anna"]
        assert client.auth(mechanism, authorise)[0] == 235


def test_mail_waits_at_the_sender_while_the_folders_are_away(imap: ImapServer, smtp: SmtpServer) -> None:
    imap.stop()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(smtp, MAIL, ["support@demo.test"])
    assert refused.value.smtp_code == 451


def test_the_servers_say_nothing_on_the_terminal_and_leave_nothing_open() -> None:
    script = (
        "from mailhitl.demo.servers import ImapServer, SmtpServer\n"
        "import smtplib, socket\n"
        "with ImapServer({'support': 'x'}) as imap, SmtpServer(imap, 'demo.test') as smtp:\n"
        "    with smtplib.SMTP('127.0.0.1', smtp.port) as client:\n"
        "        client.login('support', 'x')\n"
        "        client.sendmail('', ['support@demo.test'], b'From: support@demo.test\\r\\n\\r\\nx')\n"
        "    for port in (imap.port, smtp.port):\n"
        "        with socket.create_connection(('127.0.0.1', port)) as rude:\n"
        "            rude.recv(100)\n"
    )
    ran = subprocess.run([sys.executable, "-X", "dev", "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
