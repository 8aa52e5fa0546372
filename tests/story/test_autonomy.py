"""How far a rule is trusted: rungs, what takes it down by itself, and who may move it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from shutil import copytree

import pytest

from mailhitl.case import State
from mailhitl.daemon.trust import autonomy, proposals
from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.rules.rule import Level
from tests.story.world import CONFIG, DEMO_TEMPLATES, World, letter, text_of

Worlds = Callable[..., World]

OPEN = "When are you open?"
RULE = "Opening hours answer themselves"
ADMIN = CONFIG.replace('groups = ["support"]', 'groups = ["support", "admin"]')


def with_rule(*lines: str, config: str = ADMIN) -> str:
    """The config with these lines in the rule that sends."""
    return config.replace('then = "send"', "\n".join(['then = "send"', *lines]))


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    """Makes worlds, and closes them."""
    made: list[World] = []

    def make(config: str = ADMIN) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(folder, config))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


def asks(world: World, times: int = 1, text: str = OPEN) -> None:
    for _ in range(times):
        number = world.letters + 1
        world.customer_writes(text, sender=f"C{number} <c{number}@c{number}.test>", subject="Opening hours")
    world.run()


def level(world: World) -> Level:
    [rule] = [rule for rule in autonomy.in_force(world.app) if rule.name == RULE]
    return rule.level


def approves_all(world: World) -> None:
    for draft in world.standing("review"):
        world.moves(draft, "approve")
    world.run()
    world.run(later=timedelta(minutes=2))


def told(world: World, words: str, to: str = "anna@example.com") -> list[str]:
    return [text_of(mail) for mail in world.sent_to(to) if words in str(mail["Subject"])]


# -- rungs


def test_a_shadow_rule_is_logged_and_the_answer_is_filed_as_if_it_were_not_there(worlds: Worlds) -> None:
    world = worlds(with_rule('level = "shadow"'))
    asks(world)
    assert world.case.state is State.HELD
    assert "No rule allows this" in world.store.cases.log(world.case)[0].why
    [judgment] = world.store.judgments.of(world.case.id)
    [hit] = judgment.hits
    assert (hit.rule, hit.level, hit.would_send) == (RULE, "shadow", True)


def test_a_rule_on_review_asks_a_person_and_says_that_it_may_not_send_yet(worlds: Worlds) -> None:
    world = worlds(with_rule('level = "review"'))
    asks(world)
    assert world.case.state is State.HELD
    assert "it stands on “review”" in text_of(world.packet_for("anna@example.com"))


@pytest.mark.parametrize("rung", ["sampled", "send"])
def test_the_upper_two_rungs_send(worlds: Worlds, rung: str) -> None:
    world = worlds(with_rule(f'level = "{rung}"'))
    asks(world)
    assert world.case.state is State.SENT


def test_what_a_gate_would_have_stopped_is_no_evidence_for_the_rule(worlds: Worlds) -> None:
    world = worlds(with_rule('level = "review"'))
    asks(world, text=f"{OPEN} My lawyer wants to know.")
    [judgment] = world.store.judgments.of(world.case.id)
    assert RULE in {hit.rule for hit in judgment.hits}
    assert not any(hit.would_send for hit in judgment.hits)


# -- down, by itself


@pytest.mark.parametrize("kind", sorted(autonomy.CHARGES))
def test_whatever_goes_wrong_takes_the_rule_back_to_people_and_says_why(worlds: Worlds, kind: str) -> None:
    world = worlds()
    asks(world)
    assert autonomy.charge(world.app, world.case.id, kind, "It was seen.") == (RULE,)
    assert level(world) is Level.REVIEW
    asks(world)
    assert world.cases[-1].state is State.HELD
    [text] = told(world, "needs a person again")
    assert autonomy.CHARGES[kind] in " ".join(text.split())
    assert "mailhitl rules promote" in " ".join(text.split())


def test_one_failure_is_told_once_however_often_it_is_reported(worlds: Worlds) -> None:
    world = worlds()
    asks(world)
    for _ in range(3):
        autonomy.charge(world.app, world.case.id, "bounce", "It came back.")
    world.run()
    assert len(world.store.journal.entries(("demote",))) == 1
    assert len(told(world, "needs a person again")) == 1


def test_what_a_person_approved_is_not_charged_to_the_rule(worlds: Worlds) -> None:
    world = worlds(with_rule('level = "review"'))
    asks(world)
    approves_all(world)
    assert world.case.state is State.SENT
    assert autonomy.charge(world.app, world.case.id, "bounce", "It came back.") == ()
    assert world.store.journal.entries(("demote",)) == []


def test_an_automatic_answer_that_has_not_left_yet_goes_back_to_people(worlds: Worlds) -> None:
    world = worlds(with_rule('undo = "5m"'))
    asks(world)
    world.run(later=timedelta(minutes=6))
    asks(world)
    first, second = world.cases
    assert (first.state, second.state) == (State.SENT, State.APPROVED)
    autonomy.charge(world.app, first.id, "wrong", "The customer said so.")
    world.run(later=timedelta(minutes=6))
    held = world.store.cases.get(second.id)
    assert held.state is State.HELD
    assert "it stands on “review”" in text_of(world.packet_for("anna@example.com"))


def test_neither_other_words_nor_another_name_lift_a_demotion(worlds: Worlds) -> None:
    world = worlds()
    asks(world)
    autonomy.charge(world.app, world.case.id, "bounce", "It came back.")
    other_words = ADMIN.replace("at_least = 0.8", "at_least = 0.7")
    other_name = ADMIN.replace(RULE, "Opening hours, new")
    for config in (other_words, other_name):
        world.reconfigured(config)
        asks(world)
        assert world.cases[-1].state is State.HELD


# -- up, by people


def test_enough_answers_approved_as_they_stood_propose_the_next_rung_once(worlds: Worlds) -> None:
    world = worlds(with_rule('level = "review"', "promote_at = 0.7", "promote_over = 10", "promote_clean = 5"))
    asks(world, times=8)
    assert world.store.journal.entries(("propose",)) == []
    approves_all(world)
    asks(world, times=2)
    approves_all(world)
    world.run(later=timedelta(hours=2))
    world.run(later=timedelta(hours=2))
    [entry] = world.store.journal.entries(("propose",))
    assert (entry.subject, entry.data["to"], entry.data["good"]) == (RULE, "sampled", "10")
    assert len(told(world, "has earned more freedom")) == 1
    assert level(world) is Level.REVIEW, "a proposal is no promotion"


def test_an_edit_or_a_rejection_is_no_evidence_for_the_rule(worlds: Worlds) -> None:
    world = worlds(with_rule('level = "review"', "promote_at = 0.6", "promote_over = 10", "promote_clean = 5"))
    asks(world, times=6)
    [draft, *others] = world.standing("review")
    world.moves(draft, "reject")
    world.run()
    world.run(later=timedelta(minutes=2))
    approves_all(world)
    world.run(later=timedelta(hours=2))
    [found] = proposals.evidence(world.store, world.app.rules)
    assert len(others) == 5
    assert sorted(found.record.decided) == ["approved"] * 5 + ["rejected"]
    assert found.proposal is None


def forged(world: World, mail: EmailMessage, text: str) -> None:
    """Somebody who has seen this mail answers it in Anna's name."""
    answer = letter(text, sender="Anna <anna@example.com>", In_Reply_To=str(mail["Message-ID"]))
    world.box.deliver("INBOX", answer.replace(b"dmarc=pass", b"dmarc=fail"))


def proposal_of(world: World) -> EmailMessage:
    mails = [mail for mail in world.sent_to("anna@example.com") if "more freedom" in str(mail["Subject"])]
    return mails[-1]


@pytest.fixture
def proposed(worlds: Worlds) -> World:
    """A rule on review that has earned the next rung, and Anna, an admin, was asked."""
    world = worlds(with_rule('level = "review"', "promote_at = 0.7", "promote_over = 10", "promote_clean = 5"))
    asks(world, times=10)
    approves_all(world)
    world.run(later=timedelta(hours=2))
    return world


def test_an_admin_promotes_by_answering_and_the_proof_is_kept(proposed: World) -> None:
    proposed.answers(proposal_of(proposed), "promote")
    proposed.run()
    assert level(proposed) is Level.SAMPLED
    [entry] = proposed.store.journal.entries(("promote",))
    assert (entry.by, entry.channel) == ("anna@example.com", Channel.REPLY)
    assert "dmarc=pass" in entry.proof
    asks(proposed)
    assert proposed.cases[-1].state is State.SENT


def test_a_promotion_that_nobody_vouches_for_promotes_nothing(proposed: World) -> None:
    forged(proposed, proposal_of(proposed), "promote")
    proposed.run()
    assert level(proposed) is Level.REVIEW


def test_a_reviewer_who_is_no_admin_promotes_nothing(proposed: World) -> None:
    proposed.answers(proposal_of(proposed), "promote", sender="Ben <ben@example.com>")
    proposed.run()
    assert level(proposed) is Level.REVIEW
    assert "sent to somebody else" in text_of(proposed.sent_to("ben@example.com")[-1])


def test_an_old_proposal_cannot_undo_a_later_demotion(proposed: World) -> None:
    mail = proposal_of(proposed)
    proposed.answers(mail, "promote")
    proposed.run()
    asks(proposed)
    autonomy.charge(proposed.app, proposed.cases[-1].id, "bounce", "It came back.")
    proposed.answers(mail, "promote")
    proposed.run()
    assert level(proposed) is Level.REVIEW
    assert "has been moved since" in text_of(proposed.sent_to("anna@example.com")[-1])


def test_the_mail_that_tells_of_a_demotion_can_be_answered_one_rung_up(worlds: Worlds) -> None:
    world = worlds()
    asks(world)
    autonomy.charge(world.app, world.case.id, "bounce", "It came back.")
    world.run()
    [mail] = [mail for mail in world.sent_to("anna@example.com") if "person again" in str(mail["Subject"])]
    world.answers(mail, "promote")
    world.run()
    assert level(world) is Level.SAMPLED


def test_who_writes_another_level_into_the_file_has_the_last_word(proposed: World) -> None:
    proposed.answers(proposal_of(proposed), "promote")
    proposed.run()
    proposed.reconfigured(with_rule('level = "shadow"'))
    assert level(proposed) is Level.SHADOW


def test_what_was_decided_under_other_words_speaks_for_nothing(proposed: World) -> None:
    [before] = proposals.evidence(proposed.store, proposed.app.rules)
    assert before.proposal is not None
    changed = with_rule('level = "review"', "promote_at = 0.7").replace("at_least = 0.8", "at_least = 0.7")
    proposed.reconfigured(changed)
    [after] = proposals.evidence(proposed.store, proposed.app.rules)
    assert after.record.fates == ()


def test_a_proposal_made_for_other_words_promotes_nothing(proposed: World) -> None:
    mail = proposal_of(proposed)
    proposed.reconfigured(with_rule('level = "review"').replace("at_least = 0.8", "at_least = 0.1"))
    proposed.answers(mail, "promote")
    proposed.run()
    assert level(proposed) is Level.REVIEW
    assert "has to earn it anew" in text_of(proposed.sent_to("anna@example.com")[-1])


def test_a_promotion_does_not_hold_for_other_words_than_it_was_earned_with(proposed: World) -> None:
    proposed.answers(proposal_of(proposed), "promote")
    proposed.run()
    assert level(proposed) is Level.SAMPLED
    wider = with_rule('level = "review"').replace("at_least = 0.8", "at_least = 0.1")
    proposed.reconfigured(wider)
    assert level(proposed) is Level.REVIEW
    asks(proposed)
    assert proposed.cases[-1].state is State.HELD


@pytest.fixture
def own(proposed: World, tmp_path: Path) -> Path:
    """The rule was promoted, and its template is the admin's own: the same words in another folder."""
    proposed.answers(proposal_of(proposed), "promote")
    proposed.run()
    copytree(DEMO_TEMPLATES, tmp_path / "own")
    written_anew(proposed, tmp_path / "own", "", "")
    assert level(proposed) is Level.SAMPLED
    return tmp_path / "own"


def written_anew(world: World, own: Path, old: str, new: str) -> None:
    """The admin edits the template of the opening hours."""
    file = own / "reply" / "opening-hours.txt.j2"
    file.write_text(file.read_text().replace(old, new))
    config = with_rule('level = "review"', "promote_at = 0.7", "promote_over = 10", "promote_clean = 5")
    world.reconfigured(config.replace("TEMPLATES", str(own)))


def new_words(world: World) -> list[EmailMessage]:
    subject = f"[mailhitl] what the rule “{RULE}” says has changed"
    return [mail for mail in world.sent_to("anna@example.com") if str(mail["Subject"]) == subject]


def test_a_template_written_anew_costs_one_level_until_an_admin_gives_it_back(proposed: World, own: Path) -> None:
    assert len(proposals.evidence(proposed.store, proposed.app.rules)[0].record.decided) == 0, "since the promotion"
    written_anew(proposed, own, "thank", "many thanks and")
    assert level(proposed) is Level.REVIEW
    asks(proposed)
    assert proposed.cases[-1].state is State.HELD
    proposed.run(later=timedelta(hours=2))
    [mail] = new_words(proposed)
    proposed.answers(mail, "promote")
    proposed.run()
    assert level(proposed) is Level.SAMPLED
    proposed.run(later=timedelta(hours=2))
    assert len(new_words(proposed)) == 1


def test_the_old_words_back_or_other_line_breaks_cost_nothing(proposed: World, own: Path) -> None:
    written_anew(proposed, own, "thank", "many thanks and")
    written_anew(proposed, own, "many thanks and", "thank")
    assert level(proposed) is Level.SAMPLED
    written_anew(proposed, own, "\n\n", "\n\n\n")
    assert level(proposed) is Level.SAMPLED


def test_another_answers_template_is_not_the_rules_words(proposed: World, own: Path) -> None:
    (own / "reply" / "refund-received.txt.j2").write_text("---\nWe have your mail.\n")
    written_anew(proposed, own, "", "")
    assert level(proposed) is Level.SAMPLED


def test_an_intent_that_means_something_else_is_other_words_too(proposed: World, own: Path) -> None:
    config = with_rule('level = "review"').replace("TEMPLATES", str(own))
    proposed.reconfigured(config.replace('examples = ["When are you open?"', 'examples = ["Are you closed?"'))
    assert level(proposed) is Level.REVIEW


def test_what_the_file_lets_a_rule_do_it_may_do_with_any_words(worlds: Worlds, tmp_path: Path) -> None:
    copytree(DEMO_TEMPLATES, tmp_path / "own")
    world = worlds(ADMIN.replace("TEMPLATES", str(tmp_path / "own")))
    file = tmp_path / "own" / "reply" / "opening-hours.txt.j2"
    file.write_text(file.read_text().replace("thank", "many thanks and"))
    world.reconfigured(ADMIN.replace("TEMPLATES", str(tmp_path / "own")))
    assert level(world) is Level.SEND
    assert world.store.journal.entries(("rule",))[-1].why.startswith("the words that it lets out have changed")


def test_other_words_do_not_lift_a_demotion_by_way_of_a_promotion_either(worlds: Worlds) -> None:
    world = worlds()
    asks(world)
    autonomy.charge(world.app, world.case.id, "bounce", "It came back.")
    world.run()
    [mail] = [mail for mail in world.sent_to("anna@example.com") if "person again" in str(mail["Subject"])]
    world.answers(mail, "promote")
    world.run()
    assert level(world) is Level.SAMPLED
    world.reconfigured(ADMIN.replace("at_least = 0.8", "at_least = 0.1"))
    assert level(world) is Level.REVIEW


def test_a_customer_who_answers_a_ticket_is_a_customer(proposed: World) -> None:
    proposed.answers(proposal_of(proposed), "promote", sender="Eve <eve@customer.test>")
    proposed.run()
    assert level(proposed) is Level.REVIEW
    assert proposed.cases[-1].sender == "eve@customer.test"


def test_a_hand_on_the_command_line_may_lower_a_rule_as_well(worlds: Worlds) -> None:
    world = worlds()
    [rule] = [rule for rule in world.app.rules if rule.name == RULE]
    by_hand = Entry("", "admin", Channel.CLI, world.now, why="I don't trust it.")
    assert autonomy.demote(world.store, rule, Level.SHADOW, by_hand)
    assert level(world) is Level.SHADOW
    asks(world)
    assert world.case.state is State.HELD
