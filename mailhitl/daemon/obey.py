"""One command on one case by one reviewer's mail: whose hand it was, whether that is proven, and what is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mailhitl.case import Case, State
from mailhitl.daemon import alerts, asides, decide
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result, Wish
from mailhitl.daemon.look import being_edited
from mailhitl.daemon.sources import source_of
from mailhitl.decision import Channel
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.edited import EditedDraft
from mailhitl.mail.message import Message
from mailhitl.mail.reply import Command
from mailhitl.mail.signature import Checked, checked
from mailhitl.mail.text import one_line
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Ask
from mailhitl.review.reviewers import SOMEONE, Hand

#: What lets a mail out needs proof of who sent it; what stops one needs less.
RELEASING = frozenset({"approve", "edit"})
#: How much of a reviewer's reason the log keeps.
LONGEST_WHY = 2_000
#: What decides nothing leaves the token good for the decision.
UNDECIDED = frozenset({"snooze"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command mail, with what its token stands for and what proves its sender."""

    message: Message
    proof: Checked
    case: Case
    ask: Ask | None
    revision: int


def proof_of(app: App, message: Message, raw: bytes) -> Checked:
    """What proves that this mail comes from the domain in its From: our border's word, or else its own signature."""
    said = vouched(message, trusted=app.settings.trusted_authserv)
    if said:
        return Checked(said)
    if app.key_record is None:
        return Checked(doubt="no mail server we trust has confirmed that it comes from you (review.trusted_authserv)")
    return checked(raw, message, now=app.now(), key_record=app.key_record)


def obey(app: App, incoming: Incoming, command: Command) -> Result:
    """Do what the command says, if its sender may."""
    if command.word not in COMMANDS:
        return asides.choices(app, incoming.case)
    hand, doubt = _hand(app, incoming, releasing=command.word in RELEASING)
    if hand is None:
        return _refused(app, incoming, command, Result(False, doubt))
    # An edit's own text is the draft's next revision, not a reason.
    said = "" if command.word == "edit" else one_line(command.argument, LONGEST_WHY)
    wish = Wish(hand, Channel.REPLY, f"reply-{command.word}", said or f"answered “{command.word}”")
    result = COMMANDS[command.word](app, incoming, wish, command)
    if result.done and incoming.ask and command.word not in UNDECIDED:
        app.store.asks.use(incoming.ask, app.now())
    return result if result.done else _refused(app, incoming, command, result)


def _refused(app: App, incoming: Incoming, command: Command, result: Result) -> Result:
    """Whoever wanted to decide and could not, too late or without proof, stands in the journal."""
    if command.word not in UNDECIDED:
        message, code = incoming.message, f"reply-{command.word}"
        key = f"refused:{incoming.case.id}:{message.message_id}" if message.message_id else ""
        by, proof = message.sender.spec or SOMEONE, incoming.proof.proof or "address not verified"
        entry = Entry("refused", by, Channel.REPLY, app.now(), "", incoming.case.id, result.text, code, proof, key=key)
        app.store.journal.add(entry)
    return result


def _alarm(app: App, incoming: Incoming, what: str) -> None:
    """Somebody may be using a reviewer's name: everybody hears of it, once a day for each name."""
    sender = incoming.message.sender.spec
    alerts.raise_alert(
        app,
        key=f"unproven:{sender}:{app.now():%Y-%m-%d}",
        subject=f"an approval in the name of {sender} was refused",
        text=f"A mail from {sender} wanted to approve the answer of case {incoming.case.id}. {what} It decided "
        f"nothing. If {sender} did not write it, somebody else uses the name.",
    )


def _hand(app: App, incoming: Incoming, *, releasing: bool) -> tuple[Hand | None, str]:
    """Whose hand, or why it does not count. Weak proof may stop a mail, never release it."""
    sender = incoming.message.sender.key
    person = app.reviewers.by_address(sender)
    by, named = (person.address.lower(), True) if person else (SOMEONE, False)
    ask = incoming.ask
    if ask and not ask.reviewer and not incoming.proof.proof:
        # The token of the packet in the folder: everybody who may open the mailbox can read it.
        by, named = SOMEONE, False
    doubt = _token_doubt(app, incoming, app.reviewers.standing_for(sender))
    if doubt:
        return None, doubt
    if not releasing:
        # Read again after a crash, the same mail is known by its id.
        return Hand(by, named, f"reply: token, {incoming.message.message_id or 'no id'}"), ""
    if app.settings.reply_approval == "off":
        return None, "Approving by mail is switched off here. Please move the draft to Approve instead."
    proof = incoming.proof
    if not proof.proof and app.settings.reply_approval == "authenticated":
        _alarm(app, incoming, f"Nothing proves who wrote it: {proof.doubt}.")
        return None, (
            f"Nothing was done: nothing proves who wrote this mail: {proof.doubt}. "
            "Please move the draft to Approve instead, and tell your admin."
        )
    return Hand(by, named, f"reply: token + {proof.proof or 'address not verified'}"), ""


def _token_doubt(app: App, incoming: Incoming, sender: str) -> str:
    """Why the token does not count, in words for the one who used it; "" when it does."""
    ask, case = incoming.ask, incoming.case
    if incoming.revision != case.revision or (ask and ask.draft_digest != (case.draft_digest or "")):
        return "Nothing was done: the draft has changed since that mail. Please answer the newest packet."
    if ask is None:
        return "Nothing was done: this answer carries no valid token. Please answer the packet that was mailed to you."
    expired = ask.expires_at <= app.now()
    if ask.used_at is not None or (expired and case.state is not State.HELD):
        return decide.too_late(app, case).text
    if expired:
        return "Nothing was done: that packet has expired. Please move the draft to Approve instead."
    if ask.reviewer and app.reviewers.standing_for(ask.reviewer) != sender:
        app.store.asks.use(ask, app.now())
        _alarm(app, incoming, f"It answers the packet that was mailed to {ask.reviewer}, whose token is void now.")
        return "Nothing was done: that packet was mailed to somebody else. Please answer your own."
    return ""


def _approve(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    if being_edited(app, incoming.case):
        text = "Nothing was done: an edited version of the draft stands in the folders. Which one is meant?"
        return Result(False, text)
    return decide.approve(app, incoming.case, wish)


def _reject(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    return decide.reject(app, incoming.case, wish)


def _escalate(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    return decide.escalate(app, incoming.case, wish, command.argument)


def _arrived(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    return decide.arrived(app, incoming.case, wish)


def _snooze(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    return asides.snooze(app, incoming.case, wish, command.argument)


def _redraft(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    return asides.redraft(app, incoming.case, wish, command.argument)


def _edit(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    """The reviewer's own text goes out in place of the draft's; the quoted mail below it stays."""
    if incoming.case.draft_digest is None:
        return Result(False, "There is no draft to edit. Please answer the customer yourself.")
    if not command.argument.strip():
        return Result(False, "Nothing was done: write your text after “edit:”.")
    current = app.store.cases.draft(incoming.case)
    bare = replace(current, text=command.argument.strip())
    wanted = app.drafting.with_quote(bare, source_of(app, incoming.case))
    return decide.approve(app, incoming.case, wish, EditedDraft(wanted, (), ""))


COMMANDS: dict[str, Callable[[App, Incoming, Wish, Command], Result]] = {
    "approve": _approve,
    "reject": _reject,
    "edit": _edit,
    "escalate": _escalate,
    "arrived": _arrived,
    "snooze": _snooze,
    "redraft": _redraft,
}
