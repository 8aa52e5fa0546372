"""The command line's reference is what its help says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
WRITES_IT = "python -m typer mailhitl.cli.main utils docs --name mailhitl --output docs/reference/cli.md"


def test_the_reference_is_what_the_help_says(tmp_path: Path) -> None:
    fresh = tmp_path / "cli.md"
    command = [sys.executable, *WRITES_IT.split()[1:-1], str(fresh)]
    subprocess.run(command, check=True, capture_output=True, cwd=REFERENCE.parents[2])
    assert fresh.read_text("utf-8") == REFERENCE.read_text("utf-8"), f"refresh it: {WRITES_IT}"


def test_every_command_and_option_says_what_it_is_for() -> None:
    lines = REFERENCE.read_text("utf-8").splitlines()
    silent = [line for line in lines if line.startswith("* `") and "`: " not in line]
    assert silent == []
