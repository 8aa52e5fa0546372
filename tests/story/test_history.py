"""Rules that look at what happened before: how people decided, and how much was mailed already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.rules.rule import RecordFacts
from mailhitl.rules.snapshot import thaw
from tests.story.world import CONFIG, World

GRACE = timedelta(seconds=61)
#: After this the record is read again.
READ_AGAIN = timedelta(minutes=11)
RULE = '\n[[rule]]\nname = "{name}"\nwhen = {{ {when} }}\nthen = "review"\nwhy = "{name}"\n'
HOURS = {"text": "When are you open?", "subject": "Hours"}


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def make(when: str) -> World:
        made.append(World(tmp_path, CONFIG + RULE.format(name="Careful", when=when)))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


def decided(world: World, folder: str, sender: str = "ann") -> None:
    """A customer wants a refund, and a reviewer puts the draft into this folder."""
    world.customer_writes("Please refund my order.", sender=f"{sender} <{sender}@customer.test>")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, folder)
    world.run()
    world.run(later=GRACE)
    world.run(later=READ_AGAIN)


def reasons(world: World) -> set[str]:
    return {reason.rule for reason in world.store.cases.log(world.cases[-1])[0].reasons}


def test_a_sender_whose_drafts_were_rejected_is_looked_at(worlds: Callable[[str], World]) -> None:
    world = worlds("history = { sender = { rejected = { over = 0 } } }")
    decided(world, "reject")
    world.customer_writes(**HOURS, sender="ann <ann@customer.test>")
    world.run()
    assert world.cases[-1].state is State.HELD
    assert "Careful" in reasons(world)
    world.customer_writes(**HOURS, sender="bob <bob@customer.test>")
    world.run()
    assert world.cases[-1].state is State.SENT


def test_the_record_of_an_intent_and_of_a_rule_is_that_of_what_people_decided(worlds: Callable[[str], World]) -> None:
    world = worlds('history = { rule = { name = "Refunds and credits", decided = { at_least = 3 } } }')
    for folder in ("approve", "approve", "reject"):
        decided(world, folder)
    world.customer_writes("Please refund my order.", sender="bob <bob@customer.test>")
    world.run()
    [judgment] = world.store.judgments.of(world.cases[-1].id)
    history = thaw(judgment.facts).history
    assert history.intent == RecordFacts(decided=3, unedited=2, edited=0, rejected=1)
    assert history.rules["Refunds and credits"] == history.intent
    assert history.sender == RecordFacts()
    assert "Careful" in reasons(world)


def test_a_file_that_asks_for_no_history_has_none_gathered(world: World) -> None:
    decided(world, "reject")
    world.customer_writes(**HOURS, sender="ann <ann@customer.test>")
    world.run()
    [judgment] = world.store.judgments.of(world.cases[-1].id)
    assert thaw(judgment.facts).history.sender == RecordFacts()


def test_a_correspondent_who_got_a_mail_lately_is_looked_at(worlds: Callable[[str], World]) -> None:
    world = worlds('rate = { at_least = 1, within = "2h" }')
    world.customer_writes(**HOURS)
    world.run()
    world.customer_writes(**HOURS)
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.HELD]
    assert "Careful" in reasons(world)


def test_after_that_window_nothing_stands_in_the_way(worlds: Callable[[str], World]) -> None:
    world = worlds('rate = { at_least = 1, within = "2h" }')
    world.customer_writes(**HOURS)
    world.run()
    world.now += timedelta(hours=2, minutes=1)
    world.customer_writes(**HOURS)
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.SENT]
