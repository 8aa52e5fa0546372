"""Whatever crashes wherever: no sample is lost or asked twice, and what goes wrong always has its consequence, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon import pause
from mailhitl.daemon.trust import autonomy
from mailhitl.rules.rule import Level
from tests.crash.test_crashes import crash_once
from tests.story.world import CONFIG, World, letter

EVERY = CONFIG.replace('then = "send"', 'then = "send"\nsample = 1.0')


def mails(world: World, words: str) -> int:
    """How many mails with these words in their subject our own people got. One that dies while it is handed over
    may go out twice, under one Message-ID."""
    found = [*world.sent_to("anna@example.com"), *world.sent_to("ben@example.com")]
    return len({(mail["To"], mail["Message-ID"]) for mail in found if words in str(mail["Subject"])})


def at_every_call(folder: Path, prepare: Callable[[World], None], check: Callable[[World], None]) -> int:
    """Die once after each call of the round that follows ``prepare``; return how many calls that round has."""
    for call in range(1, 1000):
        place = folder / str(call)
        place.mkdir()
        world = World(place, EVERY)
        prepare(world)
        crashed = crash_once(world, call, before=False)
        world.run(later=timedelta(minutes=2))
        check(world)
        world.store.close()
        if not crashed:
            return call
    pytest.fail("a round never ended")


def test_from_a_send_to_its_sample_every_single_call_may_be_the_last(tmp_path: Path) -> None:
    def prepare(world: World) -> None:
        world.customer_writes("When are you open?", subject="Opening hours")

    def check(world: World) -> None:
        # Right behind the handover nobody can know: a person has to look, and nothing goes out again.
        unknown = world.store.cases.log(world.case)[-1].code == "unknown"
        asked = int(world.case.state is State.SENT)
        assert len(world.sent_to("ann@customer.test")) in ({0, 1} if unknown else {asked})
        assert len(world.store.journal.entries(("sample",))) == asked
        assert mails(world, "[Sample]") == asked

    assert at_every_call(tmp_path, prepare, check) > 40


def test_from_a_wrong_sample_to_the_demotion_every_single_call_may_be_the_last(tmp_path: Path) -> None:
    def prepare(world: World) -> None:
        world.customer_writes("When are you open?", subject="Opening hours")
        world.run()
        [asked] = [
            mail
            for who in ("anna@example.com", "ben@example.com")
            for mail in world.sent_to(who)
            if str(mail["Subject"]).startswith("[Sample]")
        ]
        world.answers(asked, "wrong: we are closed", sender=f"Someone <{asked['To']}>")

    def check(world: World) -> None:
        kinds = [entry.kind for entry in world.store.journal.entries(("sample", "right", "wrong", "demote"))]
        assert kinds == ["sample", "wrong", "demote"]
        assert autonomy.in_force(world.app)[0].level is Level.REVIEW
        assert mails(world, "needs a person again") == 2, "each reviewer is told once"

    assert at_every_call(tmp_path, prepare, check) > 40


def test_a_pause_by_mail_holds_whatever_call_was_the_last(tmp_path: Path) -> None:
    def prepare(world: World) -> None:
        world.box.deliver(
            "INBOX", letter("", sender="Anna <anna@example.com>", subject="pause", message_id="<p@x.test>")
        )
        world.customer_writes("When are you open?", subject="Opening hours")

    def check(world: World) -> None:
        assert pause.current(world.store).what == "all"
        assert world.sent_to("ann@customer.test") == []

    assert at_every_call(tmp_path, prepare, check) > 20
