"""What every mailbox promises, whatever is behind it: memory, the demo's server, Dovecot in four shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailhitl.errors import StaleFolder
from mailhitl.ports.mailbox import Addition, Location, Mailbox
from tests.contract.accounts import Account

NOON = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)


def mail(name: str, body: str = "Where is my parcel?") -> bytes:
    return (
        f"From: Carla <carla@customer.example>\r\nTo: support@example.com\r\nSubject: {name}\r\n"
        f"Message-ID: <{name}@customer.example>\r\n\r\n{body}\r\n"
    ).encode()


@pytest.fixture
def mailbox(account: Account) -> Mailbox:
    return account.connect()


@pytest.fixture
def other(account: Account) -> Mailbox:
    """Another person's session on the same account."""
    return account.connect()


@pytest.fixture
def named(account: Account) -> Callable[[str], str]:
    """The full name of a folder, written with ``/`` and without the server's prefix."""
    separator = next(info.separator for info in account.connect().folders() if info.separator)
    return lambda name: account.prefix + name.replace("/", separator)


def put(mailbox: Mailbox, name: str, folder: str = "INBOX", **options: object) -> Location:
    mailbox.append(folder, mail(name), **options)
    return mailbox.locations(folder)[-1]


def subjects(mailbox: Mailbox, folder: str) -> list[str]:
    headers = [glance.header for glance in mailbox.glance(mailbox.locations(folder))]
    return [header.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode() for header in headers]


# Reading


def test_mails_added_together_stand_in_their_order_with_flags_and_dates(mailbox: Mailbox) -> None:
    added = [Addition(mail(f"m{number}"), frozenset({"\\Draft"} if number % 2 else ()), NOON) for number in range(120)]
    mailbox.append_all("INBOX", [*added, Addition(mail("long", "x" * 1_500_000)), Addition(mail("last"))])

    assert subjects(mailbox, "INBOX") == [*(f"m{number}" for number in range(120)), "long", "last"]
    glances = mailbox.glance(mailbox.locations("INBOX")[:120])
    assert ["\\Draft" in glance.flags for glance in glances] == [bool(number % 2) for number in range(120)]
    assert {glance.arrived for glance in glances} == {NOON}


def test_mails_added_together_are_said_to_stand_where_they_are_found(mailbox: Mailbox) -> None:
    put(mailbox, "before")

    places = mailbox.append_all("INBOX", [Addition(mail(f"m{number}")) for number in range(60)])

    found = [place for number in range(60) for place in mailbox.find("INBOX", f"<m{number}@customer.example>")]
    assert list(places) in ([found] if "UIDPLUS" in mailbox.capabilities() else [found, []])


def test_of_many_mails_those_that_are_answered_are_told(mailbox: Mailbox, other: Mailbox) -> None:
    locations = [put(mailbox, f"a{number}") for number in range(4)]
    other.flag(locations[1], add=("\\Answered",))
    other.flag(locations[2], add=("\\Flagged",))
    other.flag(locations[3], add=("\\Answered",))
    other.remove([locations[3]])
    assert list(mailbox.answered(locations)) == [locations[1]]
    assert list(mailbox.answered([])) == []
    with pytest.raises(StaleFolder):
        mailbox.answered([replace(locations[1], uidvalidity=locations[1].uidvalidity + 1)])


def test_a_mail_that_was_added_can_be_seen_and_read(mailbox: Mailbox) -> None:
    mailbox.append("INBOX", mail("one"), flags=["\\Flagged"], at=NOON)

    [location] = mailbox.locations("INBOX")
    [glance] = mailbox.glance([location])
    assert glance.location == location
    assert glance.arrived == NOON
    assert glance.size == len(mail("one"))
    assert "\\Flagged" in glance.flags
    assert glance.header == mail("one").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert mailbox.fetch(location, limit=10_000) == mail("one")


def test_reading_leaves_a_mail_unread(mailbox: Mailbox, other: Mailbox) -> None:
    location = put(mailbox, "one")
    mailbox.glance([location])
    mailbox.fetch(location, limit=10_000)
    list(mailbox.fetch_all([location], limit=10_000))
    mailbox.find("INBOX", "<one@customer.example>")
    [glance] = other.glance(other.locations("INBOX"))
    assert "\\Seen" not in glance.flags


def test_bare_line_ends_become_crlf(mailbox: Mailbox) -> None:
    mailbox.append("INBOX", b"Subject: x\n\none\rtwo\n.\nthree\r\n")
    [location] = mailbox.locations("INBOX")
    assert mailbox.fetch(location, limit=1000) == b"Subject: x\r\n\r\none\r\ntwo\r\n.\r\nthree\r\n"


def test_a_body_is_cut_at_the_limit(mailbox: Mailbox) -> None:
    mailbox.append("INBOX", mail("long", "x" * 5000))
    [location] = mailbox.locations("INBOX")
    assert mailbox.fetch(location, limit=300) == mail("long", "x" * 5000)[:300]


def test_a_header_is_cut_at_64_kb(mailbox: Mailbox) -> None:
    lines = "".join(f"X-{number}: {'x' * 70}\r\n" for number in range(1500))
    mailbox.append("INBOX", b"Subject: long\r\n" + lines.encode() + b"\r\nbody\r\n")
    [glance] = mailbox.glance(mailbox.locations("INBOX"))
    assert len(glance.header) == 65_536
    assert glance.header.startswith(b"Subject: long\r\n")


def test_many_mails_are_read_in_one_go_each_with_its_place(mailbox: Mailbox) -> None:
    for number in range(30):
        mailbox.append("INBOX", mail(f"m{number}"))
    locations = mailbox.locations("INBOX")
    assert dict(mailbox.fetch_all(locations, limit=1_000_000)) == {
        location: mail(f"m{number}") for number, location in enumerate(locations)
    }


def test_reading_many_mails_survives_work_in_other_folders_meanwhile(
    mailbox: Mailbox, named: Callable[[str], str]
) -> None:
    for number in range(4):
        mailbox.append("INBOX", mail(f"m{number}"))
    seen = []
    for _, raw in mailbox.fetch_all(mailbox.locations("INBOX"), limit=8_000_000):
        put(mailbox, "copy", named("Drafts"))
        seen.append(raw)
    assert seen == [mail(f"m{number}") for number in range(4)]


def test_only_what_came_after_is_listed(mailbox: Mailbox) -> None:
    first, second, third = (put(mailbox, name) for name in ("one", "two", "three"))
    assert first.uid < second.uid < third.uid
    assert mailbox.locations("INBOX", after=first.uid) == [second, third]
    assert mailbox.locations("INBOX", after=third.uid) == []
    assert mailbox.locations("INBOX", after=third.uid + 1000) == []


def test_an_empty_folder_is_no_error(mailbox: Mailbox) -> None:
    assert list(mailbox.locations("INBOX")) == []
    assert list(mailbox.glance([])) == []
    assert list(mailbox.fetch_all([], limit=100)) == []
    assert mailbox.status("INBOX").messages == 0


def test_what_arrives_while_the_folder_is_open_is_seen(mailbox: Mailbox, other: Mailbox) -> None:
    mailbox.locations("INBOX")
    before = mailbox.status("INBOX")
    put(other, "late")
    after = mailbox.status("INBOX")
    assert (after.messages, after.uidnext) == (before.messages + 1, before.uidnext + 1)
    assert subjects(mailbox, "INBOX") == ["late"]
    assert len(mailbox.find("INBOX", "<late@customer.example>")) == 1


def test_the_mod_sequence_grows_when_only_a_flag_changes(mailbox: Mailbox, other: Mailbox) -> None:
    if "CONDSTORE" not in mailbox.capabilities():
        assert mailbox.status("INBOX").modseq is None
        return
    location = put(mailbox, "one")
    before = mailbox.status("INBOX")
    other.flag(location, add=["\\Answered"])
    after = mailbox.status("INBOX")
    assert before.modseq is not None
    assert after.modseq is not None
    assert after.modseq > before.modseq


def test_whatever_changes_in_a_folder_shows_in_its_next_list(
    mailbox: Mailbox, other: Mailbox, named: Callable[[str], str]
) -> None:
    folder, listed = named("Drafts"), []

    def look() -> None:
        mailbox.status("INBOX")  # so that the folder is not the open one
        listed.append(subjects(mailbox, folder))
        mailbox.status("INBOX")
        assert subjects(mailbox, folder) == listed[-1]

    look()
    one = put(other, "one", folder)
    two = put(other, "two", folder)
    look()
    other.flag(one, add=["\\Deleted"])
    look()
    other.move(two, named("Trash"))
    look()
    other.append(folder, mail("three"))
    look()
    assert listed == [[], ["one", "two"], ["two"], [], ["three"]]


# What is marked \Deleted, or gone


def test_a_mail_marked_deleted_is_invisible(mailbox: Mailbox, other: Mailbox, named: Callable[[str], str]) -> None:
    location = put(mailbox, "one")
    other.flag(location, add=["\\Deleted"])

    assert list(mailbox.locations("INBOX")) == []
    assert list(mailbox.find("INBOX", "<one@customer.example>")) == []
    assert list(mailbox.glance([location])) == []
    assert mailbox.fetch(location, limit=1000) is None
    assert mailbox.move(location, named("Trash")) is False
    assert mailbox.flag(location, add=["\\Answered"]) is False


def test_a_vanished_mail_is_no_error(mailbox: Mailbox, other: Mailbox, named: Callable[[str], str]) -> None:
    gone, stays = put(mailbox, "gone"), put(mailbox, "stays")
    mailbox.glance([gone, stays])
    other.remove([gone])

    assert [glance.location for glance in mailbox.glance([gone, stays])] == [stays]
    assert [location for location, _ in mailbox.fetch_all([gone, stays], limit=1000)] == [stays]
    assert mailbox.fetch(gone, limit=1000) is None
    assert mailbox.flag(gone, add=["\\Flagged"]) is False
    assert mailbox.move(gone, named("Trash")) is False
    mailbox.remove([gone])
    assert mailbox.locations("INBOX") == [stays]
    assert list(mailbox.locations(named("Trash"))) == []


def test_removing_takes_exactly_these_mails_and_nobody_elses_marked_ones(mailbox: Mailbox, other: Mailbox) -> None:
    ours, theirs, stays = put(mailbox, "ours"), put(mailbox, "theirs"), put(mailbox, "stays")
    other.flag(theirs, add=["\\Deleted"])
    mailbox.remove([ours])

    assert mailbox.locations("INBOX") == [stays]
    # Theirs is still there for its owner to undelete; without UIDPLUS ours stays marked as well.
    assert mailbox.status("INBOX").messages == (2 if "UIDPLUS" in mailbox.capabilities() else 3)


def test_mails_of_several_folders_are_removed_together(mailbox: Mailbox, named: Callable[[str], str]) -> None:
    here, there = put(mailbox, "here"), put(mailbox, "there", named("Drafts"))
    mailbox.remove([here, there])
    assert list(mailbox.locations("INBOX")) == []
    assert list(mailbox.locations(named("Drafts"))) == []


# Moving and flagging


def test_a_moved_mail_keeps_bytes_flags_and_date(mailbox: Mailbox, named: Callable[[str], str]) -> None:
    location = put(mailbox, "one", flags=["\\Answered"], at=NOON)
    assert mailbox.move(location, named("Drafts")) is True

    assert list(mailbox.locations("INBOX")) == []
    [moved] = mailbox.locations(named("Drafts"))
    [glance] = mailbox.glance([moved])
    assert mailbox.fetch(moved, limit=10_000) == mail("one")
    assert "\\Answered" in glance.flags
    assert glance.arrived == NOON


def test_a_mail_moved_there_and_back_has_a_new_uid(mailbox: Mailbox, named: Callable[[str], str]) -> None:
    first = put(mailbox, "one")
    mailbox.move(first, named("Drafts"))
    mailbox.move(mailbox.locations(named("Drafts"))[0], "INBOX")
    [back] = mailbox.locations("INBOX")
    assert back.uid > first.uid


def test_flags_are_added_and_taken_away(mailbox: Mailbox) -> None:
    location = put(mailbox, "one", flags=["\\Flagged"])
    assert mailbox.flag(location, add=["\\Answered"], remove=["\\Flagged"]) is True
    [glance] = mailbox.glance([location])
    assert "\\Answered" in glance.flags
    assert "\\Flagged" not in glance.flags


def test_keywords_of_ours_are_kept(mailbox: Mailbox) -> None:
    location = put(mailbox, "one", flags=["\\Draft", "$MailhitlPending"])
    mailbox.flag(location, add=["$Second"])
    [glance] = mailbox.glance([location])
    assert {"\\Draft", "$MailhitlPending", "$Second"} <= glance.flags


# Folders


def test_special_folders_say_what_they_are(mailbox: Mailbox, named: Callable[[str], str]) -> None:
    special = {info.name: info.special for info in mailbox.folders()}
    assert special[named("Drafts")] == {"\\Drafts"}
    assert special[named("Sent")] == {"\\Sent"}
    assert special["INBOX"] == frozenset()


def test_the_prefix_is_what_all_names_begin_with(mailbox: Mailbox, account: Account) -> None:
    if "NAMESPACE" in mailbox.capabilities():
        assert mailbox.prefix() == account.prefix
    names = [info.name for info in mailbox.folders() if info.name != "INBOX"]
    assert all(name.startswith(mailbox.prefix()) for name in names)


def test_a_folder_is_created_with_its_parents_and_twice_is_no_error(
    mailbox: Mailbox, other: Mailbox, named: Callable[[str], str]
) -> None:
    folder = named("Drafts/Review/Approve")
    mailbox.create(folder)
    mailbox.create(folder)
    put(mailbox, "one", folder)
    assert {named("Drafts/Review"), folder} <= {info.name for info in other.folders()}
    assert subjects(other, folder) == ["one"]


@pytest.mark.parametrize("name", ["Entwürfe", "Prüfung & Freigabe", "審査/承認", 'Anna "the boss"', "100 %"])
def test_folder_names_may_hold_any_letter(mailbox: Mailbox, named: Callable[[str], str], name: str) -> None:
    folder = named(name)
    mailbox.create(folder)
    location = put(mailbox, "one", folder)
    assert folder in {info.name for info in mailbox.folders()}
    assert location.folder == folder
    assert mailbox.status(folder).messages == 1


def test_inbox_needs_no_creating(mailbox: Mailbox) -> None:
    mailbox.create("INBOX")
    assert [info.name for info in mailbox.folders()].count("INBOX") == 1


# What a UID meant once


def test_uids_of_a_recreated_folder_are_void(account: Account, mailbox: Mailbox, named: Callable[[str], str]) -> None:
    folder = named("Review")
    mailbox.create(folder)
    old = put(mailbox, "old", folder)
    mailbox.status("INBOX")
    mailbox.locations("INBOX")
    account.recreate(folder)

    fresh = account.connect()
    put(fresh, "new", folder)
    for touch in (
        lambda: fresh.glance([old]),
        lambda: fresh.fetch(old, limit=100),
        lambda: list(fresh.fetch_all([old], limit=100)),
        lambda: fresh.move(old, named("Trash")),
        lambda: fresh.remove([old]),
        lambda: fresh.flag(old, add=["\\Deleted"]),
    ):
        with pytest.raises(StaleFolder):
            touch()
    assert subjects(fresh, folder) == ["new"]


def test_a_wrong_uidvalidity_touches_nothing(mailbox: Mailbox) -> None:
    location = put(mailbox, "one")
    with pytest.raises(StaleFolder):
        mailbox.remove([replace(location, uidvalidity=location.uidvalidity + 1)])
    assert subjects(mailbox, "INBOX") == ["one"]


def test_a_folder_that_is_not_there_is_stale(mailbox: Mailbox, named: Callable[[str], str]) -> None:
    location, nowhere = put(mailbox, "one"), named("Nowhere")
    for touch in (
        lambda: mailbox.status(nowhere),
        lambda: mailbox.locations(nowhere),
        lambda: mailbox.find(nowhere, "<one@customer.example>"),
        lambda: mailbox.append(nowhere, mail("two")),
        lambda: mailbox.move(location, nowhere),
        lambda: mailbox.fetch(Location(nowhere, 1, 1), limit=10),
    ):
        with pytest.raises(StaleFolder):
            touch()
    assert mailbox.alive
    assert subjects(mailbox, "INBOX") == ["one"]


def test_closing_twice_is_no_error(mailbox: Mailbox) -> None:
    mailbox.close()
    mailbox.close()
    assert isinstance(mailbox.capabilities(), frozenset)
