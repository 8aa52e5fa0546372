"""What the runners remember between two runs: progress, filings, asks, sights, notices, switches, leases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from mailhitl.case import Event, State
from mailhitl.errors import LeaseTaken
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Cursor, Filed, Notice
from mailhitl.store import SqlStore, open_store
from tests.contract.store.samples import DRAFT, MINUTE, NOON, held, moved

HOUR = timedelta(hours=1)


@pytest.fixture
def again(store: SqlStore, url: str) -> Iterator[SqlStore]:
    """The same store, as the next process sees it."""
    store = open_store(url)
    yield store
    store.close()


def notice(key: str, **changes: object) -> Notice:
    plain = Notice(0, "support", key, "packet", "anna@example.com", f"<{key}@example.com>", b"Subject: \xff\x00", NOON)
    return replace(plain, **changes)


def test_a_folder_is_read_on_from_where_it_was_left(store: SqlStore, again: SqlStore) -> None:
    assert store.progress.cursor("support", "INBOX") is None
    store.progress.advance("support", "INBOX", Cursor(7, 41, NOON))
    store.progress.advance("support", "INBOX", Cursor(4_294_967_295, 42, NOON))
    store.progress.advance("sales", "INBOX", Cursor(1, 1, NOON))
    assert again.progress.cursor("support", "INBOX") == Cursor(4_294_967_295, 42, NOON)


def test_a_mail_whose_intake_was_not_finished_is_counted(store: SqlStore, again: SqlStore) -> None:
    first, second = Location("INBOX", 7, 1), Location("INBOX", 7, 2)
    store.progress.begin_attempts("support", [second, first])
    again.progress.begin_attempts("support", [first])
    assert again.progress.attempts("support", first) == 2
    assert again.progress.attempts("support", second) == 1
    assert again.progress.unfinished("support", "INBOX") == [first, second]
    again.progress.end_attempts("support", [first, Location("INBOX", 7, 3)])
    assert store.progress.attempts("support", first) == 0
    assert store.progress.unfinished("support", "INBOX") == [second]
    assert store.progress.unfinished("support", "Archive") == []
    assert store.progress.unfinished("sales", "INBOX") == []


def test_an_attempt_that_says_nothing_about_a_mail_is_given_back(store: SqlStore) -> None:
    once, twice = Location("INBOX", 7, 1), Location("INBOX", 7, 2)
    store.progress.begin_attempts("support", [once, twice])
    store.progress.begin_attempts("support", [twice])
    store.progress.give_back("support", [once, twice])
    assert [store.progress.attempts("support", location) for location in (once, twice)] == [0, 1]
    assert store.progress.unfinished("support", "INBOX") == [twice]


def test_cases_that_lack_a_row_of_a_kind_are_found_without_those_that_have_one(store: SqlStore) -> None:
    first, second = held(store), held(store, 2)
    store.filings.plan(Filed(first.id, 1, "flag", "", "INBOX", NOON), Filed(second.id, 1, "draft", "<d@x>", "D", NOON))
    assert [case.id for case in store.filings.lacking("support", "flag", State.HELD)] == [second.id]
    assert [case.id for case in store.filings.lacking("support", "draft", State.HELD, State.SENT)] == [first.id]
    assert store.filings.lacking("support", "flag", State.REJECTED) == []
    assert store.filings.lacking("sales", "flag", State.HELD) == []
    assert [row.kind for row in store.filings.standing("support", but="flag")] == ["draft"]


def test_a_mail_of_ours_is_planned_then_confirmed_then_withdrawn(store: SqlStore) -> None:
    case = held(store)
    planned = Filed(case.id, 1, "draft", "<d@x>", "Drafts/Review", NOON)
    store.filings.plan(planned)
    assert store.filings.standing("support") == [planned]
    assert store.filings.standing("sales") == []
    store.filings.confirm(planned, at=NOON + MINUTE)
    store.filings.mark_missing(planned, NOON + HOUR)
    assert store.filings.standing("support") == [replace(planned, filed_at=NOON + MINUTE, missing_since=NOON + HOUR)]
    store.filings.mark_missing(planned, None)
    assert store.filings.standing("support") == [replace(planned, filed_at=NOON + MINUTE)]
    store.filings.withdraw(planned)
    assert store.filings.standing("support") == []


def test_a_mail_of_ours_that_is_planned_again_counts_as_not_filed(store: SqlStore) -> None:
    planned = Filed(held(store).id, 1, "draft", "<d@x>", "Drafts/Review", NOON)
    store.filings.plan(planned)
    store.filings.confirm(planned, at=NOON)
    store.filings.plan(replace(planned, planned_at=NOON + HOUR))
    assert store.filings.standing("support") == [replace(planned, planned_at=NOON + HOUR)]


def test_draft_and_packet_and_old_revisions_stand_side_by_side(store: SqlStore) -> None:
    case = held(store)
    draft = Filed(case.id, 1, "draft", "<d@x>", "Drafts/Review", NOON)
    standing = [
        draft,
        replace(draft, folder="Review"),
        replace(draft, kind="packet", message_id="<p@x>"),
        replace(draft, revision=2),
    ]
    for filed in reversed(standing):
        store.filings.plan(filed)
    assert store.filings.standing("support") == standing
    store.filings.withdraw(draft)
    assert store.filings.standing("support") == standing[1:]


def test_an_ask_is_found_by_its_tokens_digest(store: SqlStore) -> None:
    case = held(store)
    ask = store.asks.ask(case, "anna@example.com", "digest-1", NOON, NOON + HOUR)
    other = store.asks.ask(case, "bob@example.com", "digest-2", NOON, NOON + HOUR)
    assert (ask.case_id, ask.revision, ask.draft_digest) == (case.id, 1, DRAFT.digest)
    assert (ask.reviewer, ask.asked_at, ask.expires_at, ask.used_at) == ("anna@example.com", NOON, NOON + HOUR, None)
    assert store.asks.find("digest-1") == ask
    assert store.asks.find("digest-3") is None
    assert store.asks.of(case) == [ask, other]


def test_a_token_burns_once(store: SqlStore, again: SqlStore) -> None:
    ask = store.asks.ask(held(store), "anna@example.com", "digest", NOON, NOON + HOUR)
    assert store.asks.use(ask, NOON + MINUTE)
    assert not again.asks.use(ask, NOON + HOUR)
    used = store.asks.find("digest")
    assert used is not None
    assert used.used_at == NOON + MINUTE


def test_an_ask_and_its_packet_are_remembered_together_or_not_at_all(store: SqlStore) -> None:
    case = held(store)
    store.asks.ask(case, "anna@example.com", "digest", NOON, NOON + HOUR, notice=notice("a"))
    assert [queued.key for queued in store.notices.due("support", NOON)] == ["a"]
    with pytest.raises(ValueError, match="zone"):
        store.asks.ask(case, "anna@example.com", "other", NOON, NOON.replace(tzinfo=None), notice=notice("b"))
    assert [queued.key for queued in store.notices.due("support", NOON)] == ["a"]
    assert len(store.asks.of(case)) == 1


def test_a_sight_keeps_the_time_it_was_first_reported(store: SqlStore, again: SqlStore) -> None:
    assert store.sights.first_seen("support", "draft 1 in Approve", NOON) == NOON
    assert again.sights.first_seen("support", "draft 1 in Approve", NOON + HOUR) == NOON
    assert again.sights.first_seen("sales", "draft 1 in Approve", NOON + HOUR) == NOON + HOUR


def test_a_sight_that_has_gone_is_new_when_it_comes_back(store: SqlStore) -> None:
    for key in ("a", "b" * 20_000, "c"):
        store.sights.first_seen("support", key, NOON)
    store.sights.first_seen("sales", "a", NOON)
    store.sights.keep("support", ["b" * 20_000, "never seen"])
    assert store.sights.first_seen("support", "a", NOON + HOUR) == NOON + HOUR
    assert store.sights.first_seen("support", "b" * 20_000, NOON + HOUR) == NOON
    assert store.sights.first_seen("sales", "a", NOON + HOUR) == NOON


def test_a_notice_is_queued_once_however_often_it_is_asked_for(store: SqlStore) -> None:
    assert not store.notices.known("support", "k")
    assert store.notices.queue(notice("k"))
    assert store.notices.known("support", "k")
    assert not store.notices.known("sales", "k")
    assert not store.notices.queue(notice("k", recipient="bob@example.com"))
    assert store.notices.queue(notice("k", mailbox="sales"))
    (due,) = store.notices.due("support", NOON)
    assert due == notice("k", id=due.id)
    store.notices.mark_sent(due, NOON)
    assert not store.notices.queue(notice("k"))


def test_notices_leave_oldest_first_and_only_when_due(store: SqlStore) -> None:
    for key in ("first", "second", "third"):
        store.notices.queue(notice(key))
    first, second, third = store.notices.due("support", NOON)
    assert [first.key, second.key, third.key] == ["first", "second", "third"]
    store.notices.mark_failed(first, NOON + MINUTE)
    store.notices.mark_sent(second, NOON)
    assert store.notices.due("support", NOON) == [third]
    assert store.notices.due("support", NOON + MINUTE) == [replace(first, attempts=1, next_at=NOON + MINUTE), third]


def test_a_notice_that_was_given_up_is_never_due_again(store: SqlStore) -> None:
    store.notices.queue(notice("k"))
    (due,) = store.notices.due("support", NOON)
    store.notices.mark_failed(due, None)
    assert store.notices.due("support", NOON + 1000 * HOUR) == []
    assert not store.notices.queue(notice("k"))


def test_a_switch_stays_as_it_was_set(store: SqlStore, again: SqlStore) -> None:
    assert store.switches.get("pause") == ""
    store.switches.set("pause", "all", "anna@example.com", NOON)
    assert again.switches.get("pause") == "all"
    again.switches.set("pause", "", "anna@example.com", NOON + MINUTE)
    assert store.switches.get("pause") == ""


def test_the_lease_of_a_mailbox_has_one_holder(store: SqlStore, again: SqlStore) -> None:
    store.switches.take_lease("support", "host-a:17", NOON, NOON + MINUTE)
    with pytest.raises(LeaseTaken, match=r"support is served by host-a:17 until 2026-01-05 12:01") as taken:
        again.switches.take_lease("support", "host-b:4", NOON, NOON + MINUTE)
    assert taken.value.holder == "host-a:17"
    again.switches.take_lease("sales", "host-b:4", NOON, NOON + MINUTE)
    store.switches.take_lease("support", "host-a:17", NOON, NOON + HOUR)
    with pytest.raises(LeaseTaken):
        again.switches.take_lease("support", "host-b:4", NOON + MINUTE, NOON + HOUR)


def test_a_lease_that_ran_out_is_taken_over(store: SqlStore, again: SqlStore) -> None:
    store.switches.take_lease("support", "dead", NOON, NOON + MINUTE)
    again.switches.take_lease("support", "alive", NOON + MINUTE, NOON + HOUR)
    with pytest.raises(LeaseTaken, match="alive"):
        store.switches.take_lease("support", "dead", NOON + MINUTE, NOON + HOUR)


def test_only_its_holder_gives_a_lease_back(store: SqlStore) -> None:
    store.switches.take_lease("support", "a", NOON, NOON + HOUR)
    store.switches.release_lease("support", "b")
    with pytest.raises(LeaseTaken):
        store.switches.take_lease("support", "b", NOON, NOON + HOUR)
    store.switches.release_lease("support", "a")
    store.switches.take_lease("support", "b", NOON, NOON + HOUR)
    with pytest.raises(LeaseTaken):
        store.switches.take_lease("support", "a", NOON, NOON + HOUR)


def test_the_key_is_made_once_and_stays(store: SqlStore, again: SqlStore) -> None:
    assert len(store.key()) == 32
    assert again.key() == store.key()


def test_filings_outlive_their_case_until_they_are_withdrawn(store: SqlStore) -> None:
    case = held(store)
    planned = Filed(case.id, 1, "draft", "<d@x>", "Drafts/Review", NOON)
    store.filings.plan(planned)
    moved(store, case, Event.REJECT)
    assert store.filings.standing("support") == [planned]
