"""What has had its time is erased by the daemon, once a day, and what is still open never is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon import retention
from tests.story.world import CONFIG, World

DAY = timedelta(days=1)
KEEPING = CONFIG + '\n[retention]\ncases = "2y"\nbodies = "180d"\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, KEEPING)
    yield world
    world.store.close()


def answered(world: World) -> None:
    """A customer's question is approved and sent."""
    world.customer_writes("Please refund my order 4711.", subject="Refund for 4711")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    for _ in range(2):
        world.run(later=timedelta(minutes=2))
    assert world.cases[-1].state is State.SENT


def test_words_go_after_their_time_and_the_rest_later(world: World) -> None:
    answered(world)
    world.run(later=179 * DAY)
    assert b"4711" in world.store.cases.source(world.case)
    world.run(later=2 * DAY)
    assert world.store.cases.source(world.case) == b""
    assert world.store.cases.draft(world.case).text == ""
    assert world.case.subject == "Refund for 4711"
    world.run(later=560 * DAY)
    assert (world.case.subject, world.case.sender) == ("(erased)", "")
    assert world.store.broken() == ""
    assert [entry.code for entry in world.store.journal.entries({"retention"})] == ["bodies", "cases"]


def test_a_case_that_is_still_open_keeps_its_words_however_old_it_is(world: World) -> None:
    answered(world)
    world.app.store.switches.set("pause", "all", "anna", world.now)
    world.customer_writes("Please refund my order 4712.")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run(later=timedelta(minutes=2))
    world.run(later=900 * DAY)
    first, second = world.cases
    assert second.state is State.APPROVED
    assert (first.subject, second.subject) == ("(erased)", "My order")
    assert b"4712" in world.store.cases.source(second)


def test_packets_lose_their_words_with_the_mails_that_they_quote(world: World) -> None:
    answered(world)
    world.run(later=181 * DAY)
    assert world.store.erasing.of_address("ann@customer.test").counts["mails to our own people"] == 0


def test_a_day_has_one_round_of_erasing_and_a_quiet_round_does_nothing(world: World) -> None:
    answered(world)
    world.run(later=181 * DAY)
    answered(world)
    assert retention.run_once(world.app) == 0
    assert world.store.switches.get("retention:support") == f"{world.now:%Y-%m-%d}"
    assert len(world.store.journal.entries({"retention"})) == 1


def test_many_cases_are_erased_a_few_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "A_ROUND", 1)
    for _ in range(3):
        answered(world)
    world.run(later=181 * DAY)
    entries = world.store.journal.entries({"retention"})
    assert [entry.data["cases"] for entry in entries] == ["1", "2", "3"]


def test_an_answer_to_a_packet_of_an_erased_case_is_told_that_it_is_too_late(world: World) -> None:
    answered(world)
    packet = world.packet_for("anna@example.com")
    world.run(later=800 * DAY)
    world.answers(packet, "approve")
    world.run()
    assert world.case.state is State.SENT
    assert len(world.sent_to("ann@customer.test")) == 1
    assert len(world.sent_to("anna@example.com")) >= 2


def test_without_a_table_nothing_is_ever_erased(tmp_path: Path) -> None:
    world = World(tmp_path)
    answered(world)
    world.run(later=2000 * DAY)
    assert b"4711" in world.store.cases.source(world.case)
    world.store.close()


def test_the_mail_of_an_erased_case_is_not_answered_again_when_the_folder_is_numbered_anew(world: World) -> None:
    answered(world)
    world.run(later=800 * DAY)
    world.restart()
    world.run()
    assert len(world.cases) == 1
    assert len(world.sent_to("ann@customer.test")) == 1
