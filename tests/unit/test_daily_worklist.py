"""When the daily list may leave: on office days, from its time on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from mailhitl.review.worklist import daily

BERLIN = ZoneInfo("Europe/Berlin")
HALF_PAST_EIGHT = time(8, 30)
WORKDAYS = frozenset(range(5))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "day", "later"),
    [
        ("2026-11-16 08:29", None, "2026-11-16 08:30"),
        ("2026-11-16 08:30", date(2026, 11, 16), "2026-11-17 08:30"),
        ("2026-11-16 23:59", date(2026, 11, 16), "2026-11-17 08:30"),
        ("2026-11-17 00:00", None, "2026-11-17 08:30"),
        ("2026-11-20 12:00", date(2026, 11, 20), "2026-11-23 08:30"),
        ("2026-11-21 12:00", None, "2026-11-23 08:30"),
        ("2026-10-23 12:00", date(2026, 10, 23), "2026-10-26 08:30"),
    ],
)
def test_a_list_may_leave_on_an_office_day_from_its_time_on(now: str, day: date | None, later: str) -> None:
    assert daily(moment(now), HALF_PAST_EIGHT, WORKDAYS) == (day, moment(later).astimezone(UTC))


def test_with_one_office_day_the_next_list_is_a_week_away() -> None:
    assert daily(moment("2026-11-16 09:00"), HALF_PAST_EIGHT, {0}) == (
        date(2026, 11, 16),
        moment("2026-11-23 08:30").astimezone(UTC),
    )


def test_a_time_that_the_change_of_the_clocks_leaves_out_is_no_error() -> None:
    _, later = daily(moment("2027-03-27 09:00"), time(2, 30), range(7))
    assert later == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
