"""Trying out a transport: it goes as far as the login, says what is wrong in words, and sends nothing."""

from __future__ import annotations

import socket

import pytest

from mailhitl.backends.memory import MemoryTransport
from mailhitl.backends.smtp import SmtpSettings, SmtpTransport
from mailhitl.ports.transport import Transport
from tests.contract.handing_over import PATIENT
from tests.servers import Authority
from tests.smtp_server import DROP, ScriptedServer

SECRET = "canary-password"


def transport(server: ScriptedServer, ca_file: str) -> SmtpTransport:
    settings = SmtpSettings(
        "127.0.0.1", server.port, "starttls", "support", lambda: SECRET, ca_file=ca_file, timeouts=PATIENT
    )
    return SmtpTransport(settings)


def test_a_server_that_would_take_mail_has_no_problem(authority: Authority, ca_file: str) -> None:
    with ScriptedServer(tls=authority.issue().server_context()) as server:
        assert transport(server, ca_file).probe() == ""

    verbs = [command.split()[0] for command in server.commands]
    assert verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "NOOP", "QUIT"]
    assert server.delivered == []


def test_a_server_without_login_is_only_greeted() -> None:
    with ScriptedServer() as server:
        assert SmtpTransport(SmtpSettings("127.0.0.1", server.port, "none", timeouts=PATIENT)).probe() == ""

    assert [command.split()[0] for command in server.commands] == ["EHLO", "NOOP", "QUIT"]


FAULTS = [
    ({"banner": "554 5.3.2 closed today"}, "554 5.3.2 closed today"),
    ({"banner": DROP}, "connection lost"),
    ({"starttls": "454 4.7.0 no certificate"}, "454 4.7.0 no certificate"),
    ({"auth": "535 5.7.8 wrong password"}, "login failed: 535 5.7.8 wrong password"),
    ({"auth": f"535 no such password: {SECRET}"}, "repeat the login"),
    ({"noop": "421 4.3.2 going down"}, "421 4.3.2 going down"),
]


@pytest.mark.parametrize(("script", "expected"), FAULTS)
def test_what_is_wrong_with_a_server_is_said_in_its_words(
    authority: Authority, ca_file: str, script: dict[str, str], expected: str
) -> None:
    with ScriptedServer(script, tls=authority.issue().server_context()) as server:
        problem = transport(server, ca_file).probe()

    assert expected in problem
    assert SECRET not in problem


def test_a_certificate_that_nobody_vouches_for_is_a_problem(authority: Authority) -> None:
    with ScriptedServer(tls=authority.issue().server_context(), implicit_tls=True) as server:
        problem = SmtpTransport(SmtpSettings("127.0.0.1", server.port, "tls", timeouts=PATIENT)).probe()

    assert problem.startswith("certificate not accepted")


def test_nobody_listening_is_a_problem() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        problem = SmtpTransport(SmtpSettings("127.0.0.1", unused.getsockname()[1], "none")).probe()

    assert "refused" in problem


def test_the_twin_in_memory_has_the_problem_it_is_given() -> None:
    twin = MemoryTransport()
    held_to_the_port: Transport = twin
    assert held_to_the_port.probe() == ""
    twin.problem = "login failed"
    assert held_to_the_port.probe() == "login failed"
