"""``alarm``: what was rung lately, and whether ringing works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

#: How far back what was rung is shown.
SHOWN = timedelta(days=30)


def add_to(app: typer.Typer) -> None:
    app.command()(alarm)


def alarm(
    context: typer.Context,
    test: Annotated[bool, typer.Option("--test", help="Ring it now, as a trial, by every way in the config.")] = False,
) -> None:
    """Show what was rung in the last 30 days; with --test, try out whether anybody hears it."""
    from mailhitl.cli.opening import read_config

    config = read_config(context.obj)
    if test:
        from mailhitl.backends.alarm import TRIAL, host
        from mailhitl.daemon.health.wiring import alarm as wired
        from mailhitl.errors import PermanentFailure

        way = wired(config)
        if way is None:
            raise PermanentFailure(
                f"{config.source} has no [alarm]: nobody is told when the mailbox itself fails "
                "(docs/how-to/get-alarmed.md)"
            )
        subject, text = TRIAL
        way.ring(f"{subject} [{host()}]", text)
        typer.echo("Rung: look whether it has arrived.")
        return
    from mailhitl.cli.opening import opened_store
    from mailhitl.cli.show import plain
    from mailhitl.daemon.health.watchman import ALARM

    with opened_store(config) as store:
        rung = store.journal.entries((ALARM,), since=datetime.now(UTC) - SHOWN)
    for entry in rung:
        typer.echo(f"{plain(entry.at)}  {plain(entry.why)}")
    if not rung:
        typer.echo("Nothing was rung in the last 30 days.")
