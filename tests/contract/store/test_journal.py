"""The journal and the judgments: what was decided beside the moves of cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry, Hit, Judgment
from mailhitl.ports.store import Store
from tests.contract.store.samples import held

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def entry(kind: str, subject: str = "Opening hours", *, minutes: int = 0, key: str = "") -> Entry:
    at = AT + timedelta(minutes=minutes)
    return Entry(kind, "anna@example.com", Channel.REPLY, at, subject, why="wörds", data={"n": "40"}, key=key)


def test_the_journal_gives_back_what_was_written_in_order(store: Store) -> None:
    written = [entry("promote"), entry("demote", minutes=1), entry("promote", "Other rule", minutes=2)]
    assert [store.journal.add(each) for each in written] == [True] * 3
    read = store.journal.entries()
    assert [(each.kind, each.subject, each.at) for each in read] == [(e.kind, e.subject, e.at) for e in written]
    assert (read[0].by, read[0].channel, read[0].why, read[0].data) == (
        "anna@example.com",
        Channel.REPLY,
        "wörds",
        {"n": "40"},
    )


def test_the_journal_is_asked_by_kind_subject_case_and_time(store: Store) -> None:
    case = held(store)
    for each in (entry("promote"), entry("bounce", minutes=5), entry("promote", "Other rule", minutes=9)):
        store.journal.add(each)
    store.journal.add(Entry("wrong", "ann", Channel.REPLY, AT, case_id=case.id))
    journal = store.journal
    assert len(journal.entries({"promote"})) == 2
    assert len(journal.entries({"promote", "bounce"}, subject="Opening hours")) == 2
    assert [each.kind for each in journal.entries(case_id=case.id)] == ["wrong"]
    assert [
        each.kind for each in journal.entries(since=AT + timedelta(minutes=5), until=AT + timedelta(minutes=9))
    ] == ["bounce"]


def test_an_entry_with_a_key_is_written_once(store: Store) -> None:
    assert store.journal.add(entry("bounce", key="bounce:1"))
    assert not store.journal.add(entry("bounce", key="bounce:1"))
    assert len(store.journal.entries()) == 1


def test_judgments_are_read_by_case_and_by_time(store: Store) -> None:
    case = held(store)
    first = Judgment(case.id, 1, AT, "review", (Hit("Refunds", "review", ""),), "config abc", b'{"now": "x"}')
    second = Judgment(case.id, 2, AT + timedelta(hours=1), "send", (), "config abc", b"{}")
    for each in (first, second):
        store.judgments.add(each)
    assert list(store.judgments.of(case.id)) == [first, second]
    assert list(store.judgments.since(AT + timedelta(minutes=1))) == [second]


def test_what_hit_first_drafts_is_read_newest_first(store: Store) -> None:
    one, other = held(store), held(store, 2)
    sends = (Hit("Hours", "send", "review", would_send=True), Hit("Refunds", "review"))
    store.judgments.add(Judgment(one.id, 1, AT, "review", sends, "config abc", b"{}"))
    store.judgments.add(Judgment(one.id, 2, AT + timedelta(hours=1), "review", (), "config abc", b"{}"))
    store.judgments.add(Judgment(other.id, 0, AT + timedelta(hours=2), "block", (), "config abc", b"{}"))
    assert list(store.judgments.hits()) == [(other.id, AT + timedelta(hours=2), ()), (one.id, AT, sends)]


def test_judgments_are_counted_and_those_whose_words_are_erased_apart(store: Store) -> None:
    case, other = held(store), held(store, 2)
    store.judgments.add(Judgment(case.id, 1, AT, "review", (), "config abc", b"{}"))
    store.judgments.add(Judgment(other.id, 1, AT, "review", (), "config abc", b""))
    store.judgments.add(Judgment(other.id, 2, AT, "review", (), "config abc", b""))
    assert (store.judgments.count(AT), store.judgments.erased(AT)) == (1, 1)
    assert store.judgments.count(AT + timedelta(minutes=1)) == 0
    assert [each.case_id for each in store.judgments.since(AT)] == [case.id]
