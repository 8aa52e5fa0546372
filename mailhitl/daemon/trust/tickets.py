"""Tickets: mails to our own people that ask something about the journal, not about a waiting draft.

A ticket is bound to one entry and one reader by a token in its Message-ID, derived from both: whoever has not got the
mail cannot make one, and nothing has to be stored. What an answer to it does is said in ``ANSWERS``.
"""

from __future__ import annotations

from datetime import timedelta

from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.mail.stamp import Kind, PrivateId, ticket_token
from mailhitl.ports.journal import Entry

#: After so long a ticket is no proof any more; the command line is.
VALID = timedelta(days=30)
#: The reviewers' group that may move rules up, besides who has the command line.
ADMIN = "admin"


def admins(app: App) -> tuple[str, ...]:
    """The addresses of who may move rules up by mail; none when the config names nobody."""
    return tuple(person.address for person in app.reviewers.people if ADMIN in person.groups)


def send(
    app: App, entry: Entry, to: str, *, subject: str, text: str, attached: bytes | None = None, key: str = ""
) -> bool:
    """Queue the mail that asks ``to`` about this entry, once per ``key``, else per entry, person and subject."""
    private = PrivateId(Kind.TICKET, entry.id, 0, ticket_token(entry.id, to, app.key))
    key = key or f"ticket:{entry.id}:{to.lower()}:{subject}"
    return alerts.post(app, private, key=key, kind="ticket", to=to, subject=subject, text=text, attached=attached)
