"""``init``, ``check`` and ``doctor``: getting a config right before anything runs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailhitl.errors import ConfigError, MailhitlError
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.daemon.health.doctor import Finding


def add_to(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(check)
    app.command()(doctor)


def init(context: typer.Context) -> None:
    """Write a config by asking a few questions.

    An existing file is never overwritten. No password is asked for: the file only says where it is to be had.
    """
    from mailhitl.cli.init import ask, config_file, next_steps, write

    path: Path = context.obj
    if path.exists():
        raise ConfigError([f"{path}: there is a file already; it was left as it is"])
    answers = ask()
    write(path, config_file(answers))
    typer.echo(next_steps(path, answers))


def check(context: typer.Context) -> None:
    """Check the config, the rules and the templates, offline."""
    from mailhitl.cli.opening import read_all

    config, library = read_all(context.obj)
    for warning in config.warnings:
        typer.echo(f"note: {warning}")
    mailboxes, rules, templates = len(config.mailbox), len(config.rule), len(library.templates())
    typer.echo(
        f"{config.source}: all right. {counted(mailboxes, 'mailbox', 'mailboxes')}, {counted(rules, 'rule')}, "
        f"{counted(templates, 'template')}."
    )


def doctor(
    context: typer.Context,
    mailbox: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this mailbox; may be given several times.")
    ] = None,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Also mail each mailbox itself: is a forged check believed, do plus-addresses work?"
        ),
    ] = False,
) -> None:
    """Log in to every server; say what works and what does not.

    Folders that are missing are made. A trial mail is filed, moved and taken away again; without --probe nothing is
    sent.
    """
    from mailhitl.cli.opening import mailboxes, read_all
    from mailhitl.daemon.health.doctor import examine, examine_machine

    config, _ = read_all(context.obj)
    failed = False
    for name in mailboxes(config, mailbox or ()):
        typer.secho(f"mailbox {name} <{config.mailbox[name].address}>", bold=True)
        for finding in examine(config, name):
            failed |= _say(finding)
        for finding in _probed(config, name) if probe else ():
            failed |= _say(finding)
    typer.secho("this machine", bold=True)
    for finding in (*examine_machine(config), _store(config)):
        failed |= _say(finding)
    raise typer.Exit(int(failed))


def _probed(config: Config, mailbox: str) -> Iterator[Finding]:
    from mailhitl.cli.opening import opened_store
    from mailhitl.daemon.health.probe import examine

    with opened_store(config, anew=True) as store:
        yield from examine(config, mailbox, store)


def _store(config: Config) -> Finding:
    from mailhitl.cli.opening import opened_store
    from mailhitl.daemon.health.doctor import Finding

    try:
        with opened_store(config, anew=True) as store:
            broken = store.broken()
    except (MailhitlError, OSError) as error:
        return Finding("error", "store", str(error))
    if broken:
        return Finding("error", "store", f"the log of decisions was altered: {broken}")
    return Finding("ok", "store", "opened; its schema is current and the log of decisions is whole")


MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "error": ("✗", "red")}


def _say(finding: Finding) -> bool:
    """Print a finding; return whether it is an error."""
    from mailhitl.cli.show import plain, wrapped

    mark, colour = MARKS[finding.level]
    line = wrapped(f"  {mark} {plain(finding.subject)}: {plain(finding.text)}", hanging=4)
    typer.echo(line.replace(mark, typer.style(mark, fg=colour), 1))
    return finding.level == "error"
