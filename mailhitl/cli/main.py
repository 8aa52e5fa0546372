"""The command ``mailhitl``. Every command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from mailhitl import __version__
from mailhitl.cli import (
    alarm,
    cases,
    checking,
    demo,
    digest,
    forget,
    learn,
    live,
    log,
    rules,
    serving,
    signing_in,
    stats,
    triage,
)
from mailhitl.cli.usage import Commands
from mailhitl.errors import ConfigError, MailhitlError
from mailhitl.plural import counted

# Tracebacks with locals would hold secrets, and rich alone would take as long to import as all the rest.
app = typer.Typer(
    cls=Commands,
    help="A human-in-the-loop agent for a shared support mailbox: it drafts, people approve in their mail client.",
    epilog="Exit codes: 0 all right; 1 a problem told in words, or something that is not there (a case, a file, a "
    "store); 2 the command line was not understood, or names what the config does not have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailhitl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The config file.")] = Path(
        "config.toml"
    ),
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Remember where the config is; commands read it."""
    context.obj = config


checking.add_to(app)
serving.add_to(app)
signing_in.add_to(app)
alarm.add_to(app)
cases.add_to(app)
rules.add_to(app)
stats.add_to(app)
digest.add_to(app)
triage.add_to(app)
learn.add_to(app)
log.add_to(app)
live.add_to(app)
forget.add_to(app)
demo.add_to(app)


def run() -> None:
    """Run a command; an error raised on purpose becomes its message and exit code 1, never a traceback."""
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        typer.echo(f"{counted(len(error.problems), 'problem')}; nothing was started.", err=True)
        sys.exit(1)
    except MailhitlError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        typer.echo(f"{file}{error.strerror or error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001
        # A bug. Its words may quote a customer or a secret, so only where it happened is told.
        typer.echo(f"mailhitl: a bug, please report it: {type(error).__name__}\n{_places(error)}", err=True)
        sys.exit(1)


def _places(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
