"""Debian's Postfix as an ordinary process with a configuration and queue of its own, delivering into a Maildir."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import pytest

from tests.servers import HOST, PATIENCE, free_port, require

MAIN = """
compatibility_level = 3.6
config_directory = {here}/etc
queue_directory = {here}/queue
data_directory = {here}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
mail_owner = {owner}
setgid_group = postdrop
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = {here}/postfix.log
maillog_file_prefixes = {here}
virtual_mailbox_domains = example.org
virtual_mailbox_base = {here}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
# What SMTP smuggling lives on: everything that ends a line or a mail for somebody ends it here.
smtpd_forbid_bare_newline = no
smtpd_forbid_unauth_pipelining = no
"""
SERVICES = """
{host}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""
DIRECTORIES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"),
    *("maildrop", "public", "pid"),
)


class Postfix:
    """``with Postfix() as server: …server.port…``. Takes mail for anybody at example.org. Needs root, else it skips."""

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="mailhitl-postfix-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        require("postfix")
        master = Path(
            subprocess.run(["postconf", "-hd", "daemon_directory"], capture_output=True, text=True).stdout.strip()
        )
        if os.getuid() != 0:
            pytest.skip("Postfix's master has to be started by root")
        self._prepare(master)
        self._process = subprocess.Popen(
            [str(master / "master"), "-c", str(self.directory / "etc"), "-d"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_greeting()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
        shutil.rmtree(self.directory, ignore_errors=True)

    def mails(self, count: int) -> list[bytes]:
        """All that was delivered, once it is so many and the queue is empty."""
        deadline = time.monotonic() + PATIENCE
        while len(self._delivered()) < count or self._queued():
            assert time.monotonic() < deadline, f"{len(self._delivered())} delivered:\n{self._log()}"
            time.sleep(0.05)
        return [path.read_bytes() for path in self._delivered()]

    def _delivered(self) -> list[Path]:
        return list((self.directory / "mail" / "all").glob("new/*"))

    def _queued(self) -> list[Path]:
        names = ("incoming", "active", "deferred", "maildrop")
        return [path for name in names for path in (self.directory / "queue" / name).rglob("*") if path.is_file()]

    def _log(self) -> str:
        path = self.directory / "postfix.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def _prepare(self, daemons: Path) -> None:
        owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        self.directory.chmod(0o755)
        for name in ("etc", "data", "mail", "queue"):
            (self.directory / name).mkdir()
        words = {"here": self.directory, "daemons": daemons, "owner": owner.pw_name, "host": HOST, "port": self.port}
        main = MAIN.format(**words, uid=nobody.pw_uid, gid=nobody.pw_gid)
        (self.directory / "etc" / "main.cf").write_text(main)
        (self.directory / "etc" / "master.cf").write_text(SERVICES.format(**words))
        for name in DIRECTORIES:
            (self.directory / "queue" / name).mkdir(mode=0o700)
            if name != "pid":
                os.chown(self.directory / "queue" / name, owner.pw_uid, -1)
        os.chown(self.directory / "data", owner.pw_uid, -1)
        os.chown(self.directory / "mail", nobody.pw_uid, nobody.pw_gid)

    def _await_greeting(self) -> None:
        import smtplib

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with smtplib.SMTP(HOST, self.port, timeout=5) as probe:
                    probe.noop()
                return
            except OSError:
                assert self._process is not None
                if time.monotonic() > deadline or self._process.poll() is not None:
                    pytest.fail(f"Postfix did not start:\n{self._log()}")
                time.sleep(0.05)
