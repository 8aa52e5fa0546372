"""The demo's stage: mail servers, config, store and the agent's own daemon, in one process and one temporary folder."""

from __future__ import annotations

import logging
import smtplib
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import structlog

from mailhitl.config.database import store_url
from mailhitl.config.load import load
from mailhitl.daemon.service import Service
from mailhitl.demo.loop_thread import HOST
from mailhitl.demo.servers import ImapServer, SmtpServer
from mailhitl.demo.shop import DOMAIN, USERS, Pace, write_config
from mailhitl.errors import MailhitlError
from mailhitl.store import SqlStore, open_store

Value = TypeVar("Value")

#: Easy to type into a mail client; another free port is taken where they are not free.
IMAP_PORT, SMTP_PORT = 1143, 1587
#: Seconds after which something that should have happened has not.
PATIENCE = 30.0


class Ended(MailhitlError):
    """Somebody has stopped the demo."""


class Stage:
    """Everything at work between ``with`` and its end; afterwards nothing of it is left."""

    def __init__(
        self, pace: Pace, customers: Collection[str], ended: threading.Event, *, fixed_ports: bool = True
    ) -> None:
        self.ended = ended
        self._pace = pace
        self._fixed = fixed_ports
        self._stack = ExitStack()
        self._customers = customers

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mailhitl-demo-"))
            self.folder = Path(folder)
            self._log_to(stack, self.folder / "agent.log")
            self.imap = _listening(lambda port: ImapServer(USERS, port=port), IMAP_PORT if self._fixed else 0)
            stack.callback(self.imap.stop)
            self.smtp = _listening(
                lambda port: SmtpServer(self.imap, DOMAIN, self._customers, port=port), SMTP_PORT if self._fixed else 0
            )
            stack.callback(self.smtp.stop)
            self._start_agent(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start_agent(self, stack: ExitStack) -> None:
        """The very daemon of ``mailhitl run``, with a config file like anybody's."""
        config = load(write_config(self.folder, self.imap.port, self.smtp.port, self._pace))
        self.store: SqlStore = open_store(store_url(config))
        stack.callback(self.store.close)
        self.service = Service.of(config, self.store)
        stack.callback(self.service.stop)
        self.service.start()
        # Mail that was there before the first look counts as old, so nobody writes before it.
        self.until(lambda: self.problem or all(worker.rounds for worker in self.service.workers))
        if self.problem:
            raise MailhitlError(f"the agent cannot serve the demo's mailbox: {self.problem}")

    @property
    def problem(self) -> str:
        """Why a mailbox is not served at this moment, "" while all is well."""
        return next((worker.problem for worker in self.service.workers if worker.problem), "")

    def until(self, happened: Callable[[], Value | None]) -> Value:
        """Wait for a value that is true and return it. Raises TimeoutError, or Ended when the demo is stopped."""
        deadline = time.monotonic() + PATIENCE
        while not (value := happened()):
            if self.ended.wait(0.02):
                raise Ended("the demo was stopped")
            if time.monotonic() > deadline:
                raise TimeoutError(f"did not happen within {PATIENCE:g} s")
        return value

    def post(self, mail: EmailMessage, sender: str) -> None:
        """Bring a mail from outside to the shop's mail server. ``sender`` is the envelope's, "" for a bounce."""
        with smtplib.SMTP(HOST, self.smtp.port, local_hostname="outside.test") as client:
            client.sendmail(sender, [str(mail["To"])], mail.as_bytes())

    def _log_to(self, stack: ExitStack, path: Path) -> None:
        """What the agent logs goes to a file: the screen is for the story."""
        file = stack.enter_context(path.open("w", encoding="utf-8"))
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
            ],
            logger_factory=structlog.WriteLoggerFactory(file),
        )
        stack.callback(structlog.reset_defaults)
        logging.basicConfig(level=logging.WARNING, stream=file, force=True)
        stack.callback(lambda: logging.basicConfig(level=logging.CRITICAL, force=True))


Server = TypeVar("Server", ImapServer, SmtpServer)


def _listening(make: Callable[[int], Server], port: int) -> Server:
    try:
        return make(port).start()
    except OSError:
        return make(0).start()
