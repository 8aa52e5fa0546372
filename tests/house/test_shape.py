"""Files and functions are small, say what they are, have honest names and no cycles."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from statistics import median, quantiles

import grimp

from tests.house.source import comments, length, package, place, sources

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
MEDIAN_FUNCTION = 8
NINE_OF_TEN_FUNCTIONS = 25

#: Words that name no thing.
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "misc"}
#: aiosmtpd finds its hooks by such names; their upper case tells them apart.
SMTP_HOOK = re.compile(r"handle_[A-Z]+")


def words(name: str) -> set[str]:
    return {word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", part)}


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    long = [f"{source.name}: {source.lines} lines" for source in sources() if source.lines > LONGEST_FILE]
    assert long == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{place(source, function)} {function.name}: {length(function)} lines"
        for source in sources()
        for function in source.functions()
        if length(function) > LONGEST_FUNCTION
    ]
    assert long == []


def test_functions_are_small_as_a_rule() -> None:
    lengths = [length(function) for source in package() for function in source.functions()]
    assert median(lengths) <= MEDIAN_FUNCTION
    assert quantiles(lengths, n=10)[-1] <= NINE_OF_TEN_FUNCTIONS


def test_every_module_says_first_what_it_is() -> None:
    silent = []
    for source in sources():
        first = (ast.get_docstring(source.tree) or "").split("\n\n")[0]
        if source.text and not re.search(r"[.:]$|\. ", first):
            silent.append(source.name)
    assert silent == []


def test_no_name_says_nothing() -> None:
    empty = []
    for source in package():
        names = {source.name.rpartition("/")[2].removesuffix(".py"): source.name}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names[node.name] = place(source, node)
        empty += [
            f"{where} {name}"
            for name, where in names.items()
            if words(name) & EMPTY_WORDS or (name.startswith("handle_") and not SMTP_HOOK.fullmatch(name))
        ]
    assert empty == []


def test_no_work_is_left_over_in_comments() -> None:
    left = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{source.name}:{comment.start[0]}"
        for source in sources()
        for comment in comments(source)
        if left.search(comment.string)
    ]
    assert found == []


def test_imports_never_go_in_a_circle() -> None:
    graph = grimp.build_graph("mailhitl", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert list(TopologicalSorter(imports).static_order())
