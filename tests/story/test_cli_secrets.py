"""Neither a password, nor a customer's words, nor a packet's token are ever logged or told (checklist 58)."""

from __future__ import annotations

import base64
import re
import resource
import shlex
import signal
import sys
from pathlib import Path

from tests.story.office import PASSWORD, Office

BODY = "canary-91bc-body"
CANARIES = (PASSWORD, BODY, base64.b64encode(PASSWORD.encode()).decode()[:12])
LETTER = f"Hello,\n\nplease refund my order 4711. {BODY}\n\nAnn"


def told(office: Office, *arguments: str, secret: str = PASSWORD) -> str:
    """All that a command tells: both outputs, and the names of the files there are now."""
    done = office.mailhitl(*arguments, secret=secret)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr + "".join(map(str, office.folder.rglob("*")))


def tokens(office: Office) -> list[str]:
    """The secret parts of every packet that reached Anna."""
    packets = b"".join(office.standing("INBOX", user="anna", password="anna"))
    return re.findall(r"<packet(?:\.[a-z0-9]+){3}\.([a-z0-9]{20,})@", packets.decode("utf-8", "replace"))


def test_a_whole_round_tells_no_secret(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        office.customer_writes(LETTER)
        said = told(office, "run", "--once") + told(office, "doctor") + told(office, "status") + told(office, "check")
        office.moves_draft("Drafts/Review", "Drafts/Approve")
        said += told(office, "run", "--once") + told(office, "cases", "show", "1") + told(office, "cases", "list")
        assert len(office.smtp.outside) == 1
        assert tokens(office)
        for canary in (*CANARIES, *tokens(office)):
            assert canary not in said


def test_a_password_that_a_command_prints_is_not_told_either(tmp_path: Path) -> None:
    prints = shlex.join([sys.executable, "-c", f"print('{PASSWORD[:8]}' + '{PASSWORD[8:]}')"])
    with Office(tmp_path, password=f'{{ command = """{prints}""" }}') as office:
        office.customer_writes(LETTER)
        said = told(office, "run", "--once", secret="") + told(office, "doctor", secret="")
        assert "logged in" in said
        for canary in CANARIES:
            assert canary not in said


def test_a_refused_login_tells_no_secret(tmp_path: Path) -> None:
    wrong = "canary-wrong-password"
    with Office(tmp_path) as office:
        said = told(office, "run", "--once", secret=wrong) + told(office, "doctor", secret=wrong)
        assert "cannot log in" in said
        assert "login failed" in said
        assert wrong not in said


def test_servers_that_are_away_are_told_of_without_a_secret(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        office.imap.stop()
        office.smtp.stop()
        said = told(office, "run", "--once") + told(office, "doctor")
        assert "refused" in said
        daemon = office.serving()
        daemon.awaits("mailbox not served")
        daemon.signal(signal.SIGTERM)
        daemon.ends()
        for canary in CANARIES:
            assert canary not in said + daemon.log


def test_58_a_daemon_that_crashes_leaves_no_core_wherever_it_was_started(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        with Office(tmp_path) as office:
            daemon = office.serving()
            daemon.awaits("mailbox connected")
            assert resource.prlimit(daemon.pid, resource.RLIMIT_CORE) == (0, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_a_mail_that_cannot_be_sent_leaves_no_words_in_the_log(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        office.customer_writes(LETTER)
        said = told(office, "run", "--once")
        office.moves_draft("Drafts/Review", "Drafts/Approve")
        office.smtp.stop()
        said += told(office, "run", "--once") + told(office, "cases", "show", "1")
        assert office.says("cases", "show", "1")["state"] == "approved"
        for canary in CANARIES:
            assert canary not in said


def test_a_password_is_in_no_argument_and_in_no_database(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        office.customer_writes(LETTER)
        daemon = office.serving()
        daemon.awaits("filed", times=2)
        assert PASSWORD.encode() not in Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        daemon.signal(signal.SIGTERM)
        daemon.ends()
        files = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]
        assert files
        for path in files:
            assert PASSWORD.encode() not in path.read_bytes()
