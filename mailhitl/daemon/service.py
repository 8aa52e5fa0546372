"""The daemon: one worker per mailbox, a schedule that pokes them, and an orderly end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from mailhitl.config.schema import Config
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
    _end: threading.Event = field(default_factory=threading.Event)
    _schedule: BackgroundScheduler | None = None

    @classmethod
    def of(cls, config: Config, store: Store, only: Sequence[str] = ()) -> Service:
        names = only or tuple(config.mailbox)
        return cls([Worker(account(config, name), store) for name in names], store)

    def start(self) -> None:
        """Start every worker and the polls. A poll never waits for IDLE, and a late one is never dropped."""
        self._schedule = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for worker in self.workers:
            worker.start()
            self._schedule.add_job(worker.poke, "interval", seconds=worker.poll_seconds, id=worker.name)
            self._on_time(worker)
        self._schedule.start()

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
        for worker in self.workers:
            worker.stop()
        deadline = time.monotonic() + END_WITHIN
        for worker in self.workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        return not any(worker.is_alive() for worker in self.workers)

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; return the exit code."""
        _on_signal(self._end.set)
        self.start()
        while not self._end.wait(1.0):
            pass
        log.info("stopping")
        ended = self.stop()
        log.info("stopped" if ended else "stopped while a step was under way; it is taken up again at the next start")
        return 0 if ended else 1

    def run_once(self) -> Iterator[tuple[str, int | MailhitlError]]:
        """Serve each mailbox until it is quiet; yield its name with the steps taken, or with what kept it from that."""

        def stop() -> None:
            for worker in self.workers:
                worker.stop()

        _on_signal(stop)
        for worker in self.workers:
            try:
                yield worker.mailbox_name, worker.serve_once()
            except MailhitlError as problem:
                yield worker.mailbox_name, problem


def _on_signal(end: Callable[[], None]) -> None:
    """Call ``end`` when the process is asked to stop. What ``nohup`` has it ignore stays ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: end())
