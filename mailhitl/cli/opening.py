"""What every command that works on a real config opens first: the config and the store."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mailhitl.cli.usage import unknown
from mailhitl.errors import ConfigError, MailhitlError

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.drafting.library import Library
    from mailhitl.store import SqlStore


def read_config(path: Path) -> Config:
    """Load the config. Raises ConfigError, also when there is no file, saying how to get one."""
    from mailhitl.cli.logs import set_up
    from mailhitl.config.load import load

    # Unconfigured, structlog would write into what a program reads.
    set_up(level=logging.WARNING)
    if not path.exists():
        raise ConfigError([f"{path}: there is no such file. Make one with: mailhitl --config {path} init"])
    return load(path)


def read_all(path: Path) -> tuple[Config, Library]:
    """Load the config and every template. Raises ConfigError with every problem: what ``check`` and ``run`` go by."""
    from mailhitl.daemon.reading import checked_library

    config = read_config(path)
    return config, checked_library(config)


def mailboxes(config: Config, wanted: Sequence[str], *, hint: str = "--mailbox") -> tuple[str, ...]:
    """The mailboxes of these names, all when none is named. An unknown name is a usage error; ``hint``: of what."""
    for name in wanted:
        if name not in config.mailbox:
            raise typer.BadParameter(unknown(name, config.mailbox, f"{config.source} has no mailbox"), param_hint=hint)
    return tuple(dict.fromkeys(wanted)) or tuple(config.mailbox)


def has_store(config: Config) -> bool:
    """Whether there is a store already; a server is asked only by whoever opens it."""
    from mailhitl.config.database import sqlite_file

    file = sqlite_file(config)
    return file is None or file.exists()


@contextmanager
def opened_store(config: Config, *, anew: bool = False) -> Iterator[SqlStore]:
    """Open the store of this config, and close it in the end. ``anew``: also one that does not exist yet.

    Who only looks makes none: a file that an admin's look leaves behind may be one that the daemon cannot write.
    """
    from mailhitl.config.database import sqlite_file, store_url
    from mailhitl.store import open_store

    if not anew and not has_store(config):
        raise MailhitlError(
            f"{sqlite_file(config)}: there is no store yet; the first `mailhitl run` makes it. If there should be one, "
            f"is [store] url in {config.source} right?"
        )
    store = open_store(store_url(config))
    try:
        yield store
    finally:
        store.close()
