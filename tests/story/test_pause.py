"""Anybody of ours can stop what leaves; only who is known can let it go again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon import pause
from tests.story.office import Office, until
from tests.story.world import CONFIG, World, letter, text_of

ANN = "ann@customer.test"


def writes(
    world: World, subject: str, *, sender: str = "Anna <anna@example.com>", genuine: bool = True, ago: int = 0
) -> None:
    world.letters += 1
    date = format_datetime(world.now - timedelta(hours=ago))
    mail = letter("", sender=sender, subject=subject, message_id=f"<wish-{world.letters}@example.com>")
    mail = mail.replace(b"Mon, 16 Nov 2026 11:00:00 +0000", date.encode())
    world.box.deliver("INBOX", mail if genuine else mail.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run()


def last_answer(world: World, to: str = "anna@example.com") -> str:
    return text_of([mail for mail in world.sent_to(to) if str(mail["Subject"]).startswith("Re:")][-1])


def approved(world: World) -> None:
    """A refund that a person approves, and opening hours that a rule does."""
    world.customer_writes("Please refund my order 4711.")
    world.run()
    world.moves(world.standing("review")[0], "approve")
    world.customer_writes("When are you open?", subject="Opening hours", sender="Bo <bo@bo.test>")
    world.run()
    world.run(later=timedelta(minutes=2))


def is_sent(world: World) -> list[bool]:
    return [case.state is State.SENT for case in world.cases]


def test_a_mail_with_the_one_word_stops_everything_and_resume_lets_it_go(world: World) -> None:
    writes(world, "Pause")
    assert last_answer(world).startswith("Paused: No answer leaves")
    approved(world)
    assert is_sent(world) == [False, False]
    writes(world, "resume")
    world.run(later=timedelta(minutes=6))
    assert is_sent(world) == [True, True]
    kinds = [(entry.kind, entry.subject, entry.by) for entry in world.store.journal.entries(("pause", "resume"))]
    assert kinds == [("pause", "all", "anna@example.com"), ("resume", "all", "anna@example.com")]


def test_automatic_answers_alone_can_be_stopped(world: World) -> None:
    writes(world, "pause automatic")
    approved(world)
    assert is_sent(world) == [True, False]


def test_weak_proof_may_stop_and_never_release(world: World) -> None:
    writes(world, "pause", genuine=False)
    assert pause.current(world.store).what == "all"
    assert pause.current(world.store).by == "someone with access"
    for wish in ("resume", "pause automatic"):
        writes(world, wish, genuine=False)
        assert pause.current(world.store).what == "all"
        assert "nothing proves who wrote this mail" in last_answer(world)


def test_a_milder_pause_by_somebody_known_is_a_partial_release(world: World) -> None:
    writes(world, "pause")
    writes(world, "pause automatic")
    assert pause.current(world.store).what == "automatic"


def test_a_resume_that_somebody_kept_and_sends_again_releases_nothing(world: World) -> None:
    writes(world, "pause")
    writes(world, "resume", ago=30)
    assert pause.current(world.store).what == "all"
    assert "not written today" in last_answer(world)
    writes(world, "resume")
    old = world.raw(world.box.locations("INBOX")[-1])
    writes(world, "pause")
    world.box.deliver("INBOX", old.replace(b"\r\n\r\n", b"\r\nX-More: 1\r\n\r\n", 1))
    world.run()
    assert pause.current(world.store).what == "all"


def test_the_shared_address_itself_may_stop_and_not_release(world: World) -> None:
    writes(world, "pause", sender="Support <support@example.com>")
    writes(world, "resume", sender="Support <support@example.com>")
    assert pause.current(world.store).what == "all"


def test_a_customer_whose_subject_is_pause_is_a_customer(world: World) -> None:
    writes(world, "pause", sender="Ann <ann@customer.test>")
    assert pause.current(world.store).what == ""
    assert world.case.sender == ANN


def test_an_out_of_office_with_the_word_stops_nothing(world: World) -> None:
    away = letter("I am away.", sender="Anna <anna@example.com>", subject="pause", Auto_Submitted="auto-replied")
    world.box.deliver("INBOX", away)
    world.run()
    assert pause.current(world.store).what == ""


def test_any_mail_in_the_pause_folder_stops_everything_before_the_next_send_and_goes_back(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    [packet] = world.standing("review", packet=True)
    world.moves(draft, "approve")
    world.run()
    world.moves(packet, "pause")
    world.run(later=timedelta(minutes=2))
    assert world.case.state is State.APPROVED
    assert world.sent_to(ANN) == []
    assert world.box.locations(world.app.folders.pause) == []
    found = pause.current(world.store)
    assert (found.what, found.by, found.since) == ("all", "someone with access", world.now)
    assert any("sending is paused" in str(mail["Subject"]) for mail in world.sent_to("ben@example.com"))


def test_a_mail_put_into_the_folder_during_a_round_stops_the_next_send_of_that_round(world: World) -> None:
    for who in ("a", "b"):
        world.customer_writes("When are you open?", subject="Opening hours", sender=f"{who} <{who}@{who}.test>")
    deliver = world.transport.outside.hand_over

    def and_then_somebody_stops(*args: object, **more: object) -> object:
        done = deliver(*args, **more)  # type: ignore[arg-type]
        world.box.deliver(world.app.folders.pause, letter("stop", sender="Anna <anna@example.com>"))
        return done

    world.transport.outside.hand_over = and_then_somebody_stops  # type: ignore[method-assign,assignment]
    world.run()
    assert is_sent(world) == [True, False]


def test_a_customers_mail_dropped_there_goes_back_to_the_inbox_and_opens_no_second_case(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [mail] = world.box.locations("INBOX")
    world.moves(mail, "pause")
    world.run()
    assert len(world.box.locations("INBOX")) == 1
    assert len(world.cases) == 1


def test_taking_something_out_of_the_folder_releases_nothing(world: World) -> None:
    world.box.deliver(world.app.folders.pause, letter("stop", sender="Anna <anna@example.com>"))
    world.run()
    for location in world.box.locations(world.app.folders.pause):
        world.box.remove([location])
    world.run()
    assert pause.current(world.store).what == "all"


@pytest.mark.parametrize("deleted", [True, False])
def test_without_the_folder_everything_else_goes_on(world: World, deleted: bool) -> None:
    if deleted:
        world.box.delete_folder(world.app.folders.pause)
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    assert world.case.state is State.SENT


def test_releasing_by_mail_can_be_switched_off(tmp_path: Path) -> None:
    config = CONFIG.replace('grace = "60s"', 'grace = "60s"\nreply_approval = "off"')
    world = World(tmp_path, config)
    writes(world, "pause")
    writes(world, "resume")
    assert pause.current(world.store).what == "all"
    world.store.close()


def test_a_copy_in_the_folder_stops_as_well_and_leaves_one_draft(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.box.deliver(world.app.folders.pause, world.raw(draft), flags=("\\Draft",))
    world.run()
    world.run(later=timedelta(minutes=2))
    assert pause.current(world.store).what == "all"
    assert len(world.standing("review")) == 1
    assert world.case.state is State.HELD


def test_a_daemon_on_real_servers_is_stopped_by_the_folder_and_by_mail(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        daemon = office.serving()
        daemon.awaits("mailbox connected")
        office.customer_writes("Hello,\n\nplease refund my order 4711.\n\nAnn")
        daemon.awaits("filed", times=2)
        office.moves_draft("Drafts/Review", "Drafts/Pause")
        daemon.awaits("paused")
        until(lambda: len(office.standing("Drafts/Review")) == 2)
        [found] = office.says("status")
        assert (found["paused"], found["paused by"]) == ("all", "someone with access")
        assert office.standing("Drafts/Pause") == []
        today = format_datetime(datetime.now(UTC)).encode()
        wish = letter("", sender="Anna <anna@example.com>", subject="resume", message_id="<r@example.com>")
        office.imap.deliver("support", wish.replace(b"Mon, 16 Nov 2026 11:00:00 +0000", today))
        daemon.awaits("resumed")
        assert office.says("status")[0]["paused"] == ""
