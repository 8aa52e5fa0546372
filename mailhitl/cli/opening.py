"""What every command that works on a real config opens first: the config and the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mailhitl.errors import ConfigError

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.store import SqlStore


def read_config(path: Path) -> Config:
    """Load the config. Raises ConfigError, also when there is no file, saying how to get one."""
    from mailhitl.config.load import load

    if not path.exists():
        raise ConfigError([f"{path}: there is no such file. Make one with: mailhitl --config {path} init"])
    return load(path)


@contextmanager
def opened_store(config: Config) -> Iterator[SqlStore]:
    """Open the store of this config, and close it in the end."""
    from mailhitl.config.database import store_url
    from mailhitl.store import open_store

    store = open_store(store_url(config))
    try:
        yield store
    finally:
        store.close()
