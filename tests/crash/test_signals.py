"""SIGTERM and SIGHUP at any system call: it ends in time, nothing is half done, nothing is lost and nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.killing import SCENES, Account, Ground, Scene, count_points
from tests.crash.test_kills import spread
from tests.crash.tracing import Point, Tracing, traced, why_not
from tests.servers import PASSWORD
from tests.smtp_server import ScriptedServer
from tests.story.office import until

pytestmark = pytest.mark.servers

COMMAND = Path(sysconfig.get_path("scripts"), "mailhitl")
#: Seconds in which it must have ended.
IN_TIME = 30


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    if problem := why_not():
        pytest.skip(problem)
    with Ground() as ground:
        yield ground


def signalled(ground: Ground, original: Account, scene: Scene, point: Point, name: str) -> tuple[int, str]:
    """Signal ``run --once`` there and run it again. Return its exit code, and what became of all."""
    account = ground.copy(original)
    with ScriptedServer() as smtp:
        code = account.runs(smtp, Tracing(account.folder / "trace", f"{point.call}:signal={name}:when={point.number}"))
        assert "Traceback" not in account.output.read_text()
        assert account.runs(smtp) == 0, account.output.read_text()
        outcome, repeated = scene.judge(account, smtp, "")
    account.remove()
    return code, f"{outcome}, {repeated} packets twice"


@pytest.mark.parametrize("name", ["TERM", "HUP"])
@pytest.mark.parametrize(("scene", "count"), [("fetch", 2), ("approve", 3)])
def test_34_a_signal_at_any_system_call_lets_the_step_at_hand_end_and_the_next_start_do_the_rest(
    ground: Ground, name: str, scene: str, count: int
) -> None:
    original = ground.account()
    SCENES[scene].prepare(original)
    points = spread(count_points(ground, original), count)
    ends = [signalled(ground, original, SCENES[scene], point, name) for point in points]
    assert [outcome for _, outcome in ends] == ["once, 0 packets twice"] * count
    assert {code for code, _ in ends} <= {0, 1, -signal.Signals[f"SIG{name}"]}


class Daemon:
    """``mailhitl run`` on this account, which gets a signal at the N-th such call of one of its threads."""

    def __init__(self, account: Account, smtp: ScriptedServer, inject: str) -> None:
        self._log = (account.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [COMMAND, *account.arguments(smtp)], env=os.environ | {"KILLED": PASSWORD}, stderr=self._log
        )
        self._tracer = traced(self.process.pid, Tracing(account.folder / "trace", inject))

    def ends(self) -> int:
        """Its exit code. It must have ended in time."""
        try:
            code = self.process.wait(IN_TIME)
        finally:
            self.process.kill()
            self.process.wait()
            self._tracer.wait()
            self._log.close()
        return code


@pytest.mark.parametrize(
    ("scene", "inject"),
    [
        ("fetch", "pwrite64:signal=TERM:when=40"),
        ("approve", "sendto:signal=TERM:when=14"),
        ("approve", "fdatasync:signal=TERM:when=3"),
    ],
)
def test_34_a_daemon_that_is_asked_to_stop_in_the_middle_of_it_ends_in_time(
    ground: Ground, scene: str, inject: str
) -> None:
    account = ground.account()
    SCENES[scene].prepare(account)
    with ScriptedServer() as smtp:
        assert Daemon(account, smtp, inject).ends() == 0
        assert b"Traceback" not in (account.folder / "log").read_bytes()
        assert account.runs(smtp) == 0, account.output.read_text()
        assert SCENES[scene].judge(account, smtp, "") == ("once", 0)


DONE: dict[str, Callable[[Account], bool]] = {
    "fetch": lambda account: len(account.mails("Drafts/Review")) == 6,
    "approve": lambda account: len(account.mails("Sent")) == 1 and not account.mails("Drafts/Approve"),
}


@pytest.mark.parametrize(
    ("scene", "inject"), [("fetch", "sendto:signal=HUP:when=6+9"), ("approve", "sendto:signal=HUP:when=8+9")]
)
def test_34_a_daemon_that_is_told_to_read_its_config_again_and_again_goes_on_with_its_work(
    ground: Ground, scene: str, inject: str
) -> None:
    account = ground.account()
    SCENES[scene].prepare(account)
    with ScriptedServer() as smtp:
        daemon = Daemon(account, smtp, inject)
        until(lambda: DONE[scene](account))
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.ends() == 0
        assert account.runs(smtp) == 0, account.output.read_text()
        assert SCENES[scene].judge(account, smtp, "") == ("once", 0)
