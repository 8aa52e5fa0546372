"""Signing in to Microsoft 365 once, and what the tokens that come of it do at IMAP and SMTP servers."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailhitl.backends.imap_connect import ImapSettings, connect
from mailhitl.backends.oauth import OAuthSettings, Tokens
from mailhitl.backends.smtp import SmtpSettings, SmtpTransport
from mailhitl.config.load import load
from mailhitl.daemon import wire
from mailhitl.errors import ConfigError, PermanentFailure, TemporaryFailure
from tests.contract.microsoft import Microsoft
from tests.rude import RudeImap
from tests.servers import HOST, Certificate
from tests.smtp_server import ScriptedServer
from tests.story.office import COMMAND

XOAUTH2 = "* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n{tag} OK done\r\n"


@pytest.fixture
def microsoft(certificate: Certificate, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Microsoft]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    with Microsoft(certificate) as endpoint:
        yield endpoint


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "oauth-support.json"


@pytest.fixture
def tokens(microsoft: Microsoft, file: Path) -> Tokens:
    return Tokens(OAuthSettings("client", f"{microsoft.authority}/organizations", file, "mailhitl login support"))


def test_who_signs_in_is_shown_where_to_go_and_the_token_is_good_at_once(tokens: Tokens, microsoft: Microsoft) -> None:
    told: list[str] = []
    tokens.sign_in(told.append)
    assert told == ["Open https://microsoft.example/devicelogin and enter the code ABCD-EFGH"]
    assert tokens.current() == microsoft.tokens[-1] == "access-1"


def test_what_was_signed_in_is_in_a_file_that_only_its_owner_may_read(tokens: Tokens, file: Path) -> None:
    tokens.sign_in(print)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_another_process_uses_what_was_signed_in_without_asking_anybody(tokens: Tokens, file: Path) -> None:
    tokens.sign_in(print)
    assert Tokens(tokens._settings).current() == "access-1"


def test_a_fresh_token_comes_by_the_refresh_token_and_the_next_one_is_kept(
    tokens: Tokens, microsoft: Microsoft
) -> None:
    tokens.sign_in(print)
    assert [tokens.fresh(), tokens.current(), tokens.fresh()] == ["access-2", "access-2", "access-3"]
    assert microsoft.refreshed_with == ["refresh-1", "refresh-2"]


def test_before_anybody_has_signed_in_it_is_said_how(tokens: Tokens) -> None:
    with pytest.raises(PermanentFailure, match="nobody has signed in; run: mailhitl login support"):
        tokens.current()


def test_a_sign_in_that_was_revoked_says_what_to_run_and_nothing_secret(tokens: Tokens, microsoft: Microsoft) -> None:
    tokens.sign_in(print)
    microsoft.refuse = "invalid_grant"
    with pytest.raises(PermanentFailure, match="run: mailhitl login support") as refused:
        tokens.fresh()
    assert "secret words" not in str(refused.value)


def test_a_sign_in_that_failed_leaves_the_one_of_before(tokens: Tokens, microsoft: Microsoft) -> None:
    tokens.sign_in(print)
    microsoft.refuse_code = "access_denied"
    with pytest.raises(PermanentFailure, match="nobody was signed in"):
        tokens.sign_in(print)
    assert tokens.current() == "access-1"


def test_an_endpoint_that_is_away_is_waited_for(tokens: Tokens, microsoft: Microsoft) -> None:
    tokens.sign_in(print)
    microsoft.refuse = "temporarily_unavailable"
    with pytest.raises(TemporaryFailure):
        tokens.fresh()
    away = Tokens(OAuthSettings("client", "https://127.0.0.1:1/organizations", tokens._settings.file, "login"))
    with pytest.raises(TemporaryFailure, match="no access token from"):
        away.fresh()


def test_a_damaged_file_asks_for_a_new_sign_in(tokens: Tokens, file: Path) -> None:
    tokens.sign_in(print)
    file.write_text("{ half a fi")
    with pytest.raises(PermanentFailure, match="run: mailhitl login support"):
        tokens.current()


# -- at the servers


@pytest.mark.parametrize("answers", [["old", "new"], ["old", "old", "old"]])
def test_imap_asks_once_for_another_token_when_one_was_refused(answers: list[str]) -> None:
    script = {
        "CAPABILITY": XOAUTH2.encode(),
        "AUTHENTICATE XOAUTH2": b"{tag} NO [AUTHENTICATIONFAILED] expired\r\n",
    }
    left = list(answers)
    with RudeImap(script) as server:
        settings = ImapSettings(HOST, server.port, "none", "support", lambda: left.pop(0), auth="xoauth2", timeout=5)
        with pytest.raises(PermanentFailure, match="expired"):
            connect(settings)
        presented = [line for line in server.commands if b"AUTHENTICATE" in line]
    assert len(presented) == len(set(answers))
    assert len(answers) - len(left) == 2


@pytest.mark.parametrize("answers", [["old", "new"], ["old", "old", "old"]])
def test_smtp_asks_once_for_another_token_when_one_was_refused(answers: list[str]) -> None:
    left = list(answers)
    with ScriptedServer({"auth": "535 5.7.3 expired"}, mechanisms="XOAUTH2") as server:
        settings = SmtpSettings(HOST, server.port, "none", "support", lambda: left.pop(0), auth="xoauth2")
        problem = SmtpTransport(settings).probe()
        presented = [line for line in server.commands if line.startswith("AUTH")]
    assert "login failed" in problem
    assert len(presented) == len(set(answers))
    assert len(answers) - len(left) == 2


def test_a_password_that_was_refused_is_never_tried_twice() -> None:
    left = ["one", "two"]
    with RudeImap({"LOGIN": b"{tag} NO [AUTHENTICATIONFAILED] no\r\n"}) as server:
        with pytest.raises(PermanentFailure):
            connect(ImapSettings(HOST, server.port, "none", "support", lambda: left.pop(0), timeout=5))
        assert len([line for line in server.commands if b"LOGIN" in line]) == 1
    assert left == ["two"]


# -- by the config and the command line

CONFIG = """
[mailbox.support]
address = "support@example.com"
oauth = { client_id = "client", authority = "AUTHORITY" }
imap = { host = "127.0.0.1", port = IMAP, security = "none", username = "support" }
smtp = { host = "127.0.0.1", port = SMTP, security = "none", username = "support" }

[review]
notify = "folder"
"""


def config_file(folder: Path, microsoft: Microsoft, imap: int = 1, smtp: int = 1) -> Path:
    path = folder / "config.toml"
    text = CONFIG.replace("AUTHORITY", microsoft.authority).replace("IMAP", str(imap)).replace("SMTP", str(smtp))
    path.write_text(text)
    return path


def test_the_command_signs_in_and_both_servers_get_the_token(tmp_path: Path, microsoft: Microsoft) -> None:
    path = config_file(tmp_path, microsoft)
    done = subprocess.run([COMMAND, "--config", path, "login", "support"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ABCD-EFGH" in done.stdout
    assert "access-1" not in done.stdout
    config = load(path)
    tokens = wire.tokens_of(config, "support")
    assert wire._imap(config, config.mailbox["support"], tokens).password() == "access-1"
    settings = wire.smtp_settings(config, config.mailbox["support"].smtp, tokens)
    assert settings.auth == "xoauth2"
    assert settings.password is not None
    assert settings.password() == "access-1"


def test_the_command_says_what_a_mailbox_lacks_to_be_signed_in_to(tmp_path: Path, microsoft: Microsoft) -> None:
    path = config_file(tmp_path, microsoft)
    text = (
        path.read_text().replace("oauth =", "# oauth =").replace('"support" }', '"support", password = { env = "X" } }')
    )
    path.write_text(text)
    done = subprocess.run([COMMAND, "--config", path, "login", "support"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "has no oauth" in done.stderr


def test_a_token_goes_to_another_machine_only_through_tls(tmp_path: Path, microsoft: Microsoft) -> None:
    path = config_file(tmp_path, microsoft)
    elsewhere = 'smtp = { host = "mail.example.com", allow_insecure = true'
    path.write_text(path.read_text().replace('smtp = { host = "127.0.0.1"', elsewhere))
    with pytest.raises(ConfigError, match="never a password"):
        load(path)
