"""An answer to a packet is a command: who sent it, whether that is proven, what it says, and one short answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from mailhitl.case import Case, State
from mailhitl.daemon import alerts, asides, decide, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result, Wish
from mailhitl.decision import Channel
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.edited import EditedDraft
from mailhitl.mail.message import Message
from mailhitl.mail.reply import Command, read_command
from mailhitl.mail.stamp import token_digest
from mailhitl.mail.text import one_line
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Ask
from mailhitl.review.identity import answered_id
from mailhitl.review.packet import render
from mailhitl.review.reviewers import SOMEONE, Hand

log = structlog.get_logger(__name__)

#: What lets a mail out needs proof of who sent it; what stops one needs less.
RELEASING = frozenset({"approve", "edit"})
#: What decides nothing leaves the token good for the decision.
UNDECIDED = frozenset({"snooze"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command mail, with what its token stands for."""

    message: Message
    case: Case
    ask: Ask | None
    revision: int


def is_command(app: App, message: Message) -> bool:
    """True for one of our own people's mails that answers a packet or a draft.

    Anybody else's stays a customer's mail, whatever it answers: mutt and aerc let our ids out to customers.
    """
    return answered_id(message, app.key) is not None and _is_ours(app, message.sender.key)


def carry_out(app: App, message: Message, location: Location, fingerprint: str) -> None:
    """Do what it says, if it may, and answer it once. Running it twice changes nothing: the first decision wins."""
    sender = message.sender.key
    incoming = _incoming(app, message)
    if incoming is None or why_automatic(message, own=frozenset()):
        log.info("automatic or outdated answer to a packet ignored", uid=location.uid)
        return
    result = _decide(app, incoming)
    subject = one_line(message.subject, 150)
    reply = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    alerts.answer(app, key=fingerprint, to=sender, subject=reply, text=result.text, in_reply_to=message.message_id)
    app.mailbox.flag(location, add=("\\Seen", "\\Answered"))
    log.info("command", case=incoming.case.id, by=sender, done=result.done)


def _incoming(app: App, message: Message) -> Incoming | None:
    private = answered_id(message, app.key)
    if private is None:
        return None
    ask = app.store.asks.find(token_digest(private.token, app.key)) if private.token else None
    try:
        case = app.store.cases.get(private.case_id)
    except KeyError:
        return None
    return Incoming(message, case, ask if ask and ask.case_id == case.id else None, private.revision)


def _is_ours(app: App, sender: str) -> bool:
    return sender in app.settings.own or app.reviewers.by_address(sender) is not None


def tell_about_stranger(app: App, message: Message) -> None:
    """A valid token from somebody else's address was forwarded or stolen: it is burned, and we say so."""
    incoming = _incoming(app, message)
    if incoming is None or incoming.ask is None:
        return
    app.store.asks.use(incoming.ask, app.now())
    sender = message.sender.spec or "an unreadable address"
    alerts.raise_alert(
        app,
        key=f"stranger:{message.message_id}",
        subject="somebody who is no reviewer has answered a packet",
        text=f"A mail from {sender} answers a packet of case {incoming.case.id}. It decided nothing; its token is not "
        "valid any more. The mail itself waits as a case of its own.",
    )


def _decide(app: App, incoming: Incoming) -> Result:
    text, _ = render(packets.packet_of(app, incoming.case), app.templates)
    command = read_command(incoming.message, text)
    if command is None:
        return asides.choices(app, incoming.case, asides.UNCLEAR)
    return obey(app, incoming, command)


def obey(app: App, incoming: Incoming, command: Command) -> Result:
    """Do what the command says, if its sender may."""
    if command.word not in COMMANDS:
        return asides.choices(app, incoming.case)
    hand, doubt = _hand(app, incoming, releasing=command.word in RELEASING)
    if hand is None:
        return Result(False, doubt)
    wish = Wish(hand, Channel.REPLY, f"reply-{command.word}", command.argument or f"answered “{command.word}”")
    result = COMMANDS[command.word](app, incoming, wish, command)
    if result.done and incoming.ask and command.word not in UNDECIDED:
        app.store.asks.use(incoming.ask, app.now())
    return result


def _hand(app: App, incoming: Incoming, *, releasing: bool) -> tuple[Hand | None, str]:
    """Whose hand, or why it does not count. Weak proof may stop a mail, never release it."""
    sender = incoming.message.sender.key
    person = app.reviewers.by_address(sender)
    by, named = (person.address.lower(), True) if person else (SOMEONE, False)
    doubt = _token_doubt(app, incoming, sender)
    if doubt:
        return None, doubt
    if not releasing:
        return Hand(by, named, "reply with a valid token"), ""
    if app.settings.reply_approval == "off":
        return None, "Approving by mail is switched off here. Please move the draft to Approve instead."
    proof = vouched(incoming.message, trusted=app.settings.trusted_authserv)
    if proof is None and app.settings.reply_approval == "authenticated":
        return None, (
            "Nothing was done: no mail server we trust has confirmed that this mail comes from you. "
            "Please move the draft to Approve instead, and tell your admin (review.trusted_authserv)."
        )
    return Hand(by, named, f"reply with a valid token, {proof or 'address not verified'}"), ""


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
    if ask.reviewer and ask.reviewer != sender:
        app.store.asks.use(ask, app.now())
        return "Nothing was done: that packet was mailed to somebody else. Please answer your own."
    return ""


def _approve(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
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
    return asides.redraft(app, incoming.case)


def _edit(app: App, incoming: Incoming, wish: Wish, command: Command) -> Result:
    """The reviewer's own text goes out in place of the draft's; the quoted mail below it stays."""
    if incoming.case.draft_digest is None:
        return Result(False, "There is no draft to edit. Please answer the customer yourself.")
    if not command.argument.strip():
        return Result(False, "Nothing was done: write your text after “edit:”.")
    current = app.store.cases.draft(incoming.case)
    bare = replace(current, text=command.argument.strip())
    wanted = app.drafting.with_quote(bare, decide.source_of(app, incoming.case))
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
