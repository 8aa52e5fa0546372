"""What a look from outside needs to know: how many cases stand where, and who works on them."""

from __future__ import annotations

from datetime import timedelta

from mailhitl.case import Event, State
from mailhitl.store import SqlStore
from tests.contract.store.samples import MINUTE, NOON, approved, held, moved, opened


def test_cases_are_counted_by_state_and_mailbox(store: SqlStore) -> None:
    assert store.cases.counts("support") == {}
    opened(store, 1)
    held(store, 2)
    held(store, 3)
    approved(store, 4)
    moved(store, held(store, 5), Event.REJECT)
    opened(store, 6, mailbox="sales")
    assert store.cases.counts("support") == {
        State.RECEIVED: 1,
        State.HELD: 2,
        State.APPROVED: 1,
        State.REJECTED: 1,
    }
    assert store.cases.counts("sales") == {State.RECEIVED: 1}


def test_whoever_holds_the_lease_is_named_until_it_ends(store: SqlStore) -> None:
    assert store.switches.holder("support", NOON) == ""
    store.switches.take_lease("support", "host-a:17", NOON, NOON + MINUTE)
    assert store.switches.holder("support", NOON) == "host-a:17"
    assert store.switches.holder("sales", NOON) == ""
    assert store.switches.holder("support", NOON + MINUTE - timedelta(seconds=1)) == "host-a:17"
    assert store.switches.holder("support", NOON + MINUTE) == ""
    store.switches.release_lease("support", "host-a:17")
    assert store.switches.holder("support", NOON) == ""
