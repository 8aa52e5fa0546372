"""Whose hand it was, and whether it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailhitl.case import Event
from mailhitl.decision import Channel, Decision
from mailhitl.review.reviewers import SOMEONE, Hand, Reviewer, Reviewers, may_approve

ANNA = Reviewer("Anna", "anna@example.com", frozenset({"support"}))
BEN = Reviewer("Ben", "ben@example.com", frozenset({"billing"}))
TEAM = Reviewers((ANNA, BEN))
NAMED = Hand("anna@example.com", True, "reply")
NAMELESS = Hand(SOMEONE, False, "folder")


def endorsed(by: str, digest: str = "d") -> Decision:
    at = datetime(2026, 11, 16, tzinfo=UTC)
    return Decision(Event.ENDORSE, by, Channel.REPLY, "", at, draft_digest=digest)


@pytest.mark.parametrize("group", ["", "nobody-is-in-it"])
def test_someone_is_always_left_to_ask(group: str) -> None:
    assert TEAM.in_group(group) == TEAM.people


CARL = Reviewer("Carl", "carl@example.com", frozenset({"support"}))
AWAY = ((date(2026, 12, 20), date(2027, 1, 3)),)
CHRISTMAS = date(2026, 12, 24)


def team(**substitutes: str | None) -> Reviewers:
    """Anna, Ben and Carl; those named are away over Christmas, with this substitute ("": none)."""
    return Reviewers(
        tuple(
            person if (name := substitutes.get(person.name)) is None else replace(person, absent=AWAY, substitute=name)
            for person in (ANNA, BEN, CARL)
        )
    )


@pytest.mark.parametrize(
    ("away", "group", "asked"),
    [
        ({}, "support", ["Anna", "Carl"]),
        ({"Anna": ""}, "support", ["Carl"]),
        ({"Anna": "Ben"}, "support", ["Ben", "Carl"]),
        ({"Anna": "ben"}, "support", ["Ben", "Carl"]),
        ({"Anna": "Carl"}, "support", ["Carl"]),
        ({"Anna": "Ben", "Ben": "Carl"}, "support", ["Carl"]),
        ({"Anna": "Ben", "Ben": "Anna"}, "support", ["Carl"]),
        ({"Anna": "Nobody"}, "support", ["Carl"]),
        ({"Ben": ""}, "billing", ["Anna", "Carl"]),
        ({"Anna": "", "Carl": ""}, "support", ["Ben"]),
        ({"Anna": "", "Ben": "", "Carl": ""}, "billing", ["Ben"]),
        ({"Anna": "Ben", "Ben": "Anna", "Carl": ""}, "support", ["Anna", "Carl"]),
        ({"Anna": ""}, "", ["Ben", "Carl"]),
    ],
)
def test_who_is_away_is_not_asked_and_someone_always_is(
    away: dict[str, str | None], group: str, asked: list[str]
) -> None:
    assert [person.name for person in team(**away).asked(group, CHRISTMAS)] == asked


@pytest.mark.parametrize(
    ("day", "asked"),
    [
        (date(2026, 12, 19), "Anna"),
        (date(2026, 12, 20), "Ben"),
        (date(2027, 1, 3), "Ben"),
        (date(2027, 1, 4), "Anna"),
    ],
)
def test_an_absence_counts_from_its_first_day_to_its_last(day: date, asked: str) -> None:
    assert [person.name for person in team(Anna="Ben").asked("support", day)] == [asked, "Carl"]


def test_a_group_is_asked_by_its_name() -> None:
    assert TEAM.in_group("billing") == (BEN,)


@pytest.mark.parametrize(
    "address", ["anna+x@example.com", "anna@example.com ", "Anna <anna@example.com>", "anna@example.com.evil.test", ""]
)
def test_only_exactly_the_listed_address_is_a_reviewer(address: str) -> None:
    assert TEAM.by_address(address) is None
    assert TEAM.by_address("ANNA@example.com") is ANNA


def test_escalation_goes_to_the_next_group_and_then_to_everybody() -> None:
    assert TEAM.next_group("support") == "billing"
    assert TEAM.next_group("billing") == ""


@pytest.mark.parametrize(
    ("word", "group"), [("billing", "billing"), ("Ben", "billing"), ("ben@example.com", "billing")]
)
def test_escalation_finds_a_group_by_its_own_name_or_by_a_person(word: str, group: str) -> None:
    assert TEAM.find_group(word) == group


def test_a_nameless_hand_cannot_give_a_named_approval() -> None:
    assert may_approve(NAMED, log=(), digest="d", author="x", needed=1, named=True) == (True, "")
    released, why = may_approve(NAMELESS, log=(), digest="d", author="x", needed=1, named=True)
    assert not released
    assert "name" in why


def test_one_person_counts_once_however_often_they_approve() -> None:
    log = (endorsed("anna@example.com"), endorsed("ANNA@example.com"))
    assert may_approve(NAMED, log=log, digest="d", author="x", needed=2, named=False) == (False, "")


def test_two_people_release_what_needs_two() -> None:
    log = (endorsed("ben@example.com"),)
    assert may_approve(NAMED, log=log, digest="d", author="x", needed=2, named=True) == (True, "")


def test_an_approval_of_other_words_does_not_count() -> None:
    log = (endorsed("ben@example.com", digest="other"),)
    assert may_approve(NAMED, log=log, digest="d", author="x", needed=2, named=True) == (False, "")


def test_the_editor_is_not_the_second_pair_of_eyes() -> None:
    log = (endorsed("ben@example.com"),)
    released, why = may_approve(NAMED, log=log, digest="d", author="anna@example.com", needed=2, named=True)
    assert not released
    assert "another person" in why
