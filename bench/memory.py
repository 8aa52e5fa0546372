"""(d) Peak memory of the daemon while a 50 MB mail is taken in, over what it needs when idle."""

from __future__ import annotations

import re
import time
from pathlib import Path

from bench.approve import REVIEW, _count
from bench.figures import Figure
from bench.place import Place, until
from bench.post import big_mail, deliver, mails

RUNS = 3
SIZE = 50_000_000


def measure(place: Place, size: int = SIZE, runs: int = RUNS) -> list[Figure]:
    raw = big_mail(size)
    grown, idle = [], []
    for _ in range(runs):
        before, after = _one(place, raw)
        idle.append(before)
        grown.append(after - before)
    what = f"(d) memory over idle while a mail of {size / 1e6:.0f} MB is taken in"
    return [
        Figure(what, "MB", grown, judged="max", limit=40),
        Figure("(d) memory of the daemon when idle", "MB", idle),
    ]


def _one(place: Place, raw: bytes) -> tuple[float, float]:
    """(resident memory when idle, peak while the mail comes in) in MB, of a real ``mailhitl run``."""
    account = place.account()
    with account.daemon() as process:
        client = account.client()
        # One mail of everyday size first: what every daemon has loaded counts as idle.
        deliver(account.maildir, mails(1))
        until(lambda: _count(client, REVIEW) == 2)
        time.sleep(1)
        # RFC-less but exact: the kernel's own high-water mark, reset here (proc(5), clear_refs).
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        idle = _kilobytes(process.pid, "VmRSS")
        deliver(account.maildir, iter([raw]))
        until(lambda: _count(client, REVIEW) == 4)
        time.sleep(1)
        client.logout()
        return idle / 1000, _kilobytes(process.pid, "VmHWM") / 1000


def _kilobytes(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])
