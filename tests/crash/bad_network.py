"""One shared mailbox on Dovecot and an SMTP server, its worker behind two bad networks, and hands behind good ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
from tests.chaos import Chaos
from tests.crash.letters import customers_mail
from tests.servers import HOST, PASSWORD, Dovecot
from tests.smtp_server import ScriptedServer

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
