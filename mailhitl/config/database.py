"""Which database the config means, as a URL that no longer depends on the working directory."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from mailhitl.config.schema import Config
from mailhitl.config.secrets import Secret, resolve

SQLITE = "sqlite:///"


def store_url(config: Config) -> str:
    """Return the store's URL: a SQLite path seen from the config file's folder (made if missing), a password put in.

    Raises ConfigError when the password can't be had.
    """
    url = located(config, config.store.url, config.store.password)
    if url.startswith(SQLITE):
        Path(url.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return url


def sqlite_file(config: Config) -> Path | None:
    """Return the file that the store is kept in, None where it is kept by a server."""
    url = located(config, config.store.url, None)
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def located(config: Config, url: str, password: Secret | None) -> str:
    """Return a database's URL, a SQLite path seen from the config file's folder, with the password put in."""
    if url.startswith(SQLITE):
        return f"{SQLITE}{(config.base / url.removeprefix(SQLITE)).resolve()}"
    if password is None:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    word = quote(resolve(password, config.base), safe="")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{word}@{host}"))
