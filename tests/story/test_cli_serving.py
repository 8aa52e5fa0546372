"""``run``, ``status``, ``pause``, ``cases`` and ``rules`` on real servers of this machine."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.story.office import Office, until
from tests.story.world import letter

REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path) as office:
        yield office


def served_by(office: Office) -> str:
    [found] = office.says("status")
    return str(found["served by"])


def test_one_round_files_a_draft_that_status_and_cases_tell_of(office: Office) -> None:
    office.customer_writes(REFUND, subject="Refund \x1b[31mplease")
    done = office.mailhitl("run", "--once")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("support: ")
    assert len(office.standing("Drafts/Review")) == 2, "the draft and its packet"

    [found] = office.says("status")
    assert found["cases"] == {"held": 1}
    assert found["served by"] == ""
    [case] = office.says("cases", "list", "--state", "held")
    assert (case["case"], case["from"]) == (1, "ann@customer.test")
    assert office.says("cases", "list", "--state", "sent") == []

    shown = office.mailhitl("cases", "show", "1").stdout
    assert "Case 1: held" in shown
    assert "Refunds and credits says review: Money leaves the company." in shown
    assert "drafter:template" in shown
    assert "anna@example.com" in shown
    assert "\x1b" not in shown
    for arguments in (["status"], ["cases", "list"]):
        assert "held" in office.mailhitl(*arguments).stdout


def test_what_is_asked_for_and_not_there_is_said_in_words(office: Office) -> None:
    office.mailhitl("run", "--once")
    for command in ("show", "retry"):
        done = office.mailhitl("cases", command, "7")
        assert (done.returncode, done.stderr) == (
            1,
            "there is no case 7; which there are says: mailhitl cases list\n",
        )
    done = office.mailhitl("run", "--mailbox", "sales")
    assert done.returncode == 2
    assert "has no mailbox “sales”; there are: support" in done.stderr


def test_only_a_case_that_was_set_aside_is_taken_up_again(office: Office) -> None:
    office.customer_writes(REFUND)
    office.mailhitl("run", "--once")
    done = office.mailhitl("cases", "retry", "1")
    assert done.returncode == 1
    assert "case 1 is held" in done.stderr


def test_a_pause_holds_what_was_approved_until_it_is_taken_back(office: Office) -> None:
    office.customer_writes(REFUND)
    office.mailhitl("run", "--once")
    assert office.mailhitl("pause").returncode == 0
    assert office.says("status")[0]["paused"] == "all"
    assert "PAUSED" in office.mailhitl("status").stdout
    office.moves_draft("Drafts/Review", "Drafts/Approve")
    office.mailhitl("run", "--once")
    assert office.smtp.outside == []
    assert office.mailhitl("resume").returncode == 0
    assert office.mailhitl("run", "--once").returncode == 0
    [sent] = office.smtp.outside
    assert sent.recipient == "ann@customer.test"
    shown = office.says("cases", "show", "1")
    assert shown["state"] == "sent"
    assert shown["deliveries"][0]["recipients"][0]["status"] == "accepted"
    assert "accepted" in office.mailhitl("cases", "show", "1").stdout


def test_the_daemon_serves_until_it_is_asked_to_stop(office: Office) -> None:
    daemon = office.serving()
    daemon.awaits("mailbox connected")
    assert f":{daemon.pid}:" in served_by(office)
    office.customer_writes(REFUND)
    daemon.awaits("filed", times=2)
    daemon.signal(signal.SIGTERM)
    assert daemon.ends() == 0
    assert "stopped" in daemon.log
    assert "Traceback" not in daemon.log
    assert served_by(office) == ""
    assert office.says("status")[0]["cases"] == {"held": 1}


def test_ctrl_c_ends_it_as_well(office: Office) -> None:
    daemon = office.serving()
    daemon.awaits("mailbox connected")
    daemon.signal(signal.SIGINT)
    assert daemon.ends() == 0
    assert served_by(office) == ""


def test_a_second_daemon_says_who_serves_and_takes_over_when_that_one_ends(office: Office) -> None:
    first = office.serving()
    first.awaits("mailbox connected")
    second = office.serving()
    second.awaits("another process serves this mailbox")
    assert f":{first.pid}:" in second.log
    once = office.mailhitl("run", "--once")
    assert once.returncode == 1
    assert f":{first.pid}:" in once.stderr
    first.signal(signal.SIGTERM)
    assert first.ends() == 0
    second.awaits("mailbox connected")
    assert f":{second.pid}:" in served_by(office)
    assert second.log.count("another process serves") == 1


def test_what_a_killed_daemon_held_is_taken_over_at_once(office: Office) -> None:
    killed = office.serving()
    killed.awaits("mailbox connected")
    killed.signal(signal.SIGKILL)
    killed.ends()
    assert f":{killed.pid}:" in served_by(office), "nobody gave the lease back"
    assert office.mailhitl("run", "--once").returncode == 0


def test_a_server_that_is_away_is_waited_for(office: Office) -> None:
    office.imap.stop()
    daemon = office.serving()
    daemon.awaits("mailbox not served")
    office.imap.start()
    daemon.awaits("mailbox connected")
    daemon.signal(signal.SIGTERM)
    assert daemon.ends() == 0


def test_the_log_can_be_read_by_programs(office: Office) -> None:
    daemon = office.serving("--json-log")
    daemon.awaits("mailbox connected")
    daemon.signal(signal.SIGTERM)
    daemon.ends()
    events = [json.loads(line)["event"] for line in daemon.log.splitlines()]
    assert {"mailbox connected", "stopping", "stopped"} <= set(events)


def test_a_mail_is_tried_against_the_rules_without_leaving_a_trace(office: Office) -> None:
    mail = office.folder / "mail.eml"
    mail.write_bytes(letter(REFUND))
    office.write(f'{office.config.read_text()}\n[customers]\ncsv = "gone.csv"\n')
    found = office.says("rules", "try", str(mail))
    assert "gone.csv" in office.mailhitl("rules", "try", str(mail)).stderr, "a warning stays out of the JSON"
    assert found["outcome"] == "review"
    assert {"rule": "Refunds and credits", "hit": True} in [
        {"rule": line["rule"], "hit": line["hit"]} for line in found["rules"]
    ]
    shown = office.mailhitl("rules", "try", str(mail)).stdout
    assert "verdict: review" in shown
    assert "hit   Refunds and credits" in shown
    assert not (office.folder / "var").exists()
    until(lambda: office.standing("Drafts/Review") == [])


def test_a_tried_mail_that_no_machine_may_answer_is_skipped_as_the_daemon_would(office: Office) -> None:
    mail = office.folder / "vacation.eml"
    mail.write_bytes(letter(REFUND, Auto_Submitted="auto-replied"))
    found = office.says("rules", "try", str(mail))
    assert found["outcome"] == "skip"
    assert found["rules"][-1]["rule"] == "automatic mail"
