"""Statements: queries that are spelled out once for each kind of engine, and only filled in at every call.

peewee's own Python takes many times longer to spell out a query than SQLite takes to answer it. What runs once for
every mail is therefore a ``Statement``; what runs now and then stays an ordinary query.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import peewee as pw

from mailhitl.store.fields import WordsField

#: Columns whose values both drivers give as they are wanted.
_PLAIN = frozenset({pw.AutoField, pw.IntegerField, pw.BigIntegerField, pw.ForeignKeyField, WordsField})
#: What makes the driver's exceptions peewee's, wherever a driver is called directly.
_AS_OURS: Any = pw.__exception_wrapper__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value in a statement: what it is called, and how its column stores it.

    ``otherwise`` holds what it is filled with where nothing is given; when it is empty, something has to be.
    """

    name: str
    store: Callable[[Any], Any]
    otherwise: tuple[Any, ...] = ()

    def fill(self, given: dict[str, Any]) -> Any:
        """What goes to the driver. Raises KeyError when a value is missing."""
        return self.store(given.get(self.name, self.otherwise[0]) if self.otherwise else given[self.name])


def given(field: Any, name: str = "") -> pw.Value:
    """A place for a value of this column in a query; called like the column unless it is named."""
    return pw.Value(Slot(name or field.name, field.db_value), converter=False)


def all_given(*fields: Any) -> dict[str, pw.Value]:
    """A place for each of these columns, as INSERT and UPDATE take them."""
    return {field.name: given(field) for field in fields}


def whole_row(table: type[pw.Model]) -> dict[str, pw.Value]:
    """A place for every column that the database does not number itself; one that may be empty may be left out."""
    fields = [field for field in table._meta.sorted_fields if not isinstance(field, pw.AutoField)]
    return {
        field.name: pw.Value(Slot(field.name, field.db_value, _default(field)), converter=False) for field in fields
    }


def _default(field: Any) -> tuple[Any, ...]:
    if field.default is not None:
        return (field.default,)
    return (None,) if field.null else ()


class Statement:
    """A query with slots (``given``). Called with their values it can be executed like any query.

    Rows have the columns' names, so a foreign key is its key: ``row.case_id``.
    """

    def __init__(self, query: Any) -> None:
        self._query = query
        self._table: type[pw.Model] = query.model
        self._spelled: dict[type[pw.Database], tuple[str, tuple[Any, ...]]] = {}
        self._row: Callable[[tuple[Any, ...]], Any] | None = None

    def __call__(self, **values: Any) -> Filled:
        return Filled(self, values)

    def execute(self, engine: pw.Database, values: dict[str, Any]) -> Any:
        """Rows for a SELECT, the new row's number for an INSERT, else how many rows were touched."""
        sql, places = self._spell(engine)
        filled = [place.fill(values) if isinstance(place, Slot) else place for place in places]
        cursor = engine.execute_sql(sql, filled)
        if isinstance(self._query, pw.Insert):
            return self._new_key(engine, cursor)
        if isinstance(self._query, pw.Update | pw.Delete):
            return cursor.rowcount
        return self._rows(cursor)

    def _spell(self, engine: pw.Database) -> tuple[str, tuple[Any, ...]]:
        kind = type(engine)
        if kind not in self._spelled:
            query = self._query
            if self._numbered(engine):
                query = query.returning(self._table._meta.primary_key)
            sql, places = engine.get_sql_context().parse(query)
            self._spelled[kind] = sql, tuple(places)
        return self._spelled[kind]

    def _numbered(self, engine: pw.Database) -> bool:
        """Whether the engine tells a new row's number only when it is asked for."""
        if not isinstance(self._query, pw.Insert) or not engine.returning_clause:
            return False
        return isinstance(self._table._meta.primary_key, pw.AutoField)

    def _new_key(self, engine: pw.Database, cursor: Any) -> int | None:
        if not engine.returning_clause:
            return int(cursor.lastrowid)
        return int(cursor.fetchone()[0]) if self._numbered(engine) else None

    def _rows(self, cursor: Any) -> list[Any]:
        with _AS_OURS:
            found = cursor.fetchall()
        if self._row is None:
            self._row = _reader(self._table, [column[0] for column in cursor.description])
        return [self._row(row) for row in found]


@dataclass(frozen=True, slots=True)
class Filled:
    """A statement and the values for its slots."""

    statement: Statement
    values: dict[str, Any]

    def execute(self, engine: pw.Database) -> Any:
        return self.statement.execute(engine, self.values)


def _reader(table: type[pw.Model], columns: list[str]) -> Callable[[tuple[Any, ...]], Any]:
    """What makes a row of these columns out of the driver's tuple."""
    fields = {field.column_name: field for field in table._meta.sorted_fields}
    told = [(place, fields[name].python_value) for place, name in enumerate(columns) if not _plain(fields.get(name))]
    row = namedtuple(f"{table.__name__}Columns", columns)  # type: ignore[misc]  # the columns are the database's

    def read(values: tuple[Any, ...]) -> Any:
        if not told:
            return row._make(values)
        changed = list(values)
        for place, python_value in told:
            changed[place] = python_value(changed[place])
        return row._make(changed)

    return read


def _plain(field: Any) -> bool:
    return field is None or type(field) in _PLAIN
