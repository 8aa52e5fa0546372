"""A person is forgotten on the command line: shown first, asked, erased, and the log stays whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhitl.case import Event, State
from mailhitl.ports.knowledge import Snippet
from mailhitl.store.knowledge import KnowledgeIndex
from tests.contract.store.samples import held, moved, sending, sent
from tests.story.desk import Desk

ANN = "ann@example.org"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two cases of Ann's: one sent, one held."""
    desk = Desk(tmp_path)
    with desk.store() as store:
        case = sent(store, 1)
        store.deliveries.mark_copied(case)
        store.deliveries.mark_answered(case)
        held(store, 2)
    return desk


def test_what_would_be_erased_is_shown_and_a_no_erases_nothing(desk: Desk) -> None:
    done = desk.mailhitl("forget", ANN, stdin="n\n")
    assert done.returncode == 1
    for line in ("2 cases", "case 1, sent: Refund", "case 2, held: Refund", "  2 mails", "  2 drafts", "  5 decisions"):
        assert line in done.stdout
    assert "Closed first, and nothing of it is sent: case 2." in done.stdout
    with desk.store() as store:
        assert store.cases.get(1).sender == "Ann@example.org"
        assert store.cases.get(2).state is State.HELD


def test_a_yes_erases_closes_what_was_open_and_says_what_stays(desk: Desk) -> None:
    done = desk.mailhitl("forget", ANN, stdin="y\n")
    assert done.returncode == 0, done.stderr
    assert f"search them for {ANN}" in done.stdout
    with desk.store() as store:
        assert store.cases.get(2).state is State.REJECTED
        assert store.cases.log(store.cases.get(2))[-1].code == "forgotten"
    assert desk.mailhitl("log", "verify").returncode == 0
    assert ANN not in desk.mailhitl("log", "export", "--bodies").stdout.lower()


def test_whoever_was_forgotten_is_not_held_any_more_and_it_is_known_when(desk: Desk) -> None:
    assert desk.mailhitl("forget", ANN, "--yes").returncode == 0
    again = desk.mailhitl("forget", ANN.upper(), "--yes")
    assert again.returncode == 0
    assert "The store holds nothing of ANN@EXAMPLE.ORG. They were forgotten on 20" in again.stdout


def test_a_dry_run_shows_and_does_nothing(desk: Desk) -> None:
    assert "case 1, sent: Refund" in desk.mailhitl("forget", ANN, "--dry-run").stdout
    with desk.store() as store:
        assert store.cases.get(1).sender == "Ann@example.org"


def test_nothing_is_erased_while_an_answer_is_leaving(desk: Desk) -> None:
    with desk.store() as store:
        sending(store, 3)
    done = desk.mailhitl("forget", ANN, "--yes")
    assert done.returncode == 1
    assert "the answer to case 3 is leaving" in done.stderr
    with desk.store() as store:
        assert store.cases.get(1).sender == "Ann@example.org"


def test_a_case_that_was_set_aside_or_approved_is_closed_too(desk: Desk) -> None:
    with desk.store() as store:
        moved(store, held(store, 3), Event.SHUNT)
        moved(store, held(store, 4), Event.APPROVE)
    assert desk.mailhitl("forget", ANN, "--yes").returncode == 0
    with desk.store() as store:
        assert {store.cases.get(number).state for number in (3, 4)} == {State.SUPERSEDED}
        assert store.broken() == ""


def test_what_the_knowledge_has_learned_from_their_cases_goes_too(desk: Desk) -> None:
    index = KnowledgeIndex(desk.database.with_name("knowledge.db"))
    for case in (1, 7):
        index.learn(case, Snippet(f"case {case}", "", "Your parcel is on its way.", "status", "en"))
    done = desk.mailhitl("forget", ANN, "--yes")
    assert "  1 answer in the index of knowledge" in done.stdout
    assert index.answers() == {7}


def test_what_is_no_address_is_a_mistake_on_the_command_line(desk: Desk) -> None:
    assert desk.mailhitl("forget", "Ann", "--yes").returncode == 2
