"""The config read anew while the daemon runs, on SIGHUP or when a file has changed: whole or not at all.

What cannot be used leaves everything as it was: the last good rules stay in force, and the admin is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import structlog

from mailhitl.config.schema import Config
from mailhitl.daemon import reading
from mailhitl.daemon.versions import versions_of
from mailhitl.errors import ConfigError

log = structlog.get_logger(__name__)

#: Tables that are read once, at start.
FIXED = ("store", "alarm", "metrics")


class Reloader:
    """Keeps the config that is in force. Belongs to one thread."""

    def __init__(self, config: Config) -> None:
        self.config = config
        #: Why the newest files are not in force, "" when they are, and the files it was said of.
        self.problem = ""
        self._in_force = self._seen = reading.stamp(config)
        self._refused = ""

    @property
    def refused(self) -> str:
        """Which state of the files could not be used: another one is another problem."""
        return self._refused

    def changed(self) -> bool:
        """Whether the files differ from those in force or refused, and have come to rest: an editor may be writing."""
        before, self._seen = self._seen, reading.stamp(self.config)
        return before == self._seen and self._seen not in (self._in_force, self._refused)

    def reload(self) -> bool:
        """Take the files as they are now into force; False when they cannot be used, and ``problem`` says why."""
        old, stamp = self.config, reading.stamp(self.config)
        try:
            fresh = reading.read(old.source)
            if problems := [*fixed(old, fresh)]:
                raise ConfigError(problems)
        except (ConfigError, OSError) as refusal:
            lines: Sequence[str] = refusal.problems if isinstance(refusal, ConfigError) else [str(refusal)]
            self.problem, self._refused = "\n".join(lines), stamp
            log.error("config not reloaded; the last good one stays", problems=list(lines))
            return False
        self.config, self.problem, self._refused = fresh, "", ""
        # What was saved while we were reading is read again.
        self._in_force = reading.stamp(fresh) if reading.stamp(old) == stamp else ""
        log.info("config reloaded", versions=versions_of(fresh))
        return True


def fixed(old: Config, new: Config) -> Iterator[str]:
    """Yield what the new config changes that can only change at a start."""
    for name in FIXED:
        if getattr(old, name, None) != getattr(new, name, None):
            yield f"{new.source}: {name}: cannot change while the daemon runs. Restart it, and all of this counts."
    if old.agent.data_dir != new.agent.data_dir:
        yield f"{new.source}: agent.data_dir: cannot change while the daemon runs. Restart it, and all of this counts."
    for name in sorted(old.mailbox.keys() ^ new.mailbox.keys()):
        how = "is new" if name in new.mailbox else "is gone"
        yield f"{new.source}: mailbox.{name} {how}: mailboxes come and go only with a restart."
