"""Handing over by SMTP: whatever a server or the network does at whichever stage, the outcome is the true one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import pytest

from mailhitl.backends.smtp import SmtpSettings, SmtpTransport, Timeouts
from mailhitl.delivery import Phase, Status
from tests.contract.handing_over import ANN, BEN, CAT, MAIL, PATIENT, SENDER, hand_over, ignore, statuses
from tests.servers import Authority
from tests.smtp_server import DROP, STAGES, STALL, UNSAFE, ScriptedServer

#: What waits at each stage.
WAITS_AT = {
    "banner": "banner",
    "ehlo": "greet",
    "starttls": "greet",
    "auth": "greet",
    "mail": "mail",
    "rcpt": "rcpt",
    "data": "data",
    "body": "final",
    "dot": "final",
    "reply": "final",
}
ALL_PHASES = [Phase.CONNECT, Phase.GREET, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY]


# --- every stage, every fault -----------------------------------------------------------------------------------------

EXPECTED_FOR_REPLY = {
    # AUTH 535, EHLO 550, a banner 554: the admin's trouble, not this mail's.
    "banner": (Status.DEFERRED, Status.DEFERRED),
    "ehlo": (Status.DEFERRED, Status.DEFERRED),
    "starttls": (Status.DEFERRED, Status.DEFERRED),
    "auth": (Status.DEFERRED, Status.DEFERRED),
    "mail": (Status.DEFERRED, Status.REFUSED),
    "rcpt": (Status.DEFERRED, Status.REFUSED),
    "data": (Status.DEFERRED, Status.REFUSED),
    "body": (Status.DEFERRED, Status.REFUSED),
    "dot": (Status.DEFERRED, Status.REFUSED),
}


def faults() -> Iterator[tuple[str, str, Status]]:
    for stage in STAGES:
        broken = Status.UNKNOWN if stage in UNSAFE else Status.DEFERRED
        yield stage, DROP, broken
        yield stage, STALL, broken
        if stage in EXPECTED_FOR_REPLY:
            temporary, permanent = EXPECTED_FOR_REPLY[stage]
            yield stage, "451 4.3.0 later", temporary
            yield stage, "421 4.3.2 closing", temporary
            yield stage, "550 5.7.1 no", permanent


@pytest.mark.parametrize(("stage", "act", "expected"), [*faults()])
def test_a_fault_at_any_stage_has_its_true_outcome(
    authority: Authority, ca_file: str, stage: str, act: str, expected: Status
) -> None:
    timeouts = replace(PATIENT, **{WAITS_AT[stage]: 0.3}) if act == STALL else PATIENT
    phases: list[Phase] = []
    with ScriptedServer({stage: act}, tls=authority.issue().server_context()) as server:
        transport = SmtpTransport(
            SmtpSettings(
                "127.0.0.1",
                server.port,
                "starttls",
                username="support",
                password=lambda: "the secret",
                ca_file=ca_file,
                timeouts=timeouts,
            )
        )
        handover = transport.hand_over(MAIL, SENDER, [ANN, BEN], on_phase=phases.append)

    assert statuses(handover) == {ANN: expected.value, BEN: expected.value}
    assert phases == ALL_PHASES[: len(phases)]
    assert handover.phase in (phases[-1], Phase.DONE)
    assert len(server.delivered) == (1 if stage == "reply" else 0)
    assert all(result.reply for result in handover.results)
    if act not in (DROP, STALL):
        assert act in handover.results[0].reply
    if expected is Status.UNKNOWN:
        assert handover.phase is Phase.BODY


@pytest.mark.parametrize("act", [DROP, STALL, "421 4.3.2 closing", "550 5.7.1 no"])
def test_a_fault_after_the_tls_handshake_is_still_safe_to_try_again(
    authority: Authority, ca_file: str, act: str
) -> None:
    timeouts = replace(PATIENT, greet=0.5) if act == STALL else PATIENT
    with ScriptedServer({"ehlo:tls": act}, tls=authority.issue().server_context()) as server:
        settings = SmtpSettings("127.0.0.1", server.port, "starttls", ca_file=ca_file, timeouts=timeouts)
        handover = SmtpTransport(settings).hand_over(MAIL, SENDER, [ANN], on_phase=ignore)

    assert statuses(handover) == {ANN: "deferred"}
    assert handover.phase is Phase.GREET


def test_a_mail_is_delivered_once_and_says_so_in_the_servers_words() -> None:
    phases: list[Phase] = []
    with ScriptedServer() as server:
        handover = hand_over(server, ANN, BEN, on_phase=phases.append)

    assert statuses(handover) == {ANN: "accepted", BEN: "accepted"}
    assert handover.results[0].reply == "250 2.0.0 queued as 1"
    assert handover.phase is Phase.DONE
    assert phases == ALL_PHASES
    (delivered,) = server.delivered
    assert (delivered.sender, delivered.recipients, delivered.content) == (SENDER, (ANN, BEN), MAIL)
    assert server.commands[-1] == "QUIT"


def test_nobody_listening_is_deferred() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        handover = SmtpTransport(SmtpSettings("127.0.0.1", port, "none")).hand_over(
            MAIL, SENDER, [ANN], on_phase=ignore
        )

    assert statuses(handover) == {ANN: "deferred"}
    assert "refused" in handover.reply
    assert handover.phase is Phase.CONNECT


def test_a_server_that_takes_no_connection_is_deferred() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address):  # fills the one place in the queue
            settings = SmtpSettings(*address, "none", timeouts=replace(PATIENT, connect=0.3))
            handover = SmtpTransport(settings).hand_over(MAIL, SENDER, [ANN], on_phase=ignore)

    assert statuses(handover) == {ANN: "deferred"}
    assert "no answer in time" in handover.reply


def test_an_impossible_host_name_is_deferred() -> None:
    settings = SmtpSettings("mail..example.org", 25, "none")
    handover = SmtpTransport(settings).hand_over(MAIL, SENDER, [ANN], on_phase=ignore)

    assert statuses(handover) == {ANN: "deferred"}


def test_a_late_final_reply_is_waited_for() -> None:
    """Checklist 4 with seconds for minutes: every other wait is shorter than this reply takes."""
    impatient = Timeouts(**{each.name: 0.5 for each in fields(Timeouts)})
    with ScriptedServer(delays={"reply": 1.0}) as server:
        handover = hand_over(server, timeouts=replace(impatient, final=20))

    assert statuses(handover) == {ANN: "accepted"}
    assert len(server.delivered) == 1


def test_the_default_waits_are_those_of_the_rfc() -> None:
    timeouts = Timeouts()
    minutes = {name: getattr(timeouts, name) / 60 for name in ("banner", "mail", "rcpt", "data", "block", "final")}

    assert minutes == {"banner": 5, "mail": 5, "rcpt": 5, "data": 2, "block": 3, "final": 10}


@pytest.mark.parametrize("act", [DROP, STALL, "550 5.0.0 no", "421 closing"])
def test_a_failing_farewell_changes_nothing(act: str) -> None:
    with ScriptedServer({"quit": act}) as server:
        handover = hand_over(server, timeouts=replace(PATIENT, quit=0.3))

    assert statuses(handover) == {ANN: "accepted"}


# --- the phases are announced before they begin -----------------------------------------------------------------------


class CannotRecord(OSError):
    """Like a full disk: looks like a network error and is none."""


@pytest.mark.parametrize(
    ("refused", "unsaid"),
    [
        (Phase.CONNECT, None),
        (Phase.GREET, "EHLO"),
        (Phase.MAIL, "MAIL"),
        (Phase.RCPT, "RCPT"),
        (Phase.DATA, "DATA"),
        (Phase.BODY, "QUIT"),
    ],
)
def test_what_cannot_be_recorded_does_not_happen(refused: Phase, unsaid: str | None) -> None:
    def record(phase: Phase) -> None:
        if phase is refused:
            raise CannotRecord(phase)

    with ScriptedServer() as server, pytest.raises(CannotRecord):
        hand_over(server, on_phase=record)

    assert server.connections == (0 if unsaid is None else 1)
    assert not [command for command in server.commands if unsaid and command.startswith(unsaid)]
    assert server.body_bytes == 0
    assert server.delivered == []


def test_two_threads_hand_over_at_the_same_time() -> None:
    with ScriptedServer() as server, ThreadPoolExecutor(2) as threads:
        handovers = list(threads.map(lambda address: hand_over(server, address), [ANN, BEN]))

    assert [statuses(handover) for handover in handovers] == [{ANN: "accepted"}, {BEN: "accepted"}]
    assert sorted(delivered.recipients for delivered in server.delivered) == [(ANN,), (BEN,)]


# --- each recipient has a result of its own ---------------------------------------------------------------------------

PER_RECIPIENT = [
    ({f"rcpt:{BEN}": "550 5.1.1 unknown", f"rcpt:{CAT}": "450 4.2.0 full"}, ("accepted", "refused", "deferred"), 1),
    ({f"rcpt:{BEN}": "550 5.1.1 unknown", f"rcpt:{CAT}": DROP}, ("deferred", "refused", "deferred"), 0),
    ({f"rcpt:{BEN}": "421 4.3.2 closing"}, ("deferred", "deferred", "deferred"), 0),
    ({f"rcpt:{ANN}": "550 no", "data": "451 later"}, ("refused", "deferred", "deferred"), 0),
    ({f"rcpt:{ANN}": "450 later", "data": "554 no"}, ("deferred", "refused", "refused"), 0),
    ({f"rcpt:{ANN}": "550 no", "dot": "451 later"}, ("refused", "deferred", "deferred"), 0),
    ({f"rcpt:{ANN}": "550 no", "dot": "554 spam"}, ("refused", "refused", "refused"), 0),
    ({f"rcpt:{ANN}": "550 no", f"rcpt:{BEN}": "450 later", "reply": DROP}, ("refused", "deferred", "unknown"), 1),
    ({f"rcpt:{ANN}": "251 will forward"}, ("accepted", "accepted", "accepted"), 1),
    ({"rcpt": "550 no"}, ("refused", "refused", "refused"), 0),
]


@pytest.mark.parametrize(("script", "expected", "delivered"), PER_RECIPIENT)
def test_each_recipient_has_its_own_result(
    script: dict[str, str], expected: tuple[str, str, str], delivered: int
) -> None:
    with ScriptedServer(script) as server:
        handover = hand_over(server, ANN, BEN, CAT)

    assert tuple(statuses(handover).items()) == tuple(zip((ANN, BEN, CAT), expected, strict=True))
    assert len(server.delivered) == delivered


def test_a_server_that_closes_says_so_to_all_who_are_left() -> None:
    with ScriptedServer({f"rcpt:{BEN}": "421 4.3.2 closing"}) as server:
        handover = hand_over(server, ANN, BEN, CAT)

    assert [result.reply for result in handover.results] == ["421 4.3.2 closing"] * 3


def test_when_everyone_is_refused_no_data_command_is_given() -> None:
    with ScriptedServer({"rcpt": "550 5.1.1 unknown"}) as server:
        handover = hand_over(server, ANN, BEN)

    assert handover.phase is Phase.RCPT
    assert "DATA" not in server.commands
    assert server.commands[-1] == "QUIT"


def test_a_recipient_named_twice_gets_one_copy() -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, ANN, BEN, ANN)

    assert statuses(handover) == {ANN: "accepted", BEN: "accepted"}
    assert server.delivered[0].recipients == (ANN, BEN)


# --- replies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["hello", "354 go on", "999 what", "25", "250" + "-" * 40_000, "\x00"])
def test_a_final_reply_that_is_none_leaves_the_outcome_unknown(reply: str) -> None:
    with ScriptedServer({"reply": reply}) as server:
        handover = hand_over(server, timeouts=replace(PATIENT, final=1))

    assert statuses(handover) == {ANN: "unknown"}


@pytest.mark.parametrize("stage", ["banner", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("reply", ["hello", "999 what", "120 wait", "250" + "-" * 40_000, "-25 minus"])
def test_nonsense_before_the_body_is_deferred(stage: str, reply: str) -> None:
    with ScriptedServer({stage: reply}) as server:
        handover = hand_over(server)

    assert statuses(handover) == {ANN: "deferred"}
    assert server.delivered == []


def test_a_reply_too_many_before_the_body_is_not_taken_for_the_answer_to_it() -> None:
    """Breaks when the library no longer keeps what it was not asked for in ``_buffer``."""
    with ScriptedServer({"data": "354 go on\r\n250 2.0.0 forged", "dot": "554 5.7.1 refused"}) as server:
        handover = hand_over(server)

    assert statuses(handover) == {ANN: "deferred"}
    assert handover.phase is Phase.DATA
    assert server.body_bytes == 0


def test_the_servers_words_are_one_short_line_without_control_characters() -> None:
    reply = "550-first \x1b[31mred\x07\r\n550 second\u2028\u202e\x85\udcff " + "long " * 200
    with ScriptedServer({"rcpt": reply}) as server:
        words = hand_over(server).results[0].reply

    assert words.startswith("550 first red second")
    assert words.isprintable()
    assert len(words) <= 500


def test_nobody_to_send_to_opens_no_connection() -> None:
    with ScriptedServer() as server:
        transport = SmtpTransport(SmtpSettings("127.0.0.1", server.port, "none"))
        handover = transport.hand_over(MAIL, SENDER, [], on_phase=ignore)

    assert handover.results == ()
    assert server.connections == 0
