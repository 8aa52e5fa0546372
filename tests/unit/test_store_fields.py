"""What goes into a column comes out as the same value, on any engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.store.fields import CompressedField, ListField, UtcDateTimeField, WordsField, clean, digest_of, utc

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001
ANY_TEXT = st.text(st.characters(codec=None))


@given(MOMENTS)
def test_a_moment_stays_the_same_moment_in_utc(moment: datetime) -> None:
    field = UtcDateTimeField()
    back = field.python_value(field.db_value(moment))
    assert back == moment
    assert back is not None
    assert back.tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_stored_moments_sort_as_time_does(one: datetime, other: datetime) -> None:
    field = UtcDateTimeField()
    assert (str(field.db_value(one)) < str(field.db_value(other))) == (one < other)


def test_a_moment_of_a_server_in_another_zone_comes_back_in_utc() -> None:
    moment = datetime(2026, 7, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert UtcDateTimeField().python_value(moment) == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_naive_time_is_refused_with_its_words() -> None:
    with pytest.raises(ValueError, match="2026-01-05T12:00:00"):
        utc(datetime(2026, 1, 5, 12))  # noqa: DTZ001


@given(ANY_TEXT)
def test_clean_text_can_be_encoded_and_has_no_nul(text: str) -> None:
    assert "\x00" not in clean(text)
    assert clean(text).encode().decode() == clean(text)
    assert len(clean(text)) == len(text)
    assert WordsField().db_value(clean(text)) == clean(text)


def test_ordinary_words_are_not_touched() -> None:
    assert clean("Grüße, 你好 👋\r\n\t") == "Grüße, 你好 👋\r\n\t"


@given(st.lists(ANY_TEXT))
def test_a_list_of_any_texts_comes_back_whole(texts: list[str]) -> None:
    field = ListField()
    stored = field.db_value(texts)
    assert stored is not None
    assert stored.isascii()
    assert field.python_value(stored) == texts


@given(st.binary())
def test_compressed_bytes_come_back_whole(content: bytes) -> None:
    field = CompressedField()
    assert field.python_value(field.db_value(content)) == content


@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_have_one_digest_only_if_they_are_the_same(one: str, other: str) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)
