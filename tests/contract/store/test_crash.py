"""Power and disks fail: what the log says and where the cases stand agree whenever one looks."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Semaphore

import pytest

from mailhitl.case import Event, State
from mailhitl.errors import PermanentFailure, TemporaryFailure
from mailhitl.store import open_store
from mailhitl.store.database import Database
from mailhitl.store.engines import Sqlite
from mailhitl.store.migrations import migrate
from mailhitl.store.models import MetaRow
from tests.contract.store.samples import DRAFT, held, moved, opened, sending
from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parents[3]

#: A process that moves cases until it is stopped; it prints a line for each round that it was told is on the disk.
BUSY = textwrap.dedent(
    """
    import resource, sys
    from itertools import count
    from mailhitl.case import Event
    from mailhitl.errors import TemporaryFailure
    from mailhitl.store import open_store
    from tests.contract.store.samples import DRAFT, held, moved

    store = open_store(sys.argv[1])
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    first = len(store.cases.recent(limit=100_000)) + 1
    try:
        for number in count(first):
            case = moved(store, held(store, number), Event.REVISE, draft=DRAFT)
            moved(store, case, Event.APPROVE)
            print(case.id, flush=True)
    except TemporaryFailure as failure:
        sys.exit(f"the disk is full: {failure}")
    """
)


def busy(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUSY, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_whenever_a_process_is_killed_the_log_explains_every_state(url: str) -> None:
    promised = 0
    for rounds in range(5):
        with busy(url) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3 + rounds)]
            process.kill()
            lines += process.stdout.readlines()
        promised += len([line for line in lines if line.endswith("\n")])
        with closing(open_store(url)) as store:
            assert store.broken() == ""
            # What was said to be approved is so, with both of its drafts.
            approved = store.cases.in_state(State.APPROVED)
            assert len(approved) >= promised
            assert all(store.cases.draft(case, revision) for case in approved for revision in (1, 2))


def test_a_full_disk_stops_the_work_and_leaves_the_log_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    process = busy(url, str(600_000))
    done, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the disk is full: the store:" in said
    with closing(open_store(url)) as store:
        assert store.broken() == ""
        assert len(store.cases.in_state(State.APPROVED)) == len(done.splitlines()) > 0
        # With room again it goes on.
        held(store, 10_000)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ann,\n" * 1000)
    with pytest.raises(PermanentFailure, match="not a database"):
        open_store(f"sqlite:///{letter}")
    assert letter.read_text() == "Dear Ann,\n" * 1000


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentFailure, match="file"):
        open_store(f"sqlite:///{tmp_path}/file/store.db")


@pytest.mark.servers
def test_a_server_that_restarts_is_found_again_with_nothing_lost() -> None:
    with Postgres() as server, closing(open_store(server.new_database())) as store:
        case = sending(store)
        server.stop()
        server.start()
        assert store.cases.get(case.id) == case
        server.stop()
        server.start()
        assert moved(store, case, Event.ACCEPT).state is State.SENT
        assert store.broken() == ""


@pytest.mark.servers
def test_a_server_that_is_away_is_a_temporary_failure() -> None:
    with Postgres() as server:
        url = server.new_database()
        with closing(open_store(url)) as store:
            case = opened(store)
            server.stop()
            with pytest.raises(TemporaryFailure, match="the store"):
                store.cases.get(case.id)
            with pytest.raises(TemporaryFailure, match="the store"):
                moved(store, case, Event.HOLD, draft=DRAFT)
            with pytest.raises(TemporaryFailure, match="the store"):
                open_store(url)
            server.start()
            assert moved(store, case, Event.HOLD, draft=DRAFT).state is State.HELD


@pytest.mark.servers
def test_a_database_in_another_encoding_is_refused(postgres: Postgres) -> None:
    with pytest.raises(PermanentFailure, match="LATIN1"):
        open_store(postgres.new_database(encoding="LATIN1"))


def test_a_file_that_is_locked_for_a_moment_is_tried_again(tmp_path: Path) -> None:
    with (
        closing(Database(Sqlite(tmp_path / "store.db"))) as one,
        closing(Database(Sqlite(tmp_path / "store.db"))) as other,
    ):
        migrate(one)
        other.engine.timeout = 0  # what SQLite itself would wait
        tried = Semaphore(0)
        other.engine.query_hooks.append(lambda _: tried.release())

        def wait_for_a_turn() -> int:
            with other.tx():
                return other.count(MetaRow.select())

        with ThreadPoolExecutor(1) as pool:
            with one.tx():
                turn = pool.submit(wait_for_a_turn)
                for _ in range(3):
                    assert tried.acquire(timeout=10)
            assert turn.result(timeout=10) == 1
