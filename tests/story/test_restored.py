"""A backup of the database is restored, or it is begun anew: nobody is answered twice, and nothing leaves by itself."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import State
from mailhitl.daemon import pause
from mailhitl.decision import Channel
from mailhitl.delivery import Phase, Status
from mailhitl.errors import PermanentFailure
from mailhitl.ports.journal import Entry
from mailhitl.store import open_store
from tests.story.world import CONFIG, World

MINUTE = timedelta(seconds=61)
ANN, BEA = "ann@customer.test", "bea@customer.test"
REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"


def asks_for_the_hours(world: World, **about: str) -> None:
    """A question that a rule answers without a person."""
    world.customer_writes("When are you open?", subject="Opening hours", **about)
    world.run()
    world.run(later=timedelta(minutes=10))


def back_up(world: World) -> None:
    """Copy the database as a careful admin does, while nothing writes. It has signed something before."""
    assert world.app.key
    world.store.close()
    shutil.copy(world.folder / "mailhitl.db", world.folder / "yesterday.db")
    world.store = open_store(f"sqlite:///{world.folder / 'mailhitl.db'}")
    world.restart()


def restore(world: World) -> None:
    """The backup takes the database's place; the mailbox has gone on."""
    world.store.close()
    for leftover in world.folder.glob("mailhitl.db*"):
        leftover.unlink()
    shutil.copy(world.folder / "yesterday.db", world.folder / "mailhitl.db")
    world.store = open_store(f"sqlite:///{world.folder / 'mailhitl.db'}")
    world.restart()


def resume(world: World) -> None:
    pause.turn(world.store, pause.NOTHING, Entry("resume", "admin", Channel.CLI, world.now, why="looked through"))


AWAY = Answer(Status.DEFERRED, Phase.CONNECT, "connection refused")


def approve_all(world: World) -> None:
    """A reviewer moves every draft while the SMTP server is away, so that they stand approved and unsent."""
    drafts = world.standing("review")
    world.transport.answers(*[AWAY for _ in drafts])
    for draft in drafts:
        world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)
    assert {case.state for case in world.cases} == {State.APPROVED}


def unmark_all(world: World) -> None:
    """As a mailbox looks whose server keeps no marks: only the copies in Sent tell."""
    for location in world.box.locations("INBOX"):
        world.box.flag(location, remove=("\\Answered",))


def alerts(world: World) -> list[str]:
    subjects = (str(mail["Subject"]) for mail in world.sent_to("anna@example.com"))
    return [subject for subject in subjects if "older than the mailbox" in subject]


def test_32_what_was_approved_in_a_backup_and_sent_since_is_not_sent_again(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    approve_all(world)
    back_up(world)
    world.run(later=timedelta(minutes=5))
    assert len(world.sent_to(ANN)) == 1
    unmark_all(world)
    restore(world)
    world.run(later=MINUTE)
    resume(world)
    world.run(later=timedelta(hours=1))
    assert len(world.sent_to(ANN)) == 1
    assert world.case.state is State.SUPERSEDED
    assert alerts(world) == ["[mailhitl] the database is older than the mailbox: nothing is sent"]


def test_32_mails_that_the_backup_does_not_know_get_no_second_automatic_answer(world: World) -> None:
    back_up(world)
    asks_for_the_hours(world)
    assert len(world.sent_to(ANN)) == 1
    unmark_all(world)
    restore(world)
    world.run(later=MINUTE)
    resume(world)
    world.run(later=timedelta(minutes=10))
    assert len(world.sent_to(ANN)) == 1
    assert world.case.state is State.SUPERSEDED


def test_32_what_was_approved_and_never_sent_waits_for_people_and_leaves_when_they_say_so(world: World) -> None:
    world.customer_writes(REFUND)
    world.customer_writes(REFUND, sender="Bea <bea@customer.test>", subject="My other order")
    world.run()
    approve_all(world)
    back_up(world)
    world.transport.answers(Answer(Status.ACCEPTED), AWAY)
    world.run(later=timedelta(minutes=5))
    assert (len(world.sent_to(ANN)), len(world.sent_to(BEA))) == (1, 0)
    restore(world)
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.SUPERSEDED, State.HELD]
    resume(world)
    world.run(later=timedelta(minutes=10))
    assert world.sent_to(BEA) == []
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run(later=MINUTE)
    assert (len(world.sent_to(ANN)), len(world.sent_to(BEA))) == (1, 1)


def test_32_a_send_that_the_backup_saw_only_begun_is_not_sent_again(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    approve_all(world)
    world.now += timedelta(minutes=5)
    hand_over = world.transport.outside.hand_over

    def in_the_middle(raw, sender, recipients, *, on_phase):
        shutil.copy(world.folder / "mailhitl.db", world.folder / "yesterday.db")
        shutil.copy(world.folder / "mailhitl.db-wal", world.folder / "yesterday.db-wal")
        return hand_over(raw, sender, recipients, on_phase=on_phase)

    world.transport.outside.hand_over = in_the_middle
    world.run()
    world.transport.outside.hand_over = hand_over
    assert len(world.sent_to(ANN)) == 1
    unmark_all(world)
    world.store.close()
    shutil.copy(world.folder / "yesterday.db-wal", world.folder / "mailhitl.db-wal")
    shutil.copy(world.folder / "yesterday.db", world.folder / "mailhitl.db")
    world.store = open_store(f"sqlite:///{world.folder / 'mailhitl.db'}")
    world.restart()
    assert world.case.state is State.SENDING
    world.run(later=timedelta(minutes=10))
    resume(world)
    world.run(later=timedelta(hours=1))
    assert len(world.sent_to(ANN)) == 1
    assert world.case.state is State.SUPERSEDED


def test_32_a_database_that_was_begun_anew_answers_nobody_again(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace("aliases =", 'start = "2 days"\naliases ='))
    asks_for_the_hours(world)
    assert len(world.sent_to(ANN)) == 1
    unmark_all(world)
    world.store.close()
    for leftover in world.folder.glob("mailhitl.db*"):
        leftover.unlink()
    world.store = open_store(f"sqlite:///{world.folder / 'mailhitl.db'}")
    world.restart()
    world.run(later=MINUTE)
    asks_for_the_hours(world, sender="Bea <bea@customer.test>")
    assert world.sent_to(BEA) == []
    resume(world)
    world.run(later=timedelta(minutes=10))
    assert (len(world.sent_to(ANN)), len(world.sent_to(BEA))) == (1, 1)
    assert len(alerts(world)) == 1


def test_32_a_forgotten_draft_is_never_sent_to_the_customer_who_got_its_number(world: World) -> None:
    back_up(world)
    world.customer_writes(REFUND)
    asks_for_the_hours(world, sender="Bea <bea@customer.test>")
    [forgotten] = world.standing("review")
    [mail] = [at for at in world.box.locations("INBOX") if b"ann@customer.test" in world.raw(at)]
    world.box.remove([mail])
    restore(world)
    world.customer_writes(REFUND, sender="Cid <cid@customer.test>")
    world.run(later=MINUTE)
    world.moves(forgotten, "approve")
    resume(world)
    world.run()
    world.run(later=timedelta(minutes=10))
    assert world.sent_to("cid@customer.test") == []
    assert world.sent_to(ANN) == []


def test_a_mailbox_whose_copies_are_all_known_never_goes_into_safe_mode(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    approve_all(world)
    world.run(later=timedelta(minutes=5))
    world.box.reset_uidvalidity(world.app.folders.sent)
    world.restart()
    world.run(later=MINUTE)
    assert world.store.switches.get(pause.SWITCH) == pause.NOTHING
    assert len(world.sent_to(ANN)) == 1


def test_a_person_who_resumes_is_not_stopped_again_by_the_same_copies(world: World) -> None:
    back_up(world)
    asks_for_the_hours(world)
    restore(world)
    world.run()
    resume(world)
    world.box.reset_uidvalidity(world.app.folders.sent)
    world.run(later=timedelta(hours=2))
    assert world.store.switches.get(pause.SWITCH) == pause.NOTHING
    assert len(alerts(world)) == 1


def test_32_a_database_that_was_cut_short_is_refused_in_words(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    world.store.close()
    whole = (world.folder / "mailhitl.db").read_bytes()
    for left in (50, 4096, len(whole) // 2, len(whole) - 4096):
        cut = world.folder / f"cut-{left}.db"
        cut.write_bytes(whole[:left])
        with pytest.raises(PermanentFailure, match="malformed"):
            open_store(f"sqlite:///{cut}")
