"""When an answer that no person has seen may leave, and what still stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import State
from mailhitl.daemon.trust.leaving import FREEMAIL
from mailhitl.delivery import Phase, Status
from tests.story.world import CONFIG, World, text_of

Worlds = Callable[..., World]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def with_rule(*lines: str) -> str:
    return CONFIG.replace('then = "send"', "\n".join(['then = "send"', *lines]))


def with_caps(caps: str) -> str:
    return CONFIG.replace("[agent]", f"[agent]\ncaps = {{ {caps} }}")


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    made: list[World] = []

    def make(config: str = CONFIG) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(folder, config))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


def asks(world: World, who: str = "ann@customer.test") -> None:
    world.customer_writes("When are you open?", sender=f"Customer <{who}>", subject="Opening hours")
    world.run()


def states(world: World) -> list[State]:
    return [case.state for case in world.cases]


def last_why(world: World) -> str:
    return world.store.cases.log(world.cases[-1])[-1].why


# -- office hours (World begins on a Monday at noon in Berlin; the office is open from 9 to 17)


def test_at_night_an_answer_waits_in_outgoing_until_people_are_there(worlds: Worlds) -> None:
    world = worlds(with_rule('send = "office-hours"'))
    world.run(later=8 * HOUR)
    asks(world)
    assert states(world) == [State.APPROVED]
    assert len(world.standing("outgoing")) == 1
    world.run(later=12 * HOUR)
    assert states(world) == [State.APPROVED]
    world.run(later=HOUR)
    assert states(world) == [State.SENT]


def test_in_office_hours_it_leaves_at_once(worlds: Worlds) -> None:
    world = worlds(with_rule('send = "office-hours"'))
    asks(world)
    assert states(world) == [State.SENT]


def test_an_undo_time_that_ends_after_the_office_has_closed_waits_for_the_next_day(worlds: Worlds) -> None:
    world = worlds(with_rule('send = "office-hours"', 'undo = "1h"'))
    world.run(later=timedelta(hours=4, minutes=30))
    asks(world)
    world.run(later=2 * HOUR)
    assert states(world) == [State.APPROVED]
    world.run(later=15 * HOUR)
    assert states(world) == [State.SENT]


def test_what_a_pause_has_held_back_past_closing_time_waits_for_the_office_too(worlds: Worlds) -> None:
    world = worlds(with_rule('send = "office-hours"'))
    world.store.switches.set("pause", "all", "admin", world.now)
    asks(world)
    world.now += 8 * HOUR
    world.store.switches.set("pause", "", "admin", world.now)
    world.run()
    assert states(world) == [State.APPROVED]
    world.run(later=14 * HOUR)
    assert states(world) == [State.SENT]


def test_taken_out_of_outgoing_at_night_it_does_not_leave_in_the_morning(worlds: Worlds) -> None:
    world = worlds(with_rule('send = "office-hours"'))
    world.run(later=8 * HOUR)
    asks(world)
    world.moves(world.standing("outgoing")[0], "review")
    world.run(later=14 * HOUR)
    assert states(world) == [State.HELD]


def test_the_undo_time_counts_from_when_it_could_be_seen_and_no_longer_than_it_is(worlds: Worlds) -> None:
    world = worlds(with_rule('send = "office-hours"', 'undo = "5m"'))
    world.run(later=8 * HOUR)
    asks(world)
    world.run(later=timedelta(hours=13, minutes=1))
    assert states(world) == [State.SENT]


# -- caps


def test_one_correspondent_gets_so_many_a_day_and_people_are_told_once(worlds: Worlds) -> None:
    world = worlds()
    for _ in range(5):
        asks(world)
    assert states(world) == [State.SENT] * 3 + [State.HELD] * 2
    alerts = [mail for mail in world.sent_to("anna@example.com") if "no more automatic answers" in str(mail["Subject"])]
    assert len(alerts) == 1
    world.run(later=DAY + HOUR)
    asks(world)
    assert states(world)[-1] is State.SENT


def test_one_domain_gets_so_many_a_day_whoever_writes(worlds: Worlds) -> None:
    world = worlds(with_caps("per_domain_per_day = 2"))
    for number in range(4):
        asks(world, f"c{number}@firm.test")
    assert states(world) == [State.SENT] * 2 + [State.HELD] * 2
    assert "people at firm.test" in last_why(world)
    asks(world, "ann@other.test")
    assert states(world)[-1] is State.SENT


def test_the_people_of_a_freemail_domain_share_no_cap(worlds: Worlds) -> None:
    world = worlds(with_caps("per_domain_per_day = 2"))
    for number in range(4):
        asks(world, f"c{number}@gmail.com")
    assert states(world) == [State.SENT] * 4
    assert all(domain == domain.lower() for domain in FREEMAIL)


def test_a_cap_of_none_sends_nothing_by_itself(worlds: Worlds) -> None:
    world = worlds(with_caps("per_domain_per_day = 0"))
    asks(world)
    assert states(world) == [State.HELD]


# -- age, and the rules once more


def test_60_a_mail_that_is_days_old_is_answered_by_a_person(worlds: Worlds) -> None:
    world = worlds(CONFIG.replace('name = "Example Support"', 'name = "Example Support"\nstart = "30 days"'))
    world.customer_writes("When are you open?", subject="Opening hours")
    world.now += 4 * DAY
    world.run()
    assert states(world) == [State.HELD]
    assert "has waited for 4 days" in last_why(world)


def test_after_days_of_a_server_that_is_away_a_person_decides_whether_it_still_fits(worlds: Worlds) -> None:
    world = worlds()
    world.transport.answers(*[Answer(Status.DEFERRED, Phase.RCPT)] * 40)
    asks(world)
    for _ in range(20):
        world.run(later=4 * HOUR)
    assert states(world) == [State.HELD]


def test_the_rules_are_asked_again_before_it_leaves_and_a_stricter_one_wins(worlds: Worlds) -> None:
    world = worlds(with_rule('undo = "1h"'))
    asks(world)
    stricter = (
        '\n[[rule]]\nname = "Ann is special"\nwhen = { sender = { domain = "customer.test" } }\nthen = "review"\n'
    )
    world.reconfigured(with_rule('undo = "1h"') + stricter)
    world.run(later=2 * HOUR)
    assert states(world) == [State.HELD]
    assert "Ann is special" in text_of(world.packet_for("anna@example.com"))
    assert world.sent_to("ann@customer.test") == []


def test_a_rule_that_was_taken_out_of_the_file_sends_nothing_any_more(worlds: Worlds) -> None:
    world = worlds(with_rule('undo = "1h"'))
    asks(world)
    world.reconfigured(CONFIG.replace('then = "send"', 'then = "review"'))
    world.run(later=2 * HOUR)
    assert states(world) == [State.HELD]


def test_what_a_person_has_approved_is_not_judged_again(worlds: Worlds) -> None:
    world = worlds()
    world.customer_writes("Please refund my order 4711.")
    world.run()
    world.moves(world.standing("review")[0], "approve")
    world.transport.answers(*[Answer(Status.DEFERRED, Phase.RCPT)] * 3)
    world.run(later=timedelta(minutes=2))
    for _ in range(30):
        world.run(later=4 * HOUR)
    assert states(world) == [State.SENT]
