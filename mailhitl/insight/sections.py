"""The sections of the digest, each a function of the week's material; what has nothing to say is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from shlex import quote

from mailhitl.insight.course import ERRORS, Course, is_sample
from mailhitl.insight.digest import Digest, Fact, Material, Section, headline, key_figures, lasting, trends
from mailhitl.insight.share import Share
from mailhitl.mail.text import one_line
from mailhitl.plural import counted
from mailhitl.ports.journal import Entry

#: Seconds of office time below which nobody has waited.
SHORTEST = 60
#: How much of anybody's words is shown, and how many of a kind.
WORDS = 160
MOST = 8


def digest_of(material: Material) -> Digest:
    """Say the week."""
    quiet = not material.total.volume and not material.total.decided
    sections = [section for make in SECTIONS if (section := make(material)) is not None]
    return Digest(
        material.week,
        headline(material),
        () if quiet else key_figures(material),
        trends(material),
        (NOTHING, *sections) if quiet else tuple(sections),
        material.answerable,
    )


NOTHING = Section(
    "Nothing happened",
    (Fact("No mail wanted an answer and nobody decided anything. The agent was asked to tell you so."),),
)


def rejected(material: Material) -> Section | None:
    found = material.notables.rejected
    if not found:
        return None
    reasons: dict[tuple[str, str], list[int]] = {}
    for course in found:
        reasons.setdefault((_subject(course), one_line(course.why, WORDS)), []).append(course.about.case_id)
    ranked = sorted(reasons.items(), key=lambda item: -len(item[1]))
    command = material.cases("rejected")
    facts = [
        Fact(f"{about}: “{why}” ({_cases(numbers)})", command if number == 0 else "")
        for number, ((about, why), numbers) in enumerate(ranked[:MOST])
    ]
    return Section("What was rejected, and why", tuple(facts) + _rest(len(ranked) - MOST, "reason", command))


def slowest(material: Material) -> Section | None:
    facts = [
        Fact(
            f"{lasting(seconds)}: {_subject(course)}{_title(material, course)} (case {course.about.case_id}, "
            f"{_ending(course)})",
            f"mailhitl cases show {course.about.case_id}",
        )
        for seconds, course in material.notables.slow
        if seconds >= SHORTEST
    ]
    return Section("What took longest, in office time", tuple(facts)) if facts else None


def rules(material: Material) -> Section | None:
    """What rules have earned, numbered; and what was taken from them or given to them this week."""
    facts = [
        Fact(f"{number}. {_line(entry)}", "mailhitl rules evidence")
        for number, entry in enumerate(material.proposals, 1)
    ]
    for entry in material.entries:
        if entry.kind in MOVED:
            facts.append(Fact(f"{MOVED[entry.kind]}: {_line(entry)}{_case(entry)}", _shown(entry)))
    how = HOW[material.answerable] if material.proposals else ""
    return Section("Rules", tuple(facts), how) if facts else None


HOW = {
    True: "An admin answers this mail with “promote” and the number to let a rule go further.",
    False: "To let a rule go further, an admin answers the mail that proposed it, or runs: mailhitl rules promote.",
}


MOVED = {
    "promote": "Promoted",
    "demote": "Taken back to review",
    "pause": "Paused",
    "resume": "Resumed",
}


def afterwards(material: Material) -> Section | None:
    """What came to light this week about answers that had left, whenever that was."""
    # Two rules that sent one answer have an entry each.
    kinds = Counter(kind for kind, _ in {(entry.kind, entry.case_id) for entry in material.entries})
    facts = [Fact(f"{FOUND[kind]}: {kinds[kind]}", _first(material, kind)) for kind in ERRORS if kinds[kind]]
    sampled = {(entry.kind, entry.case_id) for entry in material.entries if is_sample(entry)}
    looked = Counter(kind for kind, _ in sampled if kind in ("right", "wrong"))
    if looked:
        share = Share(looked["right"], looked.total())
        facts.append(Fact(f"Looked at afterwards and found right: {share}", material.stats))
    failed = material.total.failed
    if failed.n:
        facts.append(Fact(f"Of this week's answers, found wrong so far: {failed}", material.stats))
    return Section("Afterwards", tuple(facts)) if facts else None


FOUND = {
    "bounce": "Came back as undeliverable",
    "complaint": "Complaints",
    "reopened": "Customers who came back after the answer",
    "wrong": "Said to be wrong",
}


def corrections(material: Material) -> Section | None:
    proposed = [entry for entry in material.entries if entry.kind == "correction"]
    facts = [
        Fact(f"{_named(entry)}{one_line(entry.why, 2 * WORDS)}", f"mailhitl learn show {entry.id}")
        for entry in proposed[:MOST]
    ]
    if not facts:
        return None
    rest = _rest(len(proposed) - MOST, "proposal", "mailhitl learn list")
    return Section("What reviewers keep correcting", tuple(facts) + rest)


def overridden(material: Material) -> Section | None:
    """Where people did most often not let a draft pass as it stood, by rule and template."""
    patterns = material.notables.patterns
    ranked = sorted(patterns.items(), key=lambda item: (-item[1].total(), item[0]))
    facts = [
        Fact(
            f"{one_line(rule, 60) or 'no rule'}, {one_line(template, 60) or 'no template'}: "
            f"{_counted(found)} of {counted(material.notables.judged[rule, template], 'draft')}",
            _of_rule(material, rule),
        )
        for (rule, template), found in ranked[:MOST]
        if found.total() > 1
    ]
    return Section("What people changed most", tuple(facts)) if facts else None


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{count} {mark}" for mark, count in sorted(found.items(), key=lambda item: -item[1]))


def _of_rule(material: Material, rule: str) -> str:
    only = f" --rule {quote(one_line(rule, 60))}" if rule else ""
    return f"mailhitl cases list --week {material.week}{only}"


def waiting(material: Material) -> Section | None:
    """Open questions: what waits for somebody at the moment of writing."""
    now, facts = material.now, []
    ages = now.queue.ages
    if ages.n:
        half = f"; half of them for more than {lasting(ages.p50)}" if ages.p50 and ages.p50 >= SHORTEST else ""
        age = ages.values[-1]
        # A mail that came after hours has waited no office time yet.
        oldest = f"case {now.queue.oldest}{f', for {lasting(age)} of office time' if age >= SHORTEST else ''}"
        says = f"{counted(ages.n, 'case waits', 'cases wait')} for a decision, the oldest is {oldest}{half}"
        facts.append(Fact(says, "mailhitl cases list --state held"))
    if now.shunted:
        facts.append(Fact(f"Set aside after an error: {_cases(now.shunted)}", "mailhitl cases list --state shunted"))
    if now.paused:
        facts.append(Fact(f"Sending is paused ({now.paused})", "mailhitl status"))
    return Section("Open now", tuple(facts)) if facts else None


def load(material: Material) -> Section | None:
    """How much the people carry; no speeds."""
    figures = material.figures
    if not figures.load:
        return None
    shares = ", ".join(f"{one_line(by, 60)} {count}" for by, count in sorted(figures.load.items())[:20])
    facts = [Fact(f"Decisions by person: {shares}", material.stats)]
    hasty = figures.total.hasty
    if hasty.hits:
        text = (
            f"Approved less than half a minute after the packet had left: {hasty}. If that is not chance, the queue is "
            "clicked through: fewer checkpoints would protect more."
        )
        facts.append(Fact(text, material.stats))
    return Section("What it took", tuple(facts))


def health(material: Material) -> Section | None:
    total = material.total
    skipped, sent = total.counts["skipped"], total.counts["sent"]
    says = f"Mails judged: {total.volume + skipped}, of which {skipped} wanted no answer; answers approved: {sent}"
    facts = [Fact(says, material.stats)] if total.volume or skipped or sent else []
    for mark, says in TROUBLES.items():
        if total.counts[mark]:
            facts.append(Fact(f"{says}: {total.counts[mark]}", material.cases(mark)))
    troubles = sum(entry.kind in TROUBLE for entry in material.entries)
    if troubles:
        facts.append(Fact(f"Alarms and troubles in the journal: {troubles}", "mailhitl live"))
    if heads := material.now.heads:
        says = "Kept, this mail shows later whether anything before that was changed (in full: the command below)"
        facts.append(Fact(f"The log ends at {' and '.join(heads)}. {says}.", "mailhitl log verify"))
    return Section("Health", tuple(facts)) if facts else None


TROUBLE = frozenset({"trouble", "alarm"})
TROUBLES = {
    "lost": "Nobody knows whether they arrived",
    "refused": "The mail server would not take the answer",
    "shunted": "Set aside after an error",
    "stopped": "Approved and held back before it left",
    "expired": "Closed because nobody decided",
}

SECTIONS: tuple[Callable[[Material], Section | None], ...] = (
    rules,
    afterwards,
    overridden,
    rejected,
    corrections,
    slowest,
    waiting,
    load,
    health,
)


def _subject(course: Course) -> str:
    """What a case is about, without a word of the customer's."""
    about = course.about
    return one_line(next(iter(about.rules), "") or about.intent or about.template or "no rule", 60)


def _title(material: Material, course: Course) -> str:
    return f", “{one_line(course.about.subject, 80)}”" if material.subjects else ""


def _ending(course: Course) -> str:
    return next((mark for mark in course.marks if course.marks[mark] == course.decided_at), "decided")


def _named(entry: Entry) -> str:
    return f"{one_line(entry.subject, 60)}: " if entry.subject else ""


def _line(entry: Entry) -> str:
    return f"{_named(entry)}{one_line(entry.why, 2 * WORDS)}".removesuffix(": ")


def _case(entry: Entry) -> str:
    return f" (case {entry.case_id})" if entry.case_id else ""


def _shown(entry: Entry) -> str:
    return f"mailhitl cases show {entry.case_id}" if entry.case_id else ""


def _first(material: Material, kind: str) -> str:
    """The command that shows the cases of this week's entries; they may have been decided long before."""
    numbers = dict.fromkeys(entry.case_id for entry in material.entries if entry.kind == kind and entry.case_id)
    return "; ".join(f"mailhitl cases show {number}" for number in list(numbers)[:3])


def _cases(numbers: Iterable[int]) -> str:
    listed = list(numbers)
    shown = ", ".join(map(str, listed[:5])) + (", …" if len(listed) > 5 else "")
    return f"case {shown}" if len(listed) == 1 else f"{counted(len(listed), 'case')}: {shown}"


def _rest(count: int, word: str, command: str) -> tuple[Fact, ...]:
    return (Fact(f"… and {counted(count, f'more {word}')}", command),) if count > 0 else ()
