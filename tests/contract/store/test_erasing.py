"""Personal words are erased without breaking the chain, and nothing of them is left in the files."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import Case, Event, State
from mailhitl.decision import Channel
from mailhitl.delivery import Delivery, Handover, Phase, RecipientResult, Status
from mailhitl.errors import PermanentFailure
from mailhitl.mail.message import Address
from mailhitl.mail.stamp import Kind, PrivateId, write_id
from mailhitl.ports.journal import Entry, Hit, Judgment
from mailhitl.ports.store import Notice
from mailhitl.store import SqlStore
from tests.contract.store.samples import (
    NOON,
    attempt,
    decision,
    held,
    in_every_state,
    moved,
    opened,
    sending,
    sent,
    sent_by_a_rule,
    tamper,
)

ANN = "Ann@example.org"
LATER = NOON + timedelta(days=400)


def ended(case: Case, status: Status) -> Delivery:
    result = RecipientResult("ann@example.org", status, "250 ann@example.org took it")
    return attempt(case).ended(Handover((result,), Phase.DONE), NOON)


def full(store: SqlStore) -> Case:
    """A case of Ann's with everything that can hang on one, closed."""
    case = sending(store, 1)
    case = moved(store, case, Event.ACCEPT, delivery=ended(case, Status.ACCEPTED))
    for mark in (store.deliveries.mark_copied, store.deliveries.mark_answered):
        mark(case)
    store.asks.ask(case, "anna@example.com", "token", NOON, NOON)
    store.judgments.add(Judgment(case.id, 1, NOON, "review", (Hit("Refunds", "review"),), "config abc", b'{"x": 1}'))
    store.journal.add(
        Entry("wrong", "anna@example.com", Channel.REPLY, NOON, "Refunds", case.id, why="Ann@example.org is angry")
    )
    data = {"to": "review", "asked": "ann@example.org"}
    store.journal.add(Entry("demote", "daemon", Channel.DAEMON, NOON, "Refunds", case.id, why="Ann!", data=data))
    store.journal.add(Entry("complaint", "daemon", Channel.DAEMON, NOON, "ann@example.org", why="she said so"))
    notice = Notice(0, "support", "note:1:x:anna", "note", "anna@example.com", "<n>", b"Dear Anna, Ann", NOON)
    store.notices.queue(notice)
    store.notices.mark_sent(store.notices.due("support", NOON)[0], NOON)
    return case


def other(store: SqlStore) -> Case:
    """A case of somebody else's, in whose log Ann is named."""
    bob = (Address("Bob", "bob@example.net"),)
    draft = store.cases.draft(store.cases.get(1), 1)
    case = held(store, 2, message_senders=bob, draft=None)
    why = decision(Event.REVISE)
    case = store.cases.move(case, Event.REVISE, why, draft=type(draft)(("bob@example.net",), (), "Re", "Hi", "x"))
    return store.cases.move(
        case, Event.REVISE, type(why)(Event.REVISE, "anna@example.com", Channel.REPLY, f"like {ANN}'s", NOON)
    )


def test_what_is_to_be_erased_is_told_first_and_nothing_is_done(store: SqlStore) -> None:
    full(store)
    other(store)
    found = store.erasing.of_address("ann@EXAMPLE.org")
    assert found.cases == ((1, "Refund"),)
    assert (found.open_cases, found.busy) == ((), ())
    assert found.counts == {
        "mails": 1,
        "drafts": 1,
        "deliveries": 1,
        "decisions": 4,
        "entries of the journal": 2,
        "judgments": 1,
        "mails to our own people": 1,
        "rows that name them": 2,
    }
    assert store.cases.get(1).sender == ANN


def test_of_a_stranger_there_is_nothing_and_nobody_else_loses_anything(store: SqlStore) -> None:
    full(store)
    assert store.erasing.of_address("nobody@example.org").empty
    assert store.erasing.of_address("nn@example.org").cases == ()


def test_a_forgotten_person_is_nowhere_and_the_log_is_whole(store: SqlStore) -> None:
    case = full(store)
    stranger = other(store)
    before = [(row.event, row.code, row.by, row.draft_digest) for row in store.cases.log(case)]
    store.erasing.forget(ANN, "the admin", LATER)
    assert store.broken() == ""
    assert store.log.verify(texts=True).problem == ""
    assert store.log.verify().erased == 4 + 2 + 2
    gone = store.cases.get(case.id)
    assert (gone.sender, gone.subject, gone.message_id, gone.thread, gone.state) == ("", "(erased)", "", "", State.SENT)
    assert store.cases.source(gone) == b""
    assert store.cases.draft(gone).text == ""
    assert store.cases.draft(gone).attachments == ()
    assert [(row.event, row.code, row.by, row.draft_digest) for row in store.cases.log(gone)] == before
    assert {row.why for row in store.cases.log(gone)} == {""}
    assert [reason.rule for reason in store.cases.log(gone)[0].reasons] == ["Refunds"]
    assert [ask.reviewer for ask in store.asks.of(gone)] == ["anna@example.com"]
    assert store.deliveries.of(gone)[0].results == (RecipientResult("", Status.ACCEPTED, ""),)
    assert [row.why for row in store.cases.log(stranger)] == ["because", "because", ""]
    assert store.cases.draft(stranger).text == "Hi"
    assert store.erasing.of_address(ANN).empty
    assert store.cases.correspondence("support", ANN) == (0, 0)


def test_the_journal_says_when_under_a_digest_and_never_the_address(store: SqlStore) -> None:
    full(store)
    assert store.erasing.forgotten(ANN) is None
    store.erasing.forget(ANN, "the admin", LATER)
    assert store.erasing.forgotten("ann@example.org") == LATER
    [entry] = store.journal.entries({"forget"})
    assert "@" not in entry.subject + str(dict(entry.data))
    assert entry.data["cases"] == "1"


def test_a_rule_keeps_what_is_charged_to_it_and_a_complaint_goes_on_protecting(store: SqlStore) -> None:
    full(store)
    store.erasing.forget(ANN, "the admin", LATER)
    [wrong] = store.journal.entries({"wrong"}, subject="Refunds")
    assert (wrong.case_id, wrong.why) == (1, "")
    [demotion] = store.journal.entries({"demote"})
    assert demotion.data == {"to": "review", "asked": ""}
    [complaint] = store.journal.entries({"complaint"}, subject="ann@example.org")
    assert (complaint.subject, complaint.why) == ("", "")


def test_a_mail_of_the_forgotten_that_still_lies_in_the_inbox_is_no_new_one(store: SqlStore) -> None:
    full(store)
    store.erasing.forget(ANN, "the admin", LATER)
    assert opened(store, 3).id == 2


def test_nothing_of_the_forgotten_is_left_in_the_files(tmp_path: Path) -> None:
    from mailhitl.store import open_store

    store = open_store(f"sqlite:///{tmp_path}/store.db")
    full(store)
    words = (b"ann@example.org", b"Ann@example.org", b"here is your money", b"Money leaves", b"%PDF", b"angry")
    files = [tmp_path / "store.db", tmp_path / "store.db-wal"]
    there = b"".join(file.read_bytes() for file in files)
    assert [word for word in words if word not in there] == []
    store.erasing.forget(ANN, "the admin", LATER)
    left = b"".join(file.read_bytes() for file in files)
    assert [word for word in words if word in left] == []
    store.close()


@pytest.mark.parametrize("make", [held, sending, sent])
def test_a_case_that_is_open_or_whose_copy_is_still_to_be_made_is_not_erased(store: SqlStore, make: type) -> None:
    make(store, 1)
    with pytest.raises(PermanentFailure, match="must be closed"):
        store.erasing.forget(ANN, "the admin", LATER)
    assert store.cases.get(1).sender == ANN


def test_words_that_vanish_from_a_row_no_erasure_names_are_found_beside_a_true_one(store: SqlStore, url: str) -> None:
    full(store)
    other(store)
    store.erasing.forget(ANN, "the admin", LATER)
    tamper(url, "UPDATE decisions SET salt = '', why = '' WHERE id = 6")
    assert store.broken() == "decision 6 has lost its words, and no entry says that they were erased"


def test_what_has_had_its_time_is_closed_settled_and_not_erased_yet(store: SqlStore) -> None:
    case = full(store)
    held(store, 2)
    lost = sending(store, 3)
    lost = moved(store, lost, Event.LOSE, delivery=ended(lost, Status.UNKNOWN))
    moved(store, lost, Event.SUPERSEDE)
    sent(store, 4)
    outdated = store.erasing.outdated
    assert outdated("support", "bodies", LATER, 10) == [case.id]
    assert outdated("support", "bodies", NOON, 10) == outdated("sales", "bodies", LATER, 10) == []
    store.erasing.retire("support", "bodies", [case.id], LATER)
    assert outdated("support", "bodies", LATER, 10) == []
    assert outdated("support", "cases", LATER, 10) == [case.id]
    store.erasing.retire("support", "cases", [case.id], LATER)
    assert outdated("support", "cases", LATER, 10) == []


def test_bodies_go_before_the_rest_of_a_case(store: SqlStore) -> None:
    case = full(store)
    store.erasing.retire("support", "bodies", [case.id], LATER)
    assert (store.cases.source(case), store.cases.draft(case).text) == (b"", "")
    assert (store.cases.get(case.id).subject, store.cases.log(case)[0].why) == ("Refund", "because")
    store.erasing.retire("support", "cases", [case.id], LATER)
    assert store.cases.get(case.id).subject == "(erased)"
    assert store.broken() == ""
    codes = [(entry.subject, entry.code, entry.data["cases"]) for entry in store.journal.entries({"retention"})]
    assert codes == [("support", "bodies", "1"), ("support", "cases", "1")]


def test_settled_notices_lose_their_words_and_are_not_sent_again(store: SqlStore) -> None:
    full(store)
    waiting = Notice(0, "support", "note:2", "note", "anna@example.com", "<m>", b"Dear Anna", NOON)
    store.notices.queue(waiting)
    assert store.erasing.drop_notices("support", LATER) == 1
    assert store.erasing.drop_notices("support", LATER) == 0
    assert store.notices.known("support", "note:1:x:anna")
    assert [notice.raw for notice in store.notices.due("support", NOON)] == [b"Dear Anna"]


def waits(store: SqlStore, key: str, private: PrivateId, words: str, *, to: str = "anna@example.com") -> None:
    """A mail to one of our own people that has not left yet."""
    message = EmailMessage()
    message["To"] = to
    message.set_content(words, cte="base64")
    message_id = write_id(private, store.key(), "example.com")
    raw = message.as_bytes()
    store.notices.queue(Notice(0, "support", key, "note", to, message_id, raw, NOON))


def test_a_mail_about_the_forgotten_that_still_waits_is_not_sent_and_others_are(store: SqlStore) -> None:
    case = full(store)
    waits(store, "packet", PrivateId(Kind.PACKET, case.id, 1, "token"), "She wants her money back.")
    waits(store, "worklist", PrivateId(Kind.WORKLIST, 0, 0, "token"), f"1. Ann <{ANN.upper()}>")
    waits(store, "ticket", PrivateId(Kind.TICKET, case.id, 0, "token"), "A rule has earned more.")
    waits(store, "other", PrivateId(Kind.PACKET, 77, 1, "token"), f"Joann <jo{ANN}> asks, as did {ANN}.au.")
    assert store.erasing.of_address(ANN).counts["mails to our own people"] == 3, "one was sent, two wait"
    store.erasing.forget(ANN, "the admin", LATER)
    assert [notice.key for notice in store.notices.due("support", LATER)] == ["ticket", "other"]
    assert store.notices.known("support", "packet"), "and it is not queued again"


def test_what_others_are_asked_about_their_own_cases_still_leaves_though_it_names_the_forgotten(
    store: SqlStore,
) -> None:
    full(store)
    waits(store, "packet", PrivateId(Kind.PACKET, 77, 1, "token"), f"Bob wants his money back, with {ANN} in Cc.")
    store.erasing.forget(ANN, "the admin", LATER)
    assert [notice.key for notice in store.notices.due("support", LATER)] == ["packet"]


def test_a_colleague_who_was_a_customer_and_is_forgotten_still_gets_the_mails_about_others(store: SqlStore) -> None:
    full(store)
    waits(store, "list", PrivateId(Kind.WORKLIST, 0, 0, "token"), "1. Bob <bob@example.org>", to=ANN)
    store.erasing.forget(ANN, "the admin", LATER)
    assert [notice.key for notice in store.notices.due("support", LATER)] == ["list"]


def test_what_the_journal_says_of_somebody_beside_all_cases_goes_by_age(store: SqlStore) -> None:
    def add(kind: str, why: str, at: datetime = NOON, subject: str = "") -> None:
        store.journal.add(Entry(kind, "daemon", Channel.DAEMON, at, subject, why=why))

    add("trouble", "ann@example.org has had 3 answers today")
    add("complaint", "she said so", subject="ann@example.org")
    add("trouble", "The disk is nearly full.")
    add("promote", "anna@example.com says so", subject="Refunds")
    add("trouble", "ann@example.org again", LATER)
    assert store.erasing.retire_entries("support", LATER, 1, LATER) == 1
    assert store.erasing.retire_entries("support", LATER, 50, LATER) == 1
    assert store.erasing.retire_entries("support", LATER, 50, LATER) == 0
    assert [(entry.kind, entry.subject, entry.why) for entry in store.journal.entries()][:5] == [
        ("trouble", "", ""),
        ("complaint", "", ""),
        ("trouble", "", "The disk is nearly full."),
        ("promote", "Refunds", "anna@example.com says so"),
        ("trouble", "", "ann@example.org again"),
    ]
    assert store.broken() == ""
    assert len(store.journal.entries({"complaint"}, subject="ann@example.org")) == 1, "it goes on protecting"


def test_erased_judgments_are_not_replayed_and_still_count(store: SqlStore) -> None:
    case = full(store)
    store.erasing.retire("support", "bodies", [case.id], LATER)
    assert [judgment.hits[0].rule for judgment in store.judgments.of(case.id)] == ["Refunds"]
    assert list(store.judgments.since(NOON)) == []


def test_an_erased_automatic_answer_still_counts_for_the_hourly_cap(store: SqlStore) -> None:
    case = sent_by_a_rule(store)
    for mark in (store.deliveries.mark_copied, store.deliveries.mark_answered):
        mark(case)
    store.erasing.forget(ANN, "the admin", LATER)
    assert store.cases.automatic_sends("support", NOON) == 1
    assert store.cases.automatic_sends("support", NOON, "ann@example.org") == 0
    assert in_every_state(store)[0].draft_digest == case.draft_digest
