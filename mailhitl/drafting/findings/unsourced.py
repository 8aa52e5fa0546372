"""The gate ``unsourced``: what nobody gave us, and the draft says all the same."""

from __future__ import annotations

from collections.abc import Iterable

from mailhitl.drafting.contacts import contacts, numbers
from mailhitl.drafting.findings.answer import Answer
from mailhitl.mail.lookalike import visible


def unsourced(answer: Answer) -> Iterable[str]:
    """The draft has a link, mail address, phone number, IBAN, or an order, tracking or other long number that stands in
    no template, knowledge file or directory row, and not in the customer's own mail.

    Dates, years, times, versions and short numbers do not count.
    """
    message = answer.message
    own_contacts, own_numbers = contacts(answer.own.shown), numbers(answer.own.shown)
    if not own_contacts and not own_numbers:
        return []
    addresses = (address.spec for address in (*message.senders, *message.reply_to, *message.to, *message.cc))
    known = visible("\n".join((*answer.sources, *addresses, message.subject, message.text)))
    missing = {**own_contacts, **own_numbers}
    for there in (contacts(known), numbers(known)):
        for key in there:
            missing.pop(key, None)
    return missing.values()
