"""``learn``: what is learned every night, and what reviewers keep correcting, to be accepted or dismissed."""

from __future__ import annotations

import difflib
import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from mailhitl.cli.show import Json
from mailhitl.errors import MailhitlError
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.daemon.learning.corrections import Patch
    from mailhitl.ports.journal import Entry
    from mailhitl.ports.store import Store

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `mailhitl learn list` numbers it.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Learn from decisions: now, or what is proposed to be corrected.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command()(now)
    group.command("list")(list_)
    group.command()(show)
    group.command()(accept)
    group.command()(dismiss)
    app.add_typer(group, name="learn")


def now(context: typer.Context) -> None:
    """Do what the daemon does every night: triage anew, approved answers, repeated corrections."""
    from datetime import UTC, datetime

    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.triage import taught
    from mailhitl.daemon.drafts.wiring import knowledge
    from mailhitl.daemon.learning.corrections import REMEMBERED, answered, learn_answers, propose

    config, at = read_config(context.obj), datetime.now(UTC)
    with opened_store(config, anew=True) as store:
        answers = list(answered(store, at - REMEMBERED, at))
        proposed = propose(store, answers, at)
    looked = counted(len(answers), "approved answer was", "approved answers were")
    typer.echo(f"{looked} looked at; {counted(proposed, 'new proposal')}: mailhitl learn list")
    index = knowledge(config)
    if index is not None:
        index.refresh()
        if config.knowledge and config.knowledge.answers:
            added = counted(learn_answers(index, answers), "answer was", "answers were")
            typer.echo(f"{added} added to the knowledge.")
        else:
            index.forget(index.answers())
    if config.triage.learn:
        typer.echo(taught(config))


def list_(context: typer.Context, json: Json = False) -> None:
    """List what is proposed and still open."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_table
    from mailhitl.daemon.learning.corrections import open_proposals

    with opened_store(read_config(context.obj)) as store:
        rows = [{"number": e.id, "since": e.at, "where": e.subject, "what": e.why} for e in open_proposals(store)]
    if json:
        as_json(rows)
    else:
        as_table(rows, "Nothing is proposed.", whole=True)


def show(context: typer.Context, number: Number) -> None:
    """Show one proposal with the cases behind it, and the patch that accepting it would make."""
    from mailhitl.cli.opening import opened_store, read_all
    from mailhitl.daemon.learning.corrections import patch_of

    config, library = read_all(context.obj)
    with opened_store(config) as store:
        proposal = _proposal(store, number)
    typer.echo(f"{proposal.subject}: {proposal.why}")
    typer.echo(f"Seen in the cases {proposal.data.get('cases', '')} (mailhitl cases show NUMBER).")
    patch = patch_of(config, library, proposal)
    typer.echo(_diff(patch) if patch else BY_HAND)


def accept(context: typer.Context, number: Number) -> None:
    """Make the change in your own templates, style or knowledge file."""
    from datetime import UTC, datetime

    from mailhitl.cli.opening import opened_store, read_all
    from mailhitl.daemon.learning.corrections import ACCEPTED, apply, patch_of, settle

    config, library = read_all(context.obj)
    with opened_store(config) as store:
        proposal = _proposal(store, number)
        patch = patch_of(config, library, proposal)
        if patch is None:
            typer.echo(BY_HAND, err=True)
            raise typer.Exit(1)
        _prove(patch)
        apply(patch)
        settle(store, proposal, ACCEPTED, getpass.getuser(), datetime.now(UTC))
    typer.echo(f"{_diff(patch)}Written to {patch.target}. The daemon takes it into force by itself.")


def dismiss(
    context: typer.Context,
    number: Number,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the journal.")] = "",
) -> None:
    """Drop a proposal; the same one is not made again."""
    from datetime import UTC, datetime

    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon.learning.corrections import DISMISSED, settle

    with opened_store(read_config(context.obj)) as store:
        settle(store, _proposal(store, number), DISMISSED, getpass.getuser(), datetime.now(UTC), why)
    typer.echo("Dismissed.")


BY_HAND = (
    "No file can be changed by itself here: the words stand in no template, or more than once, or with a name or "
    "number in them. Please change the file by hand, then: mailhitl learn dismiss NUMBER"
)


def _proposal(store: Store, number: int) -> Entry:
    from mailhitl.daemon.learning.corrections import open_proposals

    for entry in open_proposals(store):
        if entry.id == number:
            return entry
    raise MailhitlError(f"there is no open proposal {number}; which there are says: mailhitl learn list")


def _prove(patch: Patch) -> None:
    """Try the changed template before it takes the place of the one in force. Raises TemplateProblem."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from mailhitl.daemon.learning.corrections import checked

    if patch.target.name.endswith(".j2"):
        with TemporaryDirectory() as folder:
            checked(patch, Path(folder))


def _diff(patch: Patch) -> str:
    lines = difflib.unified_diff(
        patch.before.splitlines(keepends=True),
        patch.after.splitlines(keepends=True),
        str(patch.file),
        str(patch.target),
    )
    return "".join(lines)
