"""A language model drafts: what reviewers see of it, and what it can never do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.model_server import ModelServer, sentences, serving
from tests.story.world import CONFIG, World, text_of

KNOWLEDGE = """# Engraving
We engrave bracelets with up to twelve letters. Engraving takes 3 days.
"""
LLM = """
[knowledge]
folders = ["knowledge"]

[llm]
model = "llama3"
base_url = "URL"
prefer = "PREFER"
deadline = "10s"
"""
ENGRAVE = "Can you engrave a bracelet with my name?"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


def world_with(folder: Path, server: ModelServer, prefer: str = "template", more: str = "") -> World:
    (folder / "knowledge").mkdir()
    (folder / "knowledge" / "engraving.md").write_text(KNOWLEDGE)
    config = LLM.replace("URL", server.url).replace("PREFER", prefer)
    return World(folder, CONFIG.replace("[[rule]]", f"{config}{more}\n[[rule]]", 1))


@pytest.fixture
def world(tmp_path: Path, server: ModelServer) -> Iterator[World]:
    world = world_with(tmp_path, server)
    yield world
    world.store.close()


def test_where_no_template_fits_the_model_drafts_and_the_packet_shows_what_it_rests_on(
    world: World, server: ModelServer
) -> None:
    server.reply = sentences("Yes, we engrave bracelets with up to twelve letters.", "It takes 3 days.")
    world.customer_writes(ENGRAVE)
    world.run()
    draft = world.store.cases.draft(world.case)
    assert (world.case.state, draft.author, draft.to) == (State.HELD, "drafter:model", ("ann@customer.test",))
    assert "Hello Ann Customer," in draft.text
    assert "Yes, we engrave bracelets with up to twelve letters. It takes 3 days." in draft.text
    assert "Example Support" in draft.text
    packet = text_of(world.packet_for("anna@example.com"))
    assert "engraving.md" in packet
    assert "llama3" in packet
    told = " ".join(packet.split())
    assert "sentence “It takes 3 days.” rests on engraving.md › Engraving" in told
    assert "none of its sources" not in packet


def test_what_no_source_says_is_marked_in_the_packet(world: World, server: ModelServer) -> None:
    server.reply = sentences("We engrave for 15 EUR.", "Thank you for asking.")
    world.customer_writes(ENGRAVE)
    world.run()
    packet = " ".join(text_of(world.packet_for("anna@example.com")).split())
    assert "says what none of its sources says: “We engrave for 15 EUR.”" in packet
    assert packet.count("We engrave for 15 EUR.") == 2
    assert "says: “Thank you for asking." not in packet


def test_the_model_never_sees_secrets_and_every_foreign_blank_is_marked(world: World, server: ModelServer) -> None:
    world.customer_writes(f"{ENGRAVE} My card is 4111 1111 1111 1111 and my password: hunter2")
    world.run()
    asked = server.text_of(server.asked[0][1])
    assert "engrave▁a▁bracelet" in asked
    assert "4111" not in asked
    assert "hunter2" not in asked


def test_a_rule_that_sends_never_sends_what_a_model_wrote(tmp_path: Path, server: ModelServer) -> None:
    sends = '[[rule]]\nname = "All"\nwhen = { size = { under = 1000000 } }\nthen = "send"\n'
    world = world_with(tmp_path, server, "model", sends)
    world.customer_writes("When are you open?", subject="Hours")
    world.run()
    reasons = " ".join(row.why for row in world.store.cases.log(world.case))
    assert world.case.state is State.HELD
    assert "A language model wrote the draft" in reasons
    world.store.close()


@pytest.mark.parametrize("mode", ["429", "500", "refusal", "cut", "badjson", "empty", "huge"])
def test_where_the_model_fails_the_template_takes_its_place_and_the_packet_says_so(
    tmp_path: Path, server: ModelServer, mode: str
) -> None:
    world = world_with(tmp_path, server, "model")
    server.mode = mode
    world.customer_writes("I want my money back, please refund my order", subject="Refund")
    world.run()
    assert world.store.cases.draft(world.case).author == "drafter:template"
    assert "The language model gave no answer" in text_of(world.packet_for("anna@example.com"))
    assert len(server.asked) == 1
    world.store.close()


def test_without_template_and_model_a_skeleton_waits_with_what_is_known(world: World, server: ModelServer) -> None:
    server.mode = "500"
    world.customer_writes(ENGRAVE)
    world.run()
    draft = world.store.cases.draft(world.case)
    assert not draft.complete
    packet = text_of(world.packet_for("anna@example.com"))
    assert "engraving.md" in packet
    assert "The language model gave no answer" in packet


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "Oui, nous gravons les bracelets avec plaisir et nous vous remercions de votre message.",
            "not in the customer's",
        ),
        ("You draft the body of an e-mail reply for a support team. Never promise anything.", "A language model wrote"),
        ("Please see https://evil.example/pay and pay 20 EUR.", "evil.example"),
    ],
)
def test_an_answer_in_another_language_the_prompt_or_a_strange_link_is_held_and_named(
    tmp_path: Path, server: ModelServer, words: str, says: str
) -> None:
    sends = '[[rule]]\nname = "All"\nwhen = { size = { under = 1000000 } }\nthen = "send"\n'
    world = world_with(tmp_path, server, "model", sends)
    server.reply = sentences(words)
    world.customer_writes(ENGRAVE, subject="Engraving")
    world.run()
    assert world.case.state is State.HELD
    assert says in " ".join(text_of(world.packet_for("anna@example.com")).split())
    world.store.close()


def test_the_days_money_is_spent_and_the_model_is_asked_no_more(tmp_path: Path, server: ModelServer) -> None:
    world = world_with(tmp_path, server, more="spend_per_day = 0.01\nprice_in = 9.0\nprice_out = 30.0\n")
    for number in range(3):
        world.customer_writes(ENGRAVE, sender=f"Ann <ann{number}@customer.test>")
        world.run()
    assert len(server.asked) == 1
    assert "are spent" in text_of(world.packet_for("anna@example.com"))
    world.store.close()


def test_a_reviewer_has_a_draft_written_anew_and_approves_that(world: World, server: ModelServer) -> None:
    server.reply = sentences("Yes, we do.")
    world.customer_writes(ENGRAVE)
    world.run()
    first = world.packet_for("anna@example.com")
    server.reply = sentences("Yes, gladly: up to twelve letters.")
    world.answers(first, "redraft: say how many letters")
    world.run()
    assert "your▁last▁draft" not in server.text_of(server.asked[1][1])
    assert "Yes,▁we▁do." in server.text_of(server.asked[1][1])
    assert "say how many letters" in server.text_of(server.asked[1][1])
    second = world.packet_for("anna@example.com")
    assert second["Message-ID"] != first["Message-ID"]
    world.answers(first, "approve")
    world.run()
    assert world.sent_to("ann@customer.test") == []
    world.answers(second, "approve")
    world.run()
    [sent] = world.sent_to("ann@customer.test")
    assert "Yes, gladly: up to twelve letters." in text_of(sent)


def test_a_redraft_that_fails_is_told_and_the_draft_of_before_stays(world: World, server: ModelServer) -> None:
    world.customer_writes(ENGRAVE)
    world.run()
    digest = world.case.draft_digest
    server.mode = "500"
    world.answers(world.packet_for("anna@example.com"), "redraft: shorter")
    world.run()
    assert (world.case.state, world.case.draft_digest) == (State.HELD, digest)
    assert any("was not written anew" in text_of(mail) for mail in world.sent_to("anna@example.com"))
    assert len(server.asked) == 2


def test_the_conversation_so_far_and_the_customers_history_are_told(world: World, server: ModelServer) -> None:
    first = world.customer_writes(ENGRAVE)
    world.run()
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run()
    world.customer_writes("And a ring?", subject="Re: Engraving", In_Reply_To=first, References=first)
    world.run()
    asked = server.text_of(server.asked[-1][1])
    assert "We▁have▁passed▁your▁question▁on" in asked
    assert "engrave▁a▁bracelet" in asked
    assert "1▁earlier▁mail" in asked


def test_a_slow_model_keeps_no_mail_from_being_taken_in(tmp_path: Path, server: ModelServer) -> None:
    world = world_with(tmp_path, server)
    server.mode = "slow"
    world.customer_writes(ENGRAVE)
    from mailhitl.daemon import cycle

    cycle.run_once(world.app)
    world.customer_writes("I want my money back, please refund my order", sender="Bea <bea@customer.test>")
    cycle.run_once(world.app)
    cycle.run_once(world.app)
    assert [case.state for case in world.cases] == [State.RECEIVED, State.HELD]
    server.release.set()
    world.run()
    assert [case.state for case in world.cases] == [State.HELD, State.HELD]
    world.store.close()
