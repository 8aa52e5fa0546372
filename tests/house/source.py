"""The project's own source, parsed, for the tests that hold it to the house rules."""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file. ``name`` is its path from the project's root."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def is_test(self) -> bool:
        return self.name.startswith("tests/")

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the project: what git knows, and what it would be offered to know."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), text := path.read_text("utf-8"), ast.parse(text))
        for path in files()
        if path.suffix == ".py"
    )


def package() -> tuple[Source, ...]:
    """The Python files that are shipped."""
    return tuple(source for source in sources() if source.name.startswith("mailhitl/"))


def checks() -> tuple[Source, ...]:
    """The Python files that test them."""
    return tuple(source for source in sources() if source.is_test)


def comments(source: Source) -> Iterator[tokenize.TokenInfo]:
    """Every comment of a file."""
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return (token for token in tokens if token.type == tokenize.COMMENT)


def length(function: Function) -> int:
    """Lines from ``def`` to the last one."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def place(source: Source, node: ast.stmt | ast.expr) -> str:
    """``file:line``, as editors understand it."""
    return f"{source.name}:{node.lineno}"
