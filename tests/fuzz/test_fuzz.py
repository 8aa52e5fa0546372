"""A minute of what ``make fuzz`` does for hours: no octets make a reader fail, believe a forgery, or let one out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, check_octets, mutated, seeds
from tests.story.world import letter

#: What was found, by target. All of it is read now; nothing is ever taken out.
FOUND = [
    # Digits with nothing between them could be told apart in exponentially many ways.
    ("command", letter("1" * 60 + "x approve")),
    # Brackets within brackets were a RecursionError instead of a problem told in words.
    ("config", b"key = " + b"[" * 10_000),
    ("config", b"key = " + b"[" * 150 + b"]" * 150),
    ("config", b"key = " + b"{ a = " * 10_000),
    # Days that have no moment in UTC, or after which no office opens any more, were an OverflowError.
    ("wishes", letter("snooze\n0001-01-01\n9999-12-31")),
    # A heading of hashes took the square of its length: forty minutes for a megabyte.
    ("knowledge", b"# " + b"#" * 900_000 + b"x"),
    # So did a line of dashes in an edited answer, when its packet was written.
    ("packet", letter("a" + "-" * 900_000 + "x")),
    # And a line of single letters with much between them, where an answer is made anonymous.
    ("gates", letter("b----" * 12_000)),
    # A filter of Jinja2's asserts what it wants of its argument.
    ("template", b"language: en\n---\n{{ subject|truncate(0) }}"),
    # Empty lines took the square of their number in every mail: half an hour for a megabyte.
    ("message", letter("x" + "\n" * 500_000 + "y")),
    # What is nested a few hundred deep was a RecursionError, or a SyntaxError of Python's, instead of a problem told.
    ("template", b"language: en\n---\n{{ " + b"(" * 500 + b"1" + b")" * 500 + b" }}"),
    ("template", b"language: en\n---\n{{ " + b"{1:" * 3_000),
    ("template", b"language: en\n---\n" + b"{% if 1 %}" * 120 + b"x" + b"{% endif %}" * 120),
]


#: Each input is a client of a model's server, which takes a fifth of a second to make.
SLOW = {"model"}
CHANCE = {"random": st.randoms(use_true_random=False), "number": st.integers(0, 99)}


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in SLOW])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(**CHANCE)
def test_no_octets_make_a_reader_fail_or_believe_what_is_forged(name: str, random: Random, number: int) -> None:
    own = seeds()[name]
    check_octets(name, mutated(random, own[number % len(own)]))


@pytest.mark.parametrize("name", sorted(SLOW))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(**CHANCE)
def test_nor_do_they_make_one_fail_that_takes_its_time(name: str, random: Random, number: int) -> None:
    own = seeds()[name]
    check_octets(name, mutated(random, own[number % len(own)]))


@pytest.mark.parametrize(("name", "raw"), FOUND)
def test_what_was_found_once_is_never_found_again(name: str, raw: bytes) -> None:
    check_octets(name, raw)


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_octets_are_made_from_is_read_as_well(name: str) -> None:
    for raw in seeds()[name]:
        check_octets(name, raw)
