"""The config and the templates read as one: all of it good, or none of it used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from mailhitl.config.load import check_columns, check_templates, load
from mailhitl.config.schema import Config
from mailhitl.daemon.directory import columns_now
from mailhitl.daemon.drafts.wiring import style_of
from mailhitl.daemon.learning.teaching import from_config
from mailhitl.drafting.library import Library
from mailhitl.errors import ConfigError
from mailhitl.templating import broken, folders


def read(path: Path) -> Config:
    """Load the config, and make sure that everything it names can be used. Raises ConfigError with every problem."""
    config = load(path)
    checked_library(config)
    return config


def checked_library(config: Config) -> Library:
    """Every template of this config. Raises ConfigError with every problem of any template, and of what names one."""
    search = folders(config.agent.templates)
    library = Library(search)
    known = columns_now(config)
    problems = [
        *check_templates(config, library.names),
        *library.check(),
        *broken(search),
        *(check_columns(config, known) if known else ()),
        *_unreadable(config),
    ]
    if problems:
        raise ConfigError(problems)
    return library


def _unreadable(config: Config) -> Iterator[str]:
    """Yield what is wrong with other files that the config names and that drafting needs."""
    for read_file in (style_of, from_config):
        try:
            read_file(config)
        except ConfigError as error:
            yield from error.problems
    for folder in config.knowledge.folders if config.knowledge else ():
        if not folder.is_dir():
            yield f"{folder}: knowledge.folders names it, and there is no such folder."


def stamp(config: Config) -> str:
    """Something that differs when the file or a template was written anew. Never raises: what is gone differs too."""
    found = hashlib.sha256()
    templates = (file for folder in folders(config.agent.templates) for file in sorted(folder.rglob("*.j2")))
    for file in (config.source, *templates):
        try:
            status = file.stat()
            found.update(f"{file}\0{status.st_mtime_ns}\0{status.st_size}\0".encode("utf-8", "surrogateescape"))
        except OSError:
            found.update(f"{file}\0gone\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()
