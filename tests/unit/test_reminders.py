"""What silence leads to, and when: reminders, escalation, expiry, snoozing; never an approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mailhitl.case import Case, Event, State
from mailhitl.config.hours import office_hours
from mailhitl.config.schema import ReviewConfig
from mailhitl.decision import Channel, Decision
from mailhitl.review.reminders import Action, Escalate, Expire, Memory, Patience, Plan, Remind, Team, plan, waiting
from mailhitl.review.reviewers import Reviewer, Reviewers
from mailhitl.review.snooze import snoozed_until

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = office_hours("Mon-Fri 09:00-17:00")
HOUR = timedelta(hours=1)
ANNA, BEN, CARA = "anna@example.com", "ben@example.com", "cara@example.com"
PEOPLE = Reviewers(
    (
        Reviewer("Anna", ANNA, frozenset({"support"})),
        Reviewer("Ben", BEN, frozenset({"billing"})),
        Reviewer("Cara", CARA, frozenset({"legal"})),
    )
)
TEAM = Team(lambda group: [person.address for person in PEOPLE.in_group(group)], PEOPLE.next_group)


def berlin(text: str) -> datetime:
    """``2026-11-16 12:00`` on the clock in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def office(since: datetime, wait: timedelta) -> datetime:
    return HOURS.after(since.astimezone(BERLIN), wait).astimezone(UTC)


PATIENCE = Patience(2 * HOUR, 8 * HOUR, timedelta(days=5), office, BERLIN)
#: A Monday.
HELD = berlin("2026-11-16 10:00")


def moments(first: str, last: str) -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime.fromisoformat(first), datetime.fromisoformat(last), timezones=st.just(UTC))


def case(number: int = 1, group: str = "support", held: datetime = HELD, digest: str = "words") -> Case:
    return Case(
        *(number, "support", State.HELD, 1, f"<{number}@x>", f"{number}", "ann@customer.test", "Order", held, "INBOX"),
        uidvalidity=1,
        uid=number,
        group=group,
        revision=1,
        draft_digest=digest,
        held_at=held,
    )


def row(event: Event, at: datetime, *, code: str = "", why: str = "", proof: str = "", by: str = ANNA) -> Decision:
    entered = State.RECEIVED if event is Event.HOLD else State.HELD
    return Decision(event, by, Channel.REPLY, why, at, code, proof, 1, "words", from_state=entered, to_state=State.HELD)


def planned(now: datetime, one: Case, *log: Decision, memory: Memory = Memory(), patience: Patience = PATIENCE) -> Plan:  # noqa: B008
    return plan([waiting(one, [row(Event.HOLD, one.held_at or HELD), *log], patience)], memory, TEAM, now, patience)


def kinds(made: Plan) -> list[str]:
    return [type(action).__name__ for action in made.actions]


# -- reminders


def test_nobody_is_reminded_before_two_office_hours_have_passed() -> None:
    early = planned(HELD + 2 * HOUR - timedelta(seconds=1), case())
    assert early.actions == ()
    assert early.next_look == HELD + 2 * HOUR
    [remind] = planned(HELD + 2 * HOUR, case()).actions
    assert isinstance(remind, Remind)
    assert (remind.to, [one.case.id for one in remind.cases]) == (ANNA, [1])


def test_a_person_is_reminded_once_in_each_period() -> None:
    first = HELD + 2 * HOUR
    memory = Memory({ANNA: first})
    assert planned(first, case(), memory=memory).actions == ()
    assert planned(first + 2 * HOUR - timedelta(seconds=1), case(), memory=memory).actions == ()
    assert kinds(planned(first + 2 * HOUR, case(), memory=memory)) == ["Remind"]


def test_one_mail_lists_all_that_waits_oldest_first() -> None:
    cases = [case(1, held=HELD + HOUR), case(2, held=HELD), case(3, group="billing", held=HELD)]
    made = plan([waiting(one, [], PATIENCE) for one in cases], Memory(), TEAM, HELD + 2 * HOUR, PATIENCE)
    assert [(a.to, [one.case.id for one in a.cases]) for a in made.actions if isinstance(a, Remind)] == [
        (ANNA, [2, 1]),
        (BEN, [3]),
    ]


def test_nobody_is_reminded_while_the_office_is_closed() -> None:
    late = planned(berlin("2026-11-16 20:00"), case())
    assert late.actions == ()
    assert late.next_look == berlin("2026-11-17 09:00")


def test_who_has_approved_already_is_not_reminded() -> None:
    log = row(Event.ENDORSE, HELD + HOUR)
    assert planned(HELD + 2 * HOUR, case(), log).actions == ()
    two = [waiting(case(group="support,billing"), [row(Event.HOLD, HELD), log], PATIENCE)]
    made = plan(two, Memory(), replace(TEAM, asked=lambda group: [ANNA, BEN]), HELD + 2 * HOUR, PATIENCE)
    assert [action.to for action in made.actions if isinstance(action, Remind)] == [BEN]


def test_an_edit_does_not_restart_the_clock() -> None:
    assert kinds(planned(HELD + 2 * HOUR, case(), row(Event.REVISE, HELD + HOUR))) == ["Remind"]


def test_a_case_that_came_back_starts_anew() -> None:
    again = HELD + 3 * HOUR
    back = replace(row(Event.REFUSE, again), from_state=State.SENDING)
    snoozed = row(Event.REVISE, HELD, code="snooze", why="2d")
    assert planned(HELD + 4 * HOUR, case(held=again), snoozed, back).actions == ()
    assert kinds(planned(HELD + 5 * HOUR, case(held=again), snoozed, back)) == ["Remind"]


def test_a_reminder_from_the_future_is_the_word_of_a_wrong_clock() -> None:
    memory = Memory({ANNA: HELD + timedelta(days=1)})
    assert kinds(planned(HELD + 2 * HOUR, case(), memory=memory)) == ["Remind"]


# -- escalation


def test_after_eight_office_hours_the_next_group_is_asked() -> None:
    due = berlin("2026-11-17 10:00")
    assert "Escalate" not in kinds(planned(due - timedelta(seconds=1), case()))
    [escalate] = planned(due, case()).actions
    assert isinstance(escalate, Escalate)
    assert escalate.to == "billing"


@pytest.mark.parametrize(
    ("group", "tried", "then"),
    [
        ("support", (), "billing"),
        ("billing", ("billing",), "legal"),
        ("legal", ("billing", "legal"), ""),
        ("", ("billing", "legal", ""), None),
        ("legal", (), ""),
        ("support", ("billing",), "legal"),
        ("support", ("billing", "legal", ""), None),
        ("nobody-is-in-it", (), None),
        ("support,billing", (), "legal"),
        ("support,billing,legal", (), None),
    ],
)
def test_silence_leads_to_each_group_once_and_at_last_to_everybody(
    group: str, tried: tuple[str, ...], then: str | None
) -> None:
    def asked(groups: str) -> list[str]:
        return [person.address for name in groups.split(",") for person in PEOPLE.in_group(name)]

    log = [row(Event.HOLD, HELD)]
    log += [row(Event.ESCALATE, HELD, code="silence", proof=f"group:{name}", by="daemon") for name in tried]
    made = plan(
        [waiting(case(group=group), log, PATIENCE)],
        *(Memory(), replace(TEAM, asked=asked), berlin("2026-11-18 12:00"), PATIENCE),
    )
    assert [action.to for action in made.actions if isinstance(action, Escalate)] == ([] if then is None else [then])


def test_a_new_group_has_its_own_eight_hours() -> None:
    moved = berlin("2026-11-17 10:00")
    log = row(Event.ESCALATE, moved, code="silence", proof="group:billing")
    assert "Escalate" not in kinds(planned(berlin("2026-11-17 16:00"), case(group="billing"), log))
    assert "Escalate" in kinds(planned(berlin("2026-11-18 10:00"), case(group="billing"), log))


def test_zero_switches_reminders_and_escalation_off() -> None:
    never = replace(PATIENCE, remind=timedelta(0), escalate=timedelta(0))
    quiet = planned(HELD + timedelta(days=4), case(), patience=never)
    assert quiet.actions == ()
    assert quiet.next_look == HELD + timedelta(days=5)


# -- expiry


def test_a_case_is_closed_when_two_looks_find_it_expired() -> None:
    end = HELD + timedelta(days=5)
    assert "Expire" not in kinds(planned(end - timedelta(seconds=1), case()))
    first = planned(end, case())
    assert first.actions == ()
    assert first.overdue == {1: end}
    assert first.next_look == end + timedelta(minutes=10)
    second = planned(end + timedelta(minutes=10), case(), memory=Memory({}, first.overdue))
    assert kinds(second) == ["Expire"]


def test_a_clock_a_day_ahead_for_a_moment_closes_nothing() -> None:
    now = HELD + timedelta(days=4, hours=12)
    ahead = planned(now + timedelta(days=1), case())
    assert ahead.actions == ()
    assert ahead.overdue
    right_again = planned(now + timedelta(minutes=11), case(), memory=Memory({}, ahead.overdue))
    assert right_again.overdue == {}
    assert "Expire" not in kinds(right_again)


def test_snoozing_does_not_move_the_expiry() -> None:
    end = HELD + timedelta(days=5)
    snoozed = row(Event.REVISE, HELD + timedelta(days=4), code="snooze", why="2d")
    made = planned(end + timedelta(minutes=10), case(), snoozed, memory=Memory({}, {1: end}))
    assert kinds(made) == ["Expire"]


def test_a_case_that_would_be_closed_at_once_is_refused_by_the_config() -> None:
    with pytest.raises(ValidationError, match="longer than nothing"):
        ReviewConfig.model_validate({"expire_after": "0s"})


# -- snoozing


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("2h", "2026-11-16 12:00"),
        ("for 30 minutes", "2026-11-16 10:30"),
        ("1 day", "2026-11-17 10:00"),
        ("1w", "2026-11-23 10:00"),
        ("until tomorrow", "2026-11-17 09:00"),
        ("Tomorrow.", "2026-11-17 09:00"),
        ("bis morgen", "2026-11-17 09:00"),
        ("until 2026-11-21", "2026-11-23 09:00"),
        ("", None),
        ("a while", None),
        ("-2h", None),
        ("2026-13-01", None),
        ("99999h", None),
    ],
)
def test_how_long_is_read_as_people_say_it(said: str, until: str | None) -> None:
    assert snoozed_until(said, HELD, BERLIN, office) == (berlin(until) if until else None)


def test_a_snoozed_case_is_brought_up_again_at_its_end() -> None:
    snoozed = row(Event.REVISE, HELD + HOUR, code="snooze", why="4h")
    made = planned(HELD + 3 * HOUR, case(), snoozed)
    assert made.actions == ()
    assert made.next_look == HELD + 5 * HOUR
    assert kinds(planned(HELD + 5 * HOUR, case(), snoozed)) == ["Remind"]


def test_a_snoozed_case_is_not_listed_among_the_others() -> None:
    snoozed = [row(Event.HOLD, HELD), row(Event.REVISE, HELD + HOUR, code="snooze", why="4h")]
    made = plan(
        [waiting(case(1), snoozed, PATIENCE), waiting(case(2), [], PATIENCE)],
        *(Memory(), TEAM, HELD + 2 * HOUR, PATIENCE),
    )
    assert [[one.case.id for one in action.cases] for action in made.actions if isinstance(action, Remind)] == [[2]]


def test_escalation_waits_for_the_end_of_the_snooze() -> None:
    snoozed = row(Event.REVISE, berlin("2026-11-17 09:30"), code="snooze", why="1d")
    assert "Escalate" not in kinds(planned(berlin("2026-11-18 09:00"), case(), snoozed))
    assert "Escalate" in kinds(planned(berlin("2026-11-19 09:30"), case(), snoozed))


def test_what_one_group_snoozed_is_not_snoozed_for_the_next() -> None:
    snoozed = row(Event.REVISE, HELD, code="snooze", why="3d")
    escalated = row(Event.ESCALATE, HELD + HOUR, by=ANNA)
    assert kinds(planned(HELD + 3 * HOUR, case(group="billing"), snoozed, escalated)) == ["Remind"]


# -- whatever happens

MOMENTS = moments("2026-10-20", "2026-11-05")
ROWS = st.builds(
    row,
    st.sampled_from([Event.REVISE, Event.ESCALATE, Event.ENDORSE]),
    MOMENTS,
    code=st.sampled_from(["", "snooze", "silence", "reply-approve"]),
    why=st.sampled_from(["", "2h", "until tomorrow", "3d", "approve"]),
    proof=st.sampled_from(["", "group:billing", "group:"]),
    by=st.sampled_from([ANNA, BEN, "daemon"]),
)


@settings(deadline=None)
@given(
    held=MOMENTS,
    now=MOMENTS,
    log=st.lists(ROWS, max_size=4),
    group=st.sampled_from(["support", "billing", "legal", "", "none"]),
    reminded=st.dictionaries(st.sampled_from([ANNA, BEN]), MOMENTS),
    overdue=st.dictionaries(st.just(1), MOMENTS),
)
def test_silence_only_ever_reminds_escalates_or_closes_and_never_early(
    held: datetime,
    now: datetime,
    log: Sequence[Decision],
    group: str,
    reminded: dict[str, datetime],
    overdue: dict[int, datetime],
) -> None:
    made = planned(now, case(group=group, held=held), *log, memory=Memory(reminded, overdue))
    assert all(isinstance(action, Action) for action in made.actions)
    assert made.next_look is None or made.next_look > now
    for action in made.actions:
        if isinstance(action, Expire):
            assert now >= held + PATIENCE.expire
            assert now - overdue[1] >= PATIENCE.second_look
        else:
            assert HOURS.covers(now.astimezone(BERLIN))
        if isinstance(action, Escalate):
            assert now - held >= PATIENCE.escalate
            assert now < held + PATIENCE.expire


@settings(max_examples=50, deadline=None)
@given(held=MOMENTS, minutes=st.integers(30, 240))
def test_however_often_it_looks_each_period_has_one_reminder_and_each_group_one_escalation(
    held: datetime, minutes: int
) -> None:
    now, memory, one, rows = held, Memory(), case(held=held), [row(Event.HOLD, held)]
    reminders: dict[str, list[datetime]] = {}
    tried: list[str] = []
    while now < held + timedelta(days=6):
        made = plan([waiting(one, rows, PATIENCE)], memory, TEAM, now, PATIENCE)
        for action in made.actions:
            if isinstance(action, Remind):
                reminders.setdefault(action.to, []).append(now)
                memory = Memory({**memory.reminded, action.to: now}, memory.overdue)
            elif isinstance(action, Escalate):
                tried.append(action.to)
                rows.append(row(Event.ESCALATE, now, code="silence", proof=action.proof, by="daemon"))
                one = replace(one, group=action.to)
            else:
                assert now >= held + PATIENCE.expire + PATIENCE.second_look
                assert len(tried) == len(set(tried))
                return
        memory = Memory(memory.reminded, made.overdue)
        assert all(office(a, PATIENCE.remind) <= b for times in reminders.values() for a, b in pairwise(times))
        now += timedelta(minutes=minutes)
    raise AssertionError("it was never closed")
