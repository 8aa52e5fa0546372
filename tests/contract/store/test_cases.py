"""A mail becomes one case, and is found again by every road."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailhitl.case import Event, State
from mailhitl.decision import Channel
from mailhitl.mail.message import Address
from mailhitl.ports.mailbox import Location
from mailhitl.store import SqlStore
from tests.contract.store.samples import (
    NOON,
    approved,
    arrival,
    decision,
    held,
    in_every_state,
    moved,
    opened,
    sent,
)


def test_a_new_mail_becomes_a_received_case(store: SqlStore) -> None:
    case = opened(store)
    assert case == store.cases.get(case.id)
    assert (case.mailbox, case.state, case.version, case.revision) == ("support", State.RECEIVED, 0, 0)
    assert (case.message_id, case.thread) == ("<m1@example.org>", "<m1@example.org>")
    assert (case.sender, case.subject, case.opened_at) == ("Ann@example.org", "Refund", NOON)
    assert (case.folder, case.uidvalidity, case.uid) == ("INBOX", 7, 1)
    assert (case.outcome, case.draft_digest, case.not_before, case.held_at) == (None, None, None, None)
    assert store.cases.log(case) == []


def test_a_known_mail_opens_no_second_case_but_its_new_place_is_kept(store: SqlStore) -> None:
    case = opened(store)
    assert store.cases.open(arrival(location=Location("Archive", 9, 4_294_967_295))) is None
    assert [known.id for known in in_every_state(store)] == [case.id]
    found = store.cases.get(case.id)
    assert (found.folder, found.uidvalidity, found.uid) == ("Archive", 9, 4_294_967_295)
    assert found.version == case.version


def test_mails_with_one_message_id_and_different_content_are_two_cases(store: SqlStore) -> None:
    first, second = opened(store, 1, message_message_id="<same@x>"), opened(store, 2, message_message_id="<same@x>")
    assert first.id != second.id
    assert [case.id for case in store.cases.answering("support", ["<same@x>"])] == [first.id, second.id]


def test_one_mail_in_two_mailboxes_is_two_cases(store: SqlStore) -> None:
    assert opened(store, mailbox="support").id != opened(store, mailbox="sales").id


@pytest.mark.parametrize("case_id", [0, -1, 2, 2**31, 10**30])
def test_a_case_that_is_not_there_is_a_key_error(store: SqlStore, case_id: int) -> None:
    opened(store)
    with pytest.raises(KeyError):
        store.cases.get(case_id)


@pytest.mark.parametrize("revision", [None, 0, -1, 1, 10**30])
def test_a_draft_that_is_not_there_is_a_key_error(store: SqlStore, revision: int | None) -> None:
    with pytest.raises(KeyError):
        store.cases.draft(opened(store), revision)


def test_cases_are_listed_by_state_and_mailbox_oldest_first(store: SqlStore) -> None:
    first, second = held(store, 1), held(store, 2)
    other, waiting = held(store, 3, mailbox="sales"), opened(store, 4)
    assert [case.id for case in store.cases.in_state(State.HELD)] == [first.id, second.id, other.id]
    assert [case.id for case in store.cases.in_state(State.HELD, mailbox="support")] == [first.id, second.id]
    assert store.cases.in_state(State.HELD, State.RECEIVED, mailbox="support") == [first, second, waiting]
    assert list(store.cases.in_state()) == []


def test_recent_cases_come_newest_first(store: SqlStore) -> None:
    first, second, other = opened(store, 1), opened(store, 2), opened(store, 3, mailbox="sales")
    assert store.cases.recent() == [other, second, first]
    assert store.cases.recent(limit=1, mailbox="support") == [second]


def test_a_thread_is_found_within_its_mailbox(store: SqlStore) -> None:
    first, second = opened(store, 1, thread="<root@x>"), opened(store, 2, thread="<root@x>")
    opened(store, 3, thread="<other@x>")
    opened(store, 4, thread="<root@x>", mailbox="sales")
    assert store.cases.in_thread("support", "<root@x>") == [first, second]


def test_only_open_cases_can_be_answered_by_hand(store: SqlStore) -> None:
    rejected = moved(store, held(store, 1), Event.REJECT)
    waiting, leaving = held(store, 2), approved(store, 3)
    opened(store, 4, mailbox="sales")
    ids = ["", "<nobody@x>", rejected.message_id, waiting.message_id, leaving.message_id, "<m4@example.org>"]
    assert store.cases.answering("support", ids) == [waiting, leaving]


def test_a_flood_of_ids_finds_the_one_that_counts(store: SqlStore) -> None:
    case = opened(store)
    flood = [f"<{number}@flood>" for number in range(3_000)]
    assert store.cases.answering("support", [*flood, case.message_id]) == [case]
    assert store.cases.answering("support", []) == []


@pytest.mark.parametrize("source", [b"", b"Subject: x\r\n\r\n\x00\xff\xfe\r\n.\r\n", b"long " * 100_000])
def test_the_source_comes_back_byte_for_byte(store: SqlStore, source: bytes) -> None:
    assert store.cases.source(opened(store, source=source)) == source


def test_what_an_engine_cannot_hold_does_not_stop_a_mail(store: SqlStore) -> None:
    broken = "<\x00\udcff\ud83d" + "x" * 16_000 + ">"
    sender = (Address("", "a" * 4_000 + "@example.org"),)
    strange = {"message_message_id": broken, "message_subject": broken, "message_senders": sender}
    case = opened(store, thread=broken, **strange)
    assert case.subject == "<\ufffd\ufffd\ufffd" + "x" * 16_000 + ">"
    assert store.cases.in_thread("support", broken) == [case]
    assert store.cases.answering("support", [broken]) == [case]
    assert store.cases.correspondence("support", sender[0].spec) == (1, 0)


def test_times_come_back_in_utc_whatever_zone_they_were_written_in(store: SqlStore) -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    case = opened(store, arrived=NOON.astimezone(kolkata))
    assert case.opened_at == NOON
    assert case.opened_at.utcoffset() == timedelta(0)


def test_a_time_without_its_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="zone"):
        opened(store, arrived=datetime(2026, 1, 5, 12))  # noqa: DTZ001
    assert in_every_state(store) == []


def test_correspondence_counts_a_senders_cases_and_answers(store: SqlStore) -> None:
    sent(store, 1)
    held(store, 2)
    sent(store, 3, mailbox="sales")
    opened(store, 4, message_senders=())
    assert store.cases.correspondence("support", "ANN@example.org") == (2, 1)
    assert store.cases.correspondence("support", "bob@example.org") == (0, 0)
    assert store.cases.correspondence("support", "") == (0, 0)


def test_the_log_of_one_case_tells_nothing_of_another(store: SqlStore) -> None:
    first, second = held(store, 1), held(store, 2)
    store.cases.move(second, Event.REJECT, decision(Event.REJECT, channel=Channel.REPLY, code="tone"))
    assert [row.event for row in store.cases.log(first)] == [Event.HOLD]
    assert [(row.event, row.code) for row in store.cases.log(second)] == [(Event.HOLD, ""), (Event.REJECT, "tone")]
