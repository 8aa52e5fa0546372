"""``mailhitl demo`` as a newcomer runs it: in a process of its own, on real sockets."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds after which a story that normally takes a dozen has hung.
PATIENCE = 120

COMMAND = "from mailhitl.cli.main import run; import sys; sys.argv = ['mailhitl', 'demo', *sys.argv[1:]]; run()"

#: Our own header in every customer's mail: what a reviewer's client would leak, had we sent its header block.
LEAK = """
from mailhitl.daemon import outbox
honest = outbox.compose_answer
outbox.compose_answer = lambda *values, **more: b"X-Mailhitl-Approval: pending\\r\\n" + honest(*values, **more)
"""


@contextmanager
def demo(*arguments: str, fault: str = "", tmp: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", fault + COMMAND, *arguments]
    environment = {"PATH": "", "TMPDIR": str(tmp), "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_story_ends_as_it_must_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo("--story", tmp=tmp_path) as process:
        told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    assert re.search(r"All \d\d as expected", told)
    assert "Ben edits a draft as Thunderbird" in told
    assert list(tmp_path.iterdir()) == []


def test_a_fault_in_the_agent_makes_the_story_fail_and_says_where(tmp_path: Path) -> None:
    with demo("--story", fault=LEAK, tmp=tmp_path) as process:
        told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, told
    assert "leaks X-Mailhitl-Approval" in " ".join(told.replace("│", " ").split())
    assert re.search(r"\d+ of \d\d differ", told)


def test_the_demo_says_how_to_connect_and_ends_at_once_when_stopped(tmp_path: Path) -> None:
    with demo(tmp=tmp_path) as process:
        assert process.stdout is not None
        told = ""
        while "writes “Saturday?”" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, rest
    assert re.search(r"Incoming \(IMAP\) +127\.0\.0\.1, port \d+, no TLS", told)
    assert "support / demo" in told
    assert "The shop closes" in rest
    assert list(tmp_path.iterdir()) == []
