"""The two engines: what SQLite and PostgreSQL do differently, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import peewee as pw

from mailhitl.errors import MailhitlError, PermanentFailure, StoreRuined, TemporaryFailure
from mailhitl.kept import keep_name
from mailhitl.store.fields import UTC_ON_POSTGRES, UTC_ON_SQLITE

#: Seconds a writer waits for its turn before it gives up for now.
PATIENCE = 30
#: The one advisory lock of a store on PostgreSQL.
WRITER_LOCK = int.from_bytes(b"mailhitl", "big")
#: SQLite's result codes for what may be over in a moment, without anything having been done.
PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
#: What the reader must do about SQLite's result codes; the rest are mistakes of ours.
MEANINGS: dict[int, type[MailhitlError]] = {
    sqlite3.SQLITE_BUSY: TemporaryFailure,
    sqlite3.SQLITE_LOCKED: TemporaryFailure,
    sqlite3.SQLITE_PROTOCOL: TemporaryFailure,
    sqlite3.SQLITE_FULL: TemporaryFailure,
    sqlite3.SQLITE_IOERR: TemporaryFailure,
    sqlite3.SQLITE_READONLY: TemporaryFailure,
    sqlite3.SQLITE_CANTOPEN: TemporaryFailure,
    sqlite3.SQLITE_CORRUPT: StoreRuined,
    sqlite3.SQLITE_NOTADB: StoreRuined,
}
#: What a person can do about it.
ADVICE: dict[int, str] = {
    sqlite3.SQLITE_FULL: "Make room on that disk; until then nothing leaves and nothing is taken in",
    sqlite3.SQLITE_IOERR: "The disk under it fails: look at it (df, dmesg); nothing leaves and nothing is taken in "
    "meanwhile, and all goes on when it is well",
    sqlite3.SQLITE_READONLY: "It cannot be written: is its disk mounted read-only, and may this user write there?",
    sqlite3.SQLITE_CANTOPEN: "It cannot be opened: is its disk there, and may this user write there?",
    sqlite3.SQLITE_CORRUPT: "Either the disk fails when it is read (look at it first: dmesg), or the file is ruined: "
    "then restore a backup",
    sqlite3.SQLITE_NOTADB: "Is this the right file? If so it is ruined: restore a backup",
}


class Engine(pw.Database):
    """A database of peewee that knows the connection of every thread, so that one call closes them all.

    peewee keeps one connection per thread and can only close the caller's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: dict[threading.Thread, Any] = {}
        self._guard = threading.Lock()
        super().__init__(*args, **kwargs)

    def prepare(self) -> None:
        """Make a new database ready for the first transaction."""
        raise NotImplementedError

    def writing(self, *, durable: bool) -> AbstractContextManager[None]:
        """The one writer there is, from BEGIN to COMMIT. ``durable``: on the disk when it has ended well."""
        raise NotImplementedError

    def passing(self, error: pw.PeeweeException) -> bool:
        """Whether nothing was done and the same call may succeed in a moment."""
        raise NotImplementedError

    def meaning(self, error: pw.PeeweeException) -> type[MailhitlError] | None:
        """What to raise instead, or None when the error is a mistake of ours."""
        raise NotImplementedError

    def told(self, error: pw.PeeweeException) -> str:
        """The error in words for a person: what happened, where, what to do."""
        return str(error)

    def migrating(self) -> AbstractContextManager[None]:
        """Around the transaction of a migration."""
        raise NotImplementedError

    def backup(self, label: str) -> None:
        """Keep a copy of the database as it was last committed."""
        raise NotImplementedError

    def scrubbing(self, *, whole: bool = True) -> AbstractContextManager[None]:
        """Around a transaction that erases: what it takes out shall not be found in the files either. ``whole``: not in
        the write-ahead log either when it has ended."""
        raise NotImplementedError

    def close_all(self) -> None:
        """Close every thread's connection, for good. The other threads must have ended their work."""
        self.close()
        self.autoconnect = False
        with self._guard:
            while self._connections:
                self._connections.popitem()[1].close()

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]  # peewee's stubs leave it out
        with self._guard:
            for thread in [thread for thread in self._connections if not thread.is_alive()]:
                self._connections.pop(thread).close()
            self._connections[threading.current_thread()] = connection
        return connection

    def _close(self, connection: Any) -> None:
        with self._guard:
            self._connections.pop(threading.current_thread(), None)
        super()._close(connection)  # type: ignore[misc]


class Sqlite(Engine, pw.SqliteDatabase):
    """SQLite in one file, with a write-ahead log: readers never wait, writers take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Threads of one process queue here and go on at once; SQLite's own waiting sleeps up to 100 ms a time.
        self._turn = threading.Lock()
        self._doubted = False
        super().__init__(
            str(path),
            timeout=PATIENCE,
            pragmas={"foreign_keys": 1},
            field_types=UTC_ON_SQLITE,
            # A connection is used by one thread, but closed by whoever closes the store.
            check_same_thread=False,
        )

    def prepare(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            make_private(self.path)
        except OSError as error:
            raise PermanentFailure(f"the store cannot be opened: {error}") from error
        # Where it cannot, SQLite tells the journal it has kept to: with that one a commit may not outlast a power cut.
        [mode] = self.execute_sql("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            why = "its disk fails, or cannot share memory between processes as a network's cannot"
            raise TemporaryFailure(f"the store: {self.path} keeps no write-ahead log (it stays “{mode}”): {why}")

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[None]:
        with self._turn:
            if self._doubted:
                self._write_anew()
            # With a write-ahead log NORMAL survives a crash of the process, FULL a power cut too. A FULL commit
            # fsyncs the log up to its own end, so it makes every earlier NORMAL commit durable with it.
            self.execute_sql(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            # Without IMMEDIATE, whoever reads first and writes later fails with "database is locked".
            try:
                with self.transaction("IMMEDIATE"):
                    yield
            except pw.PeeweeException as error:
                self._doubted |= result_code(error) == sqlite3.SQLITE_IOERR
                raise

    def _write_anew(self) -> None:
        """Have every page of the log written once more, into the file itself, and begin the log anew.

        What the kernel could not write it may drop, and the next fsync says that all is well: of a log that once failed
        nobody knows which earlier commits are on the disk, and behind a hole in it no later one would be found.
        """
        busy, _, _ = self.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise TemporaryFailure(f"the store: {self.path} is read all the time, and its log has to be written anew")
        self._doubted = False

    def rollback(self) -> None:
        # On a full or broken disk SQLite has rolled back by itself; a second time is an error that hides the first.
        if self.connection().in_transaction:
            super().rollback()

    def passing(self, error: pw.PeeweeException) -> bool:
        return result_code(error) in PASSING

    def meaning(self, error: pw.PeeweeException) -> type[MailhitlError] | None:
        return MEANINGS.get(result_code(error))

    def told(self, error: pw.PeeweeException) -> str:
        advice = ADVICE.get(result_code(error), "")
        return f"{error} ({self.path}). {advice}" if advice else f"{error} ({self.path})"

    @contextmanager
    def migrating(self) -> Iterator[None]:
        # SQLite syncs the folder that its files stand in, and nobody the folders above it: a power loss could take all.
        keep_name(self.path)
        # SQLite changes most of a table by dropping it and making it anew, and other tables refer to it meanwhile.
        # Inside a transaction the setting cannot be changed.
        self.execute_sql("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.execute_sql("PRAGMA foreign_keys = ON")

    @contextmanager
    def scrubbing(self, *, whole: bool = True) -> Iterator[None]:
        # Otherwise freed pages keep the words until something else is written over them.
        self.execute_sql("PRAGMA secure_delete = ON")
        try:
            yield
            if whole:
                self.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.execute_sql("PRAGMA secure_delete = OFF")

    def backup(self, label: str) -> None:
        kept = self.path.with_name(f"{self.path.name}.{label}")
        partial = kept.with_name(f"{kept.name}.part")
        partial.unlink(missing_ok=True)
        make_private(partial)
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        partial.replace(kept)
        keep_name(kept)


class Postgres(Engine, pw.PostgresqlDatabase):
    """PostgreSQL through psycopg 3. One writer at a time here too: the log is one chain and needs one order."""

    def __init__(self, url: str) -> None:
        super().__init__(url, prefer_psycopg3=True, field_types=UTC_ON_POSTGRES, client_encoding="utf8")

    def prepare(self) -> None:
        encoding = self.execute_sql("SHOW server_encoding").fetchone()[0]
        if encoding != "UTF8":
            raise PermanentFailure(f"the store's database is encoded in {encoding}, mail needs UTF8: create it anew")

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[None]:
        with self.transaction():
            self.execute_sql("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
            if durable:
                # The server's default, but an admin may have relaxed it.
                self.execute_sql("SET LOCAL synchronous_commit = on")
            yield

    def passing(self, error: pw.PeeweeException) -> bool:
        return not _refuses_login(error) and not self.is_connection_usable()

    def told(self, error: pw.PeeweeException) -> str:
        if not _refuses_login(error):
            return str(error)
        return f"the server refuses the login of store.url, or the password of store.password: {error}"

    def meaning(self, error: pw.PeeweeException) -> type[MailhitlError] | None:
        if _refuses_login(error):
            return PermanentFailure
        # psycopg's OperationalError: connection lost or refused, shutdown, too many clients, disk full, lock timeout.
        away = isinstance(error, pw.OperationalError) or not self.is_connection_usable()
        return TemporaryFailure if away else None

    def migrating(self) -> AbstractContextManager[None]:
        return nullcontext()

    def scrubbing(self, *, whole: bool = True) -> AbstractContextManager[None]:
        # Dead rows are taken away by autovacuum; when is the server's business.
        return nullcontext()

    def backup(self, label: str) -> None:
        """Nothing: a server's database is dumped by its admin."""

    def _initialize_connection(self, conn: Any) -> None:
        # A writer stopped in mid-transaction (SIGSTOP, a dead network) must not keep the others out for ever.
        conn.execute(
            "SELECT set_config('TimeZone', 'UTC', false), set_config('lock_timeout', %s, false),"
            " set_config('idle_in_transaction_session_timeout', %s, false)",
            (f"{PATIENCE}s", f"{2 * PATIENCE}s"),
        )


def _refuses_login(error: pw.PeeweeException) -> bool:
    """Whether PostgreSQL has asked for a password and what it got was no use.

    libpq keeps the SQLSTATE of a failed login to itself and its words come in the server's language. A server that
    starts, stops or is full says so before it asks for a password.
    """
    found: Any = error
    # A connection that a query opens by itself has its error put into peewee's words twice.
    while isinstance(found, pw.PeeweeException):
        found = getattr(found, "orig", None)
    attempt = getattr(found, "pgconn", None)
    return attempt is not None and bool(attempt.needs_password or attempt.used_password)


def result_code(error: BaseException) -> int:
    """SQLite's primary result code, 0 when there is none. peewee wraps an error twice where connecting fails."""
    inner = getattr(error, "orig", None)
    return result_code(inner) if inner is not None else int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def make_private(path: Path) -> None:
    """Create the file for our eyes only: customers' mail and the signing key will be in it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
