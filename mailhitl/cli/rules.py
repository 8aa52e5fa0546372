"""``rules``: what the rules make of one mail, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="What the rules make of a mail, and why.", no_args_is_help=True)
    group.command("try")(try_mail)
    app.add_typer(group, name="rules")


def try_mail(
    context: typer.Context,
    mail: Annotated[Path, typer.Argument(help="A mail as a file (.eml).", exists=True, dir_okay=False)],
    mailbox: Annotated[str, typer.Option(help="As if it had come to this mailbox.")] = "",
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show for one mail what would be drafted and which rules and gates hit or miss. Nothing is stored or sent."""
    from mailhitl.cli.opening import read_config
    from mailhitl.cli.show import as_json, as_table
    from mailhitl.daemon.trial import try_rules

    config = read_config(context.obj)
    trial = try_rules(config, mailbox or next(iter(config.mailbox)), mail.read_bytes())
    rows = [{"rule": line.rule, "": "hit" if line.hit else "miss", "because": line.because} for line in trial.lines]
    if json:
        as_json({"outcome": str(trial.outcome), "intent": trial.intent, "draft": trial.draft, "rules": rows})
        return
    typer.echo(f"intent: {trial.intent or 'none fits'}")
    typer.echo(f"verdict: {trial.outcome}\n")
    as_table("", rows, "no rules")
    typer.echo(f"\nThe draft:\n{trial.draft}" if trial.draft else "\nNo draft: no template fits.")
