"""Handing over by SMTP: encryption is never optional, and a password never travels in clear (checklist 39)."""

from __future__ import annotations

import base64
import datetime
import ssl
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailhitl.backends.smtp import SmtpSettings, SmtpTransport
from mailhitl.delivery import Handover, Phase
from mailhitl.errors import PermanentFailure, TemporaryFailure
from tests.contract.handing_over import ANN, MAIL, PATIENT, SENDER, ignore, statuses
from tests.servers import Authority, Certificate
from tests.smtp_server import ScriptedServer

USER, PASSWORD = "support@example.com", "canary-7f3a pässword"
BOTH = pytest.mark.parametrize("security", ["tls", "starttls"])


def settings_for(server: ScriptedServer, ca_file: str | None, security: str, **more: object) -> SmtpSettings:
    chosen = {"username": USER, "password": lambda: PASSWORD, "timeouts": PATIENT} | more
    return SmtpSettings("127.0.0.1", server.port, security, ca_file=ca_file, **chosen)  # type: ignore[arg-type]


def hand_over(server: ScriptedServer, ca_file: str | None, security: str, **more: object) -> Handover:
    transport = SmtpTransport(settings_for(server, ca_file, security, **more))
    return transport.hand_over(MAIL, SENDER, [ANN], on_phase=ignore)


def serve(context: ssl.SSLContext, security: str, script: dict[str, str] | None = None, **more: str) -> ScriptedServer:
    return ScriptedServer(script, tls=context, implicit_tls=security == "tls", **more)  # type: ignore[arg-type]


def shapes_of_the_password() -> list[bytes]:
    """Every form the password could take on the wire; base64 of a longer text shows it at one of three offsets."""
    raw = PASSWORD.encode()
    encoded = [base64.b64encode(b"x" * offset + raw)[4:-4] for offset in range(3)]
    return [raw, *encoded]


def self_signed() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificate(secret + certificate.public_bytes(encoding))


# --- encryption -------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN"])
def test_a_login_goes_through_tls_and_nothing_of_it_in_clear(
    authority: Authority, ca_file: str, security: str, mechanisms: str
) -> None:
    with serve(authority.issue().server_context(), security, mechanisms=mechanisms) as server:
        handover = hand_over(server, ca_file, security)

    assert statuses(handover) == {ANN: "accepted"}
    assert any(shape in server.received_in_tls for shape in shapes_of_the_password())
    assert not any(shape in server.received_in_clear for shape in shapes_of_the_password())
    assert b"AUTH" not in server.received_in_clear
    assert b"MAIL" not in server.received_in_clear


BAD_CERTIFICATES: dict[str, tuple[Callable[[Authority], Certificate], str]] = {
    "self-signed": (lambda authority: self_signed(), "self-signed certificate"),
    "unknown authority": (lambda authority: Authority().issue(), "self-signed certificate in certificate chain"),
    "wrong host": (lambda authority: authority.issue("mail.example.org"), "IP address mismatch"),
    "expired": (lambda authority: authority.issue(expired=True), "certificate has expired"),
}


@BOTH
@pytest.mark.parametrize("fault", BAD_CERTIFICATES)
def test_a_wrong_certificate_ends_the_attempt_before_anything_is_said(
    authority: Authority, ca_file: str, security: str, fault: str
) -> None:
    make, words = BAD_CERTIFICATES[fault]
    with serve(make(authority).server_context(), security) as server:
        handover = hand_over(server, ca_file, security)

    assert statuses(handover) == {ANN: "deferred"}
    assert f"certificate not accepted: {words}" in handover.reply
    assert server.received_in_tls == b""
    assert not any(shape in server.received_in_clear for shape in shapes_of_the_password())
    assert server.delivered == []


@BOTH
def test_without_a_ca_file_the_systems_authorities_count(authority: Authority, security: str) -> None:
    with serve(authority.issue().server_context(), security) as server:
        handover = hand_over(server, None, security)

    assert statuses(handover) == {ANN: "deferred"}
    assert "certificate not accepted" in handover.reply


@BOTH
def test_a_tls_version_of_the_past_is_not_spoken(authority: Authority, ca_file: str, security: str) -> None:
    context = authority.issue().server_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with serve(context, security) as server:
        handover = hand_over(server, ca_file, security)

    assert statuses(handover) == {ANN: "deferred"}
    assert handover.phase in (Phase.CONNECT, Phase.GREET)
    assert server.received_in_tls == b""
    assert not any(shape in server.received_in_clear for shape in shapes_of_the_password())


def test_a_server_without_starttls_gets_neither_password_nor_mail(ca_file: str) -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, ca_file, "starttls")

    assert statuses(handover) == {ANN: "deferred"}
    assert "STARTTLS" in handover.reply
    assert [command.split(" ")[0] for command in server.commands] == ["EHLO"]


def test_a_server_that_speaks_no_tls_where_tls_is_meant_gets_nothing(ca_file: str) -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, ca_file, "tls")

    assert statuses(handover) == {ANN: "deferred"}
    assert handover.phase is Phase.CONNECT
    assert not any(shape in server.received_in_clear for shape in shapes_of_the_password())
    assert b"EHLO" not in server.received_in_clear


@pytest.mark.parametrize("offered", ["250 2.0.0 no 220", "454 4.7.0 not now", "502 5.5.1 what"])
def test_a_starttls_that_is_not_granted_ends_the_attempt(authority: Authority, ca_file: str, offered: str) -> None:
    with serve(authority.issue().server_context(), "starttls", {"starttls": offered}) as server:
        handover = hand_over(server, ca_file, "starttls")

    assert statuses(handover) == {ANN: "deferred"}
    assert server.commands == [server.commands[0], "STARTTLS"]


def test_what_was_said_in_clear_after_the_starttls_reply_is_forgotten(authority: Authority, ca_file: str) -> None:
    """A man in the middle adds the answer to the EHLO that follows; if it counted, the mail would be too large."""
    forged = "220 go ahead\r\n250-forged\r\n250-AUTH XFORGED\r\n250 SIZE 1"
    with serve(authority.issue().server_context(), "starttls", {"starttls": forged}) as server:
        handover = hand_over(server, ca_file, "starttls")

    assert statuses(handover) == {ANN: "accepted"}
    assert len(server.delivered) == 1


def test_what_was_offered_before_tls_does_not_count_after_it(authority: Authority, ca_file: str) -> None:
    script = {"ehlo:clear": "250-forged\r\n250-STARTTLS\r\n250-AUTH XFORGED\r\n250 SIZE 1"}
    with serve(authority.issue().server_context(), "starttls", script) as server:
        handover = hand_over(server, ca_file, "starttls")

    assert statuses(handover) == {ANN: "accepted"}


# --- login ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "mail.example.com", "localhost.example.com", "127.0.0.1.example.com", "::2", "0.0.0.0"]
)
def test_a_password_without_encryption_cannot_even_be_configured(host: str) -> None:
    with pytest.raises(ValueError, match="never sent over an unencrypted connection"):
        SmtpSettings(host, 25, "none", username=USER, password=lambda: PASSWORD)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LocalHost."])
def test_a_password_may_go_in_clear_to_this_very_machine(host: str) -> None:
    assert SmtpSettings(host, 25, "none", username=USER, password=lambda: PASSWORD).password is not None


@BOTH
def test_a_refused_login_is_tried_once_and_deferred_with_the_servers_words(
    authority: Authority, ca_file: str, security: str
) -> None:
    script = {"auth": "535 5.7.8 Error: authentication failed"}
    with serve(authority.issue().server_context(), security, script) as server:
        handover = hand_over(server, ca_file, security)

    assert statuses(handover) == {ANN: "deferred"}
    assert "login failed: 535 5.7.8 Error: authentication failed" in handover.reply
    assert len([command for command in server.commands if command.startswith("AUTH")]) == 1


@pytest.mark.parametrize("mechanisms", ["", "CRAM-MD5", "XOAUTH2"])
def test_a_login_the_server_does_not_offer_is_deferred(authority: Authority, ca_file: str, mechanisms: str) -> None:
    with serve(authority.issue().server_context(), "tls", mechanisms=mechanisms) as server:
        handover = hand_over(server, ca_file, "tls")

    assert statuses(handover) == {ANN: "deferred"}
    assert f"(it offers: {mechanisms.lower() or 'none'})" in handover.reply


def test_an_access_token_is_sent_as_xoauth2(authority: Authority, ca_file: str) -> None:
    with serve(authority.issue().server_context(), "tls", mechanisms="PLAIN XOAUTH2") as server:
        handover = hand_over(server, ca_file, "tls", auth="xoauth2", password=lambda: "ya29.token")

    assert statuses(handover) == {ANN: "accepted"}
    token = base64.b64encode(f"user={USER}\1auth=Bearer ya29.token\1\1".encode()).decode()
    assert f"AUTH XOAUTH2 {token}" in server.commands


def test_a_refused_access_token_is_deferred_with_the_final_words(authority: Authority, ca_file: str) -> None:
    challenge = "334 " + base64.b64encode(b'{"status":"400"}').decode()
    script = {"auth": challenge, "blank": "535 5.7.8 token expired"}
    with serve(authority.issue().server_context(), "tls", script, mechanisms="XOAUTH2") as server:
        handover = hand_over(server, ca_file, "tls", auth="xoauth2")

    assert statuses(handover) == {ANN: "deferred"}
    assert "login failed: 535 5.7.8 token expired" in handover.reply


@pytest.mark.parametrize("error", [TemporaryFailure("the keyring is locked"), FileNotFoundError("no such file")])
def test_a_password_that_cannot_be_read_is_deferred(authority: Authority, ca_file: str, error: Exception) -> None:
    def password() -> str:
        raise error

    with serve(authority.issue().server_context(), "tls") as server:
        handover = hand_over(server, ca_file, "tls", password=password)

    assert statuses(handover) == {ANN: "deferred"}
    assert f"the password cannot be read: {error}" in handover.reply


def plain_login() -> str:
    return base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    "reply",
    [
        f"535 wrong password {PASSWORD}",
        f"502 unrecognised command AUTH PLAIN {plain_login()}",
        f"502 unrecognised command AUTH PLAIN {plain_login()[:30]}...",
        f"535 wrong password {base64.b64encode(PASSWORD.encode()).decode()}",
        f"nonsense {PASSWORD}",
    ],
)
@pytest.mark.parametrize("stage", ["auth", "mail", "rcpt", "reply"])
def test_a_server_that_repeats_the_password_is_not_quoted(
    authority: Authority, ca_file: str, stage: str, reply: str
) -> None:
    with serve(authority.issue().server_context(), "tls", {stage: reply}) as server:
        handover = hand_over(server, ca_file, "tls")

    assert "canary" not in repr(handover)
    assert not any(shape.decode() in repr(handover) for shape in shapes_of_the_password())
    assert "repeat the login" in handover.reply


def test_the_password_is_in_no_repr_and_no_traceback(authority: Authority, ca_file: str) -> None:
    def give_up(phase: Phase) -> None:
        if phase is Phase.MAIL:
            raise RuntimeError("the disk is full")

    with serve(authority.issue().server_context(), "tls") as server:
        settings = settings_for(server, ca_file, "tls")
        with pytest.raises(RuntimeError) as caught:
            SmtpTransport(settings).hand_over(MAIL, SENDER, [ANN], on_phase=give_up)

    assert "password" not in repr(settings)
    assert "canary" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_unusable_ca_file_is_said_at_once(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PermanentFailure, match=r"ca\.pem"):
        SmtpTransport(SmtpSettings("127.0.0.1", 465, "tls", ca_file=str(path)))
