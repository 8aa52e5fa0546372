"""A team at random: customers, two reviewers, the runners in any order, faults, crashes, frozen processes, clocks.

Whoever uses it: ``run_state_machine_as_test(Team, settings=…)``. What people wanted is kept in ``people``; the agent's
own log is only held against it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.crash.people import People
from tests.crash.promises import TALLY
from tests.crash.scenery import MEMORY, Office, config
from tests.crash.ways import WAYS, Way, Ways


class Team(Ways):
    """Nothing leaves unapproved or twice, no mail is forgotten, whatever happens in whichever order."""

    @initialize(
        undo=st.booleans(),
        plus=st.booleans(),
        silence=st.booleans(),
        ways=st.lists(WAYS, min_size=1, max_size=3),
    )
    def start(self, undo: bool, plus: bool, silence: bool, ways: list[Way]) -> None:
        memory = MEMORY if Path(MEMORY).is_dir() else None
        self.folder = tempfile.TemporaryDirectory(dir=memory)
        self.world = Office(Path(self.folder.name), config(undo=undo, plus=plus))
        self.people, self.paused, self.looked_at, self.undo, self.silence = People(), "", 0, undo, silence
        self.away: list[str] = []
        self.kept: dict[str, bytes] = {}
        self.broken, self.put_there = "", Counter[tuple[int, int]]()
        # What is older than the first start is none of the agent's business, and clocks will be set back.
        self.world.now += timedelta(days=28)
        self.latest = self.world.now
        TALLY["worlds"] += 1
        for way in ways:
            self.somebody_goes_a_whole_way(way)
            self.nothing_leaves_unapproved_or_twice()

    def teardown(self) -> None:
        if not hasattr(self, "broken"):
            return
        try:
            if not self.broken:
                self.everything_comes_to_rest()
        finally:
            self.world.store.close()
            self.folder.cleanup()

    def everything_comes_to_rest(self) -> None:
        self.an_admin_pauses_or_resumes("")
        # A clock that was set back makes everything wait until it has caught up.
        self.world.now = max(self.latest, self.world.now)
        for minutes in (0, 2, 10, 45, 45):
            self.world.run(later=timedelta(minutes=minutes))
            self.nothing_leaves_unapproved_or_twice()
        cases = self.world.cases
        self.no_mail_is_forgotten(cases)
        self.every_held_case_has_one_draft(cases)
        self.only_people_count_as_people(cases)
        self.what_rules_sent_was_looked_at(cases)
        if self.silence:
            self.nobody_speaks_any_more()
            self.nothing_leaves_unapproved_or_twice()
        assert self.world.store.broken() == ""
