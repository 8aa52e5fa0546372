"""Whatever crashes wherever: nothing leaves unapproved, nothing leaves twice, no mail is forgotten.

The reviewer's intentions are recorded here, by this test, and never read from the agent's own log.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mailhitl.case import Event, State
from mailhitl.daemon import cycle
from mailhitl.daemon.app import App
from mailhitl.mail.stamp import Kind, read_id
from tests.crash.fuse import STORE_PARTS, Crash, Frail, Fuse
from tests.story.world import CONFIG, World, parsed

MINUTE = timedelta(seconds=61)


def frail(world: World, fuse: Fuse) -> App:
    """The world's app, with every door to the outside on one fuse."""
    return replace(
        world.app,
        mailbox=Frail(world.box, fuse),
        transport=Frail(world.transport, fuse),
        store=Frail(world.store, fuse, STORE_PARTS),
        seen={},
        listed={},
    )


def crash_once(world: World, call: int, *, before: bool) -> bool:
    """Run one round and die at this call; return whether it came that far."""
    fuse = Fuse()
    fuse.light(call, before=before)
    try:
        cycle.run_once(frail(world, fuse))
    except Crash:
        world.restart()
        return True
    return False


def case_of(world: World, raw: bytes) -> int:
    private = read_id(str(parsed(raw)["Message-ID"]), world.store.key())
    assert private is not None
    assert private.kind is Kind.SENT
    return private.case_id


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_approve_to_send_survives_a_crash_at_every_single_call(tmp_path: Path, before: bool) -> None:
    """Checklist 1 and 38 by a portable fuse: delivered once, or left to a person; never lost, never twice."""
    unknown = 0
    for call in range(1, 1000):
        folder = tmp_path / str(call)
        folder.mkdir()
        world = World(folder)
        world.customer_writes("Please refund my order 4711.")
        world.run()
        [draft] = world.standing("review")
        world.moves(draft, "approve")
        world.run()
        world.now += MINUTE
        crashed = crash_once(world, call, before=before)
        world.run(later=timedelta(minutes=10))
        delivered = len(world.sent_to("ann@customer.test"))
        lost = [row for row in world.store.cases.log(world.case) if row.event is Event.LOSE]
        assert delivered <= 1
        if lost:
            unknown += 1
            assert world.case.state is State.HELD
        else:
            assert (world.case.state, delivered, len(world.box.locations("Sent"))) == (State.SENT, 1, 1)
            assert "\\Answered" in world.flags(world.case)
            assert world.standing("approve") + world.standing("review") == []
        world.store.close()
        if not crashed:
            break
    else:
        pytest.fail("a round never ended")
    assert call > 20
    assert unknown <= 4, "only the calls around the body may leave it unknown"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_fetch_to_file_survives_a_crash_at_every_single_call(tmp_path: Path, before: bool) -> None:
    """Checklist 6 and 37 by a portable fuse: one case per mail, one draft and one packet per case."""
    for call in range(1, 1000):
        folder = tmp_path / str(call)
        folder.mkdir()
        world = World(folder)
        for number in range(3):
            world.customer_writes(f"Please refund my order 471{number}.", sender=f"C{number} <c{number}@customer.test>")
        crashed = crash_once(world, call, before=before)
        world.run()
        assert [case.state for case in world.cases] == [State.HELD] * 3
        assert len(world.standing("review")) == 3
        assert len(world.standing("review", packet=True)) == 3
        world.store.close()
        if not crashed:
            break
    else:
        pytest.fail("a round never ended")
    assert call > 40


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_undo_window_survives_a_crash_at_every_single_call(tmp_path: Path, before: bool) -> None:
    """An automatic answer stands in Outgoing once, can be stopped for as long as its rule says, and leaves once."""
    config = CONFIG.replace('then = "send"', 'then = "send"\nundo = "5m"')
    for call in range(1, 1000):
        folder = tmp_path / str(call)
        folder.mkdir()
        world = World(folder, config)
        world.customer_writes("When are you open?", subject="Opening hours")
        crashed = crash_once(world, call, before=before)
        world.run(later=timedelta(minutes=10))
        if crashed and not world.sent_to("ann@customer.test"):
            assert len(world.standing("outgoing")) == 1
            world.run(later=timedelta(minutes=4))
            assert world.sent_to("ann@customer.test") == []
        world.run(later=timedelta(minutes=2))
        assert len(world.sent_to("ann@customer.test")) == 1
        assert (world.case.state, world.standing("outgoing")) == (State.SENT, [])
        world.store.close()
        if not crashed:
            break
    else:
        pytest.fail("a round never ended")
    assert call > 20


class Team(RuleBasedStateMachine):
    """Customers, two kinds of reviewer, crashes at any call, and time that passes."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.mails = 0
        #: Intentions, recorded independently of the agent's log.
        self.wanted_out: set[int] = set()
        self.wanted_again: Counter[int] = Counter()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.run()
        self.world.run(later=timedelta(minutes=5))
        assert len(self.world.cases) == self.mails, "a mail was forgotten, or opened twice"
        stuck = self.world.store.cases.in_state(State.RECEIVED, State.SENDING, State.SHUNTED)
        assert not stuck, f"cases got stuck: {stuck}"
        assert self.world.store.broken() == ""
        self.world.store.close()
        self.folder.cleanup()

    def draft_case(self, raw: bytes) -> int:
        [found] = {
            private.case_id
            for word in f"{parsed(raw)['References']} {parsed(raw)['Message-ID']}".split()
            if (private := read_id(word, self.world.store.key()))
        }
        return found

    @rule(risky=st.booleans())
    def customer_writes(self, risky: bool) -> None:
        self.mails += 1
        text = "Please refund my order." if risky else "When are you open?"
        sender = f"C{self.mails} <c{self.mails}@customer.test>"
        self.world.customer_writes(text, subject=f"Mail {self.mails}", sender=sender)

    @rule(call=st.integers(0, 120), before=st.booleans())
    def round(self, call: int, before: bool) -> None:
        if not crash_once(self.world, call, before=before):
            self.world.run()

    @rule(seconds=st.sampled_from([30, 61, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule(data=st.data())
    def reviewer_approves(self, data: Any) -> None:
        drafts = self.world.standing("review")
        if drafts:
            draft = data.draw(st.sampled_from(drafts))
            number = self.draft_case(self.world.raw(draft))
            self.wanted_out.add(number)
            self.wanted_again[number] += 1
            self.world.moves(draft, "approve")

    @rule(data=st.data())
    def reviewer_edits(self, data: Any) -> None:
        drafts = self.world.standing("review")
        if drafts:
            draft = data.draw(st.sampled_from(drafts))
            self.world.edits(draft, "Kind regards", f"Kind regards {self.world.letters}")

    @rule(data=st.data())
    def reviewer_takes_back(self, data: Any) -> None:
        drafts = self.world.standing("approve")
        if drafts:
            self.world.moves(data.draw(st.sampled_from(drafts)), "review")

    @invariant()
    def never_twice_never_unapproved(self) -> None:
        if not hasattr(self, "world"):
            return
        sent = Counter(case_of(self.world, mail.raw) for mail in self.world.transport.outside.sent)
        by_rule = {case.id for case in self.world.cases if case.outcome is not None and str(case.outcome) == "send"}
        assert sent.keys() <= self.wanted_out | by_rule, "an answer left unapproved"
        for number, times in sent.items():
            case = self.world.store.cases.get(number)
            lost = sum(row.event is Event.LOSE for row in self.world.store.cases.log(case))
            assert times <= 1 + lost, "an answer left twice"
            assert times <= max(1, self.wanted_again[number]), "sent again without a person wanting it again"

    @invariant()
    def one_draft_per_case(self) -> None:
        if not hasattr(self, "world"):
            return
        standing = Counter(
            self.draft_case(self.world.raw(draft))
            for folder in ("review", "approve")
            for draft in self.world.standing(folder)
        )
        assert all(times <= 1 for times in standing.values()), f"several drafts: {standing}"


Team.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestTeam = Team.TestCase
