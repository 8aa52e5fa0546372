"""``init``, ``check`` and ``doctor``: getting a config right before anything runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailhitl.errors import ConfigError, MailhitlError


def add_to(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(check)
    app.command()(doctor)


def init(context: typer.Context) -> None:
    """Write a config by asking a few questions. An existing file is never overwritten."""
    from mailhitl.cli.init import ask, write

    path: Path = context.obj
    if path.exists():
        raise ConfigError([f"{path}: there is a file already; nothing was written"])
    write(path, ask(path))


def check(context: typer.Context) -> None:
    """Check the config file, the rules and the templates, without going online."""
    from mailhitl.cli.opening import read_config
    from mailhitl.drafting.library import Library
    from mailhitl.templating import folders

    config = read_config(context.obj)
    library = Library(folders(config.agent.templates))
    problems = library.check()
    problems += [
        f"{config.source}: intent.{intent.name}: there is no template “{intent.template}” in "
        f"{config.agent.templates}/reply or in the package; there are: {', '.join(sorted(library.names))}"
        for intent in config.intent
        if intent.template and intent.template not in library.names
    ]
    if problems:
        raise ConfigError(problems)
    for warning in config.warnings:
        typer.echo(f"note: {warning}")
    mailboxes, rules, templates = len(config.mailbox), len(config.rule), len(library.templates())
    typer.echo(
        f"{config.source}: all right. {_count(mailboxes, 'mailbox', 'mailboxes')}, {_count(rules, 'rule', 'rules')}, "
        f"{_count(templates, 'template', 'templates')}."
    )


def doctor(
    context: typer.Context,
    mailbox: Annotated[str, typer.Option(help="Only this mailbox.")] = "",
) -> None:
    """Log in to every server and say what works, what is missing, and what that means."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon.doctor import Finding, examine

    config = read_config(context.obj)
    failed = False
    for name in [mailbox] if mailbox else list(config.mailbox):
        if name not in config.mailbox:
            raise ConfigError(
                [f"{config.source}: there is no mailbox “{name}”; there are: {', '.join(config.mailbox)}"]
            )
        typer.echo(f"mailbox {name} <{config.mailbox[name].address}>")
        for finding in examine(config, name):
            failed |= finding.level == "error"
            _say(finding)
    try:
        with opened_store(config) as store:
            _say(
                Finding("ok", "store", f"opened, schema is current, {len(store.cases.recent(limit=1))} recent case(s)")
            )
    except MailhitlError as error:
        failed = True
        _say(Finding("error", "store", str(error)))
    raise typer.Exit(1 if failed else 0)


MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "error": ("✗", "red")}


def _say(finding: object) -> None:
    from mailhitl.daemon.doctor import Finding

    assert isinstance(finding, Finding)
    mark, colour = MARKS[finding.level]
    typer.echo(f"  {typer.style(mark, fg=colour)} {finding.subject}: {finding.text}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
