"""The customer directory's query: read-only, cut off when it takes too long, on both kinds of database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from mailhitl.backends.query import rows
from mailhitl.errors import PermanentFailure, TemporaryFailure
from tests.postgres import Postgres

CUSTOMERS = "CREATE TABLE customers (address text, tier text, open_amount numeric)"
ANN = "INSERT INTO customers VALUES ('ann@customer.test', 'gold', 12.5), ('bob@customer.test', NULL, 0)"
SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS address FROM n"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(CUSTOMERS)
        connection.execute(ANN)
        connection.commit()
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres(cluster: Postgres) -> str:
    url = cluster.new_database()
    with psycopg.connect(url) as connection:
        connection.execute(CUSTOMERS)
        connection.execute(ANN)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def test_every_value_of_a_row_is_text(url: str) -> None:
    found = rows(url, "SELECT address, tier AS Tier, open_amount FROM customers ORDER BY address")
    assert [{name.lower(): text for name, text in row.items()} for row in found] == [
        {"address": "ann@customer.test", "tier": "gold", "open_amount": "12.5"},
        {"address": "bob@customer.test", "tier": "", "open_amount": "0"},
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM customers",
        "DELETE FROM customers RETURNING address",
        "UPDATE customers SET tier = 'gold'",
        "DROP TABLE customers",
        "CREATE TABLE more (address text)",
        "SELECT 1; DELETE FROM customers",
        "COMMIT; DELETE FROM customers",
        "SELECT address FROM nowhere",
        "this is no SQL",
    ],
)
def test_a_query_that_would_change_something_is_refused_and_changes_nothing(url: str, sql: str) -> None:
    with pytest.raises((PermanentFailure, TemporaryFailure)):
        rows(url, sql)
    assert len(rows(url, "SELECT address FROM customers WHERE tier = 'gold'")) == 1


def test_a_query_that_never_ends_is_cut_off(url: str) -> None:
    with pytest.raises(TemporaryFailure):
        rows(url, SLOW, deadline=0.2)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(TemporaryFailure):
        rows(f"sqlite:///{tmp_path / 'gone.db'}", "SELECT 1")
    assert not (tmp_path / "gone.db").exists()


def test_no_pragma_and_no_other_file_gets_through(sqlite: str, tmp_path: Path) -> None:
    for sql in ("PRAGMA query_only = 0", f"ATTACH '{tmp_path / 'other.db'}' AS other"):
        with pytest.raises((PermanentFailure, TemporaryFailure)):
            rows(sqlite, sql)


def test_a_server_that_is_away_is_told_without_the_password() -> None:
    with pytest.raises(TemporaryFailure) as caught:
        rows("postgresql://crm:s3cret@127.0.0.1:1/crm", "SELECT 1")
    assert "s3cret" not in str(caught.value)
