"""PostgreSQL is stopped at once (``immediate``) at a system call of the real command, alone or together with it.

Such a stop throws away what the server had not flushed. Here it flushes as rarely as an admin can make it.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import psycopg

from tests.crash.killing import Account, End, Ground, Scene, to_customers
from tests.crash.power import SCENES
from tests.crash.tracing import Point, Tracing, points_in
from tests.postgres import Postgres
from tests.smtp_server import ScriptedServer

#: An admin who wants speed: a commit is told before it is on the disk, up to half a minute before.
RELAXED = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
#: What goes down: the machine that both run on, or the server alone while the command waits and goes on afterwards.
KINDS = ("both", "server")
#: The signal at the point; a stop that was there before strace came has no such line.
STOPPED = re.compile(r"^(\d+) +--- SIGSTOP \{", re.MULTILINE)


class Stage:
    """The ground, with a server that every account has a database of."""

    def __init__(self, ground: Ground, server: Postgres) -> None:
        self.ground, self.server = ground, server
        self._numbers = itertools.count(1)
        self._url = server.new_database()
        for name, value in RELAXED.items():
            self._say(f"ALTER SYSTEM SET {name} = '{value}'")
        self._say("SELECT pg_reload_conf()")

    def account(self) -> Account:
        account = self.ground.account()
        account.url = self.server.new_database()
        return account

    def copy(self, original: Account) -> Account:
        """The same mailbox and the same memory, for another user."""
        account, name = self.ground.copy(original), f"copy{next(self._numbers)}"
        place, _, before = original.url.rpartition("/")
        self._say(f"CREATE DATABASE {name} TEMPLATE {before}")
        # A copied sequence believes logged what only the original has logged: without this, numbers come twice.
        self._say("CHECKPOINT")
        account.url = f"{place}/{name}"
        return account

    def remove(self, account: Account) -> None:
        self._say(f"DROP DATABASE {account.url.rpartition('/')[2]} WITH (FORCE)")
        account.remove()

    def restart(self) -> None:
        self.server.stop()
        self.server.start()

    def _say(self, words: str) -> None:
        with closing(psycopg.connect(self._url, autocommit=True)) as connection:
            connection.execute(words)


class Restarting(threading.Thread):
    """Has the server stopped and started while the command stands still for the first time, and lets it go on always.

    strace counts the calls of each thread by itself, so another thread may make it stand still once more.
    """

    def __init__(self, stage: Stage, trace: Path) -> None:
        super().__init__()
        self.stage, self.trace, self.over, self.done = stage, trace, threading.Event(), False

    def run(self) -> None:
        while not self.over.wait(0.02):
            said = self.trace.read_text(errors="replace") if self.trace.exists() else ""
            if stood := STOPPED.findall(said):
                if not self.done:
                    self.stage.restart()
                self.done = True
                with suppress(ProcessLookupError):
                    os.kill(int(stood[-1]), signal.SIGCONT)


def stop(stage: Stage, original: Account, scene: Scene, point: Point, kind: str) -> End:
    """Stop the server there, go on or start again, and say what became of it."""
    account = stage.copy(original)
    trace = account.folder / "trace"
    with ScriptedServer() as smtp:
        happened = (_both if kind == "both" else _server_alone)(stage, account, smtp, trace, point)
        dotted = bool(to_customers(smtp))
        code = account.runs(smtp)
        if code:
            return End(point, f"the restart failed: {account.output.read_text()[-300:]}", happened, dotted)
        outcome, repeated = scene.judge(account, smtp, trace.read_text(errors="replace"))
    stage.remove(account)
    return End(point, outcome, happened, dotted, repeated)


def _both(stage: Stage, account: Account, smtp: ScriptedServer, trace: Path, point: Point) -> bool:
    code = account.runs(smtp, Tracing(trace, f"{point.call}:signal=KILL:when={point.number}"))
    stage.restart()
    return code == -signal.SIGKILL


def _server_alone(stage: Stage, account: Account, smtp: ScriptedServer, trace: Path, point: Point) -> bool:
    restarting = Restarting(stage, trace)
    restarting.start()
    account.runs(smtp, Tracing(trace, f"{point.call}:signal=STOP:when={point.number}"))
    restarting.over.set()
    restarting.join()
    return restarting.done


def points_of(stage: Stage, original: Account) -> list[Point]:
    """Every point of the command when nothing happens, in the order in which they come."""
    account = stage.copy(original)
    trace = account.folder / "trace"
    with ScriptedServer() as smtp:
        assert account.runs(smtp, Tracing(trace)) == 0, account.output.read_text()
    return points_in(trace)


def stops(stage: Stage, name: str, count: int, seed: int) -> Iterator[tuple[str, End]]:
    """Prepare a scene once, then stop the server ``count`` times, at random; each kind has its turn."""
    scene, original, chance = SCENES[name], stage.account(), Random(seed)
    scene.prepare(original)
    points = points_of(stage, original)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield kind, stop(stage, original, scene, chance.choice(points), kind)
