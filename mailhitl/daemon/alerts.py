"""Words to our own people: alerts and notes, queued in the store so that a crash cannot lose them."""

from __future__ import annotations

from mailhitl.case import Case
from mailhitl.daemon.app import App
from mailhitl.decision import Channel
from mailhitl.mail.compose import compose_notice
from mailhitl.mail.stamp import Kind, PrivateId, token_digest, write_id
from mailhitl.mail.text import one_line
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Notice
from mailhitl.review.reviewers import Reviewer

#: The kind of entries that the watchman tells by the alarm.
TROUBLE = "trouble"


def raise_alarm(app: App, *, key: str, subject: str, text: str = "") -> None:
    """Have the alarm ring, once per ``key``: for what a mail to our own people may not tell. No customer's words."""
    entry = Entry(
        TROUBLE,
        "daemon",
        Channel.DAEMON,
        app.now(),
        subject=app.settings.mailbox,
        why=text,
        code=subject,
        proof=key,
        key=f"{TROUBLE}:{app.settings.mailbox}:{key}",
    )
    app.store.journal.add(entry)


def raise_alert(app: App, *, key: str, subject: str, text: str, rings: bool = True) -> None:
    """Tell every reviewer, once per ``key``, that something is wrong with the mailbox itself; the alarm rings too.

    ``rings`` is False for what the watchman sees himself: he also tells when it is over.
    """
    if rings:
        raise_alarm(app, key=key, subject=subject)
    for person in addressees(app, ""):
        queue(app, key=f"alert:{key}:{person}", kind="alert", to=person, subject=f"[mailhitl] {subject}", text=text)


def note(app: App, case: Case, *, key: str, text: str) -> None:
    """Tell the people who were asked about this case what happened to it, once per ``key``."""
    subject = f"[mailhitl] note on case {case.id}: {one_line(case.subject, 100)}"
    for person in addressees(app, case.group):
        queue(app, key=f"note:{case.id}:{key}:{person}", kind="note", to=person, subject=subject, text=text, case=case)


def answer(app: App, *, key: str, to: str, subject: str, text: str, in_reply_to: str) -> None:
    """Answer a command mail: one short mail that says what was done, or why not."""
    queue(app, key=f"answer:{key}", kind="answer", to=to, subject=subject, text=text, in_reply_to=in_reply_to)


def queue(
    app: App, *, key: str, kind: str, to: str, subject: str, text: str, case: Case | None = None, in_reply_to: str = ""
) -> None:
    """Queue a plain notice. Its Message-ID comes from its key: the same notice is the same mail, however often sent."""
    private = PrivateId(
        Kind.NOTICE, case.id if case else 0, case.revision if case else 0, token_digest(key, app.key)[:26]
    )
    post(app, private, key=key, kind=kind, to=to, subject=subject, text=text, in_reply_to=in_reply_to)


def post(
    app: App,
    private: PrivateId,
    *,
    key: str,
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    attached: bytes | None = None,
    in_reply_to: str = "",
) -> bool:
    """Queue a mail to one of our own people under this private id, once per ``key``: False when it was queued."""
    message_id = write_id(private, app.key, app.settings.domain)
    raw = compose_notice(
        sender=app.settings.address,
        to=to,
        subject=subject,
        text=text,
        html=html,
        message_id=message_id,
        now=app.now(),
        in_reply_to=in_reply_to,
        attached=attached,
    )
    return app.store.notices.queue(Notice(0, app.settings.mailbox, key, kind, to, message_id, raw, app.now()))


def people(app: App, group: str) -> tuple[Reviewer, ...]:
    """Whom of these groups (joined by commas) to ask today, each once."""
    today = app.now().astimezone(app.settings.timezone).date()
    found = [person for name in group.split(",") for person in app.reviewers.asked(name, today)]
    return tuple(dict.fromkeys(found))


def addressees(app: App, group: str) -> list[str]:
    """Where mails to these groups go: with ``notify = "folder"`` the team reads the shared mailbox."""
    if app.settings.notify == "folder" or not app.reviewers.people:
        return [app.settings.address.spec]
    return [person.address for person in people(app, group)]
