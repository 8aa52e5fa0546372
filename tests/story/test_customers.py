"""Who is writing: the directory is read again when it changes, and an outage never makes anybody a stranger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.config.load import check_columns, load
from mailhitl.daemon.directory import REFRESH, REST, RETRY, Csv, Directory, Query, directory
from mailhitl.daemon.health.doctor import examine_machine
from mailhitl.mail.message import Address
from tests.story.world import CONFIG, World

ANN = Address("Ann", "ann@customer.test")
HOURS = {"text": "When are you open?", "subject": "Hours"}


class Seconds:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def with_csv(folder: Path, text: str) -> str:
    (folder / "customers.csv").write_text(text)
    return f'{CONFIG}\n[customers]\ncsv = "customers.csv"\n'


@pytest.fixture
def away(tmp_path: Path) -> Iterator[World]:
    """A world whose directory can't be read when the agent starts."""
    world = World(tmp_path, f'{CONFIG}\n[customers]\nsql = "SELECT * FROM customers"\nurl = "sqlite:///crm.db"\n')
    yield world
    world.store.close()


def crm(folder: Path, tier: str) -> None:
    with closing(sqlite3.connect(folder / "crm.db")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS customers (address TEXT, high_value TEXT)")
        connection.execute("DELETE FROM customers")
        connection.execute("INSERT INTO customers VALUES ('ann@customer.test', ?)", (tier,))
        connection.commit()


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path, clock = tmp_path / "customers.csv", Seconds()
    path.write_text("address,tier\nann@customer.test,silver\n")
    found = Directory(Csv(path), (), clock)
    assert found.row(ANN)["tier"] == "silver"
    path.write_text("Address, Tier\nann@customer.test, platinum\n")
    assert found.row(ANN)["tier"] == "silver"
    clock.now += REST
    assert found.row(ANN)["tier"] == "platinum"


def test_a_row_for_a_domain_counts_for_whoever_has_no_row_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("address,domain,tier\n,customer.test,silver\nann@customer.test,,gold\n")
    found = Directory(Csv(path))
    assert found.row(ANN)["tier"] == "gold"
    assert found.row(Address("", "bob@customer.test"))["tier"] == "silver"
    assert found.row(Address("", "bob@elsewhere.test")) == {}


@pytest.mark.parametrize("broken", ["", "name,tier\nann,gold\n", "address\nann@customer.test\n", None])
def test_a_file_that_is_broken_leaves_the_last_good_rows(tmp_path: Path, broken: str | None) -> None:
    path, clock = tmp_path / "customers.csv", Seconds()
    path.write_text("address,tier\nann@customer.test,gold\n")
    found = Directory(Csv(path), {"tier"}, clock)
    assert found.row(ANN)["tier"] == "gold"
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)
    assert found.row(ANN)["tier"] == "gold"
    clock.now += REST
    assert found.row(ANN)["tier"] == "gold"
    assert found.known
    assert found.problem
    path.write_text("address,tier\nann@customer.test,silver\n")
    clock.now += RETRY
    assert found.row(ANN)["tier"] == "gold"
    clock.now += REST
    assert found.row(ANN)["tier"] == "silver"
    assert found.problem == ""


def test_a_query_is_asked_again_after_a_few_minutes(tmp_path: Path) -> None:
    crm(tmp_path, "yes")
    clock = Seconds()
    found = Directory(Query(lambda: f"sqlite:///{tmp_path / 'crm.db'}", "SELECT * FROM customers"), (), clock)
    assert found.row(ANN)["high_value"] == "yes"
    crm(tmp_path, "no")
    assert found.row(ANN)["high_value"] == "yes"
    clock.now += REFRESH
    assert found.row(ANN)["high_value"] == "no"


def test_while_the_directory_was_never_read_nothing_is_sent_and_it_is_told_once(away: World) -> None:
    away.customer_writes(**HOURS)
    away.run()
    assert away.case.state is State.HELD
    away.run()
    told = [mail for mail in away.sent_to("anna@example.com") if "customer directory" in str(mail["Subject"])]
    assert len(told) == 1
    reasons = away.store.cases.log(away.case)[-1].reasons
    assert "customers" in {reason.rule for reason in reasons}


def test_a_directory_that_can_be_read_lets_a_rule_send(away: World, tmp_path: Path) -> None:
    crm(tmp_path, "")
    away.restart()
    away.customer_writes(**HOURS)
    away.run()
    assert away.case.state is State.SENT


def test_a_customer_whom_the_query_marks_gets_a_person(away: World, tmp_path: Path) -> None:
    crm(tmp_path, "yes")
    away.restart()
    away.customer_writes(**HOURS)
    away.run()
    assert away.case.state is State.HELD
    assert "gate:high-value" in {reason.rule for reason in away.store.cases.log(away.case)[-1].reasons}


def test_a_directory_that_goes_away_later_keeps_its_rows(away: World, tmp_path: Path) -> None:
    crm(tmp_path, "yes")
    away.restart()
    away.run()
    (tmp_path / "crm.db").write_bytes(b"broken" * 1000)
    away.customer_writes(**HOURS)
    away.run()
    assert away.app.customers.row(ANN)["high_value"] == "yes"


def test_a_column_that_the_file_lacks_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    rule = '[[rule]]\nname = "Gold"\nwhen = { any = [{ customer = { teir = "gold" } }] }\nthen = "review"\n'
    path.write_text(with_csv(tmp_path, "address,tier\n").replace("TEMPLATES", "templates") + rule)
    [said] = check_columns(load(path), {"address", "tier"})
    assert 'the customer directory has no column "teir". Did you mean "tier"?' in said
    line = path.read_text().splitlines().index('name = "Gold"') + 2
    assert said.startswith(f"{path}:{line}: rule[3].when.any[0].customer.teir:")


def test_the_doctor_says_whether_the_directory_can_be_read(away: World, tmp_path: Path) -> None:
    def told() -> dict[str, str]:
        return {found.subject: f"{found.level}: {found.text}" for found in examine_machine(away.config)}

    assert told()["customer directory"].startswith("error: the customer directory's query failed")
    crm(tmp_path, "yes")
    assert told()["customer directory"] == "ok: read: 1 row, with every column that the rules ask for"


def test_a_config_without_a_directory_knows_nobody_and_says_so_without_fear(world: World) -> None:
    assert directory(world.config).known
    assert directory(world.config).row(ANN) == {}
