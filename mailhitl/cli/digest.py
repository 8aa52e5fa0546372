"""``digest``: the weekly report, to be read before anybody gets it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.insight.week import Week

T = TypeVar("T")
#: After so many cases the progress is told again.
EVERY = 10_000


def add_to(app: typer.Typer) -> None:
    app.command()(digest)


def digest(
    context: typer.Context,
    week: Annotated[str, typer.Option(metavar="WEEK", help="Which week, like 2026-W46; else the last whole one.")] = "",
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write it as HTML, as the mail has it.", dir_okay=False)
    ] = None,
) -> None:
    """Show the weekly digest as text. Nothing is sent: the daemon mails it to digest.to, once for each week."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon.digest.gathering import gather
    from mailhitl.daemon.digest.plan import plan_of
    from mailhitl.insight.digest import render
    from mailhitl.templating import environment, folders

    config = read_config(context.obj)
    now = datetime.now(UTC)
    wanted = _week(config, week, now)
    with opened_store(config) as store:
        found, _ = gather(store, plan_of(config), wanted, now, told)
    text, html = render(found, environment(folders(config.agent.templates)))
    typer.echo(text)
    if preview:
        preview.write_text(html, encoding="utf-8")
        typer.echo(f"{preview} is written.", err=True)


def told(cases: Iterable[T]) -> Iterator[T]:
    """Let them pass, and say on a terminal how many there were."""
    shown = sys.stderr.isatty()
    for number, case in enumerate(cases, 1):
        if shown and number % EVERY == 0:
            typer.echo(f"\r{number:,} cases read …", err=True, nl=False)
        yield case
    if shown:
        typer.echo("\r\x1b[K", err=True, nl=False)


def _week(config: Config, text: str, now: datetime) -> Week:
    from mailhitl.insight.week import Week
    from mailhitl.insight.week import week as read_week

    try:
        return read_week(text) if text else Week.of(now.astimezone(config.agent.timezone).date()).back()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--week") from None
