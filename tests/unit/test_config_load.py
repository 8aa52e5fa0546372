"""The config file, as an admin meets it: what loads, and what each mistake is answered with."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import Outcome
from mailhitl.config.database import store_url
from mailhitl.config.load import check_templates, load
from mailhitl.config.rules import read_gates, read_rules
from mailhitl.config.schema import Config
from mailhitl.errors import ConfigError

MAILBOX = """\
[mailbox.support]
address = "support@example.com"
imap = { host = "imap.example.com", username = "support", password = { env = "PW" } }
smtp = { host = "smtp.example.com", username = "support", password = { env = "PW" } }
"""
REVIEWER = """\
[[reviewer]]
name = "Anna"
address = "anna@example.com"
groups = ["support", "billing"]
"""
BEN = '[[reviewer]]\nname = "Ben"\naddress = "ben@example.com"\n'
MINIMAL = MAILBOX + REVIEWER

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: str | bytes) -> Path:
        path = tmp_path / "config.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)
        return path

    return to_file


@pytest.fixture
def good(write: Write) -> Callable[[str], Config]:
    return lambda text: load(write(text))


@pytest.fixture
def mistakes(write: Write) -> Callable[[str | bytes], list[str]]:
    """The complaints about a text, without the path of the file."""

    def complain(text: str | bytes) -> list[str]:
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load(path)
        return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]

    return complain


def rule(body: str, head: str = 'name = "r"\nthen = "review"\n') -> str:
    return f"{MINIMAL}[[rule]]\n{head}{body}\n"


def test_the_example_of_the_design_loads(shared: Callable[[str], Path], good: Callable[[str], Config]) -> None:
    text = shared("design/rules.md").read_text()
    config = good("\n".join(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)))
    assert list(config.mailbox) == ["support"]
    assert config.mailbox["support"].imap.port == 993
    assert config.review.escalate_after == timedelta(hours=8)
    assert config.digest is not None
    assert config.digest.weekday == 0
    assert [each.then for each in read_rules(config)] == [
        Outcome.REVIEW,
        Outcome.REVIEW,
        Outcome.SEND,
        Outcome.BLOCK,
    ]
    assert [each.undo for each in read_rules(config)] == [0, 0, 300, 0]


def test_the_least_file_has_careful_defaults(good: Callable[[str], Config]) -> None:
    config = good(MINIMAL)
    box = config.mailbox["support"]
    assert (box.imap.port, box.smtp.port, box.imap.security) == (993, 465, "tls")
    assert (box.poll, box.max_message, box.folders.review) == (timedelta(seconds=60), 1024 * 1024, "auto")
    assert config.review.reply_approval == "authenticated"
    assert not config.review.auto_send_unauthenticated
    assert config.agent.caps.per_correspondent_per_day == 3
    assert read_rules(config) == ()


def test_starttls_brings_its_own_ports(good: Callable[[str], Config]) -> None:
    config = good(MINIMAL.replace('.example.com", user', '.example.com", security = "starttls", user'))
    assert (config.mailbox["support"].imap.port, config.mailbox["support"].smtp.port) == (143, 587)


def test_paths_that_nobody_wrote_are_seen_from_there_too(good: Callable[[str], Config], tmp_path: Path) -> None:
    agent = good(MINIMAL).agent
    assert (agent.data_dir, agent.templates) == (tmp_path / "var", tmp_path / "templates")


def test_paths_are_seen_from_the_files_own_folder(good: Callable[[str], Config], tmp_path: Path) -> None:
    config = good(f'[agent]\ntemplates = "mine"\n[store]\nurl = "sqlite:///x.db"\n{MINIMAL}')
    assert config.agent.templates == tmp_path / "mine"
    assert config.agent.data_dir == tmp_path / "var"
    assert store_url(config) == f"sqlite:///{tmp_path}/x.db"
    assert config.base == tmp_path


def test_a_database_is_found_from_any_working_directory(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(MINIMAL)
    monkeypatch.chdir(tmp_path.parent)
    assert store_url(load(Path(tmp_path.name) / "config.toml")) == f"sqlite:///{tmp_path}/var/mailhitl.db"


def test_the_fingerprint_changes_with_a_single_byte(good: Callable[[str], Config]) -> None:
    assert good(MINIMAL).fingerprint != good(MINIMAL + "\n").fingerprint
    assert good(MINIMAL).fingerprint == good(MINIMAL).fingerprint


def test_every_mistake_is_told_at_once_with_its_line(mistakes: Callable[[str], list[str]]) -> None:
    text = """\
[agent]
timezone = "Europe/Berln"
dta_dir = "var"

[mailbox.support]
address = "Support <support@example.com>"
imap = { host = "imap.example.com", port = 99333, securty = "tls", username = "s", password = { env = "PW" } }
smtp = { host = "smtp.example.com", security = "none" }
poll = 60

[review]
notify = "reviewer"
office_hours = "9 to 5"

[[reviewer]]
name = "Anna"
address = "anna@example.com"
groups = ["billing"]

[[rule]]
name = "Refunds"
when = { amuont = { over = 500 } }
then = "reviw"
reviewers = "biling"
"""
    found = mistakes(text)
    assert [line.split(": ")[0] for line in found] == ["2", "3", "6", "7", "7", "8", "9", "12", "13", "22", "23", "24"]
    expected = [
        '2: agent.timezone: must be a time zone like "Europe/Berlin", not "Europe/Berln". '
        'Did you mean "Europe/Berlin"?',
        '3: agent.dta_dir: is not a known key. Did you mean "data_dir"?',
        "7: mailbox.support.imap.port: must be at most 65535, not 99333.",
        '7: mailbox.support.imap.securty: is not a known key. Did you mean "security"?',
        '12: review.notify: must be "reviewers" or "folder", not "reviewer". Did you mean "reviewers"?',
        '22: rule[0].when.amuont: is not a condition. Did you mean "amount"?',
        '23: rule[0].then: must be "send", "review", "block" or "skip", not "reviw". Did you mean "review"?',
        '24: rule[0].reviewers: no reviewer is in a group "biling". Did you mean "billing"?',
    ]
    assert [line for line in expected if line not in found] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[agent\n", "1: this is not TOML"),
        ("a = 1\na = 2\n", "2: this is not TOML: Cannot overwrite a value — this key stands twice."),
        ("[agent]\ntimezone = UTC\n", "2: this is not TOML: Invalid value — text must stand in quotes"),
        ('[agent]\ntemplates = "C:\\Program"\n', "2: this is not TOML: Unescaped"),
        ('a = "x\n', "1: this is not TOML"),
        ("", "1: mailbox: is missing: One table per shared mailbox."),
        ("[mailbox]\n" + REVIEWER, "1: mailbox: is empty."),
        ('[mailbox]\naddress = "a@b.example"\n', "2: mailbox.address: must be a table: each mailbox has a name"),
        ('[mailbox."our box"]\n', '1: mailbox."our box": a mailbox\'s name has only letters'),
        (MAILBOX + '[reviewer]\nname = "Anna"\n', "5: reviewer: is a list of tables: write [[reviewer]]"),
        (MINIMAL + '[[review]]\ngrace = "1s"\n', "9: review: is one table: write [review]"),
        (MINIMAL + "[[rules]]\n", '9: rules: is not a known key. Did you mean "rule"?'),
        (MINIMAL + "[review]\ntrusted_authserv = 'mx'\n", "10: review.trusted_authserv: must be a list in brackets"),
        (MINIMAL + "[review]\nplus_addressing = 'yes'\n", "10: review.plus_addressing: must be true or false"),
        (MINIMAL + "[review]\ngates_off = ['mony']\n", '10: review.gates_off[0]: must be "placeholder"'),
        (MINIMAL + "[agent]\ncaps = { per_hour = -1 }\n", "10: agent.caps.per_hour: must be at least 0, not -1."),
        (MINIMAL + "[store]\nurl = 'mysql://x'\n", '10: store.url: must begin with "sqlite:///"'),
        (MAILBOX, "1: review.notify: nobody can be asked: add a [[reviewer]]"),
        (
            MINIMAL + "substitute = 'Bne'\n" + BEN,
            '9: reviewer[0].substitute: no reviewer is called "Bne". Did you mean',
        ),
        (MINIMAL + "substitute = 'anna'\n" + BEN, "9: reviewer[0].substitute: is the same person: name another one."),
        (MINIMAL + "absent = ['Xmas']\n", '9: reviewer[0].absent[0]: must be days like "2026-12-20 to 2027-01-03"'),
        (MINIMAL + "absent = '2026-12-24'\n", "9: reviewer[0].absent: must be a list in brackets"),
        (MINIMAL + REVIEWER, '10: reviewer[1].name: stands twice: "Anna".'),
        (MINIMAL + MAILBOX.replace("support]", "two]"), '9: mailbox.two: answers "support@example.com", which mailbox'),
        (
            MINIMAL.replace(', password = { env = "PW" } }\nsmtp', " }\nsmtp"),
            "3: mailbox.support.imap.password: is missing",
        ),
        (
            MINIMAL.replace('"imap.example.com"', '"imap.example.com", security = "none"'),
            "3: mailbox.support.imap.secu",
        ),
        (
            MINIMAL.replace('"smtp.example.com"', '"smtp.example.com", security = "none", allow_insecure = true'),
            "4: mailbox.support.smtp.allow_insecure: lets mail travel in clear, but never a password",
        ),
        (MINIMAL.replace("{ env = ", "{ file = 'x', env = "), "3: mailbox.support.imap.password: must be only one of"),
        (MINIMAL.replace('{ env = "PW" }', "{}"), "3: mailbox.support.imap.password: is empty; it must be"),
        (
            rule("when = {}", 'name = "r"\nthen = "send"\n'),
            "12: rule[0].when: is empty: this rule would send everything.",
        ),
        (rule("", 'name = "r"\nthen = "send"\n'), "9: rule[0].when: is missing"),
        (rule('when = {}\nundo = "5m"'), '13: rule[0].undo: only means something with then = "send".'),
        (rule("when = {}\nsample = 1.5"), "13: rule[0].sample: must be at most 1, not 1.5."),
        (rule("when = { history = 3 }"), "12: rule[0].when.history: must be a table"),
        (
            rule("when = { any = [ { subject = { regex = '(a' } } ] }"),
            "12: rule[0].when.any[0].subject.regex: the expr",
        ),
        (rule("when = { subject = { contains = '' } }"), "12: rule[0].when.subject.contains: has an empty text"),
        (rule("when = { not = {} }"), "12: rule[0].when.not: is empty, so it would always hold"),
        (MINIMAL + REVIEWER, '10: reviewer[1].name: stands twice: "Anna". If it is the same person, name further addr'),
        (MINIMAL + BEN + 'aliases = ["Anna@example.com"]\n', '12: reviewer[1].aliases: "anna@example.com" is another'),
        (
            MINIMAL + BEN + 'aliases = ["SUPPORT@example.com"]\n',
            '12: reviewer[1].aliases: "support@example.com" is the mail',
        ),
        (MINIMAL + BEN.replace("ben@", "support@"), '11: reviewer[1].address: "support@example.com" is the mail'),
        (rule("when = { time = { weekday = 'munday' } }"), "12: rule[0].when.time.weekday[0]: is not a weekday"),
    ],
)
def test_a_mistake_is_answered_with_its_line_and_what_would_be_right(
    text: str, said: str, mistakes: Callable[[str], list[str]]
) -> None:
    assert [line for line in mistakes(text) if line.startswith(said)], mistakes(text)


def test_in_a_long_list_the_line_is_that_of_the_item(mistakes: Callable[[str], list[str]]) -> None:
    text = rule("when = { any = [\n  { subject = 'x' },\n  { sendr = { known = true } },\n] }")
    assert [line.partition(": is")[0] for line in mistakes(text)] == ["14: rule[0].when.any[1].sendr"]


def test_all_mistakes_in_one_condition_are_told(mistakes: Callable[[str], list[str]]) -> None:
    text = rule("when = { text = { contians = 'x', regex = '(', is = 3 }, size = 'huge' }")
    assert len(mistakes(text)) == 4


def test_a_misspelled_intent_is_a_mistake_and_an_undeclared_one_a_warning(
    good: Callable[[str], Config], mistakes: Callable[[str], list[str]]
) -> None:
    intent = '[[intent]]\nname = "refund"\nwords = ["refund"]\n'
    assert mistakes(rule("when = { not = { intent = ['refnd'] } }") + intent) == [
        '12: rule[0].when.not.intent[0]: there is no intent "refnd". Did you mean "refund"?'
    ]
    config = good(rule("when = { any = [ { intent = { is = 'cancellation' } } ] }") + intent)
    assert any('no [[intent]] is called "cancellation"' in warning for warning in config.warnings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINIMAL, "review.reply_approval: no approval by reply can count"),
        (rule("when = { intent = 'x' }", 'name = "r"\nthen = "send"\n'), "rule[0].then: nothing will be sent"),
        (
            rule("when = { intent = 'x' }\napprovals = 2\nreviewers = 'billing'"),
            "rule[0].approvals: 2 people must agree",
        ),
        (
            MINIMAL + '[[rule]]\nname = "x"\nwhen = { subject = "x" }\nthen = "send"\npromote_over = 50\n',
            ":13: rule[0].promote_over: no higher level is ever proposed: 50 right of 50 count as 0.929, and 0.95 is",
        ),
        (
            rule("when = { intent = 'x' }\napprovals = 2") + BEN.replace("ben@example", "anna@home"),
            'reviewer[1].address: begins like that of "Anna". If it is the same person, four eyes would count',
        ),
        (MINIMAL + '[[intent]]\nname = "x"\n', ":9: intent[0]: has neither examples nor words"),
    ],
)
def test_what_is_allowed_and_odd_is_a_warning(text: str, said: str, good: Callable[[str], Config]) -> None:
    assert [warning for warning in good(text).warnings if said in warning], good(text).warnings


def test_a_missing_template_is_found_by_its_intent(good: Callable[[str], Config]) -> None:
    config = good(MINIMAL + '[[intent]]\nname = "x"\nwords = ["x"]\ntemplate = "opening"\n')
    assert check_templates(config, {"opening"}) == []
    assert check_templates(config, {"openings"}) == [
        f'{config.source}:12: intent[0].template: there is no template "opening". Did you mean "openings"?'
    ]


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file\. `mailhitl init` writes one"):
        load(tmp_path / "config.toml")


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_in_another_encoding_is_told_with_its_line(mistakes: Callable[[bytes], list[str]]) -> None:
    assert mistakes("# ok\n# schön\n".encode("latin-1")) == ["2: the file is not UTF-8 text."]


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(
    good: Callable[[str], Config], mistakes: Callable[[str], list[str]]
) -> None:
    assert good("\ufeff" + MINIMAL.replace("\n", "\r\n")).mailbox
    assert mistakes((MINIMAL + "[revew]\n").replace("\n", "\r\n"))[0].startswith("9: revew:")


def test_gates_are_those_the_admin_left_on(good: Callable[[str], Config]) -> None:
    config = good(MINIMAL + '[review]\ngates_off = ["money"]\nauto_send_unauthenticated = true\n')
    assert read_gates(config).off == {"money", "unauthenticated"}
    assert not read_gates(config).authserv
