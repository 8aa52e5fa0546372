"""(digest) ``mailhitl digest`` over a long log: how long it takes, and how much memory."""

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
#: A busy year; and the worst there is, when all the rows lie in the weeks that the digest compares.
SPANS = {52: "a year", 9: "the nine weeks that it reads"}


def measure(place: Place, rows: int = ROWS, runs: int = RUNS) -> list[Figure]:
    figures = []
    for weeks, name in SPANS.items():
        account = place.account()
        store = open_store(store_url(account.config()))
        Filler(weeks=weeks).fill(store, rows)
        store.close()
        found = [_digest(str(account.config_file)) for _ in range(runs)]
        took, peaks = ([each[part] for each in found] for part in (0, 1))
        figures += [
            Figure(f"(digest) mailhitl digest, {rows} decisions in {name}", "s", took, judged="median", limit=10),
            Figure("(digest) its memory, all in all", "MB", peaks, judged="max", limit=300),
        ]
    return figures


def _digest(config: str) -> tuple[float, float]:
    """(seconds, peak of resident memory in MB) of the command in a process of its own."""
    began = time.perf_counter()
    command = [MAILHITL, "--config", config, "digest", "--week", "2026-W46"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("no digest was made")
    return time.perf_counter() - began, usage.ru_maxrss / 1000
