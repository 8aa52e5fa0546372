"""On which line of a TOML text each key and each item of an array stands. The parser itself doesn't say."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|' r"'''.*?'''(?:'{0,2})|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")


def places(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every key and array item. ``text`` must be valid TOML 1.0."""
    return _Scan(text).places


class _Scan:
    """One pass from the first character to the last."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: dict[Path, int] = {}
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._arrays: dict[Path, int] = {}
        table: Path = ()
        while self._next():
            table = self._header() if self._next() == "[" else self._pair(table)

    def _next(self) -> str:
        """Skip to what comes next and return its first character, "" at the end."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else len(self.text)
        return match.group() if match else ""

    def _note(self, path: Path, at: int) -> None:
        self.places.setdefault(path, bisect_right(self._newlines, at - 1) + 1)

    def _header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the table that it opens."""
        begin, many = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        *above, last = self._key()
        path = (*self._inside(above), last)
        if many:
            self._note(path, begin)
            self._arrays[path] = self._arrays.get(path, -1) + 1
            path = (*path, self._arrays[path])
        self._note(path, begin)
        self.at += 2 if many else 1
        return path

    def _inside(self, parts: list[str]) -> Path:
        """Return the path of a header's outer tables: of an array of tables the last one is meant."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _key(self) -> list[str]:
        parts = [self._part()]
        while self._next() == ".":
            self.at += 1
            parts.append(self._part())
        return parts

    def _part(self) -> str:
        if self._next() in "\"'":
            return str(tomllib.loads(f"key = {self._take(_STRING)}")["key"])
        return self._take(_BARE)

    def _pair(self, table: Path) -> Path:
        begin, path = self.at, table
        for part in self._key():
            path = (*path, part)
            self._note(path, begin)
        self._next()
        self.at += 1  # the equals sign
        self._value(path)
        return table

    def _value(self, path: Path) -> None:
        match self._next():
            case "[":
                self._items(path)
            case "{":
                self._inline(path)
            case '"' | "'":
                self._take(_STRING)
            case _:
                self._take(_SCALAR)

    def _items(self, path: Path) -> None:
        self.at += 1
        count = 0
        while self._next() not in ("]", ""):
            self._note((*path, count), self.at)
            self._value((*path, count))
            count += 1
            self.at += self._next() == ","
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self._next() not in ("}", ""):
            self._pair(path)
            self.at += self._next() == ","
        self.at += 1
