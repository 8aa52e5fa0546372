"""How the command line shows things: for people as tables and lists, for programs as JSON.

Much of what is shown was written by strangers, so nothing of it reaches a terminal unwashed.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from shutil import get_terminal_size
from typing import Annotated, Any

import typer

from mailhitl.mail.text import one_line

Json = Annotated[bool, typer.Option("--json", help="Print JSON, with times in UTC.")]

#: Columns of a table that stay whole.
SHORT = 16
#: Wide enough for any row: what reads a pipe has no columns.
PIPE_WIDTH = 10_000
#: What JSON may hold bare, and a terminal may act on: C1 controls, line separators, marks of writing direction.
_UNSAFE = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def length(text: str) -> timedelta:
    """Read ``--since``. What is no length of time is a usage error."""
    from mailhitl.config.values import duration

    try:
        return duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None


def as_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, UTC."""
    typer.echo(_safe(json.dumps(value, indent=2, default=_for_programs, ensure_ascii=False)))


def one_json_line(value: Any) -> str:
    """A value as JSON on one line; times in ISO 8601, UTC."""
    return _safe(json.dumps(value, default=_for_programs, ensure_ascii=False))


def as_table(rows: Sequence[Mapping[str, Any]], empty: str, *, whole: bool = False) -> None:
    """Print rows as a table, one line each, cut off where the terminal ends; or say that there are none.

    ``whole``: what doesn't fit goes on below instead. A terminal too narrow for all the columns gets each row as a few
    lines, with nothing left out.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        typer.echo(empty)
        return
    if sys.stdout.isatty() and _least_width(rows) > get_terminal_size().columns:
        _as_blocks(rows)
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in rows[0]:
        # rich shrinks only columns that may wrap: here the long ones, whose cells are cut instead.
        table.add_column(column, no_wrap=max(len(_cell(row[column])) for row in rows) <= SHORT)
    for row in rows:
        table.add_row(*(Text(_cell(value), no_wrap=not whole, overflow="ellipsis") for value in row.values()))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _least_width(rows: Sequence[Mapping[str, Any]]) -> int:
    """Columns of a terminal below which a table of these rows says nothing any more."""
    widths = [max(len(name), *(min(len(_cell(row[name])), SHORT) for row in rows)) for name in rows[0]]
    return sum(widths) + 2 * (len(widths) - 1)


def _as_blocks(rows: Sequence[Mapping[str, Any]]) -> None:
    """The first column as a heading, below it the others with their names."""
    for row in rows:
        [(_, heading), *others] = row.items()
        typer.secho(_cell(heading), bold=True)
        say("  " + ", ".join(f"{name} {_cell(value)}" for name, value in others if _cell(value)), hanging=2)


def as_list(title: str, facts: Mapping[str, Any]) -> None:
    """Print a title and below it one line per fact; empty ones are left out."""
    typer.secho(title, bold=True)
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        if text := plain(value):
            say(f"  {name.ljust(width)}  {text}", hanging=width + 4)


def say(line: str, *, hanging: int) -> None:
    """Print a line, wrapped where a terminal ends."""
    typer.echo(wrapped(line, hanging=hanging))


def wrapped(line: str, *, hanging: int) -> str:
    """The line as a terminal shows it best: what does not fit goes on ``hanging`` columns from the left."""
    if not sys.stdout.isatty():
        return line
    return textwrap.fill(line, max(get_terminal_size().columns, hanging + 20), subsequent_indent=" " * hanging)


def plain(value: Any) -> str:
    """What a person reads, on one line: times in local time, nothing a terminal could take for a command."""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else one_line(str(value))


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``3 h ago``."""
    gone = max(now - moment, timedelta(0))
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if gone >= length:
            return f"{gone // length} {unit} ago"
    return "just now"


def _cell(value: Any) -> str:
    return plain(value)[:SHORT] if isinstance(value, datetime) else plain(value)


def _safe(text: str) -> str:
    """JSON that may go to a terminal."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _for_programs(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
