"""What a terminal of 80 columns shows: nothing that was cut down to where it says nothing."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

from mailhitl.cli.show import as_table
from mailhitl.plural import counted

RULE: dict[str, object] = {
    "rule": "Opening hours answer themselves",
    "says": "send",
    "level": "sampled",
    "hits": 1204,
    "unedited": 1100,
}
MORE: dict[str, object] = {"edited": 60, "rejected": 40, "sent": 1000, "wrong": 4, "right": "89% to 93%", "since": ""}


class Terminal(io.StringIO):
    """What was written to it."""

    def isatty(self) -> bool:
        return True


def shown(row: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    with redirect_stdout(Terminal()) as terminal:
        as_table([row], "")
    return terminal.getvalue().splitlines()


def test_a_table_too_wide_for_the_terminal_becomes_lines_that_leave_nothing_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = shown(RULE | MORE, monkeypatch)
    assert max(map(len, lines)) <= 80
    for name, value in (RULE | MORE).items():
        assert str(value) in " ".join(lines), name
    assert "wrong 4, right 89% to 93%" in lines[-1]


def test_a_table_that_fits_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    head, row = shown(RULE, monkeypatch)
    assert "unedited" in head
    assert "Opening hours answer themselves" in row


def test_what_is_counted_is_said_in_the_singular_and_the_plural() -> None:
    assert [counted(number, "mail") for number in (0, 1, 2, 1000)] == ["0 mails", "1 mail", "2 mails", "1,000 mails"]
    assert counted(2, "case waits", "cases wait") == "2 cases wait"
