"""How long we wait before the next try."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailhitl.backends.backoff import LONGEST, SHORTEST, backoff


@given(st.integers(min_value=1, max_value=10**6), st.floats(min_value=0, max_value=1))
def test_a_wait_is_between_a_second_and_five_minutes(attempt: int, chance: float) -> None:
    assert SHORTEST <= backoff(attempt, lambda: chance) <= LONGEST


def test_the_ceiling_doubles_and_chance_fills_it() -> None:
    assert [backoff(attempt, lambda: 1.0) for attempt in (1, 2, 3, 8, 9, 20)] == [2, 4, 8, 256, 300, 300]
    assert backoff(9, lambda: 0.5) == 150
