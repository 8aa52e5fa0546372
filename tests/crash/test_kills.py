"""The real command dies by SIGKILL at a system call, on real servers: a sample; ``make bench ONLY=kill`` tries all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.killing import Ground, kills
from tests.crash.tracing import ASKED_FOR_BODY, Point, why_not

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    if problem := why_not():
        pytest.skip(f"{problem}; test_crashes.py kills at every call to the outside world instead, in one process")
    with Ground() as ground:
        yield ground


def spread(points: list[Point], count: int) -> list[Point]:
    """So many of these, evenly spread."""
    return [points[(2 * number + 1) * len(points) // (2 * count)] for number in range(count)]


@pytest.mark.parametrize(("name", "count"), [("first", 3), ("fetch", 5), ("approve", 7)])
def test_a_kill_at_any_system_call_loses_nothing_and_doubles_nothing(ground: Ground, name: str, count: int) -> None:
    ends = list(kills(ground, name, lambda points: spread(points, count)))
    assert [end for end in ends if not end.good] == []
    assert [end.killed for end in ends] == [True] * count


def after_final_dot(points: list[Point]) -> list[Point]:
    """The calls around the body: those before, at and behind the reply that only the server knows."""
    [asked] = [at for at, point in enumerate(points) if ASKED_FOR_BODY.search(point.line)]
    replies = [point for point in points[asked:] if point.call == "recvfrom"]
    return replies[:2]


def test_a_kill_is_unknown_only_between_the_final_dot_and_its_reply(ground: Ground) -> None:
    asked, answered = kills(ground, "approve", after_final_dot)
    assert (asked.outcome, asked.dotted) == ("once", False), "the body was not even asked for"
    assert (answered.outcome, answered.dotted) == ("unknown", True), "the reply was on its way"
