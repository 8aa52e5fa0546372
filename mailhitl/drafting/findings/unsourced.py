"""The gate ``unsourced``: what nobody gave us, and the draft says all the same."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mailhitl.drafting.contacts import contacts
from mailhitl.drafting.findings.answer import Answer
from mailhitl.mail.lookalike import visible


def unsourced(answer: Answer) -> Iterable[str]:
    """The draft has a link, mail address, phone number, IBAN, or an order, tracking or other long number that stands in
    no template, knowledge file or directory row, and not in the customer's own mail.

    Dates, years, times, versions and short numbers do not count.
    """
    said = contacts(answer.own.shown)
    if not said:
        return ()
    message = answer.message
    addresses = (address.spec for address in (*message.senders, *message.reply_to, *message.to, *message.cc))
    theirs = visible("\n".join((*addresses, message.subject, message.text)))
    known = contacts(theirs).keys() | frozenset().union(*map(_in_source, answer.sources))
    return (shown for key, shown in said.items() if key not in known)


@lru_cache(maxsize=256)
def _in_source(text: str) -> frozenset[str]:
    # Templates and our own addresses are the same for every mail.
    return frozenset(contacts(visible(text)))
