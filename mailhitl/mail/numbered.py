"""A reply that decides several numbered items at once: ``1,3-7 approve; 2 reject: price``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailhitl.mail.message import Message
from mailhitl.mail.reply import Command, new_lines, said

#: ``1``, ``3-7``, ``1, 3 - 7 and 9``. Two numbers have something between them, and what has matched is never given
#: back: no line takes longer than its length.
_BETWEEN = r"(?:\s*+(?:-|–|,|and|und|et|y|e)\s*+|\s++)"
_NUMBERS = re.compile(
    rf"\s*+(?P<numbers>\d{{1,4}}(?!\d)(?:{_BETWEEN}\d{{1,4}}(?!\d))*+)(?:\s*+[.:)]\s++|\s++)(?P<words>\S.*)", re.S
)
_PART = re.compile(r"(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?")
#: Nobody reads more at once, and ``1-9999`` is a slip of the pen.
MOST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One part of the reply: which items, what to do with them; ``command`` is None where that is not clear."""

    words: str
    numbers: tuple[int, ...]
    command: Command | None


def read_entries(message: Message, sent_text: str) -> tuple[Entry, ...]:
    """Return every part of a reply to the numbered list whose text was ``sent_text``, in the order written.

    Parts end at a line's end or a semicolon. A number that two parts decide differently is unclear in both.
    """
    entries = [_entry(part) for line in new_lines(message, sent_text) for part in line.split(";") if part.strip()]
    twice = _disputed(entries)
    return tuple(
        Entry(entry.words, entry.numbers, None if twice & set(entry.numbers) else entry.command) for entry in entries
    )


def _entry(part: str) -> Entry:
    found = _NUMBERS.fullmatch(part)
    if found is None:
        return Entry(part.strip(), (), None)
    numbers = tuple(dict.fromkeys(_expand(found["numbers"])))
    command = said(found["words"]) if 0 < len(numbers) <= MOST else None
    return Entry(part.strip(), numbers[:MOST], command)


def _expand(text: str) -> Iterator[int]:
    for first, last in _PART.findall(text):
        begin, end = int(first), int(last or first)
        yield from range(begin, min(end, begin + MOST) + 1)


def _disputed(entries: list[Entry]) -> set[int]:
    wanted: dict[int, set[str]] = {}
    for entry in entries:
        for number in entry.numbers:
            wanted.setdefault(number, set()).add(entry.command.word if entry.command else "")
    return {number for number, words in wanted.items() if len(words) > 1}
