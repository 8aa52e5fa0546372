"""The doctor tries out what the team will need, says what each lack means, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailhitl.backends.imap import ImapMailbox
from mailhitl.config.load import load
from mailhitl.config.schema import Config
from mailhitl.daemon.health.doctor import Finding, examine, examine_machine
from mailhitl.demo.servers import ImapServer
from tests.contract.accounts import account_name, settings
from tests.contract.conftest import BARE
from tests.servers import PASSWORD, Dovecot, DovecotOptions
from tests.smtp_server import ScriptedServer

CONFIG = """
[mailbox.support]
address = "support@example.com"
imap = {{ host = "127.0.0.1", port = {imap}, security = "none", username = "{user}", password = {{ env = "SECRET" }} }}
smtp = {{ host = "127.0.0.1", port = {smtp}, security = "none" }}

[review]
notify = "folder"
reply_approval = "off"
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", PASSWORD)


def config(folder: Path, *, imap: int, smtp: int, user: str = "support") -> Config:
    path = folder / "config.toml"
    path.write_text(CONFIG.format(imap=imap, smtp=smtp, user=user))
    path.chmod(0o600)
    return load(path)


@contextmanager
def servers(folder: Path, script: dict[str, str] | None = None) -> Iterator[Config]:
    with ImapServer({"support": PASSWORD}) as imap, ScriptedServer(script) as smtp:
        yield config(folder, imap=imap.port, smtp=smtp.port)


def told(findings: Iterator[Finding]) -> dict[str, tuple[str, str]]:
    return {finding.subject: (finding.level, finding.text) for finding in findings}


def errors(found: dict[str, tuple[str, str]]) -> list[str]:
    return [subject for subject, (level, _) in found.items() if level == "error"]


def test_a_sound_mailbox_has_no_errors_and_its_folders_are_made(tmp_path: Path) -> None:
    with servers(tmp_path) as sound:
        found = told(examine(sound, "support"))
        assert errors(found) == []
        assert found["rights"][0] == "ok"
        assert found["clock"][0] == "ok"
        assert "Drafts/Approve" in found["folders"][1]
        assert found["SMTP"][0] == "ok"
        mailbox = ImapMailbox.connect(settings(sound.mailbox["support"].imap.port))
        there = {info.name for info in mailbox.folders()}
        assert {"Drafts/Review", "Drafts/Approve", "Drafts/Reject", "Drafts/Escalate", "Drafts/Outgoing"} <= there
        assert all(not mailbox.locations(folder) for folder in there), "the trial mail is gone"
        mailbox.close()


def test_looking_twice_finds_the_same(tmp_path: Path) -> None:
    with servers(tmp_path) as sound:
        assert told(examine(sound, "support")) == told(examine(sound, "support"))


@pytest.mark.servers
def test_what_a_bare_server_lacks_is_told_with_what_it_means(
    tmp_path: Path, dovecot: Callable[[DovecotOptions], Dovecot]
) -> None:
    with ScriptedServer() as smtp:
        bare = config(tmp_path, imap=dovecot(BARE).port, smtp=smtp.port, user=account_name())
        found = told(examine(bare, "support"))
    assert errors(found) == []
    for extension in ("MOVE", "UIDPLUS", "IDLE", "CONDSTORE", "SPECIAL-USE"):
        assert found[f"no {extension}"][0] == "note"
    assert found["rights"][0] == "ok"
    assert "who may approve" not in found


@pytest.mark.servers
def test_whoever_may_put_mail_into_approve_is_named(
    tmp_path: Path, dovecot: Callable[[DovecotOptions], Dovecot]
) -> None:
    with ScriptedServer() as smtp:
        user = account_name()
        shared = config(tmp_path, imap=dovecot(DovecotOptions(acl=True)).port, smtp=smtp.port, user=user)
        level, text = told(examine(shared, "support"))["who may approve"]
    assert level == "note"
    assert text == f"whoever may put mail into Drafts/Approve: {user}"


def test_a_missing_password_is_told_with_its_place_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET")
    with servers(tmp_path) as unset:
        level, text = told(examine(unset, "support"))["IMAP"]
    assert level == "error"
    assert "config.toml:4: mailbox.support.imap.password: the environment variable SECRET is not set" in text


def test_both_servers_are_looked_at_when_one_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers(tmp_path, {"banner": "554 5.3.2 closed today"}) as wrong:
        assert "closed today" in told(examine(wrong, "support"))["SMTP"][1]
        monkeypatch.setenv("SECRET", "not it")
        found = told(examine(wrong, "support"))
    assert errors(found) == ["IMAP", "SMTP"]
    assert "AUTHENTICATIONFAILED" in found["IMAP"][1]
    assert "not it" not in str(found)


def test_no_mail_is_handed_over_by_looking(tmp_path: Path) -> None:
    with ImapServer({"support": PASSWORD}) as imap, ScriptedServer() as smtp:
        list(examine(config(tmp_path, imap=imap.port, smtp=smtp.port), "support"))
    assert smtp.connections == 1
    assert not [command for command in smtp.commands if command.startswith(("MAIL", "RCPT", "DATA"))]


def test_files_that_others_may_read_are_told_of(tmp_path: Path) -> None:
    sound = config(tmp_path, imap=1, smtp=1)
    data = str(sound.agent.data_dir)
    found = told(examine_machine(sound))
    assert errors(found) == []
    assert found[str(sound.source)][0] == "ok"
    assert found[data][0] == "ok"
    sound.source.chmod(0o644)
    sound.agent.data_dir.chmod(0o755)
    found = told(examine_machine(sound))
    assert found[str(sound.source)] == (
        "note",
        f"others on this machine may use it (mode 0644): chmod 600 {sound.source}",
    )
    assert found[data][0] == "note"


def test_a_data_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    sound = config(tmp_path, imap=1, smtp=1)
    sound.agent.data_dir.write_text("a file stands in the way")
    levels = [finding.level for finding in examine_machine(sound) if finding.subject == str(sound.agent.data_dir)]
    assert "error" in levels
