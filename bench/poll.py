"""(c) One poll of an unchanged mailbox: with 100,000 mails against one with 100."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.figures import Figure
from bench.place import Account, Place
from bench.post import deliver, fill, mails
from mailhitl.config.database import store_url
from mailhitl.daemon import cycle
from mailhitl.daemon.app import App
from mailhitl.daemon.wire import account, find_folders
from mailhitl.store import open_store

FEW, MANY = 100, 100_000
#: A round of an empty-handed poll takes a few milliseconds, and medians of 60 of them differed by a fifth.
ROUNDS, HELD_ROUNDS = 400, 60


def measure(place: Place, many: int = MANY, rounds: int = ROUNDS) -> list[Figure]:
    [filler] = mails(1)
    return [_inbox(place, filler, many, rounds), _held(place, min(rounds, HELD_ROUNDS))]


def _inbox(place: Place, filler: bytes, many: int, rounds: int) -> Figure:
    small, large = place.account(), place.account()
    for one, count in ((small, FEW), (large, many)):
        fill(one.maildir, filler, count)
        _start_now(one)
    with _app(small) as little, _app(large) as big:
        for app in (little, big):
            cycle.run_until_quiet(app)
        floor, runs = _alternate(little, big, rounds)
    return Figure(f"(c) poll of an unchanged inbox, {many} mails; floor: {FEW}", "s", runs, floor, "ratio", 1.2)


def _held(place: Place, rounds: int) -> Figure:
    """Nothing is promised of this one: what many cases that wait for reviewers cost at each poll."""
    few, many = place.account(), place.account()
    for one, count in ((few, 1), (many, 1000)):
        deliver(one.maildir, mails(count))
    with _app(few) as little, _app(many) as big:
        for app in (little, big):
            cycle.run_until_quiet(app)
        floor, runs = _alternate(little, big, rounds)
    return Figure("(c) the same, 1000 cases held; floor: 1", "s", runs, floor)


def _alternate(little: App, big: App, rounds: int) -> tuple[list[float], list[float]]:
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for app, figures in zip((little, big), took, strict=True):
            began = time.perf_counter()
            if cycle.run_once(app):
                raise RuntimeError("a poll of an unchanged mailbox found something to do")
            figures.append(time.perf_counter() - began)
    return took


def _start_now(one: Account) -> None:
    one.config_file.write_text(one.config_file.read_text().replace('start = "2 days"', 'start = "now"'))


@contextmanager
def _app(one: Account) -> Iterator[App]:
    config = one.config()
    parts = account(config, "support")
    store = open_store(store_url(config))
    mailbox = parts.connect()
    yield parts.build(mailbox, parts.transport, store, find_folders(mailbox, parts.wanted))
    mailbox.close()
    store.close()
