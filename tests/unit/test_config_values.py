"""How times, sizes, addresses and hours are written, and what they become."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from mailhitl.config.account import is_loopback
from mailhitl.config.hours import clock, office_hours
from mailhitl.config.values import addr_spec, days, duration, start
from mailhitl.rules.conditions.message import size_in_bytes

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("60s", timedelta(minutes=1)),
        ("1.5h", timedelta(minutes=90)),
        ("5 d", timedelta(days=5)),
        ("3w", timedelta(weeks=3)),
        ("2y", timedelta(days=730)),
    ],
)
def test_a_length_of_time_has_a_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["60", "-1s", "1 minute", "s", "", "5M", "999999999y", "1h30m"])
def test_a_length_of_time_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a length of time"):
        duration(text)


def test_a_start_counts_back_or_names_a_day() -> None:
    assert start("now").since(NOW) == NOW
    assert start("2 days").since(NOW) == NOW - timedelta(days=2)
    assert start("2026-11-01").since(NOW) == datetime(2026, 11, 1, tzinfo=UTC)
    assert start(date(2026, 11, 1)) == start("2026-11-01")
    assert start("unanswered 2 days").unanswered
    assert not start("2 days").unanswered


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "", "unanswered", 5, "2 fortnights"])
def test_a_start_that_cannot_be_read_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        start(value)


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("2026-12-20 to 2027-01-03", (date(2026, 12, 20), date(2027, 1, 3))),
        ("2026-12-24", (date(2026, 12, 24), date(2026, 12, 24))),
        (date(2026, 12, 24), (date(2026, 12, 24), date(2026, 12, 24))),
    ],
)
def test_an_absence_is_one_day_or_a_span_of_days(value: object, span: tuple[date, date]) -> None:
    assert days(value) == span


@pytest.mark.parametrize(
    "value",
    ["", "tomorrow", "2026-12-20..2027-01-03", "2027-01-03 to 2026-12-20", "2026-02-30", "2026-12-20 to ", 5, NOW],
)
def test_an_absence_that_cannot_be_read_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be days like|ends before it begins"):
        days(value)


@pytest.mark.parametrize("text", ["anna@example.com", "a.b+c@sub.example.co", "x@localhost", "o'neil@example.org"])
def test_a_bare_address_is_taken_as_it_stands(text: str) -> None:
    assert addr_spec(text) == text


@pytest.mark.parametrize(
    "text",
    ["Anna <anna@example.com>", "boss@corp.com <evil@x.com>", "a@b@c", "@x", "a@", "a..b@c", "ä@example.com", "a@b\n",
     '"a b"@c', "a@-b", "a@b.", " a@b", "x" * 250 + "@abc.d", "a,b@c", "a@exämple.com"],
)  # fmt: skip
def test_anything_but_a_bare_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a bare address"):
        addr_spec(text)


def test_office_hours_cover_their_days_and_span() -> None:
    hours = office_hours("Mon-Thu,Sat 09:00-17:00")
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert hours.covers(monday)
    assert not hours.covers(monday - timedelta(seconds=1))
    assert not hours.covers(monday.replace(hour=17))
    assert not hours.covers(monday + timedelta(days=4))
    assert hours.covers(monday + timedelta(days=5))


def test_weekdays_may_be_short_or_long() -> None:
    assert office_hours("Mo-Wednesday,SAT 9:00-17:00").days == {0, 1, 2, 5}


def test_office_hours_may_wrap_the_week_and_last_all_day() -> None:
    hours = office_hours("Sat-Mon 00:00-24:00")
    assert hours.days == {5, 6, 0}
    assert hours.covers(datetime(2026, 11, 22, 23, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    ["Mon-Fri", "09:00-17:00", "Mon-Fri 17:00-09:00", "Mon-Fri 9-17", "Mn 09:00-10:00", "Month-Fri 09:00-10:00", ""],
)
def test_office_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        office_hours(text)


def test_a_time_of_day_is_hours_and_minutes() -> None:
    assert clock("08:30") == time(8, 30)
    for wrong in ("24:00", "8", "08:60", "8:5"):
        with pytest.raises(ValueError, match="must be a time of day"):
            clock(wrong)


def test_a_size_is_bytes_or_has_a_unit() -> None:
    assert [size_in_bytes(value) for value in (10, "10B", "1KB", "1.5 mb")] == [10, 10, 1024, 1572864]
    for wrong in ("1", "MB", -1, True, "1TB", 1.5):
        with pytest.raises(ValueError, match="must be a size"):
            size_in_bytes(wrong)


def test_only_this_machine_is_loopback() -> None:
    assert [
        host for host in ("localhost", "127.0.0.1", "::1", "127.8.9.1", "LOCALHOST.") if not is_loopback(host)
    ] == []
    assert [host for host in ("localhost.evil.example", "10.0.0.1", "", "0.0.0.0") if is_loopback(host)] == []
