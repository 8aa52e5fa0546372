"""What is wrong with the whole of it: mailboxes that are not served, a store that cannot be written, a broken log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from mailhitl.errors import MailhitlError
from mailhitl.mail.text import one_line
from mailhitl.ports.store import Store

#: A thread that has not moved for so long hangs: a server that takes and does not answer is noticed long before.
STUCK = timedelta(minutes=15)
#: Bytes left on the disk: a database, its journal and a backup of it want room.
ROOM = 200 * 1024 * 1024
PROBLEM = 300


@dataclass(frozen=True, slots=True)
class Pulse:
    """How one mailbox's worker is. ``last_round`` is when it last went through everything without an error,
    ``refused``: the server said no for good (a password, a token, a right). ``standing_by``: another process serves
    this mailbox."""

    mailbox: str
    started_at: datetime
    due_at: datetime
    last_round: datetime | None = None
    failing_since: datetime | None = None
    problem: str = ""
    refused: bool = False
    standing_by: bool = False

    def well(self, now: datetime, wait: float) -> Pulse:
        """After a whole round; the next one comes in ``wait`` seconds at the latest."""
        return Pulse(self.mailbox, self.started_at, now + timedelta(seconds=wait), last_round=now)

    def since(self, moment: datetime, now: datetime) -> Pulse:
        """The same with nothing reckoned from before this moment, at which the clock was set, or from the future."""
        failing = self.failing_since
        if failing is not None and not moment <= failing <= now:
            failing = moment
        return replace(self, due_at=max(self.due_at, moment), failing_since=failing)

    def unwell(self, now: datetime, wait: float, problem: str, *, refused: bool) -> Pulse:
        """After a failure; it is tried again in ``wait`` seconds."""
        return replace(
            self,
            due_at=now + timedelta(seconds=wait),
            failing_since=self.failing_since or now,
            problem=problem,
            refused=refused,
            standing_by=False,
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. ``key`` says that it is the same as before; no customer's words in ``text``."""

    key: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Patient:
    """All that is looked at. ``after``: how long a mailbox may be unreachable before it is a trouble. ``refusal`` says
    why the newest config is not in force, "" when it is."""

    pulses: Callable[[], Iterable[Pulse]]
    store: Store
    data_dir: Path
    after: timedelta = timedelta(minutes=5)
    refusal: Callable[[], str] = str

    def troubles(self, now: datetime, clock_set: datetime | None = None) -> Iterator[Trouble]:
        """Yield what is wrong at this moment. The log's chain is not gone through here: it may take a minute.

        ``clock_set``: when somebody set the clock last, by the new one. What was before counts for nothing then.
        """
        for pulse in self.pulses():
            yield from of_mailbox(pulse.since(clock_set, now) if clock_set else pulse, now, self.after)
        yield from _of_store(self.store, now)
        yield from _of_disk(self.data_dir)
        if refused := self.refusal():
            text = f"The last good one stays in force.\n{refused}"
            yield Trouble("config", "the changed config cannot be used", text)


def of_mailbox(pulse: Pulse, now: datetime, after: timedelta) -> Iterator[Trouble]:
    """Yield at most one trouble of this mailbox."""
    key, name = f"mailbox:{pulse.mailbox}", pulse.mailbox
    said = one_line(pulse.problem, PROBLEM)
    if pulse.standing_by:
        return
    if pulse.refused:
        text = f"Nothing is done for this mailbox: {said}\nIf it is the login, its password or token has to be renewed."
        yield Trouble(key, f"mailbox {name}: the server refuses us", text)
    elif pulse.failing_since is not None and now - pulse.failing_since >= after:
        since = f"{pulse.failing_since:%Y-%m-%d %H:%M} UTC"
        text = f"Nothing has been done for this mailbox since {since}: {said}\nIt is tried again and again."
        yield Trouble(key, f"mailbox {name} is not served", text)
    elif now - pulse.due_at >= STUCK:
        text = f"Its worker has not moved since {pulse.due_at:%Y-%m-%d %H:%M} UTC. Restart mailhitl; nothing is lost."
        yield Trouble(key, f"mailbox {name} hangs", text)


def _of_store(store: Store, now: datetime) -> Iterator[Trouble]:
    """Written to, because a full or read-only disk lets everybody read."""
    try:
        store.switches.set("health", now.isoformat(timespec="seconds"), "health", now)
    except MailhitlError as error:
        text = f"Nothing leaves and nothing is taken in until it can be: {one_line(str(error), PROBLEM)}"
        yield Trouble("store", "the database cannot be written", text)


def _of_disk(folder: Path) -> Iterator[Trouble]:
    # With the store elsewhere nothing may have been put there yet.
    there = next(each for each in (folder, *folder.parents) if each.exists() or each == each.parent)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        yield Trouble("disk", "the data folder cannot be looked at", f"{folder}: {error.strerror}")
        return
    if free < ROOM:
        text = f"{free // (1024 * 1024)} MB are left where {folder} is. When it is full nothing is sent or taken in."
        yield Trouble("disk", "the disk is nearly full", text)


def of_log(store: Store) -> Iterator[Trouble]:
    """Go through the log of decisions, which takes time in proportion to it."""
    try:
        broken = store.log.verify().problem
    except MailhitlError:
        # That the store is away is a trouble of its own.
        return
    if broken:
        text = (
            f"{one_line(broken, PROBLEM)}\nSomebody or something has changed what was written. Run: mailhitl log verify"
        )
        yield Trouble("chain", "the log of decisions was altered", text)
