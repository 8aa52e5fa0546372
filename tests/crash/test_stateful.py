"""Whatever happens in whichever order, nothing leaves unapproved or twice, and no mail is forgotten."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

from tests.crash.team import Team

#: A minute at most; ``make bench ONLY=random`` goes on for longer.
Team.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    # Shrinking a world takes many minutes; the bench is the place for it.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestTeam = Team.TestCase
