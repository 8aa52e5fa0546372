"""Secrets: had when needed, shown never."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from mailhitl.config import secrets
from mailhitl.config.database import store_url
from mailhitl.config.load import load
from mailhitl.config.schema import Config
from mailhitl.config.secrets import Secret, resolve
from mailhitl.errors import ConfigError

CANARY = "hunter2-canary"


def config_with(tmp_path: Path, password: str, *, top: str = "") -> Config:
    path = tmp_path / "config.toml"
    path.write_text(
        f"""{top}
[mailbox.support]
address = "support@example.com"
imap = {{ host = "imap.example.com", username = "s", password = {password} }}
smtp = {{ host = "smtp.example.com" }}
[[reviewer]]
name = "Anna"
address = "anna@example.com"
"""
    )
    path.chmod(0o600)
    return load(path)


def password(config: Config) -> str:
    secret = config.mailbox["support"].imap.password
    assert secret is not None
    return resolve(secret, config.base)


PLAIN = "[agent]\nallow_plain_secrets = true"


def test_a_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_with(tmp_path, '{ env = "MAILHITL_TEST_PW" }')
    monkeypatch.setenv("MAILHITL_TEST_PW", CANARY)
    assert password(config) == CANARY


def test_a_secret_comes_from_a_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(f"{CANARY}\nand a note\n")
    assert password(config_with(tmp_path, '{ file = "pw" }')) == CANARY


def test_a_secret_comes_from_a_command_without_a_shell(tmp_path: Path) -> None:
    assert password(config_with(tmp_path, '{ command = \'printf "%s\\nuser: x" "a b;$HOME"\' }')) == "a b;$HOME"


def test_a_secret_stands_in_the_file_only_when_asked_for(tmp_path: Path) -> None:
    assert password(config_with(tmp_path, f'"{CANARY}"', top=PLAIN)) == CANARY
    with pytest.raises(ConfigError, match="stands here in plain text") as caught:
        config_with(tmp_path, f'"{CANARY}"')
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_database_password_in_the_url_needs_asking_for_too(tmp_path: Path) -> None:
    store = f'[store]\nurl = "postgresql://me:{CANARY}@localhost/db"'
    with pytest.raises(ConfigError, match=r"store.url: holds a password") as caught:
        config_with(tmp_path, '{ env = "X" }', top=store)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(config_with(tmp_path, '{ env = "X" }', top=f"{PLAIN}\n{store}"))


def test_the_database_password_is_put_into_the_url_when_it_is_needed(tmp_path: Path) -> None:
    top = '[store]\nurl = "postgresql://me@localhost:5433/db"\npassword = { command = "echo p@ss/word" }'
    config = config_with(tmp_path, '{ env = "X" }', top=top)
    assert store_url(config) == "postgresql://me:p%40ss%2Fword@localhost:5433/db"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{ env = "MAILHITL_NOT_SET" }', "the environment variable MAILHITL_NOT_SET is not set"),
        ('{ file = "nowhere" }', "nowhere cannot be read: No such file or directory"),
        (f'{{ command = "false {CANARY}" }}', "“false …” failed with exit code 1; run it by hand"),
        ('{ command = "no-such-program" }', "“no-such-program …” cannot be started: No such file"),
        ('{ command = "true" }', "the secret is empty"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_with_its_place(source: str, said: str, tmp_path: Path) -> None:
    config = config_with(tmp_path, source)
    with pytest.raises(ConfigError) as caught:
        password(config)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/config.toml:4: mailbox.support.imap.password: ")
    assert CANARY not in str(caught.value)


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "SECONDS", 0.05)
    with pytest.raises(ConfigError, match="did not end within"):
        password(config_with(tmp_path, '{ command = "sleep 60" }'))


def test_what_a_failing_command_printed_is_not_told(tmp_path: Path) -> None:
    script = tmp_path / "leak"
    script.write_text(f"#!/bin/sh\necho {CANARY}; echo {CANARY} >&2; exit 3\n")
    script.chmod(0o700)
    with pytest.raises(ConfigError, match="exit code 3") as caught:
        password(config_with(tmp_path, '{ command = "./leak" }'))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_no_secret_shows_itself(tmp_path: Path) -> None:
    config = config_with(tmp_path, f'"{CANARY}"', top=PLAIN)
    assert CANARY not in f"{config!r} {config} {config.mailbox['support'].imap.model_dump()}"


@pytest.mark.parametrize("value", [f'{{ plain = "{CANARY}" }}', f'["{CANARY}"]', "12345678", f'{{ env = "{CANARY}" }}'])
def test_a_secret_in_a_wrong_form_is_refused_without_showing_it(value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config_with(tmp_path, value, top=PLAIN)
    told = "".join(traceback.format_exception(caught.value))
    assert "mailbox.support.imap.password" in told
    assert CANARY not in told
    assert "12345678" not in told


def test_a_key_that_is_no_secret_for_lack_of_one_letter_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config_with(tmp_path, f'{{ env = "X" }}, pasword = "{CANARY}"')
    assert 'pasword: is not a known key. Did you mean "password"?' in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_file_with_a_secret_that_others_may_read_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(CANARY)
    (tmp_path / "pw").chmod(0o644)
    assert any("others may read it (mode 0644)" in text for text in config_with(tmp_path, '{ file = "pw" }').warnings)
    (tmp_path / "pw").chmod(0o600)
    assert not any("others may read it" in text for text in config_with(tmp_path, '{ file = "pw" }').warnings)


def test_a_config_with_a_plain_secret_that_others_may_read_is_warned_about(tmp_path: Path) -> None:
    path = config_with(tmp_path, f'"{CANARY}"', top=PLAIN).source
    path.chmod(0o640)
    assert any("others may read it (mode 0640)" in text for text in load(path).warnings)


def test_a_token_command_may_be_bare_text(tmp_path: Path) -> None:
    path = config_with(tmp_path, '{ env = "X" }').source
    path.write_text(path.read_text().replace('password = { env = "X" }', f'token_command = "echo {CANARY}"'))
    token = load(path).mailbox["support"].imap.token_command
    assert isinstance(token, Secret)
    assert resolve(token, tmp_path) == CANARY
