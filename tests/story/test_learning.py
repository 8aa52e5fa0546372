"""What reviewers do teaches: triage, knowledge, and proposals that an admin accepts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailhitl.case import State
from mailhitl.cli.main import app
from tests.story.world import CONFIG, World

KNOWING = '[knowledge]\nfolders = ["knowledge"]\n\n[[rule]]'
EXAMPLES = "text,intent\n" + "".join(
    f"{text} {number},{intent}\n"
    for number in range(40)
    for text, intent in (("are you open on day", "opening-hours"), ("give me money back for order", "refund"))
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SUPPORT_PASSWORD", "x")
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "examples.csv").write_text(EXAMPLES)
    own = tmp_path / "templates" / "reply"
    own.mkdir(parents=True)
    (own / "refund-received.txt.j2").write_text(
        "intent: refund\nlanguage: en\n---\nHello{% if customer_name %} {{ customer_name }}{% endif %},\n\n"
        "we have your request. We look at it\nwithin 5 days.\n\nKind regards\n{{ mailbox_name }}\n"
    )
    config = CONFIG.replace("[[rule]]", KNOWING, 1).replace("TEMPLATES", "templates")
    config = config.replace("[mailbox.support]", '[store]\nurl = "sqlite:///mailhitl.db"\n\n[mailbox.support]')
    world = World(tmp_path, f'{config}\n[triage]\ncsv = "examples.csv"\n')
    yield world
    world.store.close()


def mailhitl(world: World, *words: str) -> Result:
    result = CliRunner().invoke(app, ["--config", str(world.folder / "config.toml"), *words], catch_exceptions=False)
    assert result.exit_code in (0, 1), result.output
    return result


def corrected(world: World, *people: str, old: str = "5 days", new: str = "2 weeks") -> None:
    """Each of these customers asks for a refund, and Anna corrects the draft before she approves it."""
    for name in people:
        world.customer_writes("I want my money back", sender=f"{name} <{name.lower()}@customer.test>", subject="Refund")
        world.run()
        [draft] = world.standing("review")
        world.edits(draft, old, new, folder="approve")
        world.run(later=timedelta(minutes=3))
        world.run(later=timedelta(minutes=3))
    assert {case.state for case in world.cases} == {State.SENT}


def test_two_equal_corrections_teach_nothing_and_the_third_is_proposed(world: World) -> None:
    corrected(world, "Ann", "Bea")
    mailhitl(world, "learn", "now")
    assert "Nothing is proposed." in mailhitl(world, "learn", "list").output
    corrected(world, "Cora")
    mailhitl(world, "learn", "now")
    listed = " ".join(mailhitl(world, "learn", "list").output.split())
    assert "refund-received.txt.j2" in listed
    assert "We look at it within 2 weeks." in listed


def test_a_proposal_is_shown_as_a_patch_and_changes_the_admins_own_template_only_when_accepted(world: World) -> None:
    corrected(world, "Ann", "Bea", "Cora")
    mailhitl(world, "learn", "now")
    template = world.folder / "templates" / "reply" / "refund-received.txt.j2"
    [proposal] = world.store.journal.entries({"correction"})
    shown = mailhitl(world, "learn", "show", str(proposal.id)).output
    assert "+we have your request. We look at it within 2 weeks." in shown
    assert "5 days" in template.read_text()
    mailhitl(world, "learn", "accept", str(proposal.id))
    assert "We look at it within 2 weeks." in template.read_text()
    assert "Nothing is proposed." in mailhitl(world, "learn", "list").output


def test_a_dismissed_proposal_is_not_made_again(world: World) -> None:
    corrected(world, "Ann", "Bea", "Cora")
    mailhitl(world, "learn", "now")
    [proposal] = world.store.journal.entries({"correction"})
    mailhitl(world, "learn", "dismiss", str(proposal.id), "--why", "only this week")
    mailhitl(world, "learn", "now")
    assert "Nothing is proposed." in mailhitl(world, "learn", "list").output
    assert [entry.why for entry in world.store.journal.entries({"dismissed"})] == ["only this week"]


def test_a_draft_that_is_rejected_again_and_again_points_at_its_template(world: World) -> None:
    for number in range(3):
        world.customer_writes("I want my money back", sender=f"C <c{number}@customer.test>", subject="Refund")
        world.run()
        world.answers(world.packet_for("anna@example.com"), "reject: that is outdated")
        world.run()
    mailhitl(world, "learn", "now")
    [proposal] = world.store.journal.entries({"correction"})
    assert proposal.subject == "refund-received"
    assert "rejected 3 times for the same reason (fact)" in proposal.why


def test_an_approved_answer_becomes_knowledge_without_its_customer_and_goes_when_it_is_erased(world: World) -> None:
    world.customer_writes("Can you engrave bracelets?", sender="Ann Berg <ann@customer.test>", subject="Engraving")
    world.run()
    [draft] = world.standing("review")
    gap = "[… write your answer here …]"
    world.edits(draft, gap, "Yes Ann, we engrave bracelets; order A-4711 is next.", folder="approve")
    world.run(later=timedelta(minutes=3))
    world.run(later=timedelta(minutes=3))
    mailhitl(world, "learn", "now")
    world.customer_writes("Do you engrave bracelets?", sender="Bea <bea@other.test>", subject="Bracelets")
    world.run()
    evidence = " ".join(world.store.cases.draft(world.cases[-1]).evidence)
    assert "engrave bracelets" in evidence
    assert "4711" not in evidence
    assert "Ann" not in evidence


def test_triage_is_taught_by_examples_and_decides_from_then_on(world: World) -> None:
    assert "The words of the intents decide." in mailhitl(world, "triage", "show").output
    assert "learned from" in mailhitl(world, "learn", "now").output
    assert "nothing has changed" in mailhitl(world, "learn", "now").output
    assert "is in use" in mailhitl(world, "triage", "show").output
    mail = world.folder / "mail.eml"
    mail.write_text("From: a@x.test\nSubject: Question\n\nare you open on day 7\n")
    assert mailhitl(world, "triage", "try", str(mail)).output.startswith("opening-hours")
    assert "% right" in mailhitl(world, "triage", "measure", "--folds", "3").output


def test_examples_of_an_unknown_intent_are_refused_with_their_line(world: World) -> None:
    (world.folder / "examples.csv").write_text("text,intent\nhello,greeting\n")
    result = CliRunner().invoke(app, ["--config", str(world.folder / "config.toml"), "learn", "now"])
    assert "examples.csv:2: there is no [[intent]] named “greeting”" in str(result.exception)
