"""The schema moves forward once, with a copy kept, or not at all."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import peewee as pw
import pytest
from playhouse.migrate import SchemaMigrator
from playhouse.migrate import migrate as alter

from mailhitl.case import Event
from mailhitl.errors import ConfigError, PermanentFailure
from mailhitl.store import open_store
from mailhitl.store.database import Database
from mailhitl.store.migrations import STEPS, migrate, version
from tests.contract.store.samples import held, in_every_state, moved, tamper

FIRST_SCHEMA = Path(__file__).with_name("schema_1.sql")
NEWEST = 1 + len(STEPS)


def add_a_column(database: Database) -> None:
    migrator = SchemaMigrator.from_database(database.engine)
    alter(migrator.add_column("cases", "mood", pw.TextField(default="")))


def die_half_way(database: Database) -> None:
    add_a_column(database)
    raise KeyboardInterrupt


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A store of the newest version with one case in it, without the store around it."""
    with closing(open_store(url)) as store:
        held(store)
        database = Database(type(store.cases._database.engine)(*_place(url)))
    yield database
    database.close()


def _place(url: str) -> tuple[str | Path]:
    return (Path(url.removeprefix("sqlite:///")),) if url.startswith("sqlite") else (url,)


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    path = tmp_path / "first.db"
    with closing(sqlite3.connect(path)) as first:
        first.executescript(FIRST_SCHEMA.read_text())
    return path


def columns(database: Database, table: str = "cases") -> set[str]:
    return {column.name for column in database.engine.get_columns(table)}


def schema(path: Path) -> set[tuple[object, ...]]:
    """Every column, key and index, so that two roads to one schema can be compared."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    columns = f'SELECT t.name, c.name, c.type, c."notnull", c.pk FROM ({tables}) t, pragma_table_info(t.name) c'
    keys = f'SELECT t.name, k."from", k."table", k."to" FROM ({tables}) t, pragma_foreign_key_list(t.name) k'
    indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    with closing(sqlite3.connect(path)) as database:
        return {row for query in (columns, keys, indexes) for row in database.execute(query)}


def test_a_new_store_has_the_newest_schema(database: Database) -> None:
    assert version(database) == NEWEST


def test_a_step_changes_the_schema_once_and_keeps_what_is_in_it(database: Database, url: str) -> None:
    for _ in range(2):
        migrate(database, [*STEPS, add_a_column])
    assert version(database) == NEWEST + 1
    assert "mood" in columns(database)
    assert database.engine.execute_sql("SELECT state, mood FROM cases").fetchall() == [("held", "")]


def test_a_migration_that_dies_half_way_leaves_the_old_schema(database: Database, url: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        migrate(database, [*STEPS, die_half_way])
    assert version(database) == NEWEST
    assert "mood" not in columns(database)
    with closing(open_store(url)) as store:
        assert len(in_every_state(store)) == 1


def test_a_schema_from_the_future_is_refused_and_named(database: Database, url: str) -> None:
    migrate(database, [*STEPS, add_a_column])
    with pytest.raises(PermanentFailure, match=rf"version {NEWEST + 1}, this mailhitl knows versions up to {NEWEST}"):
        open_store(url)


def test_several_processes_that_migrate_at_once_take_one_step(database: Database, url: str) -> None:
    start = Barrier(4)

    def run(_: int) -> int:
        with closing(Database(type(database.engine)(*_place(url)))) as mine:
            start.wait()
            migrate(mine, [*STEPS, add_a_column])
            return version(mine)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(4))) == [NEWEST + 1] * 4
    assert "mood" in columns(database)


def test_a_database_of_somebody_else_is_left_alone(url: str) -> None:
    open_store(url).close()
    tamper(url, "DROP TABLE mailhitl")
    with pytest.raises(PermanentFailure, match="tables of somebody else"):
        open_store(url)


def test_an_existing_file_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with closing(open_store(url)) as store:
        held(store)
        # Still open: part of what the copy must hold is in the write-ahead log only.
        migrate(store.cases._database, [*STEPS, add_a_column])
    copy = tmp_path / f"store.db.before-version-{NEWEST + 1}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(open_store(f"sqlite:///{copy}")) as old:
        assert len(in_every_state(old)) == 1
        assert old.broken() == ""


def test_a_new_store_leaves_no_copy_behind(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/store.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


def test_a_store_of_the_first_version_becomes_like_a_new_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with closing(sqlite3.connect(old)) as first:
        first.executescript(FIRST_SCHEMA.read_text())
    open_store(f"sqlite:///{new}").close()
    with closing(open_store(f"sqlite:///{old}")) as store:
        (case,) = in_every_state(store)
        assert store.cases.draft(case).text == "Dear Ann,\n\nyour money is on its way.\n"
        assert store.broken() == ""
        assert moved(store, case, Event.HOLD).version == 3
        assert store.broken() == ""
    assert schema(old) == schema(new)


def test_a_carried_over_log_keeps_its_rows_and_names_the_last_link_of_before(first_version: Path) -> None:
    with closing(open_store(f"sqlite:///{first_version}")) as store:
        [(before, after)] = [store.cases.log(case) for case in in_every_state(store)]
        assert (before.why, before.reasons[0].text, after.event) == ("because", "Money leaves.", Event.APPROVE)
        [entry] = store.journal.entries({"rechained"})
    last = "4764e5c128ddbc20fac7814ea1cb4212717860ef20ffa2384889dced0a979355"
    assert entry.data == {"decisions": "2", "link": last, "broken": ""}


def test_a_log_that_was_altered_before_it_is_carried_over_stays_known_as_such(first_version: Path) -> None:
    tamper(f"sqlite:///{first_version}", "UPDATE decisions SET why = 'nothing' WHERE id = 2")
    with closing(open_store(f"sqlite:///{first_version}")) as store:
        assert store.broken() == "decision 2 was broken already when the log was carried over (entry 1)"


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "mysql://user:secret@host/db", "store.db"])
def test_an_url_of_no_store_is_a_mistake_in_the_config(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.url") as failure:
        open_store(url)
    assert "secret" not in str(failure.value)


def test_a_relative_path_is_meant_from_here_and_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///var/mailhitl.db").close()
    assert (tmp_path / "var" / "mailhitl.db").is_file()
