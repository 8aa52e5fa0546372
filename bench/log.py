"""(log) ``mailhitl log verify`` over a long log: how long it takes, and how much memory."""

from __future__ import annotations

import os
import subprocess
import time

from bench.figures import Figure
from bench.filling import Filler
from bench.place import MAILHITL, Place
from mailhitl.config.database import store_url
from mailhitl.store import open_store

ROWS = 1_000_000
RUNS = 3


def measure(place: Place, rows: int = ROWS, runs: int = RUNS) -> list[Figure]:
    account = place.account()
    store = open_store(store_url(account.config()))
    Filler(weeks=52).fill(store, rows)
    store.close()
    took, busy, peaks = zip(*(_verify(str(account.config_file)) for _ in range(runs)), strict=True)
    return [
        Figure(f"(log) mailhitl log verify, {rows} decisions", "s", took, judged="median", limit=60),
        Figure("(log) its processor time", "s", busy),
        Figure("(log) its memory, all in all", "MB", peaks, judged="max", limit=300),
    ]


def _verify(config: str) -> tuple[float, float, float]:
    """(seconds, seconds of processor time, peak of resident memory in MB) of the command in a process of its own.

    Raises RuntimeError when the log does not verify.
    """
    began = time.perf_counter()
    process = subprocess.Popen([MAILHITL, "--config", config, "log", "verify"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("the log that was filled in does not verify")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000
