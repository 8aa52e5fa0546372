"""What must never be answered by a machine: other machines, lists, bounces, ourselves (RFC 3834, 2919, 3464, 8098)."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailhitl.mail.message import Message
from mailhitl.mail.thread import is_own

#: Local parts no person writes from.
_MACHINES = re.compile(
    r"(?:mailer-?daemon|postmaster|mailerdaemon|mail-?daemon|no-?_?reply|do-?_?not-?_?reply|donotreply|nobody|bounces?|"
    r"listserv|majordomo|mdaemon|auto-?reply|autoresponder|undeliverable|virus-?(?:alert|scan(?:ner)?))(?:[-+._=].{0,100})?|"
    r".{0,60}(?:anti-?virus|smtp[-_.](?:mail|gateway|service)).{0,60}"
)
_MACHINE_NAMES = re.compile(
    r"(?i)\W{0,3}postmaster\b|.{0,60}\b(?:mail delivery (?:sub)?system|mail delivery service|mailer[ -]daemon|"
    r"system administrator|mail administrator|internet mail delivery)\b"
)
#: Jobs of a machine write as these; people may write through any other envelope sender.
_JOBS = re.compile(r"<?(?:root|cron|daemon|www-data|nagios)@.*")

#: How autoresponders begin a subject. The colon tells them from a person who writes about her absence.
_AWAY = (
    r"auto(?:matic|mated|matisk|matique)?[ -]?(?:reply|response|submitted|svar)|"
    r"\[auto[ -]?(?:reply|generated)\].*?|"
    r"out[ -]of[ -](?:the[ -])?office(?: auto-?reply| reply| notification)?|automatische (?:antwort|e-?mail|reaktion)|"
    r"abwesenheits(?:notiz|meldung|nachricht|assistent)|abwesend|abwesenheit|(?:r[ée]ponse|message) automatique|"
    r"absence du bureau|respuesta autom[áa]tica|fuera de (?:la )?oficina|risposta automatica|fuori sede|"
    r"resposta autom[áa]tica|automatisch antwoord|afwezigheid(?:sbericht)?|autosvar|automatiskt? svar|"
    r"fr[åa]nvaro(?:meddelande)?|automaattinen vastaus|poissaolo(?:ilmoitus)?|automatyczna odpowied[źz]|"
    r"autoodpowied[źz]|automatick[áa] odpov[ěe][ďd]|автоответ|автоматический ответ|otomatik yan[ıi]t|"
    r"自动回复|自動回覆|自動返信|자동 ?회신"
)
#: What mail servers write when they could not deliver, word for word; a shop's customers write "delivery" as well.
_BOUNCE = (
    r"undelivered mail returned to sender|mail delivery (?:failed|failure|failed: returning message to sender)|"
    r"delivery status notification(?: ?\((?:failure|delay|success)\))?|returned mail(?: - error during delivery)?|"
    r"failure notice|undeliverable(?: mail| message)?|mail system error|mail could not be delivered|"
    r"message delivery (?:failure|delayed)|mail delivery warning|delivery failure notification|unzustellbar|"
    r"nachricht unzustellbar|onbestelbaar|non remis|non recapitabile|no se puede entregar|"
    r"notification de non[- ]remise|warning: could not send message.{0,60}|warning: message .{1,60} delayed .{1,40}|"
    r".{0,150} : non remis \(.*"
)
_SUBJECT = re.compile(rf"(?i)(?:{_AWAY}|{_BOUNCE})\s?(?:[:：].*|$)")
_BOUNCED = re.compile(rf"(?i)(?:{_BOUNCE})\s?(?:[:：].*|$)")


def _auto_submitted(message: Message) -> bool:
    value = message.header("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    return value not in {"", "no"}


def _bulk(message: Message) -> bool:
    return message.header("precedence").strip().lower() in {"bulk", "list", "junk", "auto_reply", "auto-reply"}


def _list(message: Message) -> bool:
    if any(message.header(name) for name in LIST_HEADERS):
        return True
    # Some people write through tools that add it to every mail; no newsletter answers one.
    return bool(message.header("list-unsubscribe")) and not message.in_reply_to


def _autoresponder(message: Message) -> bool:
    suppressed = re.findall(r"[a-z]+", message.header("x-auto-response-suppress").lower())
    return any(message.header(name) for name in AUTORESPONDER_HEADERS) or bool(
        {"all", "oof", "autoreply"} & set(suppressed)
    )


def _report(message: Message) -> bool:
    top = message.header("content-type").lower()
    if top.startswith(("multipart/report", "message/delivery-status", "message/disposition-notification")):
        return True
    return any(attachment.content_type in REPORT_PARTS for attachment in message.attachments)


def _null_sender(message: Message) -> bool:
    return any(value.replace(" ", "") == "<>" for value in message.all("return-path")[:1])


def _machine(message: Message) -> bool:
    if _MACHINE_NAMES.match(message.header("from")) or _JOBS.match(message.header("return-path").lower()):
        return True
    return any(_MACHINES.fullmatch(sender.key.rpartition("@")[0]) for sender in message.senders)


def _subject(message: Message) -> bool:
    return _SUBJECT.match(message.subject) is not None


def _invitation(message: Message) -> bool:
    if "calendarmessage" in message.header("content-class").lower():
        return True
    if message.header("content-type").lower().startswith("text/calendar"):
        return True
    # An invitation has its calendar part without a name; a calendar somebody attached is a file.
    return any(part.content_type == "text/calendar" and not part.name for part in message.attachments)


def _spam(message: Message) -> bool:
    return message.header("x-spam-flag").lower().startswith("yes") or message.header(
        "x-spam-status"
    ).lower().startswith("yes")


LIST_HEADERS = ("list-id", "list-post", "mailing-list", "x-mailing-list")
AUTORESPONDER_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "x-fc-machinegenerated",
    "x-failed-recipients",
)
REPORT_PARTS = frozenset(
    {
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "message/global-delivery-status",
    }
)

#: Tried in this order; the first that holds is the reason. Looking to add a mark of automatic mail? One line here.
MARKS: tuple[tuple[Callable[[Message], bool], str], ...] = (
    (_auto_submitted, "sent by a machine (Auto-Submitted)"),
    (_report, "a delivery or read report"),
    (_null_sender, "a bounce (empty Return-Path)"),
    (_autoresponder, "sent by an autoresponder"),
    (_list, "sent to a mailing list"),
    (_bulk, "bulk mail (Precedence)"),
    (_machine, "sent from an address no person reads"),
    (_invitation, "a calendar invitation"),
    (_spam, "marked as spam by the mail server"),
    (_subject, "an automatic answer or bounce by its subject"),
)


#: Marks that a mail bears when customers write to a list that is our own mailbox (a Google group, for instance).
OF_A_LIST = frozenset({_list, _bulk})


def why_automatic(message: Message, *, own: frozenset[str]) -> str | None:
    """Return why no machine may answer this mail, in words for a log and a person; None when one may.

    ``own`` are the mailbox's addresses and aliases. The mail's text is never looked at: people write about bounces.
    """
    ours = frozenset(address.lower() for address in own)
    if any(sender.spec and is_own(sender.key, ours) for sender in message.senders):
        return "sent from our own address"
    if any(value.lower() in ours for value in message.all("x-loop")):
        return "it came back to us (X-Loop)"
    passed = OF_A_LIST if _through_our_list(message, ours) else frozenset()
    return next((reason for holds, reason in MARKS if holds not in passed and holds(message)), None)


def may_report(message: Message) -> bool:
    """Whether a mail server may have written this about a mail that did not arrive, or an abuse desk about one.

    Its own marks are asked for: people forward bounces and write about them.
    """
    if _report(message) or _null_sender(message) or _machine(message) or message.header("x-failed-recipients"):
        return True
    return _BOUNCED.match(message.subject) is not None


def _through_our_list(message: Message, ours: frozenset[str]) -> bool:
    """RFC 2919 writes a list's address with a dot for the "@"."""
    lists = message.header("list-id").lower()
    return any(f"<{address.replace('@', '.')}>" in lists for address in ours)
