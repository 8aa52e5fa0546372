"""What speaks for each rule that sends: its record is read from the log, and the next rung is proposed when earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from mailhitl.case import Outcome
from mailhitl.daemon.app import App
from mailhitl.daemon.trust import autonomy, tickets
from mailhitl.daemon.trust.autonomy import RULE, Standing
from mailhitl.decision import Channel
from mailhitl.insight.evidence import BAD, GOOD, Fate, Proposal, Record, Thresholds, fate, proposal
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Store
from mailhitl.rules.rule import Level, Rule

log = structlog.get_logger(__name__)

PROPOSE = "propose"
#: How often the records are read: a rung is nothing that is earned within the hour.
OFTEN = timedelta(hours=1)
#: So many answers nobody has spoken about are passed over before the search for decisions ends.
UNSPOKEN = 5
LONG_AGO = datetime.min.replace(tzinfo=UTC)
#: The switch that remembers when the records were read last, for all mailboxes: the rules are the same.
READ = "evidence"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule that sends: where it stands, what became of its answers since then, and what that has earned it."""

    rule: Rule
    place: Standing
    record: Record
    proposal: Proposal | None

    @property
    def next(self) -> Level | None:
        """The rung above; None on the highest."""
        rungs = list(Level)[self.place.level.rank + 1 :]
        return rungs[0] if rungs else None


def evidence(store: Store, rules: Sequence[Rule]) -> list[Evidence]:
    """What speaks for each rule that sends, in the order of the config."""
    entries = autonomy.steps(store)
    sending = [rule for rule in rules if rule.then is Outcome.SEND]
    places = {rule.name: autonomy.standing(rule, entries) for rule in sending}
    cases = _cases(store, sending, places)
    # What was decided while its conditions were others says nothing about these.
    changed = {rule.name for rule in sending if _changed(rule, entries)}
    return [
        _evidence(store, rule, places[rule.name], () if rule.name in changed else cases[rule.name]) for rule in sending
    ]


def _evidence(store: Store, rule: Rule, place: Standing, cases: Sequence[int]) -> Evidence:
    record = Record(rule.name, _fates(store, rule, cases))
    earned = proposal(record, thresholds(rule)) if place.level is not Level.SEND else None
    return Evidence(rule, place, record, earned)


def thresholds(rule: Rule) -> Thresholds:
    """What the config asks of this rule before it may rise."""
    return Thresholds(rule.promote_at, rule.promote_over, rule.promote_clean)


def _changed(rule: Rule, entries: Sequence[Entry]) -> bool:
    """Whether the file says something else than what the daemon has worked with."""
    known = [entry.data for entry in entries if entry.kind == RULE and entry.subject == rule.name]
    return bool(known) and known[-1] != autonomy.wording(rule)


def _cases(store: Store, rules: Sequence[Rule], places: Mapping[str, Standing]) -> dict[str, list[int]]:
    """For each rule the cases that it would have answered since its last step, each once, newest first: in one pass,
    which ends when there are enough of all."""
    most = {rule.name: thresholds(rule).over * UNSPOKEN for rule in rules}
    found: dict[str, dict[int, None]] = {rule.name: {} for rule in rules}
    oldest = min((place.since or LONG_AGO for place in places.values()), default=LONG_AGO)
    for case_id, at, hits in store.judgments.hits():
        if at < oldest or all(len(found[name]) >= most[name] for name in found):
            break
        for hit in hits:
            wanted = hit.would_send and hit.rule in found and len(found[hit.rule]) < most[hit.rule]
            if wanted and at >= (places[hit.rule].since or LONG_AGO):
                found[hit.rule][case_id] = None
    return {name: list(cases) for name, cases in found.items()}


def _fates(store: Store, rule: Rule, cases: Sequence[int]) -> tuple[Fate, ...]:
    """The newest ones, until there are as many decisions as count; newest last."""
    looked = {entry.case_id: entry.kind for entry in store.journal.entries(("right", "wrong"), subject=rule.name)}
    found: list[Fate] = []
    decided = 0
    for case_id in cases:
        found.append(_fate(store, case_id, looked.get(case_id, "")))
        decided += found[-1] in GOOD or found[-1] in BAD
        if decided == thresholds(rule).over:
            break
    return tuple(reversed(found))


def _fate(store: Store, case_id: int, looked: str) -> Fate:
    try:
        return fate(store.cases.log(store.cases.get(case_id)), looked)
    except KeyError:
        # Forgotten by the retention.
        return Fate.MOOT


def run_once(app: App) -> int:
    """Note what the config has changed, and once an hour propose what was earned; return how many of both."""
    changed = autonomy.note_changes(app)
    last = app.store.switches.get(READ)
    if last and not changed and app.now() < datetime.fromisoformat(last) + OFTEN:
        return changed
    autonomy.tell_of_new_words(app)
    proposed = sum(_propose(app, each) for each in evidence(app.store, app.rules))
    app.store.switches.set(READ, app.now().isoformat(), "daemon", app.now())
    return changed + proposed


def _propose(app: App, each: Evidence) -> bool:
    """Write it into the journal and ask the admins, once per rule, rung and step of evidence."""
    if each.proposal is None or each.next is None:
        return False
    step = each.place.step.id if each.place.step else 0
    wording = f"{each.rule.level}:{each.rule.fingerprint}:{each.rule.words}"
    key = f"{PROPOSE}:{each.rule.name}:{each.next}:{step}:{wording}"
    data = {
        "from": str(each.place.level),
        "to": str(each.next),
        "when": each.rule.fingerprint,
        "words": each.rule.words,
        "good": str(each.proposal.good),
        "decided": str(each.proposal.decided),
        "lower": f"{each.proposal.lower:.3f}",
    }
    entry = Entry(PROPOSE, "daemon", Channel.DAEMON, app.now(), each.rule.name, why=words(each), data=data, key=key)
    new = app.store.journal.add(entry)
    if new:
        log.info("promotion proposed", rule=each.rule.name, to=str(each.next))
    _ask(app, each)
    return new


def _ask(app: App, each: Evidence) -> None:
    """Each admin is asked once, also after a crash between the entry and the mails."""
    [*_, entry] = app.store.journal.entries((PROPOSE,), subject=each.rule.name)
    subject = f"[mailhitl] the rule “{each.rule.name}” has earned more freedom"
    for person in tickets.admins(app):
        tickets.send(app, entry, person, subject=subject, text=text_of(entry))


def text_of(entry: Entry) -> str:
    """What the mail says that proposes a promotion."""
    return (
        f"{entry.why}\n\nAn admin may let it: answer this mail with the word “promote”, or run: mailhitl rules promote "
        f"“{entry.subject}”. Without an answer nothing changes.\n\n{MEANS[Level(entry.data['to'])]}"
    )


def words(each: Evidence) -> str:
    """What speaks for it, in one sentence."""
    if each.proposal is None:
        return ""
    return (
        f"The rule “{each.rule.name}” stands on “{each.place.level}”; of the last {each.proposal.decided} answers that "
        f"people decided on, {each.proposal.good} were right as they stood (at least {each.proposal.lower:.0%} would "
        f"be, for all that chance can do), so it could move to “{each.next}”."
    )


#: What each rung means to the people.
MEANS = {
    Level.SHADOW: "On “shadow” it is only logged what it would have done.",
    Level.REVIEW: "On “review” a person still looks at every answer before it leaves.",
    Level.SAMPLED: "On “sampled” it sends without a person, and at least one in five answers is looked at afterwards.",
    Level.SEND: "On “send” it sends without a person, and only the share that its `sample` names is looked at.",
}
