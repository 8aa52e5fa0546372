"""The disk under the store is full, broken or read-only at one call: a sample; ``make bench ONLY=disk`` tries all."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from mailhitl.case import State
from mailhitl.store import open_store
from tests.crash.disk import Fault, broken
from tests.crash.killing import Ground
from tests.crash.platter import CALLS as KEPT
from tests.crash.platter import Cut, Disk, nothing
from tests.crash.tracing import Tracing, traced, why_not
from tests.story.office import Office, until

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module", autouse=True)
def _strace() -> None:
    if problem := why_not():
        pytest.skip(f"{problem}; test_full_disk.py fills the disk up instead")


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.mark.parametrize(("name", "count"), [("first", 1), ("fetch", 2), ("approve", 4)])
def test_31_wherever_the_disk_fails_nothing_is_sent_unrecorded_and_all_is_done_once_later(
    ground: Ground, name: str, count: int
) -> None:
    def some(faults: list[Fault]) -> list[Fault]:
        return Random(31).sample(faults, count)

    assert [end for end in broken(ground, name, some) if end.bad] == []


def after_the_claim(faults: list[Fault]) -> list[Fault]:
    """Whatever is said to the syncs of the approval, the claim and the hand-over, once."""
    return [fault for fault in faults if fault.point.call == "fdatasync" and fault.error == "EIO" and fault.lasting][:2]


def test_31_a_sync_that_failed_is_no_commit(ground: Ground) -> None:
    """Nothing was handed over on the strength of it: where it failed at the first ones, nothing has left."""
    ends = list(broken(ground, "approve", after_the_claim))
    assert [(end.code, end.dotted, end.outcome, end.bad) for end in ends] == [(1, False, "once", "")] * 2


#: Opens a case, files an answer, approves it; insists when the store fails. Ends as by a power cut.
INSISTS = textwrap.dedent(
    """
    import os, sys
    from mailhitl.case import Event
    from mailhitl.errors import TemporaryFailure
    from mailhitl.store import open_store
    from tests.contract.store.samples import DRAFT, moved, opened

    def insist(step):
        while True:
            try:
                return step()
            except TemporaryFailure:
                continue

    store = insist(lambda: open_store(sys.argv[1]))
    case = insist(lambda: opened(store, 1))
    case = insist(lambda: moved(store, case, Event.HOLD, draft=DRAFT))
    insist(lambda: moved(store, case, Event.APPROVE))
    os._exit(0)
    """
)


def forgetful(disk: Disk, trace: Path) -> None:
    """Take the trace in. What the kernel could not write when it was told to sync, it forgets, once and for all."""
    for line in trace.read_text().splitlines():
        if "INJECTED" not in line:
            disk.see(line)
            continue
        path = Path(line.partition("<")[2].partition(">")[0])
        lost = disk.named[path]
        disk.unsynced = [
            each for each in disk.unsynced if isinstance(each, Cut) or getattr(each, "node", None) is not lost
        ]


@pytest.mark.parametrize("number", range(4, 10))
def test_31_what_the_kernel_forgot_after_a_failed_sync_is_written_anew_before_anything_rests_on_it(
    tmp_path: Path, number: int
) -> None:
    var, trace = tmp_path / "var", tmp_path / "trace"
    var.mkdir()
    disk = Disk(var)
    tracing = Tracing(trace, f"fdatasync:error=EIO:when={number}", KEPT, whole=True)
    script = [sys.executable, "-c", INSISTS, f"sqlite:///{var / 'store.db'}"]
    assert subprocess.run([*tracing.line, *script], timeout=60).returncode == 0
    forgetful(disk, trace)
    disk.put(disk.image(nothing, Random(1)), tmp_path / "found")
    with closing(open_store(f"sqlite:///{tmp_path / 'found' / 'store.db'}")) as store:
        assert store.broken() == ""
        assert [case.state for case in store.cases.in_state(*State)] == [State.APPROVED]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path) as office:
        yield office


def to_ann(office: Office) -> int:
    return sum(mail.recipient == "ann@customer.test" for mail in office.smtp.outside)


def comes_back(holds: Callable[[], bool]) -> None:
    """Wait longer than the worker does between two tries, half a minute after so few."""
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline, "it has not gone on"
        time.sleep(0.2)


def test_31_a_daemon_rings_while_its_disk_is_full_and_goes_on_by_itself_when_there_is_room(office: Office) -> None:
    office.customer_writes("Please refund my order 4711.")
    daemon = office.serving()
    until(lambda: len(office.standing("Drafts/Review")) == 2)
    tracing = Tracing(office.folder / "trace", "pwrite64:error=ENOSPC:when=1+", ("pwrite64",))
    disk = traced(daemon.pid, tracing)
    try:
        office.moves_draft("Drafts/Review", "Drafts/Approve")
        daemon.awaits("database or disk is full")
        daemon.awaits("Make room on that disk")
        daemon.awaits("the database cannot be written")
    finally:
        disk.terminate()
        disk.wait()
    assert to_ann(office) == 0
    comes_back(lambda: len(office.standing("Sent")) == 1)
    daemon.awaits("alarm over")
    daemon.signal(signal.SIGTERM)
    assert daemon.ends() == 0
    assert "Traceback" not in daemon.log
    assert to_ann(office) == 1
