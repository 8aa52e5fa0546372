"""Rules of a file that make no sense together are refused or warned of, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhitl.config.load import load
from mailhitl.errors import ConfigError

HEAD = """\
[mailbox.support]
address = "support@example.com"
imap = { host = "imap.example.com", username = "support", password = { env = "PW" } }
smtp = { host = "smtp.example.com", username = "support", password = { env = "PW" } }
[[reviewer]]
name = "Anna"
address = "anna@example.com"
[review]
trusted_authserv = ["mx.example.com"]
[[intent]]
name = "hours"
words = ["open"]
"""
LINE = HEAD.count("\n") + 1


def rule(when: str, then: str = "review", name: str = "It") -> str:
    return f'[[rule]]\nname = "{name}"\nwhen = {when}\nthen = "{then}"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(HEAD + text)
    path.chmod(0o600)
    return path


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return [problem.removeprefix(f"{folder / 'config.toml'}:") for problem in caught.value.problems]


def warned(folder: Path, text: str) -> list[str]:
    return [text.removeprefix(f"{folder / 'config.toml'}:") for text in load(written(folder, text)).warnings]


def test_a_rule_that_can_never_hit_is_refused_with_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, rule("{ amount = { over = 500, under = 100 } }")) == [
        f"{LINE + 2}: rule[0].when: this rule can never hit: amount = {{ over = 500, under = 100 }} can never hold."
    ]


def test_a_rule_that_asks_for_something_and_against_it_is_refused(tmp_path: Path) -> None:
    [said] = refused(tmp_path, rule('{ intent = "hours", not = { intent = "hours" } }', "block"))
    assert 'intent = "hours" and not intent = "hours" can never hold together' in said


def test_a_language_that_no_mail_is_found_to_be_in_is_refused(tmp_path: Path) -> None:
    [said] = refused(tmp_path, rule('{ any = [{ language = ["de", "xx"] }] }'))
    assert said.startswith(f'{LINE + 2}: rule[0].when.any[0].language[1]: no mail is found to be in "xx"')


def test_the_record_of_a_rule_that_is_not_there_is_refused(tmp_path: Path) -> None:
    [said] = refused(tmp_path, rule('{ history = { rule = { name = "Itt", edited = { over = 1 } } } }'))
    assert said == f'{LINE + 2}: rule[0].when.history.rule.name: there is no rule "Itt". Did you mean "It"?'


def test_a_language_that_could_not_be_told_may_be_asked_for(tmp_path: Path) -> None:
    assert warned(tmp_path, rule('{ language = ["", "de"] }')) == []


def test_a_rule_whose_conditions_are_wrong_is_complained_about_once(tmp_path: Path) -> None:
    [said] = refused(tmp_path, rule('{ amount = { over = "much" } }'))
    assert "must be a number" in said


def test_a_part_of_any_that_never_holds_is_pointed_out(tmp_path: Path) -> None:
    [said] = warned(tmp_path, rule('{ any = [{ intent = "hours" }, { confidence = { over = 1 } }] }'))
    assert (
        said == f"{LINE + 2}: rule[0].when.any[1]: this part never holds: confidence = {{ over = 1 }} can never hold."
    )


def test_a_sending_rule_below_one_that_always_holds_back_is_pointed_out(tmp_path: Path) -> None:
    both = rule('{ intent = "hours", confidence = { at_least = 0.9 } }', "send") + rule("{}", "review", "All")
    [said] = warned(tmp_path, both)
    assert said == f'{LINE + 3}: rule[0].then: never sends: wherever it hits, "All" hits too and says review.'


def test_a_sending_rule_within_a_stricter_one_is_pointed_out(tmp_path: Path) -> None:
    wide = (
        rule('{ intent = ["hours", "refund"] }', "block", "Wide") + '[[intent]]\nname = "refund"\nwords = ["money"]\n'
    )
    [said] = warned(tmp_path, rule('{ intent = "hours" }', "send") + wide)
    assert 'never sends: wherever it hits, "Wide" hits too and says block.' in said


def test_a_sending_rule_beside_a_stricter_one_is_all_right(tmp_path: Path) -> None:
    beside = rule('{ intent = "hours", amount = { over = 5 } }', "review", "Money")
    assert warned(tmp_path, rule('{ intent = "hours" }', "send") + beside) == []


@pytest.mark.parametrize(
    ("when", "gate"),
    [
        ("{ sender = { authenticated = false } }", "unauthenticated"),
        ("{ recipients = { external = { at_least = 1 } } }", "recipients"),
        ('{ customer = { high_value = "yes" } }', "high-value"),
        ('{ findings = "money" }', "money"),
    ],
)
def test_a_rule_that_sends_only_what_a_gate_stops_is_pointed_out(tmp_path: Path, when: str, gate: str) -> None:
    [said] = warned(tmp_path, rule(when, "send"))
    assert f'never sends: the gate "{gate}" stops whatever it hits.' in said


def test_a_gate_that_is_off_stops_nothing(tmp_path: Path) -> None:
    off = rule('{ findings = "money" }', "send") + '[digest]\nto = ["lead@example.com"]\n'
    path = written(tmp_path, off)
    path.write_text(path.read_text().replace("[review]", '[review]\ngates_off = ["money"]'))
    assert not [said for said in load(path).warnings if 'the gate "money"' in said]


def test_two_rules_that_say_the_same_are_pointed_out(tmp_path: Path) -> None:
    [said] = warned(tmp_path, rule('{ intent = "hours" }') + rule('{ intent = "hours" }', name="Again"))
    assert said == f'{LINE + 6}: rule[1].when: says the same as "It".'
