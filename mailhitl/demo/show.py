"""``mailhitl demo``: customers write, the agent works, and whoever connects a mail client is the reviewer."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from mailhitl.demo.loop_thread import HOST
from mailhitl.demo.narrator import Narrator, counts, print_lines
from mailhitl.demo.people import DAY, Letter, addresses, letters
from mailhitl.demo.shop import LEISURELY, PASSWORD, SUPPORT
from mailhitl.demo.stage import Ended, Stage
from mailhitl.demo.story import play_story

#: Seconds between two letters: a full inbox soon, then a trickle that one person can keep up with.
FIRST_LETTERS, BUSY, CALM = 4, 6.0, 20.0
#: Wide enough for whole sentences where no terminal says how wide it is.
PIPE_WIDTH = 140


def play(*, story: bool, minutes: float) -> int:
    """Run the demo until its time is over or Ctrl+C; return the exit code."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    with _ended_by_signals() as ended:
        try:
            return play_story(console, ended) if story else _play_live(console, ended, minutes)
        except Ended:
            return 130


def _play_live(console: Console, ended: threading.Event, minutes: float) -> int:
    with Stage(LEISURELY, addresses(), ended) as stage:
        console.print(_panel(stage))
        narrator = Narrator(stage.store)
        footer = _Footer(stage)
        live = (
            Live(footer, console=console, refresh_per_second=2, transient=True)
            if console.is_terminal
            else nullcontext()
        )
        with live:
            _narrate(stage, console, narrator, ended, time.monotonic() + minutes * 60)
        console.print(f"[bold]The shop closes:[/] {counts(stage.store, 'support')}. Nothing of it is kept.")
    return 0


def _narrate(stage: Stage, console: Console, narrator: Narrator, ended: threading.Event, closing: float) -> None:
    post, next_at = letters(), time.monotonic()
    written = 0
    problem = ""
    while not ended.wait(0.2) and time.monotonic() < closing:
        if time.monotonic() >= next_at:
            _write(stage, next(post))
            written += 1
            next_at = time.monotonic() + _pause(written)
        print_lines(console, narrator.news())
        if stage.problem != problem:
            problem = stage.problem
            console.print(f"[red]The mailbox is not served: {escape(problem)}[/]" if problem else "Served again.")


def _write(stage: Stage, letter: Letter) -> None:
    stage.post(letter.mail(), letter.envelope)


def _pause(written: int) -> float:
    if written < FIRST_LETTERS:
        return 0.8
    return BUSY if written < len(DAY) else CALM


class _Footer:
    """The line that stays below the story: how it stands, and how to connect."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __rich__(self) -> Panel:
        stage = self._stage
        connect = f"IMAP {HOST}:{stage.imap.port} · SMTP {HOST}:{stage.smtp.port} · support / {PASSWORD}"
        return Panel(
            f"{counts(stage.store, 'support')}\n[dim]{connect} · no TLS · open Drafts/Review · Ctrl+C ends[/]",
            border_style="cyan",
        )


def _panel(stage: Stage) -> Panel:
    """How to be the reviewer."""
    account = Table.grid(padding=(0, 3))
    for row in (
        ("[bold]Incoming (IMAP)[/]", f"{HOST}, port {stage.imap.port}, no TLS, normal password"),
        ("[bold]Outgoing (SMTP)[/]", f"{HOST}, port {stage.smtp.port}, no TLS, normal password"),
        ("[bold]User and password[/]", f"support / {PASSWORD}"),
        ("[bold]E-mail address[/]", SUPPORT),
    ):
        account.add_row(*row)
    steps = (
        "1. Open the folder [bold]Drafts/Review[/]: answers wait there as drafts, each beside a mail that says why.",
        "2. Drag a draft to [bold]Drafts/Approve[/]: 3 seconds later it goes out. Edit it first if you like.",
        "3. Or drag it to Drafts/Reject or Drafts/Escalate; or pull one out of Drafts/Outgoing before it leaves.",
        "4. Or be a colleague with an inbox of their own (user [bold]anna[/] or ben, same password, "
        "anna@shop.test): answer a “\\[Review]” mail with the word approve.",
        "5. Or be the admin, in another terminal (or: rules list, stats, digest, cases show 1):",
        f"   {escape(sys.argv[0])} -c {escape(str(stage.folder / 'config.toml'))} live",
    )
    body = Table.grid(padding=(0, 0))
    for part in ("You are the reviewer. Add this account to your own mail client:", "", account, "", *steps):
        body.add_row(part)
    return Panel(body, title="Example Shop's support mailbox is open", border_style="green", padding=(1, 2))


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl+C, SIGTERM and a closed window set, so that everything can be put away."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
