"""What is read again, or seen in every round, is done once and told once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import Event, State
from mailhitl.daemon import cycle
from mailhitl.errors import PermanentFailure
from tests.crash.fuse import STORE_PARTS, Crash, Frail, Fuse
from tests.story.world import CONFIG, World

MINUTE = timedelta(seconds=61)
ANN, ANNA, BEN, CLEO = "ann@customer.test", "anna@example.com", "ben@example.com", "cleo@example.com"
THREE_GROUPS = CONFIG.replace(
    "[review]\n",
    '[[reviewer]]\nname = "Cleo"\naddress = "cleo@example.com"\ngroups = ["board"]\n\n[review]\n',
)


def held(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert world.cases[-1].state is State.HELD


@pytest.mark.parametrize("call", range(8, 24))
def test_an_escalation_by_mail_that_a_crash_cut_short_leads_to_one_group_only(tmp_path: Path, call: int) -> None:
    world = World(tmp_path, THREE_GROUPS)
    held(world)
    world.answers(world.packet_for(ANNA), "escalate")
    fuse = Fuse()
    fuse.light(call, before=False)
    with suppress(Crash):
        cycle.run_until_quiet(replace(world.app, store=Frail(world.store, fuse, STORE_PARTS)))
    world.restart()
    world.run()
    moves = [row for row in world.store.cases.log(world.case) if row.event is Event.ESCALATE]
    assert len(moves) == 1
    assert world.case.group == "billing"
    assert world.sent_to(CLEO) == []


def test_an_edit_that_came_too_late_keeps_no_round_busy(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.answers(world.packet_for(ANNA), "approve")
    world.edits(draft, "Kind regards", "Best wishes", keep=True, folder="drafts")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)
    assert len(world.box.locations(world.app.folders.drafts)) == 1
    world.run(later=timedelta(hours=1))
    assert cycle.run_once(world.app) == 0


def test_a_folder_that_is_numbered_anew_all_the_time_stops_the_mailbox_with_an_alarm(world: World) -> None:
    held(world)
    for _ in range(3):
        world.box.reset_uidvalidity("INBOX")
        world.run(later=MINUTE)
    world.box.reset_uidvalidity("INBOX")
    world.customer_writes("Please refund my order 4712.", subject="Another")
    for _ in range(2):
        with pytest.raises(PermanentFailure, match="the server is broken"):
            world.run(later=MINUTE)
    assert len([mail for mail in world.sent_to(ANNA) if "the mailbox is stopped" in str(mail["Subject"])]) == 1
    assert len(world.cases) == 1
    world.run(later=timedelta(days=1))
    assert len(world.cases) == 2


def test_where_two_have_to_agree_two_are_asked_although_the_substitute_is_in_the_group(tmp_path: Path) -> None:
    config = THREE_GROUPS.replace('reviewers = "support"\n', 'reviewers = "support"\napprovals = 2\n')
    config = config.replace('groups = ["billing"]', 'groups = ["billing", "support"]')
    config = config.replace(
        'groups = ["support"]\n', 'groups = ["support"]\nabsent = ["2026-11-16 to 2026-11-19"]\nsubstitute = "Ben"\n', 1
    )
    world = World(tmp_path, config)
    held(world)
    asked = [person for person in (ANNA, BEN, CLEO) if world.sent_to(person)]
    assert asked == [BEN, CLEO]
    for person in (BEN, CLEO):
        world.answers(world.packet_for(person), "approve", sender=f"X <{person}>")
        world.run()
    assert world.case.state is State.SENT


def test_where_one_is_enough_nobody_else_is_asked_for_the_substitute(tmp_path: Path) -> None:
    config = THREE_GROUPS.replace('groups = ["billing"]', 'groups = ["billing", "support"]')
    config = config.replace(
        'groups = ["support"]\n', 'groups = ["support"]\nabsent = ["2026-11-16 to 2026-11-19"]\nsubstitute = "Ben"\n', 1
    )
    world = World(tmp_path, config)
    held(world)
    assert [person for person in (ANNA, BEN, CLEO) if world.sent_to(person)] == [BEN]
