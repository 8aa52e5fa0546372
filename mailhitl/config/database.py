"""Which database the config means, as a URL that no longer depends on the working directory."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from mailhitl.config.schema import Config
from mailhitl.config.secrets import resolve

SQLITE = "sqlite:///"


def store_url(config: Config) -> str:
    """Return the store's URL: a SQLite path seen from the config file's folder (made if missing), a password put in.

    Raises ConfigError when the password can't be had.
    """
    url = config.store.url
    if url.startswith(SQLITE):
        path = config.base / url.removeprefix(SQLITE)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return f"{SQLITE}{path.resolve()}"
    if config.store.password is None:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    password = quote(resolve(config.store.password, config.base), safe="")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{password}@{host}"))
