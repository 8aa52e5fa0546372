"""``rules``: what the rules make of one mail, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailhitl.cli import rungs
from mailhitl.cli.backtest import backtest
from mailhitl.cli.show import Json

if TYPE_CHECKING:
    from mailhitl.daemon.trial import Trial
    from mailhitl.daemon.trust.tally import Tally


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="What the rules make of a mail, and why.", no_args_is_help=True, rich_markup_mode=None)
    group.command("try")(try_mail)
    group.command("list")(list_rules)
    group.command("backtest")(backtest)
    rungs.add_to(group)
    app.add_typer(group, name="rules")


def list_rules(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="LENGTH", help="How far back, like 90d or 12w.")] = "90d",
    json: Json = False,
) -> None:
    """List every rule: where it stands, how often it hit, and what people made of those drafts."""
    from datetime import UTC, datetime

    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_table, length
    from mailhitl.daemon.trust.tally import tally
    from mailhitl.daemon.trust.wording import rules_of
    from mailhitl.insight.week import Span

    config = read_config(context.obj)
    now = datetime.now(UTC)
    with opened_store(config) as store:
        found = tally(store, rules_of(config), Span(now - length(since), now))
    rows = [_row(each) for each in found]
    if json:
        as_json(
            [
                {**row, "lower": each.evidence[0], "upper": each.evidence[1]}
                for row, each in zip(rows, found, strict=True)
            ]
        )
        return
    shares = [f"{each.evidence[0]:.0%} to {each.evidence[1]:.0%}" if each.decided else "" for each in found]
    as_table([{**row, "right": share} for row, share in zip(rows, shares, strict=True)], "There are no rules.")


def _row(each: Tally) -> dict[str, Any]:
    return {
        "rule": each.rule.name,
        "says": str(each.rule.then),
        "level": str(each.level) if each.rule.then == "send" else "",
        "hits": each.hits,
        "unedited": each.marks["unedited"],
        "edited": each.changed,
        "rejected": each.marks["rejected"],
        "sent": each.marks["automatic"],
        "wrong": each.wrong,
    }


def try_mail(
    context: typer.Context,
    mail: Annotated[
        Path | None, typer.Argument(metavar="MAIL", help="A mail as a file (.eml).", exists=True, dir_okay=False)
    ] = None,
    case: Annotated[
        int,
        typer.Option(
            "--case", metavar="CASE", min=0, show_default=False, help="Instead of a file: a case, as in `cases list`."
        ),
    ] = 0,
    mailbox: Annotated[
        str, typer.Option(metavar="NAME", help="As if it had come to this mailbox; else the file's first.")
    ] = "",
    json: Json = False,
) -> None:
    """Show for one mail what would be drafted and which rules and gates hit or miss, and why.

    A mail from a file is tried as the first one of a stranger; of a case what was known when it was judged last.
    Nothing is stored or sent.
    """
    from mailhitl.cli.opening import mailboxes, opened_store, read_all
    from mailhitl.daemon.trial import try_case, try_rules

    if (mail is None) is (case == 0):
        raise typer.BadParameter("name a mail, or a case with --case")
    if case and mailbox:
        raise typer.BadParameter("is for a mail in a file; a case has its mailbox", param_hint="--mailbox")
    config, _ = read_all(context.obj)
    if mail is None:
        with opened_store(config) as store:
            trial = try_case(config, store, case)
    else:
        [name, *_] = mailboxes(config, [mailbox] if mailbox else [])
        trial = try_rules(config, name, mail.read_bytes())
    _say(trial, json=json)


def _say(trial: Trial, *, json: bool) -> None:
    from mailhitl.cli.show import as_json

    if not json:
        _print(trial)
        return
    rows = [
        {"kind": line.kind, "rule": line.rule, "hit": line.hit, "says": str(line.says), "because": line.because}
        for line in trial.lines
    ]
    told = {"outcome": str(trial.outcome), "intent": trial.intent, "draft": trial.draft, "rules": rows}
    as_json({**told, "was": trial.was} if trial.was else told)


def _print(trial: Trial) -> None:
    from mailhitl.cli.show import as_table, plain, say

    was = f" (it was {trial.was})" if trial.was and trial.was != trial.outcome else ""
    typer.secho(f"verdict: {trial.outcome}{was}", bold=True)
    typer.echo(f"intent: {plain(trial.intent) or 'none fits'}\n")
    rows = [
        {"": "hit" if line.hit else "miss", "rule or gate": line.rule, "says": line.says, "because": line.because}
        for line in trial.lines
    ]
    as_table(rows, "", whole=True)
    typer.secho("\nThe draft:" if trial.draft else "\nNo draft: no template fits.", bold=True)
    for text in trial.draft.splitlines():
        say(f"  {plain(text)}".rstrip(), hanging=2)
