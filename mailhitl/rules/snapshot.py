"""A snapshot of facts: what the rules looked at, as JSON that gives equal facts again, for a later replay."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from mailhitl.rules.rule import Facts
from mailhitl.rules.words import CHARACTERS, own_words

#: One more than the rules read, so that what was too long for them is so in the snapshot.
LONGEST = CHARACTERS + 1


def freeze(facts: Facts) -> bytes:
    """Return the facts as JSON in UTF-8. What has its default is left out.

    Texts are cut where the rules stop reading, and attachments of the draft lose their content: on ``thaw`` of it every
    rule hits and misses as on the facts themselves.
    """
    draft = facts.draft
    if draft is not None and len(draft.text) > LONGEST:
        # The customer's words quoted in between are not read, and must not use up the room.
        facts = replace(facts, draft=replace(draft, text=own_words(draft, facts.message)))
    return json.dumps(_plain(facts), separators=(",", ":")).encode()


def thaw(snapshot: bytes) -> Facts:
    """Return the facts again. What a newer version has added since then has its default. Raises ValueError."""
    try:
        facts: Facts = _reader(Facts)(json.loads(snapshot))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"this is no snapshot of facts: {error}") from None
    return facts


def _plain(value: Any) -> Any:
    match value:
        case str():
            return value[:LONGEST]
        case tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case datetime():
            return value.isoformat()
        case bytes():
            return ""
    return _plain_fields(value) if is_dataclass(value) else value


def _plain_fields(value: Any) -> dict[str, Any]:
    kind: Any = type(value)
    pairs = ((name, getattr(value, name), default) for name, default in _defaults(kind))
    return {name: _plain(each) for name, each, default in pairs if each != default}


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The fields of a value, each with its default."""
    return tuple((each.name, _default(each)) for each in fields(kind) if each.init)


def _default(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what reads a value of this type from JSON."""
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    match get_origin(kind), get_args(kind):
        case origin, (inner, rest) if origin is tuple and rest is Ellipsis:
            read = _reader(inner)
            return lambda value: tuple([read(each) for each in value])
        case origin, _ if origin is tuple:
            return tuple
        case origin, (_, inner) if origin is Mapping:
            part = _reader(inner)
            return lambda value: {name: part(each) for name, each in value.items()}
        case types.UnionType, (inner, _):
            present = _reader(inner)
            return lambda value: None if value is None else present(value)
    readers: dict[Any, Callable[[Any], Any]] = {datetime: datetime.fromisoformat, bytes: str.encode}
    return readers.get(kind, _as_it_is)


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    names = {name for name, _ in _defaults(kind)}
    every = ((name, _reader(hints[name])) for name in names)
    # A backtest reads a hundred thousand of them: what needs no reading costs nothing.
    readers = tuple((name, read) for name, read in every if read is not _as_it_is)

    def read(value: dict[str, Any]) -> Any:
        given = value if value.keys() <= names else {name: value[name] for name in names & value.keys()}
        for name, convert in readers:
            if name in given:
                given[name] = convert(given[name])
        return kind(**given)

    return read


def _as_it_is(value: Any) -> Any:
    return value
