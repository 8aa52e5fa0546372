"""``login``: a person signs in to Microsoft 365 for a mailbox, so that the daemon may read it and send as it."""

from __future__ import annotations

from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    app.command()(login)


def login(
    context: typer.Context, mailbox: Annotated[str, typer.Argument(metavar="MAILBOX", help="Its name in the config.")]
) -> None:
    """Sign in to Microsoft 365 for a mailbox: open the address in any browser and type the code there.

    What comes of it is kept in the data folder, for this user alone; the daemon need not be restarted.
    """
    from mailhitl.cli.opening import mailboxes, read_config
    from mailhitl.daemon.wire import tokens_of
    from mailhitl.errors import ConfigError

    config = read_config(context.obj)
    [name] = mailboxes(config, [mailbox], hint="MAILBOX")
    tokens = tokens_of(config, name)
    if tokens is None:
        hint = f'add oauth = {{ client_id = "…" }} to [mailbox.{name}]'
        raise ConfigError(
            [f"{config.source}: mailbox “{name}” has no oauth, so there is nothing to sign in to: {hint}"]
        )
    who = tokens.sign_in(typer.echo)
    typer.echo(f"signed in{f' as {who}' if who else ''}; the daemon uses it from its next connection on")
