"""The customer directory: who is writing, from a CSV file or a read-only query, read again when it changes.

What can't be read leaves the last good rows in place and rings the alarm (``customers``). Before the first good ones
nobody knows who is a high-value customer, so nothing leaves without a person (``facts``).
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from mailhitl.backends import query
from mailhitl.config.database import located
from mailhitl.config.schema import Config
from mailhitl.config.sense import columns_asked
from mailhitl.errors import ConfigError, MailhitlError
from mailhitl.mail.message import Address

log = structlog.get_logger(__name__)

Rows = Mapping[str, Mapping[str, str]]
NOBODY: Mapping[str, str] = MappingProxyType({})
#: Seconds after which a query is asked again, and after which what failed is tried again.
REFRESH, RETRY = 300.0, 20.0
#: Seconds for which a changed file must have been left alone: of one that is being written the rows are missing.
REST = 2.0


class Source(Protocol):
    """Where the rows come from. ``rest`` is how many seconds they must stay the same before they count."""

    @property
    def rest(self) -> float: ...

    def stamp(self, now: float) -> Any:
        """Something that differs when the rows may have changed. Raises OSError."""
        ...

    def rows(self) -> Iterable[Mapping[str, str]]:
        """Every row. Raises OSError or MailhitlError."""
        ...


@dataclass(frozen=True, slots=True)
class Csv:
    """A file with a header."""

    path: Path
    rest: float = REST

    def stamp(self, now: float) -> Any:
        status = self.path.stat()
        return status.st_mtime_ns, status.st_size

    def rows(self) -> Iterable[Mapping[str, str]]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                if not reader.fieldnames:
                    raise ConfigError([f"{self.path}:1: has no header"])
                return [{name: text or "" for name, text in row.items() if isinstance(name, str)} for row in reader]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ConfigError([f"{self.path}: cannot be read as CSV in UTF-8: {error}"]) from None


@dataclass(frozen=True, slots=True)
class Query:
    """A read-only query, asked again every few minutes. ``url`` is a function because it may hold a password."""

    url: Callable[[], str]
    sql: str
    rest: float = 0.0

    def stamp(self, now: float) -> Any:
        return now // REFRESH

    def rows(self) -> Iterable[Mapping[str, str]]:
        return query.rows(self.url(), self.sql)


class Directory:
    """Rows keyed by address, or by domain where a row has no address. ``needed`` are the columns that rules ask for.

    Belongs to one thread. ``clock`` counts seconds.
    """

    def __init__(
        self, source: Source | None = None, needed: Collection[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source, self._needed, self._clock = source, frozenset(needed), clock
        self._stamp: Any = None
        self._seen: Any = None
        self._again = self._rests = float("-inf")
        self._rows: Rows = {}
        #: Why the rows are not as fresh as they should be, "" when they are; and since when.
        self.problem = ""
        self.failing_since: datetime | None = None
        #: Whether anything was ever read: without, an empty row does not mean that somebody is a stranger.
        self.known = source is None

    def row(self, address: Address) -> Mapping[str, str]:
        """The customer's row, by address first, then by domain; empty for a stranger."""
        self.refresh()
        return self._rows.get(address.key) or self._rows.get(address.domain) or NOBODY

    def refresh(self) -> None:
        """Read the rows again if they may have changed."""
        now = self._clock()
        if self._source is None or now < self._again:
            return
        try:
            stamp = self._source.stamp(now)
            if stamp != self._seen:
                self._seen, self._rests = stamp, now + self._source.rest
            if self.known and stamp != self._stamp and now < self._rests:
                return
            if stamp != self._stamp or not self.known:
                self._rows = keyed(self._source.rows(), self._needed)
                self._stamp, self.known = stamp, True
            self.problem, self.failing_since = "", None
        except (OSError, MailhitlError) as problem:
            self._again = now + RETRY
            self.problem = str(problem)
            self.failing_since = self.failing_since or datetime.now(UTC)
            log.warning("the customer directory cannot be read; the last one stays", problem=self.problem)

    def __len__(self) -> int:
        return len(self._rows)


def directory(config: Config) -> Directory:
    """The directory that the config names; an empty one when it names none."""
    named = config.customers
    if named is None:
        return Directory()
    needed = columns_asked([rule.when for rule in config.rule])
    if named.csv is not None:
        return Directory(Csv(named.csv), needed)
    url, sql = named.url or "", named.sql or ""
    return Directory(Query(lambda: located(config, url, named.password), sql), needed)


def columns_now(config: Config) -> frozenset[str]:
    """The columns that the CSV file has at this moment, in small letters; none when it can't be read or isn't one."""
    path = config.customers.csv if config.customers else None
    try:
        found = list(Csv(path).rows()) if path else []
    except (OSError, ConfigError):
        return frozenset()
    return frozenset(name.strip().casefold() for name in found[0]) if found else frozenset()


def keyed(found: Iterable[Mapping[str, str]], needed: Collection[str] = ()) -> Rows:
    """The rows by address or domain, columns in small letters. Raises ConfigError when a column is missing."""
    rows = [{name.strip().casefold(): text.strip() for name, text in row.items()} for row in found]
    columns = rows[0].keys() if rows else {"address", *needed}
    if not {"address", "domain"} & set(columns):
        raise ConfigError(["the customer directory needs a column “address” or “domain”"])
    if missing := sorted(set(needed) - set(columns)):
        raise ConfigError([f"the customer directory lacks a column that rules ask for: {', '.join(missing)}"])
    by_key = ((row.get("address", "") or row.get("domain", ""), row) for row in rows)
    return {key.lower(): MappingProxyType(row) for key, row in by_key if key}
