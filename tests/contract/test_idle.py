"""What a watcher promises: it tells of changes soon, survives the server, and stops when told."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailhitl.backends.idle import ImapWatcher
from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.memory import MemoryMailbox, MemoryWatcher
from mailhitl.demo.servers import ImapServer
from mailhitl.ports.mailbox import Watcher
from tests.contract.accounts import Account, ImapAccount, account_name, settings
from tests.contract.conftest import BARE
from tests.rude import RudeImap
from tests.servers import HOST, PASSWORD, Certificate, Dovecot, DovecotOptions

#: Seconds until a hint must have come.
PATIENCE = 20.0
MAIL = b"Subject: hello\r\n\r\nhello\r\n"


@contextmanager
def watching(watcher: Watcher) -> Iterator[queue.Queue[str]]:
    told: queue.Queue[str] = queue.Queue()
    watcher.start(told.put)
    try:
        yield told
    finally:
        watcher.stop()


def watcher_of(account: Account, *folders: str) -> Watcher:
    if isinstance(account, ImapAccount):
        return ImapWatcher(account.settings, folders)
    mailbox = account.connect()
    assert isinstance(mailbox, MemoryMailbox)
    return MemoryWatcher(mailbox, folders)


def watch_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("idle ")]


def await_told(told: queue.Queue[str], folder: str) -> None:
    while told.get(timeout=PATIENCE) != folder:
        pass


def await_command(server: RudeImap, name: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(name in command for command in server.commands):
        assert time.monotonic() < deadline, f"nobody said {name!r}"
        time.sleep(0.01)


IDLERS = ["memory", "pymap", *(pytest.param(name, marks=pytest.mark.servers) for name in ("dovecot", "dovecot-dot"))]


@pytest.mark.parametrize("account", IDLERS, indirect=True)
def test_a_new_mail_is_told(account: Account) -> None:
    mailbox = account.connect()
    with watching(watcher_of(account, "INBOX")) as told:
        if isinstance(account, ImapAccount):
            await_told(told, "INBOX")  # the connection stands
        mailbox.append("INBOX", MAIL)
        assert told.get(timeout=PATIENCE) == "INBOX"


@pytest.mark.parametrize("account", IDLERS, indirect=True)
def test_a_mail_that_leaves_is_told(account: Account) -> None:
    mailbox = account.connect()
    mailbox.append("INBOX", MAIL)
    with watching(watcher_of(account, "INBOX")) as told:
        if isinstance(account, ImapAccount):
            await_told(told, "INBOX")
        mailbox.remove(mailbox.locations("INBOX"))
        assert told.get(timeout=PATIENCE) == "INBOX"


@pytest.mark.parametrize("account", IDLERS, indirect=True)
def test_each_of_several_folders_is_told_by_its_name(account: Account) -> None:
    mailbox = account.connect()
    mailbox.create("Approve")
    with watching(watcher_of(account, "INBOX", "Approve")) as told:
        if isinstance(account, ImapAccount):
            assert {told.get(timeout=PATIENCE), told.get(timeout=PATIENCE)} == {"INBOX", "Approve"}
        mailbox.append("Approve", MAIL)
        await_told(told, "Approve")


def test_a_restarted_server_is_watched_again() -> None:
    user = account_name()
    with ImapServer({user: PASSWORD}) as server:
        account = ImapAccount(HOST, server.port, user)
        with watching(watcher_of(account, "INBOX")) as told:
            await_told(told, "INBOX")
            server.stop()
            server.start()
            await_told(told, "INBOX")
            account.connect().append("INBOX", MAIL)
            assert told.get(timeout=PATIENCE) == "INBOX"
        account.close()


@pytest.mark.servers
def test_a_server_without_idle_is_left_in_peace(dovecot: Callable[[DovecotOptions], Dovecot]) -> None:
    watcher = ImapWatcher(settings(dovecot(BARE).port, account_name()), ["INBOX"])
    told: queue.Queue[str] = queue.Queue()
    watcher.start(told.put)
    for thread in watch_threads():
        thread.join(PATIENCE)
    assert not watch_threads()
    assert told.empty()
    watcher.stop()


@pytest.mark.servers
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_watching_and_stopping_work_through_tls(
    dovecot: Callable[[DovecotOptions], Dovecot], certificate: Certificate, ca_file: str, security: str
) -> None:
    server = dovecot(DovecotOptions(tls=certificate))
    port = server.tls_port if security == "tls" else server.port
    options = settings(port, account_name(), security=security, ca_file=ca_file)
    mailbox = ImapMailbox.connect(options)
    with watching(ImapWatcher(options, ["INBOX"])) as told:
        await_told(told, "INBOX")
        mailbox.append("INBOX", MAIL)
        await_told(told, "INBOX")
    assert not watch_threads()
    mailbox.close()


def test_stopping_leaves_no_thread() -> None:
    with RudeImap() as server:
        with watching(ImapWatcher(settings(server.port), ["INBOX", "Approve"])) as told:
            await_told(told, "INBOX")
        assert not watch_threads()


def test_stopping_while_nobody_answers_does_not_wait_for_an_answer() -> None:
    with RudeImap({"LOGIN": b""}) as server:
        watcher = ImapWatcher(settings(server.port, timeout=1.0), ["INBOX"])
        told: queue.Queue[str] = queue.Queue()
        watcher.start(told.put)
        watcher.stop()
        assert told.empty()
        for thread in watch_threads():
            thread.join(PATIENCE)


def test_stopping_before_starting_is_no_error() -> None:
    watcher = ImapWatcher(settings(1), ["INBOX"])
    watcher.stop()
    assert not watch_threads()


def test_a_cut_connection_is_made_anew() -> None:
    with RudeImap() as server, watching(ImapWatcher(settings(server.port), ["INBOX"])) as told:
        await_told(told, "INBOX")
        server.cut()
        await_told(told, "INBOX")
        assert server.connections == 2


@pytest.mark.parametrize("words", [b"* 2 EXISTS\r\n", b"* 1 EXPUNGE\r\n", b"* 1 FETCH (FLAGS (\\Seen))\r\n"])
def test_a_change_is_told(words: bytes) -> None:
    with RudeImap() as server, watching(ImapWatcher(settings(server.port), ["INBOX"])) as told:
        await_told(told, "INBOX")
        server.say(words)
        await_told(told, "INBOX")
        assert server.connections == 1


@pytest.mark.parametrize("words", [b"* BYE shutting down\r\n", b"garbage\r\n", b"* 2 EXI", b"* 1 FETCH (FLAGS (\r\n"])
def test_nonsense_and_goodbyes_lead_to_a_new_connection(words: bytes) -> None:
    with RudeImap() as server, watching(ImapWatcher(settings(server.port), ["INBOX"])) as told:
        await_told(told, "INBOX")
        server.say(words)
        server.cut()
        await_told(told, "INBOX")
        while server.connections < 2:
            await_told(told, "INBOX")
        assert server.connections == 2


def test_a_still_here_is_not_a_change() -> None:
    with RudeImap() as server, watching(ImapWatcher(settings(server.port), ["INBOX"])) as told:
        await_told(told, "INBOX")
        server.say(b"* OK Still here\r\n")
        server.say(b"* 2 EXISTS\r\n")
        await_told(told, "INBOX")
        assert told.empty()


def test_a_wrong_password_is_not_tried_again_soon() -> None:
    with RudeImap({"LOGIN": b"{tag} NO [AUTHENTICATIONFAILED] no\r\n"}) as server:
        watcher = ImapWatcher(settings(server.port), ["INBOX"])
        watcher.start(lambda folder: None)
        await_command(server, b"LOGIN")
        server.cut()
        watcher.stop()
        assert server.connections == 1
        assert not watch_threads()


# Brisk: asked again and again for a while


BRISK = 600.0


@pytest.mark.parametrize("account", IDLERS[1:], indirect=True)
def test_a_brisk_folder_tells_of_mail_after_mail(account: Account) -> None:
    assert isinstance(account, ImapAccount)
    mailbox = account.connect()
    with watching(ImapWatcher(account.settings, ["INBOX"], brisk={"INBOX": BRISK})) as told:
        await_told(told, "INBOX")
        for _ in range(5):
            mailbox.append("INBOX", MAIL)
            await_told(told, "INBOX")
    assert not watch_threads()


def test_a_new_mail_makes_its_folder_brisk_on_the_same_connection() -> None:
    with RudeImap() as server, watching(ImapWatcher(settings(server.port), ["INBOX"], brisk={"INBOX": BRISK})) as told:
        await_told(told, "INBOX")
        server.say(b"* 2 EXISTS\r\n")
        await_command(server, b"NOOP")
        assert server.connections == 1


def test_a_hint_that_somebody_is_at_work_makes_it_brisk_and_what_is_heard_is_told() -> None:
    with RudeImap({"NOOP": b"* 2 EXISTS\r\n{tag} OK done\r\n"}) as server:
        watcher = ImapWatcher(settings(server.port), ["INBOX"], brisk={"INBOX": BRISK})
        with watching(watcher) as told:
            await_told(told, "INBOX")
            watcher.hasten()
            await_command(server, b"NOOP")
            await_told(told, "INBOX")
        assert server.connections == 1


def test_a_mail_that_leaves_makes_nothing_brisk() -> None:
    with RudeImap() as server, watching(ImapWatcher(settings(server.port), ["INBOX"], brisk={"INBOX": BRISK})) as told:
        await_told(told, "INBOX")
        server.say(b"* 1 EXPUNGE\r\n")
        await_told(told, "INBOX")
        server.say(b"* 1 FETCH (FLAGS (\\Seen))\r\n")
        await_told(told, "INBOX")
    assert not any(b"NOOP" in command for command in server.commands)


def test_without_a_time_for_it_nothing_is_brisk() -> None:
    with RudeImap() as server:
        watcher = ImapWatcher(settings(server.port), ["INBOX"], brisk={"INBOX": 0.0})
        with watching(watcher) as told:
            await_told(told, "INBOX")
            watcher.hasten()
            server.say(b"* 2 EXISTS\r\n")
            await_told(told, "INBOX")
            server.say(b"* 3 EXISTS\r\n")
            await_told(told, "INBOX")
    assert not any(b"NOOP" in command for command in server.commands)


def test_a_server_that_refuses_to_be_asked_is_listened_to_again_and_not_asked_any_more() -> None:
    with RudeImap({"NOOP": b"{tag} BAD too often\r\n"}) as server:
        watcher = ImapWatcher(settings(server.port), ["INBOX"], brisk={"INBOX": BRISK})
        with watching(watcher) as told:
            await_told(told, "INBOX")
            watcher.hasten()
            await_told(told, "INBOX")  # back in IDLE
            watcher.hasten()
            server.say(b"* 2 EXISTS\r\n")
            await_told(told, "INBOX")
        assert [b"NOOP" in command for command in server.commands].count(True) == 1
        assert server.connections == 1


def test_a_server_that_hangs_up_when_asked_is_not_asked_again() -> None:
    with RudeImap({"NOOP": b"* BYE too often\r\n{cut}"}) as server:
        watcher = ImapWatcher(settings(server.port), ["INBOX"], brisk={"INBOX": BRISK})
        with watching(watcher) as told:
            await_told(told, "INBOX")
            watcher.hasten()
            await_told(told, "INBOX")  # the new connection stands
            watcher.hasten()
            server.say(b"* 2 EXISTS\r\n")
            await_told(told, "INBOX")
        assert [b"NOOP" in command for command in server.commands].count(True) == 1
        assert server.connections == 2
