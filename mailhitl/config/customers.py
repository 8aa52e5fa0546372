"""``[customers]``: the directory of who is writing, from a file or a database."""

from __future__ import annotations

from pydantic import model_validator

from mailhitl.config.secrets import Secret
from mailhitl.config.table import Table, key, problem
from mailhitl.config.values import AnchoredPath, DatabaseUrl, Word


class Customers(Table):
    """Who is writing: a CSV file or a read-only SQL query, keyed by address or domain; read again when it changes."""

    csv: AnchoredPath | None = key(
        None,
        "A CSV file with a header: address or domain, and any other columns; high_value = yes always gets a person.",
    )
    sql: Word | None = key(None, "A query that yields the same columns; asked every few minutes, never writes.")
    url: DatabaseUrl | None = key(
        None, "The database that the query asks: sqlite:///path or postgresql://user@host/db.", repr=False
    )
    password: Secret | None = key(None, "PostgreSQL's password.")

    @model_validator(mode="after")
    def _one(self) -> Customers:
        if (self.csv is None) == (self.sql is None):
            raise problem("must have either csv or sql")
        if (self.url is None) != (self.sql is None):
            raise problem("sql and url belong together", "sql" if self.sql else "url")
        return self
