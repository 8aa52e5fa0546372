"""A disk that takes nothing more: nothing is sent that was not written down first, and later all goes on."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.store import open_store
from tests.story.office import PASSWORD, Office

REFUND = "Please refund my order 4711."


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path) as office:
        yield office


def run_with_files_up_to(office: Office, size: int) -> subprocess.CompletedProcess[str]:
    """``mailhitl run --once`` where no file may grow beyond so many bytes: every write behind that fails (EFBIG)."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return subprocess.run(
        office._line(("run", "--once")),
        env=office._environment(PASSWORD),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limit,
    )


def states(office: Office) -> list[State]:
    store = open_store(f"sqlite:///{office.folder / 'var' / 'mailhitl.db'}")
    try:
        return [case.state for case in store.cases.in_state(*State)]
    finally:
        store.close()


@pytest.mark.parametrize("size", [0, 20_000, 60_000, 120_000])
def test_31_a_mail_that_comes_while_the_disk_is_full_is_taken_in_once_later(office: Office, size: int) -> None:
    office.customer_writes(REFUND)
    done = run_with_files_up_to(office, size)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert office.mailhitl("run", "--once").returncode == 0
    assert states(office) == [State.HELD]
    drafts = [raw for raw in office.standing("Drafts/Review") if b"\r\nSubject: [Review]" not in raw]
    assert len(drafts) == 1


@pytest.mark.parametrize("room", [0, 4_200, 30_000])
def test_31_an_approved_answer_leaves_once_however_little_room_there_was(office: Office, room: int) -> None:
    office.customer_writes(REFUND)
    assert office.mailhitl("run", "--once").returncode == 0
    office.moves_draft("Drafts/Review", "Drafts/Approve")
    done = run_with_files_up_to(office, room)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert office.mailhitl("run", "--once").returncode == 0
    answers = [raw for raw in office.standing("Sent") if message_from_bytes(raw)["To"] == "ann@customer.test"]
    assert len(answers) == 1
    assert states(office) == [State.SENT]
