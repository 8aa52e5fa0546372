"""What a manager reads: each kind of digest as a golden file, and what must hold of every one of them.

A golden file is what was looked at in a browser, wide and narrow, light and dark. After a wanted change write them anew
with ``MAILHITL_WRITE_GOLDEN=1 pytest tests/unit/test_digest.py``, and look at the pages again.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from mailhitl.case import Event
from mailhitl.cli.main import app
from mailhitl.daemon.digest.answers import asked
from mailhitl.decision import Channel
from mailhitl.insight.course import MARKS, Course
from mailhitl.insight.digest import TREND, Digest, Material, Now, lasting, render
from mailhitl.insight.figures import Queue, Spread, reckon
from mailhitl.insight.notable import Notables
from mailhitl.insight.sections import digest_of
from mailhitl.mail.html import to_text
from mailhitl.mail.text import flow
from mailhitl.ports.journal import Entry
from mailhitl.ports.log import Head
from mailhitl.templating import PACKAGED, environment
from tests.unit.courses import ANNA, BERLIN, CLOCK, HOUR, MINUTE, MONDAY, WEEK, about, course, held, row, rule

GOLDEN = Path(__file__).parents[1] / "golden"
TEMPLATES = environment([folder for folder in PACKAGED if folder.is_dir()])
WAITING = Queue(Spread((600.0, 3600.0, 7200.0, 9000.0, 28_800.0)), 130)
HOSTILE = '=HYPERLINK("http://evil.example","x")\r\n\x1b[31m<script>alert(1)</script>\n\npromote 1\n' + "A" * 10**6


def _weeks() -> Iterator[Course]:
    """Nine weeks, each a little busier than the one before, with one that was empty."""
    number = 0
    for back in range(TREND, -1, -1):
        begins = MONDAY - back * timedelta(days=7)
        for each in range(0 if back == 3 else 3 * (TREND + 1 - back)):
            number += 1
            at = begins + each * 7 * MINUTE
            case = about(number, asked_at=at, intent="refund" if each % 2 else "shipping")
            yield course(*_log(each, at), case=case)


def _log(each: int, at: object) -> list[object]:
    done = at + (each + 1) * 20 * MINUTE  # type: ignore[operator]
    by = ("anna@example.com", "ben@example.com")[each % 2]
    match each % 5:
        case 0:
            return [rule(Event.APPROVE, "send", at)]  # type: ignore[arg-type]
        case 1 | 2:
            return [held(at), row(Event.APPROVE, done, by=by)]  # type: ignore[arg-type]
        case 3:
            return [held(at), row(Event.APPROVE, done, author=by, by=by, distance=0.15)]  # type: ignore[arg-type]
    why = "the order is not ours" if each % 2 else "he has his money already"
    return [held(at), row(Event.REJECT, done, by=by, why=why)]  # type: ignore[arg-type]


def _material(courses: Iterator[Course], **more: object) -> Material:
    notables = Notables(WEEK.span(BERLIN), CLOCK)
    figures = reckon(notables.passing(courses), WEEK.span(BERLIN), CLOCK, ())
    return Material(WEEK, figures, notables, CLOCK, **{"now": Now(), **more})  # type: ignore[arg-type]


def entry(kind: str, subject: str = "", why: str = "", case_id: int | None = None, code: str = "") -> Entry:
    return Entry(kind, "daemon", Channel.DAEMON, MONDAY + HOUR, subject, case_id, why, code)


def _busy() -> Material:
    return _material(
        _weeks(),
        now=Now(WAITING, (77,), "automatic", (Head("decisions", 20_000, "ab" * 32).short,)),
        entries=(
            entry("demote", "Opening hours answer themselves", "A reviewer found the answer wrong.", 118),
            entry("bounce", "ann@customer.test", "no such user", 120),
            entry("wrong", "", "The customer says that the answer was wrong.", 121),
            *[entry("right", "Refunds", "", number, "sample") for number in range(100, 109)],
            *[entry("wrong", name, "too short", 109, "sample") for name in ("Refunds", "Large refunds")],
            replace(entry("correction", "refund-received", "“10 days” became “14 days” in 6 of 8 answers."), id=7),
            entry("trouble", "", "The disk is nearly full."),
        ),
        proposals=(
            entry("propose", "Refund received", "of the last 200 answers that people decided on, 199 were right."),
            entry("propose", "Where is my parcel", "of the last 60 answers that people decided on, 60 were right."),
        ),
    )


def _hostile() -> Material:
    rejected = course(held(), row(Event.REJECT, MONDAY + HOUR, why=HOSTILE), case=about(1, rules=(HOSTILE,)))
    return _material(
        iter([rejected]),
        entries=(entry("demote", HOSTILE, HOSTILE, 1), entry("correction", HOSTILE, HOSTILE, 1)),
        proposals=(entry("propose", HOSTILE, HOSTILE),),
    )


def _few() -> Iterator[Course]:
    yield course(held(), row(Event.APPROVE, MONDAY + HOUR), case=about(1))
    yield course(held(), row(Event.REJECT, MONDAY + HOUR, why="not ours"), case=about(2))


def _first() -> Material:
    """The week in which it all began, on a Saturday."""
    saturday = MONDAY + timedelta(days=5)
    log = [held(saturday), row(Event.APPROVE, saturday + MINUTE)]
    heads = tuple(Head(log, row, "cd" * 32).short for log, row in (("journal", 4), ("decisions", 9)))
    return _material(
        iter([course(*log, case=about(1, asked_at=saturday))]), now=Now(Queue(Spread((0.0, 0.0)), 2), heads=heads)
    )


DIGESTS: dict[str, Digest] = {
    "busy": digest_of(_busy()),
    "first": digest_of(_first()),
    "few": digest_of(_material(_few())),
    "quiet": digest_of(_material(iter(()))),
    "hostile": digest_of(_hostile()),
}
RENDERED = {name: render(digest, TEMPLATES) for name, digest in DIGESTS.items()}
every = pytest.mark.parametrize("name", sorted(RENDERED))


def test_the_first_weeks_leave_out_what_has_nothing_to_show_yet() -> None:
    first = DIGESTS["first"]
    assert first.trends == ()
    assert [key.number for key in first.keys] == ["1", "1 of 1"]
    text, _ = RENDERED["first"]
    for nothing in ("0 s", "0 written", "0 of 0", "took longest", "#"):
        assert nothing not in text
    assert "2 cases wait for a decision, the oldest is case 2\n" in text


def test_a_chart_begins_with_the_first_week_that_has_something_to_show() -> None:
    weeks = [each for each in _weeks() if min(each.marks.values()) >= MONDAY - timedelta(days=14)]
    volume, kept = digest_of(_material(iter(weeks))).trends
    assert [bar.week for bar in volume.bars] == ["W44", "W45", "W46"]
    assert volume.command == "mailhitl stats --since 2026-W44 --by week"
    assert [bar.week for bar in kept.bars] == ["W44", "W45", "W46"]


def words(line: str) -> list[str]:
    return re.findall(r"[^\W_]+", line.casefold())


class Page(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@every
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_a_digest_looks_as_it_did_when_it_was_looked_at(name: str, kind: str) -> None:
    file = GOLDEN / f"digest-{name}.{kind}"
    rendered = RENDERED[name][kind == "html"]
    if os.environ.get("MAILHITL_WRITE_GOLDEN"):
        file.write_text(rendered, encoding="utf-8")
    assert rendered == file.read_text(encoding="utf-8")


@every
def test_no_line_of_it_reads_as_a_command_even_when_quoted_without_marks(name: str) -> None:
    text, html = RENDERED[name]
    for line in [*text.splitlines(), *flow(text).splitlines(), *to_text(html).splitlines()]:
        assert asked(line) == (), line


@every
def test_the_two_parts_say_the_same(name: str) -> None:
    text, html = RENDERED[name]
    whole = f" {' '.join(words(text))} "
    for line in to_text(html).splitlines():
        for cell in re.split(r"\s{2,}", line.strip()):
            assert f" {' '.join(words(cell))} " in whole or not words(cell), cell


@every
def test_it_is_built_of_what_outlook_and_gmail_draw_and_nothing_is_fetched_or_run(name: str) -> None:
    page = Page(RENDERED[name][1])
    assert page.tags <= {"html", "head", "meta", "body", "div", "p", "b", "br", "table", "tr", "td"}
    styles = " ".join(value for attribute, value in page.attributes if attribute == "style")
    assert not re.search(r"flex|grid|float|position|url|@import|var\(", styles)
    assert not any("http" in value for _, value in page.attributes)
    assert len(RENDERED[name][1].encode()) < 100_000  # Gmail cuts a mail off at 102 KB


@every
def test_it_has_no_colour_for_text_or_ground_that_a_dark_scheme_could_not_turn(name: str) -> None:
    page = Page(RENDERED[name][1])
    styles = " ".join(value for attribute, value in page.attributes if attribute == "style")
    assert not re.search(r"(?:^|[;\s])(?:color|background[\w-]*)\s*:", styles)
    assert {value for attribute, value in page.attributes if attribute == "bgcolor"} <= {"#4a86e8", "#8ab0ee"}


@every
def test_it_holds_no_character_that_turns_or_hides_others_and_no_customers_word(name: str) -> None:
    for part in RENDERED[name]:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069]", part)
        assert "canary" not in part


def test_59_hostile_words_are_one_short_line_each() -> None:
    text, html = RENDERED["hostile"]
    assert max(map(len, text.splitlines())) < 500
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert not any(line.startswith("=") for line in text.splitlines())


def test_every_command_in_it_is_one_that_there_is() -> None:
    text, _ = RENDERED["busy"]
    lines = re.findall(r"\$ (mailhitl .*)", text)
    assert len(lines) > 20
    for command in {each.strip() for line in lines for each in line.split(";")}:
        _parse(shlex.split(command)[1:])
    assert set(re.findall(r"--what (\S+)", text)) <= set(MARKS)


def _parse(words: list[str]) -> None:
    """Raises what the command line would complain about; runs nothing."""
    command: Any = get_command(app)
    context = command.make_context("mailhitl", ["--config", "x", "status"])
    while hasattr(command, "get_command"):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, name
    command.make_context("mailhitl", words)


def test_it_says_what_it_would_take_to_believe_it() -> None:
    text, _ = RENDERED["busy"]
    assert "1. Refund received: of the last 200 answers that people decided on, 199 were right." in text
    assert (
        "Taken back to review: Opening hours answer themselves: A reviewer found the answer wrong. (case 118)" in text
    )
    assert "“10 days” became “14 days” in 6 of 8 answers." in text
    assert "Looked at afterwards and found right: 9 of 10, 90 % (60–98 %)" in text
    assert "3 found wrong afterwards, 2 to decide" in DIGESTS["busy"].headline, "two rules' entries on one answer"
    assert "$ mailhitl learn show 7" in text
    assert "Refunds, refund-received: 5 edited, 5 rejected of 21 drafts" in text
    assert f"{ANNA} " in text


def test_a_handful_gets_no_percentage_anywhere() -> None:
    text, _ = RENDERED["few"]
    assert not re.search(r"\d %", text.replace("95 %", ""))
    assert "median" not in text


def test_a_week_without_anything_says_so_in_its_subject_too() -> None:
    assert DIGESTS["quiet"].subject == "[mailhitl] 2026-W46: nothing happened"
    assert "Nothing happened" in RENDERED["quiet"][0]


def test_time_is_told_in_the_unit_that_people_would_choose() -> None:
    assert [lasting(seconds) for seconds in (40, 720, 12_600)] == ["40 s", "12 min", "3.5 h"]
