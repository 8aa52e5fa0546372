"""A mail host on this machine and a config for it, worked on by the real command line in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imapclient import IMAPClient

from mailhitl.demo.servers import ImapServer, SmtpServer
from tests.story.world import letter
from tests.team_config import ANNA, ASKS_FOR_MONEY, REFUNDS

COMMAND = Path(sysconfig.get_path("scripts"), "mailhitl")
PASSWORD = "canary-7f3a-password"
PATIENCE = 20.0

_CONFIG = """
[agent]
data_dir = "var"

[mailbox.support]
address = "support@example.com"
name = "Example Support"
poll = "1s"
start = "2 days"
imap = {{ host = "localhost", port = {imap}, security = "none", username = "support", password = {password} }}
smtp = {{ host = "localhost", port = {smtp}, security = "none", username = "support", password = {password} }}

[review]
trusted_authserv = ["mx.example.com"]
grace = "0s"
"""


def config_of(*, imap: int, smtp: int, password: str) -> str:
    """A mailbox on these ports of this machine, whose password is told so, and the team that works on it."""
    return _CONFIG.format(imap=imap, smtp=smtp, password=password) + ANNA + ASKS_FOR_MONEY + REFUNDS


class Office:
    """``with Office(folder) as office: office.mailhitl("run", "--once")``"""

    def __init__(self, folder: Path, *, password: str = '{ env = "SUPPORT_PASSWORD" }') -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.imap = ImapServer({"support": PASSWORD, "anna": "anna"})
        self.smtp = SmtpServer(self.imap, "example.com", customers=("ann@customer.test",))
        self.password = password
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.imap)
        self._stack.enter_context(self.smtp)
        self.write(self.usual())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def usual(self, password: str = "") -> str:
        """The config that it begins with, for a test to change."""
        return config_of(imap=self.imap.port, smtp=self.smtp.port, password=password or self.password)

    def write(self, config: str) -> None:
        self.config.write_text(config, encoding="utf-8")
        self.config.chmod(0o600)

    def mailhitl(self, *arguments: str, secret: str = PASSWORD, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._line(arguments),
            input=stdin,
            env=self._environment(secret),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    def says(self, *arguments: str) -> Any:
        """What a command that must succeed prints as JSON."""
        done = self.mailhitl(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def serving(self, *arguments: str) -> Daemon:
        """``mailhitl run`` in the background; ends with this office."""
        return self._stack.enter_context(Daemon(self._line(("run", *arguments)), self._environment(PASSWORD)))

    def customer_writes(self, text: str, **about: str) -> None:
        self.imap.deliver("support", letter(text, **about))

    def standing(self, folder: str, *, user: str = "support", password: str = PASSWORD) -> list[bytes]:
        """Every mail in a folder, by default of the shared mailbox."""
        with IMAPClient("127.0.0.1", self.imap.port, ssl=False) as client:
            client.login(user, password)
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            return [row[b"BODY[]"] for row in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]

    def moves_draft(self, source: str, target: str) -> None:
        """A reviewer drags the one draft there is; its packet stays."""
        with IMAPClient("127.0.0.1", self.imap.port, ssl=False) as client:
            client.login("support", PASSWORD)
            client.select_folder(source)
            [draft] = client.search(["NOT", "SUBJECT", "[Review]"])
            client.move([draft], target)

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        return [str(COMMAND), "--config", str(self.config), *arguments]

    def _environment(self, secret: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "COVERAGE_RCFILE")
        }
        return kept | {"SUPPORT_PASSWORD": secret, "PYTHONWARNINGS": "error", "PYTHONUTF8": "1", "COLUMNS": "80"}


def heed_signals() -> None:
    """In the child: a test run in the background (nohup, a shell's ``&``) hands down that these are ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Daemon:
    """A running ``mailhitl run``, and what it has logged so far."""

    def __init__(self, line: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            line,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            preexec_fn=heed_signals,
        )
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return "".join(self._said)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self.ends()

    def awaits(self, words: str, times: int = 1) -> None:
        """Wait until the log has these words."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.log.count(words) >= times, PATIENCE):
                raise TimeoutError(f"the log never said {words!r}:\n{self.log}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ends(self) -> int:
        """Wait for its end; return the exit code."""
        code = self._process.wait(30)
        self._reader.join(PATIENCE)
        if self._process.stdout:
            self._process.stdout.close()
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._said.append(line)
                self._changed.notify_all()


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("it has not come about")
        time.sleep(0.05)
