"""Power and disks fail: what the log says and where the cases stand agree whenever one looks."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Semaphore

import pytest

from mailhitl.case import Event, State
from mailhitl.delivery import Phase
from mailhitl.errors import PermanentFailure, TemporaryFailure
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Filed
from mailhitl.store import SqlStore, open_store
from mailhitl.store.database import Database
from mailhitl.store.engines import Sqlite
from mailhitl.store.migrations import migrate
from mailhitl.store.models import MetaRow
from tests.contract.store.samples import DRAFT, NOON, approved, held, moved, opened, sending
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


DURABLE = (Event.APPROVE, Event.CLAIM, Event.ACCEPT, Event.DEFER, Event.REFUSE, Event.LOSE)


@pytest.mark.parametrize("event", DURABLE)
def test_what_a_send_rests_on_is_forced_to_the_disk(tmp_path: Path, event: Event) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as store:
        case = {Event.APPROVE: held, Event.CLAIM: approved}.get(event, sending)(store)
        assert synced(store, lambda: moved(store, case, event)) == ["PRAGMA synchronous = FULL"]


def test_what_must_outlast_a_power_cut_is_forced_to_the_disk(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as store:
        case = sending(store)
        filed = Filed(case.id, 1, "draft", "<d@x>", "Review", NOON)
        for work in (
            lambda: store.deliveries.record_phase(case, 1, Phase.BODY),
            lambda: store.progress.begin_attempts("support", [Location("INBOX", 7, 1)]),
            lambda: store.filings.plan(filed),
            lambda: store.switches.set("pause", "all", "anna", NOON),
            lambda: store.asks.ask(case, "anna", "digest", NOON, NOON),
            store.key,
        ):
            assert synced(store, work) == ["PRAGMA synchronous = FULL"]
        # The rest follows with the next of these, or is done again.
        assert synced(store, lambda: held(store, 2)) == ["PRAGMA synchronous = NORMAL"] * 2


def synced(store: SqlStore, work: Callable[[], object]) -> list[str]:
    """How each transaction of this work ended."""
    said: list[str] = []
    hooks = store.cases._database.engine.query_hooks
    hooks.append(lambda query: said.append(query.sql))
    work()
    hooks.pop()
    return [sql for sql in said if sql.startswith("PRAGMA synchronous")]
