"""The mail servers of the demo: IMAP and SMTP in this process, on 127.0.0.1 and free ports, nothing on disk."""

from __future__ import annotations

from mailhitl.demo.imap_server import ImapServer
from mailhitl.demo.smtp_server import OutsideMail, SmtpServer

__all__ = ["ImapServer", "OutsideMail", "SmtpServer"]
