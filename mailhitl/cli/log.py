"""``log``: whether what was decided is all still there, and all of it for other programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from mailhitl.cli.show import Json
from mailhitl.errors import MailhitlError
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.ports.log import Head, Verification


class Format(StrEnum):
    """What an export is written as."""

    JSONL = "jsonl"
    CSV = "csv"


#: An anchor in any text: a digest mail, what ``log verify`` has printed.
_ANCHOR = re.compile(r"\b(decisions|journal) (\d{1,18}) ([0-9a-f]{24,64})\b")
_AGO = re.compile(r"(\d{1,6}) ?([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
When = Annotated[
    str, typer.Option(metavar="WHEN", help="A day (2026-11-16), a moment (2026-11-16T08:00), or a time ago (90d).")
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="The log of decisions: check that it is whole, or export it.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("verify")(verify)
    group.command("export")(export)
    app.add_typer(group, name="log")


def verify(
    context: typer.Context,
    anchor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="What an earlier check has printed, kept elsewhere; a digest mail will do. Finds a log that was "
            "written anew.",
        ),
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts", help="Also check that each draft is still the one that was decided about.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the log: a row that was altered, removed or moved is named, and the exit code is 1.

    Prints where the log ends. Kept elsewhere, that is an anchor: with it a later check also finds a log that somebody
    has written anew as a whole.
    """
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json

    anchors = _anchors(anchor) if anchor else []
    with opened_store(read_config(context.obj)) as store, _progress() as tell:
        found = store.log.verify(anchors, tell, texts=texts)
    if json:
        ends = [{"log": head.log, "row": head.row, "link": head.link} for head in found.heads]
        counts = {"decisions": found.decisions, "entries": found.entries, "erased": found.erased}
        as_json({"whole": not found.problem, "problem": found.problem, **counts, "ends": ends})
    else:
        _say(found, len(anchors))
    raise typer.Exit(int(bool(found.problem)))


def export(
    context: typer.Context,
    format: Annotated[
        Format, typer.Option("--format", help="jsonl is complete; csv is for spreadsheets, its cells are made safe.")
    ] = Format.JSONL,
    since: When = "",
    until: When = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to standard output.")
    ] = None,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Also the words of the draft that each decision is about.")
    ] = False,
) -> None:
    """Write every decision and every entry of the journal, one per line. No words of mails unless asked for."""
    from mailhitl.cli.exporting import records, write_csv, write_jsonl
    from mailhitl.cli.opening import opened_store, read_config

    config = read_config(context.obj)
    span = _span(since, until)
    with opened_store(config) as store, _target(output) as file:
        write = write_csv if format is Format.CSV else write_jsonl
        count = write(records(store, *span, bodies=bodies), file)
    typer.echo(f"{counted(count, 'row')}.", err=True)


def _say(found: Verification, anchors: int) -> None:
    if found.problem:
        typer.secho(f"The log is broken: {found.problem}.", fg="red")
        typer.echo("Compare with a backup of the database; nothing was changed by looking.")
        return
    rows = counted(found.erased, "row")
    erased = f"; the words of {rows} were erased, as entries say" if found.erased else ""
    kept = f" It agrees with {counted(anchors, 'anchor')}." if anchors else ""
    entries = counted(found.entries, "entry", "entries")
    typer.echo(f"The log is whole: {counted(found.decisions, 'decision')}, {entries}{erased}.{kept}")
    for head in found.heads:
        typer.echo(str(head))


def _anchors(file: Path) -> list[Head]:
    """Every anchor in a text; raises MailhitlError when there is none: a check against nothing proves nothing."""
    from mailhitl.ports.log import Head

    text = " ".join(file.read_text("utf-8", "replace").split())
    found = [Head(log, int(row), link) for log, row, link in _ANCHOR.findall(text)]
    if not found:
        raise MailhitlError(f"{file}: there is no anchor in it (a line like “decisions 120 4f…”)")
    return found


@contextmanager
def _progress() -> Iterator[Callable[[int], None] | None]:
    """Tell a waiting person how far it is, on standard error; a program is told nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    yield lambda rows: typer.echo(f"\r{rows:,} rows", nl=False, err=True)
    typer.echo("\r" + " " * 30 + "\r", nl=False, err=True)


@contextmanager
def _target(output: Path | None) -> Iterator[IO[str]]:
    """Where the export goes: a new file only its owner can read, or standard output."""
    if output is None:
        yield sys.stdout
        return
    output.touch(mode=0o600)
    with output.open("w", encoding="utf-8", newline="") as file:
        yield file


def _span(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    begin, end = _when(since, "--since"), _when(until, "--until")
    if begin and end and end <= begin:
        raise typer.BadParameter(f"“{until}” is not after --since “{since}”", param_hint="--until")
    return begin, end


def _when(text: str, option: str) -> datetime | None:
    """A moment as people write it, in local time; None for "". Anything else is a usage error."""
    if not text:
        return None
    if ago := _AGO.fullmatch(text.strip()):
        return datetime.now(UTC) - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"“{text}” is neither a day (2026-11-16), nor a moment (2026-11-16T08:00), nor a time ago (90d)",
            param_hint=option,
        ) from None
