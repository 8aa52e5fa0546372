"""Some of what no person has seen is looked at afterwards, and what people say about it has consequences."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon.trust import autonomy, sampling
from mailhitl.rules.rule import Level
from tests.story.world import CONFIG, World, letter, text_of

EVERY = CONFIG.replace('then = "send"', 'then = "send"\nsample = 1.0')


@pytest.fixture
def world(tmp_path: Path):  # type: ignore[no-untyped-def]
    world = World(tmp_path, EVERY)
    yield world
    world.store.close()


def is_answered(world: World, who: str = "ann") -> EmailMessage:
    """A customer gets an automatic answer; returns the mail that asks a reviewer about it."""
    world.customer_writes("When are you open?", sender=f"{who} <{who}@{who}.test>", subject="Opening hours")
    world.run()
    assert world.cases[-1].state is State.SENT
    return samples(world)[-1]


def samples(world: World) -> list[EmailMessage]:
    mails = [*world.sent_to("anna@example.com"), *world.sent_to("ben@example.com")]
    return [mail for mail in mails if str(mail["Subject"]).startswith("[Sample]")]


def reviewer(mail: EmailMessage) -> str:
    return f"Someone <{mail['To']}>"


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in world.store.journal.entries(("sample", "right", "wrong", "demote"))]


def level(world: World) -> Level:
    return autonomy.in_force(world.app)[0].level


def test_the_mail_shows_the_customers_words_and_those_that_were_sent(world: World) -> None:
    mail = is_answered(world)
    text = text_of(mail)
    assert "When are you open?" in text
    assert "ann@ann.test" in text
    assert "What was sent" in text
    assert [part.get_content_type() for part in mail.iter_attachments()] == ["message/rfc822"]
    [sent] = world.sent_to("ann@ann.test")
    assert text_of(sent).splitlines()[2] in text


def test_an_answer_that_was_right_counts_for_its_rule_once(world: World) -> None:
    mail = is_answered(world)
    for _ in range(2):
        world.answers(mail, "right", sender=reviewer(mail))
        world.run()
    assert kinds(world) == ["sample", "right"]
    [entry] = world.store.journal.entries(("right",))
    assert entry.by == mail["To"]
    assert "dmarc=pass" in entry.proof


def test_an_answer_that_was_wrong_takes_its_rule_back_to_people(world: World) -> None:
    mail = is_answered(world)
    world.answers(mail, "wrong: we are closed on Mondays", sender=reviewer(mail))
    world.run()
    assert kinds(world) == ["sample", "wrong", "demote"]
    assert level(world) is Level.REVIEW
    [told] = [each for each in world.sent_to("anna@example.com") if "needs a person again" in str(each["Subject"])]
    assert "closed on Mondays" in text_of(told)


def test_weak_proof_may_say_wrong_and_never_right(world: World) -> None:
    mail = is_answered(world)
    forged = letter("right", sender=reviewer(mail), In_Reply_To=str(mail["Message-ID"]))
    world.box.deliver("INBOX", forged.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run()
    assert kinds(world) == ["sample"]
    forged = letter("wrong: no", sender=reviewer(mail), In_Reply_To=str(mail["Message-ID"]), message_id="<w@x.test>")
    world.box.deliver("INBOX", forged.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run()
    assert kinds(world) == ["sample", "wrong", "demote"]
    assert world.store.journal.entries(("wrong",))[0].by == "someone with access"


def test_a_mail_that_went_to_somebody_else_is_not_theirs_to_answer(world: World) -> None:
    mail = is_answered(world)
    [other] = {"anna@example.com", "ben@example.com"} - {str(mail["To"])}
    for said in ("right", "wrong: really"):
        world.answers(mail, said, sender=f"Other <{other}>")
        world.run()
    assert kinds(world) == ["sample"]


@pytest.mark.parametrize("said", ["right?", "right, but late", "not right", "I think so", "promote", ""])
def test_what_is_not_clearly_one_of_the_two_is_asked_back(world: World, said: str) -> None:
    mail = is_answered(world)
    world.answers(mail, said, sender=reviewer(mail))
    world.run()
    assert kinds(world) == ["sample"]
    assert "“right” or “wrong: why”" in text_of(world.sent_to(str(mail["To"]))[-1])


def test_an_out_of_office_that_quotes_the_sample_says_nothing(world: World) -> None:
    mail = is_answered(world)
    world.answers(mail, "wrong: I am away", sender=reviewer(mail), Auto_Submitted="auto-replied")
    world.run()
    assert kinds(world) == ["sample"]


def test_once_it_was_wrong_nobody_can_make_it_right(world: World) -> None:
    mail = is_answered(world)
    world.answers(mail, "wrong: no", sender=reviewer(mail))
    world.run()
    world.answers(mail, "right", sender=reviewer(mail))
    world.run()
    assert kinds(world) == ["sample", "wrong", "demote"]


def test_silence_is_reminded_of_once_and_stays_open(world: World) -> None:
    asked = is_answered(world)
    for _ in range(4):
        world.run(later=timedelta(days=1))
    assert len(samples(world)) == 2
    assert len(world.sent_to(str(asked["To"]))) == 2, "the mail itself comes again, and no other one with it"
    assert "reminder" in str(samples(world)[-1]["Subject"])
    assert [entry.case_id for entry in sampling.open_samples(world.store, world.now)] == [world.case.id]


def test_after_a_month_a_sample_can_speak_against_its_rule_only(world: World) -> None:
    mail = is_answered(world)
    world.run(later=timedelta(days=31))
    world.answers(mail, "right", sender=reviewer(mail))
    world.run()
    assert kinds(world) == ["sample"]
    assert sampling.open_samples(world.store, world.now) == []
    world.answers(mail, "wrong: it was not", sender=reviewer(mail))
    world.run()
    assert kinds(world) == ["sample", "wrong", "demote"]


def test_the_draw_is_the_same_for_whoever_has_the_key(world: World) -> None:
    assert sampling.drawn(b"k" * 32, 7) == sampling.drawn(b"k" * 32, 7)
    assert sampling.drawn(b"k" * 32, 7) != sampling.drawn(b"l" * 32, 7)
    shares = [sampling.drawn(b"k" * 32, number) < 0.2 for number in range(10_000)]
    assert 0.18 < sum(shares) / len(shares) < 0.22


def test_on_the_rung_sampled_one_in_five_is_looked_at_even_if_the_rule_says_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace('then = "send"', 'then = "send"\nlevel = "sampled"'))
    [rule, *_] = autonomy.in_force(world.app)
    assert sampling.share(rule) == 0.2
    for number in range(12):
        world.customer_writes("When are you open?", sender=f"c{number} <c{number}@c{number}.test>", subject="Hours")
    world.run()
    drawn = [case.id for case in world.cases if sampling.drawn(world.app.key, case.id) < 0.2]
    assert [entry.case_id for entry in world.store.journal.entries(("sample",))] == drawn
    world.store.close()


def test_what_a_person_approved_is_not_sampled(tmp_path: Path) -> None:
    world = World(tmp_path, EVERY.replace("sample = 1.0", 'sample = 1.0\nlevel = "review"'))
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=timedelta(minutes=2))
    assert world.case.state is State.SENT
    assert kinds(world) == []
    world.store.close()


def test_a_crash_after_the_send_loses_no_sample(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    world.customer_writes("When are you open?", subject="Opening hours")
    monkeypatch.setattr(world.box, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    monkeypatch.undo()
    world.restart()
    world.run()
    assert kinds(world) == ["sample"]
    assert len(samples(world)) == 1
