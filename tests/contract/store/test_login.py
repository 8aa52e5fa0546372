"""A database server that refuses us: a person has to look, so it is told at once and not tried for ever."""

from __future__ import annotations

import pytest

from mailhitl.errors import PermanentFailure, TemporaryFailure
from mailhitl.store import open_store
from tests.postgres import Postgres

pytestmark = pytest.mark.servers
RIGHT, WRONG = "right-7f3a", "wrong-7f3a"


@pytest.fixture
def url(postgres: Postgres) -> str:
    """A store behind a login, with PASSWORD in the password's place."""
    login = postgres.new_login(RIGHT)
    return postgres.new_database().replace("tests@", f"{login}:PASSWORD@")


@pytest.mark.parametrize("password", [f":{WRONG}@", "@"])
def test_a_wrong_or_missing_password_is_an_error_for_a_person_that_says_where(url: str, password: str) -> None:
    with pytest.raises(
        PermanentFailure, match=r"refuses the login of store\.url, or the password of store\.password"
    ) as found:
        open_store(url.replace(":PASSWORD@", password))
    assert WRONG not in str(found.value)


def test_the_right_password_opens_the_store(url: str) -> None:
    store = open_store(url.replace("PASSWORD", RIGHT))
    assert store.broken() == ""
    store.close()


def test_a_server_that_is_not_there_is_waited_for(url: str) -> None:
    with pytest.raises(TemporaryFailure):
        open_store(url.replace("mailhitl-pg", "mailhitl-nowhere"))
