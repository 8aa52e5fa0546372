"""Nobody answers: people are reminded, others are asked, and at last the case is closed unsent (checklist 29, 61)."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import Event, State
from mailhitl.daemon import cycle
from mailhitl.decision import Channel
from mailhitl.errors import TemporaryFailure
from tests.story.world import CONFIG, World, text_of

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"
ANN, ANNA, BEN = "ann@customer.test", "anna@example.com", "ben@example.com"
#: Held on Monday at noon in Berlin: reminded at 14:00, escalated on Tuesday at 12:00, closed on Saturday at noon.
TO_ESCALATION, TO_EXPIRY = timedelta(days=1), timedelta(days=5)
LOOK_TWICE = timedelta(minutes=10)


def held(world: World, text: str = REFUND, **about: str) -> None:
    world.customer_writes(text, **about)
    world.run()
    assert world.cases[-1].state is State.HELD


def mails(world: World, to: str, about: str) -> list[EmailMessage]:
    """The agent's own mails to this person whose subject has these words."""
    return [mail for mail in world.sent_to(to) if about in str(mail["Subject"])]


def reminders(world: World, to: str = ANNA) -> list[str]:
    return [text_of(mail) for mail in mails(world, to, "for you, since")]


def last_answer(world: World) -> str:
    return text_of([mail for mail in world.sent_to(ANNA) if str(mail["Subject"]).startswith("Re:")][-1])


def days_pass(world: World, days: float) -> None:
    """A quiet mailbox, looked at every hour."""
    for _ in range(int(days * 24)):
        world.run(later=HOUR)


# -- reminders


def test_a_reviewer_is_reminded_of_all_that_waits_in_one_mail(world: World) -> None:
    held(world)
    world.now += HOUR
    held(world, "Please refund order 4712.", subject="Other order", sender="Bob <bob@customer.test>")
    assert reminders(world) == []
    world.run(later=HOUR)
    [mail] = reminders(world)
    assert "2 answers wait" in mail
    assert mail.index("since Mon 16 Nov, 12:00: My order") < mail.index("since Mon 16 Nov, 13:00: Other order")
    assert reminders(world, BEN) == []


def test_a_reminder_is_sent_once_however_often_the_agent_restarts(world: World) -> None:
    held(world)
    world.run(later=2 * HOUR)
    for _ in range(3):
        world.restart()
        world.run(later=MINUTE)
    assert len(reminders(world)) == 1
    world.run(later=2 * HOUR)
    assert len(reminders(world)) == 2


def test_a_reminder_that_was_cut_off_is_sent_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held(world)
    world.now += 2 * HOUR
    with monkeypatch.context() as patch:
        patch.setattr(world.store.switches.__class__, "set", _locked)
        with pytest.raises(TemporaryFailure):
            cycle.run_once(world.app)
    world.restart()
    world.run(later=MINUTE)
    assert len(reminders(world)) == 1


def test_nobody_is_reminded_at_night_or_on_a_weekend(world: World) -> None:
    world.now += timedelta(days=4, hours=3, minutes=45)
    held(world)
    days_pass(world, 2.7)
    assert reminders(world) == []
    days_pass(world, 0.1)
    assert len(reminders(world)) == 1


def test_the_worker_wakes_when_something_falls_due(world: World) -> None:
    held(world)
    assert world.app.agenda.due == world.now + 2 * HOUR


def test_a_broken_template_of_the_admins_does_not_stop_reminders(tmp_path: Path) -> None:
    (tmp_path / "own" / "notice").mkdir(parents=True)
    (tmp_path / "own" / "notice" / "reminder.txt.j2").write_text("{{ nothing_of_that_name }}")
    world = World(tmp_path, CONFIG.replace("TEMPLATES", str(tmp_path / "own")))
    held(world)
    world.run(later=2 * HOUR)
    [mail] = reminders(world)
    assert "1 answer waits for you, since Mon 16 Nov, 12:00" in mail
    world.store.close()


# -- escalation


def test_29_without_a_decision_the_next_group_is_asked_and_then_nobody_twice(world: World) -> None:
    held(world)
    world.run(later=TO_ESCALATION - MINUTE)
    assert world.case.group == "support"
    assert world.sent_to(BEN) == []
    world.run(later=MINUTE)
    assert world.case.group == "billing"
    [packet] = mails(world, BEN, "[Review]")
    assert "Nobody has decided since Mon 16 Nov, 12:00, so billing is asked." in text_of(packet)
    days_pass(world, 3.5)
    rows = [row for row in world.store.cases.log(world.case) if row.event is Event.ESCALATE]
    assert [(row.by, row.channel, row.code, row.proof) for row in rows] == [
        ("daemon", Channel.DAEMON, "silence", "group:billing"),
        ("daemon", Channel.DAEMON, "silence", "group:"),
    ]
    assert len(mails(world, BEN, "[Review]")) == 1
    assert world.sent_to(ANN) == []


def test_who_is_asked_later_can_approve_with_a_token_of_their_own(world: World) -> None:
    held(world)
    world.run(later=TO_ESCALATION)
    world.answers(world.packet_for(BEN), "approve", sender="Ben <ben@example.com>")
    world.run()
    assert len(world.sent_to(ANN)) == 1
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert "already" in last_answer(world)
    assert len(world.sent_to(ANN)) == 1


def test_a_hand_in_a_folder_is_no_silence(world: World) -> None:
    held(world)
    world.run(later=TO_ESCALATION - MINUTE / 2)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run(later=MINUTE / 2)
    assert world.case.group == "support"
    world.run(later=2 * MINUTE)
    assert world.case.state is State.SENT


# -- expiry


def test_the_packet_says_when_it_is_closed(world: World) -> None:
    held(world)
    assert "on Sat 21 Nov, 12:00" in text_of(world.packet_for(ANNA))


def test_29_no_timeout_approves_and_at_last_everybody_hears_that_nobody_answered(world: World) -> None:
    held(world)
    for _ in range(5):
        assert world.case.state is State.HELD
        world.run(later=timedelta(days=1))
    world.run(later=LOOK_TWICE)
    assert world.case.state is State.REJECTED
    assert world.sent_to(ANN) == []
    [row] = [row for row in world.store.cases.log(world.case) if row.event is Event.REJECT]
    assert (row.by, row.channel, row.code) == ("daemon", Channel.DAEMON, "expired")
    assert "\\Flagged" in world.flags(world.case)
    assert "\\Answered" not in world.flags(world.case)
    assert world.standing("review") + world.standing("review", packet=True) == []
    [alert] = mails(world, BEN, "not answered")
    assert "The customer was not answered" in text_of(alert)
    days_pass(world, 7)
    assert world.sent_to(ANN) == []
    assert len(mails(world, BEN, "not answered")) == 1


def test_a_late_approval_of_a_closed_case_is_told_so(world: World) -> None:
    held(world)
    world.run(later=TO_EXPIRY)
    world.run(later=LOOK_TWICE)
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert "already rejected" in last_answer(world)
    assert world.sent_to(ANN) == []


def test_an_approval_given_while_the_agent_was_down_counts_before_the_expiry(world: World) -> None:
    held(world)
    world.now += TO_EXPIRY - HOUR
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.now += 2 * HOUR
    world.restart()
    world.run()
    assert world.case.state is State.HELD, "the grace period runs"
    world.run(later=2 * MINUTE)
    assert world.case.state is State.SENT


def test_61_a_clock_a_day_ahead_for_a_moment_closes_nothing(world: World) -> None:
    held(world)
    right = world.now + TO_EXPIRY - HOUR
    world.now = right + timedelta(days=1)
    world.run()
    world.now = right
    world.run(later=LOOK_TWICE)
    assert world.case.state is State.HELD
    reminded = len(reminders(world))
    world.run(later=MINUTE)
    assert len(reminders(world)) == reminded


@pytest.mark.parametrize("held_on", ["2026-10-23T15:00:00+00:00", "2027-03-26T16:00:00+00:00"])
def test_61_a_change_of_the_clocks_shifts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_on: str
) -> None:
    monkeypatch.setattr("tests.story.world.MONDAY_NOON", datetime.fromisoformat(held_on))
    world = World(tmp_path)
    held(world)
    days_pass(world, 2.5)
    assert reminders(world) == []
    days_pass(world, 1)
    assert world.case.group == "support"
    assert reminders(world)
    days_pass(world, 2)
    assert world.case.state is State.REJECTED
    world.store.close()


# -- snooze, redraft, help


def test_a_snoozed_case_is_left_alone_and_can_still_be_approved(world: World) -> None:
    held(world)
    packet = world.packet_for(ANNA)
    world.answers(packet, "snooze 4h")
    world.run()
    assert "before Mon 16 Nov, 16:00. The draft stays where it is" in last_answer(world)
    world.restart()
    world.run(later=3 * HOUR)
    assert reminders(world) == []
    assert len(world.standing("review")) == 1
    world.run(later=HOUR)
    assert len(reminders(world)) == 1
    world.answers(packet, "approve")
    world.run()
    assert len(world.sent_to(ANN)) == 1


def test_a_snooze_puts_off_the_escalation(world: World) -> None:
    held(world)
    world.answers(world.packet_for(ANNA), "snooze until tomorrow")
    world.run()
    assert "before Tue 17 Nov, 09:00" in last_answer(world)
    world.run(later=TO_ESCALATION)
    assert world.case.group == "support"
    world.run(later=timedelta(days=1))
    assert world.case.group == "billing"


@pytest.mark.parametrize(
    ("said", "told"),
    [("snooze", "for how long"), ("snooze a while", "for how long"), ("snooze 3w", "closed on Sat 21 Nov, 12:00")],
)
def test_a_snooze_that_cannot_be_is_told_so(world: World, said: str, told: str) -> None:
    held(world)
    version = world.case.version
    world.answers(world.packet_for(ANNA), said)
    world.run()
    assert told in last_answer(world)
    assert world.case.version == version


def test_a_redraft_is_answered_honestly(world: World) -> None:
    held(world)
    world.answers(world.packet_for(ANNA), "redraft: friendlier, please")
    world.run()
    assert "no language model is set up" in last_answer(world)
    assert "edit:" in last_answer(world)
    assert world.case.revision == 1


@pytest.mark.parametrize("said", ["help", "?", "approve?"])
def test_who_asks_is_told_what_can_be_done(world: World, said: str) -> None:
    held(world)
    world.answers(world.packet_for(ANNA), said)
    world.run()
    for choice in ("“approve”", "“edit: your text”", "“reject: why”", "“escalate: group or name”", "“snooze 2h”"):
        assert choice in last_answer(world)
    assert world.case.state is State.HELD


def test_a_blocked_case_offers_no_approval(world: World) -> None:
    held(world, "My lawyer will write to you. Refund me.")
    world.answers(world.packet_for(ANNA), "help")
    world.run()
    assert "“reject: why”" in last_answer(world)
    assert "“approve”" not in last_answer(world)


# -- 29: nothing works


def _locked(*_: object, **__: object) -> None:
    raise TemporaryFailure("database is locked")


def test_29_while_the_mailbox_is_away_nobody_counts_as_silent(world: World) -> None:
    held(world)
    world.now += TO_EXPIRY + HOUR
    for _ in range(3):
        world.box.fail_next("status", TemporaryFailure("connection lost"))
        with pytest.raises(TemporaryFailure):
            cycle.run_once(world.app)
        world.now += LOOK_TWICE
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []
    world.run()
    world.run(later=LOOK_TWICE)
    assert world.case.state is State.REJECTED


def test_29_while_the_database_is_locked_nothing_is_sent_and_later_it_escalates(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(world)
    world.now += TO_ESCALATION
    with monkeypatch.context() as patch:
        patch.setattr(world.store.cases.__class__, "move", _locked)
        with pytest.raises(TemporaryFailure):
            cycle.run_once(world.app)
    assert world.case.group == "support"
    world.run()
    assert world.case.group == "billing"
    assert world.sent_to(ANN) == []


def test_29_while_the_rules_are_broken_nothing_is_sent_and_silence_still_escalates(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(world)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mailhitl.daemon.facts.verdict", broken)
    world.customer_writes("When are you open?", subject="Hours", sender="Bob <bob@customer.test>")
    world.run(later=TO_ESCALATION)
    assert world.cases[0].group == "billing"
    assert world.sent_to(ANN) + world.sent_to("bob@customer.test") == []
    world.run(later=TO_EXPIRY)
    world.run(later=LOOK_TWICE)
    assert world.cases[0].state is State.REJECTED
    assert world.sent_to(ANN) + world.sent_to("bob@customer.test") == []
