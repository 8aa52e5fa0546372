"""The schema's version and the steps from one to the next.

A new database gets its tables as ``models`` describe them; ``STEPS`` is for those that exist already. So a change of
the schema is a change in ``models`` *and* a step here, and a test compares the two roads. A step may use
``playhouse.migrate``; all steps share one transaction.

peewee's own runner (``playhouse.migrations``) was looked at and left: its steps are loose files, executed by path
(unseen by mypy and import-linter); two processes starting at once race; and it neither refuses a newer schema nor makes
a backup. With those added, what remains of it is a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import peewee as pw
from playhouse.migrate import SchemaMigrator
from playhouse.migrate import migrate as alter

from mailhitl.errors import PermanentFailure
from mailhitl.store.database import Database
from mailhitl.store.models import TABLES, DecisionRow, DraftRow, JournalRow, JudgmentRow, MetaRow
from mailhitl.store.rechaining import add_seals

Step = Callable[[Database], None]


def _add_journal_and_judgments(database: Database) -> None:
    for table in (JournalRow, JudgmentRow):
        pw.SchemaManager(table, database.engine).create_all(safe=False)


def _make_ready_for_figures(database: Database) -> None:
    migrator = SchemaMigrator.from_database(database.engine)
    alter(migrator.add_column("drafts", "distance", DraftRow.distance))
    pw.SchemaManager(DecisionRow, database.engine).create_indexes(safe=True)


def _drop_what_nobody_asks(database: Database) -> None:
    migrator = SchemaMigrator.from_database(database.engine)
    alter(
        migrator.drop_index("cases", "cases_mailbox_header_fingerprint"),
        migrator.drop_column("cases", "header_fingerprint"),
    )


def _to_version_2(database: Database) -> None:
    _add_journal_and_judgments(database)
    _make_ready_for_figures(database)
    add_seals(database)
    _drop_what_nobody_asks(database)


#: STEPS[0] leads from version 1 to 2, and so on. A step is never changed once it was released.
STEPS: Sequence[Step] = (_to_version_2,)


def migrate(database: Database, steps: Sequence[Step] = STEPS) -> None:
    """Bring the schema to the newest version, in one transaction: several processes may start at once, and one that
    dies on the way leaves the old schema. An existing SQLite file is copied first.

    Raises PermanentFailure for a schema newer than ours, or a database that is somebody else's.
    """
    newest = 1 + len(steps)
    if version(database) == newest:
        return
    with database.engine.migrating(), database.tx(durable=True):
        found = version(database)
        if found > newest:
            raise PermanentFailure(
                f"the store's schema is version {found}, this mailhitl knows versions up to {newest}:"
                " upgrade mailhitl, or go back to the backup made before the migration"
            )
        if found == 0:
            _create(database)
        elif found < newest:
            database.engine.backup(f"before-version-{newest}")
            for step in steps[found - 1 :]:
                step(database)
        _stamp(database, newest)


def version(database: Database) -> int:
    """The schema's version, 0 for a new database."""
    if MetaRow._meta.table_name not in database.tables():
        return 0
    row = database.first(MetaRow.whole().where(MetaRow.name == "schema"))
    return 0 if row is None else int(row.value)


def _create(database: Database) -> None:
    foreign = {table._meta.table_name for table in TABLES} & database.tables()
    if foreign:
        raise PermanentFailure(
            f"the store's database has tables of somebody else ({', '.join(sorted(foreign))}): give mailhitl its own"
        )
    for table in TABLES:
        pw.SchemaManager(table, database.engine).create_all(safe=False)


def _stamp(database: Database, newest: int) -> None:
    database.run(
        MetaRow.insert(name="schema", value=str(newest)).on_conflict(
            conflict_target=[MetaRow.name], preserve=[MetaRow.value]
        )
    )
