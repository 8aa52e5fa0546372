"""A driver for neomutt in a tmux of its own: presses keys as a reviewer does and reads the screen.

Every gesture waits for what the screen shows afterwards; nothing sleeps for a guessed time.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers import require

#: Seconds until a screen that does not come is an error.
PATIENCE = 20.0

SETTINGS = """\
set imap_user = "{user}"
set imap_pass = "{password}"
set folder = "imap://{user}@127.0.0.1:{imap_port}/"
set spoolfile = "+INBOX"
set postponed = "+{postponed}"
set record = "{record}"
set ssl_starttls = no
set ssl_force_tls = no
set from = "{address}"
set realname = "{user}"
set hostname = "{domain}"
set editor = "{editor}"
set charset = "utf-8"
set send_charset = "us-ascii:utf-8"
set mail_check = 1
set timeout = 1

# Ask nothing that a test would have to answer.
set abort_nosubject = no
set abort_unmodified = no
set confirmappend = no
set confirmcreate = no
set delete = yes
set fast_reply = yes
set include = yes
set mark_old = no
set move = no
set quit = yes
set recall = no
set wait_key = no
set mailcap_path = "/dev/null"
unset crypt_use_gpgme
unset signature

# What the driver looks for on the screen.
set help = no
set status_format = "{{index}} %f> all=%?m?%m&0? deleted=%?d?%d&0? tagged=%?t?%t&0?"
set pager_format = "{{pager}} %s"
set compose_format = "{{compose}}"
set attach_format = "{{part}} %n of %m/%M"
set index_format = "%Z %s"
"""

SUBMISSION = """\
set smtp_url = "smtp://{user}:{password}@127.0.0.1:{smtp_port}/"
set smtp_authenticators = "plain"
"""

TRASH = """\
set trash = "+{trash}"
"""


class Neomutt:
    """neomutt, logged in as ``user`` at 127.0.0.1 and showing INBOX once ``start`` returns.

    ``home`` is an empty folder for its files, without a space in its name. Without ``smtp_port`` it cannot send.
    ``postponed`` names the folder that ``recall`` takes drafts from and that postponing puts them into. With ``trash``
    what is deleted goes there; without ``record`` nothing that is sent is kept. With ``trace`` every connection that it
    makes is written down there.
    """

    def __init__(
        self,
        imap_port: int,
        user: str,
        password: str,
        *,
        home: Path,
        smtp_port: int | None = None,
        domain: str = "demo.test",
        postponed: str = "Drafts",
        trash: str = "",
        record: str = "+Sent",
        trace: Path | None = None,
    ) -> None:
        self._home = home
        # What it connects to, a line each, with what its children do.
        self._strace = f"strace -f -qq -e trace=connect -o {trace} " if trace else ""
        # Short, because the name of a Unix socket may not be longer than 107 bytes.
        self._socket = Path(tempfile.gettempdir(), f"mailhitl-{uuid.uuid4().hex[:12]}")
        self._sed = home / "edit.sed"
        editor = home / "editor"
        editor.write_text(f'#!/bin/sh\nexec sed -i -f {self._sed} "$1"\n')
        editor.chmod(0o755)
        self._settings = home / "neomuttrc"
        settings = SETTINGS + (SUBMISSION if smtp_port else "") + (TRASH if trash else "")
        self._settings.write_text(
            settings.format(
                user=user,
                password=password,
                imap_port=imap_port,
                smtp_port=smtp_port,
                address=f"{user}@{domain}",
                domain=domain,
                editor=editor,
                postponed=postponed,
                trash=trash,
                record=record,
            )
        )

    def start(self) -> Self:
        for program in ("neomutt", "tmux", *(["strace"] if self._strace else [])):
            require(program)
        command = f"{self._strace}neomutt -n -F {self._settings}"
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", "160", "-y", "50", command)
        self.wait_for(r"\{index\} \+INBOX> ")
        return self

    def quit(self) -> None:
        """End neomutt and its tmux, whatever the screen shows."""
        self._tmux("kill-server", check=False)
        self._socket.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quit()

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names (``Enter``, ``C-u``, ``Escape``) or as single characters."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text and nothing else; ``Enter`` in it is five letters."""
        self._tmux("send-keys", "-l", "--", text)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait_for(self, text: str, timeout: float = PATIENCE) -> str:
        """Return the first screen on which this regular expression is found. Raises TimeoutError with the last one."""
        deadline = time.monotonic() + timeout
        while not re.search(text, screen := self.screen()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the screen never showed {text!r}; at last it was:\n{screen}")
            time.sleep(0.03)
        return screen

    def open(self, folder: str) -> str:
        """Show this folder; return the screen."""
        self.keys("c")
        self._answer("Open mailbox", f"+{folder}")
        return self.wait_for(rf"\{{index\}} \+{re.escape(folder)}> ")

    def select(self, subject: str) -> None:
        """Put the cursor on the mail with these words in its subject, passing over what is marked as deleted."""
        self.keys("/")
        self._answer("Search for", f'~s "{subject}" !~D')
        self.keys("Enter")
        self.wait_for(r"\{pager\} .*" + re.escape(subject))
        self.keys("q")
        self.wait_for(r"\{index\}")

    def open_parts(self, subject: str) -> list[str]:
        """Open each part of the mail with these words in its subject, one after the other; return the screens."""
        self.select(subject)
        self.keys("v")
        parts = self.wait_for(r"\{part\} 1 of ").count("{part}")
        shown: list[str] = []
        for _ in range(parts):
            self.keys("Enter")
            shown.append(self.wait_for(r"---Attachment: |\{pager\}"))
            self.keys("q")
            self.wait_for(r"\{part\} 1 of ")
            self.keys("j")
        self.keys("q")
        self.wait_for(r"\{index\}")
        return shown

    def move_to(self, folder: str) -> None:
        """Save the selected mail into another folder, and sync at once."""
        self.save_to(folder)
        self.sync()

    def save_to(self, folder: str) -> None:
        """Save the selected mail into another folder: neomutt copies it, and expunges the original when it syncs.

        A mail that has ``\\Draft`` and a keyword and was just read makes neomutt store a malformed flag first; the
        server refuses, neomutt asks whether to go on, and the reviewer says yes. When the agent changes the folder in
        that very moment, neomutt drops the command; a person who sees the mail still there does it again.
        """
        for patience in (8.0, 8.0, PATIENCE):
            another = self._another_deleted()
            self.keys("s")
            self._answer("Save to mailbox", f"+{folder}")
            try:
                if "Continue?" in self.wait_for(rf"{another}|Continue\?", patience):
                    self.keys("y")
                    self.wait_for(another)
                return
            except TimeoutError:
                if patience == PATIENCE:
                    raise
                self.keys("C-g")

    def move_all_to(self, subject: str, folder: str) -> None:
        """Move every mail with these words in its subject at once."""
        self.keys("T")
        self._answer("Tag messages matching", f'~s "{subject}"')
        self.wait_for(r"tagged=[1-9]")
        self.keys("\\;", "s")
        self._answer("Save tagged to mailbox", f"+{folder}")
        self.wait_for(r"deleted=[1-9]")
        self.sync()

    def copy_to(self, folder: str) -> None:
        """Copy the selected mail into another folder; it stays where it is."""
        self.keys("C")
        self._answer("Copy to mailbox", f"+{folder}")
        self.keys(":")
        self.type("echo it-is-copied")
        self.keys("Enter")
        self.wait_for("(?m)^it-is-copied")

    def delete(self) -> None:
        another = self._another_deleted()
        self.keys("d")
        self.wait_for(another)
        self.sync()

    def sync(self) -> None:
        """Let neomutt do on the server what it has only marked so far, until nothing is marked.

        On a server without UIDPLUS the agent withdraws mail by marking it too, and may do so in between.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            self.keys("$")
            try:
                self.wait_for("deleted=0", 1.0)
                return
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def edit(self, sed: str) -> None:
        """Change the selected mail's raw text, headers included, where it stands (neomutt's ``e``)."""
        self._sed.write_text(sed)
        another = self._another_deleted()
        self.keys("e")
        self.wait_for(another)
        self.sync()

    def reply(self, sed: str) -> None:
        """Answer the selected mail: ``sed`` works on the quoted text, and what it leaves is sent."""
        self._sed.write_text(sed)
        self.keys("r")
        self.wait_for(r"\{compose\}")
        self.send()

    def edit_as_new(self, sed: str) -> None:
        """Take the selected mail as the beginning of a new one (neomutt's ``Esc e``); it stays where it is."""
        self._sed.write_text(sed)
        self.keys("Escape", "e")
        self.wait_for(r"\{compose\}")

    def recall(self, subject: str, sed: str) -> None:
        """Take up a postponed mail, let ``sed`` change its text, and stay in the compose menu.

        neomutt deletes it from its folder the moment it is opened; if that folder is shown, when it syncs.
        """
        self._sed.write_text(sed)
        self.keys("R")
        if "Postponed Messages" in self.wait_for(r"\{compose\}|Postponed Messages"):
            self.keys("/")
            self._answer("Search for", subject)
            self.keys("Enter")
        self.wait_for(r"(?s)Subject: [^\n]*" + re.escape(subject) + r".*\{compose\}")

    def send(self) -> None:
        """Send what stands in the compose menu."""
        self.keys("y")
        self.wait_for(r"\{index\}")

    def postpone(self) -> None:
        """Put what stands in the compose menu into the folder for postponed mail."""
        self.keys("P")
        self.wait_for(r"\{index\}")

    def _another_deleted(self) -> str:
        """What the screen shows once a mail more is marked as deleted: other hands may have marked some before."""
        [deleted] = re.findall(r"deleted=(\d+)", self.screen())
        return rf"deleted=(?!{deleted}\b)"

    def _answer(self, prompt: str, text: str) -> None:
        self.wait_for(prompt)
        self.keys("C-u")
        self.type(text)
        self.wait_for(re.escape(text))
        self.keys("Enter")

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        # Named one by one: readline, which pytest loads, leaves the size of another terminal in the C environment.
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self._home), "TERM": "screen"}
        ran = subprocess.run(
            ["tmux", "-S", str(self._socket), *arguments],
            env=environment | {"TMPDIR": str(self._home)},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and ran.returncode:
            raise RuntimeError(f"tmux {arguments[0]}: {ran.stderr.strip()}")
        return ran.stdout
