"""``run``, ``status``, ``pause`` and ``resume``: the daemon and its switches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailhitl.errors import ConfigError


def add_to(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(status)
    app.command()(pause)
    app.command()(resume)


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is to be done now, then end.")] = False,
    mailbox: Annotated[list[str] | None, typer.Option(help="Only this mailbox; may be given several times.")] = None,
    json_log: Annotated[bool, typer.Option("--json-log", help="Log one JSON object per line.")] = False,
) -> None:
    """Serve the mailboxes until stopped (SIGTERM, Ctrl+C)."""
    from mailhitl.cli.logs import set_up
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon.service import Service
    from mailhitl.drafting.library import Library
    from mailhitl.templating import folders

    set_up(json=json_log)
    config = read_config(context.obj)
    names = tuple(mailbox or config.mailbox)
    unknown = [name for name in names if name not in config.mailbox]
    problems = [f"{config.source}: there is no mailbox “{name}”" for name in unknown]
    problems += Library(folders(config.agent.templates)).check()
    if problems:
        raise ConfigError(problems)
    with opened_store(config) as store:
        service = Service.of(config, store, names)
        if not once:
            raise typer.Exit(service.run())
        for worker in service.workers:
            done = worker.serve_once()
            typer.echo(f"{worker.mailbox_name}: {done} {'step' if done == 1 else 'steps'}")


def status(context: typer.Context, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say what waits, who works on it, and whether sending is paused."""
    from mailhitl.case import OPEN
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_table

    config = read_config(context.obj)
    rows: list[dict[str, Any]] = []
    with opened_store(config) as store:
        paused = store.switches.get("pause")
        for name in config.mailbox:
            counts = store.cases.counts(name)
            waiting = [case.opened_at for case in store.cases.in_state(*OPEN, mailbox=name)]
            held = {str(state): number for state, number in counts.items() if number}
            holder = store.switches.holder(name, datetime.now(UTC))
            rows.append(
                {
                    "mailbox": name,
                    "served by": holder or "nobody",
                    "paused": paused or "no",
                    "oldest open": min(waiting, default=None),
                    **(
                        {"cases": held} if json else {"cases": ", ".join(f"{n} {s}" for s, n in held.items()) or "none"}
                    ),
                }
            )
    if json:
        as_json(rows)
    else:
        as_table("", rows, "no mailbox")


def pause(
    context: typer.Context,
    automatic: Annotated[bool, typer.Option("--automatic", help="Hold back only what no person has approved.")] = False,
) -> None:
    """Stop all sending (or all automatic sending) before the next mail; nothing is lost."""
    _switch(context, "automatic" if automatic else "all")
    typer.echo(f"Paused: {'automatic answers wait' if automatic else 'nothing is sent'} until: mailhitl resume")


def resume(context: typer.Context) -> None:
    """Take back a pause; what waited goes out."""
    _switch(context, "")
    typer.echo("Resumed.")


def _switch(context: typer.Context, value: str) -> None:
    import getpass

    from mailhitl.cli.opening import opened_store, read_config

    with opened_store(read_config(context.obj)) as store:
        store.switches.set("pause", value, f"{getpass.getuser()} on the command line", datetime.now(UTC))
