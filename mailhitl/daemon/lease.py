"""The lease of a mailbox: whoever holds it works on it, so that two daemons never act at once."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from mailhitl.errors import LeaseTaken
from mailhitl.ports.store import Store

#: How long a silent holder is believed to be alive.
LASTS = timedelta(seconds=90)
#: Renewed no more often than this: a renewal is a write.
RENEW_AFTER = timedelta(seconds=20)


@dataclass(slots=True)
class Lease:
    """One process's hold on one mailbox. ``renew`` is called before whatever acts."""

    store: Store
    mailbox: str
    now: Callable[[], datetime]
    holder: str = field(default_factory=lambda: f"{platform.node()}:{os.getpid()}:{uuid4().hex[:8]}")
    renewed: datetime | None = None

    def renew(self) -> None:
        """Take or keep the lease. Raises LeaseTaken while another living process holds it."""
        now = self.now()
        if self.renewed is not None and now - self.renewed < RENEW_AFTER:
            return
        try:
            self.store.switches.take_lease(self.mailbox, self.holder, now, now + LASTS)
        except LeaseTaken as taken:
            if not is_dead(taken.holder):
                raise
            # kill -9 left it behind on this very machine: nobody is there to wait for.
            self.store.switches.release_lease(self.mailbox, taken.holder)
            self.store.switches.take_lease(self.mailbox, self.holder, now, now + LASTS)
        self.renewed = now

    def release(self) -> None:
        self.store.switches.release_lease(self.mailbox, self.holder)
        self.renewed = None


def is_dead(holder: str) -> bool:
    """True when the holder was a process of this machine that is no more; never guesses about another machine."""
    node, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    if node != platform.node() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
