"""Reading the config file: every problem at once, each with file, line, path and what would be right."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mailhitl.config.checks import CHECKS, WARNINGS, check
from mailhitl.config.complaints import complaints
from mailhitl.config.lines import places
from mailhitl.config.schema import Config
from mailhitl.config.secrets import Secret
from mailhitl.config.sense import columns
from mailhitl.config.table import Table
from mailhitl.errors import ConfigError
from mailhitl.rules.problem import Problem, suggestion


def load(path: Path) -> Config:
    """Read and check the file. Raises ConfigError with every problem. Opens nothing else and asks for no secret."""
    try:
        return _load(path)
    except RecursionError:
        raise ConfigError([f"{path}: brackets are nested too deeply; one is probably not closed."]) from None


def _load(path: Path) -> Config:
    content = _read(path)
    file = _File(path, content)
    problems = check(file.data, CHECKS)
    config = _validated(file, problems)
    if config is None or problems:
        raise ConfigError(file.say(problems))
    for place, secret in secrets(config):
        secret.placed(file.where(place))
    warnings = (*file.say(check(file.data, WARNINGS)), *_readable_by_others(config, file))
    return config.loaded(path, hashlib.sha256(content).hexdigest()[:12], warnings)


def check_templates(config: Config, known: Collection[str]) -> list[str]:
    """Return one problem per intent whose template is not among the known names (without folder and extension)."""
    problems = [
        Problem(
            ("intent", n, "template"), f'there is no template "{intent.template}".{suggestion(intent.template, known)}'
        )
        for n, intent in enumerate(config.intent)
        if intent.template and intent.template not in known
    ]
    return _File(config.source, _read(config.source)).say(problems) if problems else []


def check_columns(config: Config, known: Collection[str]) -> list[str]:
    """Return one problem per column of the customer directory that a rule asks for and that is not among ``known``."""
    problems = list(columns([(n, {"when": rule.when}) for n, rule in enumerate(config.rule)], known))
    return _File(config.source, _read(config.source)).say(problems) if problems else []


def secrets(config: Config) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
    """Yield every secret of the file and where it stands."""
    yield from _secrets(config, ())


class _File:
    """The parsed file and the lines of its keys."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        try:
            text = content.decode("utf-8-sig")
            self.data: dict[str, Any] = tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigError([f"{path}:{line}: the file is not UTF-8 text."]) from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([f"{path}:{_syntax(str(error), text)}"]) from None
        self._places = places(text.replace("\r\n", "\n"))

    def line(self, place: tuple[str | int, ...]) -> int:
        """The line of this place, or of the nearest one around it that the file has."""
        while place and place not in self._places:
            place = place[:-1]
        return self._places.get(place, 1)

    def where(self, place: tuple[str | int, ...]) -> str:
        return f"{self.path}:{self.line(place)}: {_dotted(place)}"

    def say(self, problems: Iterable[Problem]) -> list[str]:
        """Return the problems as lines, in the order of the file, each once."""
        ordered = sorted(problems, key=lambda found: self.line(found.path))
        return list(dict.fromkeys(f"{self.where(found.path)}: {_sentence(found.what)}" for found in ordered))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file. `mailhitl init` writes one."]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}."]) from None


def _validated(file: _File, problems: list[Problem]) -> Config | None:
    agent = file.data.get("agent")
    plain = isinstance(agent, dict) and agent.get("allow_plain_secrets") is True
    try:
        # Without the table its paths would be seen from wherever the process was started.
        data = {"agent": {}, **file.data}
        return Config.model_validate(data, context={"base": file.path.parent, "plain": plain})
    except ValidationError as error:
        problems += complaints(error)
        return None


#: What tomllib says, and what an admin most likely did.
_SLIPS = {
    "Invalid value": "text must stand in quotes, and true and false in small letters.",
    "Cannot overwrite a value": "this key stands twice.",
    "Cannot declare": "this table stands twice, or has the name of a key.",
    "Unescaped '\\' in a string": "a backslash needs 'single quotes' around the text.",
    "Invalid hex value": "a backslash needs 'single quotes' around the text.",
    "Illegal character": "a quotation mark is missing, or the line breaks within quotes.",
    "Unclosed": "a bracket is not closed.",
}


def _syntax(said: str, text: str) -> str:
    place = re.search(r"\(at line (\d+), column (\d+)\)", said)
    line = int(place[1]) if place else text.count("\n") + 1
    what = re.sub(r" \(at .*\)", "", said)
    slip = next((f" — {hint}" for start, hint in _SLIPS.items() if what.startswith(start)), "")
    return f"{line}: this is not TOML: {what}{slip}"


def _sentence(what: str) -> str:
    return what if what.endswith((".", "?")) else f"{what}."


def _dotted(place: tuple[str | int, ...]) -> str:
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in place)
    return words.removeprefix(".") or "the file"


def _quoted(part: str) -> str:
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'


def _secrets(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Secret]]:
    if isinstance(value, Secret):
        yield place, value
    elif isinstance(value, Table):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name), (*place, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _secrets(inner, (*place, name))


def _readable_by_others(config: Config, file: _File) -> Iterator[str]:
    """Yield a warning for each file with a secret that others on this machine may read."""
    for place, secret in secrets(config):
        holder = (
            file.path if secret.plain else file.path.parent / Path(secret.file).expanduser() if secret.file else None
        )
        if holder and holder.exists() and holder.stat().st_mode & 0o077:
            mode = holder.stat().st_mode & 0o777
            yield f"{file.where(place)}: {holder} holds a secret and others may read it (mode {mode:04o}): chmod 600."
