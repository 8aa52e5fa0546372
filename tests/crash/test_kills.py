"""The real command dies by SIGKILL at a system call, on real servers: a sample; ``make bench ONLY=kill`` tries all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

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


@pytest.mark.parametrize(("name", "count"), [("first", 3), ("fetch", 4), ("approve", 4)])
def test_a_kill_at_any_system_call_loses_nothing_and_doubles_nothing(ground: Ground, name: str, count: int) -> None:
    ends = list(kills(ground, name, lambda points: spread(points, count)))
    assert [end for end in ends if not end.good] == []
    assert [end.killed for end in ends] == [True] * count


def around_the_body(points: list[Point]) -> list[Point]:
    """From the server's 354 to where its reply is remembered, and one behind it."""
    asked = next(at for at, point in enumerate(points) if ASKED_FOR_BODY.search(point.line))
    reply = next(at for at in range(asked + 1, len(points)) if points[at].call == "recvfrom")
    remembered = next(at for at in range(reply, len(points)) if points[at].call == "fdatasync")
    return [points[at] for at in (asked, (asked + reply) // 2, reply, reply + 1, remembered, remembered + 1)]


def test_a_kill_is_unknown_only_between_the_body_and_where_its_reply_is_remembered(ground: Ground) -> None:
    ends = list(kills(ground, "approve", around_the_body))
    outcomes = [end.outcome for end in ends]
    assert [outcome for outcome, _ in groupby(outcomes)] == ["once", "unknown", "once"]
    assert (ends[0].outcome, ends[0].dotted) == ("once", False), "the body was not even asked for"
    assert (ends[2].outcome, ends[2].dotted) == ("unknown", True), "the reply was on its way"
    assert (ends[-1].outcome, ends[-1].dotted) == ("once", True), "the reply is on the disk"
