"""The daemon: one worker per mailbox, a schedule that pokes them, and an orderly end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from mailhitl.config.schema import Config
from mailhitl.daemon.wire import account
from mailhitl.daemon.worker import Worker
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
        self._schedule.start()

    def stop(self) -> bool:
        """End all workers; return whether all of them ended in time."""
        if self._schedule is not None:
            self._schedule.shutdown(wait=False)
        for worker in self.workers:
            worker.stop()
        for worker in self.workers:
            worker.join(END_WITHIN / max(1, len(self.workers)))
        return not any(worker.is_alive() for worker in self.workers)

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end.set())
        self.start()
        while not self._end.wait(1.0):
            pass
        log.info("stopping")
        ended = self.stop()
        log.info("stopped" if ended else "stopped while a step was under way; it is taken up again at the next start")
        return 0 if ended else 1
