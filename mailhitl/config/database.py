"""The address of the database, with its password."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from mailhitl.config.schema import Config
from mailhitl.config.secrets import resolve


def database_url(config: Config) -> str:
    """Return ``store.url`` with ``store.password`` in it: never to be shown. Raises ConfigError."""
    if config.store.password is None:
        return config.store.url
    parts = urlsplit(config.store.url)
    user, _, host = parts.netloc.rpartition("@")
    login = f"{user.partition(':')[0]}:{quote(resolve(config.store.password, config.base), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))
