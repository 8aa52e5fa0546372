"""Facts as a generator makes them: any mail, any draft, any moment, with words that rules are about now and then."""

from __future__ import annotations

from datetime import UTC

from hypothesis import strategies as st

from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.mail.message import Address, AttachmentInfo, Message
from mailhitl.ports.drafter import Triage
from mailhitl.rules.rule import Facts, HistoryFacts, RecipientFacts, RecordFacts, SenderFacts, ThreadFacts

WORDS = ("lawyer", "court", "refund", "€500", "10 EUR", "", "ß", "\u200b", "a" * 200, "lawyers", "\udc80")


PLACES = st.sampled_from(("draft", "mail"))


def texts() -> st.SearchStrategy[str]:
    words = st.one_of(st.sampled_from(WORDS), st.text(st.characters(), max_size=10))
    return st.lists(words, max_size=6).map(" ".join)


def addresses() -> st.SearchStrategy[tuple[Address, ...]]:
    spec = st.sampled_from(("a@b.example", "c@d.example", "boss@b.example", ""))
    return st.lists(st.builds(Address, texts(), spec), max_size=3).map(tuple)


def messages() -> st.SearchStrategy[Message]:
    headers = st.lists(st.tuples(st.sampled_from(("list-id", "x-other", "subject")), texts()), max_size=3)
    attachments = st.builds(AttachmentInfo, texts(), st.sampled_from(("a/b", "image/png")), st.integers(0, 10**8))
    return st.builds(
        Message,
        senders=addresses(),
        reply_to=addresses(),
        to=addresses(),
        cc=addresses(),
        subject=texts(),
        text=texts(),
        new_text=texts(),
        headers=headers.map(tuple),
        attachments=st.lists(attachments, max_size=3).map(tuple),
        size=st.integers(0, 10**8),
        readable=st.booleans(),
        encrypted=st.booleans(),
        signed=st.booleans(),
        truncated=st.booleans(),
    )


def drafts() -> st.SearchStrategy[Draft]:
    return st.builds(
        Draft,
        to=st.just(("a@b.example",)),
        cc=st.just(()),
        subject=texts(),
        text=texts(),
        author=st.sampled_from(("drafter:template", "anna@example.com")),
        complete=st.booleans(),
    )


def records() -> st.SearchStrategy[RecordFacts]:
    counts = st.lists(st.integers(0, 20), min_size=3, max_size=3)
    return counts.map(lambda three: RecordFacts(sum(three), *three))


def any_facts() -> st.SearchStrategy[Facts]:
    share = st.one_of(st.sampled_from((0.0, 0.5, 0.895, 0.9, 1.0)), st.floats(0, 1))
    count = st.integers(0, 5)
    return st.builds(
        Facts,
        message=messages(),
        draft=st.none() | drafts(),
        now=st.datetimes(timezones=st.just(UTC)),
        triage=st.builds(Triage, st.sampled_from(("refund", "billing", "")), share),
        findings=st.lists(st.builds(Finding, st.sampled_from(("money", "promise")), texts(), PLACES), max_size=2).map(
            tuple
        ),
        customer=st.dictionaries(st.sampled_from(("tier", "Open", "high_value")), texts(), max_size=3),
        sender=st.builds(SenderFacts, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
        recipients=st.builds(RecipientFacts, count, count, count, st.booleans(), st.booleans()),
        thread=st.builds(ThreadFacts, st.integers(1, 5), st.booleans(), st.booleans()),
        language=st.sampled_from(("de", "en", "")),
        office_hours=st.booleans(),
        mailed=st.lists(st.datetimes(timezones=st.just(UTC)), max_size=3).map(tuple),
        history=st.builds(HistoryFacts, records(), records(), st.dictionaries(st.just("Refunds"), records())),
    )
