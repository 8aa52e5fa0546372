"""(backtest) A backtest: 100,000 judgments tried again by a changed file."""

from __future__ import annotations

import time
import zlib
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from bench.figures import Figure
from bench.filling import END, Filler
from bench.place import Place
from bench.post import mails
from mailhitl.config.load import load
from mailhitl.config.schema import Config
from mailhitl.daemon.trust.backtest import backtest
from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.mail.parse import parse
from mailhitl.ports.drafter import Triage
from mailhitl.rules.rule import Facts, SenderFacts
from mailhitl.rules.snapshot import freeze
from mailhitl.store import SqlStore, open_store

JUDGMENTS = 100_000
#: How many different mails they are about.
MAILS = 600
WEEKS = 13
RULES = """
[[rule]]
name = "Parcels answer themselves"
when = { intent = "order-status", confidence = { at_least = 0.9 }, findings = "none" }
then = "send"

[[rule]]
name = "Much money"
when = { amount = { over = 500 } }
then = "review"

[[rule]]
name = "Strong words"
when = { text = { regex = '\\\\b(scandal|outrage|fraud|betrug)\\\\b' } }
then = "review"

[[rule]]
name = "Good customers"
when = { customer = { tier = ["gold", "platinum"] }, sender = { known = true } }
then = "review"

[[rule]]
name = "Lamps"
when = { subject = { matches = "*lamp*" }, not = { language = "de" } }
then = "review"
"""


def measure(place: Place, count: int = JUDGMENTS) -> list[Figure]:
    one = place.account()
    current = one.config()
    path = one.config_file.with_name("changed.toml")
    path.write_text(one.config_file.read_text() + RULES)
    store = open_store(f"sqlite:///{path.with_suffix('.db')}")
    try:
        _fill(store, count)
        took, worked = _timed(store, current, load(path), count)
    finally:
        store.close()
    what = f"(backtest) rules backtest, {count} judgments, {len(load(path).rule)} rules"
    return [Figure(what, "s", [took], limit=20.0), Figure("(backtest) processor time of the same", "s", [worked])]


def _timed(store: SqlStore, current: Config, changed: Config, count: int) -> tuple[float, float]:
    """(seconds by the clock, seconds of the processor)."""
    began, worked = time.perf_counter(), time.process_time()
    found = backtest(store, current, changed, END - timedelta(weeks=WEEKS + 1), END)
    took = time.perf_counter() - began, time.process_time() - worked
    if found.tried != count:
        raise RuntimeError(f"{found.tried} of {count} judgments were tried")
    return took


def _fill(store: SqlStore, count: int) -> None:
    """A busy quarter, in which every judgment has the facts of some mail."""
    filler = Filler(WEEKS)
    rows = 0
    while filler.case < count:
        rows += 5_000
        filler.fill(store, rows)
    database, facts = store.cases._database, list(_facts())
    with database.tx():
        cursor = database.engine.cursor()
        cursor.execute("DELETE FROM judgments WHERE case_id > ?", (count,))
        given = ((snapshot, number) for number, snapshot in enumerate(islice(cycle(facts), count), 1))
        cursor.executemany("UPDATE judgments SET facts = ? WHERE case_id = ?", given)


def _facts() -> list[bytes]:
    return [zlib.compress(freeze(_facts_of(number, raw))) for number, raw in enumerate(mails(MAILS))]


def _facts_of(number: int, raw: bytes) -> Facts:
    message = parse(raw)
    text = "Dear customer,\n\nthank you for getting in touch. We look into it today.\n\nKind regards\n" * 3
    intents = ("refund", "", "order-status", "", "", "")
    return Facts(
        message=message,
        draft=Draft((message.sender.key,), (), f"Re: {message.subject}", text, "drafter:template", "order-status"),
        now=datetime(2026, 11, 12, 10, 0, tzinfo=UTC),
        triage=Triage(intents[number % len(intents)], 0.95, "words"),
        findings=(Finding("money", "49,90 EUR"),) if number % 4 == 0 else (),
        customer={"tier": "gold" if number % 10 == 0 else "", "name": f"Customer {number}"},
        sender=SenderFacts(known=number % 2 == 0, first_contact=False, authenticated=True),
        language="en",
    )
