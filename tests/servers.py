"""Real servers for tests: Dovecot as an ordinary process, and certificates made on the spot."""

from __future__ import annotations

import datetime
import grp
import ipaddress
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

HOST = "127.0.0.1"
PASSWORD = "korrekt-horse"
#: Seconds until a server must have started or ended.
PATIENCE = 20.0


CONFIG = """
base_dir = {here}/run
state_dir = {here}/state
log_path = {here}/dovecot.log
listen = {host}
protocols = imap
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
mailbox_list_index = yes
{capability}
{acl}
{tls}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={here}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
}}
service anvil {{
  chroot =
  # A wrong password would delay the next test's login.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap {{
  vsz_limit = 0
}}
service imap-login {{
  chroot =
  process_min_avail = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""


ACL = """
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
}
plugin {
  acl = vfile
}
"""

QUOTA = """
mail_plugins = quota
plugin {{
  quota = maildir:All that one may keep
  quota_rule = *:{}
}}
"""


def require(binary: str) -> str:
    """Give the path of a server's binary. Where it is missing: skip, or fail when MAILHITL_REQUIRE_SERVERS is 1."""
    path = shutil.which(binary, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")
    if path is not None:
        return path
    message = f"{binary} is not installed on this machine"
    if os.environ.get("MAILHITL_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class DovecotOptions:
    """What one Dovecot differs in from another. ``capability`` replaces what it would offer after login.

    ``acl``: it tells who may do what in a folder (RFC 4314). ``quota``: what one account may hold, as ``storage=1M`` or
    ``messages=3``.
    """

    separator: str = "/"
    prefix: str = ""
    capability: str = ""
    tls: Certificate | None = None
    acl: bool = False
    quota: str = ""


class Dovecot:
    """Dovecot with its own configuration in its own directory, on free ports of 127.0.0.1; no root needed.

    Every user name exists and has the password PASSWORD: a test takes a name of its own and so has an account of its
    own. As root it drops to ``nobody``. ``port`` is plain or STARTTLS, ``tls_port`` (with ``tls``) implicit TLS.
    """

    def __init__(self, options: DovecotOptions = DovecotOptions()) -> None:
        self.options = options
        self.port = free_port()
        self.tls_port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="mailhitl-dovecot-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self) -> None:
        binary = require("dovecot")
        owner = _owner()
        config = self.directory / "dovecot.conf"
        config.write_text(self._config(owner))
        (self.directory / "mail").mkdir(exist_ok=True)
        switch = {}
        if os.getuid() == 0:
            for path in (self.directory, *self.directory.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            switch = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._process = subprocess.Popen(
            [binary, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **switch
        )
        self._await_greeting()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def maildir(self, user: str) -> Path:
        """Where INBOX is kept; other folders are ``.Name`` below it."""
        return self.directory / "mail" / user / "Maildir"

    def log(self) -> str:
        path = self.directory / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _await_greeting(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1) as probe:
                probe.settimeout(5)
                if probe.recv(100).startswith(b"* OK"):
                    return
            time.sleep(0.02)
        self.stop()
        pytest.fail(f"Dovecot did not start:\n{self.log()[-2000:]}")

    def _config(self, owner: pwd.struct_passwd) -> str:
        options = self.options
        return CONFIG.format(
            here=self.directory,
            host=HOST,
            password=PASSWORD,
            user=owner.pw_name,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            capability=f"imap_capability = {options.capability}" if options.capability else "",
            acl=ACL if options.acl else QUOTA.format(options.quota) if options.quota else "",
            tls=self._tls_config(),
            separator=options.separator,
            prefix=options.prefix,
            port=self.port,
            tls_port=self.tls_port if options.tls else 0,
        )

    def _tls_config(self) -> str:
        if self.options.tls is None:
            return "ssl = no"
        pair = self.directory / "server.pem"
        pair.write_bytes(self.options.tls.pem)
        return f"ssl = yes\nssl_cert = <{pair}\nssl_key = <{pair}"


def _owner() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


@dataclass(frozen=True, slots=True)
class Certificate:
    """A private key and the certificate for it, with its issuer's, as PEM."""

    pem: bytes

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(self.pem)
            file.flush()
            context.load_cert_chain(file.name)
        return context


class Authority:
    """A certificate authority nobody but the test trusts. ``ca_pem`` is what a client needs to trust it."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test authority")
        self._certificate = self._sign(self._name, self._key.public_key(), authority=True)

    @property
    def ca_pem(self) -> bytes:
        return _pem(self._certificate)

    def issue(self, host: str = HOST, *, expired: bool = False) -> Certificate:
        """A certificate for a host name or an IP address."""
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(host), key.public_key(), host=host, expired=expired)
        return Certificate(_key_pem(key) + _pem(certificate) + self.ca_pem)

    def _sign(self, subject, public_key, *, host="", authority=False, expired=False):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * day)
            .not_valid_after(now - day if expired else now + day)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(common: str):
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(host: str):
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
