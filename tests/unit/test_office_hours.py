"""Office hours: time that passes only while people are there, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.config.hours import office_hours
from tests.unit.test_reminders import BERLIN, HOUR, HOURS, berlin, moments


@pytest.mark.parametrize(
    ("hours", "since", "hours_waited", "until"),
    [
        ("Mon-Fri 09:00-17:00", "2026-11-16 10:00", 2, "2026-11-16 12:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-16 16:00", 2, "2026-11-17 10:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-16 05:00", 2, "2026-11-16 11:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-20 16:30", 1, "2026-11-23 09:30"),
        ("Mon-Fri 09:00-17:00", "2026-11-21 12:00", 8, "2026-11-24 09:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-16 09:00", 8, "2026-11-17 09:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-16 20:00", 0, "2026-11-17 09:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-16 12:00", 0, "2026-11-16 12:00"),
        # In 2026 the clocks go back on Sunday, 25 October, in 2027 forward on Sunday, 28 March.
        ("Mon-Fri 09:00-17:00", "2026-10-23 16:00", 2, "2026-10-26 10:00"),
        ("Mon-Fri 09:00-17:00", "2027-03-26 16:00", 2, "2027-03-29 10:00"),
        ("Mon-Sun 00:00-24:00", "2026-10-24 22:00", 8, "2026-10-25 05:00"),
        ("Mon-Sun 00:00-24:00", "2027-03-27 22:00", 8, "2027-03-28 07:00"),
        ("Sun 01:00-04:00", "2026-10-24 12:00", 3, "2026-10-25 03:00"),
        ("Sun 01:00-04:00", "2027-03-27 12:00", 3, "2027-04-04 02:00"),
        ("Sun 02:30-03:15", "2027-03-27 12:00", 0, "2027-04-04 02:30"),
    ],
)
def test_office_time_is_counted_while_people_are_there(hours: str, since: str, hours_waited: int, until: str) -> None:
    begun = berlin(since).astimezone(BERLIN)
    assert office_hours(hours).after(begun, hours_waited * HOUR).astimezone(UTC) == berlin(until)


@settings(deadline=None)
@given(
    since=moments("2026-01-01", "2028-01-01"),
    first=st.integers(0, 5000),
    second=st.integers(0, 5000),
)
def test_to_wait_twice_is_to_wait_for_both(since: datetime, first: int, second: int) -> None:
    begun = since.astimezone(BERLIN)
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    once = HOURS.after(begun, one + two)
    assert HOURS.after(HOURS.after(begun, one), two) == once
    assert HOURS.covers(once)
    assert once.astimezone(UTC) - begun.astimezone(UTC) >= one + two


def test_a_wait_that_never_ends_is_cut_off_after_ten_years() -> None:
    far = office_hours("Mon 09:00-09:01").after(berlin("2026-11-16 10:00").astimezone(BERLIN), timedelta(days=36500))
    assert far.year == 2036
