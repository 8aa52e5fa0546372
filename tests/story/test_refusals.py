"""Whoever wants to decide by mail and may not is told, written down, and where a name may be misused, told of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from mailhitl.case import State
from tests.story.world import CONFIG, World, letter

MINUTE = timedelta(seconds=61)
ANNA, BEN = "anna@example.com", "ben@example.com"


def held(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert world.cases[-1].state is State.HELD


def alarms(world: World, address: str) -> list[str]:
    subjects = [str(mail["Subject"]) for mail in world.sent_to(address)]
    return [subject for subject in subjects if "in the name of" in subject]


def test_13_an_approval_that_nothing_proves_alerts_every_reviewer_once_a_day(world: World) -> None:
    held(world)
    packet = str(world.packet_for(ANNA)["Message-ID"])
    for number in range(2):
        raw = letter("approve", sender=f"Anna <{ANNA}>", message_id=f"<f{number}@evil.test>", In_Reply_To=packet)
        world.box.deliver("INBOX", raw.partition(b"\r\n")[2])
        world.run()
    assert world.case.state is State.HELD
    assert [len(alarms(world, ANNA)), len(alarms(world, BEN))] == [1, 1]


def test_13_a_token_in_another_reviewer_s_hand_alerts_every_reviewer(world: World) -> None:
    held(world)
    world.answers(world.packet_for(ANNA), "approve", sender=f"Ben <{BEN}>")
    world.run()
    assert world.case.state is State.HELD
    assert [len(alarms(world, ANNA)), len(alarms(world, BEN))] == [1, 1]


def test_17_whoever_decides_too_late_stands_in_the_journal(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace('reviewers = "support"\n', ""))
    held(world)
    of_anna, of_ben = world.packet_for(ANNA), world.packet_for(BEN)
    world.answers(of_anna, "approve")
    world.answers(of_ben, "reject: too dear", sender=f"Ben <{BEN}>")
    world.run()
    assert world.case.state is State.SENT
    [late] = world.store.journal.entries(("refused",))
    assert (late.by, late.code, late.case_id) == (BEN, "reply-reject", world.case.id)
    assert "already" in late.why
    world.run(later=MINUTE)
    assert len(world.store.journal.entries(("refused",))) == 1
