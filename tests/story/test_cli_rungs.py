"""``rules evidence``, ``promote``, ``demote`` and ``pause`` as an admin types them, on a store that a daemon filled."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from mailhitl.cli.main import app
from mailhitl.daemon import pause
from mailhitl.daemon.trust import autonomy
from mailhitl.rules.rule import Level
from tests.story.world import CONFIG, World

RULE = "Opening hours answer themselves"
STORE = '[store]\nurl = "sqlite:///mailhitl.db"\n\n[mailbox.support]'


@pytest.fixture
def world(tmp_path: Path):  # type: ignore[no-untyped-def]
    rule = 'then = "send"\nlevel = "review"\npromote_at = 0.5\npromote_over = 10\npromote_clean = 2'
    world = World(tmp_path, CONFIG.replace("[mailbox.support]", STORE).replace('then = "send"', rule))
    for number in range(6):
        world.customer_writes("When are you open?", sender=f"C <c{number}@c{number}.test>", subject="Opening hours")
    world.run()
    for draft in world.standing("review")[:5]:
        world.moves(draft, "approve")
    world.run()
    world.run(later=timedelta(minutes=2))
    yield world
    world.store.close()
    # A command sets up logging for a process of its own, and this is not one.
    structlog.reset_defaults()


def mailhitl(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(world.folder / "config.toml"), *arguments])


def says(world: World, *arguments: str) -> Any:
    done = mailhitl(world, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def level(world: World) -> Level:
    return autonomy.in_force(world.app)[0].level


def test_the_evidence_of_every_rule_that_sends_is_shown(world: World) -> None:
    [row] = says(world, "rules", "evidence")
    assert (row["rule"], row["level"], row["hits"]) == (RULE, "review", 6)
    assert (row["approved"], row["open"], row["decided"], row["good"]) == (5, 1, 5, 5)
    assert row["lower"] == pytest.approx(0.5655, abs=0.0001)
    assert row["proposed"] == "sampled"
    shown = mailhitl(world, "rules", "evidence").stdout
    assert "5 of 5 right as they stood: 57% to 100%" in shown
    assert f"sampled: mailhitl rules promote “{RULE}”" in shown


def test_a_promotion_and_a_demotion_are_kept_with_who_and_why(world: World) -> None:
    done = mailhitl(world, "rules", "promote", RULE, "--why", "It has earned it.")
    assert done.exit_code == 0, done.output
    assert "stands on “sampled” now" in done.stdout
    assert level(world) is Level.SAMPLED
    assert mailhitl(world, "rules", "demote", RULE, "--why", "Prices change.").exit_code == 0
    assert level(world) is Level.REVIEW
    up, down = world.store.journal.entries(("promote", "demote"))
    assert (up.why, up.code, up.data["from"], up.data["to"]) == ("It has earned it.", "proposed", "review", "sampled")
    assert (down.why, down.data["to"]) == ("Prices change.", "review")
    assert "on the command line" in up.by
    assert RULE in mailhitl(world, "status").stdout


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("promote", "No such rule"), "no rule that sends is called “No such rule”; there are: " + RULE, 2),
        (("promote", RULE, "--to", "shadow"), "stands on “review”, and “shadow” is lower: mailhitl rules demote", 1),
        (("demote", RULE), "stands on “review” already", 1),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    world: World, arguments: tuple[str, ...], words: str, code: int
) -> None:
    done = mailhitl(world, "rules", *arguments)
    assert done.exit_code == code
    assert words in " ".join(f"{done.output} {done.exception}".split())
    assert level(world) is Level.REVIEW


def test_a_pause_on_the_command_line_says_who_and_since_when(world: World) -> None:
    assert mailhitl(world, "pause", "--automatic").exit_code == 0
    [found] = says(world, "status")
    assert found["paused"] == "automatic"
    assert "on the command line" in found["paused by"]
    assert found["paused since"] is not None
    assert "since" in mailhitl(world, "status").stdout
    assert mailhitl(world, "resume").exit_code == 0
    assert pause.current(world.store).what == ""
    assert [entry.kind for entry in world.store.journal.entries(("pause", "resume"))] == ["pause", "resume"]
