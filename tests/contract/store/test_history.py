"""The log tells when somebody has touched it."""

from __future__ import annotations

import pytest

from mailhitl.case import Event
from mailhitl.store import SqlStore
from tests.contract.store.samples import held, moved, sent, tamper


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
        "why = 'nothing'",
        "by = 'eve@example.com'",
        "at = '2026-01-05 12:00:01+00:00'",
        "event = 'escalate'",
        "case_id = 2",
        "revision = 2",
        "draft_digest = NULL",
        "reasons = '[]'",
        "proof = 'reply'",
        "chain = 'ab'",
    ],
)
def test_an_altered_row_is_found(log: SqlStore, url: str, change: str) -> None:
    column = '"by" =' if change.startswith("by") else change.split("=")[0] + "="
    tamper(url, f"UPDATE decisions SET {column} {change.split('= ')[1]} WHERE id = 1")
    assert log.broken() == f"decision 1 (case {2 if 'case_id' in change else 1}) does not follow from the one before it"


def test_a_removed_row_is_found(log: SqlStore, url: str) -> None:
    tamper(url, "DELETE FROM decisions WHERE id = 2")
    assert log.broken().startswith("decision 3 (case 1)")


def test_swapped_rows_are_found(log: SqlStore, url: str) -> None:
    for old, new in ((2, 100), (3, 2), (100, 3)):
        tamper(url, f"UPDATE decisions SET id = {new} WHERE id = {old}")
    assert log.broken().startswith("decision 2 (case 1)")


def test_an_inserted_row_is_found(log: SqlStore, url: str) -> None:
    columns = (
        '"event", "by", channel, why, at, code, proof, revision, draft_digest, reasons, versions, from_state, to_state'
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
