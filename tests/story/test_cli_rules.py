"""``mailhitl rules``: why each rule and gate hits or misses, what each has come to, and what another file would do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailhitl.cli.main import app
from tests.story.world import CONFIG, DEMO_TEMPLATES, World, letter

LATER = timedelta(seconds=70)
Says = Callable[..., Any]


@pytest.fixture
def says(world: World, monkeypatch: pytest.MonkeyPatch) -> Says:
    """Run a command on the world's own store and give what it prints as JSON."""
    monkeypatch.setenv("SUPPORT_PASSWORD", "x")
    path = written(world.folder / "office.toml", CONFIG)

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ["--config", str(path), "rules", *arguments, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def written(path: Path, text: str) -> Path:
    path.write_text(text.replace("TEMPLATES", str(DEMO_TEMPLATES)) + '[store]\nurl = "sqlite:///mailhitl.db"\n')
    path.chmod(0o600)
    return path


def plainly(world: World, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["--config", str(world.folder / "office.toml"), "rules", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def lines(trial: Any) -> dict[str, tuple[bool, str]]:
    return {line["rule"]: (line["hit"], line["because"]) for line in trial["rules"]}


def test_every_rule_and_gate_says_why(world: World, says: Says) -> None:
    mail = world.folder / "mail.eml"
    mail.write_bytes(letter("When are you open? I will call my lawyer.", subject="Hours"))
    trial = says("try", str(mail))
    assert trial["outcome"] == "block"
    told = lines(trial)
    assert told["Legal threats are for people"] == (True, 'text = { contains = ["lawyer"] }')
    assert told["Refunds and credits"] == (False, 'not intent = "refund" (it is "opening-hours")')
    assert told["gate:unauthenticated"] == (False, "not so: No trusted server vouches for the sender")
    assert told["gate:promise"][0] is False
    assert {line["kind"] for line in trial["rules"]} == {"rule", "gate"}


def test_a_gate_that_is_shut_says_what_it_has_found(world: World, says: Says) -> None:
    mail = world.folder / "mail.eml"
    mail.write_bytes(letter("Please refund my order."))
    told = lines(says("try", str(mail)))
    assert told["gate:money"][0] is True
    assert "money" in told["gate:money"][1]


def test_a_case_is_tried_again_on_what_was_known_then(world: World, says: Says) -> None:
    world.customer_writes("Please refund my order.")
    world.run()
    written(
        world.folder / "office.toml",
        CONFIG.replace(
            'when = { intent = "refund" }\nthen = "review"', 'when = { intent = "refund" }\nthen = "block"'
        ).replace('reviewers = "support"\n', ""),
    )
    trial = says("try", "--case", str(world.case.id))
    assert (trial["was"], trial["outcome"]) == ("review", "block")
    assert lines(trial)["Refunds and credits"] == (True, 'intent = "refund"')
    shown = plainly(world, "try", "--case", str(world.case.id))
    assert "verdict: block (it was review)" in shown
    assert "hit   Refunds and credits" in shown


def test_a_case_that_no_rule_was_asked_about_is_told_so(world: World, says: Says) -> None:
    done = CliRunner().invoke(app, ["--config", str(world.folder / "office.toml"), "rules", "try", "--case", "7"])
    assert done.exit_code == 1
    assert "the rules were never asked about a case 7" in str(done.exception)


def test_a_mail_and_a_case_together_are_no_question(world: World, says: Says) -> None:
    done = CliRunner().invoke(app, ["--config", str(world.folder / "office.toml"), "rules", "try"])
    assert done.exit_code == 2


def test_a_changed_file_is_tried_from_the_command_line(world: World, says: Says) -> None:
    world.customer_writes("Please refund my order.", subject="Lamp")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "reject")
    world.run()
    world.run(later=LATER)
    brave = CONFIG.replace("[review]", '[review]\ngates_off = ["money", "echo"]')
    brave = brave.replace(
        'when = { intent = "refund" }\nthen = "review"\nreviewers = "support"',
        'when = { intent = "refund" }\nthen = "send"',
    )
    changed = str(written(world.folder / "new.toml", brave))
    found = says("backtest", "--since", "5000d", "--config", changed)
    assert found["tried"] == 1
    assert found["outcomes"] == [{"was": "review", "would_be": "send", "cases": 1}]
    [case] = found["cases"]
    assert (case["subject"], case["fate"], case["would_be"]) == ("Lamp", "rejected", "send")
    shown = plainly(world, "backtest", "--since", "5000d", "--config", changed)
    assert "“Refunds and credits” (changed): 1 case hit, 1 would have been sent, 1 of those had been rejected." in shown
    assert "1 sent, not held for a person (1 rejected)" in shown
    assert "mailhitl cases show CASE" in shown


def test_the_list_of_rules_counts_what_people_made_of_their_drafts(world: World, says: Says) -> None:
    for name, folder in (("ann", "approve"), ("bob", "reject")):
        world.customer_writes("Please refund my order.", sender=f"{name} <{name}@customer.test>")
        world.run()
        [draft] = world.standing("review")
        world.moves(draft, folder)
        world.run()
        world.run(later=LATER)
    world.customer_writes("When are you open?", subject="Hours")
    world.run()
    found = {row["rule"]: row for row in says("list", "--since", "5000d")}
    refunds = found["Refunds and credits"]
    assert (refunds["hits"], refunds["unedited"], refunds["rejected"], refunds["edited"]) == (2, 1, 1, 0)
    assert 0 < refunds["lower"] < 0.5 < refunds["upper"] < 1
    hours = found["Opening hours answer themselves"]
    assert (hours["level"], hours["hits"], hours["sent"], hours["wrong"]) == ("send", 1, 1, 0)
    assert found["Legal threats are for people"]["hits"] == 0
    shown = plainly(world, "list", "--since", "5000d")
    assert "Refunds and credits" in shown


def test_a_length_that_is_none_is_a_usage_error(world: World, says: Says) -> None:
    path = str(world.folder / "office.toml")
    done = CliRunner().invoke(app, ["--config", path, "rules", "list", "--since", "soon"])
    assert done.exit_code == 2
