"""What the doctor's probes find out about the way in: whether a forged check is believed, and plus-addresses arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.backends.memory import Answer, MemoryMailbox, MemoryTransport
from mailhitl.case import State
from mailhitl.daemon import cycle, wire
from mailhitl.daemon.health.doctor import Finding
from mailhitl.daemon.health.probe import Bench, probe
from mailhitl.delivery import Handover, Phase, Status
from tests.story.office import Office
from tests.story.world import CONFIG, World

MINUTE = timedelta(seconds=61)
ANN, ANNA = "ann@customer.test", "anna@example.com"
FORGED = re.compile(rb"^Authentication-Results: mx\.example\.com;.*?\r\n(?![ \t])", re.MULTILINE | re.DOTALL)


def strips(raw: bytes) -> bytes:
    return FORGED.sub(b"", raw)


def strips_and_says_its_own(raw: bytes) -> bytes:
    return b"Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n" + FORGED.sub(b"", raw)


def says_its_own_above(raw: bytes) -> bytes:
    return b"Authentication-Results: mx.example.com; dmarc=fail header.from=example.com\r\n" + raw


def renames(raw: bytes) -> bytes:
    return raw.replace(b"Authentication-Results: mx", b"X-Old-Authentication-Results: mx", 1)


def keeps(raw: bytes) -> bytes:
    return raw


@dataclass
class Border:
    """The mail server between the doctor's mail and the inbox."""

    box: MemoryMailbox
    lets_in: Callable[[bytes], bytes] = strips
    plus: bool = True
    into: str = "INBOX"
    copies: bool = False

    def hand_over(
        self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
    ) -> Handover:
        refused = Answer(Status.REFUSED, phase=Phase.RCPT, reply="550 5.1.1 no such user")
        script = [refused] if "+" in recipients[0] and not self.plus else []
        done = MemoryTransport(*script).hand_over(raw, sender, recipients, on_phase=on_phase)
        if done.accepted:
            self.box.deliver(self.into, self.lets_in(raw))
            if self.copies:
                self.box.deliver("Sent", raw)
        return done

    def probe(self) -> str:
        return ""


def probed(world: World, border: Border) -> dict[str, Finding]:
    app = world.app
    settings = wire.settings_of(world.config, "support")
    bench = Bench(
        settings, world.box, border, world.store, app.folders, now=lambda: world.now, wait=lambda seconds: None
    )
    return {finding.subject: finding for finding in probe(bench)}


def is_clean(world: World) -> bool:
    return all(not world.box.locations(info.name) for info in world.box.folders())


@pytest.mark.parametrize("border", [strips, strips_and_says_its_own, renames, says_its_own_above])
def test_a_border_that_lets_no_forged_check_be_believed_is_told_so(
    world: World, border: Callable[[bytes], bytes]
) -> None:
    found = probed(world, Border(world.box, border))
    assert found["forged results"].level == "ok"
    assert is_clean(world)
    world.restart()
    assert world.app.settings.trusted_authserv == {"mx.example.com"}


def test_a_border_that_lets_a_forged_check_in_is_believed_no_more(world: World) -> None:
    found = probed(world, Border(world.box, keeps))
    assert found["forged results"].level == "error"
    assert is_clean(world)
    world.restart()
    world.customer_writes("When are you open?")
    world.customer_writes("Please refund my order 4711.", sender="Bob <bob@customer.test>")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD, State.HELD], "nothing leaves by itself"
    world.answers(world.packet_for(ANNA), "approve")
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.HELD, State.HELD], "and nothing by mail"
    probed(world, Border(world.box, strips))
    world.restart()
    world.answers(world.packet_for(ANNA), "approve")
    world.run(later=MINUTE)
    assert State.SENT in [case.state for case in world.cases]


def test_plus_addresses_that_arrive_are_told_with_what_they_are_good_for(world: World) -> None:
    found = probed(world, Border(world.box))["plus-addresses"]
    assert (found.level, "plus_addressing = true" in found.text) == ("ok", True)


@pytest.mark.parametrize("used, level", [(False, "note"), (True, "error")])
def test_plus_addresses_that_are_refused_are_wrong_only_where_they_are_used(
    tmp_path: Path, used: bool, level: str
) -> None:
    world = World(tmp_path, CONFIG.replace("[review]", f"[review]\nplus_addressing = {str(used).lower()}"))
    found = probed(world, Border(world.box, plus=False))["plus-addresses"]
    assert found.level == level
    assert "550 5.1.1 no such user" in found.text


def test_a_probe_that_goes_astray_is_found_told_and_taken_away(world: World) -> None:
    world.box.create("Junk")
    found = probed(world, Border(world.box, into="Junk"))
    assert found["forged results"].level == "error"
    assert "it came into Junk, not into INBOX" in found["forged results"].text
    assert is_clean(world)


def test_a_probe_that_never_comes_back_is_told_and_says_nothing_about_the_border(world: World) -> None:
    world.box.create("Elsewhere")

    class Nowhere(Border):
        def hand_over(
            self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
        ) -> Handover:
            return MemoryTransport().hand_over(raw, sender, recipients, on_phase=on_phase)

    found = probed(world, Nowhere(world.box))
    assert "did not come in within 90 s" in found["forged results"].text
    world.restart()
    assert world.app.settings.trusted_authserv


def test_the_copies_that_a_server_keeps_of_sent_mail_are_taken_away_as_well(world: World) -> None:
    probed(world, Border(world.box, copies=True))
    assert is_clean(world)


@pytest.mark.parametrize("rewrites", [False, True])
def test_a_daemon_that_sees_a_probe_makes_no_case_of_it(world: World, rewrites: bool) -> None:
    def border(raw: bytes) -> bytes:
        return re.sub(rb"\r\nMessage-ID: .*", b"\r\nMessage-ID: <other@relay.test>", raw) if rewrites else raw

    app = world.app
    seen: list[int] = []

    def meanwhile(seconds: float) -> None:
        seen.append(cycle.run_once(app))

    class Late(Border):
        def hand_over(
            self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
        ) -> Handover:
            done = super().hand_over(raw, sender, recipients, on_phase=on_phase)
            meanwhile(0)
            return done

    bench = Bench(app.settings, world.box, Late(world.box, border), world.store, app.folders, now=lambda: world.now)
    assert {finding.subject for finding in probe(bench)} == {"forged results", "plus-addresses"}
    assert seen
    assert world.cases == []
    assert world.transport.sent == []
    assert is_clean(world)


def test_the_command_line_probes_only_when_it_is_asked(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        quiet = office.mailhitl("doctor")
        asked = office.mailhitl("doctor", "--probe")
        assert office.standing("INBOX") == []
    assert "forged results" not in quiet.stdout
    assert asked.returncode == 0, asked.stdout
    assert "✓ forged results: a line that claims to be mx.example.com's" in asked.stdout
    assert "✓ plus-addresses: support+probe@example.com is delivered" in asked.stdout


def test_without_a_trusted_server_there_is_nothing_to_forge(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace('trusted_authserv = ["mx.example.com"]', ""))
    found = probed(world, Border(world.box))
    assert found["forged results"].level == "note"
