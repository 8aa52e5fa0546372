"""The table of what holds each row of the safety checklist names only tests that exist."""

from __future__ import annotations

import re

from tests.house.source import ROOT, checks

TABLE = ROOT / "docs" / "reference" / "safety.md"
ROWS = tuple(range(1, 67))


def rows() -> dict[int, list[str]]:
    """The tests that each row of the table names."""
    lines = (line.split("|") for line in TABLE.read_text("utf-8").splitlines() if re.match(r"\| \d", line))
    return {int(cells[1]): re.findall(r"`([^`]+::[^`]+)`", cells[3]) for cells in lines}


def test_every_row_is_there_and_names_a_test() -> None:
    assert tuple(rows()) == ROWS
    assert [row for row, named in rows().items() if not named] == []


def test_every_test_that_the_table_names_exists() -> None:
    known = {f"{source.name}::{function.name}" for source in checks() for function in source.functions()}
    assert [name for named in rows().values() for name in named if name not in known] == []
