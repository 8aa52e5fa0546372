"""``mailhitl demo --story``: reviewers are played too, and every outcome is compared with what it must be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.case import OPEN, State
from mailhitl.demo.ending import ending
from mailhitl.demo.loop_thread import HOST
from mailhitl.demo.narrator import Narrator, print_lines
from mailhitl.demo.people import addresses
from mailhitl.demo.reviewer import DECIDED, REVIEW
from mailhitl.demo.scenes import SCENES, Expectation, Team
from mailhitl.demo.shop import BRISK, PASSWORD
from mailhitl.demo.stage import Ended, Stage
from mailhitl.mail.parse import parse_header

#: Seconds that the last answers have once everybody has done their part; an ending that takes longer is another one.
LONGEST = 20.0
#: Seconds of silence in which something could still happen that must not: longer than the grace period.
SILENCE = 1.5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what happened, and the aspects of how it ended."""

    what: str
    expected: Sequence[str]
    seen: Sequence[str]

    @property
    def ok(self) -> bool:
        return [*self.expected] == [*self.seen]


def play_story(console: Console, ended: threading.Event) -> int:
    """Play every conversation, tell it, and return 0 when each has ended as it must, else 1."""
    began = time.monotonic()
    with Stage(BRISK, addresses(), ended, fixed_ports=False) as stage:
        ready = time.monotonic() - began
        console.print(f"[bold]Example Shop is open[/] after {ready:.1f} s. {len(SCENES)} conversations at once:\n")
        rows = _told(stage, console, ended, lambda: _play(stage, ended))
    if ended.is_set():
        console.print("Stopped before the end.")
        return 1
    wrong = sum(not row.ok for row in rows)
    verdict = f"[bold red]{wrong} of {len(rows)} differ[/]" if wrong else f"[bold green]All {len(rows)} as expected[/]"
    console.print(_table(rows), f"{verdict} after {time.monotonic() - began:.0f} s.")
    return 1 if wrong else 0


def _told(stage: Stage, console: Console, ended: threading.Event, play: Callable[[], list[Row]]) -> list[Row]:
    """Tell what happens while it is played, in this thread: the terminal has only one."""
    narrator = Narrator(stage.store)
    with ThreadPoolExecutor(1) as actors:
        playing = actors.submit(play)
        while not playing.done():
            ended.wait(0.2)
            print_lines(console, narrator.news())
        print_lines(console, narrator.news())
        return playing.result()


def _play(stage: Stage, ended: threading.Event) -> list[Row]:
    """Every conversation in a thread of its own, as a team works; then one look at all of them."""
    team = Team(stage)
    with ThreadPoolExecutor(len(SCENES)) as actors:
        playing = [(scene, actors.submit(scene, team)) for scene in SCENES]
    expectations: list[Expectation] = []
    rows: list[Row] = []
    for scene, played in playing:
        problem = played.exception()
        if isinstance(problem, Ended):
            return []
        if problem is None:
            expectations += played.result()
        else:
            what = scene.__name__.replace("_", " ")
            rows.append(Row(what, ["is played to its end"], [f"{type(problem).__name__}: {problem}"]))
    with _office(stage) as box:
        _await_endings(stage, box, expectations, ended)
        return [*rows, *(_row(stage, box, each) for each in expectations), *_tidy(stage, box, expectations)]


def _await_endings(stage: Stage, box: ImapMailbox, expectations: list[Expectation], ended: threading.Event) -> None:
    """Wait until each has ended as it must, or the patience has; then a silence in which nothing may follow."""
    deadline = time.monotonic() + LONGEST
    left = list(expectations)
    while left and time.monotonic() < deadline and not ended.is_set():
        left = [each for each in left if not _row(stage, box, each).ok]
        ended.wait(0.2)
    ended.wait(SILENCE)


def _row(stage: Stage, box: ImapMailbox, each: Expectation) -> Row:
    return Row(each.what, each.ending.lines(), ending(stage, box, each.question, each.words).lines())


def _tidy(stage: Stage, box: ImapMailbox, expectations: list[Expectation]) -> Iterator[Row]:
    """What must be true of the whole mailbox in the end."""
    standing = {folder: len(box.locations(folder)) for folder in DECIDED}
    names = [folder.rpartition("/")[2] for folder in DECIDED]
    empty = [f"{name}: 0" for name in names]
    yield Row(
        "The folders at the end", empty, [f"{name}: {n}" for name, n in zip(names, standing.values(), strict=True)]
    )
    held = stage.store.cases.in_state(State.HELD)
    drafts = sum(case.draft_digest is not None for case in held)
    wanted = f"{drafts} drafts and {len(held)} packets"
    found = [glance.header for glance in box.glance(box.locations(REVIEW))]
    packets = sum(parse_header(header).subject.startswith("[Review]") for header in found)
    seen = f"{len(found) - packets} drafts and {packets} packets"
    yield Row("In Review stands what waits, and nothing else", [wanted], [seen])
    answers = sum(len(each.ending.received) for each in expectations)
    yield Row("Mails that left for customers", [f"{answers}"], [f"{len(stage.smtp.outside)}"])
    open_ones = {str(case.state) for case in stage.store.cases.in_state(*OPEN)}
    yield Row("Nothing is left half done", ["held"], sorted(open_ones))


def _table(rows: Sequence[Row]) -> Table:
    table = Table(show_lines=True, expand=True)
    for column, ratio in (("what happened", 3), ("expected", 4), ("seen", 4)):
        table.add_column(column, ratio=ratio, overflow="fold")
    table.add_column("ok", width=2)
    for row in rows:
        mark = "[green]✓[/]" if row.ok else "[bold red]✗[/]"
        table.add_row(escape(row.what), _lines(row.expected, row.seen), _lines(row.seen, row.expected), mark)
    return table


def _lines(lines: Sequence[str], others: Sequence[str]) -> str:
    """The aspects, those that the other side does not have in red."""
    return "; ".join(escape(line) if line in others else f"[bold red]{escape(line)}[/]" for line in lines)


@contextmanager
def _office(stage: Stage) -> Iterator[ImapMailbox]:
    box = ImapMailbox.connect(ImapSettings(HOST, stage.imap.port, "none", "support", lambda: PASSWORD))
    try:
        yield box
    finally:
        box.close()
