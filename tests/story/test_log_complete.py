"""What the log holds of a whole story: who, how proven, why, by which versions, and exactly which mail went out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import Event, State
from mailhitl.codes import CODES
from mailhitl.decision import Channel, Decision
from mailhitl.delivery import Phase, Status
from tests.story.world import World

MINUTES = timedelta(minutes=2)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


def log(world: World) -> list[Decision]:
    return [row for case in world.cases for row in world.store.cases.log(case)]


def held(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()


def test_the_log_of_an_approved_answer_names_everything(world: World) -> None:
    held(world)
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run(later=MINUTES)
    assert world.case.state is State.SENT
    hold, approval, claim, accepted = log(world)
    assert (hold.by, hold.channel, hold.code) == ("rule:Refunds and credits", Channel.RULE, "review")
    assert hold.reasons[0].rule == "Refunds and credits"
    assert hold.reasons[0].text == "Money leaves the company."
    assert (approval.by, approval.channel, approval.code) == ("anna@example.com", Channel.REPLY, "reply-approve")
    assert "token" in approval.proof
    assert "dmarc" in approval.proof
    assert {row.draft_digest for row in (hold, approval, claim, accepted)} == {
        world.store.cases.draft(world.case).digest
    }
    assert accepted.code == "accepted"


def test_every_row_says_which_versions_decided(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    for _ in range(2):
        world.run(later=MINUTES)
    world.customer_writes("I am away.", Auto_Submitted="auto-replied")
    held(world)
    world.customer_writes(
        "Please refund it!", In_Reply_To="<letter-3@customer.test>", References="<letter-3@customer.test>"
    )
    world.run()
    assert {row.code for row in log(world)} >= {"automatic", "approved", "claim", "accepted", "customer-wrote-again"}
    for row in log(world):
        assert row.versions.split(", ")[1] == f"config {world.config.fingerprint}"
        assert row.versions.split(", ")[3].startswith("templates ")


def test_a_changed_template_is_another_version(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "own" / "reply").mkdir(parents=True)
    (other / "own" / "reply" / "thanks.txt.j2").write_text("Subject: Hi\n\nHi.\n")
    path = world.folder / "config.toml"
    text = path.read_text()
    path.write_text(text.replace(text.split('templates = "')[1].split('"')[0], str(other / "own")))
    before = world.app.settings.versions
    from mailhitl.config.load import load
    from mailhitl.daemon.versions import versions_of

    after = versions_of(load(path))
    assert before.split(", ")[0] == after.split(", ")[0]
    assert before.split(", ")[3] != after.split(", ")[3]


def test_the_claim_names_the_very_bytes_that_went_out(world: World) -> None:
    held(world)
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run(later=MINUTES)
    [mail] = world.transport.outside.sent
    [claim] = [row for row in log(world) if row.event is Event.CLAIM]
    assert claim.proof.endswith(f"sha256 {hashlib.sha256(mail.raw).hexdigest()}")
    assert world.sent_to("ann@customer.test")[0]["Message-ID"] in claim.proof


def test_the_log_has_the_claim_before_anything_is_handed_over(world: World) -> None:
    seen: list[str] = []
    hand_over = world.transport.hand_over

    def watched(raw: bytes, sender: str, recipients: list[str], *, on_phase: object) -> object:
        if "ann@customer.test" in recipients:
            seen.extend(str(row.event) for row in log(world))
        return hand_over(raw, sender, recipients, on_phase=on_phase)  # type: ignore[arg-type]

    world.transport.hand_over = watched  # type: ignore[assignment, method-assign]
    held(world)
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run(later=MINUTES)
    assert seen == ["hold", "approve", "claim"]


def test_every_code_of_many_stories_stands_in_the_table(world: World) -> None:
    for answer in ("approve", "reject: wrong tone", "escalate", "snooze 2h", "edit: We look into it."):
        held(world)
        world.answers(world.packet_for("anna@example.com"), answer)
        world.run(later=MINUTES)
    world.transport.answers(Answer(Status.UNKNOWN, Phase.BODY))
    world.customer_writes("When are you open?")
    world.run(later=MINUTES)
    assert {row.code for row in log(world)} <= CODES.keys()
    assert len({row.code for row in log(world)}) >= 8
    assert all(row.by for row in log(world))
    people = [row for row in log(world) if row.channel in (Channel.REPLY, Channel.FOLDER, Channel.HAND)]
    assert all(row.proof for row in people)


def test_59_half_a_megabyte_of_hostile_reason_is_one_line_of_the_log(world: World) -> None:
    hostile = "=HYPERLINK(1)\x1b[31m <b>tone</b> \u202e" * 20000
    held(world)
    world.answers(world.packet_for("anna@example.com"), f"reject: {hostile}")
    world.run(later=MINUTES)
    [row] = [row for row in log(world) if row.event is Event.REJECT]
    assert row.why.startswith("=HYPERLINK(1)")
    assert len(row.why) <= 2_000
    assert row.why.isprintable()


def test_an_edits_own_text_is_the_draft_and_not_the_reason(world: World) -> None:
    held(world)
    world.answers(world.packet_for("anna@example.com"), "edit: Dear Ann, a parrot looks into it.")
    world.run(later=MINUTES)
    assert "parrot" not in str(log(world))
    assert "parrot" in world.store.cases.draft(world.case).text
