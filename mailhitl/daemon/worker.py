"""One mailbox's thread: connect, hold the lease, run rounds, and come back after every failure."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from queue import SimpleQueue

import structlog

from mailhitl.backends.backoff import backoff
from mailhitl.daemon import alerts, cycle
from mailhitl.daemon.app import App
from mailhitl.daemon.digest.plan import Plan
from mailhitl.daemon.health.troubles import Pulse
from mailhitl.daemon.lease import Lease
from mailhitl.daemon.poison import where
from mailhitl.daemon.stopwatch import Stopwatch
from mailhitl.daemon.wire import Account, find_folders
from mailhitl.errors import (
    ConfigError,
    LeaseTaken,
    MailhitlError,
    PermanentFailure,
    StaleFolder,
    StoreRuined,
    TemporaryFailure,
)
from mailhitl.ports.mailbox import Mailbox
from mailhitl.ports.store import Store

log = structlog.get_logger(__name__)


#: Seconds between looks at a lease that another process holds.
STAND_BY = 5.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Worker(threading.Thread):
    """Serves one mailbox until stopped. ``poke`` makes it look at once; ``stop`` ends it after the step at hand."""

    def __init__(self, account: Account, store: Store, *, now: Callable[[], datetime] = _utc_now) -> None:
        super().__init__(name=f"mailbox-{account.settings.mailbox}", daemon=True)
        self._account = account
        self._store = store
        self._now = now
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._stopwatch = Stopwatch()
        self._lease = Lease(store, account.settings.mailbox, now)
        self._failures = 0
        self._wanted = account
        self._news: SimpleQueue[tuple[str, str, str]] = SimpleQueue()
        #: Set after every whole round, for those who wait for one.
        self.rounds = 0
        self.problem = ""
        self._pulse = Pulse(account.settings.mailbox, started_at=now(), due_at=now())

    @property
    def mailbox_name(self) -> str:
        return self._account.settings.mailbox

    def pulse(self) -> Pulse:
        """How it is, at this moment; may be asked from any thread."""
        return self._pulse

    @property
    def poll_seconds(self) -> float:
        return self._account.settings.poll.total_seconds()

    @property
    def weekly(self) -> Plan | None:
        """The weekly digest, if it is this mailbox's to send."""
        return self._account.weekly

    def poke(self, folder: str = "") -> None:
        """Look at the mailbox now. Called by the IDLE watcher and the schedule, from their own threads."""
        self._wake.set()

    def renew(self, account: Account) -> None:
        """Work with this config from the next round on. May be called from any thread."""
        self._wanted = account
        self._wake.set()

    def tell(self, key: str, subject: str, text: str) -> None:
        """Have our own people told by mail, once per ``key``. May be called from any thread."""
        self._news.put((key, subject, text))
        self._wake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._account = self._wanted
                self._serve()
            except (MailhitlError, OSError) as error:
                self._wait_after(error, f"{type(error).__name__}: {error}")
            except Exception as error:  # noqa: BLE001
                # A bug outside any one case: the thread must outlive it, and its words may quote a customer.
                self._wait_after(error, f"{type(error).__name__} at {where(error)}")
        try:
            self._lease.release()
        except MailhitlError as error:
            log.warning("lease not released; it ends by itself", problem=str(error))

    def serve_once(self) -> int:
        """Connect, run rounds until nothing is left to do, and disconnect: ``run --once``. Raises what goes wrong."""
        self._beat()
        try:
            mailbox = self._account.connect()
            try:
                return cycle.run_until_quiet(self._app(mailbox))
            finally:
                mailbox.close()
        finally:
            self._lease.release()

    def _serve(self) -> None:
        """One connection's life."""
        self._lease.renew()
        mailbox = self._account.connect()
        watcher = None
        try:
            app = self._app(mailbox)
            watcher = self._account.watch(app.folders)
            watcher.start(self.poke)
            log.info("mailbox connected", mailbox=self._account.settings.mailbox, review=app.folders.review)
            while not self._stopping.is_set() and self._account is self._wanted:
                self._wake.clear()
                self._pass_on(app)
                cycle.run_once(app)
                if app.agenda.hands:
                    watcher.hasten()
                self._failures, self.problem = 0, ""
                pause = self._pause(app)
                self._pulse = self._pulse.well(self._now(), pause)
                self.rounds += 1
                self._wake.wait(pause)
        finally:
            if watcher is not None:
                watcher.stop()
            mailbox.close()

    def _pass_on(self, app: App) -> None:
        while not self._news.empty():
            key, subject, text = self._news.get()
            alerts.raise_alert(app, key=key, subject=subject, text=text, rings=False)

    def _app(self, mailbox: Mailbox) -> App:
        folders = find_folders(mailbox, self._account.wanted)
        app = self._account.build(mailbox, self._account.transport, self._store, folders)
        app.writers.wake = self.poke
        return replace(app, now=self._now, heartbeat=self._beat, stopwatch=self._stopwatch)

    def _beat(self) -> None:
        """Called between steps: keeps the lease, and ends the round when the process is asked to stop."""
        if self._stopping.is_set():
            raise Stopping("asked to stop")
        self._pulse = replace(self._pulse, due_at=self._now())
        self._lease.renew()

    def _pause(self, app: App) -> float:
        """Seconds until the next look: the poll interval, or sooner when something falls due."""
        poll = app.settings.poll.total_seconds()
        if app.agenda.due is None:
            return poll
        return max(0.01, min(poll, (app.agenda.due - self._now()).total_seconds()))

    def _wait_after(self, error: Exception, problem: str) -> None:
        if isinstance(error, Stopping):
            return
        self._lease.renewed = None
        if isinstance(error, LeaseTaken):
            self._wait_for(error)
            return
        self.problem = problem
        self._failures += 1
        wait = backoff(self._failures, random.random)
        refused = isinstance(error, PermanentFailure | ConfigError) and not isinstance(error, StoreRuined)
        self._pulse = self._pulse.unwell(self._now(), wait, problem, refused=refused)
        level = log.warning if isinstance(error, TemporaryFailure | StaleFolder | OSError) else log.error
        level("mailbox not served", mailbox=self.mailbox_name, problem=problem, again_in=round(wait, 1))
        self._wake.clear()
        self._stopping.wait(wait)

    def _wait_for(self, taken: LeaseTaken) -> None:
        """Another process serves this mailbox: say so once, and stand by."""
        if self.problem != taken.holder:
            log.warning("waiting: another process serves this mailbox", mailbox=self.mailbox_name, holder=taken.holder)
        self.problem = taken.holder
        self._pulse = replace(self._pulse, standing_by=True, due_at=self._now())
        self._stopping.wait(STAND_BY)


class Stopping(MailhitlError):
    """The process was asked to stop; what was begun is whole, what was not begun waits."""
