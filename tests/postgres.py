"""A PostgreSQL of the tests' own: an ordinary process on a socket in its own directory, thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

OPTIONS = ("-c", "listen_addresses=", "-c", "fsync=off")
#: Seconds until the server must have started or ended.
PATIENCE = 30.0


def binaries() -> Path:
    """Give the newest PostgreSQL's own directory; skip without one, or fail when MAILHITL_REQUIRE_SERVERS is 1."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    message = "PostgreSQL is not installed on this machine"
    if os.environ.get("MAILHITL_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)


class Postgres:
    """A cluster; it refuses to run as root, so as root it runs as ``nobody``."""

    def __init__(self) -> None:
        self._binaries = binaries()
        self._names = count(1)
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        # Short, because the path of a socket may have 107 bytes only.
        self.directory = Path(tempfile.mkdtemp(prefix="mailhitl-pg-"))
        os.chown(self.directory, self._owner.pw_uid, self._owner.pw_gid)

    def __enter__(self) -> Self:
        self._run("initdb", "--pgdata=data", "--username=tests", "--auth=trust", "--encoding=UTF8", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # Without fsync it survives being killed, though not a power cut; and no test cuts the power.
                [self._binaries / "postgres", "-D", "data", "-k", self.directory, *OPTIONS],
                stdout=log,
                stderr=log,
                **self._as_owner,
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), closing(self._admin()):
                return
            time.sleep(0.02)
        raise TimeoutError((self.directory / "log").read_text())

    def stop(self) -> None:
        """End at once, breaking off every connection (``immediate``, as a crash would)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None

    def new_database(self, *, encoding: str = "UTF8") -> str:
        """Create an empty database and give its url."""
        name = f"store{next(self._names)}"
        with closing(self._admin()) as admin:
            admin.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        return self._url(name)

    def new_login(self, password: str) -> str:
        """Create a user that is asked for this password, and give the name."""
        name = f"login{next(self._names)}"
        (self.directory / "data" / "pg_hba.conf").write_text("local all tests trust\nlocal all all scram-sha-256\n")
        with closing(self._admin()) as admin:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(sql.Identifier(name), password))
            admin.execute("SELECT pg_reload_conf()")
        return name

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._url("postgres"), autocommit=True)

    def _url(self, database: str) -> str:
        return f"postgresql://tests@{quote(str(self.directory), safe='')}/{database}"

    def _run(self, binary: str, *arguments: str) -> None:
        subprocess.run([self._binaries / binary, *arguments], check=True, capture_output=True, **self._as_owner)

    @property
    def _as_owner(self) -> dict[str, object]:
        place: dict[str, object] = {"cwd": self.directory}
        if os.geteuid() == 0:
            place |= {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        return place
