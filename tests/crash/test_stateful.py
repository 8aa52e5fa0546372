"""Whatever happens in whichever order, nothing leaves unapproved or twice, and no mail is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.crash.promises import TALLY
from tests.crash.team import Team

#: A minute at most. The same worlds every time, so that no change fails for what it has not done; others are drawn by
#: ``make bench ONLY=random``. Shrinking a world takes many minutes: not here.
#: After ten worlds hypothesis varies those it had, and these are to be others: so there are two short runs.
BRIEFLY = settings(
    max_examples=8,
    stateful_step_count=8,
    deadline=None,
    derandomize=False,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("number", [1, 2])
def test_no_random_history_of_a_team_breaks_a_promise(number: int) -> None:
    run_state_machine_as_test(seed(number)(type("Seeded", (Team,), {})), settings=BRIEFLY)
    assert TALLY["answers that left"] > 0, "nothing was put to the test"
