"""``rules``: what the rules make of one mail, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailhitl.cli import rungs
from mailhitl.cli.backtest import backtest
from mailhitl.cli.show import Json

if TYPE_CHECKING:
    from mailhitl.daemon.trial import Trial


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="What the rules make of a mail, and why.", no_args_is_help=True, rich_markup_mode=None)
    group.command("try")(try_mail)
    group.command("backtest")(backtest)
    rungs.add_to(group)
    app.add_typer(group, name="rules")


def try_mail(
    context: typer.Context,
    mail: Annotated[Path, typer.Argument(metavar="MAIL", help="A mail as a file (.eml).", exists=True, dir_okay=False)],
    mailbox: Annotated[
        str, typer.Option(metavar="NAME", help="As if it had come to this mailbox; else the file's first.")
    ] = "",
    json: Json = False,
) -> None:
    """Show for one mail what would be drafted and which rules and gates hit or miss. Nothing is stored or sent."""
    from mailhitl.cli.opening import mailboxes, read_all
    from mailhitl.cli.show import as_json
    from mailhitl.daemon.trial import try_rules

    config, _ = read_all(context.obj)
    [name, *_] = mailboxes(config, [mailbox] if mailbox else [])
    trial = try_rules(config, name, mail.read_bytes())
    if json:
        rows = [{"rule": line.rule, "hit": line.hit, "because": line.because} for line in trial.lines]
        as_json({"outcome": str(trial.outcome), "intent": trial.intent, "draft": trial.draft, "rules": rows})
    else:
        _print(trial)


def _print(trial: Trial) -> None:
    from mailhitl.cli.show import plain, say

    typer.secho(f"verdict: {trial.outcome}", bold=True)
    typer.echo(f"intent: {plain(trial.intent) or 'none fits'}")
    for line in trial.lines:
        typer.secho(f"\n{'hit ' if line.hit else 'miss'}  {plain(line.rule)}", bold=line.hit)
        say(f"      {plain(line.because)}", hanging=6)
    typer.secho("\nThe draft:" if trial.draft else "\nNo draft: no template fits.", bold=True)
    for text in trial.draft.splitlines():
        say(f"  {plain(text)}".rstrip(), hanging=2)
