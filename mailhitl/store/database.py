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

    @contextmanager
    def tx(self, *, durable: bool = False) -> Iterator[None]:
        """One writing transaction, the only one of its database; an exception inside leaves nothing behind.

        ``durable``: what it wrote, and all that was committed before it, survives a power cut once it has ended.
        """
        if self.engine.in_transaction():
            raise RuntimeError("transactions do not nest")
        with self._failures(), ExitStack() as stack:
            self._patiently(lambda: stack.enter_context(self.engine.writing(durable=durable)))
            yield

    def rows(self, query: Any) -> list[Any]:
        """Every row of a query."""
        with self._failures():
            return self._patiently(lambda: list(query.execute(self.engine)))

    def bare(self, query: Any) -> list[tuple[Any, ...]]:
        """Every row of a query as the driver gives it: many times faster where there are many."""
        with self._failures():
            return self._patiently(lambda: self.engine.execute(query).fetchall())

    def first(self, query: Any) -> Any | None:
        """The first row of a query, or None."""
        return next(iter(self.rows(query if isinstance(query, Filled) else query.limit(1))), None)

    def count(self, query: Any) -> int:
        """How many rows a query has."""
        with self._failures():
            return self._patiently(lambda: int(query.count(self.engine)))

    def prepare(self) -> None:
        """Make a new database ready for the first transaction."""
        with self._failures():
            self._patiently(self.engine.prepare)

    def tables(self) -> set[str]:
        """The names of the tables there are."""
        with self._failures():
            return self._patiently(lambda: set(self.engine.get_tables()))

    def run(self, query: Any) -> Any:
        """Write, inside ``tx``. Returns the new row's key for an insert, else how many rows were touched."""
        if not self.engine.in_transaction():
            raise RuntimeError("writing needs a transaction")
        with self._failures():
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
                with _spoken():
                    return call()
            except pw.PeeweeException as error:
                if not self.engine.passing(error):
                    raise
            time.sleep(wait)
        return call()

    def _need_connection(self) -> None:
        """Let go of a connection that is dead, so that the next query opens a new one."""
        if not self.engine.autoconnect:
            raise RuntimeError("the store is closed")
        if not self.engine.is_closed() and not self.engine.is_connection_usable():
            self.engine.close()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            with _spoken():
                yield
        except pw.PeeweeException as error:
            meaning = self.engine.meaning(error)
            if meaning is None:
                raise
            raise meaning(f"the store: {self.engine.told(error)}") from error


@contextmanager
def _spoken() -> Iterator[None]:
    """What fails while rows are fetched comes as the driver's own error: peewee puts only what it executes into its
    words."""
    try:
        yield
    except pw.PeeweeException:
        raise
    except Exception:
        with pw.__exception_wrapper__:  # type: ignore[attr-defined]  # peewee's stubs leave it out
            raise
