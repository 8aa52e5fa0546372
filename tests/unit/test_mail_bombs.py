"""No mail may cost more than 5 s of CPU and 300 MB, whatever its author had in mind (checklist 43)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.mail_bombs import BOMBS

HERE = Path(__file__).resolve().parents[2]

#: Left out parts or header fields: a person must look at the original.
UNREADABLE = {
    "headers full of broken encoded words",
    "a million parts",
    "parts 300 deep",
    "parts 3000 deep",
    "parameters that never end their quotes",
    "50 MB of headers",
    "4 million lines like a boundary",
}


def read_alone(name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.mail_bombs", name], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_within_its_limits(name: str) -> None:
    seen = read_alone(name)
    assert not any("unreadable body" in defect for defect in seen["defects"])
    assert seen["readable"] == (name not in UNREADABLE)
    assert seen["text"] <= 1024 * 1024
    assert seen["subject"] <= 1000


@pytest.mark.parametrize("name", sorted(UNREADABLE))
def test_what_makes_a_mail_unreadable_is_named_and_its_sender_still_known(name: str) -> None:
    seen = read_alone(name)
    assert any("not read" in defect for defect in seen["defects"])
    assert seen["sender"] == "ann@example.org"


def test_of_200_000_references_the_first_and_the_last_are_kept() -> None:
    seen = read_alone("200,000 references")
    assert seen["rest"][1] == "<0@example.org>"
    assert seen["last"] == ["<199999@example.org>"]
    assert seen["references"] <= 500
    assert len(seen["rest"][3]) <= 20
