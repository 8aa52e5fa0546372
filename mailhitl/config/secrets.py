"""A secret: where a password is to be had. It is read when it is needed, and shown never."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, PrivateAttr, SecretStr, ValidationInfo, model_validator

from mailhitl.config.table import Table, key, problem
from mailhitl.errors import ConfigError

SECONDS = 30
LONGEST = 64 * 1024
FORMS = '{ env = "NAME" }, { file = "path" } or { command = "…" }'


class Secret(Table):
    """A password or key: `{ env = "NAME" }`, `{ file = "path" }` or `{ command = "pass support" }`, run without a
    shell; the first line of what it prints counts. Plain text only with `agent.allow_plain_secrets = true`."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(
            properties={name: {"type": "string"} for name in ("env", "file", "command")}
        )
    )

    env: str | None = key(None, "Name of an environment variable.")
    file: str | None = key(None, "A file; its first line is the secret.")
    command: str | None = key(None, "A program that prints the secret.")
    plain: SecretStr | None = key(None, "The secret itself.")
    _where: str = PrivateAttr("")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            if not (info.context or {}).get("plain", True):
                raise problem(f"stands here in plain text: use {FORMS}, or set agent.allow_plain_secrets = true")
            return {"plain": SecretStr(value)}
        if not isinstance(value, dict) or "plain" in value:
            raise problem(f"must be {FORMS}")
        if len(value.keys() & {"env", "file", "command"}) > 1:
            raise problem(f"must be only one of {FORMS}")
        return value

    @model_validator(mode="after")
    def _check(self) -> Secret:
        said = [self.env, self.file, self.command, self.plain and self.plain.get_secret_value()]
        if not any(said):
            raise problem(f"is empty; it must be {FORMS}")
        if self.env and not self.env.isidentifier():
            raise problem("is not the name of an environment variable", "env")
        if self.command:
            _words(self.command)
        return self

    def placed(self, where: str) -> None:
        """Remember where it stands (``file:line: path``), for the error when it can't be had."""
        self._where = where

    @property
    def where(self) -> str:
        return self._where or "a secret"


def resolve(secret: Secret, base: Path) -> str:
    """Return the secret itself. ``base`` is the config file's folder: relative paths and commands start there.

    Raises ConfigError, which says what could not be had and never what was read.
    """
    try:
        value = _read(secret, base)
    except _Unavailable as error:
        raise ConfigError([f"{secret.where}: {error}"]) from None
    lines = value.splitlines()
    if not lines or not lines[0]:
        raise ConfigError([f"{secret.where}: the secret is empty"])
    return lines[0]


class _Unavailable(Exception):
    """The secret can't be had; the message says why."""


def _read(secret: Secret, base: Path) -> str:
    if secret.env is not None:
        return _from_environment(secret.env)
    if secret.file is not None:
        return _from_file(base / Path(secret.file).expanduser())
    if secret.command is not None:
        return _from_command(secret.command, base)
    return secret.plain.get_secret_value() if secret.plain else ""


def _from_environment(name: str) -> str:
    if name not in os.environ:
        raise _Unavailable(f"the environment variable {name} is not set")
    return os.environ[name]


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST).decode("utf-8")
    except OSError as error:
        raise _Unavailable(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _Unavailable(f"the file {path} is not UTF-8 text") from None


def _from_command(command: str, base: Path) -> str:
    words = _words(command)
    try:
        done = subprocess.run(  # noqa: S603 - the admin's own command, without a shell
            words, cwd=base, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _Unavailable(f"the command “{words[0]} …” did not end within {SECONDS} seconds") from None
    except OSError as error:
        raise _Unavailable(f"the command “{words[0]} …” cannot be started: {error.strerror}") from None
    if done.returncode:
        # Neither its output nor its arguments are shown: both may hold the secret.
        raise _Unavailable(
            f"the command “{words[0]} …” failed with exit code {done.returncode}; run it by hand to see why"
        )
    return done.stdout[:LONGEST].decode("utf-8", "replace")


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        raise problem("has a quotation mark that is not closed", "command") from None
    if not words:
        raise problem("is empty", "command")
    return words
