"""Attempts, what is left to do after a send, and the counts that the rate caps rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailhitl.case import Event
from mailhitl.decision import Channel
from mailhitl.delivery import Handover, Phase, RecipientResult, Status
from mailhitl.errors import StaleCase
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
    sent,
    sent_by_a_rule,
)


def test_an_attempt_is_remembered_with_what_the_server_said(store: SqlStore) -> None:
    case = sending(store)
    results = (
        RecipientResult("ann@example.org", Status.ACCEPTED, "250 ok"),
        RecipientResult("bob@example.org", Status.DEFERRED, "451 später \udcff"),
    )
    ended = attempt(case).ended(Handover(results, Phase.DONE), NOON + MINUTE)
    case = moved(store, case, Event.DEFER, delivery=ended)
    case = moved(store, case, Event.CLAIM, delivery=attempt(case, 2))
    assert store.deliveries.of(case) == [ended, attempt(case, 2)]


def test_a_phase_is_recorded_for_its_attempt_only(store: SqlStore) -> None:
    case = moved(store, sending(store), Event.DEFER)
    case = moved(store, case, Event.CLAIM, delivery=attempt(case, 2))
    store.deliveries.record_phase(case, 2, Phase.BODY)
    assert [delivery.phase for delivery in store.deliveries.of(case)] == [Phase.CONNECT, Phase.BODY]


def test_a_phase_of_no_attempt_is_refused(store: SqlStore) -> None:
    case = sending(store)
    with pytest.raises(StaleCase):
        store.deliveries.record_phase(case, 2, Phase.BODY)


@pytest.mark.parametrize("event", [Event.DEFER, Event.REFUSE, Event.LOSE, Event.ACCEPT])
def test_a_phase_is_refused_once_the_case_was_taken_over(store: SqlStore, event: Event) -> None:
    claimed = sending(store)
    moved(store, claimed, event)
    with pytest.raises(StaleCase):
        store.deliveries.record_phase(claimed, 1, Phase.BODY)
    assert store.deliveries.of(claimed) == [attempt(claimed)]


def test_a_phase_of_an_attempt_is_refused_once_a_newer_one_is_under_way(store: SqlStore) -> None:
    claimed = sending(store)
    case = moved(store, claimed, Event.DEFER)
    newer = moved(store, case, Event.CLAIM, delivery=attempt(case, 2))
    for stale in (claimed, newer):
        with pytest.raises(StaleCase):
            store.deliveries.record_phase(stale, 1, Phase.BODY)
    assert [delivery.phase for delivery in store.deliveries.of(newer)] == [Phase.CONNECT, Phase.CONNECT]


def test_a_phase_of_an_attempt_that_has_ended_is_refused(store: SqlStore) -> None:
    case = approved(store)
    ended = attempt(case).ended(Handover((), Phase.RCPT), NOON)
    case = moved(store, case, Event.CLAIM, delivery=ended)
    with pytest.raises(StaleCase):
        store.deliveries.record_phase(case, 1, Phase.BODY)


def test_a_sent_case_waits_for_its_copy_and_its_flag(store: SqlStore) -> None:
    held(store, 1)
    sent(store, 2, mailbox="sales")
    case = sent(store, 3)
    assert store.deliveries.uncopied("support") == [case]
    assert store.deliveries.pending_marks(case) == (True, True)
    store.deliveries.mark_copied(case)
    assert store.deliveries.pending_marks(case) == (False, True)
    assert store.deliveries.uncopied("support") == [case]
    store.deliveries.mark_answered(case)
    store.deliveries.mark_answered(case)
    assert store.deliveries.pending_marks(case) == (False, False)
    assert store.deliveries.uncopied("support") == []


def test_what_was_never_sent_waits_for_nothing(store: SqlStore) -> None:
    case = sending(store)
    assert store.deliveries.pending_marks(case) == (False, False)
    assert store.deliveries.uncopied("support") == []


def test_answers_that_a_rule_alone_approved_are_counted(store: SqlStore) -> None:
    sent_by_a_rule(store, 1)
    sent_by_a_rule(store, 2, at=NOON + MINUTE, draft=replace(DRAFT, cc=()))
    sent(store, 3)
    assert store.cases.automatic_sends("support", NOON) == 2
    assert store.cases.automatic_sends("support", NOON + MINUTE) == 1
    assert store.cases.automatic_sends("support", NOON + 2 * MINUTE) == 0
    assert store.cases.automatic_sends("sales", NOON) == 0


def test_automatic_answers_are_counted_per_recipient(store: SqlStore) -> None:
    sent_by_a_rule(store, 1, draft=replace(DRAFT, to=("Ann@Example.org",), cc=("bob@example.org", "BOB@example.org")))
    sent_by_a_rule(store, 2, draft=replace(DRAFT, cc=()))
    assert store.cases.automatic_sends("support", NOON, "ANN@example.org") == 2
    assert store.cases.automatic_sends("support", NOON, "bob@example.org") == 1
    assert store.cases.automatic_sends("support", NOON, "eve@example.org") == 0


def test_automatic_answers_are_counted_per_domain(store: SqlStore) -> None:
    sent_by_a_rule(store, 1, draft=replace(DRAFT, to=("ann@Example.org",), cc=("bob@example.org",)))
    sent_by_a_rule(store, 2, draft=replace(DRAFT, to=("eve@example.org",), cc=()))
    assert store.cases.automatic_sends("support", NOON, "@EXAMPLE.org") == 2
    assert store.cases.automatic_sends("support", NOON, "@org") == 0
    assert store.cases.automatic_sends("support", NOON) == 2


def test_an_answer_that_a_person_approved_after_a_rule_did_is_not_automatic(store: SqlStore) -> None:
    case = store.cases.move(opened(store), Event.APPROVE, decision(Event.APPROVE, channel=Channel.RULE), draft=DRAFT)
    moved(store, case, Event.HOLD, Event.APPROVE, Event.CLAIM, Event.ACCEPT)
    assert store.cases.automatic_sends("support", NOON) == 0


def test_an_automatic_answer_counts_only_once_the_server_took_it(store: SqlStore) -> None:
    case = store.cases.move(opened(store), Event.APPROVE, decision(Event.APPROVE, channel=Channel.RULE), draft=DRAFT)
    case = moved(store, case, Event.CLAIM)
    assert store.cases.automatic_sends("support", NOON) == 0
    moved(store, case, Event.ACCEPT)
    assert store.cases.automatic_sends("support", NOON) == 1
