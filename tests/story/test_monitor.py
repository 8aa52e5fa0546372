"""Figures and a yes or no for a monitoring system, asked over real HTTP."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.backends.page import MOST, Answers, Page
from mailhitl.config.load import load
from mailhitl.daemon.health.figures import figures
from mailhitl.daemon.health.troubles import Patient, Pulse
from mailhitl.daemon.health.watchman import BLIND, Watchman
from mailhitl.errors import ConfigError, PermanentFailure
from tests.story.office import Office
from tests.story.world import CONFIG, World


def asked(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Watched:
    """A world with a page that tells of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pulse = Pulse("support", world.now, world.now + timedelta(minutes=1), last_round=world.now)
        patient = Patient(lambda: [self.pulse], world.store, world.folder)
        self.watchman = Watchman(
            patient, world.store, None, now=lambda: world.now, monotonic=lambda: world.now.timestamp()
        )
        told = Answers(lambda: figures(world.store, [self.pulse], world.now), self.watchman.reasons)
        self.page = Page(("127.0.0.1", 0), told)

    def figure(self, name: str) -> float:
        _, text = asked(self.page.port, "/metrics")
        return float(next(line for line in text.splitlines() if line.startswith(name)).rpartition(" ")[2])


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(World(tmp_path))
    watched.page.start()
    yield watched
    watched.page.stop()


def test_the_figures_say_how_much_waits_and_for_how_long(watched: Watched) -> None:
    watched.world.customer_writes("I want my money back", subject="Refund")
    watched.world.customer_writes("When are you open?", subject="Opening hours", sender="Bo <bo@customer.test>")
    watched.world.run()
    watched.world.now += timedelta(hours=1)
    assert watched.figure('mailhitl_cases{mailbox="support",state="held"}') == 1
    assert watched.figure('mailhitl_cases{mailbox="support",state="sent"}') == 1
    assert watched.figure('mailhitl_oldest_waiting_seconds{mailbox="support"}') >= 3600
    assert watched.figure('mailhitl_automatic_sends_last_day{mailbox="support"}') == 1
    assert watched.figure('mailhitl_last_round_age_seconds{mailbox="support"}') == 3600
    assert watched.figure('mailhitl_up{mailbox="support"}') == 1
    assert watched.figure('mailhitl_came_back_last_day{kind="bounce"}') == 0


def test_no_customer_stands_in_the_figures(watched: Watched) -> None:
    watched.world.customer_writes(
        "I want my money back, says Canary", subject="Canary", sender="C <canary@customer.test>"
    )
    watched.world.run()
    _, text = asked(watched.page.port, "/metrics")
    assert "canary" not in text.lower() and "customer.test" not in text


def test_health_is_a_yes_while_all_is_well_and_a_no_with_the_reasons_otherwise(watched: Watched) -> None:
    assert asked(watched.page.port, "/healthz") == (503, "nobody has looked lately whether all is well\n")
    watched.watchman.look()
    assert asked(watched.page.port, "/healthz") == (200, "all is well\n")
    watched.pulse = watched.pulse.unwell(watched.world.now, 1, "no route to host", refused=False)
    watched.world.now += timedelta(minutes=6)
    watched.watchman.look()
    assert asked(watched.page.port, "/healthz") == (503, "mailbox support is not served\n")
    assert watched.figure('mailhitl_up{mailbox="support"}') == 0
    watched.pulse = replace(watched.pulse.well(watched.world.now, 3600))
    watched.watchman.look()
    assert asked(watched.page.port, "/healthz")[0] == 200
    watched.world.now += BLIND + timedelta(seconds=1)
    assert asked(watched.page.port, "/healthz")[0] == 503


def test_nothing_else_is_served_there(watched: Watched) -> None:
    assert asked(watched.page.port, "/")[0] == 404
    assert asked(watched.page.port, "/../etc/passwd")[0] == 404


def test_who_sends_nothing_does_not_keep_others_from_asking(watched: Watched) -> None:
    watched.watchman.look()
    with socket.create_connection(("127.0.0.1", watched.page.port)) as silent:
        silent.sendall(b"GET /healthz")
        assert asked(watched.page.port, "/healthz")[0] == 200


def test_of_many_who_never_finish_asking_the_first_is_cut_off_and_whoever_does_is_answered() -> None:
    with served(patience=3600.0) as page, ExitStack() as connections:
        slow = [connections.enter_context(socket.create_connection(("127.0.0.1", page.port))) for _ in range(MOST)]
        for one in slow:
            one.sendall(b"GET /healthz HTTP/1.1\r\nX-Drip: ")
        assert asked(page.port, "/healthz") == (200, "all is well\n")
        assert slow[0].recv(1) == b""
        slow[-1].sendall(b"done\r\n\r\n")
        assert slow[-1].recv(12) == b"HTTP/1.0 200"


def test_whoever_hangs_up_before_the_answer_keeps_nobody_from_asking() -> None:
    with served() as page:
        for _ in range(2 * MOST):
            with socket.create_connection(("127.0.0.1", page.port)) as gone:
                gone.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert asked(page.port, "/healthz") == (200, "all is well\n")


@contextmanager
def served(patience: float = 5.0) -> Iterator[Page]:
    """A page on which all is well."""
    page = Page(("127.0.0.1", 0), Answers(list, list), patience=patience)
    page.start()
    try:
        yield page
    finally:
        page.stop()


def test_a_port_that_is_taken_is_told_by_its_name(watched: Watched) -> None:
    with pytest.raises(PermanentFailure, match=r"metrics\.listen: cannot listen at 127\.0\.0\.1"):
        Page(("127.0.0.1", watched.page.port), Answers(list, list)).start()


@pytest.mark.parametrize("where", ["0.0.0.0:9464", "[::]:9464", "monitor.example.com:9464"])
def test_others_may_read_the_figures_only_when_the_admin_says_so(tmp_path: Path, where: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'{CONFIG.replace("TEMPLATES", "templates")}\n[metrics]\nlisten = "{where}"\n')
    with pytest.raises(ConfigError, match="allow_remote"):
        load(path)
    path.write_text(path.read_text() + "allow_remote = true\n")
    assert load(path).metrics is not None


@pytest.mark.parametrize("where", ["9464", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x"])
def test_an_address_that_is_none_is_told_at_its_line(tmp_path: Path, where: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'{CONFIG.replace("TEMPLATES", "templates")}\n[metrics]\nlisten = "{where}"\n')
    with pytest.raises(ConfigError, match=r"config\.toml:\d+: metrics\.listen: must be an address and a port"):
        load(path)


def test_a_daemon_answers_while_it_serves_and_listens_only_when_asked_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Office(tmp_path) as office:
        config = office.usual()
        office.write(f'{config}\n[metrics]\nlisten = "127.0.0.1:{port}"\n')
        daemon = office.serving()
        daemon.awaits("mailbox connected")
        assert asked(port, "/healthz")[0] == 200
        assert 'mailhitl_cases{mailbox="support",state="held"} 0.0' in asked(port, "/metrics")[1]
