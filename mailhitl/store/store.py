"""The store: one database, and every need of ``ports.store`` fulfilled on it."""

from __future__ import annotations

import secrets
from importlib.util import find_spec
from pathlib import Path

from mailhitl.errors import ConfigError
from mailhitl.store.asks import SqlAsks
from mailhitl.store.cases import SqlCases
from mailhitl.store.database import Database
from mailhitl.store.deliveries import SqlDeliveries
from mailhitl.store.engines import Engine, Postgres, Sqlite
from mailhitl.store.figures import SqlFigures
from mailhitl.store.filings import SqlFilings
from mailhitl.store.forgetting import SqlErasing
from mailhitl.store.journal import SqlJournal
from mailhitl.store.judgments import SqlJudgments
from mailhitl.store.log import SqlLog
from mailhitl.store.migrations import migrate
from mailhitl.store.models import MetaRow
from mailhitl.store.notices import SqlNotices
from mailhitl.store.progress import SqlProgress
from mailhitl.store.sights import SqlSights
from mailhitl.store.switches import SqlSwitches


class SqlStore:
    """Fulfils ``ports.store.Store``. Several may be open in one process; close each when its threads have ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: bytes | None = None
        self.cases = SqlCases(database)
        self.deliveries = SqlDeliveries(database)
        self.progress = SqlProgress(database)
        self.filings = SqlFilings(database)
        self.asks = SqlAsks(database)
        self.sights = SqlSights(database)
        self.notices = SqlNotices(database)
        self.switches = SqlSwitches(database)
        self.journal = SqlJournal(database)
        self.judgments = SqlJudgments(database)
        self.log = SqlLog(database)
        self.erasing = SqlErasing(database, self.key)
        self.figures = SqlFigures(database)

    def key(self) -> bytes:
        """The secret that signs approval headers and tokens (32 bytes). Whoever has the database has it."""
        if self._key is None:
            self._key = self._read_key() or self._make_key()
        return self._key

    def broken(self) -> str:
        """Say where the log is broken, "" when it is whole."""
        return self.log.verify().problem

    def close(self) -> None:
        self._database.close()

    def _read_key(self) -> bytes | None:
        row = self._database.first(MetaRow.whole().where(MetaRow.name == "key"))
        return None if row is None else bytes.fromhex(row.value)

    def _make_key(self) -> bytes:
        with self._database.tx(durable=True):
            # Somebody else may have made it in the meantime.
            if (made := self._read_key()) is not None:
                return made
            fresh = secrets.token_bytes(32)
            self._database.run(MetaRow.insert(name="key", value=fresh.hex()))
        return fresh


def open_store(url: str) -> SqlStore:
    """Open the store, and create or migrate it where needed.

    ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db`` or ``postgresql://user@host/database``. Raises
    ConfigError for any other url, TemporaryFailure when the server is away, PermanentFailure when the database is
    ruined, not ours or too new.
    """
    database = Database(_engine(url))
    try:
        database.prepare()
        migrate(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)


def _engine(url: str) -> Engine:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return Sqlite(Path(rest[1:]))
    if scheme in ("postgresql", "postgres"):
        if find_spec("psycopg") is None:
            raise ConfigError(["store.url: PostgreSQL needs an extra: pip install 'mailhitl[postgres]'"])
        return Postgres(f"postgresql://{rest}")
    raise ConfigError(["store.url: neither sqlite:///path/to/file.db nor postgresql://user@host/database"])
