"""A case moves, with its log row and its draft, or nothing happens at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mailhitl.case import Event, Outcome, State
from mailhitl.decision import Channel, Decision, Reason
from mailhitl.draft import Draft
from mailhitl.errors import IllegalTransition, StaleCase
from mailhitl.ports.journal import Hit, Judgment
from mailhitl.store import SqlStore
from tests.contract.store.samples import (
    DRAFT,
    MINUTE,
    NOON,
    approved,
    attempt,
    decision,
    held,
    moved,
    opened,
    sending,
)

EDIT = replace(DRAFT, text="Dear Ann,\n\nno money.\n", author="anna@example.com", attachments=(), complete=True)


def test_a_held_case_carries_its_draft_and_verdict(store: SqlStore) -> None:
    case = held(store)
    assert case == store.cases.get(case.id)
    assert (case.state, case.version, case.revision) == (State.HELD, 1, 1)
    assert (case.outcome, case.group, case.held_at) == (Outcome.REVIEW, "billing", NOON)
    assert case.draft_digest == DRAFT.digest


def test_a_draft_comes_back_as_it_was_proposed(store: SqlStore) -> None:
    assert store.cases.draft(held(store)) == DRAFT


def test_every_revision_of_a_draft_stays_readable(store: SqlStore) -> None:
    first = held(store)
    second = moved(store, first, Event.REVISE, draft=EDIT)
    assert (second.revision, second.draft_digest) == (2, EDIT.digest)
    assert store.cases.draft(second) == EDIT
    assert store.cases.draft(second, 1) == DRAFT
    assert store.cases.draft(first) == DRAFT


def test_the_digest_is_that_of_the_draft_as_it_will_be_sent(store: SqlStore) -> None:
    case = held(store, draft=Draft(("a@example.org",), (), "Re: \x00", "half \udcff a pair", "drafter:x"))
    assert store.cases.draft(case).text == "half \ufffd a pair"
    assert store.cases.draft(case).digest == case.draft_digest


def test_a_judgment_is_written_with_the_move_that_follows_from_it(store: SqlStore) -> None:
    judgment = Judgment(0, 0, NOON, "review", (Hit("Refunds", "review"),), "config abc", b"{}")
    case = moved(store, opened(store), Event.HOLD, draft=DRAFT, judgment=judgment)
    assert store.judgments.of(case.id) == [replace(judgment, case_id=case.id, revision=1)]


def test_a_move_that_comes_too_late_leaves_no_judgment(store: SqlStore) -> None:
    judgment = Judgment(0, 0, NOON, "review", (), "config abc", b"{}")
    case = held(store)
    moved(store, case, Event.REVISE, draft=EDIT)
    with pytest.raises(StaleCase):
        moved(store, case, Event.REVISE, draft=EDIT, judgment=judgment)
    assert store.judgments.of(case.id) == []


def test_the_log_says_who_how_why_and_on_which_draft(store: SqlStore) -> None:
    case = opened(store)
    why = Decision(
        Event.HOLD,
        by="rule:Refunds",
        channel=Channel.RULE,
        why="Money \x00 leaves\nthe company.",
        at=NOON,
        code="money",
        proof="folder:Drafts/Approve",
        reasons=(Reason("Refunds", Outcome.REVIEW, "Money \udcff leaves."), Reason("gate", Outcome.BLOCK, "x")),
        versions="rules 3f",
    )
    case = store.cases.move(case, Event.HOLD, why, draft=DRAFT)
    assert store.cases.log(case) == [
        replace(
            why,
            why="Money \ufffd leaves\nthe company.",
            revision=1,
            draft_digest=DRAFT.digest,
            from_state=State.RECEIVED,
            to_state=State.HELD,
        )
    ]


def test_a_decision_on_an_older_revision_says_so_in_the_log(store: SqlStore) -> None:
    case = moved(store, held(store), Event.REVISE, draft=EDIT)
    why = decision(Event.REJECT, revision=1, draft_digest=DRAFT.digest)
    last = store.cases.log(store.cases.move(case, Event.REJECT, why))[-1]
    assert (last.revision, last.draft_digest) == (1, DRAFT.digest)


def test_an_illegal_step_leaves_no_trace(store: SqlStore) -> None:
    case = opened(store)
    with pytest.raises(IllegalTransition, match="a received case cannot claim"):
        moved(store, case, Event.CLAIM, draft=DRAFT)
    assert store.cases.get(case.id) == case
    assert store.cases.log(case) == []


def test_who_looked_at_an_older_version_is_told_so(store: SqlStore) -> None:
    old = held(store)
    new = moved(store, old, Event.REVISE, draft=EDIT)
    with pytest.raises(StaleCase, match=f"case {old.id}"):
        moved(store, old, Event.APPROVE)
    assert store.cases.get(old.id) == new
    assert len(store.cases.log(new)) == 2


def test_an_error_in_mid_move_leaves_nothing_behind(store: SqlStore) -> None:
    case = held(store)
    unreadable = decision(Event.REVISE, at=datetime(2026, 1, 5, 12))  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        store.cases.move(case, Event.REVISE, unreadable, draft=EDIT)
    assert store.cases.get(case.id) == case
    assert len(store.cases.log(case)) == 1
    with pytest.raises(KeyError):
        store.cases.draft(case, 2)
    assert moved(store, case, Event.REVISE, draft=EDIT).revision == 2


def test_a_group_and_an_outcome_stay_until_a_move_names_new_ones(store: SqlStore) -> None:
    case = moved(store, held(store), Event.REVISE)
    assert (case.group, case.outcome) == ("billing", Outcome.REVIEW)
    case = moved(store, case, Event.ESCALATE, group="lead", outcome=Outcome.BLOCK)
    assert (case.group, case.outcome) == ("lead", Outcome.BLOCK)
    assert moved(store, case, Event.ESCALATE, group="").group == ""


def test_the_time_to_leave_is_set_by_approval_and_delay_and_forgotten_when_held_again(store: SqlStore) -> None:
    case = moved(store, held(store), Event.APPROVE, not_before=NOON + MINUTE)
    assert case.not_before == NOON + MINUTE
    assert moved(store, case, Event.CLAIM).not_before == NOON + MINUTE
    case = moved(store, store.cases.get(case.id), Event.DEFER, not_before=NOON + 2 * MINUTE)
    assert case.not_before == NOON + 2 * MINUTE
    case = moved(store, case, Event.HOLD, not_before=NOON)
    assert case.not_before is None
    assert moved(store, case, Event.APPROVE).not_before is None
    assert store.cases.get(case.id).not_before is None


def test_the_hold_begins_when_a_case_becomes_held_and_not_at_every_edit(store: SqlStore) -> None:
    case = held(store)
    case = store.cases.move(case, Event.REVISE, decision(Event.REVISE, at=NOON + MINUTE))
    assert case.held_at == NOON
    case = moved(store, case, Event.APPROVE)
    case = store.cases.move(case, Event.HOLD, decision(Event.HOLD, at=NOON + 2 * MINUTE))
    assert case.held_at == NOON + 2 * MINUTE


def test_a_shunted_case_starts_anew_with_its_history(store: SqlStore) -> None:
    case = moved(store, held(store), Event.SHUNT, Event.RETRY, Event.HOLD, draft=EDIT)
    assert (case.state, case.revision) == (State.HELD, 4)
    assert [row.to_state for row in store.cases.log(case)] == [
        State.HELD,
        State.SHUNTED,
        State.RECEIVED,
        State.HELD,
    ]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Event.ACCEPT, State.SENT),
        (Event.DEFER, State.APPROVED),
        (Event.REFUSE, State.HELD),
        (Event.LOSE, State.HELD),
    ],
)
def test_the_end_of_an_attempt_is_written_with_the_move(store: SqlStore, event: Event, state: State) -> None:
    case = sending(store)
    ended = replace(attempt(case), ended_at=NOON + MINUTE)
    case = moved(store, case, event, delivery=ended)
    assert case.state is state
    assert store.deliveries.of(case) == [ended]


def test_a_claim_that_comes_too_late_starts_no_attempt(store: SqlStore) -> None:
    case = approved(store)
    moved(store, case, Event.HOLD)
    with pytest.raises(StaleCase):
        moved(store, case, Event.CLAIM, delivery=attempt(case))
    assert store.deliveries.of(case) == []
