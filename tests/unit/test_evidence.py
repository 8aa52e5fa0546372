"""What speaks for a rule: only people's decisions on answers as they stood, and only enough of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.case import Event, State
from mailhitl.decision import Channel, Decision
from mailhitl.insight.evidence import BAD, GOOD, Fate, Record, Thresholds, fate, proposal
from mailhitl.insight.interval import wilson

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
ANNA = "anna@example.com"


def row(event: Event, channel: Channel = Channel.REPLY, digest: str = "a", **more: object) -> Decision:
    by = ANNA if channel in (Channel.REPLY, Channel.FOLDER) else str(channel)
    return Decision(event, by, channel, "", NOON, draft_digest=digest, **more)  # type: ignore[arg-type]


HELD = row(Event.HOLD, Channel.RULE)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([HELD], Fate.OPEN),
        ([HELD, row(Event.APPROVE)], Fate.APPROVED),
        ([HELD, row(Event.APPROVE, Channel.FOLDER)], Fate.APPROVED),
        ([HELD, row(Event.APPROVE, digest="b")], Fate.EDITED),
        ([HELD, row(Event.REVISE, digest="b"), row(Event.APPROVE, digest="b")], Fate.EDITED),
        ([HELD, row(Event.REJECT)], Fate.REJECTED),
        ([HELD, row(Event.REJECT, Channel.DAEMON)], Fate.EXPIRED),
        ([HELD, row(Event.ESCALATE), row(Event.APPROVE)], Fate.ESCALATED),
        ([HELD, row(Event.ESCALATE, Channel.DAEMON), row(Event.APPROVE)], Fate.APPROVED),
        ([HELD, row(Event.SUPERSEDE, Channel.HAND)], Fate.BY_HAND),
        ([HELD, row(Event.SUPERSEDE, Channel.DAEMON)], Fate.MOOT),
        ([HELD, row(Event.SHUNT, Channel.DAEMON)], Fate.MOOT),
        ([row(Event.APPROVE, Channel.RULE), row(Event.ACCEPT, Channel.DAEMON)], Fate.SENT),
        ([row(Event.APPROVE, Channel.RULE), row(Event.HOLD, from_state=State.APPROVED)], Fate.OPEN),
        (
            [HELD, row(Event.APPROVE), row(Event.CLAIM, Channel.DAEMON), row(Event.ACCEPT, Channel.DAEMON)],
            Fate.APPROVED,
        ),
        ([], Fate.OPEN),
    ],
)
def test_the_log_tells_what_became_of_an_answer(rows: list[Decision], expected: Fate) -> None:
    assert fate(rows) is expected


def test_what_a_samples_reviewer_said_outweighs_the_log() -> None:
    sent = [row(Event.APPROVE, Channel.RULE), row(Event.ACCEPT, Channel.DAEMON)]
    assert (fate(sent, "right"), fate(sent, "wrong")) == (Fate.RIGHT, Fate.WRONG)


@pytest.mark.parametrize(("good", "edited", "earned"), [(72, 0, False), (73, 0, True), (197, 3, True), (196, 4, False)])
def test_as_many_flawless_answers_are_asked_for_as_the_reference_says(good: int, edited: int, earned: bool) -> None:
    fates = (*[Fate.EDITED] * edited, *[Fate.APPROVED] * good)
    assert (proposal(Record("r", fates), Thresholds()) is not None) is earned


def test_one_rejection_among_the_last_ones_is_enough_to_wait() -> None:
    fates = [Fate.APPROVED] * 199
    assert proposal(Record("r", (*fates[:150], Fate.REJECTED, *fates[150:])), Thresholds()) is None
    assert proposal(Record("r", (*fates[:140], Fate.REJECTED, *fates[140:])), Thresholds()) is not None


def test_an_old_mistake_is_forgotten() -> None:
    old = (*[Fate.REJECTED] * 100, *[Fate.APPROVED] * 200)
    found = proposal(Record("r", old), Thresholds())
    assert found is not None
    assert (found.good, found.decided) == (200, 200)


def test_no_number_of_answers_that_nobody_looked_at_earns_anything() -> None:
    unseen = tuple(each for each in Fate if each not in GOOD | BAD) * 1000
    assert proposal(Record("r", unseen), Thresholds()) is None


FATES = st.lists(st.sampled_from(Fate), max_size=120)


@given(FATES)
def test_one_more_bad_answer_never_earns_what_was_not_earned(fates: list[Fate]) -> None:
    thresholds = Thresholds(0.5, 200, 20)
    if proposal(Record("r", tuple(fates)), thresholds) is None:
        assert all(proposal(Record("r", (*fates, bad)), thresholds) is None for bad in BAD)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_stays_within_its_bounds(good: int, bad: int) -> None:
    low, high = wilson(good, good + bad)
    assert 0 <= low <= high <= 1
    if good + bad:
        assert low <= good / (good + bad) + 1e-12
        assert high >= good / (good + bad) - 1e-12


@pytest.mark.parametrize(
    ("good", "all_", "low", "high"),
    # Newcombe 1998, table I: Wilson's score method without continuity correction.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(good: int, all_: int, low: float, high: float) -> None:
    assert wilson(good, all_) == pytest.approx((low, high), abs=0.0001)
