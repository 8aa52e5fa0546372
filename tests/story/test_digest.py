"""The weekly digest: once a week, whatever happens to the agent, and every figure can be looked up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.decision import Channel
from mailhitl.errors import TemporaryFailure
from mailhitl.ports.journal import Entry
from tests.story.world import CONFIG, World, text_of

BOSS = "boss@example.com"
WEEKLY = f'{CONFIG}\n[digest]\nto = ["{BOSS}"]\nweekday = "mon"\nat = "08:00"\n'
MONDAY_EIGHT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, WEEKLY)
    yield world
    world.store.close()


def digests(world: World) -> list[EmailMessage]:
    return [mail for mail in world.sent_to(BOSS) if "2026-W" in str(mail["Subject"])]


def at(world: World, moment: datetime) -> None:
    world.now = moment
    world.run()


def a_week_of_work(world: World) -> None:
    """Three answers are approved as drafted, one is edited, one is rejected, and one leaves by itself."""
    for number in range(5):
        world.customer_writes(f"Please refund my order 47{number}.", sender=f"Ann <ann{number}@customer.test>")
    world.run()
    for number in range(3):
        world.moves(world.standing("review")[0], "approve")
        world.run(later=timedelta(minutes=2 + number))
        world.run(later=timedelta(minutes=2))
    world.edits(world.standing("review")[0], "Kind regards", "All the best", folder="approve")
    world.run(later=timedelta(minutes=2))
    world.run(later=timedelta(minutes=2))
    world.answers(world.packet_for("anna@example.com"), "reject: he has his money already")
    world.run()
    world.customer_writes("What are your opening hours?", subject="Opening hours", sender="Eve <eve@customer.test>")
    world.run()
    states = sorted(str(case.state) for case in world.cases)
    assert states == ["rejected", *["sent"] * 5]


def test_the_digest_says_what_became_of_the_week(world: World) -> None:
    a_week_of_work(world)
    at(world, MONDAY_EIGHT)
    [mail] = digests(world)
    text = text_of(mail)
    assert str(mail["Subject"]) == "[mailhitl] 2026-W47: 5 answers approved, 1 rejected"
    assert "1 without a person; of 6 that wanted one, 5 were reviewed and 0 blocked" in text
    assert "3 of 5, 60 % (23–88 %); 1 edited, 1 rejected" in text
    assert "Refunds and credits: “he has his money already” (case" in text
    assert "$ mailhitl cases list --week 2026-W47 --what rejected" in text


def test_no_word_of_a_customer_stands_in_it(world: World) -> None:
    world.customer_writes("Please refund my order, canary-body.", subject="canary-subject")
    world.run()
    world.answers(world.packet_for("anna@example.com"), "reject: not ours")
    world.run()
    at(world, MONDAY_EIGHT)
    [mail] = digests(world)
    assert "not ours" in text_of(mail)
    assert b"canary" not in bytes(mail)


def test_a_week_in_which_nothing_happened_is_said_so(world: World) -> None:
    at(world, MONDAY_EIGHT)
    [mail] = digests(world)
    assert str(mail["Subject"]).endswith("nothing happened")
    assert "Nothing happened" in text_of(mail)


def test_the_first_start_reports_no_week_before_the_agent_was_there(world: World) -> None:
    world.run(later=timedelta(days=6))
    assert digests(world) == []


def test_each_week_is_reported_once_whatever_restarts_and_rounds_there_are(world: World) -> None:
    at(world, MONDAY_EIGHT - timedelta(seconds=1))
    assert digests(world) == []
    for hours in (0, 1, 30, 100):
        world.restart()
        at(world, MONDAY_EIGHT + timedelta(hours=hours))
    assert len(digests(world)) == 1
    at(world, MONDAY_EIGHT + timedelta(weeks=1))
    assert [str(mail["Subject"])[11:19] for mail in digests(world)] == ["2026-W47", "2026-W48"]


def test_a_crash_before_the_week_is_remembered_sends_no_second_one(world: World) -> None:
    at(world, MONDAY_EIGHT)
    world.store.switches.set("digest", "2026-W46", "a crash", world.now)
    world.restart()
    at(world, MONDAY_EIGHT + timedelta(minutes=1))
    assert len(digests(world)) == 1


def test_after_weeks_of_downtime_only_the_last_week_is_reported(world: World) -> None:
    at(world, MONDAY_EIGHT + timedelta(weeks=3, days=2))
    assert [str(mail["Subject"])[11:19] for mail in digests(world)] == ["2026-W50"]


def test_61_a_clock_that_is_a_day_ahead_for_a_moment_sends_no_second_digest(world: World) -> None:
    at(world, MONDAY_EIGHT - timedelta(hours=20))
    at(world, MONDAY_EIGHT + timedelta(hours=4))
    at(world, MONDAY_EIGHT - timedelta(hours=19))
    at(world, MONDAY_EIGHT)
    at(world, MONDAY_EIGHT + timedelta(days=1))
    assert [str(mail["Subject"])[11:19] for mail in digests(world)] == ["2026-W47"]


def test_a_digest_that_cannot_be_made_stops_no_customers_mail(world: World) -> None:
    own = world.config.agent.templates / "digest"
    own.mkdir(parents=True, exist_ok=True)
    (own / "digest.txt.j2").write_text("{{ nothing_of_that_name }}")
    try:
        world.restart()
        at(world, MONDAY_EIGHT)
    finally:
        (own / "digest.txt.j2").unlink()
        own.rmdir()
    assert digests(world) == []
    assert "could not be made" in str(world.sent_to("anna@example.com")[-1]["Subject"])
    world.customer_writes("What are your opening hours?", subject="Opening hours")
    world.run()
    assert world.case.state is State.SENT


def test_a_store_that_is_away_costs_no_week_its_digest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise TemporaryFailure("the database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(type(world.store.figures), "rows", away)
        with pytest.raises(TemporaryFailure):
            at(world, MONDAY_EIGHT)
    assert digests(world) == []
    world.run(later=timedelta(minutes=1))
    assert len(digests(world)) == 1


def test_errors_that_come_to_light_are_charged_to_the_answer_and_told(world: World) -> None:
    a_week_of_work(world)
    sent = next(case for case in world.cases if case.state is State.SENT)
    bounced = Entry("bounce", "daemon", Channel.DAEMON, world.now, case_id=sent.id, why="no such user", key="b")
    world.store.journal.add(bounced)
    at(world, MONDAY_EIGHT)
    text = text_of(digests(world)[0])
    assert "Came back as undeliverable: 1" in text
    assert f"$ mailhitl cases show {sent.id}" in text
    assert "Of this week's answers, found wrong so far: 1 of 5, 20 % (4–62 %)" in text
