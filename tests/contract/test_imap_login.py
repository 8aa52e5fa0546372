"""How an IMAP connection is secured and logged in, or refused."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.errors import PermanentFailure, TemporaryFailure
from tests.contract.accounts import account_name, connected, settings
from tests.rude import CUT, RudeImap
from tests.servers import HOST, PASSWORD, Authority, Certificate, Dovecot, DovecotOptions


def refused(options: ImapSettings) -> str:
    """What the admin reads when the connection is refused for good."""
    with pytest.raises(PermanentFailure) as caught:
        ImapMailbox.connect(options)
    return str(caught.value)


# TLS


@pytest.fixture
def tls_dovecot(dovecot: Callable[[DovecotOptions], Dovecot], certificate: Certificate) -> Dovecot:
    return dovecot(DovecotOptions(tls=certificate))


@pytest.mark.servers
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_verified_server_is_used(tls_dovecot: Dovecot, ca_file: str, security: str) -> None:
    port = tls_dovecot.tls_port if security == "tls" else tls_dovecot.port
    with connected(settings(port, account_name(), security=security, ca_file=ca_file)) as mailbox:
        mailbox.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
        assert mailbox.status("INBOX").messages == 1


@pytest.mark.servers
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_nobody_vouches_for_is_refused(tls_dovecot: Dovecot, security: str) -> None:
    port = tls_dovecot.tls_port if security == "tls" else tls_dovecot.port
    assert "certificate" in refused(settings(port, account_name(), security=security))


@pytest.mark.servers
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_for_another_host_is_refused(tls_dovecot: Dovecot, ca_file: str, security: str) -> None:
    port = tls_dovecot.tls_port if security == "tls" else tls_dovecot.port
    words = refused(settings(port, account_name(), host="localhost", security=security, ca_file=ca_file))
    assert "localhost" in words


def test_an_expired_certificate_is_refused(authority: Authority, ca_file: str) -> None:
    with RudeImap(tls=authority.issue(HOST, expired=True).server_context()) as server:
        assert "expired" in refused(settings(server.port, security="tls", ca_file=ca_file))
        assert server.commands == []


def test_old_tls_is_refused(certificate: Certificate, ca_file: str) -> None:
    context = certificate.server_context()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with RudeImap(tls=context) as server:
        assert "no secure connection" in refused(settings(server.port, security="tls", ca_file=ca_file))


def test_a_server_that_speaks_no_tls_is_refused() -> None:
    with RudeImap() as server:
        assert "no secure connection" in refused(settings(server.port, security="tls"))


@pytest.mark.servers
def test_a_real_server_without_starttls_is_refused(dovecot: Callable[[DovecotOptions], Dovecot]) -> None:
    words = refused(settings(dovecot(DovecotOptions()).port, account_name(), security="starttls"))
    assert "does not offer STARTTLS" in words


def test_without_starttls_the_password_is_never_said() -> None:
    with RudeImap() as server:
        assert "does not offer STARTTLS" in refused(settings(server.port, security="starttls"))
        assert PASSWORD.encode() not in b"".join(server.commands)


def test_a_refused_starttls_ends_it() -> None:
    capability = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n"
    with RudeImap({"CAPABILITY": capability, "STARTTLS": b"{tag} NO not today\r\n"}) as server:
        assert "STARTTLS" in refused(settings(server.port, security="starttls"))
        assert PASSWORD.encode() not in b"".join(server.commands)


def test_what_is_slipped_in_before_tls_is_forgotten(certificate: Certificate, ca_file: str) -> None:
    offer = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n"
    slipped = b"* CAPABILITY IMAP4rev1 EVIL\r\n{tag} OK begin\r\n* CAPABILITY IMAP4rev1 EVIL\r\n"
    answers = {"CAPABILITY": offer, "STARTTLS": slipped}
    with RudeImap(answers, starttls=certificate.server_context()) as server:
        options = settings(server.port, security="starttls", ca_file=ca_file)
        try:
            with connected(options) as mailbox:
                assert "EVIL" not in mailbox.capabilities()
        except (PermanentFailure, TemporaryFailure):
            # Where the slipped-in bytes hit the TLS handshake, there is no connection at all.
            assert not any(b"LOGIN" in command for command in server.commands)


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_being_logged_in_before_logging_in_is_refused(security: str) -> None:
    with RudeImap(greeting=b"* PREAUTH welcome\r\n") as server:
        assert "PREAUTH" in refused(settings(server.port, security=security))
        assert not any(b"LOGIN" in command for command in server.commands)


def test_an_unreadable_ca_file_is_named() -> None:
    assert "/nowhere/ca.pem" in refused(settings(1, security="tls", ca_file="/nowhere/ca.pem"))


# Logging in


@pytest.mark.servers
def test_a_wrong_password_is_for_a_human(dovecot: Callable[[DovecotOptions], Dovecot]) -> None:
    words = refused(settings(dovecot(DovecotOptions()).port, account_name(), password=lambda: "wrong-canary"))
    assert "log in" in words
    assert "wrong-canary" not in words


@pytest.mark.parametrize(
    "answer", [b"{tag} NO [AUTHENTICATIONFAILED] no\r\n", b"{tag} NO login failed\r\n", b"{tag} NO [EXPIRED] old\r\n"]
)
def test_a_refused_login_is_for_a_human(answer: bytes) -> None:
    with RudeImap({"LOGIN": answer}) as server:
        assert "log in" in refused(settings(server.port))


@pytest.mark.parametrize(
    "answer", [b"{tag} NO [UNAVAILABLE] later\r\n", b"{tag} NO [INUSE] busy\r\n", b"* BYE bye\r\n" + CUT, CUT]
)
def test_a_login_that_may_work_later_is_tried_later(answer: bytes) -> None:
    with RudeImap({"LOGIN": answer}) as server, pytest.raises(TemporaryFailure):
        ImapMailbox.connect(settings(server.port))


def test_a_server_that_disables_login_is_obeyed() -> None:
    with RudeImap({"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n{tag} OK done\r\n"}) as server:
        assert "LOGINDISABLED" in refused(settings(server.port))
        assert PASSWORD.encode() not in b"".join(server.commands)


def test_names_and_passwords_may_hold_quotes_spaces_and_backslashes() -> None:
    with RudeImap() as server, connected(settings(server.port, 'DOM\\an "na', password=lambda: 'p\\w "x')):
        [login] = [command for command in server.commands if b"LOGIN" in command]
        assert login.partition(b"LOGIN ")[2] == b'"DOM\\\\an \\"na" "p\\\\w \\"x"\r\n'


@pytest.mark.parametrize("password", ["pässwort", "two\nlines", "two\r\nA1 DELETE INBOX"])
def test_a_password_that_login_cannot_carry_goes_by_sasl_plain(password: str) -> None:
    answers = {"AUTHENTICATE": b"+ \r\n" + CUT}
    with RudeImap(answers) as server, pytest.raises(TemporaryFailure):
        ImapMailbox.connect(settings(server.port, password=lambda: password))
    assert any(command.endswith(b"AUTHENTICATE PLAIN\r\n") for command in server.commands)
    assert not any(b"LOGIN" in command or b"DELETE" in command for command in server.commands)


def test_an_access_token_goes_by_xoauth2() -> None:
    with RudeImap({"AUTHENTICATE": b"{tag} NO [AUTHENTICATIONFAILED] no\r\n"}) as server:
        words = refused(settings(server.port, auth="xoauth2", password=lambda: "token-canary"))
        assert any(command.endswith(b"AUTHENTICATE XOAUTH2\r\n") for command in server.commands)
    assert "token-canary" not in words


def test_the_password_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    with RudeImap() as server, connected(settings(server.port)) as mailbox:
        assert PASSWORD not in repr(mailbox.__dict__)
    assert PASSWORD not in repr(settings(1))
    assert PASSWORD not in caplog.text
