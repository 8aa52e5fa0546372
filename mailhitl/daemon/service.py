"""The daemon: one worker per mailbox, a schedule that pokes them, and an orderly end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from mailhitl.backends.page import Page
from mailhitl.config.schema import Config
from mailhitl.daemon.health.troubles import Pulse
from mailhitl.daemon.health.watchman import Watchman
from mailhitl.daemon.health.wiring import page, watchman
from mailhitl.daemon.learning.nightly import HOUR, MINUTE, Nightly
from mailhitl.daemon.reload import Reloader
from mailhitl.daemon.wire import account
from mailhitl.daemon.worker import Worker
from mailhitl.errors import MailhitlError
from mailhitl.ports.store import Store

log = structlog.get_logger(__name__)

#: Seconds that all workers together have to finish the step at hand.
END_WITHIN = 25.0


@dataclass(slots=True)
class Service:
    """All mailboxes of one config, served by one process."""

    workers: Sequence[Worker]
    store: Store
    watchman: Watchman | None = None
    page: Page | None = None
    reloader: Reloader | None = None
    _end: threading.Event = field(default_factory=threading.Event)
    _hangup: threading.Event = field(default_factory=threading.Event)
    _schedule: BackgroundScheduler | None = None

    @classmethod
    def of(cls, config: Config, store: Store, only: Sequence[str] = ()) -> Service:
        names = only or tuple(config.mailbox)
        workers = [Worker(account(config, name), store) for name in names]

        def pulses() -> list[Pulse]:
            return [worker.pulse() for worker in workers]

        reloader = Reloader(config)
        watching = watchman(config, store, pulses, lambda: reloader.problem)
        return cls(workers, store, watching, page(config, store, watching, pulses), reloader)

    def start(self) -> None:
        """Start every worker and the polls. A poll never waits for IDLE, and a late one is never dropped."""
        self._schedule = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        # First of all: whoever reads in the log that a mailbox is connected finds the page there.
        self._show()
        for worker in self.workers:
            worker.start()
            self._schedule.add_job(worker.poke, "interval", seconds=worker.poll_seconds, id=worker.name)
            self._on_time(worker)
        self._learn()
        self._schedule.start()
        if self.watchman is not None:
            self.watchman.start()

    def _learn(self) -> None:
        """Learn now and every night, in another process. Where the config is read anew, from the new one."""
        assert self._schedule is not None, "the schedule was made before"
        if self.reloader is not None:
            zone = self.reloader.config.agent.timezone
            self._schedule.add_job(self._nightly, "cron", hour=HOUR, minute=MINUTE, timezone=zone)
            self._nightly()

    def _nightly(self) -> None:
        assert self.reloader is not None, "who learns has a config"
        Nightly(self.reloader.config).begin()

    def _show(self) -> None:
        """Who monitors us must not be able to stop us: a port that is taken keeps nobody from being served."""
        try:
            if self.page is not None:
                self.page.start()
        except MailhitlError as problem:
            log.error("figures are not served", problem=str(problem))

    def _on_time(self, worker: Worker) -> None:
        """Wake the worker when the weekly digest falls due, on the agent's clock; whether it was sent, the store
        knows."""
        assert self._schedule is not None, "the schedule was made before"
        if (plan := worker.weekly) is not None:
            zone, at = plan.clock.zone, plan.at
            self._schedule.add_job(
                worker.poke, "cron", day_of_week=plan.weekday, hour=at.hour, minute=at.minute, timezone=zone
            )

    def stop(self) -> bool:
        """End all workers; return whether all of them ended in time."""
        if self._schedule is not None:
            self._schedule.shutdown(wait=False)
        if self.page is not None:
            self.page.stop()
        for worker in self.workers:
            worker.stop()
        deadline = time.monotonic() + END_WITHIN
        for worker in self.workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        if self.watchman is not None:
            self.watchman.stop(max(1.0, deadline - time.monotonic()))
        return not any(worker.is_alive() for worker in self.workers)

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; return the exit code. SIGHUP has the config read anew, as a change does."""
        _on_signal(self._end.set, signal.SIGTERM, signal.SIGINT)
        _on_signal(self._hangup.set, signal.SIGHUP)
        self.start()
        while not self._end.wait(1.0):
            self._reload()
        log.info("stopping")
        ended = self.stop()
        log.info("stopped" if ended else "stopped while a step was under way; it is taken up again at the next start")
        return 0 if ended else 1

    def _reload(self) -> None:
        """Take changed files into force, all of them or none; one that cannot be used is told once."""
        asked = self._hangup.is_set()
        self._hangup.clear()
        if self.reloader is None or not (self.reloader.changed() or asked):
            return
        if self.reloader.reload():
            for worker in self.workers:
                worker.renew(account(self.reloader.config, worker.mailbox_name))
            return
        text = f"{NOT_RELOADED}\n\n{self.reloader.problem}"
        self.workers[0].tell(f"config:{self.reloader.refused}", "the changed config cannot be used", text)

    def run_once(self) -> Iterator[tuple[str, int | MailhitlError]]:
        """Serve each mailbox until it is quiet; yield its name with the steps taken, or with what kept it from that.

        What an exit code cannot tell, because it happened once, rings in the end.
        """

        def stop() -> None:
            for worker in self.workers:
                worker.stop()

        _on_signal(stop, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        for worker in self.workers:
            try:
                yield worker.mailbox_name, worker.serve_once()
            except MailhitlError as problem:
                yield worker.mailbox_name, problem
        if self.watchman is not None:
            self.watchman.pass_on()


NOT_RELOADED = (
    "The config file or a template has changed, and as it is now it cannot be used. Nothing of it counts: the agent "
    "goes on with what it had, and looks again when a file is saved. Run “mailhitl check” to see all of this again."
)


def _on_signal(act: Callable[[], None], *numbers: signal.Signals) -> None:
    """Call ``act`` on these signals. What ``nohup`` has the process ignore stays ignored."""
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: act())
