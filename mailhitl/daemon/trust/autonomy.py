"""Which rung of autonomy each rule stands on, and what takes it down or up: the journal's word on top of the config's.

The config says where a rule stands; ``demote`` entries lower it until a ``promote`` entry lifts them. A promotion
counts as long as the config's conditions and level are those it was made on: other conditions have to earn their own,
and who writes another level into the file has the last word. Where the words have changed that the rule lets out (its
intents, their templates), it counts for one rung less: a slip of the pen that was mended must not cost all, and words
that nobody has judged must not leave unseen. A demotion follows both the rule's name and its conditions, so neither
another name nor other words lift it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from mailhitl.case import Case, Event, Outcome
from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.daemon.trust import tickets
from mailhitl.decision import Channel, Decision
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Store
from mailhitl.rules.rule import Level, Rule

log = structlog.get_logger(__name__)

#: The kinds of entries that move a rule; ``rule`` remembers that its conditions or its level in the file have changed.
PROMOTE, DEMOTE, RULE = "promote", "demote", "rule"
#: Where a promotion that was earned with other words leaves a rule.
BELOW = {Level.SEND: Level.SAMPLED, Level.SAMPLED: Level.REVIEW}
#: Where what went wrong takes a rule.
FALLS_TO = Level.REVIEW
#: What may go wrong with an automatic answer, in the words of the notice.
CHARGES = {
    "sample": "A reviewer looked at an answer that it had sent, and says that it was wrong",
    "bounce": "An answer that it had sent came back undelivered",
    "complaint": "Somebody complained about an answer that it had sent",
    "reopened": "A customer took a conversation up again that it had answered",
    "wrong": "A customer says that an answer that it had sent was wrong",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rule stands: ``step`` is the last entry that moved it, ``since`` when that was (or the rule changed).
    ``rewritten``: it was promoted with other words than those that it lets out now, and stands a rung lower."""

    level: Level
    since: datetime | None = None
    step: Entry | None = None
    rewritten: bool = False

    @property
    def demoted(self) -> bool:
        return self.step is not None and self.step.kind == DEMOTE


def standing(rule: Rule, entries: Iterable[Entry]) -> Standing:
    """Where this rule stands. ``entries`` are those of ``steps``, oldest first; ``rule.level`` is the config's."""
    granted, ceiling, since, step, rewritten = None, None, None, None, False
    for entry in entries:
        if not _concerns(rule, entry):
            continue
        if entry.kind == PROMOTE and entry.data.get("when") != rule.fingerprint:
            continue
        since = entry.at
        if entry.kind == DEMOTE:
            granted, ceiling, step, rewritten = None, Level(entry.data["to"]), entry, False
        elif entry.kind == PROMOTE:
            same = entry.data["config"] == rule.level
            granted, ceiling, step = Level(entry.data["to"]) if same else None, None, entry
            rewritten = same and granted in BELOW and entry.data.get("words", rule.words) != rule.words
    level = granted or rule.level
    if rewritten:
        level = BELOW[level]
    return Standing(min(level, ceiling or level, key=lambda each: each.rank), since, step, rewritten)


def _concerns(rule: Rule, entry: Entry) -> bool:
    renamed = entry.kind == DEMOTE and bool(rule.fingerprint) and entry.data.get("when") == rule.fingerprint
    return entry.subject == rule.name or renamed


def steps(store: Store) -> Sequence[Entry]:
    """Every entry that says where rules stand."""
    return store.journal.entries((PROMOTE, DEMOTE, RULE))


def in_force(app: App) -> tuple[Rule, ...]:
    """The rules, each on the rung on which it stands at this moment."""
    moves = app.store.journal.entries((PROMOTE, DEMOTE))
    return tuple(_on(rule, standing(rule, moves).level) for rule in app.rules)


def trusted(rules: Collection[Rule]) -> tuple[Rule, ...]:
    """The rules, each as if it stood on the highest rung: what they would do if they were let."""
    return tuple(_on(rule, Level.SEND) for rule in rules)


def _on(rule: Rule, level: Level) -> Rule:
    return rule if rule.level is level else replace(rule, level=level)


def senders(log: Sequence[Decision]) -> tuple[str, ...]:
    """The names of the rules that alone approved the answer; none when a person did."""
    approval = next((row for row in reversed(log) if row.event is Event.APPROVE), None)
    if approval is None or approval.channel is not Channel.RULE:
        return ()
    return tuple(dict.fromkeys(reason.rule for reason in approval.reasons if reason.outcome is Outcome.SEND))


def charge(
    app: App,
    case_id: int,
    kind: str,
    why: str,
    *,
    by: str = "daemon",
    channel: Channel = Channel.DAEMON,
    proof: str = "",
) -> tuple[str, ...]:
    """An automatic answer went wrong: every rule that sent it falls back to review, before anything else is sent.

    To be called by whoever finds it out, as often as they like: ``kind`` is a key of ``CHARGES`` and counts once per
    case and rule. ``why`` is one sentence for people (what was seen, no customer's words). Returns the rules that fell;
    none when a person had approved the answer, or they stood no higher. Reviewers and admins are told by mail.
    """
    try:
        case = app.store.cases.get(case_id)
    except KeyError:
        return ()
    fallen = []
    for name in senders(app.store.cases.log(case)):
        rule = next((each for each in app.rules if each.name == name), None)
        level = standing(rule, steps(app.store)).level if rule else Level.SEND
        if level.rank > FALLS_TO.rank and _demote(app, case, name, rule, level, (kind, why, by, channel, proof)):
            fallen.append(name)
    # Every time: a crash may have come between the entry and the mails.
    tell_of_demotion(app, case)
    return tuple(fallen)


def _demote(
    app: App, case: Case, name: str, rule: Rule | None, level: Level, said: tuple[str, str, str, Channel, str]
) -> bool:
    kind, why, by, channel, proof = said
    data = {"from": str(level), "to": str(FALLS_TO), "when": rule.fingerprint if rule else ""}
    key = f"{DEMOTE}:{name}:{case.id}:{kind}"
    entry = Entry(DEMOTE, by, channel, app.now(), name, case.id, why, kind, proof, data, key)
    if not app.store.journal.add(entry):
        return False
    log.warning("rule demoted", rule=name, case=case.id, charge=kind)
    return True


def tell_of_demotion(app: App, case: Case) -> None:
    """Tell the rule's people and the admins of every demotion that this case led to, each once."""
    groups = {rule.name: rule.group for rule in app.rules}
    for entry in app.store.journal.entries((DEMOTE,), case_id=case.id):
        group = groups.get(entry.subject, case.group)
        subject = f"[mailhitl] the rule “{entry.subject}” needs a person again"
        for person in dict.fromkeys([*alerts.addressees(app, group), *tickets.admins(app)]):
            tickets.send(app, entry, person, subject=subject, text=text_of(entry))


def text_of(entry: Entry) -> str:
    """What the mail says that tells of a demotion."""
    return (
        f"The rule “{entry.subject}” does not send any more: from now on a person looks at everything it would "
        f"have sent.\n\nWhy: {CHARGES.get(entry.code, entry.code)} (case {entry.case_id}). {entry.why}\n\n"
        "What it had approved and what has not left yet comes to you as well. Nothing else has changed.\n\n"
        f"When the cause is mended, an admin (a reviewer of the group “{tickets.ADMIN}”) answers this mail with "
        f"the word “promote”, or runs: mailhitl rules promote “{entry.subject}”. Changing the rule's words in the "
        "config file does not give it back its freedom, and a new name doesn't either."
    )


def promote(store: Store, rule: Rule, to: Level, entry: Entry) -> bool:
    """Let the rule stand on this rung. ``entry`` says who, how, why and when; False when its key was used before."""
    before = standing(rule, steps(store)).level
    data = {
        "from": str(before),
        "to": str(to),
        "config": str(rule.level),
        "when": rule.fingerprint,
        "words": rule.words,
    }
    return store.journal.add(replace(entry, kind=PROMOTE, subject=rule.name, data={**entry.data, **data}))


def demote(store: Store, rule: Rule, to: Level, entry: Entry) -> bool:
    """Take the rule down to this rung by hand."""
    before = standing(rule, steps(store)).level
    data = {"from": str(before), "to": str(to), "when": rule.fingerprint}
    return store.journal.add(replace(entry, kind=DEMOTE, subject=rule.name, data={**entry.data, **data}))


def note_changes(app: App) -> int:
    """Remember since when each rule that sends has these conditions, this level and these words: evidence counts from
    then on."""
    latest = {entry.subject: entry.data for entry in app.store.journal.entries((RULE,))}
    changed = 0
    for rule in app.rules:
        data = wording(rule)
        if rule.then is Outcome.SEND and latest.get(rule.name) != data:
            why = _why_changed(latest.get(rule.name), data)
            app.store.journal.add(Entry(RULE, "daemon", Channel.DAEMON, app.now(), rule.name, why=why, data=data))
            changed += 1
    return changed


def wording(rule: Rule) -> dict[str, str]:
    """What the config says of it, as far as evidence depends on it."""
    return {"when": rule.fingerprint, "level": str(rule.level), "words": rule.words}


def _why_changed(before: Mapping[str, str] | None, now: Mapping[str, str]) -> str:
    if before is None:
        return "first seen"
    if {**before, "words": now["words"]} == now:
        return "the words that it lets out have changed: its template, or what its intent is"
    return "its words in the config file have changed"


def tell_of_new_words(app: App) -> None:
    """Tell the rule's people and the admins, once per change, of each rule that stands lower for its new words."""
    entries = steps(app.store)
    for rule in app.rules:
        place = standing(rule, entries)
        noted = [each for each in entries if each.kind == RULE and each.subject == rule.name]
        if not place.rewritten or place.step is None or not noted:
            continue
        subject = f"[mailhitl] what the rule “{rule.name}” says has changed"
        for person in dict.fromkeys([*alerts.addressees(app, rule.group), *tickets.admins(app)]):
            tickets.send(app, noted[-1], person, subject=subject, text=text_of_new_words(noted[-1]))


def text_of_new_words(entry: Entry) -> str:
    """What the mail says that tells of a rule's new words."""
    return (
        f"The template that the rule “{entry.subject}” answers with was written anew, or what its intent is was "
        "defined otherwise. It was let go further for other words than these, so it stands one level lower, and what "
        "people decide counts for it from now on.\n\n"
        f"If it was only a slip of the pen, an admin (a reviewer of the group “{tickets.ADMIN}”) answers this mail "
        f"with the word “promote”, or runs: mailhitl rules promote “{entry.subject}”. Where it stands: mailhitl rules "
        "evidence. With the old words back it stands where it stood."
    )
