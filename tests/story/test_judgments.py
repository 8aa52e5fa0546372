"""Whatever the rules judged is remembered with what they saw, so that other rules can be tried on it later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from mailhitl.case import Outcome, State
from mailhitl.daemon.judging import judge_again
from mailhitl.ports.journal import Hit
from mailhitl.rules.snapshot import thaw
from tests.story.world import CONFIG, World, letter

GRACE = timedelta(seconds=61)
SETTLED = timedelta(seconds=91)
WITH_UNDO = CONFIG.replace('then = "send"', 'then = "send"\nundo = "5m"')


def test_a_judged_mail_is_remembered_with_the_rules_that_hit_and_what_they_saw(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [judgment] = world.store.judgments.of(world.case.id)
    assert (judgment.revision, judgment.outcome) == (1, "review")
    assert judgment.hits == (Hit("Refunds and credits", "review", "send"),)
    facts = thaw(judgment.facts)
    assert facts.message.new_text == "Please refund my order 4711."
    assert facts.triage.intent == "refund"
    assert facts.now == world.now


def test_an_edited_draft_is_judged_again_under_its_own_revision(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.edits(draft, "Kind regards", "We guarantee it. Kind regards", folder="approve")
    world.run()
    world.run(later=SETTLED + GRACE)
    first, second = world.store.judgments.of(world.case.id)
    assert (first.revision, second.revision) == (1, 2)
    assert "We guarantee it." in str(thaw(second.facts).draft)


def test_an_edit_that_is_only_saved_is_judged_too(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.edits(draft, "Kind regards", "Best wishes")
    world.run()
    world.run(later=SETTLED)
    assert world.case.state is State.HELD
    assert [each.revision for each in world.store.judgments.of(world.case.id)] == [1, 2]


def test_an_approval_without_an_edit_leaves_one_judgment(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=GRACE)
    assert world.case.state is State.SENT
    assert len(world.store.judgments.of(world.case.id)) == 1


def test_a_risk_in_a_mail_that_no_template_fits_is_seen_by_the_rules(tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "Law"\nwhen = { findings = "legal" }\nthen = "block"\n'
    world = World(tmp_path, CONFIG + rule)
    world.customer_writes("My attorney says that the contract is void and that we can sue.", subject="Contract")
    world.run()
    assert world.case.outcome is Outcome.BLOCK
    assert "Law" in {reason.rule for reason in world.store.cases.log(world.case)[-1].reasons}
    world.store.close()


def test_what_a_rule_approved_is_judged_anew_before_it_leaves(tmp_path: Path) -> None:
    world = World(tmp_path, WITH_UNDO)
    world.customer_writes("When are you open?", subject="Hours")
    world.run()
    assert world.case.state is State.APPROVED
    assert judge_again(world.app, world.case).outcome is Outcome.SEND
    world.store.close()


def test_a_sender_whom_nobody_vouches_for_any_more_is_seen_when_it_is_judged_anew(tmp_path: Path) -> None:
    world = World(tmp_path, WITH_UNDO)
    world.customer_writes("When are you open?", subject="Hours")
    world.run()
    world.config = world.config.model_copy(
        update={"review": world.config.review.model_copy(update={"trusted_authserv": ("elsewhere.example",)})}
    )
    world.restart()
    again = judge_again(world.app, world.case)
    assert again.outcome is Outcome.REVIEW
    assert "gate:unauthenticated" in {reason.rule for reason in again.reasons}
    world.store.close()


def test_28_a_sender_whom_nobody_vouches_for_gets_no_automatic_answer(world: World) -> None:
    forged = letter("When are you open?", subject="Hours", message_id="<forged@customer.test>")
    world.box.deliver("INBOX", forged.replace(b"mx.example.com; dmarc=pass", b"mx.example.com; dmarc=fail"))
    world.box.deliver(
        "INBOX", forged.replace(b"mx.example.com;", b"mx.elsewhere.test;").replace(b"<forged@", b"<other@")
    )
    world.run()
    assert [case.state for case in world.cases] == [State.HELD, State.HELD]
    assert world.sent_to("ann@customer.test") == []
    reasons = [{reason.rule for reason in world.store.cases.log(case)[-1].reasons} for case in world.cases]
    assert all("gate:unauthenticated" in each for each in reasons)
