"""Drafts that take long are written beside the rounds, so that a slow model never keeps a mail from being taken in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    """One piece of work, and what came of it once ``done`` is set."""

    work: Callable[[], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None
    asked: bool = True

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self.error = error
        finally:
            self.done.set()


class Writers:
    """Runs at most ``at_once`` jobs at a time, the others in their order.

    The threads are daemons: a process that is asked to stop does not wait for a model. What was not taken then is asked
    for again at the next start.
    """

    def __init__(self, at_once: int = 4, wake: Callable[[], None] = lambda: None) -> None:
        #: Called from a writer's thread when a job has ended.
        self.wake = wake
        self._at_once = at_once
        self._lock = threading.Lock()
        self._jobs: dict[Hashable, _Job] = {}
        self._queue: deque[_Job] = deque()
        self._running = 0

    def take(self, key: Hashable, work: Callable[[], T]) -> tuple[T] | None:
        """Return what ``work`` came to, in a tuple, or None while it is still to come; raises what it raised.

        The first call with a key begins the work; the one that gets its result, or its error, ends it.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = _Job(work)
                self._queue.append(job)
                self._begin()
                return None
            job.asked = True
            if not job.done.is_set():
                return None
            del self._jobs[key]
        if job.error is not None:
            raise job.error
        return (job.result,)

    def under_way(self, key: Hashable) -> bool:
        """Whether there is nothing to take yet of what was asked for under this key; counts as asking."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None:
                job.asked = True
            return job is not None and not job.done.is_set()

    def sweep(self) -> None:
        """Drop what nobody has asked for since the last time: its case was closed, or its wish is none any more."""
        with self._lock:
            self._jobs = {key: job for key, job in self._jobs.items() if job.asked}
            self._queue = deque(job for job in self._queue if job.asked)
            for job in self._jobs.values():
                job.asked = False

    @property
    def busy(self) -> bool:
        """Whether there is anything whose result was not taken yet."""
        with self._lock:
            return bool(self._jobs)

    def wait(self, seconds: float) -> bool:
        """Wait until the job that was begun first has ended; False when it hasn't, or there is none."""
        with self._lock:
            jobs = list(self._jobs.values())
        return bool(jobs) and jobs[0].done.wait(seconds)

    def _begin(self) -> None:
        """Start what there is room for. Holds the lock."""
        while self._queue and self._running < self._at_once:
            self._running += 1
            threading.Thread(target=self._run, args=(self._queue.popleft(),), name="writer", daemon=True).start()

    def _run(self, job: _Job) -> None:
        job.run()
        with self._lock:
            self._running -= 1
            self._begin()
        self.wake()
