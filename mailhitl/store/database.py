"""One store's database: how queries reach it, and the one way to write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import peewee as pw

from mailhitl.store.engines import Engine
from mailhitl.store.statement import Filled

T = TypeVar("T")

#: Seconds between tries of what had no effect yet (the file is locked, the server restarts): three in all.
WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


class Database:
    """Queries for one database. Safe to use from several threads: each has its own connection, opened at first use.

    Whatever is called raises TemporaryFailure while the database cannot be reached or written, PermanentFailure when
    it is ruined.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._telling = _Telling(engine)

    @contextmanager
    def tx(self, *, durable: bool = False) -> Iterator[None]:
        """One writing transaction, the only one of its database; an exception inside leaves nothing behind.

        ``durable``: what it wrote, and all that was committed before it, survives a power cut once it has ended.
        """
        if self.engine.in_transaction():
            raise RuntimeError("transactions do not nest")
        with self._telling, ExitStack() as stack:
            self._patiently(lambda: stack.enter_context(self.engine.writing(durable=durable)))
            yield

    def rows(self, query: Any) -> list[Any]:
        """Every row of a query."""
        with self._telling:
            return self._patiently(lambda: list(query.execute(self.engine)))

    def bare(self, query: Any) -> list[tuple[Any, ...]]:
        """Every row of a query as the driver gives it: many times faster where there are many."""
        with self._telling:
            return self._patiently(lambda: self.engine.execute(query).fetchall())

    def first(self, query: Any) -> Any | None:
        """The first row of a query, or None."""
        return next(iter(self.rows(query if isinstance(query, Filled) else query.limit(1))), None)

    def count(self, query: Any) -> int:
        """How many rows a query has."""
        with self._telling:
            return self._patiently(lambda: int(query.count(self.engine)))

    def prepare(self) -> None:
        """Make a new database ready for the first transaction."""
        with self._telling:
            self._patiently(self.engine.prepare)

    def tables(self) -> set[str]:
        """The names of the tables there are."""
        with self._telling:
            return self._patiently(lambda: set(self.engine.get_tables()))

    def run(self, query: Any) -> Any:
        """Write, inside ``tx``. Returns the new row's key for an insert, else how many rows were touched."""
        if not self.engine.in_transaction():
            raise RuntimeError("writing needs a transaction")
        with self._telling:
            return query.execute(self.engine)

    def close(self) -> None:
        """Close the connections of all threads, for good. The other threads must have ended their work."""
        self.engine.close_all()

    def _patiently(self, call: Callable[[], T]) -> T:
        """Call it; outside a transaction again, when it had no effect and may have one in a moment."""
        if self.engine.in_transaction():
            return call()
        for wait in WAITS:
            self._need_connection()
            try:
                return call()
            except Exception as error:
                found = _spoken(error)
                if not isinstance(found, pw.PeeweeException) or not self.engine.passing(found):
                    raise
            time.sleep(wait)
        return call()

    def _need_connection(self) -> None:
        """Let go of a connection that is dead, so that the next query opens a new one."""
        if not self.engine.autoconnect:
            raise RuntimeError("the store is closed")
        if not self.engine.is_closed() and not self.engine.is_connection_usable():
            self.engine.close()


class _Telling:
    """Around whatever is asked of the engine: what fails there is raised in words of ours.

    Every statement goes through it, so it is no generator: those cost more than many a statement.
    """

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        found = _spoken(error) if isinstance(error, Exception) else None
        if not isinstance(found, pw.PeeweeException):
            return
        meaning = self._engine.meaning(found)
        if meaning is not None:
            raise meaning(f"the store: {self._engine.told(found)}") from found
        if found is not error:
            raise found from error


def _spoken(error: Exception) -> Exception:
    """The error as peewee's, if a driver raised it: peewee translates what goes wrong while it executes, not what goes
    wrong while rows are fetched."""
    if isinstance(error, pw.PeeweeException):
        return error
    try:
        with pw.__exception_wrapper__:  # type: ignore[attr-defined]  # peewee's stubs leave it out
            raise error
    except Exception as found:  # noqa: BLE001  whatever it was
        return found
