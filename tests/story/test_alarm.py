"""What the failing mailbox can't say itself is rung elsewhere: once, until somebody took it, and when it is over."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailhitl.backends.alarm import CommandAlarm, EveryAlarm, MailAlarm
from mailhitl.backends.memory import Answer, MemoryTransport
from mailhitl.daemon import alerts, intake
from mailhitl.daemon.health.troubles import STUCK, Patient, Pulse
from mailhitl.daemon.health.watchman import AN_HOUR, Watchman
from mailhitl.decision import Channel
from mailhitl.delivery import Phase, Status
from mailhitl.errors import TemporaryFailure
from mailhitl.ports.journal import Entry
from mailhitl.store import SqlStore, open_store
from tests.story.office import Office
from tests.story.world import World

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


class Bell:
    """Somebody outside; ``deaf`` is how many calls they miss."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.deaf = 0

    def ring(self, subject: str, text: str) -> None:
        if self.deaf:
            self.deaf -= 1
            raise TemporaryFailure("nobody is there")
        self.heard.append((subject, text))

    def probe(self) -> str:
        return ""


def passing(world: World) -> dict[str, Callable[[], Any]]:
    """Nobody sets the clock of this world."""
    return {"now": lambda: world.now, "monotonic": lambda: world.now.timestamp()}


class Post:
    """A watchman over one mailbox, whose pulse a test sets."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self.now = NOON
        self.pulse = Pulse("support", NOON, NOON, last_round=NOON)
        self.bell = Bell()
        self.store = store
        patient = Patient(lambda: [self.pulse], store, folder)
        #: By how much the clock was set, all in all.
        self.set = timedelta(0)
        passed = {"now": lambda: self.now, "monotonic": lambda: (self.now - self.set).timestamp()}
        self.watchman = Watchman(patient, store, self.bell, "host", **passed)

    def look(self, later: timedelta = timedelta(seconds=30)) -> list[str]:
        """Let time pass; return the subjects that were heard at this look."""
        before = len(self.bell.heard)
        self.now += later
        self.watchman.look()
        return [subject for subject, _ in self.bell.heard[before:]]

    def fails(self, *, refused: bool = False) -> None:
        self.pulse = self.pulse.unwell(self.now, 1, "TemporaryFailure: imap.example.com: no route", refused=refused)

    def recovers(self) -> None:
        self.pulse = self.pulse.well(self.now, 60)

    def stays_well(self) -> None:
        self.pulse = replace(self.pulse, due_at=self.now + STUCK)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    store = open_store(f"sqlite:///{tmp_path / 'mailhitl.db'}")
    yield Post(store, tmp_path)
    store.close()


def test_nothing_rings_while_all_is_well(post: Post) -> None:
    assert post.look() == []


def test_a_data_folder_in_which_nothing_was_kept_yet_rings_nothing(post: Post, tmp_path: Path) -> None:
    patient = Patient(lambda: [post.pulse], post.store, tmp_path / "not" / "yet")
    assert [*patient.troubles(post.now)] == []


def test_a_mailbox_that_stays_away_rings_once_and_again_when_it_is_back(post: Post) -> None:
    post.fails()
    assert post.look() == []
    assert post.look(timedelta(minutes=5)) == ["ALARM: mailbox support is not served [host]"]
    assert "imap.example.com: no route" in post.bell.heard[-1][1]
    assert post.look(timedelta(minutes=1)) == []
    post.recovers()
    assert post.look() == ["RECOVERED: mailbox support is not served [host]"]
    assert post.look() == []


def test_a_refused_login_rings_at_once(post: Post) -> None:
    post.fails(refused=True)
    assert post.look() == ["ALARM: mailbox support: the server refuses us [host]"]


def test_a_mailbox_that_another_process_serves_rings_nothing(post: Post) -> None:
    post.fails()
    post.pulse = replace(post.pulse, standing_by=True)
    assert post.look(timedelta(hours=1)) == []


def test_a_changed_config_that_cannot_be_used_rings_until_it_can(post: Post) -> None:
    refusals = ["config.toml:7: rule[0].when.intnt: is not a condition."]
    post.watchman.patient = replace(post.watchman.patient, refusal=lambda: "".join(refusals))
    assert post.look() == ["ALARM: the changed config cannot be used [host]"]
    assert "config.toml:7" in post.bell.heard[-1][1]
    refusals.clear()
    assert post.look() == ["RECOVERED: the changed config cannot be used [host]"]


@pytest.mark.parametrize("step", [timedelta(days=1), -timedelta(days=1)])
def test_61_a_clock_that_was_set_rings_for_no_mailbox_that_is_served_or_has_failed_just_now(
    post: Post, step: timedelta
) -> None:
    post.look()
    post.set += step
    assert post.look(step) == []
    post.pulse = post.pulse.well(post.now, 60)
    assert post.look() == []
    post.fails()
    assert post.look() == []
    post.set += step
    assert post.look(step) == []
    assert post.look(timedelta(minutes=6)) == ["ALARM: mailbox support is not served [host]"]


def test_a_worker_that_does_not_move_any_more_rings(post: Post) -> None:
    assert post.look(STUCK - timedelta(minutes=1)) == []
    assert post.look(timedelta(minutes=2)) == ["ALARM: mailbox support hangs [host]"]


def test_an_alarm_that_nobody_took_is_rung_again_until_somebody_does(post: Post) -> None:
    post.fails(refused=True)
    post.bell.deaf = 2
    assert post.look() == []
    assert post.look(timedelta(seconds=31)) == []
    assert post.look(timedelta(seconds=31)) == []
    assert post.look(timedelta(seconds=31)) == ["ALARM: mailbox support: the server refuses us [host]"]
    assert post.look(timedelta(minutes=1)) == []


def test_a_mailbox_that_comes_and_goes_cannot_ring_without_end(post: Post) -> None:
    for _ in range(20):
        post.fails(refused=True)
        post.look()
        post.recovers()
        post.look()
    assert len(post.bell.heard) == AN_HOUR
    post.stays_well()
    [late] = post.look(timedelta(hours=1))
    assert "more)" in late
    assert post.bell.heard[-1][1].count("RECOVERED") >= 10


def test_a_store_that_cannot_be_written_rings_although_it_cannot_remember_it(post: Post) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(post.store.switches.__class__, "set", _full)
        patch.setattr(post.store.journal.__class__, "add", _full)
        assert post.look() == ["ALARM: the database cannot be written [host]"]
    assert post.look() == ["RECOVERED: the database cannot be written [host]"]


def _full(*_: object, **__: object) -> None:
    raise TemporaryFailure("the store: database or disk is full")


def test_what_was_rung_stands_in_the_journal(post: Post) -> None:
    post.fails(refused=True)
    post.look()
    post.recovers()
    post.look()
    told = [(entry.subject, entry.code) for entry in post.store.journal.entries(("alarm",))]
    assert told == [("mailbox:support", "raised"), ("mailbox:support", "recovered")]


# -- what runners find out


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def heard(world: World) -> list[tuple[str, str]]:
    bell = Bell()
    watchman = Watchman(Patient(list, world.store, world.folder), world.store, bell, **passing(world))
    watchman.look()
    world.now += timedelta(minutes=1)
    watchman.look()
    return bell.heard


def test_what_a_runner_finds_out_rings_once_even_after_a_restart(world: World) -> None:
    for _ in range(2):
        alerts.raise_alarm(world.app, key="odd", subject="something odd", text="Look at it.")
    assert heard(world) == [
        ("ALARM: mailbox support: something odd", "ALARM: mailbox support: something odd\nLook at it.")
    ]
    world.restart()
    assert heard(world) == []


def test_an_answer_that_may_have_gone_out_rings_without_the_customers_words(world: World) -> None:
    world.transport.answers(Answer(Status.UNKNOWN, Phase.BODY, "connection lost"))
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    [(subject, text)] = heard(world)
    assert "may have gone out" in subject
    assert not any(word in subject + text for word in ("Opening", "When are you", "ann@", "customer.test"))


def test_a_mail_that_kills_and_a_folder_that_was_rebuilt_ring(world: World) -> None:
    world.customer_writes("When are you open?", subject="Opening hours")
    [poison] = world.box.locations("INBOX")
    for _ in range(intake.ATTEMPTS):
        world.store.progress.begin_attempts("support", [poison])
    world.run()
    world.box.reset_uidvalidity("INBOX")
    world.run()
    [(subject, text)] = heard(world)
    assert subject.endswith("set aside as case 1 (and 1 more)")
    assert "INBOX was rebuilt" in text


def test_a_log_that_was_altered_rings(world: World) -> None:
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    with sqlite3.connect(world.folder / "mailhitl.db") as database:
        database.execute("UPDATE decisions SET by = 'somebody else' WHERE id = 1")
    database.close()
    assert [subject for subject, _ in heard(world)] == ["ALARM: the log of decisions was altered"]


# -- the ways out


def command(folder: Path, script: str) -> CommandAlarm:
    path = folder / "notify.py"
    path.write_text(script)
    return CommandAlarm(f"{sys.executable} {path}", folder)


def test_the_command_reads_subject_and_text_on_its_standard_input(tmp_path: Path) -> None:
    way = command(tmp_path, "import sys; open('heard.txt', 'w').write(sys.stdin.read())")
    way.ring("ALARM: it hangs", "Restart it; $(touch x) `touch y`")
    assert (tmp_path / "heard.txt").read_text() == "ALARM: it hangs\n\nRestart it; $(touch x) `touch y`\n"
    assert way.probe() == ""
    assert "trial" in (tmp_path / "heard.txt").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (f"{sys.executable} -c 'import sys; sys.exit(3)' s3cret", "failed with exit code 3"),
        ("/nowhere s3cret", "cannot"),
    ],
)
def test_a_command_that_fails_says_so_and_keeps_its_arguments_to_itself(tmp_path: Path, words: str, says: str) -> None:
    told = CommandAlarm(words, tmp_path).probe()
    assert says in told
    assert "s3cret" not in told


def test_a_mail_alarm_goes_out_by_its_own_account(tmp_path: Path) -> None:
    transport = MemoryTransport()
    MailAlarm(transport, "watch@other.example", ["admin@other.example"]).ring("ALARM: it hangs", "Restart it.")
    [sent] = transport.sent
    assert sent.sender == "watch@other.example" and sent.recipients == ("admin@other.example",)
    assert b"Subject: [mailhitl] ALARM: it hangs" in sent.raw


def test_of_two_ways_one_is_enough(tmp_path: Path) -> None:
    bell = Bell()
    EveryAlarm((CommandAlarm("/nowhere", tmp_path), bell)).ring("ALARM: it hangs", "Restart it.")
    assert len(bell.heard) == 1
    with pytest.raises(TemporaryFailure, match="nowhere"):
        EveryAlarm((CommandAlarm("/nowhere", tmp_path),)).ring("ALARM: it hangs", "Restart it.")


# -- on the command line


def alarmed(folder: Path, office: Office, password: str) -> Path:
    """Give the office an alarm that appends to a file."""
    script = folder / "notify.py"
    script.write_text("import sys; open('heard.txt', 'a').write(sys.stdin.read())")
    office.write(f"{office.usual(password)}\n[alarm]\ncommand = '{sys.executable} notify.py'\n")
    return folder / "heard.txt"


def test_the_command_tries_the_alarm_out_and_so_does_doctor(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        without = office.mailhitl("alarm", "--test")
        assert without.returncode == 1 and "has no [alarm]" in without.stderr
        heard = alarmed(tmp_path, office, '{ env = "SUPPORT_PASSWORD" }')
        assert office.mailhitl("alarm", "--test").returncode == 0
        assert "a trial of the alarm" in heard.read_text()
        heard.unlink()
        assert "alarm: rings" in office.mailhitl("doctor").stdout
        assert "a trial of the alarm" in heard.read_text()
        assert "Nothing was rung" in office.mailhitl("alarm").stdout


def test_run_once_rings_what_happened_once_and_leaves_what_stands_to_its_exit_code(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        heard = alarmed(tmp_path, office, '{ env = "SUPPORT_PASSWORD" }')
        assert office.mailhitl("run", "--once").returncode == 0
        assert not heard.exists()
        store = open_store(f"sqlite:///{tmp_path}/var/mailhitl.db")
        now, why = datetime.now(UTC), "Look at it."
        store.journal.add(Entry("trouble", "daemon", Channel.DAEMON, now, "support", why=why, code="something odd"))
        store.close()
        for _ in range(2):
            assert office.mailhitl("run", "--once").returncode == 0
        assert heard.read_text().startswith("ALARM: mailbox support: something odd")
        assert heard.read_text().count("something odd") == 2, "in the subject and the text of one message"
        refused = office.mailhitl("run", "--once", secret="wrong")
        assert refused.returncode == 1 and "cannot log in" in refused.stderr
        assert "refuses" not in heard.read_text()


def test_a_daemon_whose_password_is_gone_rings(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        heard = alarmed(tmp_path, office, '{ env = "GONE" }')
        office.serving().awaits("alarm rung")
        told = heard.read_text()
        assert told.startswith("ALARM: mailbox support: the server refuses us")
        assert "GONE" in told
        assert "the server refuses us" in office.mailhitl("alarm").stdout


def test_a_login_that_only_the_smtp_server_refuses_rings_once_a_day_and_the_answer_still_leaves(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [draft] = world.standing("review")
    world.transport.answers(*[Answer(Status.DEFERRED, Phase.GREET, "login failed: 535 5.7.3 expired")] * 3)
    world.moves(draft, "approve")
    for _ in range(5):
        world.run(later=timedelta(minutes=30))
    told = [entry.code for entry in world.store.journal.entries(("trouble",))]
    assert told == ["the SMTP server refuses our login: answers wait"]
    assert len(world.sent_to("ann@customer.test")) == 1
