"""The weekly digest: what it says, decided here; how it looks is ``templates/digest``.

Every claim carries the command that shows the cases behind it. No line is a bare command for the agent: quoted back
without marks it must not read as an admin's answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import dropwhile

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.insight.course import ERRORS
from mailhitl.insight.figures import Clock, Figures, Queue, Spread, Tally
from mailhitl.insight.notable import Notables
from mailhitl.insight.share import Share
from mailhitl.insight.week import Week
from mailhitl.plural import counted
from mailhitl.ports.journal import Entry

#: Weeks and what was counted in them, oldest first.
Weeks = Sequence[tuple[Week, Tally]]
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
    reviewed = counted(total.counts["reviewed"], "was reviewed", "were reviewed")
    figures = [
        KeyFigure(
            f"{sent:,}",
            f"{'answer' if sent == 1 else 'answers'} approved",
            f"{alone} without a person; of {total.volume} that wanted one, {reviewed} and {total.counts['blocked']} "
            f"blocked. About {total.saved(clock.minutes) / 60:.1f} hours of writing saved (estimate: {clock.minutes:g} "
            "minutes an answer, less what reading and editing take).",
            material.stats,
        )
    ]
    if total.kept.n:
        figures.append(_kept(material))
    waits = Spread(tuple(sorted(total.waits)))
    # No median of a handful, and none where all was decided before an office hour had passed.
    if waits.p50 is not None and waits.p90:
        note = f"Nine of ten were decided within {lasting(waits.p90)} ({counted(waits.n, 'decision')})."
        figures.append(KeyFigure(lasting(waits.p50), "of office time to a decision, median", note, material.stats))
    return tuple(figures)


def _kept(material: Material) -> KeyFigure:
    kept, counts = material.total.kept, material.total.counts
    ended = ", ".join(f"{counts[mark]} {says}" for mark, says in BESIDES.items() if counts[mark])
    besides = f" Besides, {ended}." if ended else ""
    return KeyFigure(
        _rate(kept),
        f"{'' if kept.rate is None else 'of '}judged drafts left as they were",
        f"{'' if kept.rate is None else f'{kept}; '}{counts['edited']} edited, {counts['rejected']} rejected.{besides}",
        material.cases("unedited"),
    )


#: How a case may end where no draft was judged.
BESIDES = {
    "written": "written into a skeleton",
    "by-hand": "answered by hand",
    "closed": "closed without an answer",
    "expired": "expired",
}


def _rate(share: Share) -> str:
    return f"{share.hits} of {share.n}" if share.rate is None else f"{round(100 * share.rate)} %"


def _ends(share: Share) -> str:
    """``47–71 %, n 62``: the bar shows the rate itself."""
    if not share.n:
        return "none"
    low, high = (round(100 * end) for end in share.interval)
    return f"{share.hits} of {share.n}" if share.rate is None else f"{low}–{high} %, n {share.n}"


def lasting(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def trends(material: Material) -> tuple[Trend, ...]:
    """The weeks before, from the first on that has something to show; a chart of one week shows nothing."""
    weeks = [material.week.back(back) for back in range(TREND, -1, -1)]
    tallies = [(week, material.figures.weeks.get(week, Tally())) for week in weeks]
    volumes = list(dropwhile(lambda one: not one[1].volume, tallies))
    judged = list(dropwhile(lambda one: not one[1].kept.n, tallies))
    found = []
    if len(volumes) > 1:
        found.append(_trend("Mails that wanted an answer", _volumes(material, volumes)))
    if len(judged) > 1 and any(tally.kept.rate is not None for _, tally in judged):
        title = "Drafts left as they were, of those judged (95 % interval)"
        found.append(_trend(title, _rates(material, judged)))
    return tuple(found)


def _trend(title: str, bars: Sequence[tuple[Week, Bar]]) -> Trend:
    return Trend(title, tuple(bar for _, bar in bars), f"mailhitl stats --since {bars[0][0]} --by week")


def _volumes(material: Material, tallies: Weeks) -> list[tuple[Week, Bar]]:
    most = max(tally.volume for _, tally in tallies)
    return [
        (week, Bar(str(week)[5:], f"{tally.volume:,}", round(100 * tally.volume / most), week == material.week))
        for week, tally in tallies
    ]


def _rates(material: Material, tallies: Weeks) -> list[tuple[Week, Bar]]:
    found = []
    for week, tally in tallies:
        length = None if tally.kept.rate is None else round(100 * tally.kept.rate)
        found.append((week, Bar(str(week)[5:], _ends(tally.kept), length, week == material.week)))
    return found


def headline(material: Material) -> str:
    """The week in a few words."""
    total = material.total
    if not total.volume and not total.decided:
        return "nothing happened"
    errors = len({entry.case_id for entry in material.entries if entry.kind in ERRORS})
    words = [f"{counted(total.counts['sent'], 'answer')} approved"]
    words += [f"{total.counts['rejected']} rejected"] if total.counts["rejected"] else []
    words += [f"{errors} found wrong afterwards"] if errors else []
    words += [f"{len(material.proposals)} to decide"] if material.proposals else []
    return ", ".join(words)


def render(digest: Digest, environment: ImmutableSandboxedEnvironment) -> tuple[str, str]:
    """Return (text, HTML)."""
    text = environment.get_template("digest/digest.txt.j2").render(digest=digest)
    html = environment.get_template("digest/digest.html.j2").render(digest=digest)
    return text, html
