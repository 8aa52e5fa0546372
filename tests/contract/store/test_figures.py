"""The log as the figures get it, from both engines alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailhitl.case import Event
from mailhitl.daemon.digest.reckoning import read as courses
from mailhitl.decision import Channel
from mailhitl.insight.figures import reckon
from mailhitl.insight.share import Share
from mailhitl.insight.week import Span
from mailhitl.ports.figures import About
from mailhitl.ports.journal import Hit, Judgment
from mailhitl.store import SqlStore
from tests.contract.store.samples import DRAFT, MINUTE, NOON, approved, decision, held, moved, sent, sent_by_a_rule
from tests.unit.courses import CLOCK

DAY = timedelta(days=1)
SPAN = Span(NOON - DAY, NOON + DAY)


def judged(store: SqlStore, case_id: int, *rules: str) -> None:
    hits = tuple(Hit(rule, "review") for rule in rules)
    store.judgments.add(Judgment(case_id, 1, NOON, "review", hits, "", b"{}", "refund"))


def read(store: SqlStore, span: Span = SPAN) -> dict[int, tuple[About, list[str]]]:
    return {about.case_id: (about, [row.event for row in log]) for about, log in store.figures.rows(*ends(span))}


def ends(span: Span) -> tuple[datetime, datetime]:
    return span.since, span.until


def test_each_case_comes_once_with_what_its_figures_are_charged_to(store: SqlStore) -> None:
    case = sent(store)
    judged(store, case.id, "Refunds", "Large refunds", "Refunds")
    store.asks.ask(case, "anna@example.com", "t", NOON + 2 * MINUTE, NOON + DAY)
    store.asks.ask(case, "ben@example.com", "u", NOON + MINUTE, NOON + DAY)
    [(about, log)] = read(store).values()
    assert log == ["hold", "approve"]
    assert about.rules == ("Refunds", "Large refunds")
    assert (about.intent, about.template, about.drafter) == ("refund", "refund", "drafter:template")
    assert (about.mailbox, about.group, about.subject) == ("support", "billing", "Refund")
    assert (about.held_at, about.asked_at) == (NOON, NOON + MINUTE)


def test_a_case_without_draft_judgment_or_packet_is_there_too(store: SqlStore) -> None:
    held(store, draft=None)
    [(about, log)] = read(store).values()
    assert (about.rules, about.intent, about.template, about.drafter) == ((), "", "", "")
    assert log == ["hold"]


def test_only_what_happened_in_the_span_is_told(store: SqlStore) -> None:
    case = held(store)
    late = replace(decision(Event.REJECT), at=NOON + 2 * DAY)
    store.cases.move(case, Event.REJECT, late)
    held(store, 2)
    assert {case_id: log for case_id, (_, log) in read(store).items()} == {1: ["hold"], 2: ["hold"]}
    after = Span(NOON + DAY, NOON + 3 * DAY)
    assert {case_id: log for case_id, (_, log) in read(store, after).items()} == {1: ["reject"]}
    assert read(store, Span(NOON - 3 * DAY, NOON - 2 * DAY)) == {}


def test_a_persons_words_are_measured_against_the_drafted_ones(store: SqlStore) -> None:
    case = held(store)
    edit = replace(DRAFT, author="anna@example.com", text=DRAFT.text.replace("5 €", "6 €"))
    case = moved(store, case, Event.REVISE, draft=edit)
    case = moved(store, case, Event.REVISE, draft=replace(edit, text=f"{DRAFT.text}\n-- \nAnna\n"))
    moved(store, case, Event.APPROVE)
    untouched = approved(store, 2)
    logs = dict(zip(("edited", "untouched"), (log for _, log in store.figures.rows(*ends(SPAN))), strict=True))
    distances = [(row.event, row.distance) for row in logs["edited"]]
    assert [event for event, _ in distances] == ["hold", "revise", "revise", "approve"]
    assert distances[0][1] is None
    assert distances[1][1] == pytest.approx(1 / 8)
    assert distances[3][1] == 0.0
    assert untouched.id == 2
    assert [row.distance for row in logs["untouched"]] == [None, None]


def test_the_figures_of_a_store_are_those_of_its_log(store: SqlStore) -> None:
    sent(store, 1)
    sent_by_a_rule(store, 2)
    moved(store, held(store, 3), Event.REJECT)
    figures = reckon(courses(store, SPAN), SPAN, CLOCK)
    assert (figures.total.volume, figures.total.decided, figures.total.counts["sent"]) == (3, 2, 2)
    assert figures.total.kept == Share(1, 2)
    assert figures.load == {"anna@example.com": 2}
    assert {row.channel for _, log in store.figures.rows(*ends(SPAN)) for row in log} == {Channel.RULE, Channel.FOLDER}
