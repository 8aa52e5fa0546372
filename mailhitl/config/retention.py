"""``[retention]``: how long closed cases keep their words."""

from __future__ import annotations

from mailhitl.config.table import Table, key
from mailhitl.config.values import Duration


class Retention(Table):
    """How long closed cases keep their words. Erased once a day, by the daemon; without this table nothing is."""

    cases: Duration = key("2y", "Whom a case was about and why it was decided. What was decided stays in the log.")
    bodies: Duration = key("180d", "The words of mails, drafts and packets.")
