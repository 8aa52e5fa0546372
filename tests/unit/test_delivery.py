"""When to try again, and what a handover says of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.delivery import (
    FIRST_WAIT,
    LONGEST_WAIT,
    PATIENCE,
    Delivery,
    Handover,
    Phase,
    RecipientResult,
    Status,
    next_attempt,
)

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HANDOVER = Handover(
    (
        RecipientResult("ann@example.org", Status.ACCEPTED, "250 ok"),
        RecipientResult("ben@example.org", Status.REFUSED, "550 no"),
        RecipientResult("cat@example.org", Status.DEFERRED, "450 later"),
        RecipientResult("dan@example.org", Status.ACCEPTED, "250 ok"),
    ),
    Phase.DONE,
)


def schedule(lasts: timedelta) -> list[datetime]:
    """When each attempt begins, if each fails for now after having taken ``lasts``."""
    begins = [START]
    while (again := next_attempt(len(begins), START, begins[-1] + lasts)) is not None:
        begins.append(again)
    return begins


def test_the_waits_double_from_a_minute_to_four_hours() -> None:
    begins = schedule(timedelta(0))
    waits = [int((later - earlier).total_seconds() // 60) for earlier, later in pairwise(begins)]

    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240]
    assert set(waits[8:]) == {240}


@given(seconds=st.integers(0, 30 * 60))
def test_it_is_tried_for_at_least_four_days_and_not_for_ever(seconds: int) -> None:
    """RFC 5321 4.5.4.1: give up after 4-5 days at the earliest."""
    begins = schedule(timedelta(seconds=seconds))

    assert timedelta(days=4) <= begins[-1] - START <= PATIENCE + LONGEST_WAIT
    assert len(begins) < 60


@given(seconds=st.integers(0, 30 * 60))
def test_in_the_first_hour_it_is_tried_at_least_twice(seconds: int) -> None:
    """RFC 5321 4.5.4.1: most failures are transient."""
    begins = schedule(timedelta(seconds=seconds))

    assert len([begin for begin in begins if begin - START <= timedelta(hours=1)]) >= 2


@given(attempt=st.integers(1, 10**6), waited=st.timedeltas(-timedelta(days=1), PATIENCE - timedelta(seconds=1)))
def test_within_patience_the_next_attempt_lies_ahead_however_many_there_were(attempt: int, waited: timedelta) -> None:
    """Also with a clock that was set back below the first attempt."""
    now = START + waited
    again = next_attempt(attempt, START, now)

    assert again is not None
    assert FIRST_WAIT <= again - now <= LONGEST_WAIT


@given(attempt=st.integers(1, 8), waited=st.timedeltas(timedelta(0), timedelta(days=4)))
def test_the_wait_grows_with_the_attempts(attempt: int, waited: timedelta) -> None:
    now = START + waited
    earlier, later = next_attempt(attempt, START, now), next_attempt(attempt + 1, START, now)

    assert earlier is not None
    assert later is not None
    assert earlier < later


@given(attempt=st.integers(1, 10**6), late=st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_after_five_days_nothing_more_is_tried(attempt: int, late: timedelta) -> None:
    assert next_attempt(attempt, START, START + PATIENCE + late) is None


def test_a_handover_tells_the_recipients_apart() -> None:
    assert HANDOVER.accepted == ("ann@example.org", "dan@example.org")
    assert HANDOVER.refused == ("ben@example.org",)
    assert HANDOVER.deferred == ("cat@example.org",)
    assert HANDOVER.unknown == ()
    assert HANDOVER.reply == (
        "ann@example.org: 250 ok; ben@example.org: 550 no; cat@example.org: 450 later; dan@example.org: 250 ok"
    )


@pytest.mark.parametrize("phase", Phase)
def test_only_from_the_body_on_something_may_have_been_delivered(phase: Phase) -> None:
    assert phase.safe == (phase not in (Phase.BODY, Phase.DONE))


def test_an_ended_delivery_keeps_what_it_was_and_adds_what_came_of_it() -> None:
    delivery = Delivery(7, 2, 1, "<mh@example.com>", Phase.CONNECT, START)
    ended = delivery.ended(HANDOVER, START + timedelta(seconds=3))

    assert (ended.case_id, ended.revision, ended.attempt, ended.message_id) == (7, 2, 1, "<mh@example.com>")
    assert (ended.phase, ended.results) == (Phase.DONE, HANDOVER.results)
    assert ended.ended_at == START + timedelta(seconds=3)
    assert delivery.ended_at is None
