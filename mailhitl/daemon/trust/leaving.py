"""When an answer that no person has seen may leave: undo time, office hours, rate caps, age."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from mailhitl.case import Case, Outcome
from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.daemon.trust import autonomy
from mailhitl.decision import Verdict
from mailhitl.rules.rule import Rule

#: Whoever shares one of these domains shares nothing else, so that a cap for all of them would silence strangers.
#: Each correspondent's own cap and the hourly one hold for them all the same.
FREEMAIL = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "ymail.com"),
        *(
            "icloud.com",
            "me.com",
            "mac.com",
            "aol.com",
            "proton.me",
            "protonmail.com",
            "pm.me",
            "fastmail.com",
            "hey.com",
        ),
        *("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "freenet.de", "t-online.de", "mail.de"),
        *("posteo.de", "mailbox.org", "tutanota.com", "tuta.com", "arcor.de", "bluewin.ch", "aon.at", "a1.net"),
        *("orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "yahoo.fr", "hotmail.fr", "outlook.fr"),
        *("libero.it", "virgilio.it", "tiscali.it", "alice.it", "tin.it", "yahoo.it", "hotmail.it", "outlook.it"),
        *("btinternet.com", "sky.com", "virginmedia.com", "talktalk.net", "yahoo.co.uk", "hotmail.co.uk", "live.co.uk"),
        *("comcast.net", "verizon.net", "att.net", "sbcglobal.net", "cox.net", "charter.net", "bellsouth.net"),
        *("hotmail.es", "yahoo.es", "telefonica.net", "sapo.pt", "ziggo.nl", "kpnmail.nl", "planet.nl", "telenet.be"),
        *("wp.pl", "o2.pl", "onet.pl", "interia.pl", "seznam.cz", "mail.ru", "yandex.ru", "rambler.ru", "ukr.net"),
        *("qq.com", "163.com", "126.com", "sina.com", "naver.com", "daum.net", "yahoo.co.jp", "docomo.ne.jp"),
        *("uol.com.br", "bol.com.br", "terra.com.br", "yahoo.com.br", "rediffmail.com", "zoho.com"),
    }
)


def not_before(app: App, verdict: Verdict) -> datetime | None:
    """When an answer that rules approve now may leave at the earliest; None: at once."""
    leaves = app.now() + timedelta(seconds=verdict.undo)
    rules = _sending(app, [reason.rule for reason in verdict.reasons if reason.outcome is Outcome.SEND])
    leaves = _opening(app, rules, leaves)
    return leaves if leaves > app.now() else None


def closed_until(app: App, case: Case) -> datetime | None:
    """When the office opens, if this answer has to wait for that; None when it may leave now."""
    rules = _sending(app, autonomy.senders(app.store.cases.log(case)))
    opens = _opening(app, rules, app.now())
    return opens if opens > app.now() else None


def undo_time(app: App, case: Case) -> timedelta:
    """How long it must have been seen in Outgoing, whatever else it waits for."""
    rules = _sending(app, autonomy.senders(app.store.cases.log(case)))
    return timedelta(seconds=max((rule.undo for rule in rules), default=0.0))


def _sending(app: App, names: Iterable[str]) -> list[Rule]:
    wanted = set(names)
    return [rule for rule in app.rules if rule.name in wanted]


def _opening(app: App, rules: Iterable[Rule], moment: datetime) -> datetime:
    if not any(rule.office_hours for rule in rules) or app.office_hours(moment):
        return moment
    return app.office_after(moment, timedelta(0))


def against(app: App, case: Case) -> str:
    """Why a person has to look before this leaves, "" when nothing speaks against it."""
    return next(filter(None, _objections(app, case)), "")


def _objections(app: App, case: Case) -> Iterator[str]:
    yield _too_old(app, case)
    # Reply-To may lead elsewhere than From, and be the same for senders that change.
    people = list(dict.fromkeys(each.lower() for each in (case.sender, *app.store.cases.draft(case).recipients)))
    for address in people:
        yield _cap(app, address, address, app.settings.per_correspondent)
    for domain in dict.fromkeys(address.rpartition("@")[2] for address in people):
        if domain not in FREEMAIL and domain != app.settings.domain:
            yield _cap(app, f"@{domain}", f"people at {domain}", app.settings.per_domain)
    yield _hourly(app)


def _too_old(app: App, case: Case) -> str:
    age = app.now() - case.opened_at
    days = age / timedelta(days=1)
    return f"The customer has waited for {days:.0f} days: a person has to look." if age > app.settings.oldest else ""


def _cap(app: App, recipient: str, called: str, most: int) -> str:
    """Two machines that answer each other are stopped here, whatever marks their mails carry (RFC 3834 2)."""
    sent = app.store.cases.automatic_sends(app.settings.mailbox, app.now() - timedelta(hours=24), recipient)
    if sent < most:
        return ""
    text = f"{sent} automatic answers have gone to {called} within a day: a person has to look."
    key = f"cap:{recipient}:{app.now():%Y-%m-%d}"
    # The alarm outside gets the subject, and the journal keeps it when the person is forgotten.
    whom = "people of one domain" if recipient.startswith("@") else "one correspondent"
    alerts.raise_alert(app, key=key, subject=f"no more automatic answers to {whom} today", text=text)
    return text


def _hourly(app: App) -> str:
    sent = app.store.cases.automatic_sends(app.settings.mailbox, app.now() - timedelta(hours=1))
    if sent < app.settings.per_hour:
        return ""
    text = f"{sent} automatic answers went out within an hour; the others wait for a person."
    key = f"cap:{app.now():%Y-%m-%d}"
    alerts.raise_alert(app, key=key, subject="the hourly cap of automatic answers is reached", text=text)
    return text
