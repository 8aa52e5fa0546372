"""The words for statistics are a closed list: what the code writes, what the tables name and what the paper shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mailhitl.codes import CODES, KINDS, PAPER, written
from mailhitl.daemon.obey import COMMANDS
from tests.house.source import Source, package, place

#: Where each call that makes or carries a decision takes its code.
PLACES = {"Decision": 5, "Wish": 2, "Gesture": 2, "_back_to_people": 4}
#: Where an entry takes its kind.
ENTRY = "Entry"
#: A gesture that is asked back, and decides nothing.
ASKED_BACK = {"unclear"}
#: A reply that changes no case, or is logged under a code of its own.
UNLOGGED = {"reply-redraft", "reply-snooze"}


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def words(value: ast.expr | None, known: dict[str, str]) -> set[str]:
    """The text that an argument is, where the source says it."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return {value.value}
    if isinstance(value, ast.Name | ast.Attribute):
        name = value.id if isinstance(value, ast.Name) else value.attr
        return {known[name]} if name in known else set()
    return set()


def constants() -> dict[str, str]:
    """Every ``NAME = "text"`` of the package, pairs included."""
    found: dict[str, str] = {}
    for source in package():
        for node in source.tree.body:
            if isinstance(node, ast.Assign):
                target, value = node.targets[0], node.value
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = value.elts if isinstance(value, ast.Tuple) and isinstance(target, ast.Tuple) else [value]
                for name, text in zip(names, values, strict=False):
                    if isinstance(name, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                        found[name.id] = text.value
    return found


def test_every_code_that_is_written_stands_in_the_table() -> None:
    known, unlisted = constants(), []
    for source in package():
        for name, call in calls(source):
            if name in PLACES:
                codes = words(argument(call, "code", PLACES[name]), known) - {""} - ASKED_BACK
                unlisted += [f"{place(source, call)} {code}" for code in codes if code not in CODES]
    assert unlisted == []
    assert {f"reply-{word}" for word in COMMANDS} - UNLOGGED <= CODES.keys()


def test_every_kind_of_entry_that_is_written_stands_in_the_table() -> None:
    known, unlisted = constants(), []
    for source in package():
        for name, call in calls(source):
            if name == ENTRY and source.name != "mailhitl/mail/numbered.py":
                kinds = words(argument(call, "kind", 0), known) - {""}
                unlisted += [f"{place(source, call)} {kind}" for kind in kinds if kind not in KINDS]
    assert unlisted == []


def test_every_word_of_the_tables_is_written_somewhere() -> None:
    texts = {
        node.value
        for source in package()
        if source.name != "mailhitl/codes.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } | {f"reply-{word}" for word in COMMANDS}
    assert sorted((CODES.keys() | KINDS.keys()) - texts) == []


def test_the_paper_shows_the_tables_as_they_are() -> None:
    paper = PAPER.read_text("utf-8")
    assert written(paper) == paper, "refresh it: python -m mailhitl.codes --write"
