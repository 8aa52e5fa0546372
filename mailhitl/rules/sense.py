"""Whether conditions can hold at all, and whether what one rule asks for contains what another does. Pure.

A ``when`` table is spelled out as *worlds*: every way in which it can hold, each a list of simple demands. Demands on
one field that no value fulfils make a world impossible. What can't be told for certain counts as possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, product
from typing import Any

from mailhitl.rules.conditions.match import spelled
from mailhitl.rules.fields import Field, split

When = dict[str, Any]
World = tuple["Demand", ...]

#: Nobody writes a rule by hand that holds in more ways; what a program wrote is not reasoned about.
WORLDS = 300


class _TooMany(Exception):
    """There are more worlds than anybody would write."""


@dataclass(frozen=True, slots=True)
class Demand:
    """That one key of a table holds, or that it doesn't. ``path`` names the field, outermost key first."""

    path: tuple[str, ...]
    value: Any
    field: Field
    holds: bool = True

    def __str__(self) -> str:
        value = spelled(self.value)
        for name in reversed(self.path[1:]):
            value = f"{{ {name} = {value} }}"
        return f"{'' if self.holds else 'not '}{self.path[0]} = {value}"


def never(when: When) -> str:
    """Say why this table can never hold; "" when it can, or when nobody can tell. ``when`` must be buildable."""
    try:
        worlds = list(_worlds(when, holds=True))
    except _TooMany:
        return ""
    reasons = [_impossible(world) for world in worlds]
    return reasons[0] if reasons and all(reasons) else ""


def implies(one: When, other: When) -> bool:
    """Whether ``other`` surely holds wherever ``one`` does."""
    try:
        together = _both((_worlds(one, holds=True), _worlds(other, holds=False)))
    except _TooMany:
        return False
    return all(map(_impossible, together))


def fields_of(when: When) -> frozenset[tuple[str, ...]]:
    """The fields on which a table depends. None: it always holds, or it never does."""
    try:
        return frozenset(demand.path for world in _worlds(when, holds=True) for demand in world)
    except _TooMany:
        return frozenset({("",)})


# -- spelling out


def _worlds(when: When, *, holds: bool) -> list[World]:
    parts = [_key(name, value, holds=holds) for name, value in when.items()]
    return _both(parts) if holds else _either(parts)


def _key(name: str, value: Any, *, holds: bool) -> list[World]:
    match name:
        case "not":
            return _worlds(value, holds=not holds)
        case "any":
            return (_either if holds else _both)([_worlds(table, holds=holds) for table in value])
        case "all":
            return (_both if holds else _either)([_worlds(table, holds=holds) for table in value])
    demands = [Demand(path, part, field, holds) for path, part, field in split(name, value)]
    return [tuple(demands)] if holds else [(demand,) for demand in demands]


def _either(parts: Sequence[list[World]]) -> list[World]:
    return _few([world for part in parts for world in part])


def _both(parts: Sequence[list[World]]) -> list[World]:
    """Every way in which all of the parts hold."""
    worlds: list[World] = [()]
    for part in parts:
        worlds = _few(list(islice(map(_joined, product(worlds, part)), WORLDS + 1)))
    return worlds


def _joined(worlds: Sequence[World]) -> World:
    return tuple(demand for world in worlds for demand in world)


def _few(worlds: list[World]) -> list[World]:
    if len(worlds) > WORLDS:
        raise _TooMany
    return worlds


# -- reasoning


def _impossible(world: World) -> str:
    """Say which demands can't be fulfilled together, "" when all of them can."""
    ordered = sorted(world, key=lambda demand: demand.path)
    for _, group in groupby(ordered, key=lambda demand: demand.path):
        for together in _about_one_value(list(group)):
            if not _fulfilled(together):
                says = " and ".join(dict.fromkeys(map(str, together)))
                return f"{says} {'can never hold' if len(together) == 1 else 'can never hold together'}"
    return ""


def _about_one_value(demands: list[Demand]) -> Iterator[list[Demand]]:
    """Of a field with one value all demands are about it; of one with several, every value has only to be allowed."""
    wanted = [demand for demand in demands if demand.holds]
    refused = [demand for demand in demands if not demand.holds]
    if demands[0].field.single:
        yield demands
    else:
        yield from ([demand, *refused] for demand in wanted)


def _fulfilled(demands: list[Demand]) -> bool:
    """Whether one value can fulfil all of them."""
    wanted = [demand.value for demand in demands if demand.holds]
    refused = [demand.value for demand in demands if not demand.holds]
    if any(value == other for value in wanted for other in refused):
        return False
    field = demands[0].field
    values = field.values(wanted, refused)
    return values is None or any(
        all(field.fits(value)(seen) for value in wanted) and not any(field.fits(value)(seen) for value in refused)
        for seen in values
    )
