"""Tests assert something, wait for what happens instead of sleeping, and are sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import Function, Source, checks, place

ASSERTION = re.compile(r"\bassert\b|raises|warns|\bexpect|_asserts?\b|check_|\bverify")


def cases() -> Iterator[tuple[Source, Function]]:
    for source in checks():
        for function in source.functions():
            if function.name.startswith("test_"):
                yield source, function


def test_every_test_asserts_something() -> None:
    without = [
        f"{place(source, function)} {function.name}"
        for source, function in cases()
        if not ASSERTION.search(ast.get_source_segment(source.text, function) or "")
    ]
    assert without == []


def test_every_test_is_a_sentence() -> None:
    short = [
        f"{place(source, function)} {function.name}"
        for source, function in cases()
        if len(function.name.removeprefix("test_").split("_")) < 4
    ]
    assert short == []


def test_no_two_tests_of_a_file_have_one_name() -> None:
    # Python keeps the last and says nothing; the first would never run again.
    names = [f"{source.name} {function.name}" for source, function in cases()]
    assert sorted(names) == sorted(set(names))


def test_only_a_loop_that_polls_may_sleep() -> None:
    found = []
    for source in checks():
        polling = {
            call
            for function in source.functions()
            if not function.name.startswith("test_")
            for loop in ast.walk(function)
            if isinstance(loop, ast.While | ast.For)
            for call in ast.walk(loop)
        }
        found += [place(source, call) for call in sleeps(source.tree) if call not in polling]
    assert found == []


def sleeps(tree: ast.Module) -> Iterator[ast.Call]:
    """Every ``sleep(…)`` and ``….sleep(…)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "sleep":
                yield node
