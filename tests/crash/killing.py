"""Kills of the real command at one system call, by strace: Dovecot, an SMTP server on a socket, SQLite on the disk.

The kill comes before the call is made, so what follows one call and what precedes the next are the same point.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from imapclient import IMAPClient

from mailhitl.case import Case, Event, State
from mailhitl.store import SqlStore, open_store
from tests.crash.letters import customers_mail, customers_of
from tests.crash.tracing import ASKED_FOR_BODY, Point, Tracing, points_in, traced
from tests.servers import HOST, PASSWORD, Dovecot, DovecotOptions
from tests.smtp_server import ScriptedServer
from tests.story.world import parsed
from tests.team_config import ANNA, ASKS_FOR_MONEY, REFUNDS

CONFIG = """
[agent]
data_dir = "var"

[store]
url = "{store}"

[mailbox.support]
address = "support@example.com"
name = "Example Support"
start = "2 days"
imap = {{ host = "localhost", port = {imap}, security = "none", username = "{user}", password = {{ env = "KILLED" }} }}
smtp = {{ host = "localhost", port = {smtp}, security = "none" }}

[review]
grace = "0s"
"""
TEAM = ANNA + ASKS_FOR_MONEY + REFUNDS

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class End:
    """What became of one kill and the restart after it.

    ``outcome``: ``once``, ``unknown`` (a person is asked), or in words what must never be. ``killed``: the point came
    up at all. ``dotted``: the server had the whole mail. ``repeated``: packets a reviewer got twice, under one id.
    """

    point: Point
    outcome: str
    killed: bool
    dotted: bool = False
    repeated: int = 0

    @property
    def good(self) -> bool:
        return self.outcome in ("once", "unknown")


class Nursery:
    """``with Nursery() as nursery: nursery.run(output, "--config", …, tracing=…)``"""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"KILLED": PASSWORD},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=PATIENCE)

    def run(self, output: Path, *arguments: str, tracing: Tracing | None = None) -> int:
        """Run the command to its end; return its exit code, -9 when it was killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(output), *arguments]) + "\n")
        self._process.stdin.flush()
        pid = self._answer()
        tracer = None if tracing is None else traced(pid, tracing)
        os.kill(pid, signal.SIGCONT)
        code = self._answer()
        if tracer is not None:
            tracer.wait(PATIENCE)
        return code

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class Account:
    """One mailbox on the ground: a user of Dovecot, a config and a database, and an SMTP server of its own."""

    def __init__(self, ground: Ground, user: str) -> None:
        self.ground, self.user = ground, user
        self.folder = ground.folder / user
        self.folder.mkdir()
        self.config, self.output = self.folder / "config.toml", self.folder / "output"
        self.url = f"sqlite:///{self.folder / 'var' / 'mailhitl.db'}"

    @property
    def maildir(self) -> Path:
        return self.ground.dovecot.maildir(self.user)

    def client(self) -> IMAPClient:
        client = IMAPClient(HOST, self.ground.dovecot.port, ssl=False)
        client.login(self.user, PASSWORD)
        return client

    def store(self) -> SqlStore:
        return open_store(self.url)

    def runs(self, smtp: ScriptedServer, tracing: Tracing | None = None) -> int:
        """``mailhitl run --once``"""
        return self.ground.nursery.run(self.output, *self.arguments(smtp), "--once", tracing=tracing)

    def arguments(self, smtp: ScriptedServer) -> tuple[str, ...]:
        """What ``mailhitl`` has to be told to serve this mailbox, its config being written first."""
        ports = {"imap": self.ground.dovecot.port, "smtp": smtp.port}
        self.config.write_text(CONFIG.format(**ports, user=self.user, store=self.url) + TEAM)
        self.config.chmod(0o600)
        return "--config", str(self.config), "run"

    def mails(self, folder: str) -> list[bytes]:
        with closing_client(self.client()) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            return [row[b"BODY[]"] for row in client.fetch(client.search("UNDELETED"), ["BODY.PEEK[]"]).values()]

    def remove(self) -> None:
        shutil.rmtree(self.folder)
        shutil.rmtree(self.maildir.parent, ignore_errors=True)


class closing_client:  # noqa: N801  used like contextlib.closing
    """Log out when the block is left."""

    def __init__(self, client: IMAPClient) -> None:
        self.client = client

    def __enter__(self) -> IMAPClient:
        return self.client

    def __exit__(self, *_: object) -> None:
        self.client.logout()


class Ground:
    """Dovecot, the command and a directory; every kill takes an account of its own."""

    def __init__(self, options: DovecotOptions | None = None) -> None:
        self._options = options or DovecotOptions()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailhitl-kill-")))
            self.dovecot = stack.enter_context(Dovecot(self._options))
            self.nursery = stack.enter_context(Nursery())
            self._numbers = itertools.count(1)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def account(self) -> Account:
        return Account(self, f"user{next(self._numbers)}")

    def copy(self, original: Account) -> Account:
        """The same mailbox and the same memory, for another user."""
        copy = self.account()
        owner = original.maildir.stat()
        shutil.copytree(original.maildir, copy.maildir)
        for path in (copy.maildir.parent, *copy.maildir.parent.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        if (original.folder / "var").exists():
            shutil.copytree(original.folder / "var", copy.folder / "var")
        return copy


@dataclass(frozen=True, slots=True)
class Scene:
    """What is killed: ``prepare`` leads up to it, ``judge`` says what became of it after the restart."""

    what: str
    prepare: Callable[[Account], None]
    judge: Callable[[Account, ScriptedServer, str], tuple[str, int]]


def count_points(ground: Ground, original: Account) -> list[Point]:
    """Every point there is between the start of the command and its end, in the order in which they come."""
    account = ground.copy(original)
    trace = account.folder / "trace"
    with ScriptedServer() as smtp:
        code = account.runs(smtp, Tracing(trace))
    assert code == 0, account.output.read_text()
    return points_in(trace)


def kill(ground: Ground, original: Account, scene: Scene, point: Point) -> End:
    """Kill it there, start it again, and say what became of it."""
    account = ground.copy(original)
    trace = account.folder / "trace"
    with ScriptedServer() as smtp:
        tracing = Tracing(trace, f"{point.call}:signal=KILL:when={point.number}")
        killed = account.runs(smtp, tracing) == -signal.SIGKILL
        dotted = bool(to_customers(smtp))
        code = account.runs(smtp)
        if code:
            return End(point, f"the restart failed: {account.output.read_text()[-300:]}", killed, dotted)
        outcome, repeated = scene.judge(account, smtp, trace.read_text(errors="replace"))
    account.remove()
    return End(point, outcome, killed, dotted, repeated)


def to_customers(smtp: ScriptedServer) -> list[bytes]:
    return [mail.content for mail in smtp.delivered if mail.recipients[0].endswith("@customer.test")]


def _arrive(account: Account, count: int) -> None:
    with closing_client(account.client()) as client:
        for number in range(count):
            client.append("INBOX", customers_mail(number))


def _prepare_fetch(account: Account) -> None:
    """The agent has run before on an empty inbox; then three customers wrote."""
    with ScriptedServer() as smtp:
        assert account.runs(smtp) == 0, account.output.read_text()
    _arrive(account, 3)


def _prepare_first(account: Account) -> None:
    """Nothing is there yet: no database, no folders; one customer has written."""
    _arrive(account, 1)


def _prepare_approve(account: Account) -> None:
    """A draft was held, and a reviewer has moved it."""
    _arrive(account, 1)
    with ScriptedServer() as smtp:
        assert account.runs(smtp) == 0, account.output.read_text()
    with closing_client(account.client()) as client:
        client.select_folder("Drafts/Review")
        client.move(client.search(["DRAFT"]), "Drafts/Approve")


def _judge_filed(account: Account, smtp: ScriptedServer, trace: str) -> tuple[str, int]:
    """One case, one draft and one packet per mail; each reviewer asked once, or twice under one id."""
    with closing(account.store()) as store:
        cases = store.cases.in_state(*State)
    wrote = [str(parsed(raw)["From"]) for raw in account.mails("INBOX")]
    filed = account.mails("Drafts/Review")
    packets = [raw for raw in filed if b"\r\nSubject: [Review]" in raw]
    asked = [str(parsed(mail.content)["Message-ID"]) for mail in smtp.delivered]
    found = (sorted(case.sender for case in cases), {case.state for case in cases}, len(packets))
    wanted = (sorted(customers_of(len(wrote))), {State.HELD}, len(wrote))
    if to_customers(smtp):
        return "something left unapproved", 0
    if found != wanted or len(filed) != 2 * len(wrote) or len(set(asked)) != len(wrote):
        return f"lost or twice: {found}, {len(filed)} filed, {len(set(asked))} asked", 0
    return "once", len(asked) - len(set(asked))


def _judge_sent(account: Account, smtp: ScriptedServer, trace: str) -> tuple[str, int]:
    """Delivered once and tidied up, or left to a person."""
    with closing(account.store()) as store:
        [case] = store.cases.in_state(*State)
        lost = any(row.event is Event.LOSE for row in store.cases.log(case))
    times = len(to_customers(smtp))
    if times > 1:
        return f"delivered {times} times", 0
    if lost:
        return _judge_unknown(account, case, trace), 0
    tidy = [len(account.mails(folder)) for folder in ("Sent", "Drafts/Approve", "Drafts/Review")]
    if (case.state, times, tidy) != (State.SENT, 1, [1, 0, 0]):
        return f"lost: {case.state}, delivered {times} times, Sent/Approve/Review {tidy}", 0
    return "once", 0


def _judge_unknown(account: Account, case: Case, trace: str) -> str:
    if not ASKED_FOR_BODY.search(trace):
        return "called unknown before the server had asked for the body"
    drafts = [raw for raw in account.mails("Drafts/Review") if b"\r\nSubject: [Review]" not in raw]
    return "unknown" if case.state is State.HELD and len(drafts) == 1 else f"unknown, and no person is asked: {case}"


SCENES = {
    "first": Scene("first start, with one mail", _prepare_first, _judge_filed),
    "fetch": Scene("fetch, store, file, ask: three mails", _prepare_fetch, _judge_filed),
    "approve": Scene("approve, send, copy, tidy up", _prepare_approve, _judge_sent),
}


def kills(ground: Ground, name: str, choose: Callable[[list[Point]], list[Point]]) -> Iterator[End]:
    """Prepare a scene once, then kill a copy of it at each of the points that ``choose`` takes of all."""
    scene, original = SCENES[name], ground.account()
    scene.prepare(original)
    for point in choose(count_points(ground, original)):
        yield kill(ground, original, scene, point)
