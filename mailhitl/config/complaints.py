"""What the schema complains about, in an admin's words."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from mailhitl.config.schema import Config
from mailhitl.rules.conditions.match import shown
from mailhitl.rules.problem import Problem, choice, suggestion

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def complaints(error: ValidationError) -> Iterator[Problem]:
    """Yield one problem per mistake. A value is shown only where it can't be a secret."""
    for detail in error.errors(include_url=False):
        place = tuple(part for part in detail["loc"] if part != "[key]")
        yield Problem((*place, *detail.get("ctx", {}).get("below", ())), _words(detail, place))


def _words(detail: ErrorDetails, place: tuple[str | int, ...]) -> str:
    if detail["type"] in SAYINGS:
        return SAYINGS[detail["type"]](detail, place)
    return str(detail["msg"])


def _missing(detail: ErrorDetails, place: tuple[str | int, ...]) -> str:
    model = model_at(place[:-1])
    says = model.model_fields[str(place[-1])].description if model else ""
    return f"is missing: {says}"


def _unknown(detail: ErrorDetails, place: tuple[str | int, ...]) -> str:
    model = model_at(place[:-1])
    known = list(model.model_fields) if model else []
    hint = suggestion(str(place[-1]), known)
    return f"is not a known key.{hint}" if hint else f"is not a known key. Known here: {', '.join(known)}."


def _choice(detail: ErrorDetails, place: tuple[str | int, ...]) -> str:
    words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    hint = suggestion(detail["input"], words) if isinstance(detail["input"], str) else ""
    return f"must be {choice(words)}, not {shown(detail['input'])}.{hint}"


def _list(detail: ErrorDetails, place: tuple[str | int, ...]) -> str:
    if isinstance(detail["input"], dict):
        return f"is a list of tables: write [[{place[-1]}]] with two brackets."
    return f'must be a list in brackets, like ["…"], not {_kind(detail)}.'


def _table(detail: ErrorDetails, place: tuple[str | int, ...]) -> str:
    if place[:1] == ("mailbox",) and len(place) == 2:
        return f"must be a table: each mailbox has a name of its own, like [mailbox.support], not {_kind(detail)}."
    if isinstance(detail["input"], list):
        return f"is one table: write [{place[-1]}] with one bracket."
    return f"must be a table, not {_kind(detail)}."


def _kind(detail: ErrorDetails) -> str:
    """Name the kind of what was given, never its value: it may be a password in the wrong place."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", dict: "a table", list: "a list"}
    return names.get(type(detail["input"]), "a date or time")


def _must_be(what: str) -> Callable[[ErrorDetails, tuple[str | int, ...]], str]:
    return lambda detail, place: f"must be {what}, not {_kind(detail)}."


def _limit(words: str, name: str) -> Callable[[ErrorDetails, tuple[str | int, ...]], str]:
    return lambda detail, place: f"must be {words} {detail['ctx'][name]:g}, not {shown(detail['input'])}."


SAYINGS: dict[str, Callable[[ErrorDetails, tuple[str | int, ...]], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _choice,
    "tuple_type": _list,
    "model_type": _table,
    "dict_type": _table,
    "string_type": _must_be("text in quotes"),
    "path_type": _must_be("a path in quotes"),
    "int_type": _must_be("a whole number without quotes"),
    "float_type": _must_be("a number without quotes"),
    "bool_type": _must_be("true or false without quotes"),
    "string_too_short": lambda detail, place: "is empty.",
    "too_short": lambda detail, place: "is empty.",
    "greater_than_equal": _limit("at least", "ge"),
    "less_than_equal": _limit("at most", "le"),
    "value_error": lambda detail, place: str(detail["ctx"]["error"]),
}


def model_at(place: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the table that stands at this place of the file, None when it is none."""
    found: Any = Config
    for part in place:
        found = _below(_bare(found), part)
    found = _bare(found)
    return found if _is_table(found) else None


def _below(kind: Any, part: str | int) -> Any:
    """Return the type of what stands at a key of a table, a name of a dict, an index of a list; None when nothing."""
    if _is_table(kind):
        field = kind.model_fields.get(str(part))
        return field.annotation if field else None
    inner = typing.get_args(kind)
    return {dict: inner[-1:], tuple: inner[:1]}.get(typing.get_origin(kind), (None,))[0]


def _bare(kind: Any) -> Any:
    """Take ``X`` out of ``X | None`` and ``Annotated[X, …]``."""
    while typing.get_origin(kind) in (types.UnionType, typing.Union, typing.Annotated):
        kind = typing.get_args(kind)[0]
    return kind


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and not typing.get_origin(kind) and issubclass(kind, BaseModel)
