"""One read-only query of a database that is not ours: the customer directory's.

Whatever the query says, nothing is changed: SQLite opens the file for reading and refuses every statement but a SELECT,
PostgreSQL runs it in a read-only transaction. What takes too long is cut off by the database itself.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote

from mailhitl.errors import PermanentFailure, TemporaryFailure

#: Seconds to connect, and for the whole query.
CONNECT, DEADLINE = 5, 20.0
SQLITE = "sqlite:///"
#: What a SELECT does. Everything else is refused, PRAGMA and ATTACH too.
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
#: How many steps of SQLite's machine lie between two looks at the clock.
STEPS = 10_000

Row = dict[str, str]


def rows(url: str, sql: str, deadline: float = DEADLINE) -> list[Row]:
    """Return every row, its columns' names and its values as text; NULL is "".

    ``url`` is ``sqlite:///path`` or ``postgresql://…``. Raises TemporaryFailure when the database is away, busy or too
    slow, PermanentFailure when it says no to the query. Neither tells the URL, which may hold a password.
    """
    names, found = (_sqlite if url.startswith(SQLITE) else _postgres)(url, sql, deadline)
    return [dict(zip(names, map(_text, row), strict=True)) for row in found]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _sqlite(url: str, sql: str, deadline: float) -> tuple[list[str], Sequence[Any]]:
    path = quote(url.removeprefix(SQLITE))
    ends = time.monotonic() + deadline
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=CONNECT)) as connection:
            connection.execute("PRAGMA query_only = 1")
            connection.set_authorizer(_authorised)
            connection.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
            cursor = connection.execute(sql)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
    except (sqlite3.OperationalError, sqlite3.InterfaceError) as error:
        raise TemporaryFailure(f"the customer directory's query failed: {error}") from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise PermanentFailure(f"the customer directory's query is refused: {error}") from error


def _authorised(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _postgres(url: str, sql: str, deadline: float) -> tuple[list[str], Sequence[Any]]:
    try:
        import psycopg
    except ImportError:
        raise PermanentFailure("the customer directory is on PostgreSQL: pip install 'mailhitl[postgres]'") from None
    options = f"-c default_transaction_read_only=on -c statement_timeout={int(deadline * 1000)}"
    try:
        with psycopg.connect(url, connect_timeout=CONNECT, options=options) as connection:
            connection.read_only = True
            # A prepared statement is a single one: nothing after a semicolon can end the read-only transaction.
            cursor = connection.execute(sql.encode(), prepare=True)
            return [column.name for column in cursor.description or ()], cursor.fetchall()
    except (psycopg.errors.QueryCanceled, psycopg.OperationalError) as error:
        raise TemporaryFailure(f"the customer directory's query failed: {_first_line(error)}") from None
    except psycopg.Error as error:
        raise PermanentFailure(f"the customer directory's query is refused: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
