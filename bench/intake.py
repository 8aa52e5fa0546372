"""(a) Mails taken in until draft and packet stand in Review, against fetching and appending the same bytes."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.figures import Figure
from bench.place import MAILHITL, Account, Place
from bench.post import deliver, mails

RUNS = 3
MAILS = 2_000
REVIEW = "Drafts/Review"
CHUNK = 500

Filed = Sequence[tuple[bytes, bytes, tuple[bytes, ...]]]


def measure(place: Place, count: int = MAILS, runs: int = RUNS) -> list[Figure]:
    ours: list[float] = []
    floor: list[float] = []
    busy: list[float] = []
    least: list[float] = []
    for _ in range(runs):
        mine, other = _delivered(place, count), _delivered(place, count)
        with _processor(resource.RUSAGE_CHILDREN, count, busy):
            ours.append(_daemon(mine))
        filed = _filed(mine)
        if len(filed) != 2 * count:
            raise RuntimeError(f"{len(filed)} drafts and packets stand in {REVIEW}, not {2 * count}")
        with _processor(resource.RUSAGE_SELF, count, least):
            floor.append(_bare(other, filed))
    return [
        Figure(f"(a) intake of {count} mails", "s", ours, floor, "ratio", 1.5),
        Figure("(a) processor time of the same for one mail, without the servers'", "ms", busy, least),
    ]


@contextmanager
def _processor(whose: int, count: int, figures: list[float]) -> Iterator[None]:
    """Note the milliseconds of processor time that one mail takes: what else runs on the machine is hardly in them."""
    before = resource.getrusage(whose)
    yield
    after = resource.getrusage(whose)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures.append(1000 * spent / count)


def _delivered(place: Place, count: int) -> Account:
    account = place.account()
    deliver(account.maildir, mails(count))
    return account


def _daemon(mine: Account) -> float:
    """``mailhitl run --once``, its start included: find folders, take in, judge, store, file, look again, log out."""
    began = time.perf_counter()
    with (mine.directory / "log").open("wb") as log:
        command = [MAILHITL, "--config", str(mine.config_file), "run", "--once"]
        subprocess.run(command, check=True, stdout=log, stderr=log)
    return time.perf_counter() - began


def _filed(mine: Account) -> Filed:
    """(bytes, folder, flags) of all that the daemon filed, in its order."""
    client = mine.client()
    client.select_folder(REVIEW, readonly=True)
    uids = client.search()
    rows: list[tuple[bytes, bytes, tuple[bytes, ...]]] = []
    for start in range(0, len(uids), CHUNK):
        answers = client.fetch(uids[start : start + CHUNK], ["BODY.PEEK[]", "FLAGS"])
        for _, row in sorted(answers.items()):
            flags = tuple(flag for flag in row[b"FLAGS"] if flag != b"\\Recent")
            rows.append((row[b"BODY[]"], REVIEW.encode(), flags))
    client.logout()
    return rows


def _bare(other: Account, filed: Filed) -> float:
    """imapclient alone: the same mails fetched, the same bytes appended, nothing known and nothing kept."""
    began = time.perf_counter()
    client = other.client()
    client.create_folder(REVIEW)
    client.select_folder("INBOX", readonly=True)
    uids = client.search()
    for start in range(0, len(uids), CHUNK):
        client.fetch(uids[start : start + CHUNK], ["BODY.PEEK[]"])
    for raw, folder, flags in filed:
        client.append(folder, raw, flags)
    client.logout()
    return time.perf_counter() - began
