"""``stats``, ``digest`` and ``cases list --what`` on real servers of this machine: the same figures everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mailhitl.insight.figures import LINES
from mailhitl.insight.week import Week
from tests.story.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Three mails that wait; no story here changes anything."""
    with Office(tmp_path_factory.mktemp("office")) as office:
        for number in range(3):
            office.customer_writes(f"Please refund my order 47{number}.", subject="Refund")
        office.mailhitl("run", "--once")
        yield office


def figures(office: Office, *more: str) -> dict[str, Any]:
    [found] = [office.says("stats", *more)]
    assert isinstance(found, dict)
    return found


def this_week() -> str:
    return str(Week.of(datetime.now(UTC).date()))


def test_stats_tells_every_figure_with_its_n_and_interval(office: Office) -> None:
    found = figures(office)["figures"]
    assert list(found) == list(LINES)
    assert found["volume"] == 3
    assert found["reviewed"] == {"hits": 3, "n": 3, "rate": None, "low": 0.4385, "high": 1.0}
    assert found["turnaround p50"] is None
    waiting = figures(office)["waiting now"]
    assert (waiting["cases"], waiting["oldest"], waiting["median age"]) == (3, 1, None)


def test_stats_can_be_broken_down_and_shown_to_people(office: Office) -> None:
    by_intent = figures(office, "--by", "intent")["by"]
    assert {name: each["volume"] for name, each in by_intent.items()} == {"refund": 3}
    assert list(figures(office, "--by", "week")["by"]) == [this_week()]
    shown = office.mailhitl("stats", "--by", "rule").stdout
    assert "Refunds and credits" in shown
    assert "volume" in shown


def test_the_cases_behind_a_figure_are_those_that_it_counts(office: Office) -> None:
    cases = office.says("cases", "list", "--what", "reviewed", "--week", this_week(), "--rule", "Refunds and credits")
    assert [case["case"] for case in cases] == [3, 2, 1]
    assert office.says("cases", "list", "--what", "rejected") == []
    assert office.says("cases", "list", "--what", "reviewed", "--rule", "no such rule") == []


def test_the_digest_can_be_read_before_anybody_gets_it(office: Office) -> None:
    page = office.folder / "digest.html"
    told = office.mailhitl("digest", "--week", this_week(), "--preview", str(page))
    assert told.returncode == 0, told.stderr
    assert "of 3 that wanted one, 3 were reviewed" in told.stdout
    assert "3 cases wait for a decision, the oldest is case 1\n" in told.stdout
    assert "3 were reviewed" in page.read_text()
    assert "nothing happened" in office.mailhitl("digest").stdout, "the last whole week"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stats", "--week", "46"], 'must be a week like "2026-W46"'),
        (["stats", "--since", "soon"], "--since"),
        (["digest", "--week", "2025-W53"], "2025 has no week 53"),
        (["cases", "list", "--what", "edits"], "there is no “edits”; there are: automatic"),
    ],
)
def test_a_slip_of_the_pen_is_told_and_no_traceback(office: Office, arguments: list[str], said: str) -> None:
    failed = office.mailhitl(*arguments)
    assert failed.returncode == 2
    assert said in " ".join(failed.stderr.split())
