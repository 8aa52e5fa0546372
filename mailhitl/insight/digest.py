"""The weekly digest: what it says, decided here; how it looks is ``templates/digest``.

Every claim carries the command that shows the cases behind it. No line is a bare command for the agent: quoted back
without marks it must not read as an admin's answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.insight.course import ERRORS
from mailhitl.insight.figures import Clock, Figures, Queue, Spread, Tally
from mailhitl.insight.notable import Notables
from mailhitl.insight.share import Share
from mailhitl.insight.week import Week
from mailhitl.ports.journal import Entry

#: The reported week and those before it that it is held against.
TREND = 8


@dataclass(frozen=True, slots=True)
class Now:
    """How things stand when the digest is written, which is after its week. ``shunted`` are the numbers of cases set
    aside."""

    queue: Queue = field(default_factory=lambda: Queue(Spread(())))
    shunted: tuple[int, ...] = ()
    paused: str = ""
    heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """All that a digest is made from. ``entries`` are the journal's of this week, ``proposals`` the open ones.

    ``answerable``: each reader gets a mail of their own, whose answer proves something.
    """

    week: Week
    figures: Figures
    notables: Notables
    clock: Clock
    now: Now
    entries: Sequence[Entry] = ()
    proposals: Sequence[Entry] = ()
    subjects: bool = False
    answerable: bool = True

    @property
    def total(self) -> Tally:
        return self.figures.total

    def cases(self, what: str, more: str = "") -> str:
        """The command that shows the cases with this mark."""
        return f"mailhitl cases list --week {self.week} --what {what}{more}"

    @property
    def stats(self) -> str:
        return f"mailhitl stats --week {self.week}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim, and the command that shows what it rests on."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the three that are read first."""

    number: str
    says: str
    note: str
    command: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One week. ``length`` is 0..100 of the longest, None where a rate would be one of a handful."""

    week: str
    shown: str
    length: int | None
    current: bool

    @property
    def drawn(self) -> str:
        """The bar in plain text."""
        return "#" * round((self.length or 0) / 5)


@dataclass(frozen=True, slots=True)
class Trend:
    """The same figure over the weeks, oldest first."""

    title: str
    bars: tuple[Bar, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Section:
    """Some claims about one thing. ``answer`` says what an admin may answer, "" where there is nothing to decide."""

    title: str
    facts: tuple[Fact, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a digest says."""

    week: Week
    headline: str
    keys: tuple[KeyFigure, ...]
    trends: tuple[Trend, ...]
    sections: tuple[Section, ...]
    answerable: bool = True

    @property
    def subject(self) -> str:
        return f"[mailhitl] {self.week}: {self.headline}"

    @property
    def period(self) -> str:
        sunday = self.week.monday + timedelta(days=6)
        return f"{self.week.monday:%a %d %b} to {sunday:%a %d %b %Y}"


def key_figures(material: Material) -> tuple[KeyFigure, ...]:
    total, clock = material.total, material.clock
    sent, alone = total.counts["sent"], total.counts["automatic"]
    waits = sorted(total.waits)
    spread = _spread(waits)
    return (
        KeyFigure(
            str(sent),
            f"{_plural(sent, 'answer')} approved",
            f"{alone} without a person; of {total.volume} that wanted one, "
            f"{total.counts['reviewed']} were reviewed and {total.counts['blocked']} blocked. About "
            f"{total.saved(clock.minutes) / 60:.1f} hours of writing saved (estimate: {clock.minutes:g} minutes an "
            "answer, less what reading and editing take).",
            material.stats,
        ),
        KeyFigure(
            _rate(total.kept) if total.kept.n else "–",
            f"{'' if total.kept.rate is None else 'of '}judged drafts left as they were",
            f"{total.kept}; {total.counts['edited']} edited, {total.counts['rejected']} rejected. Besides, "
            f"{total.counts['written']} written into a skeleton, {total.counts['by-hand']} answered by hand, "
            f"{total.counts['closed']} closed without an answer, {total.counts['expired']} expired.",
            material.cases("unedited"),
        ),
        KeyFigure(
            spread[0],
            "of office time to a decision, median",
            f"{spread[1]} ({len(waits)} decisions).",
            material.stats,
        ),
    )


def _rate(share: Share) -> str:
    return f"{share.hits} of {share.n}" if share.rate is None else f"{round(100 * share.rate)} %"


def _ends(share: Share) -> str:
    """``47–71 %, n 62``: the bar shows the rate itself."""
    low, high = (round(100 * end) for end in share.interval)
    return f"{share.hits} of {share.n}" if share.rate is None else f"{low}–{high} %, n {share.n}"


def _spread(waits: Sequence[float]) -> tuple[str, str]:
    spread = Spread(tuple(waits))
    if spread.p50 is None or spread.p90 is None:
        return "–", "Too few decisions for a median"
    return lasting(spread.p50), f"Nine of ten were decided within {lasting(spread.p90)}"


def lasting(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def trends(material: Material) -> tuple[Trend, ...]:
    weeks = [material.week.back(back) for back in range(TREND, -1, -1)]
    tallies = [(week, material.figures.weeks.get(week, Tally())) for week in weeks]
    volumes = [tally.volume for _, tally in tallies]
    most = max(volumes) or 1
    since = f"mailhitl stats --since {weeks[0]} --by week"
    volume = [
        Bar(str(week)[5:], str(tally.volume), round(100 * tally.volume / most), week == material.week)
        for week, tally in tallies
    ]
    rates = [(week, tally.kept) for week, tally in tallies]
    approved = [
        Bar(
            str(week)[5:],
            _ends(share),
            None if share.rate is None else round(100 * share.rate),
            week == material.week,
        )
        for week, share in rates
    ]
    return (
        Trend("Mails that wanted an answer", tuple(volume), since),
        Trend("Drafts left as they were, of those judged (95 % interval)", tuple(approved), since),
    )


def headline(material: Material) -> str:
    """The week in a few words."""
    total = material.total
    if not total.volume and not total.decided:
        return "nothing happened"
    errors = len({entry.case_id for entry in material.entries if entry.kind in ERRORS})
    words = [f"{total.counts['sent']} {_plural(total.counts['sent'], 'answer')} approved"]
    words += [f"{total.counts['rejected']} rejected"] if total.counts["rejected"] else []
    words += [f"{errors} found wrong afterwards"] if errors else []
    words += [f"{len(material.proposals)} to decide"] if material.proposals else []
    return ", ".join(words)


def render(digest: Digest, environment: ImmutableSandboxedEnvironment) -> tuple[str, str]:
    """Return (text, HTML)."""
    text = environment.get_template("digest/digest.txt.j2").render(digest=digest)
    html = environment.get_template("digest/digest.html.j2").render(digest=digest)
    return text, html
