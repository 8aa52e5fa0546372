"""The log on the command line: checked, exported and followed."""

from __future__ import annotations

import csv
import io
import json
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailhitl.case import Event
from mailhitl.cli.exporting import cell
from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from tests.contract.store.samples import NOON, decision, held, moved, opened, tamper
from tests.story.desk import Desk

HOSTILE = '=HYPERLINK("http://evil.test")\r\n\x1b[31mred\x1b[0m;@SUM(1+1)\t+1 <script>alert(1)</script>'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two cases with three decisions, and an entry of the journal."""
    desk = Desk(tmp_path)
    with desk.store() as store:
        moved(store, held(store, 1), Event.APPROVE)
        held(store, 2)
        store.journal.add(Entry("promote", "anna@example.com", Channel.CLI, NOON, "Opening hours", why="40 of 40"))
    return desk


def test_a_whole_log_is_said_to_be_whole_and_where_it_ends(desk: Desk) -> None:
    done = desk.mailhitl("log", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    first, *ends = done.stdout.splitlines()
    assert first == "The log is whole: 3 decisions, 1 entry."
    assert [line.split()[:2] for line in ends] == [["journal", "1"], ["decisions", "3"]]


def test_a_row_that_was_altered_is_named_and_the_exit_code_is_1(desk: Desk) -> None:
    tamper(desk.url, "UPDATE decisions SET \"by\" = 'eve@example.com' WHERE id = 2")
    done = desk.mailhitl("log", "verify")
    assert done.returncode == 1
    assert "decision 2 (case 1) does not follow from the one before it" in done.stdout
    assert not json.loads(desk.mailhitl("log", "verify", "--json").stdout)["whole"]


def test_what_a_check_has_printed_is_an_anchor_for_later_ones(desk: Desk, tmp_path: Path) -> None:
    anchor = tmp_path / "monday.txt"
    anchor.write_text(f"Dear manager,\n> {desk.mailhitl('log', 'verify').stdout}", "utf-8")
    assert "agrees with 2 anchors" in desk.mailhitl("log", "verify", "--anchor", str(anchor)).stdout
    other = Desk(tmp_path / "other") if (tmp_path / "other").mkdir() is None else desk
    with other.store() as store:
        moved(store, held(store, 1), Event.APPROVE)
        held(store, 2)
    rewritten = other.mailhitl("log", "verify", "--anchor", str(anchor))
    assert rewritten.returncode == 1
    assert "the anchor knows" in rewritten.stdout


def test_an_anchor_with_its_links_cut_off_is_one_still(desk: Desk, tmp_path: Path) -> None:
    """As the weekly digest has it."""
    with desk.store() as store:
        short = [head.short for head in store.log.heads()]
    anchor = tmp_path / "digest.txt"
    anchor.write_text(f"The log ends at {' and '.join(short)}.", "utf-8")
    assert "agrees with 2 anchors" in desk.mailhitl("log", "verify", "--anchor", str(anchor)).stdout
    anchor.write_text(f"The log ends at {short[1][:-4]}beef.", "utf-8")
    assert "the anchor knows" in desk.mailhitl("log", "verify", "--anchor", str(anchor)).stdout


def test_a_file_without_an_anchor_is_no_proof(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("nothing to see here", "utf-8")
    done = desk.mailhitl("log", "verify", "--anchor", str(tmp_path / "empty.txt"))
    assert done.returncode == 1
    assert "there is no anchor in it" in done.stderr


def test_an_export_holds_every_row_and_no_words_of_drafts(desk: Desk) -> None:
    done = desk.mailhitl("log", "export")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["log"], row["row"], row["event"]) for row in rows] == [
        ("decisions", 1, "hold"),
        ("decisions", 2, "approve"),
        ("decisions", 3, "hold"),
        ("journal", 1, "promote"),
    ]
    assert rows[0]["reasons"] == [{"rule": "Refunds", "says": "review", "text": "Money leaves."}]
    assert (rows[1]["by"], rows[1]["from"], rows[1]["to"]) == ("anna@example.com", "held", "approved")
    assert "here is your money" not in done.stdout
    assert "here is your money" in desk.mailhitl("log", "export", "--bodies").stdout


def test_an_export_can_be_limited_in_time_and_go_to_a_file_of_ones_own(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    done = desk.mailhitl("log", "export", "--since", "2026-01-06", "-o", str(file), "--format", "csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "0 rows.\n")
    assert len(file.read_text().splitlines()) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert desk.mailhitl("log", "export", "--until", "2026-01-05T13:00+00:00").stderr == "4 rows.\n"
    assert desk.mailhitl("log", "export", "--since", "yesterday").returncode == 2


def test_59_no_cell_of_a_csv_is_a_formula_or_more_than_one_line(desk: Desk) -> None:
    with desk.store() as store:
        case = opened(store, 3, message_subject=HOSTILE)
        store.cases.move(case, Event.HOLD, decision(Event.HOLD, code=HOSTILE, proof=HOSTILE * 50_000))
    text = desk.mailhitl("log", "export", "--format", "csv").stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert len(text.splitlines()) == len(rows) == 6
    assert len({len(row) for row in rows}) == 1
    for value in (value for row in rows for value in row):
        assert not value.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert "\x1b" not in value
        assert ";@" not in value
        assert len(value) <= 32_767


@pytest.mark.parametrize("value", ["=1+1", "+49 30", "-1", "@SUM(1)", "\t=1", "  =1", '"=1', "＝1+1", "a;=1", "a,\t@b"])
def test_a_cell_that_would_be_a_formula_is_text(value: str) -> None:
    assert "'" in cell(value)
    assert "'" not in cell("a = b - c + d, see e@example.org")


@contextmanager
def following(desk: Desk, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = desk.line("live", *arguments)
    with subprocess.Popen(command, env=desk.environment, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def test_live_shows_what_was_last_and_then_each_row_as_it_is_written(desk: Desk) -> None:
    with following(desk) as process:
        before = lines(process, 4)
        assert sum("case 1" in line for line in before) == 2
        with desk.store() as store:
            moved(store, store.cases.get(2), Event.REJECT)
            store.journal.add(Entry("demote", "daemon", Channel.DAEMON, NOON, "Opening hours", why=HOSTILE))
        fresh = sorted(lines(process, 2))
        assert "case 2 · reject → rejected · by anna@example.com (folder) · because" in fresh[1] + fresh[0]
        assert "\x1b" not in "".join(fresh)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_live_speaks_json_to_programs(desk: Desk) -> None:
    with following(desk, "--json", "--last", "1") as process:
        [line] = lines(process, 1)
        assert json.loads(line)["row"] in (1, 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
