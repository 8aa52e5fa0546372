"""``live``: the log as it is written."""

from __future__ import annotations

import signal
import sys
from threading import Event as Signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mailhitl.ports.log import LogRow

#: Seconds between looks at the store.
EVERY = 0.5
COLOURS = {
    "approve": "green",
    "endorse": "green",
    "accept": "green",
    "right": "green",
    "promote": "green",
    "hold": "yellow",
    "escalate": "yellow",
    "revise": "cyan",
    "reject": "magenta",
    "supersede": "blue",
    "defer": "yellow",
    "refuse": "red",
    "lose": "red",
    "shunt": "red",
    "wrong": "red",
    "bounce": "red",
    "complaint": "red",
    "demote": "red",
}


def add_to(app: typer.Typer) -> None:
    app.command()(live)


def live(
    context: typer.Context,
    last: Annotated[int, typer.Option(metavar="N", min=0, max=10_000, help="Begin with the last N rows.")] = 10,
    mailbox: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this mailbox; may be given several times.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line, with times in UTC.")] = False,
) -> None:
    """Show each decision and each entry of the journal as it is written, until Ctrl+C."""
    from mailhitl.cli.opening import mailboxes, opened_store, read_config

    config = read_config(context.obj)
    wanted = set(mailboxes(config, mailbox)) if mailbox else None
    ended = _until_ended()
    with opened_store(config) as store:
        ends = {head.log: head.row for head in store.log.heads()}
        begun = [row for row in store.log.newest(last) if row.id <= ends.get(row.log, 0)]
        _show(begun, wanted, as_json=json)
        while not ended.wait(EVERY):
            fresh = store.log.after(ends.get("decisions", 0), ends.get("journal", 0))
            _show(fresh, wanted, as_json=json)
            for row in fresh:
                ends[row.log] = max(row.id, ends.get(row.log, 0))


def _until_ended() -> Signal:
    """Set when the process is asked to end: a line that was begun is finished first."""
    ended = Signal()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _show(rows: Any, wanted: set[str] | None, *, as_json: bool) -> None:
    from mailhitl.cli.exporting import record
    from mailhitl.cli.show import one_json_line

    for row in rows:
        if wanted is None or not row.case_id or row.mailbox in wanted:
            typer.echo(one_json_line(record(row)) if as_json else _line(row))
    sys.stdout.flush()


def _line(row: LogRow) -> str:
    """One row on one line, cut where the terminal ends."""
    from shutil import get_terminal_size

    from mailhitl.cli.show import plain
    from mailhitl.mail.text import one_line

    said = row.decision or row.entry
    assert said is not None, "a row is a decision or an entry"
    word = str(row.decision.event) if row.decision else said.kind  # type: ignore[union-attr]
    about = f"case {row.case_id}" if row.case_id else plain(row.entry.subject if row.entry else "")
    led = f" → {row.decision.to_state}" if row.decision else ""
    how = f"by {plain(said.by)} ({said.channel}{', ' + plain(said.code) if said.code else ''})"
    parts = (said.at.astimezone().strftime("%H:%M:%S"), about, f"{word}{led}", how, plain(said.why))
    width = get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 500
    text = one_line(" · ".join(part for part in parts if part), width)
    return text.replace(word, typer.style(word, fg=COLOURS.get(word)), 1) if sys.stdout.isatty() else text
