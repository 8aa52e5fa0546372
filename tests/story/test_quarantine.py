"""A mail that kills whoever takes it in (checklist 44)."""

from __future__ import annotations

import pytest

from mailhitl.case import Event, State
from mailhitl.daemon import intake
from mailhitl.decision import Channel, Decision
from mailhitl.errors import TemporaryFailure
from tests.story.world import World


def test_44_a_mail_that_kills_three_times_is_set_aside_and_the_rest_is_served(world: World) -> None:
    world.customer_writes("When are you open?", subject="Opening hours", sender="Bad <bad@customer.test>")
    [poison] = world.box.locations("INBOX")
    for _ in range(intake.ATTEMPTS):
        # What a SIGKILL in the midst leaves behind: begun, and never ended.
        world.store.progress.begin_attempts("support", [poison])
    world.customer_writes("When are you open?", subject="Opening hours", sender="Ann <ann@customer.test>")
    world.run()
    assert [case.state for case in world.cases] == [State.SHUNTED, State.SENT]
    assert "\\Flagged" in world.flags(world.cases[0])


def test_44_taken_up_again_it_is_never_answered_by_its_subject_alone(world: World) -> None:
    world.customer_writes("When are you open?", subject="When are you open?")
    [poison] = world.box.locations("INBOX")
    for _ in range(intake.ATTEMPTS):
        world.store.progress.begin_attempts("support", [poison])
    world.run()
    decision = Decision(Event.RETRY, "admin", Channel.CLI, "retry", world.now)
    world.store.cases.move(world.case, Event.RETRY, decision)
    world.run()
    assert world.case.state is State.HELD
    assert world.sent_to("ann@customer.test") == []


def test_44_two_that_kill_in_turn_are_both_set_aside_and_the_third_is_served(world: World) -> None:
    for name in ("A", "B", "C"):
        world.customer_writes("When are you open?", subject=name, sender=f"{name} <{name.lower()}@customer.test>")
    first, second, _ = world.box.locations("INBOX")
    for _ in range(intake.ATTEMPTS):
        world.store.progress.begin_attempts("support", [first, second])
    world.run()
    world.run()
    assert [case.state for case in world.cases] == [State.SHUNTED, State.SHUNTED, State.SENT]
    assert world.store.progress.unfinished("support", "INBOX") == []


def test_a_server_that_is_away_for_long_puts_no_mail_aside(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    for _ in range(2 * intake.ATTEMPTS):
        world.box.fail_next("fetch_all", TemporaryFailure("cut"))
        with pytest.raises(TemporaryFailure):
            world.run()
    world.run()
    assert world.case.state is State.HELD
