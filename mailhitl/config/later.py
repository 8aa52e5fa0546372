"""Tables of the contract whose features are still to come: they are read and checked, and a warning says so."""

from __future__ import annotations

from pydantic import model_validator

from mailhitl.config.secrets import Secret
from mailhitl.config.table import Table, key, needed, problem
from mailhitl.config.values import AddrSpec, Amount, AnchoredPath, Clock, DatabaseUrl, Duration, Switch, Weekday, Word


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


class Digest(Table):
    """The weekly report."""

    to: tuple[AddrSpec, ...] = needed("Who gets it.")
    weekday: Weekday = key("mon", "Day of the week.")
    at: Clock = key("08:00", "Time of day, in the agent's time zone.")
    signoff: str = key("", "A group that must approve the digest first.")
    subjects: Switch = key(False, "Show the customers' subjects beside the cases it names; bodies are never shown.")
    minutes_per_answer: Amount = key(
        6.0, "Minutes that a person takes to write one answer: for the estimate of the time saved."
    )


class Retention(Table):
    """How long closed cases keep their words. Erased once a day, by the daemon; without this table nothing is."""

    cases: Duration = key("2y", "Whom a case was about and why it was decided. What was decided stays in the log.")
    bodies: Duration = key("180d", "The words of mails, drafts and packets.")
