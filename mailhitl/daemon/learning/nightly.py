"""Learning takes minutes of one processor, so the daemon has another process do it: at its start and every night."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass

import structlog

from mailhitl.config.schema import Config
from mailhitl.daemon.learning.teaching import engine
from mailhitl.drafting.learned import LEAST_EXAMPLES

log = structlog.get_logger(__name__)

#: When, in the agent's time zone, and how long it may take.
HOUR, MINUTE = 3, 30
LONGEST = 3 * 3600.0
_COMMAND = "import os; os.nice(10); from mailhitl.cli.main import run; run()"


@dataclass(frozen=True, slots=True)
class Nightly:
    """Runs ``mailhitl learn now`` on this config."""

    config: Config

    @property
    def worthwhile(self) -> bool:
        """Whether the config gives anything to learn from."""
        examples = sum(len(intent.examples) for intent in self.config.intent)
        many = examples >= LEAST_EXAMPLES or self.config.triage.csv is not None
        taught = self.config.triage.learn and bool(engine()) and many
        return taught or self.config.knowledge is not None

    def begin(self) -> None:
        """Learn, in a process and a thread of its own."""
        if self.worthwhile:
            threading.Thread(target=self.run, name="learning", daemon=True).start()

    def run(self) -> None:
        """Learn, and wait for it. What goes wrong is logged: nobody waits for what is learned."""
        command = [sys.executable, "-c", _COMMAND, "--config", str(self.config.source), "learn", "now"]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as problem:
            log.warning("not learned", problem=type(problem).__name__)
            return
        told = (ended.stdout if ended.returncode == 0 else ended.stderr).strip().splitlines()
        (log.info if ended.returncode == 0 else log.warning)("learned", said=told[-3:], code=ended.returncode)
