"""Mails that are too large, mailboxes that are too full: what is read is bounded, and a person hears of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import pytest

from mailhitl.case import Case, State
from tests.crash.killing import Account, Ground, closing_client, to_customers
from tests.crash.letters import customers_mail, customers_of
from tests.servers import PASSWORD, DovecotOptions
from tests.smtp_server import ScriptedServer
from tests.story.office import COMMAND
from tests.story.world import World, letter, parsed, text_of
from tests.unit.mail_bombs import BOMBS

pytestmark = pytest.mark.servers
MEGABYTE = 1_000_000
#: What the safety checklist names; test_bombs.py takes all of them, in one process.
CHOSEN = (
    *("273 KB of encoded words in the subject", "a million parts", "parts 3000 deep", "20,000 parameters"),
    *("200,000 references", "20,000 parentheses in From", "a header of 50 MB", "a chain of message/rfc822"),
)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.fixture(scope="module")
def narrow() -> Iterator[Ground]:
    """Where one account may hold four mails."""
    with Ground(DovecotOptions(quota="messages=4")) as ground:
        yield ground


def arrives(account: Account, *mails: bytes, folder: str = "INBOX") -> None:
    with closing_client(account.client()) as client:
        for mail in mails:
            client.append(folder, mail)


def deliver(account: Account, number: int, mail: bytes) -> None:
    new = account.maildir / "new"
    owner = account.maildir.stat()
    (new / f"{number}.bomb").write_bytes(mail)
    os.chown(new / f"{number}.bomb", owner.st_uid, owner.st_gid)


def removes(account: Account, folder: str, criteria: str) -> None:
    with closing_client(account.client()) as client:
        client.select_folder(folder)
        client.delete_messages(client.search(criteria))
        client.expunge()


def the_case(account: Account) -> Case:
    with closing(account.store()) as store:
        [case] = store.cases.in_state(*State)
    return case


def runs(account: Account, smtp: ScriptedServer) -> None:
    assert account.runs(smtp) == 0, account.output.read_text()


def approves(account: Account) -> None:
    with closing_client(account.client()) as client:
        client.select_folder("Drafts/Review")
        client.move(client.search(["DRAFT"]), "Drafts/Approve")


def huge(size: int) -> bytes:
    """A mail with a file of so many bytes."""
    row = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n"
    head = letter("x", message_id="<huge@customer.test>").partition(b"\r\n\r\n")[0]
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-", b"mime-"))]
    begin = b"\r\n".join([*kept, b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="b"', b""])
    text = b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlease refund my order 4711.\r\n"
    file = b'--b\r\nContent-Type: video/mp4; name="it.mp4"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return begin + text + file + row * (size // len(row)) + b"--b--\r\n"


#: Runs a command and prints its exit code, the most kilobytes that it had, its seconds of processor time. In between
#: because a process begins with the figures of the one that started it, and this one is large.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
spent = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, spent.ru_maxrss, spent.ru_utime + spent.ru_stime)
"""


def spent_on_a_run(account: Account, smtp: ScriptedServer) -> tuple[int, float]:
    """(the most memory in bytes, seconds of processor time) that a run in a process of its own takes."""
    line = [sys.executable, "-c", MEASURED, str(COMMAND), *account.arguments(smtp), "--once"]
    done = subprocess.run(line, env=os.environ | {"KILLED": PASSWORD}, capture_output=True, text=True, timeout=300)
    code, kilobytes, seconds = done.stdout.split()
    assert code == "0", done.stderr
    return int(kilobytes) * 1024, float(seconds)


def test_66_of_a_mail_of_fifty_megabytes_only_the_beginning_is_fetched_and_a_person_is_told(ground: Ground) -> None:
    small, large = ground.account(), ground.account()
    arrives(small, customers_mail(1))
    arrives(large, huge(50 * MEGABYTE), customers_mail(1))
    with ScriptedServer() as smtp:
        usual, _ = spent_on_a_run(small, smtp)
    with ScriptedServer() as smtp:
        grown = spent_on_a_run(large, smtp)[0] - usual
        packets = [parsed(mail.content) for mail in smtp.delivered]
    assert grown < 40 * MEGABYTE
    assert len(packets) == 2, "the next mail is served too"
    [packet] = [mail for mail in packets if "My order" in str(mail["Subject"])]
    assert "the customer's mail has 50.0 MB: only its beginning" in " ".join(text_of(packet).split())
    assert len(packet.as_bytes()) < 2 * MEGABYTE
    with closing(large.store()) as store:
        assert {case.state for case in store.cases.in_state(*State)} == {State.HELD}


def test_43_bombs_go_through_a_real_run_within_its_limits_and_the_next_mail_is_served(
    ground: Ground,
) -> None:
    account = ground.account()
    arrives(account, customers_mail(1))
    for number, name in enumerate(CHOSEN):
        # As a delivery agent puts it there: no server would take some of these by APPEND.
        deliver(account, number, BOMBS[name]())
    arrives(account, customers_mail(2))
    with ScriptedServer() as smtp:
        memory, seconds = spent_on_a_run(account, smtp)
        assert to_customers(smtp) == []
    assert memory < 300 * MEGABYTE
    assert seconds < 5 * len(CHOSEN)
    with closing(account.store()) as store:
        cases = store.cases.in_state(*State)
    assert [case.state for case in cases if case.sender in customers_of(3)] == [State.HELD] * 2
    assert len(cases) > len(CHOSEN) / 2
    assert not {case.state for case in cases} & {State.SENT, State.APPROVED, State.SHUNTED, State.RECEIVED}


def alerts_in(smtp: ScriptedServer) -> list[EmailMessage]:
    mails = (parsed(mail.content) for mail in smtp.delivered)
    return [mail for mail in mails if "the mailbox is full" in str(mail["Subject"])]


def fills_up(account: Account) -> None:
    """Somebody puts mails aside until the server takes no more."""
    with closing_client(account.client()) as client:
        client.create_folder("Old") if not client.folder_exists("Old") else None
        for _ in count():
            try:
                client.append("Old", letter("Keep this."))
            except Exception as error:  # noqa: BLE001
                assert "OVERQUOTA" in str(error)
                return


def test_66_while_the_mailbox_is_full_people_are_asked_by_mail_and_told_and_later_the_drafts_are_filed(
    narrow: Ground,
) -> None:
    account = narrow.account()
    arrives(account, customers_mail(1))
    fills_up(account)
    with ScriptedServer() as smtp:
        runs(account, smtp)
        runs(account, smtp)
        packets = [mail for mail in smtp.delivered if b"\r\nSubject: [Review]" in mail.content]
        assert (len(packets), len(alerts_in(smtp))) == (1, 1)
        assert "OVERQUOTA" in text_of(alerts_in(smtp)[0])
        assert (the_case(account).state, account.mails("Drafts/Review")) == (State.HELD, [])
        removes(account, "Old", "ALL")
        runs(account, smtp)
        runs(account, smtp)
        assert len(account.mails("Drafts/Review")) == 2
        assert len(smtp.delivered) == 2


def test_66_an_answer_leaves_although_there_is_no_room_for_its_copy_which_follows_later(narrow: Ground) -> None:
    account = narrow.account()
    arrives(account, customers_mail(1))
    with ScriptedServer() as smtp:
        runs(account, smtp)
        approves(account)
        fills_up(account)
        runs(account, smtp)
        assert (the_case(account).state, len(to_customers(smtp)), len(alerts_in(smtp))) == (State.SENT, 1, 1)
        # What was withdrawn from the review folder has made room.
        runs(account, smtp)
        assert (len(to_customers(smtp)), len(account.mails("Sent"))) == (1, 1)


@pytest.mark.parametrize(
    ("extensions", "script", "words"),
    [
        (("SIZE 1000",), {}, "message too large"),
        (("SIZE 90000000",), {"reply": "552 5.3.4 Message size exceeds fixed limit"}, "exceeds fixed limit"),
        ((), {"mail": "552 5.3.4 Message size exceeds fixed limit"}, "exceeds fixed limit"),
    ],
)
def test_66_an_answer_that_is_too_large_for_the_server_comes_back_to_people_with_its_words(
    ground: Ground, extensions: tuple[str, ...], script: dict[str, str], words: str
) -> None:
    account = ground.account()
    arrives(account, customers_mail(1))
    with ScriptedServer() as smtp:
        runs(account, smtp)
    approves(account)
    with ScriptedServer(script, extensions=extensions) as smtp:
        runs(account, smtp)
        runs(account, smtp)
        assert sum(command.startswith("MAIL FROM") for command in smtp.commands) <= 2, "not tried again by itself"
    case = the_case(account)
    [packet] = [parsed(raw) for raw in account.mails("Drafts/Review") if b"\r\nSubject: [Review]" in raw]
    assert (case.state, case.revision) == (State.HELD, 2)
    assert words in " ".join(text_of(packet).split())
    with closing(account.store()) as store:
        told = [entry.why for entry in store.journal.entries(("trouble",))]
    assert any(words in why for why in told), "the packet by mail was too large as well, and the alarm says so"
    with ScriptedServer() as smtp:
        approves(account)
        runs(account, smtp)
        assert len(to_customers(smtp)) == 1


@pytest.mark.parametrize("first", [b"", b" by an odd program\r\n"])
def test_66_a_mail_of_which_only_the_beginning_was_read_is_answered_by_no_rule(tmp_path: Path, first: bytes) -> None:
    world = World(tmp_path)
    text = "When are you open? What are your opening hours?"
    world.customer_writes(text, subject="Opening hours", sender="Bob <bob@customer.test>")
    long = letter(f"{text}\n\n-- \n" + "x" * 60 + ("\n" + "y" * 70) * 20_000, subject="Opening hours")
    world.box.deliver("INBOX", first + long)
    world.run()
    world.restart()
    world.run(later=world.app.settings.grace * 30)
    assert len(world.sent_to("bob@customer.test")) == 1
    assert world.sent_to("ann@customer.test") == []
    assert "only its beginning was read" in " ".join(text_of(world.packet_for("anna@example.com")).split())
    world.store.close()
