"""A worker, Dovecot and an SMTP server with a bad network between them: when it is over, everything was done once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from mailhitl.backends.idle import ImapWatcher
from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.backends.smtp import SmtpSettings, SmtpTransport, Timeouts
from mailhitl.case import Case, State
from mailhitl.config.load import load
from mailhitl.daemon import wire
from mailhitl.daemon.worker import Worker
from mailhitl.store import open_store
from tests.chaos import Chaos, Fault
from tests.contract.conftest import BARE
from tests.crash.letters import customers_mail
from tests.servers import HOST, PASSWORD, Dovecot
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.servers

CONFIG = """
[mailbox.support]
address = "support@example.com"
poll = "1s"
imap = { host = "127.0.0.1", port = 1, security = "none", username = "u", password = { env = "NONE" } }
smtp = { host = "127.0.0.1", port = 1, security = "none" }

[review]
notify = "folder"
grace = "0s"

[[intent]]
name = "refund"
words = ["refund"]
template = "refund-received"

[[rule]]
name = "Refunds"
why = "Money leaves the company."
when = { intent = "refund" }
then = "review"
"""
#: Seconds. A peer that says nothing is given up after this; the real ones are minutes.
SOON = 2.0
QUICK = Timeouts(*[SOON] * 8, quit=0.1)
#: Longer than any back-off that a test can run into.
PATIENCE = 60.0


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


class Desk:
    """One shared mailbox, its worker behind two bad networks, and hands that reach Dovecot by a good one."""

    def __init__(self, folder: Path, dovecot: Dovecot, smtp: ScriptedServer, user: str) -> None:
        self._dovecot, self._smtp, self._user = dovecot, smtp, user
        self._ahead = timedelta(0)
        self._stack = ExitStack()
        self.imap_net = self._stack.enter_context(Chaos(dovecot.port))
        self.smtp_net = self._stack.enter_context(Chaos(smtp.port))
        path = folder / "config.toml"
        path.write_text(CONFIG)
        self.store = open_store(f"sqlite:///{folder / 'mailhitl.db'}")
        self._stack.callback(self.store.close)
        self._config = path
        self.worker = self._worker()

    def _worker(self) -> Worker:
        return Worker(self._account(self._config), self.store, now=lambda: datetime.now(UTC) + self._ahead)

    def _account(self, path: Path) -> wire.Account:
        imap = ImapSettings(HOST, self.imap_net.port, "none", self._user, lambda: PASSWORD, timeout=SOON)
        return replace(
            wire.account(load(path), "support"),
            connect=lambda: ImapMailbox.connect(imap),
            watch=lambda found: ImapWatcher(imap, (found.inbox, found.approve)),
            transport=SmtpTransport(SmtpSettings(HOST, self.smtp_net.port, "none", timeouts=QUICK)),
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self.worker.start()
        try:
            self.until(lambda: self.worker.rounds > 0)
            yield
        finally:
            self.imap_net.heal()
            self.smtp_net.heal()
            self.worker.stop()
            self.worker.join()
            self._stack.close()

    @contextmanager
    def a_second_worker(self) -> Iterator[Worker]:
        """Another one for the same mailbox and store."""
        second = self._worker()
        second.start()
        try:
            self.until(lambda: second.pulse().standing_by)
            yield second
        finally:
            second.stop()
            second.join()

    def set_clock(self, step: timedelta) -> None:
        self._ahead += step

    def until(self, holds: Callable[[], Any]) -> None:
        """Wait for what the worker brings about; what waits for minutes is brought forward."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"it has not come about: {self.worker.problem} {self.cases}"
            if any(case.state is State.APPROVED for case in self.cases):
                self._ahead += timedelta(seconds=30)
            self.worker.poke()
            time.sleep(0.1)

    @property
    def cases(self) -> list[Case]:
        return list(self.store.cases.in_state(*State, mailbox="support"))

    @contextmanager
    def hands(self) -> Iterator[IMAPClient]:
        with IMAPClient(HOST, self._dovecot.port, ssl=False) as client:
            client.login(self._user, PASSWORD)
            yield client

    def customer_writes(self, number: int) -> None:
        with self.hands() as client:
            client.append("INBOX", customers_mail(number))

    def standing(self, folder: str, *, draft: bool = True) -> list[int]:
        """The drafts (or packets) in one of our folders."""
        with self.hands() as client:
            client.select_folder(folder)
            packets = set(client.search(["SUBJECT", "[Review]"]))
            return [uid for uid in client.search(["UNDELETED"]) if (uid in packets) is not draft]

    def approve(self, draft: int) -> None:
        with self.hands() as client:
            client.select_folder("Drafts/Review")
            # As a client moves where the server has no MOVE.
            client.copy([draft], "Drafts/Approve")
            client.delete_messages([draft])
            client.expunge()

    def arrived(self, number: int) -> int:
        return [f"c{number}@customer.test" in mail.recipients for mail in self._smtp.delivered].count(True)

    def waits_for_people(self, count: int) -> None:
        """Every mail has one case, one draft and one packet."""
        self.until(lambda: [case.state for case in self.cases] == [State.HELD] * count)
        self.until(lambda: len(self.standing("Drafts/Review")) == count)
        self.until(lambda: len(self.standing("Drafts/Review", draft=False)) == count)

    def finishes(self, number: int) -> None:
        """Wait until it is sent, its copy stands once, and nothing of it lies about."""
        self.until(lambda: self.cases[number].state is State.SENT)
        self.until(lambda: len(self.standing("Sent")) == number + 1 and not self.standing("Drafts/Review"))
        self.until(lambda: not self.standing("Drafts/Approve") and not self.standing("Drafts/Review", draft=False))


@contextmanager
def desk_at(dovecot: Dovecot, tmp_path: Path) -> Iterator[Desk]:
    with ScriptedServer() as smtp:
        desk = Desk(tmp_path, dovecot, smtp, f"u{os.getpid()}x{tmp_path.name[-20:]}".replace("_", ""))
        with desk.at_work():
            yield desk


@pytest.fixture
def desk(tmp_path: Path, dovecot: Dovecot) -> Iterator[Desk]:
    with desk_at(dovecot, tmp_path) as desk:
        yield desk


#: Of the bytes that an ordinary round moves, these lie in the greeting, the login, the listing and the fetches.
IMAP_FAULTS = [
    Fault("cut", 30),
    Fault("cut", 2500),
    Fault("cut", 400, to_client=False),
    Fault("stall", 700),
    Fault("half-open", 900),
    Fault("half-open", 300, to_client=False),
    Fault("drip"),
    Fault("garbage", 1100),
    Fault("truncate", 600),
]


@pytest.mark.parametrize("fault", IMAP_FAULTS, ids=str)
def test_after_a_fault_of_the_network_to_dovecot_every_mail_has_one_draft_and_one_answer(
    desk: Desk, fault: Fault
) -> None:
    desk.imap_net.break_by(fault)
    desk.customer_writes(0)
    desk.worker.poke()
    desk.imap_net.awaits_bite(3 if fault.kind == "drip" else 1)
    desk.imap_net.heal()
    desk.waits_for_people(1)
    desk.imap_net.break_by(fault)
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.imap_net.awaits_bite(desk.imap_net.bitten + 1)
    desk.imap_net.heal()
    desk.finishes(0)
    assert desk.arrived(0) == 1


#: What the scripted server says until it has the whole mail.
REPLIES_BEFORE_THE_LAST = (
    "220 scripted ESMTP\r\n250-scripted\r\n250-8BITMIME\r\n250-SIZE 10000000\r\n250 AUTH PLAIN LOGIN\r\n"
    "250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n354 end with a dot\r\n"
)
#: In bytes to the client: in the banner, the answer to EHLO, to MAIL and to RCPT; away: within EHLO and within MAIL.
SAFE_SMTP_FAULTS = [
    Fault("cut", 5),
    Fault("cut", 60),
    Fault("cut", 110),
    Fault("cut", 10, to_client=False),
    Fault("cut", 50, to_client=False),
    Fault("half-open", 40),
    Fault("stall", 40),
    Fault("drip"),
    Fault("garbage", 0),
]


@pytest.mark.parametrize("fault", SAFE_SMTP_FAULTS, ids=str)
def test_after_a_fault_of_the_network_to_the_smtp_server_the_answer_has_arrived_once(desk: Desk, fault: Fault) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.smtp_net.break_by(fault)
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.smtp_net.awaits_bite()
    if fault.kind != "stall":
        desk.until(
            lambda: desk.cases[0].state in (State.SENT, State.APPROVED) and desk.store.deliveries.of(desk.cases[0])
        )
    desk.smtp_net.heal()
    desk.finishes(0)
    assert desk.arrived(0) == 1


@pytest.mark.parametrize("after", [600, 1500])
def test_a_cut_within_the_body_is_for_people_and_nothing_leaves_twice(desk: Desk, after: int) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.smtp_net.break_by(Fault("cut", after, to_client=False))
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.smtp_net.awaits_bite()
    desk.smtp_net.heal()
    desk.until(lambda: desk.cases[0].revision == 2 and desk.standing("Drafts/Review"))
    assert desk.cases[0].state is State.HELD
    assert desk.arrived(0) == 0


def test_a_final_reply_that_is_lost_has_delivered_once_and_people_are_asked(desk: Desk) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.smtp_net.break_by(Fault("cut", len(REPLIES_BEFORE_THE_LAST)))
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.smtp_net.awaits_bite()
    desk.smtp_net.heal()
    desk.until(lambda: desk.cases[0].revision == 2 and desk.standing("Drafts/Review"))
    rounds = desk.worker.rounds
    desk.until(lambda: desk.worker.rounds > rounds + 3)
    assert desk.cases[0].state is State.HELD
    assert desk.arrived(0) == 1


def test_a_dovecot_that_is_stopped_for_a_while_loses_and_doubles_nothing(desk: Desk, dovecot: Dovecot) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.customer_writes(1)
    stopped = [*processes_of(dovecot)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        desk.worker.poke()
        desk.until(lambda: desk.worker.problem)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    desk.waits_for_people(2)
    assert [case.message_id for case in desk.cases] == ["<refund-0@customer.test>", "<refund-1@customer.test>"]


def processes_of(dovecot: Dovecot) -> Iterator[int]:
    """The master and its children."""
    assert dovecot._process is not None
    master = dovecot._process.pid
    yield master
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = path.read_text().partition(" (")
        except OSError:
            continue
        if int(rest.rpartition(")")[2].split()[1]) == master:
            yield int(pid)


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1)], ids=["forward", "back"])
def test_a_clock_that_is_set_by_a_day_in_the_middle_of_it_doubles_and_loses_nothing(
    desk: Desk, step: timedelta
) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.set_clock(step)
    desk.customer_writes(1)
    desk.waits_for_people(2)
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.until(lambda: desk.cases[0].state is State.SENT)
    desk.set_clock(-step)
    rounds = desk.worker.rounds
    desk.until(lambda: desk.worker.rounds > rounds + 3 and len(desk.standing("Sent")) == 1)
    assert [desk.arrived(0), desk.arrived(1)] == [1, 0]
    assert [case.state for case in desk.cases] == [State.SENT, State.HELD]


def test_a_second_worker_that_starts_beside_the_first_stands_by_and_nothing_is_doubled(desk: Desk) -> None:
    with desk.a_second_worker() as second:
        desk.customer_writes(0)
        desk.waits_for_people(1)
        desk.approve(desk.standing("Drafts/Review")[0])
        desk.finishes(0)
        assert second.pulse().standing_by
        assert second.rounds == 0
    assert desk.arrived(0) == 1


def test_on_a_server_without_any_extension_everything_is_done_once_too(tmp_path: Path) -> None:
    with Dovecot(BARE) as dovecot, desk_at(dovecot, tmp_path) as desk:
        desk.customer_writes(0)
        desk.imap_net.break_by(Fault("cut", 1500))
        desk.worker.poke()
        desk.imap_net.awaits_bite()
        desk.imap_net.heal()
        desk.waits_for_people(1)
        desk.approve(desk.standing("Drafts/Review")[0])
        desk.finishes(0)
        assert desk.arrived(0) == 1
