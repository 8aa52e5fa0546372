"""A command line beside a filled store: no servers, for the commands that only read and write what is remembered."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailhitl.store import SqlStore, open_store
from tests.story.office import COMMAND

CONFIG = """
[agent]
data_dir = "var"

[mailbox.support]
address = "support@example.com"
name = "Example Support"
imap = { host = "localhost", security = "none", username = "support", password = { env = "SUPPORT_PASSWORD" } }
smtp = { host = "localhost", port = 2525, security = "none" }

[[reviewer]]
name = "Anna"
address = "anna@example.com"
groups = ["support"]
"""


class Desk:
    """``Desk(folder).mailhitl("log", "verify")``"""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.toml"
        self.config.write_text(CONFIG, encoding="utf-8")
        self.config.chmod(0o600)
        self.database = folder / "var" / "mailhitl.db"
        self.url = f"sqlite:///{self.database}"

    @contextmanager
    def store(self) -> Iterator[SqlStore]:
        store = open_store(self.url)
        try:
            yield store
        finally:
            store.close()

    def mailhitl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.line(*arguments), input=stdin, env=self.environment, capture_output=True, encoding="utf-8", timeout=60
        )

    def says(self, *arguments: str) -> Any:
        """What a command that must succeed prints as JSON."""
        done = self.mailhitl(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def line(self, *arguments: str) -> list[str]:
        return [str(COMMAND), "--config", str(self.config), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        return kept | {"PYTHONWARNINGS": "error", "PYTHONUTF8": "1", "COLUMNS": "80"}
