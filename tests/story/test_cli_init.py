"""``init`` and ``check``: from nothing to a config that holds, by answering questions."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from mailhitl.config.load import load
from tests.story.office import COMMAND


def mailhitl(folder: Path, *arguments: str, answers: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        input="".join(f"{answer}\n" for answer in answers),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


#: address, name, IMAP and login, SMTP and login, password's way and place, two reviewers and no third, zone, hours
OWN_DOMAIN = (
    *("help@shop.example", "The “Shop”", "", "", "mail.shop.example:587", "", "command", "pass mail/help"),
    *("anna@shop.example", "", "ben@shop.example", "Ben B.", "", "Europe/Vienna", "Mon-Thu 08:00-16:00"),
)


def test_the_answers_become_a_config_that_check_accepts(tmp_path: Path) -> None:
    written = mailhitl(tmp_path, "init", answers=OWN_DOMAIN)
    assert written.returncode == 0, written.stderr
    assert "mailhitl --config config.toml doctor" in written.stdout
    checked = mailhitl(tmp_path, "check")
    assert checked.returncode == 0, checked.stderr
    assert "config.toml: all right. 1 mailbox, 1 rule" in checked.stdout

    config = load(tmp_path / "config.toml")
    box = config.mailbox["support"]
    assert (box.address, box.name) == ("help@shop.example", "The “Shop”")
    assert (box.imap.host, box.imap.port, box.imap.security) == ("imap.shop.example", 993, "tls")
    assert (box.smtp.host, box.smtp.port, box.smtp.security) == ("mail.shop.example", 587, "starttls")
    assert box.imap.password is not None
    assert box.imap.password.command == "pass mail/help"
    assert [(person.name, person.address) for person in config.reviewer] == [
        ("Anna", "anna@shop.example"),
        ("Ben B.", "ben@shop.example"),
    ]
    assert str(config.agent.timezone) == "Europe/Vienna"


def test_the_file_is_for_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    mailhitl(tmp_path, "init", answers=OWN_DOMAIN)
    path = tmp_path / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    again = mailhitl(tmp_path, "init", answers=OWN_DOMAIN)
    assert again.returncode == 1
    assert again.stderr.startswith("config.toml: there is a file already")
    assert path.read_bytes() == before


def test_a_known_provider_needs_little_more_than_the_address(tmp_path: Path) -> None:
    answers = ("shop@gmail.com", *[""] * 7, "anna@gmail.com", *[""] * 4)
    assert mailhitl(tmp_path, "--config", "mine.toml", "init", answers=answers).returncode == 0
    box = load(tmp_path / "mine.toml").mailbox["support"]
    assert (box.imap.host, box.smtp.host, box.smtp.port) == ("imap.gmail.com", "smtp.gmail.com", 465)
    assert box.imap.username == "shop@gmail.com"
    assert box.imap.password is not None
    assert box.imap.password.env == "SHOP_PASSWORD"
    assert not box.sent_copy


def test_without_reviewers_packets_stay_in_the_mailbox(tmp_path: Path) -> None:
    answers = ("support@shop.example", *[""] * 10)
    assert mailhitl(tmp_path, "init", answers=answers).returncode == 0
    assert load(tmp_path / "config.toml").review.notify == "folder"


def test_what_cannot_be_right_is_asked_again(tmp_path: Path) -> None:
    answers = (
        *("not an address", "support@shop.example", "", "imap server", "imap.shop.example", *[""] * 3),
        *("by heart", "env", "hunter2", "SHOP_PASSWORD", "", "Mars/Base", "UTC", "always", ""),
    )
    done = mailhitl(tmp_path, "init", answers=answers)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    for complaint in ("bare address", "must be a server", "must be one of: env", "not the password", "time zone"):
        assert complaint in said
    assert "hunter2" not in (tmp_path / "config.toml").read_text()


def test_giving_up_halfway_leaves_no_file(tmp_path: Path) -> None:
    assert mailhitl(tmp_path, "init", answers=OWN_DOMAIN[:5]).returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_check_tells_every_problem_of_file_and_templates_at_once(tmp_path: Path) -> None:
    mailhitl(tmp_path, "init", answers=OWN_DOMAIN)
    templates = tmp_path / "templates"
    for name, text in {
        "reply/broken.txt.j2": "intent: x\n---\nHello {{ nobody }}\n",
        "packet/packet.txt.j2": "{% if %}",
    }.items():
        (templates / name).parent.mkdir(parents=True)
        (templates / name).write_text(text)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace('template = "order-status"', 'template = "order-statsu"'))
    done = mailhitl(tmp_path, "check")
    assert done.returncode == 1
    assert "order-statsu" in done.stderr
    assert "order-status" in done.stderr
    assert "broken.txt.j2" in done.stderr
    assert "packet.txt.j2:1" in done.stderr
    assert done.stderr.rstrip().endswith("problems; nothing was started.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["check"], 1, "Make one with: mailhitl --config config.toml init"),
        (["--config", ".", "check"], 1, "cannot be read"),
        (["chekc"], 2, "No such command 'chekc'"),
        (["run", "--onec"], 2, "No such option"),
        (["cases", "show", "first"], 2, "Invalid value"),
        (["cases", "list", "--state", "lost"], 2, "received"),
        (["rules", "try", "nothing.eml"], 2, "does not exist"),
        (["--version"], 0, ""),
    ],
)
def test_the_exit_code_tells_a_problem_from_a_slip_of_the_hand(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    done = mailhitl(tmp_path, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_check_names_every_file_of_the_config_that_is_not_there(tmp_path: Path) -> None:
    mailhitl(tmp_path, "init", answers=OWN_DOMAIN)
    with (tmp_path / "config.toml").open("a", encoding="utf-8") as file:
        file.write('\n[triage]\ncsv = "more.csv"\n[knowledge]\nfolders = ["wiki"]\n')
        file.write('[llm]\nmodel = "m"\nstyle = "tone.txt"\n')
    checked = mailhitl(tmp_path, "check")
    assert checked.returncode == 1
    for line in (
        "tone.txt: llm.style cannot be read: No such file or directory",
        "more.csv: triage.csv cannot be read: No such file or directory",
        "wiki: knowledge.folders names it, and there is no such folder.",
    ):
        assert line in checked.stderr
    (tmp_path / "tone.txt").write_text("Be kind.", encoding="utf-8")
    (tmp_path / "more.csv").write_bytes("text,intent\nGr\xfc\xdfe,refund\n".encode("latin-1"))
    (tmp_path / "wiki").mkdir()
    checked = mailhitl(tmp_path, "check")
    assert checked.stderr.startswith("more.csv: triage.csv is not UTF-8 text")


def test_a_file_that_is_not_there_is_named_without_a_number_of_the_system(tmp_path: Path) -> None:
    mailhitl(tmp_path, "init", answers=OWN_DOMAIN)
    mailhitl(tmp_path, "pause")
    done = mailhitl(tmp_path, "log", "export", "--output", "nowhere/log.csv")
    assert (done.returncode, done.stderr) == (1, "nowhere/log.csv: No such file or directory\n")
