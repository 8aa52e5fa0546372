"""The config read anew while the daemon runs: whole or not at all, and never "no rules = send"."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailhitl.config.load import load
from mailhitl.daemon.reload import Reloader
from mailhitl.daemon.versions import versions_of
from tests.story.office import Daemon, Office, until
from tests.story.world import CONFIG, DEMO_TEMPLATES, parsed, text_of

REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path) as office:
        yield office


def serving(office: Office) -> Daemon:
    daemon = office.serving()
    daemon.awaits("mailbox connected")
    return daemon


def changes(office: Office, old: str, new: str) -> None:
    text = office.config.read_text("utf-8")
    assert old in text
    office.write(text.replace(old, new))


def why_asked(office: Office, case: int) -> str:
    return str(office.says("cases", "show", str(case)))


def told(office: Office) -> list[bytes]:
    return office.standing("INBOX", user="anna", password="anna")


def test_a_changed_rule_counts_from_the_next_round_on_without_a_restart(office: Office) -> None:
    daemon = serving(office)
    changes(office, "Money leaves the company.", "Ask the boss first.")
    daemon.awaits("mailbox connected", times=2)
    office.customer_writes(REFUND)
    daemon.awaits("filed", times=2)
    assert "Ask the boss first." in why_asked(office, 1)


def test_sighup_reads_the_config_anew_and_ends_nothing(office: Office) -> None:
    daemon = serving(office)
    daemon.signal(signal.SIGHUP)
    daemon.awaits("config reloaded")
    daemon.awaits("mailbox connected", times=2)
    daemon.signal(signal.SIGTERM)
    assert daemon.ends() == 0
    assert "Traceback" not in daemon.log


def test_a_broken_config_changes_nothing_and_is_told_once_with_its_line(office: Office) -> None:
    daemon = serving(office)
    changes(office, 'when = { intent = "refund" }', 'when = { intnt = "refund" }')
    daemon.awaits("config not reloaded")
    daemon.signal(signal.SIGHUP)
    daemon.awaits("config not reloaded", times=2)
    until(lambda: len(told(office)) == 1)
    [mail] = told(office)
    words = text_of(parsed(mail))
    assert "config.toml:" in words
    assert "intnt" in words
    office.customer_writes(REFUND)
    daemon.awaits("filed", times=2)
    changes(office, "intnt", "intent")
    daemon.awaits("config reloaded")
    assert "Money leaves the company." in why_asked(office, 1)


@pytest.fixture
def reloader(tmp_path: Path) -> Callable[[str], Reloader]:
    """Writes another config and has it read."""
    path = tmp_path / "config.toml"
    words = CONFIG.replace("TEMPLATES", str(tmp_path / "templates"))
    reply = tmp_path / "templates" / "reply"
    reply.mkdir(parents=True)
    source = DEMO_TEMPLATES / "reply" / "opening-hours.txt.j2"
    (reply / source.name).write_bytes(source.read_bytes())
    path.write_text(words, encoding="utf-8")
    made = Reloader(load(path))

    def change(old: str, new: str = "") -> Reloader:
        assert old in words
        path.write_text(words.replace(old, new), encoding="utf-8")
        return made

    change.reloader = made  # type: ignore[attr-defined]
    change.path = path  # type: ignore[attr-defined]
    return change


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[mailbox.support]", '[store]\nurl = "sqlite:///other.db"\n\n[mailbox.support]', "store: cannot change"),
        ("[agent]", '[agent]\ndata_dir = "elsewhere"', "agent.data_dir: cannot change"),
        ("[mailbox.support]", "[mailbox.sales]", "mailbox.sales is new"),
        ("[mailbox.support]", "[mailbox.sales]", "mailbox.support is gone"),
        ("[[rule]]", "[[rule", "this is not TOML"),
        ('then = "send"', 'then = "sned"', "rule[0].then"),
        ('template = "opening-hours"', 'template = "no-such"', "no-such"),
    ],
)
def test_51_what_cannot_be_used_leaves_everything_as_it_was(
    reloader: Callable[..., Reloader], old: str, new: str, says: str
) -> None:
    found = reloader(old, new)
    before = found.config
    assert not found.reload()
    assert says in found.problem
    assert found.config is before


def test_51_a_file_without_rules_sends_nothing_and_an_empty_one_is_refused(reloader: Callable[..., Reloader]) -> None:
    path = reloader.path  # type: ignore[attr-defined]
    found = reloader.reloader  # type: ignore[attr-defined]
    whole = path.read_text("utf-8")
    path.write_text("", encoding="utf-8")
    assert not found.reload()
    path.unlink()
    assert not found.reload()
    path.write_text(whole[: whole.index("[[rule]]")], encoding="utf-8")
    assert found.reload()
    assert found.config.rule == ()


def test_a_file_that_is_still_being_written_is_waited_for(reloader: Callable[..., Reloader]) -> None:
    found = reloader.reloader  # type: ignore[attr-defined]
    assert not found.changed()
    reloader("Money leaves", "Gold leaves")
    assert not found.changed(), "it has just changed"
    assert found.changed(), "it has come to rest"
    assert found.reload()
    assert not found.changed()


def test_what_was_refused_is_looked_at_again_only_when_it_changes(reloader: Callable[..., Reloader]) -> None:
    found = reloader("[[rule]]", "[[rule")
    assert not found.reload()
    assert [found.changed() for _ in range(3)] == [False] * 3
    reloader("Money leaves", "Gold leaves")
    found.changed()
    assert found.changed()
    assert found.reload()
    assert found.problem == ""


def test_a_changed_template_is_another_version_and_a_broken_one_is_refused(reloader: Callable[..., Reloader]) -> None:
    found = reloader.reloader  # type: ignore[attr-defined]
    before = versions_of(found.config)
    [template] = (found.config.agent.templates / "reply").iterdir()
    template.write_text(template.read_text("utf-8") + "\nSee you!\n", encoding="utf-8")
    found.changed()
    assert found.changed()
    assert found.reload()
    after = versions_of(found.config)
    assert after.partition("templates")[0] == before.partition("templates")[0]
    assert after != before
    template.write_text("Subject: x\n---\n{{ unclosed\n", encoding="utf-8")
    assert not found.reload()
    assert template.name in found.problem


def test_every_decision_names_the_versions_of_config_rules_and_templates(reloader: Callable[..., Reloader]) -> None:
    words = [part.split(" ") for part in versions_of(reloader.reloader.config).split(", ")]  # type: ignore[attr-defined]
    assert [name for name, _ in words] == ["mailhitl", "config", "rules", "templates"]
    assert all(len(short) == 12 for _, short in words[1:])
