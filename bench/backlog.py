"""Thousands of mails are there when the daemon starts: time, memory, one alert, and an approval on the way."""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty

from bench.approve import REVIEW, _count
from bench.figures import Figure
from bench.memory import _kilobytes
from bench.place import Account, Place, until
from bench.post import COMPLETE, deliver, mails

MAILS = 10_000
#: Seconds until all is filed; a machine that does much else is slow.
PATIENCE = 3_600.0
ALERT = b"a great many mails came in at once"


def measure(place: Place, count: int = MAILS) -> list[Figure]:
    account = place.account()
    deliver(account.maildir, mails(count))
    began = time.perf_counter()
    with account.daemon() as process:
        client = account.client()
        until(lambda: _count(client, REVIEW) > 0, PATIENCE)
        first = time.perf_counter() - began
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        early = _kilobytes(process.pid, "VmRSS")
        waited = _approved_on_the_way(account)
        until(lambda: _count(client, REVIEW) >= 2 * (count - 1), PATIENCE)
        took = time.perf_counter() - began
        peak = _kilobytes(process.pid, "VmHWM")
        client.logout()
    what = f"backlog of {count} mails"
    return [
        Figure(f"{what}: until each has its draft and packet", "s", [took]),
        Figure(f"{what}: until the first has", "s", [first]),
        Figure(f"{what}: an approval on the way until it is sent", "s", [waited]),
        Figure(
            f"{what}: peak memory over that of the first mails", "MB", [(peak - early) / 1000], judged="max", limit=200
        ),
        Figure(f"{what}: alerts about it", "", [float(_alerts(place))], judged="max", limit=1),
    ]


def _approved_on_the_way(account: Account) -> float:
    """Move the first draft that can be sent, while the backlog is still coming in; return the seconds until it left."""
    client = account.client()
    client.select_folder(REVIEW)
    until(lambda: client.noop() and client.search(COMPLETE), PATIENCE)
    draft = client.search(COMPLETE)[0]
    began = time.perf_counter()
    client.move([draft], "Drafts/Approve")
    until(lambda: _count(client, "Sent") == 1, PATIENCE)
    client.logout()
    return time.perf_counter() - began


def _alerts(place: Place) -> int:
    """How many mails told of it. Takes everything out of the sink."""
    found = 0
    while True:
        try:
            found += ALERT in place.sink.taken.get_nowait()[1]
        except Empty:
            return found
