"""What the interop tests share: Dovecot as it is installed, and one that offers no more than RFC 3501 demands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.interop.neomutt import Neomutt
from tests.interop.office import Office
from tests.servers import PASSWORD, Dovecot, DovecotOptions

#: Without MOVE, UIDPLUS, IDLE, SPECIAL-USE and the rest.
BARE = DovecotOptions(capability="IMAP4rev1 AUTH=PLAIN")

OpenOffice = Callable[..., Office]
ComeIn = Callable[..., Neomutt]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A terminal program typed into from outside loses a key now and then on a busy machine: such a story is told
    again, and the report names it (RERUN). What fails twice more has failed.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session")
def dovecots() -> Iterator[dict[str, Dovecot]]:
    with ExitStack() as stack:
        yield {
            "dovecot": stack.enter_context(Dovecot()),
            "dovecot-bare": stack.enter_context(Dovecot(BARE)),
        }


@pytest.fixture(params=["dovecot", "dovecot-bare"])
def open_office(request: pytest.FixtureRequest, dovecots: dict[str, Dovecot], tmp_path: Path) -> Iterator[OpenOffice]:
    """Open an office at each kind of server in turn, with the times a story needs."""
    with ExitStack() as stack:
        home = tmp_path / "office"
        home.mkdir()
        yield lambda **times: stack.enter_context(Office(dovecots[request.param], home, **times))


@pytest.fixture
def office(open_office: OpenOffice) -> Office:
    return open_office()


@pytest.fixture
def come_in(tmp_path: Path) -> Iterator[ComeIn]:
    """Start neomutt as somebody of the office: on the shared account, unless told otherwise."""
    with ExitStack() as stack:

        def start(office: Office, user: str = "", **more: Any) -> Neomutt:
            home = tmp_path / f"neomutt-{user or 'support'}"
            home.mkdir()
            port, smtp_port = office.dovecot.port, office.smtp.port
            return stack.enter_context(
                Neomutt(port, user or office.support, PASSWORD, home=home, smtp_port=smtp_port, **more)
            )

        yield start
