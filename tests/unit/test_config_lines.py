"""Every key's line, in every way that TOML can spell a key."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailhitl.config.lines import places
from mailhitl.rules.conditions.match import spelled

TRICKY = '''\
top = 1 # [not.a.table]
[a.b]  # a comment with "quotes
"quoted key" = "]"
dotted . inner = [
  "one",   # first
  { x = 1, y = ["p", "q"] },
  [
    2026-11-01 08:00:00,
  ],
]
text = """
[still.text]
x = 1 \\""" """
raw = \'\'\'
[[raw]]
\'\'\'
[[list]]
name = 'first'
[list.sub]
deep = true
[[list]]
name = "second"
[[list.inner]]
z = { "#" = 0x10, k.l = -inf }
'''


def test_every_spelling_of_a_key_has_its_line() -> None:
    found = places(TRICKY)
    assert tomllib.loads(TRICKY)
    expected = {
        ("top",): 1,
        ("a", "b"): 2,
        ("a", "b", "quoted key"): 3,
        ("a", "b", "dotted", "inner"): 4,
        ("a", "b", "dotted", "inner", 0): 5,
        ("a", "b", "dotted", "inner", 1, "y", 1): 6,
        ("a", "b", "dotted", "inner", 2): 7,
        ("a", "b", "dotted", "inner", 2, 0): 8,
        ("a", "b", "text"): 11,
        ("a", "b", "raw"): 14,
        ("list",): 17,
        ("list", 0, "name"): 18,
        ("list", 0, "sub", "deep"): 20,
        ("list", 1): 21,
        ("list", 1, "name"): 22,
        ("list", 1, "inner", 0): 23,
        ("list", 1, "inner", 0, "z", "#"): 24,
        ("list", 1, "inner", 0, "z", "k", "l"): 24,
    }
    assert {path: found.get(path) for path in expected} == expected
    assert not [path for path in found if "still" in path or "raw" in path[:1] or "not" in path]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=["Cs", "Cc"]), max_size=8)
VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), VALUES, max_size=5))
def test_whatever_is_in_the_file_has_a_line(values: dict[str, Any]) -> None:
    text = "".join(f"{name} = {spelled(value)}\n" for name, value in values.items())
    assert tomllib.loads(text) == values
    assert places(text) == dict(_expected(values))


def _expected(values: dict[str, Any]) -> list[tuple[tuple[str | int, ...], int]]:
    return [(path, line) for line, (name, value) in enumerate(values.items(), 1) for path in _paths(value, (name,))]


def _paths(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for key, part in inner for below in _paths(part, (*path, key)))]
