"""Every sentence of the gates' corpora, case by case."""

from __future__ import annotations

from collections import Counter

import pytest

from mailhitl.drafting.findings import DETECTORS, IN_MAIL
from mailhitl.rules.gates import CHECKS
from tests.gates.corpus import Case, Whole, cases, wholes

LEAST = 20


def named(case: Case) -> str:
    return f"{case.gate}-{case.language}-{'hit' if case.hit else 'miss'}-{case.text[:60]}"


@pytest.mark.parametrize("case", [case for case in cases() if case.hit and not case.known], ids=named)
def test_a_gate_stops_what_it_is_there_for(case: Case) -> None:
    assert case.found


@pytest.mark.parametrize("case", [case for case in cases() if not case.hit and not case.known], ids=named)
def test_a_gate_lets_a_near_miss_pass(case: Case) -> None:
    assert not case.found


@pytest.mark.parametrize("case", [case for case in cases() if case.known], ids=named)
def test_what_a_gate_is_known_to_get_wrong_is_still_wrong(case: Case) -> None:
    assert case.found is not case.hit, "it gets this right now: take it out of the known ones"


def test_every_gate_has_at_least_twenty_hits_and_near_misses() -> None:
    count = Counter((case.gate, case.hit) for case in cases())
    gates = {case.gate for case in cases()}
    assert {gate for gate in gates if count[gate, True] < LEAST or count[gate, False] < LEAST} == set()


def test_every_gate_on_words_has_its_corpus() -> None:
    gates = {case.gate for case in cases()}
    assert {*DETECTORS, *IN_MAIL} <= gates
    assert {"reply-to", "unauthenticated", "high-value"} <= gates & CHECKS.keys()


def test_every_corpus_speaks_english_and_german() -> None:
    spoken = Counter((case.gate, case.language, case.hit) for case in cases())
    assert {key for key, count in spoken.items() if count < LEAST // 2} == set()


def test_no_sentence_stands_twice_in_a_corpus() -> None:
    count = Counter((case.gate, case.language, case.text) for case in cases())
    assert [key for key, number in count.items() if number > 1] == []


def begun(whole: Whole) -> str:
    return f"{whole.language}-{' '.join(sorted(whole.risks)) or 'none'}-{whole.text.strip().splitlines()[-1][:40]}"


@pytest.mark.parametrize("whole", [whole for whole in wholes() if not whole.risks], ids=begun)
def test_an_ordinary_answer_meets_no_gate(whole: Whole) -> None:
    assert whole.found == set()


@pytest.mark.parametrize("whole", [whole for whole in wholes() if whole.risks and not whole.known], ids=begun)
def test_a_risk_in_a_whole_answer_is_found(whole: Whole) -> None:
    assert whole.risks <= whole.found


@pytest.mark.parametrize("whole", [whole for whole in wholes() if whole.known], ids=begun)
def test_a_risk_that_is_known_to_be_missed_is_missed_still(whole: Whole) -> None:
    assert not whole.risks <= whole.found, "it is found now: take the reason out"
