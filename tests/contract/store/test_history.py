"""The log tells when somebody has touched it: decisions, and the journal beside them."""

from __future__ import annotations

import pytest

from mailhitl.case import Event
from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.ports.log import Head
from mailhitl.store import SqlStore
from tests.contract.store.samples import MINUTE, NOON, held, moved, sent, tamper


@pytest.fixture
def log(store: SqlStore) -> SqlStore:
    """Two cases whose rows alternate: 1, 3 and 5 are the first's, 2 and 4 the second's."""
    first, second = held(store, 1), held(store, 2)
    first, second = moved(store, first, Event.REVISE), moved(store, second, Event.APPROVE)
    moved(store, first, Event.REJECT)
    return store


def test_a_log_that_nobody_touched_is_whole(log: SqlStore) -> None:
    sent(log, 3)
    assert log.broken() == ""


def test_an_empty_log_is_whole(store: SqlStore) -> None:
    assert store.broken() == ""


@pytest.mark.parametrize(
    "change",
    [
        "by = 'eve@example.com'",
        "at = '2026-01-05 12:00:01+00:00'",
        "event = 'escalate'",
        "case_id = 2",
        "revision = 2",
        "draft_digest = NULL",
        "reasons = '[]'",
        "proof = 'reply'",
        "seal = 'ab'",
        "chain = 'ab'",
    ],
)
def test_an_altered_row_is_found(log: SqlStore, url: str, change: str) -> None:
    column = '"by" =' if change.startswith("by") else change.split("=")[0] + "="
    tamper(url, f"UPDATE decisions SET {column} {change.split('= ')[1]} WHERE id = 1")
    assert log.broken() == f"decision 1 (case {2 if 'case_id' in change else 1}) does not follow from the one before it"


@pytest.mark.parametrize(
    "change",
    ["why = 'nothing'", "salt = 'ab'", """reasons = '[["Refunds", "review", "Nothing leaves."]]'"""],
)
def test_altered_words_are_found(log: SqlStore, url: str, change: str) -> None:
    tamper(url, f"UPDATE decisions SET {change} WHERE id = 1")
    assert log.broken() == "decision 1 (case 1) does not say any more what was logged"


def test_words_that_were_blanked_without_an_erasure_are_found(log: SqlStore, url: str) -> None:
    tamper(url, "UPDATE decisions SET salt = '', why = '' WHERE id = 3")
    assert log.broken() == "decision 3 has lost its words, and no entry says that they were erased"


def test_words_put_into_an_erased_row_are_found(log: SqlStore, url: str) -> None:
    tamper(url, "UPDATE decisions SET salt = '', why = 'Eve said so' WHERE id = 2")
    assert log.broken() == "decision 2 (case 2) is erased, and yet says something"


def test_a_removed_row_is_found(log: SqlStore, url: str) -> None:
    tamper(url, "DELETE FROM decisions WHERE id = 2")
    assert log.broken().startswith("decision 3 (case 1)")


def test_swapped_rows_are_found(log: SqlStore, url: str) -> None:
    for old, new in ((2, 100), (3, 2), (100, 3)):
        tamper(url, f"UPDATE decisions SET id = {new} WHERE id = {old}")
    assert log.broken().startswith("decision 2 (case 1)")


def test_an_inserted_row_is_found(log: SqlStore, url: str) -> None:
    columns = (
        '"event", "by", channel, why, at, code, proof, revision, draft_digest, reasons, versions, from_state, to_state,'
        " salt, seal"
    )
    tamper(
        url,
        f"INSERT INTO decisions (id, case_id, chain, {columns})"
        f" SELECT 9, 2, chain, {columns} FROM decisions WHERE id = 5",
    )
    assert log.broken().startswith("decision 9 (case 2)")


def test_rows_cut_off_the_end_are_found(log: SqlStore, url: str) -> None:
    tamper(url, "DELETE FROM decisions WHERE id = 5")
    assert log.broken() == "case 1 is rejected after 3 moves, the log says held after 2"


def test_a_state_without_its_decision_is_found(log: SqlStore, url: str) -> None:
    tamper(url, "UPDATE cases SET state = 'approved' WHERE id = 1")
    assert log.broken() == "case 1 is approved after 3 moves, the log says rejected after 3"


@pytest.fixture
def journal(store: SqlStore) -> SqlStore:
    for number in range(3):
        store.journal.add(Entry("promote", "anna@example.com", Channel.CLI, NOON, f"Rule {number}", why="good"))
    return store


@pytest.mark.parametrize(
    "change", ["subject = 'Rule 9'", "kind = 'demote'", "seal = 'ab'", "code = 'x'", 'data = \'{"n": "3"}\'']
)
def test_an_altered_entry_is_found(journal: SqlStore, url: str, change: str) -> None:
    assert journal.broken() == ""
    tamper(url, f"UPDATE journal SET {change} WHERE id = 2")
    assert journal.broken() == "entry 2 does not follow from the one before it"


@pytest.mark.parametrize("change", ["why = 'bad'", "proof = 'folder'"])
def test_an_entrys_altered_words_are_found(journal: SqlStore, url: str, change: str) -> None:
    tamper(url, f"UPDATE journal SET {change} WHERE id = 2")
    assert journal.broken() == "entry 2 does not say any more what was logged"


def test_a_removed_entry_is_found_also_at_the_end(journal: SqlStore, url: str) -> None:
    tamper(url, "DELETE FROM journal WHERE id = 3")
    assert journal.broken() == "the journal does not end with the entry that was written last"
    tamper(url, "DELETE FROM journal WHERE id = 1")
    assert journal.broken() == "entry 2 does not follow from the one before it"


def test_an_anchor_finds_a_tail_that_was_reckoned_anew(log: SqlStore, url: str) -> None:
    anchors = log.log.heads()
    assert log.log.verify(anchors).problem == ""
    moved(log, held(log, 3), Event.APPROVE)
    assert log.log.verify(anchors).problem == ""
    rewritten = log.log.heads()[0].link
    tamper(url, "DELETE FROM decisions WHERE id = 7")
    tamper(url, f"UPDATE cases SET version = 1, state = 'held' WHERE id = 3 AND '{rewritten}' <> ''")
    assert log.log.verify(anchors).problem == ""
    assert "decision 7, which the anchor knows" in log.log.verify([Head("decisions", 7, rewritten)]).problem
    assert "decision 2 (case 2) is not the one" in log.log.verify([Head("decisions", 2, rewritten)]).problem


def test_progress_is_told_and_the_rows_are_counted(log: SqlStore) -> None:
    found = log.log.verify()
    assert (found.problem, found.decisions, found.entries, found.erased) == ("", 5, 0, 0)
    assert [(head.log, head.row) for head in found.heads] == [("decisions", 5)]


def test_rows_are_read_in_order_with_what_is_known_of_their_cases(log: SqlStore) -> None:
    log.journal.add(Entry("right", "anna@example.com", Channel.REPLY, NOON, case_id=1))
    rows = list(log.log.rows())
    assert [(row.log, row.id) for row in rows] == [*(("decisions", n) for n in range(1, 6)), ("journal", 1)]
    assert {(row.mailbox, row.sender, row.subject) for row in rows} == {("support", "Ann@example.org", "Refund")}
    assert [(row.log, row.id) for row in log.log.after(4, 0)] == [("decisions", 5), ("journal", 1)]
    assert [row.id for row in log.log.newest(2)] == [5, 1]
    assert list(log.log.rows(since=NOON + MINUTE)) == []
    assert list(log.log.rows(until=NOON)) == []


def test_a_draft_that_is_not_the_one_that_was_approved_is_found(store: SqlStore, url: str) -> None:
    sent(store, 1)
    assert store.log.verify(texts=True).problem == ""
    tamper(url, "UPDATE drafts SET text = 'Dear Eve' WHERE id = 1")
    assert store.log.verify().problem == ""
    assert store.log.verify(texts=True).problem == "draft 1 of case 1 is not the one of decision 1"
    tamper(url, "DELETE FROM attachments")
    tamper(url, "DELETE FROM drafts")
    assert store.log.verify(texts=True).problem == "draft 1 of case 1 is not the one of decision 1"
