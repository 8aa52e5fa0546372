"""Whose hand it was, and whether it may."""

from __future__ import annotations

from datetime import UTC, datetime

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
