"""When nothing happens, nothing is done: no round repeats what the one before did."""

from __future__ import annotations

from datetime import timedelta

from pytest import MonkeyPatch

from mailhitl.case import State
from mailhitl.daemon import cycle, intake
from mailhitl.ports.mailbox import Location
from tests.story.world import World

LATER = timedelta(minutes=2)


def test_a_rejected_case_leaves_the_next_round_nothing_to_do(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "reject")
    world.run()
    world.run(later=LATER)
    assert world.case.state is State.REJECTED
    assert "\\Flagged" in world.flags(world.case)
    assert cycle.run_once(world.app) == 0


def test_a_flag_that_a_person_took_off_stays_off(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "reject")
    world.run()
    world.run(later=LATER)
    world.box.flag(Location(world.case.folder, world.case.uidvalidity, world.case.uid), remove=["\\Flagged"])
    world.run(later=LATER)
    assert "\\Flagged" not in world.flags(world.case)


def test_held_cases_leave_the_next_round_nothing_to_do(world: World) -> None:
    for number in range(3):
        world.customer_writes(f"Please refund my order {number}.", sender=f"C{number} <c{number}@customer.test>")
    world.run()
    assert len(world.standing("review")) == 3
    assert cycle.run_once(world.app) == 0


def test_a_hand_at_work_is_told_once_and_not_for_as_long_as_its_draft_lies_there(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    cycle.run_once(world.app)
    assert not world.app.agenda.hands

    [draft] = world.standing("review")
    world.moves(draft, "approve")
    cycle.run_once(world.app)
    assert world.app.agenda.hands
    world.run(later=timedelta(seconds=30))
    assert len(world.standing("approve")) == 1
    assert not world.app.agenda.hands


def test_a_backlog_is_taken_in_round_by_round_and_none_of_it_is_left(world: World, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 2)
    monkeypatch.setattr(intake, "PER_ROUND", 4)
    for number in range(9):
        world.customer_writes(f"Please refund my order {number}.", sender=f"C{number} <c{number}@customer.test>")

    cycle.run_once(world.app)
    assert len(world.standing("review")) == 4
    assert world.app.agenda.due == world.app.now()
    world.run()
    assert len(world.standing("review")) == 9
