"""Many at once: one wins, nobody is locked out, no store sees another's rows."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import psycopg
import pytest

from mailhitl.case import Event, State
from mailhitl.errors import LeaseTaken, StaleCase
from mailhitl.ports.store import Cursor
from mailhitl.store import SqlStore, open_store
from tests.contract.store.samples import DRAFT, MINUTE, NOON, arrival, attempt, held, moved, opened, sending
from tests.postgres import Postgres

T = TypeVar("T")
THREADS = 8


def at_once(work: Callable[[int], T]) -> list[T]:
    """Let eight threads do it at the same moment; raise what any of them raised."""
    start = Barrier(THREADS)

    def one(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_of_eight_threads_that_move_one_case_exactly_one_wins(store: SqlStore) -> None:
    case = held(store)

    def approve(_: int) -> str:
        try:
            return moved(store, case, Event.APPROVE).state
        except StaleCase:
            return "stale"

    assert Counter(at_once(approve)) == {"approved": 1, "stale": THREADS - 1}
    assert [row.event for row in store.cases.log(case)] == [Event.HOLD, Event.APPROVE]


def test_of_eight_runners_that_claim_one_case_exactly_one_may_send(store: SqlStore) -> None:
    case = moved(store, held(store), Event.APPROVE)

    def claim(number: int) -> bool:
        try:
            moved(store, case, Event.CLAIM, delivery=attempt(case, number + 1))
        except StaleCase:
            return False
        return True

    assert sorted(at_once(claim)) == [False] * (THREADS - 1) + [True]
    assert len(store.deliveries.of(case)) == 1


def test_eight_threads_that_see_one_mail_open_one_case(store: SqlStore) -> None:
    cases = [case for case in at_once(lambda _: store.cases.open(arrival())) if case]
    assert len(cases) == 1
    assert len(store.cases.recent()) == 1


def test_eight_hundred_updates_at_once_are_never_locked_out(store: SqlStore) -> None:
    cases = [held(store, number) for number in range(THREADS)]

    def revise(number: int) -> None:
        case = cases[number]
        for _ in range(100):
            case = moved(store, store.cases.get(case.id), Event.REVISE, draft=DRAFT)

    at_once(revise)
    assert [case.revision for case in store.cases.in_state(State.HELD)] == [101] * THREADS
    assert store.broken() == ""


def test_writers_of_several_processes_take_turns(store: SqlStore, url: str) -> None:
    # Each thread's own store stands for a process: they share nothing but the database.
    def advance(number: int) -> None:
        with closing(open_store(url)) as mine:
            for uid in range(50):
                mine.progress.advance("support", f"folder {number}", Cursor(1, uid, NOON))

    at_once(advance)
    assert {store.progress.cursor("support", f"folder {number}") for number in range(THREADS)} == {Cursor(1, 49, NOON)}


def test_two_stores_used_in_turn_by_eight_threads_never_mix(tmp_path: Path) -> None:
    with (
        closing(open_store(f"sqlite:///{tmp_path}/left.db")) as left,
        closing(open_store(f"sqlite:///{tmp_path}/right.db")) as right,
    ):

        def fill(number: int) -> None:
            for turn in range(40):
                store, name = (left, "left") if turn % 2 else (right, "right")
                case = held(store, number * 1000 + turn, mailbox=name)
                assert store.cases.get(case.id).mailbox == name
                assert {found.mailbox for found in store.cases.in_state(State.HELD)} == {name}

        at_once(fill)
        for store, name in ((left, "left"), (right, "right")):
            assert Counter(case.mailbox for case in store.cases.in_state(State.HELD)) == {name: THREADS * 20}
            assert store.broken() == ""
        assert left.key() != right.key()


def test_a_reader_does_not_wait_for_a_writer(store: SqlStore, url: str) -> None:
    case = sending(store)

    def read_or_write(number: int) -> set[State]:
        with closing(open_store(url)) as mine:
            if number == 0:
                for _ in range(50):
                    mine.switches.set("pause", "all", "anna", NOON)
            return {mine.cases.get(case.id).state for _ in range(50)}

    assert at_once(read_or_write) == [{State.SENDING}] * THREADS


def test_eight_processes_that_start_at_once_find_one_key_and_one_schema(url: str) -> None:
    def start(_: int) -> bytes:
        with closing(open_store(url)) as store:
            return store.key()

    assert len(set(at_once(start))) == 1


def test_a_lease_wanted_by_eight_goes_to_one(store: SqlStore) -> None:
    def take(number: int) -> bool:
        try:
            store.switches.take_lease("support", f"host:{number}", NOON, NOON + MINUTE)
        except LeaseTaken:
            return False
        return True

    assert sorted(at_once(take)) == [False] * (THREADS - 1) + [True]


def test_closing_the_store_lets_go_of_every_threads_connection(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    at_once(lambda number: opened(store, number))
    assert (tmp_path / "store.db-wal").exists()
    store.close()
    # SQLite removes its log when the last connection is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


@pytest.mark.servers
def test_threads_that_have_ended_keep_no_connection_to_the_server(postgres: Postgres) -> None:
    url = postgres.new_database()
    with closing(open_store(url)) as store, psycopg.connect(url, autocommit=True) as admin:
        for number in range(20):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(opened, store, number).result()
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert admin.execute(count).fetchone() in {(2,), (3,), (4,)}


def test_a_closed_store_says_that_it_is_closed(url: str) -> None:
    store = open_store(url)
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.cases.recent()
    with pytest.raises(RuntimeError, match="closed"):
        opened(store)


@pytest.fixture
def strict_umask() -> Iterator[None]:
    import os

    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("strict_umask")
def test_nobody_else_may_read_the_database(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/var/store.db")) as store:
        opened(store)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var").iterdir()}
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
