"""An answer to a packet or worklist is a command mail: it is read, obeyed if it may be, and answered once."""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from mailhitl.daemon import alerts, asides, packets, pause, worklist
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result
from mailhitl.daemon.digest import answers as digest_answers
from mailhitl.daemon.digest import signoff as digest_signoff
from mailhitl.daemon.obey import Incoming, obey, proof_of
from mailhitl.daemon.trust import answers
from mailhitl.mail import plus
from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.message import Message
from mailhitl.mail.reply import read_command
from mailhitl.mail.signature import Checked
from mailhitl.mail.stamp import Kind, PrivateId, looks_like_ours, read_id, token_digest
from mailhitl.mail.text import one_line
from mailhitl.ports.mailbox import Location
from mailhitl.review.identity import answered_id
from mailhitl.review.packet import render

log = structlog.get_logger(__name__)

#: The subject of a mail that asks for the worklist.
ASKS_FOR_WORKLIST = frozenset({"queue", "list", "warteschlange", "liste"})
NO_PACKET = (
    "Nothing was done: what you have answered asks for no decision. Please answer the packet (“[Review] …”) itself, "
    "or move the draft."
)


TWO_PACKETS = (
    "Nothing was done: this answer names one packet in its thread and another one in its address. Please answer the "
    "packet that you mean."
)
BROKEN_ID = (
    "Nothing was done: what you have answered looks like a mail of mine, but its mark is not genuine. Please answer "
    "the packet itself, or move the draft."
)


def is_command(app: App, message: Message) -> bool:
    """True for one of our own people's mails that answers a packet, a worklist or a draft, asks for the worklist, or
    has sending paused or resumed.

    Anybody else's stays a customer's mail, whatever it answers: mutt and aerc let our ids out to customers.
    """
    asked = answered_id(message, app.key) is not None or _asks_for_worklist(message) or pause.wish(message) is not None
    asked = asked or answered(app, message) is not None or _answers_a_broken_id(app, message)
    return asked and app.is_ours(message.sender.key)


def answered(app: App, message: Message) -> PrivateId | None:
    """The packet, draft or worklist that this answers: by its thread, or by the address that it was sent to."""
    return answered_id(message, app.key) or next(_addressed(app, message), None)


def _addressed(app: App, message: Message) -> Iterator[PrivateId]:
    for kind, token in plus.tokens(message, app.settings.address):
        ask = app.store.asks.find(token_digest(token, app.key)) if kind is Kind.PACKET else None
        yield PrivateId(kind, ask.case_id if ask else 0, ask.revision if ask else 0, token)


def _disagree(app: App, message: Message) -> bool:
    """Whether its thread names another packet than the address that it was sent to."""
    named = answered_id(message, app.key)
    return named is not None and any(each.token != named.token for each in _addressed(app, message) if named.token)


def _answers_a_broken_id(app: App, message: Message) -> bool:
    """It answers what looks like a mail of ours, and nothing that we have signed."""
    ours = (looks_like_ours(each, app.settings.domain) for each in message.in_reply_to)
    return any(ours) and not any(read_id(each, app.key) for each in message.in_reply_to)


def _asks_for_worklist(message: Message) -> bool:
    """A new mail with the one word as its subject; that it goes to the reviewer's own listed address is safe."""
    return message.subject.strip().casefold() in ASKS_FOR_WORKLIST and not message.in_reply_to


def carry_out(app: App, message: Message, raw: bytes, location: Location, fingerprint: str) -> None:
    """Do what it says, if it may, and answer it once. Running it twice changes nothing: the first decision wins."""
    if why_automatic(message, own=frozenset()):
        log.info("automatic answer to a packet ignored", uid=location.uid)
        return
    result = _obeyed(app, message, proof_of(app, message, raw), fingerprint)
    _answer(app, message, fingerprint, result.text)
    app.mailbox.flag(location, add=("\\Seen", "\\Answered"))
    log.info("command", by=message.sender.key, done=result.done)


def _obeyed(app: App, message: Message, proof: Checked, fingerprint: str) -> Result:
    private = answered(app, message)
    if _disagree(app, message):
        return Result(False, TWO_PACKETS)
    if private is not None:
        return _obeyed_answer(app, message, proof, private)
    if pause.wish(message) is not None:
        return pause.carry_out(app, message, proof)
    if _answers_a_broken_id(app, message):
        return Result(False, BROKEN_ID)
    asking = app.reviewers.standing_for(message.sender.key)
    return worklist.send(app, asking, key=fingerprint, in_reply_to=message.message_id)


def _obeyed_answer(app: App, message: Message, proof: Checked, private: PrivateId) -> Result:
    """What an answer to one of our mails asks for."""
    if private.kind is Kind.TICKET:
        digest = digest_answers.carry_out(app, message, proof, private)
        return digest or answers.carry_out(app, message, proof, private)
    if private.kind is Kind.WORKLIST:
        return worklist.carry_out(app, message, proof, private.token)
    incoming = _incoming(app, message, proof)
    if incoming is None:
        return Result(False, "Nothing was done: the case of that mail is not known here any more.")
    return _decide(app, incoming)


def answers_a_notice(app: App, message: Message) -> bool:
    """True for one of our own people's mails that answers a note, an alert or one of our answers: no customer's mail.

    It decides nothing; that is said once an hour, as a machine without marks may be at the other end.
    """
    answered = (read_id(each, app.key) for each in (*message.in_reply_to, *message.references[-1:]))
    if not app.is_ours(message.sender.key) or not any(each and _asks_nothing(app, each) for each in answered):
        return False
    if not why_automatic(message, own=frozenset()):
        _answer(app, message, f"help:{message.sender.key}:{app.now():%Y-%m-%dT%H}", NO_PACKET)
    return True


def _asks_nothing(app: App, private: PrivateId) -> bool:
    """A note, an alert, an answer of ours; or a digest that was signed off and left as a mail to several people."""
    if private.kind is not Kind.SENT:
        return private.kind is Kind.NOTICE
    try:
        return digest_signoff.is_digest(app.store.cases.get(private.case_id))
    except KeyError:
        return False


def _answer(app: App, message: Message, key: str, text: str) -> None:
    subject = one_line(message.subject, 150)
    reply = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    to = message.sender.key
    alerts.answer(app, key=key, to=to, subject=reply, text=text, in_reply_to=message.message_id)


def _incoming(app: App, message: Message, proof: Checked) -> Incoming | None:
    private = answered(app, message)
    if private is None:
        return None
    ask = app.store.asks.find(token_digest(private.token, app.key)) if private.token else None
    try:
        case = app.store.cases.get(private.case_id)
    except KeyError:
        return None
    if case.mailbox != app.settings.mailbox:
        return None
    return Incoming(message, proof, case, ask if ask and ask.case_id == case.id else None, private.revision)


def tell_about_stranger(app: App, message: Message) -> None:
    """A valid token from somebody else's address was forwarded or stolen: it is burned, and we say so."""
    incoming = _incoming(app, message, Checked())
    if incoming is None or incoming.ask is None or why_automatic(message, own=frozenset()):
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
    if command.word == "queue":
        sender = incoming.message.sender.key
        return worklist.send(app, sender, key=incoming.message.message_id, in_reply_to=incoming.message.message_id)
    return obey(app, incoming, command)
