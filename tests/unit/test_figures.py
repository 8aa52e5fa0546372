"""The figures: what a case's log says of it, and how that is counted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.case import Case, Event, State
from mailhitl.decision import Channel
from mailhitl.insight.course import DECIDED, JUDGED, MARKS, Course
from mailhitl.insight.figures import LINES, Figures, Queue, Tally, reckon
from mailhitl.insight.interval import wilson
from mailhitl.insight.share import Share
from mailhitl.insight.week import Week, last_due, week
from tests.unit.courses import ANNA, BERLIN, CLOCK, HOUR, MINUTE, MONDAY, WEEK, about, course, held, row, rule

METRICS = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
SPAN = WEEK.span(BERLIN)
LATER = MONDAY + HOUR


def counted(*courses: Course) -> Figures:
    return reckon(courses, SPAN, CLOCK)


@pytest.mark.parametrize(
    ("log", "marks"),
    [
        ([rule(Event.APPROVE, "send")], {"automatic"}),
        ([rule(Event.SKIP, "skip")], {"skipped"}),
        ([rule(Event.HOLD, "block"), row(Event.SUPERSEDE, code="answered-by-hand")], {"blocked", "by-hand"}),
        ([held(), row(Event.APPROVE)], {"reviewed", "unedited"}),
        ([held(), row(Event.APPROVE, author=ANNA, distance=0.2)], {"reviewed", "edited"}),
        ([held(), row(Event.APPROVE, author=ANNA, distance=0.0)], {"reviewed", "unedited"}),
        ([held(), row(Event.REJECT)], {"reviewed", "rejected"}),
        ([held(), row(Event.REJECT, code="expired", channel="daemon")], {"reviewed", "expired"}),
        ([held(), row(Event.ESCALATE), row(Event.APPROVE, LATER)], {"reviewed", "escalated", "unedited"}),
        ([held(), row(Event.REJECT, code="forgotten", channel="cli")], {"reviewed"}),
        ([held(), row(Event.ESCALATE)], {"reviewed"}),
        ([held(), row(Event.SUPERSEDE, code="customer-wrote-again")], {"reviewed", "overtaken"}),
        ([rule(Event.APPROVE, "send"), row(Event.HOLD, channel="folder")], {"automatic", "stopped"}),
        ([held(), row(Event.APPROVE), row(Event.HOLD, channel="folder")], {"reviewed", "stopped"}),
        ([held(), row(Event.APPROVE), row(Event.LOSE), row(Event.SUPERSEDE, code="reply-arrived")],
         {"reviewed", "unedited", "lost"}),
        ([held(), row(Event.REJECT), row(Event.APPROVE, LATER)], {"reviewed", "unedited"}),
        ([row(Event.SHUNT)], {"shunted"}),
    ],
)  # fmt: skip
def test_a_case_has_the_marks_that_its_log_says(log: list[object], marks: set[str]) -> None:
    assert set(course(*log).marks) == marks  # type: ignore[arg-type]


def test_an_answer_written_into_a_skeleton_is_no_edit() -> None:
    approved = row(Event.APPROVE, author=ANNA, distance=0.9)
    assert "written" in course(held(), approved, case=about(template="skeleton")).marks


def test_closing_a_case_without_a_draft_overrides_nobody() -> None:
    blocked = course(rule(Event.HOLD, "block"), row(Event.REJECT), case=about(template="", drafter=""))
    skeleton = course(held(), row(Event.REJECT), case=about(template="skeleton"))
    figures = counted(blocked, skeleton)
    assert figures.total.counts["closed"] == 2
    assert figures.total.overridden == Share(0, 0)


def test_errors_are_charged_to_the_approval_whenever_they_come_in() -> None:
    found = course(held(), row(Event.APPROVE, LATER), outcomes=["bounce"])
    assert found.marks["bounce"] == LATER
    figures = counted(found, course(rule(Event.APPROVE, "send")))
    assert figures.total.failed == Share(1, 2)
    assert figures.by["rule"]["Refunds"].counts["bounce"] == 1


def test_an_error_about_what_was_never_approved_here_is_charged_to_nothing() -> None:
    assert "bounce" not in course(held(), row(Event.REJECT), outcomes=["bounce"]).marks


def test_every_case_is_counted_once_and_under_every_rule_that_hit() -> None:
    both = course(held(), row(Event.APPROVE, LATER), case=about(rules=("Refunds", "Large refunds")))
    figures = counted(both, course(rule(Event.APPROVE, "send"), case=about(2, rules=(), intent="")))
    assert figures.total.volume == 2
    assert {name: tally.volume for name, tally in figures.by["rule"].items()} == {
        "Refunds": 1,
        "Large refunds": 1,
        "": 1,
    }
    assert set(figures.by["intent"]) == {"refund", ""}


def test_what_was_judged_in_one_week_and_decided_in_the_next_counts_in_each() -> None:
    late = course(held(), row(Event.REJECT, MONDAY + timedelta(days=7)))
    figures = counted(late)
    assert figures.total.counts == {"reviewed": 1}
    assert figures.weeks[WEEK].counts == {"reviewed": 1}
    assert figures.weeks[Week(2026, 47)].counts == {"rejected": 1}


def test_turnaround_is_office_time_and_expiry_has_none() -> None:
    friday = datetime(2026, 11, 13, 15, 0, tzinfo=UTC)
    monday = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
    over_night = course(held(friday), row(Event.APPROVE, monday))
    assert over_night.since == friday
    assert CLOCK.office(friday, monday) == 2 * 3600
    expired = course(held(), row(Event.REJECT, LATER, code="expired", channel="daemon"))
    assert list(counted(expired).total.waits) == []


def test_approvals_within_half_a_minute_are_hasty_and_a_move_has_its_grace() -> None:
    asked = about(asked_at=MONDAY)
    quick = course(held(), row(Event.APPROVE, MONDAY + MINUTE / 4), case=asked)
    slow = course(held(), row(Event.APPROVE, MONDAY + 5 * MINUTE), case=asked)
    moved = course(held(), row(Event.APPROVE, MONDAY + 1.25 * MINUTE, channel=str(Channel.FOLDER)), case=asked)
    assert counted(quick, slow, moved).total.hasty == Share(2, 3)


def test_the_queue_is_as_old_as_the_office_time_that_its_cases_wait() -> None:
    def waits(number: int, hours: int) -> Case:
        return Case(number, "support", State.HELD, 1, "", "", "", "", MONDAY, "", 1, 1, held_at=LATER - hours * HOUR)

    queue = Queue.of([waits(1, 0), waits(2, 1), *[waits(number, 100) for number in range(3, 6)]], LATER, CLOCK)
    assert (queue.ages.n, queue.oldest) == (5, 3)
    assert queue.ages.p50 == CLOCK.office(LATER - 100 * HOUR, LATER)
    assert Queue.of([], LATER, CLOCK).oldest is None


def test_load_counts_every_decision_of_a_person_and_none_of_a_machine() -> None:
    figures = counted(course(held(), row(Event.ESCALATE), row(Event.ESCALATE, channel="daemon"), row(Event.APPROVE)))
    assert figures.load == {ANNA: 2}


def test_a_percentage_of_fewer_than_five_is_never_shown() -> None:
    assert str(Share(2, 3)) == "2 of 3"
    assert str(Share(3, 5)) == "3 of 5, 60 % (23–88 %)"
    assert Share(2, 4).rate is None
    few = counted(*[course(held(), row(Event.APPROVE, LATER), case=about(n)) for n in range(4)])
    assert LINES["turnaround p50"].of(few.total, CLOCK) is None


def test_the_interval_is_wilsons() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_lies_between_none_and_all(hits: int, misses: int) -> None:
    low, high = wilson(hits, hits + misses)
    share = hits / (hits + misses) if hits + misses else 0.5
    assert 0.0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1.0


def test_shares_of_one_whole_add_up() -> None:
    logs = [[held(), row(Event.APPROVE, LATER)], [held(), row(Event.REJECT, LATER)], [rule(Event.APPROVE, "send")]]
    total = counted(*[course(*log, case=about(number)) for number, log in enumerate(logs)]).total
    assert total.number(*JUDGED) == total.volume == 3
    assert total.number(*DECIDED) == total.decided == 2
    assert total.kept.hits + total.overridden.hits == total.kept.n


def test_time_saved_is_the_estimate_that_the_reference_states() -> None:
    tally = Tally()
    tally.counts.update({"automatic": 10, "unedited": 5, "edited": 5})
    assert tally.saved(6.0) == pytest.approx(6 * (10 + 4 + 2))


def test_the_reference_defines_every_figure_and_mark_by_its_name() -> None:
    page = METRICS.read_text(encoding="utf-8")
    told = re.findall(r"^\| `([^`]+)` \| (.*) \|$", page, re.MULTILINE)
    assert [(name, says) for name, says in told if name in LINES][: len(LINES)] == [
        (name, line.definition) for name, line in LINES.items()
    ]
    marks = page[page.index("## Marks") :]
    assert re.findall(r"^\| `([^`]+)` \| (.*) \|$", marks, re.MULTILINE) == list(MARKS.items())


def test_a_week_is_written_as_iso_8601_has_it() -> None:
    assert str(week("2026-w01")) == "2026-W01"
    assert Week.of(week("2027-W01").back().monday) == Week(2026, 53)
    for wrong in ("2026-54", "2026-W54", "W46", "2025-W53"):
        with pytest.raises(ValueError, match="week"):
            week(wrong)


def test_61_a_week_in_which_the_clocks_change_is_an_hour_longer_or_shorter() -> None:
    lengths = [span.until - span.since for span in (Week(2026, n).span(BERLIN) for n in (13, 43, 44))]
    assert lengths == [timedelta(hours=167), timedelta(hours=169), timedelta(hours=168)]


@pytest.mark.parametrize("at", [time(2, 30), time(8), time(0), time(23, 59)])
@pytest.mark.parametrize("weekday", range(7))
def test_61_over_two_years_of_changing_clocks_every_week_falls_due_once(at: time, weekday: int) -> None:
    moment, seen = datetime(2025, 12, 1, tzinfo=UTC), []
    while moment < datetime(2027, 12, 1, tzinfo=UTC):
        due, after = last_due(moment.astimezone(BERLIN), weekday, at)
        seen.append(due)
        assert after > moment
        moment = after
    assert [str(each) for each in seen] == [str(seen[0].back(-number)) for number in range(len(seen))]


def test_a_report_is_due_at_its_minute_and_speaks_of_the_whole_week_before() -> None:
    monday = datetime(2026, 11, 16, 8, 0, tzinfo=BERLIN)
    assert last_due(monday, 0, time(8))[0] == Week(2026, 46)
    assert last_due(monday - timedelta(seconds=1), 0, time(8))[0] == Week(2026, 45)
    assert last_due(monday, 4, time(8))[0] == Week(2026, 45)
