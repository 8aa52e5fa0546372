"""Somebody is away: others are asked in their place, and whoever is away may decide all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.story.world import CONFIG, World

ANNA, BEN = "anna@example.com", "ben@example.com"
HOUR = timedelta(hours=1)


@pytest.fixture
def holidays(tmp_path: Path) -> Iterator[World]:
    """Anna is away from Tuesday to Thursday, and Ben stands in for her. It is Monday noon."""
    away = 'groups = ["support"]\nabsent = ["2026-11-17 to 2026-11-19"]\nsubstitute = "Ben"\n'
    config = CONFIG.replace('groups = ["support"]\n', away)
    lists = '[review]\nworklist_at = "08:30"\nescalate_after = "0s"\nexpire_after = "9d"\n'
    world = World(tmp_path, config.replace("[review]\n", lists))
    yield world
    world.store.close()


def told(world: World, address: str) -> list[str]:
    """What kinds of mail this person got: packets, lists, reminders."""
    subjects = [str(mail["Subject"]) for mail in world.sent_to(address)]
    kinds = {"list": "for you", "packet": "[Review]", "reminder": "for you, since"}
    return [
        next(kind for kind in ("reminder", "list", "packet") if kinds[kind] in subject)
        for subject in subjects
        if not subject.startswith("Re:")
    ]


def test_while_a_reviewer_is_away_the_substitute_gets_packets_reminders_and_lists(holidays: World) -> None:
    world = holidays
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert (told(world, ANNA), told(world, BEN)) == (["packet"], [])
    for _ in range(24):
        world.run(later=HOUR)
    before = told(world, ANNA)
    assert before == ["packet", "reminder", "reminder"], "on Monday she was there"
    assert sorted(set(told(world, BEN))) == ["list", "packet", "reminder"]
    for _ in range(3 * 24 - 6):
        world.run(later=HOUR)
    assert told(world, ANNA) == before
    for _ in range(24):
        world.run(later=HOUR)
    assert "list" in told(world, ANNA), "on Friday she is back"


def test_the_substitute_decides_and_so_may_whoever_is_away(holidays: World) -> None:
    world = holidays
    world.customer_writes("Please refund my order 4711.")
    world.customer_writes("Please refund my order 4712.", subject="Other", sender="Bob <bob@customer.test>")
    world.run()
    of_anna = world.packet_for(ANNA)
    world.run(later=timedelta(days=1))
    of_ben = next(mail for mail in world.sent_to(BEN) if str(mail["Subject"]).endswith("My order"))
    world.answers(of_ben, "approve", sender="Ben <ben@example.com>")
    world.answers(of_anna, "approve")
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.SENT]
