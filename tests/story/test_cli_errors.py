"""What the command line says to a slip of the pen: what is wrong, where, and what next. No server is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mailhitl.cli.main import run
from tests.story.office import config_of

#: Understood, but it cannot be done.
FAILED = 1
#: The command line was not understood, or names what the config does not have.
USAGE = 2


class Desk:
    """An admin's desk: a config, a store once something was begun, and what the commands have said."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.config.write_text(config_of(imap=1143, smtp=1025, password='{ env = "NONE" }'), encoding="utf-8")
        self._patch, self._captured = monkeypatch, capsys

    def mailhitl(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and all it said, on one line."""
        self._patch.setattr(sys, "argv", ["mailhitl", "--config", str(self.config), *arguments])
        with pytest.raises(SystemExit) as ended:
            run()
        said = self._captured.readouterr()
        return int(ended.value.code or 0), " ".join((said.out + said.err).split())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


@pytest.fixture
def begun(desk: Desk) -> Desk:
    """With a store; pausing is the smallest thing that makes one."""
    assert desk.mailhitl("pause")[0] == 0
    return desk


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cases list --state foo", "“foo”; there are: received, skipped, held, approved"),
        ("cases list --state hold", 'Did you mean "held"?'),
        ("cases list --mailbox suport", 'has no mailbox “suport”; there are: support. Did you mean "support"?'),
        ("cases list --what edits", 'there is no “edits”; there are: automatic'),
        ("cases list --limit many", "--limit': must be a whole number, not “many”"),
        ("cases list --limit 0", "must be 1 or more, not 0"),
        ("cases list --since soon", 'must be a length of time like "60s"'),
        ("stats --since 2026-13-01", "month must be in 1..12"),
        ("stats --since yesterday", 'or a day like "2026-11-01", or a week like "2026-W46"'),
        ("stats --since 2999-01-01", "2999-01-01 has not come yet"),
        ("cases list --week 46", 'must be a week like "2026-W46", not "46"'),
        ("cases show abc", "CASE': must be a whole number, not “abc”"),
        ("cases show", "Missing argument 'CASE'"),
        ("cases shwo 1", "Did you mean 'show'"),
        ("stats --by rules", 'Did you mean "rule"?'),
        ("stats --week 2025-W53", "2025 has no week 53"),
        ("rules promote Refund", "no rule that sends is called “Refund”; there are: none"),
        ("rules demote x --to reviews", 'there are: shadow, review, sampled, send. Did you mean "review"?'),
        ("rules try", "name a mail, or a case with --case"),
        ("rules try --case 1 --mailbox support", "is for a mail in a file"),
        ("log export --format xls", "there are: jsonl, csv."),
        ("log export --since 2026-13-01", "“2026-13-01” is neither a day (2026-11-16)"),
        ("log export --since 2026-11-16 --until 2026-11-01", "“2026-11-01” is not after --since “2026-11-16”"),
        ("log verify --anchor nowhere.txt", "'nowhere.txt' does not exist"),
        ("login suport", "Invalid value for MAILBOX"),
        ("demo --minutes soon", "must be a number, not “soon”"),
        ("forget ann", "“ann” is no address like ann@example.com"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_what_would_be_right(begun: Desk, line: str, said: str) -> None:
    code, words = begun.mailhitl(*line.split())
    assert (code, said in words) == (USAGE, True), words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cases show 99", "there is no case 99; which there are says: mailhitl cases list"),
        ("cases retry 99", "there is no case 99"),
        ("rules try --case 99", "never asked about a case 99; which there are says: mailhitl cases list"),
        ("learn show 7", "there is no open proposal 7; which there are says: mailhitl learn list"),
        ("login support", "has no oauth, so there is nothing to sign in to"),
        ("alarm --test", "has no [alarm]: nobody is told when the mailbox itself fails (docs/how-to/get-alarmed.md)"),
        ("log verify --anchor {config}", "there is no anchor in it"),
    ],
)
def test_what_is_understood_and_cannot_be_done_says_why(begun: Desk, line: str, said: str) -> None:
    code, words = begun.mailhitl(*line.format(config=begun.config).split())
    assert (code, said in words) == (FAILED, True), words


@pytest.mark.parametrize("line", ["status", "cases list", "stats", "log verify", "forget ann@customer.test"])
def test_looking_at_a_store_that_is_not_there_yet_makes_none(desk: Desk, line: str) -> None:
    code, words = desk.mailhitl(*line.split())
    assert (code, "there is no store yet; the first `mailhitl run` makes it" in words) == (FAILED, True), words
    assert sorted(desk.folder.iterdir()) == [desk.config]


def test_figures_begin_with_a_day_or_a_week_as_well(begun: Desk) -> None:
    assert "Sat 01 Nov 2025, 00:00 to" in begun.mailhitl("stats", "--since", "2025-11-01")[1]
    assert "Mon 03 Nov 2025, 00:00 to" in begun.mailhitl("stats", "--since", "2025-W45")[1]


def test_what_triage_has_to_learn_from_is_told_before_there_is_a_store(desk: Desk) -> None:
    code, words = desk.mailhitl("triage", "show")
    assert code == 0
    assert "2 refund needs 5 to be learned" in words
    assert not (desk.folder / "var" / "mailhitl.db").exists()


def test_a_name_that_no_config_has_explains_why_no_case_is_found(begun: Desk) -> None:
    code, words = begun.mailhitl("cases", "list", "--intent", "refunds")
    assert code == 0
    assert "There are no such cases, and" in words
    assert 'there are: refund. Did you mean "refund"?' in words
    assert begun.mailhitl("cases", "list", "--intent", "refund") == (0, "There are no such cases.")


def test_a_config_that_is_missing_or_wrong_is_told_as_a_whole(desk: Desk) -> None:
    desk.config.write_text(desk.config.read_text().replace('"review"', '"revew"').replace('"0s"', '"soon"'))
    code, words = desk.mailhitl("cases", "list")
    assert code == FAILED
    assert 'config.toml:32: rule[0].then: must be "send", "review", "block" or "skip"' in words
    assert words.endswith("2 problems; nothing was started.")
    desk.config.unlink()
    code, words = desk.mailhitl("status")
    assert code == FAILED
    assert f"there is no such file. Make one with: mailhitl --config {desk.config} init" in words
