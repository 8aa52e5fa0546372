"""With ``digest.signoff`` the digest waits for a lead, and leaves by the road of any answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.story.test_digest import BOSS, MONDAY_EIGHT, WEEKLY, a_week_of_work, at
from tests.story.world import World, text_of

BEN = "ben@example.com"
CONFIG = WEEKLY.replace('weekday = "mon"', 'signoff = "lead"\nweekday = "mon"').replace(
    'groups = ["billing"]', 'groups = ["billing", "lead"]'
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, CONFIG)
    yield world
    world.store.close()


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("html",))
    assert body is not None
    return str(body.get_content())


def waits(world: World) -> EmailMessage:
    """The week is over; returns the packet that asks Ben."""
    at(world, MONDAY_EIGHT)
    assert world.sent_to(BOSS) == []
    return world.packet_for(BEN)


def test_the_digest_waits_until_the_lead_has_approved_it(world: World) -> None:
    a_week_of_work(world)
    packet = waits(world)
    assert "sign" in text_of(packet)
    assert not any("2026-W47" in str(mail["Subject"]) for mail in world.sent_to("anna@example.com"))
    world.answers(packet, "approve", sender=f"Ben <{BEN}>")
    world.run()
    [mail] = world.sent_to(BOSS)
    assert str(mail["Subject"]) == "[mailhitl] 2026-W47: 5 answers approved, 1 rejected"
    assert "1 without a person; of 6 that wanted one" in text_of(mail)
    assert 'bgcolor="#4a86e8"' in html_of(mail)
    assert "pause automatic" not in text_of(mail)
    decided = world.store.cases.log(world.cases[-1])
    assert [row.by for row in decided if row.event == "approve"] == [BEN]


def test_moved_to_approve_it_leaves_as_any_draft_does(world: World) -> None:
    waits(world)
    world.moves(world.standing("review")[0], "approve")
    world.run(later=timedelta(minutes=2))
    world.run(later=timedelta(minutes=2))
    [mail] = world.sent_to(BOSS)
    assert "nothing happened" in str(mail["Subject"])
    assert world.case.state is State.SENT


def test_an_edited_digest_is_sent_as_it_was_edited_in_both_of_its_parts(world: World) -> None:
    a_week_of_work(world)
    waits(world)
    world.edits(world.standing("review")[0], "answers approved", "answers approved (well done)", folder="approve")
    world.run(later=timedelta(minutes=2))
    world.run(later=timedelta(minutes=2))
    [mail] = world.sent_to(BOSS)
    assert "answers approved (well done)" in text_of(mail)
    assert "answers approved (well done)" in html_of(mail)
    assert "bgcolor" not in html_of(mail)


def test_a_rejected_digest_goes_to_nobody_and_is_not_made_again(world: World) -> None:
    world.answers(waits(world), "reject: the figures are wrong", sender=f"Ben <{BEN}>")
    world.run()
    world.restart()
    at(world, MONDAY_EIGHT + timedelta(days=2))
    assert world.sent_to(BOSS) == []
    assert world.case.state is State.REJECTED


def test_it_is_made_once_whatever_restarts_there_are(world: World) -> None:
    waits(world)
    world.store.switches.set("digest", "2026-W46", "a crash", world.now)
    world.restart()
    at(world, MONDAY_EIGHT + timedelta(hours=1))
    assert len(world.cases) == 1


def test_the_agents_own_case_counts_in_no_figure(world: World) -> None:
    world.answers(waits(world), "approve", sender=f"Ben <{BEN}>")
    world.run()
    at(world, MONDAY_EIGHT + timedelta(weeks=1))
    packet = world.packet_for(BEN)
    assert "2026-W48: nothing happened" in str(packet["Subject"])


def test_a_word_of_thanks_for_it_is_no_customers_mail(world: World) -> None:
    world.answers(waits(world), "approve", sender=f"Ben <{BEN}>")
    world.run()
    [mail] = world.sent_to(BOSS)
    world.answers(mail, "Thank you!", sender=f"Boss <{BOSS}>")
    world.run()
    assert len(world.cases) == 1


def test_a_signoff_by_a_group_that_nobody_is_in_is_pointed_out(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace('signoff = "lead"', 'signoff = "leads"'))
    warned = 'digest.signoff: no reviewer is in a group "leads": everybody is asked. Did you mean'
    assert any(warned in warning for warning in world.config.warnings)
    world.store.close()
