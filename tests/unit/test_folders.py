"""Which folders are worked with, on the servers there are."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from mailhitl.daemon.folders import Folders, resolve
from mailhitl.errors import ConfigError
from mailhitl.ports.mailbox import FolderInfo

AUTO = {"review": "auto"}


def listing(*names: str, separator: str = "/", **special: str) -> list[FolderInfo]:
    """LIST as a server gives it; ``special`` maps drafts, sent or trash to the folder so marked."""
    marks = {name: frozenset({f"\\{use.capitalize()}"}) for use, name in special.items()}
    return [FolderInfo(name, separator, marks.get(name, frozenset())) for name in dict.fromkeys((*names, *marks))]


DOVECOT = listing("INBOX", drafts="Drafts", sent="Sent", trash="Trash")
GMAIL = [
    *listing("INBOX", drafts="[Gmail]/Drafts", sent="[Gmail]/Sent Mail", trash="[Gmail]/Bin"),
    FolderInfo("[Gmail]", "/", selectable=False),
]


def test_review_folders_are_children_of_drafts() -> None:
    assert resolve(DOVECOT, AUTO) == Folders(
        inbox="INBOX",
        drafts="Drafts",
        sent="Sent",
        trash="Trash",
        review="Drafts/Review",
        approve="Drafts/Approve",
        reject="Drafts/Reject",
        escalate="Drafts/Escalate",
        outgoing="Drafts/Outgoing",
        pause="Drafts/Pause",
    )


def test_nothing_said_means_auto() -> None:
    assert resolve(DOVECOT, {}) == resolve(DOVECOT, AUTO)


def test_a_named_review_folder_holds_the_others() -> None:
    folders = resolve(DOVECOT, {"review": "Review"})
    assert (folders.review, folders.approve, folders.outgoing) == ("Review", "Review/Approve", "Review/Outgoing")
    assert folders.drafts == "Drafts"


def test_each_folder_can_be_named() -> None:
    wanted = {"review": "Prüfen", "approve": "Freigeben", "reject": "Nein/Danke", "sent": "Raus", "drafts": "Skizzen"}
    folders = resolve(DOVECOT, wanted)
    assert (folders.review, folders.approve, folders.reject) == ("Prüfen", "Freigeben", "Nein/Danke")
    assert (folders.sent, folders.drafts, folders.escalate) == ("Raus", "Skizzen", "Prüfen/Escalate")


def test_a_shared_inbox_can_be_a_folder() -> None:
    assert resolve(DOVECOT, {**AUTO, "inbox": "shared/support"}).inbox == "shared/support"


def test_the_servers_separator_is_used() -> None:
    infos = listing("INBOX", separator=".", drafts="Drafts", sent="Sent", trash="Trash")
    assert resolve(infos, AUTO).approve == "Drafts.Approve"
    assert resolve(infos, {"review": "Team/Review"}).approve == "Team.Review.Approve"
    assert resolve(infos, {"review": "Team.Review"}).approve == "Team.Review.Approve"


@pytest.mark.parametrize("prefix", ["INBOX.", ""])
def test_a_prefix_is_honoured_whether_the_server_names_it_or_not(prefix: str) -> None:
    infos = listing("INBOX", separator=".", drafts="INBOX.Drafts", sent="INBOX.Sent", trash="INBOX.Trash")
    assert resolve(infos, AUTO, prefix=prefix).approve == "INBOX.Drafts.Approve"
    assert resolve(infos, {"review": "Review"}, prefix=prefix).approve == "INBOX.Review.Approve"
    assert resolve(infos, {"review": "INBOX.Review"}, prefix=prefix).review == "INBOX.Review"
    assert resolve(infos, {"review": "Inbox/Review"}, prefix=prefix).review == "Inbox.Review"


def test_a_prefix_holds_in_an_empty_account_too() -> None:
    folders = resolve(listing("INBOX", separator="."), AUTO, prefix="INBOX.")
    assert (folders.inbox, folders.drafts, folders.sent) == ("INBOX", "INBOX.Drafts", "INBOX.Sent")


def test_an_empty_account_gets_english_names() -> None:
    folders = resolve(listing("INBOX"), AUTO)
    assert (folders.drafts, folders.sent, folders.trash) == ("Drafts", "Sent", "Trash")


def test_gmail_gets_a_review_folder_of_its_own() -> None:
    folders = resolve(GMAIL, AUTO)
    assert (folders.drafts, folders.sent, folders.trash) == ("[Gmail]/Drafts", "[Gmail]/Sent Mail", "[Gmail]/Bin")
    assert (folders.review, folders.approve) == ("Review", "Review/Approve")


def test_gmail_in_german_too() -> None:
    infos = listing("INBOX", "[Google Mail]/Entwürfe", "[Google Mail]/Gesendet", "[Google Mail]/Papierkorb")
    folders = resolve(infos, AUTO)
    assert (folders.drafts, folders.sent) == ("[Google Mail]/Entwürfe", "[Google Mail]/Gesendet")
    assert folders.review == "Review"


def test_where_drafts_refused_a_child_review_stands_alone() -> None:
    assert resolve(DOVECOT, AUTO, refused={"Drafts"}).approve == "Review/Approve"
    childless = [*listing("INBOX"), FolderInfo("Drafts", "/", frozenset({"\\Drafts"}), inferiors=False)]
    assert resolve(childless, AUTO).approve == "Review/Approve"


def test_special_use_is_read_in_any_case() -> None:
    infos = [FolderInfo("INBOX", "/"), FolderInfo("Skizzen", "/", frozenset({"\\DRAFTS"}))]
    assert resolve(infos, AUTO).review == "Skizzen/Review"


def test_the_servers_mark_outweighs_a_name() -> None:
    assert resolve(listing("INBOX", "Sent", sent="Sent Items"), AUTO).sent == "Sent Items"


@pytest.mark.parametrize(
    ("drafts", "sent", "trash"),
    [
        ("Entwürfe", "Gesendete Objekte", "Gelöschte Objekte"),
        ("entwürfe", "GESENDETE ELEMENTE", "papierkorb"),
        ("Brouillons", "Éléments envoyés", "Corbeille"),
        ("Borradores", "Elementos enviados", "Papelera"),
        ("Bozze", "Posta inviata", "Cestino"),
        ("Concepten", "Verzonden items", "Prullenbak"),
        ("Rascunhos", "Itens enviados", "Lixeira"),
        ("Kopie robocze", "Elementy wysłane", "Kosz"),
        ("Utkast", "Skickat", "Papperskorgen"),
        ("下書き", "送信済み", "ゴミ箱"),
        ("Drafts", "Sent Items", "Deleted Items"),
    ],
)
def test_a_server_without_special_use_is_read_by_names(drafts: str, sent: str, trash: str) -> None:
    folders = resolve(listing("INBOX", "Archive", drafts, sent, trash), AUTO)
    assert (folders.drafts, folders.sent, folders.trash) == (drafts, sent, trash)


def test_decomposed_letters_are_the_same_letters() -> None:
    assert resolve(listing("INBOX", "Entwu\u0308rfe"), AUTO).drafts == "Entwu\u0308rfe"


def test_ones_own_sent_folder_comes_before_one_in_an_archive() -> None:
    assert resolve(listing("INBOX", "Archive/2019/Sent", "shared/anna/Sent", "Gesendet"), AUTO).sent == "Gesendet"


def test_a_folder_that_cannot_be_opened_is_not_chosen() -> None:
    infos = [FolderInfo("INBOX", "/"), FolderInfo("Sent", "/", selectable=False), FolderInfo("Sent Items", "/")]
    assert resolve(infos, AUTO).sent == "Sent Items"


@pytest.mark.parametrize(
    "wanted",
    [
        {"approve": "Drafts/Reject"},
        {"approve": "Same", "reject": "Same"},
        {"review": "Review", "approve": "Review"},
        {"approve": "inbox"},
        {"outgoing": "Sent"},
    ],
)
def test_two_meanings_for_one_folder_are_refused(wanted: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="are one folder"):
        resolve(DOVECOT, wanted)


def test_no_folder_is_nameless() -> None:
    assert all(astuple(resolve(listing("INBOX", separator=""), AUTO)))
