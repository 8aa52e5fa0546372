"""Tables. Rows stay inside this package; values leave it.

No model is ever bound to a database: ``Database`` gives each query its own, so several stores can live in one process
and no thread can see another store's rows. Columns called ``…_digest`` without a meaning of their own are what long
foreign texts are looked up by (``fields.digest_of``).
"""

from __future__ import annotations

from typing import Any

import peewee as pw

from mailhitl.store.fields import BytesField, CompressedField, ListField, UtcDateTimeField, WordsField

#: What an id or a revision can be at most on both engines. Numbers also come from mails, where anything may stand.
LARGEST_INTEGER = 2**31 - 1
#: How many keys one query may ask for: SQLite before 3.32 allows 999 parameters.
CHUNK = 500


class Table(pw.Model):
    class Meta:
        legacy_table_names = False

    @classmethod
    def whole(cls) -> Any:
        """SELECT with every column. peewee takes longer to spell them all out than SQLite takes to answer."""
        return cls.select(pw.SQL("*"))


class MetaRow(Table):
    """What the store knows of itself: its schema's version, its key."""

    name = WordsField(primary_key=True)
    value = WordsField()

    class Meta:
        table_name = "mailhitl"


class CaseRow(Table):
    id = pw.AutoField()
    mailbox = WordsField()
    state = WordsField()
    version = pw.IntegerField()
    fingerprint = WordsField()
    message_id = WordsField()
    message_digest = WordsField()
    thread = WordsField()
    thread_digest = WordsField()
    sender = WordsField()
    sender_digest = WordsField()
    subject = WordsField()
    opened_at = UtcDateTimeField()
    folder = WordsField()
    # UIDs reach 2^32 - 1, PostgreSQL's INTEGER ends at half of that.
    uidvalidity = pw.BigIntegerField()
    uid = pw.BigIntegerField()
    outcome = WordsField(null=True)
    revision = pw.IntegerField()
    draft_digest = WordsField(null=True)
    group = WordsField()
    not_before = UtcDateTimeField(null=True)
    held_at = UtcDateTimeField(null=True)
    # How much of it was erased: "", "bodies", "cases" (everything personal).
    erased = WordsField(default="")

    class Meta:
        table_name = "cases"
        indexes = (
            (("mailbox", "fingerprint"), True),
            (("mailbox", "message_digest"), False),
            (("mailbox", "thread_digest"), False),
            (("mailbox", "sender_digest"), False),
            (("state", "mailbox"), False),
            (("mailbox", "id"), False),
        )


def case_key(*, primary_key: bool = False, index: bool = True) -> pw.ForeignKeyField[CaseRow]:
    # Not lazy: a row must never fetch another one behind our back.
    return pw.ForeignKeyField(
        CaseRow, column_name="case_id", backref="+", lazy_load=False, primary_key=primary_key, index=index
    )


class SourceRow(Table):
    """The customer's mail as it came."""

    case = case_key(primary_key=True)
    content = CompressedField()

    class Meta:
        table_name = "sources"


class DraftRow(Table):
    id = pw.AutoField()
    case = case_key(index=False)
    revision = pw.IntegerField()
    to = ListField()
    cc = ListField()
    subject = WordsField()
    text = WordsField()
    author = WordsField()
    template = WordsField()
    language = WordsField()
    evidence = ListField()
    complete = pw.BooleanField()
    # How far a person's words are from those that were drafted, 0..1: outlasts the words themselves.
    distance = pw.FloatField(null=True)

    class Meta:
        table_name = "drafts"
        indexes = ((("case", "revision"), True),)


class AttachmentRow(Table):
    id = pw.AutoField()
    draft = pw.ForeignKeyField(DraftRow, column_name="draft_id", backref="+", lazy_load=False)
    name = WordsField()
    content_type = WordsField()
    content = BytesField()

    class Meta:
        table_name = "attachments"


class DecisionRow(Table):
    """The log. Rows are only ever added; ``chain`` ties each to all before it (``chain``, ``history``)."""

    id = pw.AutoField()
    case = case_key()
    event = WordsField()
    by = WordsField()
    channel = WordsField()
    why = WordsField()
    at = UtcDateTimeField(index=True)
    code = WordsField()
    proof = WordsField()
    revision = pw.IntegerField()
    draft_digest = WordsField(null=True)
    reasons = ListField()
    versions = WordsField()
    from_state = WordsField()
    to_state = WordsField()
    salt = WordsField()
    seal = WordsField()
    chain = WordsField()

    class Meta:
        table_name = "decisions"


class DeliveryRow(Table):
    case = case_key(index=False)
    revision = pw.IntegerField()
    attempt = pw.IntegerField()
    message_id = WordsField()
    phase = WordsField()
    started_at = UtcDateTimeField()
    ended_at = UtcDateTimeField(null=True)
    results = ListField()

    class Meta:
        table_name = "deliveries"
        primary_key = pw.CompositeKey("case", "attempt")


class MarkRow(Table):
    """One thing still to be done after a send: the copy in Sent, the ``\\Answered`` flag. Deleted when done."""

    case = case_key(index=False)
    mark = WordsField()

    class Meta:
        table_name = "marks"
        primary_key = pw.CompositeKey("case", "mark")


class AutomaticSendRow(Table):
    """An answer that a rule alone approved and the server accepted, once per recipient: what the rate caps count."""

    case = case_key(index=False)
    mailbox = WordsField()
    recipient_digest = WordsField()
    at = UtcDateTimeField()

    class Meta:
        table_name = "automatic_sends"
        primary_key = pw.CompositeKey("case", "recipient_digest")
        indexes = ((("mailbox", "recipient_digest", "at"), False), (("mailbox", "at"), False))


class CursorRow(Table):
    mailbox = WordsField()
    folder = WordsField()
    uidvalidity = pw.BigIntegerField()
    last_uid = pw.BigIntegerField()
    start = UtcDateTimeField()

    class Meta:
        table_name = "cursors"
        primary_key = pw.CompositeKey("mailbox", "folder")


class AttemptRow(Table):
    """A mail whose intake was begun and not finished."""

    mailbox = WordsField()
    folder = WordsField()
    uidvalidity = pw.BigIntegerField()
    uid = pw.BigIntegerField()
    attempts = pw.IntegerField()

    class Meta:
        table_name = "attempts"
        primary_key = pw.CompositeKey("mailbox", "folder", "uidvalidity", "uid")


class FiledRow(Table):
    mailbox = WordsField()
    case = case_key(index=False)
    revision = pw.IntegerField()
    kind = WordsField()
    message_id = WordsField()
    folder = WordsField()
    planned_at = UtcDateTimeField()
    filed_at = UtcDateTimeField(null=True)
    missing_since = UtcDateTimeField(null=True)

    class Meta:
        table_name = "filings"
        primary_key = pw.CompositeKey("case", "revision", "kind", "message_id", "folder")


class AskRow(Table):
    id = pw.AutoField()
    case = case_key()
    revision = pw.IntegerField()
    reviewer = WordsField()
    token_digest = WordsField(unique=True)
    draft_digest = WordsField()
    asked_at = UtcDateTimeField()
    expires_at = UtcDateTimeField()
    used_at = UtcDateTimeField(null=True)

    class Meta:
        table_name = "asks"


class SightRow(Table):
    mailbox = WordsField()
    key_digest = WordsField()
    at = UtcDateTimeField()

    class Meta:
        table_name = "sights"
        primary_key = pw.CompositeKey("mailbox", "key_digest")


class NoticeRow(Table):
    """``waiting`` ends when the notice was sent or given up."""

    id = pw.AutoField()
    mailbox = WordsField()
    key = WordsField()
    key_digest = WordsField()
    kind = WordsField()
    recipient = WordsField()
    message_id = WordsField()
    raw_mail = CompressedField()  # "raw" is a method of peewee's models
    created_at = UtcDateTimeField()
    attempts = pw.IntegerField()
    next_at = UtcDateTimeField(null=True)
    sent_at = UtcDateTimeField(null=True)
    waiting = pw.BooleanField()

    class Meta:
        table_name = "notices"
        indexes = ((("mailbox", "key_digest"), True), (("mailbox", "waiting"), False))


class SwitchRow(Table):
    name = WordsField(primary_key=True)
    value = WordsField()
    by = WordsField()
    at = UtcDateTimeField()

    class Meta:
        table_name = "switches"


class LeaseRow(Table):
    mailbox = WordsField(primary_key=True)
    holder = WordsField()
    until = UtcDateTimeField()

    class Meta:
        table_name = "leases"


class JournalRow(Table):
    """What was decided beside the moves of cases: rows are only ever added; ``chain`` ties each to all before it."""

    id = pw.AutoField()
    kind = WordsField()
    subject = WordsField()
    subject_digest = WordsField()
    case = pw.ForeignKeyField(CaseRow, column_name="case_id", backref="+", lazy_load=False, null=True)
    by = WordsField()
    channel = WordsField()
    at = UtcDateTimeField()
    why = WordsField()
    code = WordsField()
    proof = WordsField()
    data = WordsField()
    key_digest = WordsField(null=True, unique=True)
    salt = WordsField()
    seal = WordsField()
    chain = WordsField()

    class Meta:
        table_name = "journal"
        indexes = ((("kind", "at"), False), (("subject_digest", "kind"), False))


class JudgmentRow(Table):
    """What the rules saw and said, once per revision that they judged: what a backtest replays."""

    id = pw.AutoField()
    case = case_key(index=False)
    revision = pw.IntegerField()
    at = UtcDateTimeField(index=True)
    outcome = WordsField()
    hits = ListField()
    versions = WordsField()
    intent = WordsField(default="")
    facts = CompressedField()

    class Meta:
        table_name = "judgments"
        indexes = ((("case", "revision"), False),)


#: In the order in which they can be created: what is referred to comes first.
TABLES: tuple[type[Table], ...] = (
    MetaRow,
    CaseRow,
    SourceRow,
    DraftRow,
    AttachmentRow,
    DecisionRow,
    DeliveryRow,
    MarkRow,
    AutomaticSendRow,
    CursorRow,
    AttemptRow,
    FiledRow,
    AskRow,
    SightRow,
    NoticeRow,
    SwitchRow,
    LeaseRow,
    JournalRow,
    JudgmentRow,
)
