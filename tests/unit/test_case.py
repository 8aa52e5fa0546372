"""The state machine: every state can be reached, every open one can be left, nothing leaves a closed one."""

from __future__ import annotations

import re
from itertools import product

import pytest

from mailhitl import case
from mailhitl.case import CLOSED, OPEN, TRANSITIONS, Event, State, next_state
from mailhitl.errors import IllegalTransition


def reachable(state: State) -> set[State]:
    found, waiting = {state}, [state]
    while waiting:
        here = waiting.pop()
        new = {to for (start, _), to in TRANSITIONS.items() if start is here} - found
        found |= new
        waiting += new
    return found


def test_every_state_can_be_reached_from_a_received_mail() -> None:
    assert reachable(State.RECEIVED) == set(State)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_every_open_case_can_still_be_closed(state: State) -> None:
    assert reachable(state) & CLOSED


def test_the_closed_states_are_the_four_ends_of_a_case() -> None:
    assert frozenset({State.SKIPPED, State.SENT, State.REJECTED, State.SUPERSEDED}) == CLOSED
    assert set(State) == OPEN | CLOSED
    assert not OPEN & CLOSED


def test_every_event_is_known_somewhere() -> None:
    assert {event for _, event in TRANSITIONS} == set(Event)


@pytest.mark.parametrize(("state", "event"), sorted(product(State, Event)))
def test_a_step_leads_where_the_table_says_or_is_refused(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"a {state} case cannot {event}"):
            next_state(state, event)


def test_nothing_is_sent_that_was_not_approved_and_claimed() -> None:
    assert {start for start, to in arrows(State.SENT)} == {State.SENDING}
    assert {start for start, to in arrows(State.SENDING)} == {State.APPROVED}
    assert {event for (_, event), to in TRANSITIONS.items() if to is State.SENDING} == {Event.CLAIM}
    assert {event for (_, event), to in TRANSITIONS.items() if to is State.APPROVED} == {Event.APPROVE, Event.DEFER}


def test_what_may_have_gone_out_never_goes_out_again_by_itself() -> None:
    assert TRANSITIONS[State.SENDING, Event.LOSE] is State.HELD
    assert (State.SENDING, Event.SHUNT) not in TRANSITIONS


def test_every_open_state_but_sending_can_be_set_aside_for_a_person() -> None:
    shunted = {state for state, event in TRANSITIONS if event is Event.SHUNT}
    assert shunted == OPEN - {State.SENDING, State.SHUNTED}


def test_the_drawing_names_every_state_and_event() -> None:
    drawn = set(re.findall(r"[a-z]+", case.__doc__ or ""))
    assert {*State, *Event} <= drawn


def arrows(to: State) -> set[tuple[State, State]]:
    return {(start, end) for (start, _), end in TRANSITIONS.items() if end is to}
