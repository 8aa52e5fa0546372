"""A hash chain from which personal words can be taken without breaking it: what decisions and the journal share.

Every row has a *seal*, the SHA-256 of its personal words under a random salt of its own, and a *link*, the SHA-256 of
the link before it, of the seal, and of everything else that the row says. Who erases a row takes words and salt and
leaves the seal: the chain still holds, and without the salt nobody can try out which words made that seal.

Nothing here is keyed. A key would have to stand in the same database, where whoever can write rows can read it; what
finds a chain that was reckoned anew from some row on is a link kept elsewhere (``log verify --anchor``).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Content:
    """What a row says. ``plain`` stays for ever, ``words`` can be erased; both only of texts, numbers, lists, None."""

    plain: list[Any]
    words: list[Any]


def new_salt() -> str:
    """128 random bits: more than anybody can try."""
    return secrets.token_hex(16)


def seal(salt: str, words: list[Any]) -> str:
    """What the words leave behind when they are erased (64 hex digits)."""
    return hashlib.sha256(f"{salt}{_encode(words)}".encode()).hexdigest()


def link(before: str, sealed: str, plain: list[Any]) -> str:
    """Tie a row to the one before it (64 hex digits); ``before`` is "" for the first one."""
    return hashlib.sha256(f"{before}{sealed}{_encode(plain)}".encode()).hexdigest()


def columns(before: str, content: Content) -> dict[str, str]:
    """The columns that make a new row one of the chain."""
    salt = new_salt()
    sealed = seal(salt, content.words)
    return {"salt": salt, "seal": sealed, "chain": link(before, sealed, content.plain)}


def spelled(numbers: Iterable[int]) -> str:
    """Write row numbers short: ``1-3,7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def read(text: str) -> Iterator[int]:
    """Read what ``spelled`` has written."""
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        yield from range(int(first), int(last or first) + 1)
