"""A worker, Dovecot and an SMTP server with a bad network between them: when it is over, everything was done once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.chaos import Fault
from tests.contract.conftest import BARE
from tests.crash.bad_network import Desk, desk_at, processes_of
from tests.servers import Dovecot

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, dovecot: Dovecot) -> Iterator[Desk]:
    with desk_at(dovecot, tmp_path) as desk:
        yield desk


#: Of the bytes that an ordinary round moves, these lie in the greeting, the login, the listing and the fetches.
IMAP_FAULTS = [
    Fault("cut", 30),
    Fault("cut", 2500),
    Fault("cut", 400, to_client=False),
    Fault("stall", 700),
    Fault("half-open", 900),
    Fault("half-open", 300, to_client=False),
    Fault("drip"),
    Fault("garbage", 1100),
    Fault("truncate", 600),
]


@pytest.mark.parametrize("fault", IMAP_FAULTS, ids=str)
def test_after_a_fault_of_the_network_to_dovecot_every_mail_has_one_draft_and_one_answer(
    desk: Desk, fault: Fault
) -> None:
    desk.imap_net.break_by(fault)
    desk.customer_writes(0)
    desk.worker.poke()
    desk.imap_net.awaits_bite(3 if fault.kind == "drip" else 1)
    desk.imap_net.heal()
    desk.waits_for_people(1)
    desk.imap_net.break_by(fault)
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.imap_net.awaits_bite(desk.imap_net.bitten + 1)
    desk.imap_net.heal()
    desk.finishes(0)
    assert desk.arrived(0) == 1


#: What the scripted server says until it has the whole mail.
REPLIES_BEFORE_THE_LAST = (
    "220 scripted ESMTP\r\n250-scripted\r\n250-8BITMIME\r\n250-SIZE 10000000\r\n250 AUTH PLAIN LOGIN\r\n"
    "250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n354 end with a dot\r\n"
)
#: In bytes to the client: in the banner, the answer to EHLO, to MAIL and to RCPT; away: within EHLO and within MAIL.
SAFE_SMTP_FAULTS = [
    Fault("cut", 5),
    Fault("cut", 60),
    Fault("cut", 110),
    Fault("cut", 10, to_client=False),
    Fault("cut", 50, to_client=False),
    Fault("half-open", 40),
    Fault("stall", 40),
    Fault("drip"),
    Fault("garbage", 0),
]


@pytest.mark.parametrize("fault", SAFE_SMTP_FAULTS, ids=str)
def test_after_a_fault_of_the_network_to_the_smtp_server_the_answer_has_arrived_once(desk: Desk, fault: Fault) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.smtp_net.break_by(fault)
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.smtp_net.awaits_bite()
    if fault.kind != "stall":
        desk.until(
            lambda: desk.cases[0].state in (State.SENT, State.APPROVED) and desk.store.deliveries.of(desk.cases[0])
        )
    desk.smtp_net.heal()
    desk.finishes(0)
    assert desk.arrived(0) == 1


@pytest.mark.parametrize("after", [600, 1500])
def test_a_cut_within_the_body_is_for_people_and_nothing_leaves_twice(desk: Desk, after: int) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.smtp_net.break_by(Fault("cut", after, to_client=False))
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.smtp_net.awaits_bite()
    desk.smtp_net.heal()
    desk.until(lambda: desk.cases[0].revision == 2 and desk.standing("Drafts/Review"))
    assert desk.cases[0].state is State.HELD
    assert desk.arrived(0) == 0


def test_a_final_reply_that_is_lost_has_delivered_once_and_people_are_asked(desk: Desk) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.smtp_net.break_by(Fault("cut", len(REPLIES_BEFORE_THE_LAST)))
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.worker.poke()
    desk.smtp_net.awaits_bite()
    desk.smtp_net.heal()
    desk.until(lambda: desk.cases[0].revision == 2 and desk.standing("Drafts/Review"))
    rounds = desk.worker.rounds
    desk.until(lambda: desk.worker.rounds > rounds + 3)
    assert desk.cases[0].state is State.HELD
    assert desk.arrived(0) == 1


@contextmanager
def stopped(dovecot: Dovecot) -> Iterator[None]:
    """Nothing of it goes on meanwhile; a process that has just ended needs no stopping."""
    processes = [*processes_of(dovecot)]
    try:
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_a_dovecot_that_is_stopped_for_a_while_loses_and_doubles_nothing(desk: Desk, dovecot: Dovecot) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.customer_writes(1)
    with stopped(dovecot):
        desk.worker.poke()
        desk.until(lambda: desk.worker.problem)
    desk.waits_for_people(2)
    assert [case.message_id for case in desk.cases] == ["<refund-0@customer.test>", "<refund-1@customer.test>"]


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1)], ids=["forward", "back"])
def test_a_clock_that_is_set_by_a_day_in_the_middle_of_it_doubles_and_loses_nothing(
    desk: Desk, step: timedelta
) -> None:
    desk.customer_writes(0)
    desk.waits_for_people(1)
    desk.set_clock(step)
    desk.customer_writes(1)
    desk.waits_for_people(2)
    desk.approve(desk.standing("Drafts/Review")[0])
    desk.until(lambda: desk.cases[0].state is State.SENT)
    desk.set_clock(-step)
    rounds = desk.worker.rounds
    desk.until(lambda: desk.worker.rounds > rounds + 3 and len(desk.standing("Sent")) == 1)
    assert [desk.arrived(0), desk.arrived(1)] == [1, 0]
    assert [case.state for case in desk.cases] == [State.SENT, State.HELD]


def test_a_second_worker_that_starts_beside_the_first_stands_by_and_nothing_is_doubled(desk: Desk) -> None:
    with desk.a_second_worker() as second:
        desk.customer_writes(0)
        desk.waits_for_people(1)
        desk.approve(desk.standing("Drafts/Review")[0])
        desk.finishes(0)
        assert second.pulse().standing_by
        assert second.rounds == 0
    assert desk.arrived(0) == 1


def test_on_a_server_without_any_extension_everything_is_done_once_too(tmp_path: Path) -> None:
    with Dovecot(BARE) as dovecot, desk_at(dovecot, tmp_path) as desk:
        desk.customer_writes(0)
        desk.imap_net.break_by(Fault("cut", 1500))
        desk.worker.poke()
        desk.imap_net.awaits_bite()
        desk.imap_net.heal()
        desk.waits_for_people(1)
        desk.approve(desk.standing("Drafts/Review")[0])
        desk.finishes(0)
        assert desk.arrived(0) == 1
