"""All that waits in one mail, and one reply that decides it all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon import cycle
from mailhitl.errors import TemporaryFailure
from tests.story.world import CONFIG, World, letter, text_of

ANNA = "anna@example.com"
EARLY = CONFIG.replace("[review]", '[review]\nworklist_at = "08:30"\nremind_after = "0s"\nescalate_after = "0s"')


def three_wait(world: World) -> None:
    for number, name in enumerate(("Ann", "Bob", "Eve"), 1):
        world.customer_writes(
            f"Please refund my order 471{number}.",
            sender=f"{name} <{name.lower()}@customer.test>",
            subject=f"Order 471{number}",
        )
    world.run()


def asks_for_the_list(world: World) -> EmailMessage:
    """Anna writes a mail with the one word as its subject; returns what she gets."""
    world.letters += 1
    asking = letter("", sender=f"Anna <{ANNA}>", subject="queue", message_id=f"<q{world.letters}@example.com>")
    world.box.deliver("INBOX", asking)
    world.run()
    return next(mail for mail in reversed(world.sent_to(ANNA)) if not str(mail["Subject"]).startswith("Re:"))


def test_one_reply_decides_all_that_waits_and_every_part_is_answered(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    world.answers(worklist, "1,3 approve; 2 reject: wrong price; 9 approve")
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.REJECTED, State.SENT]
    assert [len(world.sent_to(f"{name}@customer.test")) for name in ("ann", "bob", "eve")] == [1, 0, 1]
    answer = text_of(world.sent_to(ANNA)[-1])
    assert "1 (Order 4711): Approved" in answer
    assert "2 (Order 4712): Rejected" in answer
    assert "9: there is no such item" in answer


def test_an_item_that_has_changed_since_the_list_is_not_sent(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    [first, *_] = world.standing("review")
    world.edits(first, "Kind regards", "Best wishes")
    world.run()
    world.run(later=timedelta(seconds=91))
    world.answers(worklist, "1-3 approve")
    world.run()
    assert sorted(str(case.state) for case in world.cases) == ["held", "sent", "sent"]
    assert "changed" in text_of(world.sent_to(ANNA)[-1])


def test_a_list_in_somebody_elses_hand_decides_nothing(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    world.answers(worklist, "1-3 approve", sender="Ben <ben@example.com>")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3


def test_a_list_that_nobody_vouches_for_approves_nothing(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    forged = letter("1-3 approve", sender=f"Anna <{ANNA}>", In_Reply_To=str(worklist["Message-ID"]))
    world.box.deliver("INBOX", forged.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3


def test_what_is_not_clear_is_asked_back_and_decides_nothing(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    world.answers(worklist, "looks all good to me")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3
    assert "numbers first" in text_of(world.sent_to(ANNA)[-1])


def test_a_reviewer_with_nothing_to_do_is_told_so(world: World) -> None:
    world.box.deliver("INBOX", letter("", sender=f"Anna <{ANNA}>", subject="queue", message_id="<q@example.com>"))
    world.run()
    assert "Nothing waits for you" in text_of(world.sent_to(ANNA)[-1])
    assert world.cases == []


def test_an_answer_to_a_mere_note_is_told_where_decisions_go(world: World) -> None:
    three_wait(world)
    world.answers(world.packet_for(ANNA), "approve?")
    world.run()
    world.answers(world.sent_to(ANNA)[-1], "approve")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3
    assert "packet" in text_of(world.sent_to(ANNA)[-1])


def test_a_customer_whose_subject_is_queue_is_a_customer(world: World) -> None:
    world.customer_writes("Is there a queue at your shop?", subject="queue")
    world.run()
    assert len(world.cases) == 1


# -- the daily one


@pytest.fixture
def early(tmp_path: Path) -> Iterator[World]:
    """A team that gets its lists at half past eight. It is Monday noon."""
    world = World(tmp_path, EARLY)
    yield world
    world.store.close()


def lists(world: World, to: str = ANNA) -> list[EmailMessage]:
    return [mail for mail in world.sent_to(to) if re.search("answers? waits? for you$", str(mail["Subject"]))]


def until(world: World, day: int, hour: int, minute: int = 0) -> None:
    """Nobody looks into the mailbox until then (Berlin time, November)."""
    world.now = datetime(2026, 11, day, hour - 1, minute, tzinfo=UTC)
    world.run()


def test_each_reviewer_gets_one_list_in_the_morning_that_decides_all_of_it(early: World) -> None:
    three_wait(early)
    until(early, 17, 8, 29)
    assert lists(early) == []
    assert early.app.agenda.due == early.now + timedelta(minutes=1)
    until(early, 17, 8, 30)
    [worklist] = lists(early)
    assert lists(early, "ben@example.com") == []
    early.answers(worklist, "1, 3 approve\n2 reject: too much")
    early.run()
    assert [case.state for case in early.cases] == [State.SENT, State.REJECTED, State.SENT]


def test_the_list_leaves_once_a_day_however_often_the_agent_restarts(early: World) -> None:
    three_wait(early)
    for hour in (9, 10, 16):
        early.restart()
        until(early, 17, hour)
    assert len(lists(early)) == 1
    until(early, 18, 8, 31)
    assert len(lists(early)) == 2


def test_a_list_that_was_cut_off_leaves_once_and_asks_nobody_twice(
    early: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_wait(early)
    early.now = datetime(2026, 11, 17, 8, 0, tzinfo=UTC)

    def locked(*_: object, **__: object) -> None:
        raise TemporaryFailure("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(early.store.switches.__class__, "set", locked)
        with pytest.raises(TemporaryFailure):
            cycle.run_once(early.app)
    asked = [len(early.store.asks.of(case)) for case in early.cases]
    early.restart()
    early.run(later=timedelta(minutes=1))
    assert len(lists(early)) == 1
    assert [len(early.store.asks.of(case)) for case in early.cases] == asked


def test_an_agent_that_was_down_in_the_morning_sends_the_list_later_that_day(early: World) -> None:
    three_wait(early)
    early.restart()
    until(early, 17, 15)
    assert len(lists(early)) == 1


def test_no_list_leaves_on_a_weekend_or_when_nothing_waits(early: World) -> None:
    until(early, 20, 9)
    assert lists(early) == []
    three_wait(early)
    assert lists(early) == [], "what has come since the morning has its packets"
    until(early, 21, 9)
    until(early, 22, 15)
    assert lists(early) == []
    assert early.app.agenda.due is not None
    until(early, 23, 8, 30)
    assert len(lists(early)) == 1


def test_a_broken_list_template_of_the_admins_stops_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "own" / "packet").mkdir(parents=True)
    (tmp_path / "own" / "packet" / "worklist.txt.j2").write_text("{{ nothing_of_that_name }}")
    world = World(tmp_path, EARLY.replace("TEMPLATES", str(tmp_path / "own")))
    three_wait(world)
    until(world, 17, 9)
    assert lists(world) == []
    [first, *_] = world.standing("review")
    world.moves(first, "approve")
    world.run()
    world.run(later=timedelta(minutes=2))
    assert [case.state for case in world.cases] == [State.SENT, State.HELD, State.HELD]
    world.store.close()
