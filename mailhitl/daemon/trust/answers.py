"""Answers to tickets: what one of our own people says about a sample or a rule, and whether it counts."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result
from mailhitl.daemon.trust import autonomy, proposals, sampling, tickets
from mailhitl.decision import Channel
from mailhitl.mail.message import Message
from mailhitl.mail.reply import Command, read_verdict
from mailhitl.mail.signature import Checked
from mailhitl.mail.stamp import PrivateId, ticket_token
from mailhitl.ports.journal import Entry
from mailhitl.review.reviewers import SOMEONE, Hand
from mailhitl.rules.rule import Level

#: What lets a rule go further, or speaks for it, needs full proof; a "wrong" doesn't.
STOPPING = frozenset({"wrong"})


def carry_out(app: App, message: Message, proof: Checked, private: PrivateId) -> Result:
    """Do what the answer to this ticket says, if its sender may."""
    entry = _entry(app, private.case_id)
    if entry is None or entry.kind not in TEXTS:
        return Result(False, "Nothing was done: what that mail asked about is not known here any more.")
    command = read_verdict(message, TEXTS[entry.kind](app, entry))
    answer = COMMANDS.get((entry.kind, command.word)) if command else None
    if command is None or answer is None:
        return Result(False, f"Nothing was done: begin your answer with {CHOICES[entry.kind]}, and nothing else.")
    hand, doubt = hand_of(app, message, proof, private, stopping=command.word in STOPPING)
    if not hand.proof:
        return Result(False, f"Nothing was done: {doubt}")
    return answer(app, entry, hand, command)


def _entry(app: App, number: int) -> Entry | None:
    return next((entry for entry in app.store.journal.entries(tuple(TEXTS)) if entry.id == number), None)


def hand_of(app: App, message: Message, proof: Checked, private: PrivateId, *, stopping: bool) -> tuple[Hand, str]:
    """Whose hand, with an empty proof and the doubt when it does not count. The ticket must be the sender's own, or
    one that went to the shared mailbox."""
    sender = message.sender.key
    person = app.reviewers.by_address(sender)
    readers = {sender, app.reviewers.standing_for(sender), app.settings.address.key}
    if not any(hmac.compare_digest(private.token, ticket_token(private.case_id, each, app.key)) for each in readers):
        return Hand(SOMEONE, False, ""), "that mail was sent to somebody else. Please answer your own."
    by = person.address.lower() if person and proof.proof else SOMEONE
    hand = Hand(by, by != SOMEONE, f"reply: token + {proof.proof or 'address not verified'}")
    if stopping:
        return hand, ""
    unproven = app.settings.reply_approval == "authenticated" or person is None
    if app.settings.reply_approval == "off":
        return Hand(by, False, ""), "approving by mail is switched off here."
    if not proof.proof and unproven:
        return Hand(by, False, ""), f"nothing proves who wrote this mail: {proof.doubt}."
    if person is None and sender not in app.settings.own:
        return Hand(by, False, ""), "only a listed reviewer may say so by mail."
    return (Hand(person.address.lower(), True, hand.proof) if person else hand), ""


def _sample(app: App, entry: Entry, hand: Hand, command: Command) -> Result:
    if command.word not in STOPPING and app.now() > entry.at + tickets.VALID:
        return Result(False, "Nothing was done: that mail is too old to speak for a rule.")
    return sampling.answered(app, entry, command.word, hand, command.argument or f"answered “{command.word}”")


def promote(app: App, entry: Entry, hand: Hand, command: Command) -> Result:
    """Move the rule up that this proposal, demotion or change of words is about, if the hand is an admin's."""
    if hand.by not in {address.lower() for address in tickets.admins(app)}:
        return Result(False, f"Nothing was done: only reviewers of the group “{tickets.ADMIN}” may move a rule up.")
    if app.now() > entry.at + tickets.VALID:
        return Result(False, "Nothing was done: that mail is too old. Run: mailhitl rules promote.")
    rule = next((each for each in app.rules if each.name == entry.subject), None)
    if rule is None:
        return Result(False, f"Nothing was done: there is no rule “{entry.subject}” any more.")
    said = (entry.data.get("when"), entry.data.get("words", rule.words))
    if entry.kind in (proposals.PROPOSE, autonomy.RULE) and said != (rule.fingerprint, rule.words):
        return Result(False, f"Nothing was done: “{rule.name}” says something else since; it has to earn it anew.")
    place = autonomy.standing(rule, autonomy.steps(app.store))
    moved_since = place.step is not None and place.step.id > entry.id
    to = _rung(entry, place.level)
    if moved_since or to is None:
        return Result(False, f"Nothing was done: “{rule.name}” has been moved since; it stands on “{place.level}”.")
    why = f"answered “promote” to: {entry.why}"
    promoted = Entry(autonomy.PROMOTE, hand.by, Channel.REPLY, app.now(), why=why, code=entry.kind, proof=hand.proof)
    autonomy.promote(app.store, rule, to, promoted)
    return Result(True, f"Done: “{rule.name}” stands on “{to}” now. {proposals.MEANS[to]}")


def _rung(entry: Entry, now: Level) -> Level | None:
    """Where this answer takes the rule: what was proposed, or from a demotion one rung up."""
    if entry.kind == proposals.PROPOSE:
        to = Level(entry.data["to"])
        return to if to.rank == now.rank + 1 else None
    return next(iter(list(Level)[now.rank + 1 :]), None)


TEXTS: dict[str, Callable[[App, Entry], str]] = {
    sampling.SAMPLE: sampling.text_of,
    proposals.PROPOSE: lambda app, entry: proposals.text_of(entry),
    autonomy.DEMOTE: lambda app, entry: autonomy.text_of(entry),
    autonomy.RULE: lambda app, entry: autonomy.text_of_new_words(entry),
}
CHOICES = {
    sampling.SAMPLE: "“right” or “wrong: why”",
    proposals.PROPOSE: "“promote”",
    autonomy.DEMOTE: "“promote”",
    autonomy.RULE: "“promote”",
}
COMMANDS: dict[tuple[str, str], Callable[[App, Entry, Hand, Command], Result]] = {
    (sampling.SAMPLE, "right"): _sample,
    (sampling.SAMPLE, "wrong"): _sample,
    (proposals.PROPOSE, "promote"): promote,
    (autonomy.DEMOTE, "promote"): promote,
    (autonomy.RULE, "promote"): promote,
}
