"""Reply templates: what they may do, what they may not, and how a mistake is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailhitl.drafting.library import Library
from mailhitl.drafting.reading import VARIABLES
from mailhitl.errors import TemplateProblem
from mailhitl.templating import folders

ROOT = Path(__file__).parents[2]
HEADER = "intent: hours\nlanguage: en\n---\n"
VALUES = {
    "customer_name": "Anna",
    "subject": "Hi",
    "order_numbers": ("1", "2"),
    "order_number": "1",
    "customer": {"tier": "gold"},
    "intent": "hours",
}


def library(root: Path, **files: str) -> Library:
    """A library of one folder; ``__`` in a name stands for a dot."""
    reply = root / "reply"
    reply.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (reply / name.replace("__", ".").replace("_", "-")).write_text(content, "utf-8")
    return Library([root])


def rendered(root: Path, body: str, **values: object) -> str:
    return library(root, hours__txt__j2=HEADER + body).named("hours")["en"].render(VALUES | values)[1]


def test_a_template_gives_its_words_with_the_values_in_them(tmp_path: Path) -> None:
    assert rendered(tmp_path, "Hello {{ customer_name }},\n\nyes.\n") == "Hello Anna,\n\nyes.\n"


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% for a in b %}", "{{ customer.__class__ }}", "{# gone #}"])
def test_what_a_customer_writes_stays_literal(tmp_path: Path, text: str) -> None:
    assert rendered(tmp_path, "You asked: {{ subject }}\n", subject=text) == f"You asked: {text}\n"


@pytest.mark.parametrize(
    "body",
    [
        "{{ subject.__class__ }}",
        "{{ subject['__class__'] }}",
        "{{ subject|attr('__class__') }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ '{0.__class__}'.format(subject) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ 'x' * 1000000000 }}",
        "{{ order_numbers * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x'|center(1000000000) }}",
        "{{ subject.replace('', 'x') }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ range(1000000000)|list }}",
        "{{ lipsum(1000) }}",
        "{{ cycler }}",
        "{% for a in subject %}{% for b in subject %}{% endfor %}{% endfor %}",
        "{% for a in order_numbers recursive %}{{ loop(order_numbers) }}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% import 'x.txt' as x %}",
        "{% extends 'x.txt' %}",
        "{{ customer.update({'tier': 'x'}) }}",
        "{{ customer.street }}",
        "{{ nobody_knows_me }}",
        "{% if false %}{{ nobody_knows_me }}{% endif %}",
        "{{ self.__init__.__globals__ }}",
        "{{ 1 / 0 }}",
        "{{ subject",
    ],
)
def test_a_template_that_reaches_too_far_is_refused_with_its_place(tmp_path: Path, body: str) -> None:
    with pytest.raises(TemplateProblem) as refused:
        rendered(tmp_path, f"Hello\n{body}\n")
    # The second line of the words is the fifth of the file.
    assert f"{tmp_path}/reply/hours.txt.j2:5: " in str(refused.value)


def test_a_template_that_makes_a_book_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(TemplateProblem, match="more than 64000 characters"):
        rendered(tmp_path, "{% for letter in subject %}" + "x" * 100 + "{% endfor %}", subject="y" * 1000)


def test_a_loop_a_condition_and_a_date_work(tmp_path: Path) -> None:
    loop = "{% for number in order_numbers %}\n- {{ number }}\n{% endfor %}\n"
    condition = "{% if customer.tier == 'gold' %}\n{{ today.strftime('%d.%m.%Y') }}\n{% endif %}\n"
    assert rendered(tmp_path, loop + condition, today=date(2026, 1, 31)) == "- 1\n- 2\n31.01.2026\n"


def test_a_subject_is_one_line_whatever_is_put_into_it(tmp_path: Path) -> None:
    content = "language: en\nsubject: Re: {{ subject }}\n---\nHello\n"
    template = library(tmp_path, hours__txt__j2=content).named("hours")["en"]
    subject, _ = template.render(VALUES | {"subject": "a\r\nBcc: b@evil.example\x0b\x1c\x85\u2028c"})
    assert subject == "Re: a Bcc: b@evil.example c"


def test_an_included_file_is_shared_and_its_words_are_a_source(tmp_path: Path) -> None:
    shared = library(
        tmp_path, closing__txt="Bye, call 030 1234567\n", hours__txt__j2=HEADER + "Hi\n{% include 'closing.txt' %}\n"
    )
    assert shared.named("hours")["en"].render(VALUES)[1] == "Hi\nBye, call 030 1234567\n"
    assert "030 1234567" in shared.source("hours", "en")


@pytest.mark.parametrize(
    ("body", "closing", "why"),
    [
        ("{% include 'missing.txt' %}", "", "which is no readable .txt file"),
        ("{% include subject %}", "", "include needs a file name"),
        ("{% for a in subject %}{% include 'closing.txt' %}{% endfor %}", "", "inside a loop"),
        ("{% include 'closing.txt' %}", "{% include 'closing.txt' %}", "may not include another"),
        ("{% include 'closing.txt' %}", "{{ stranger }}", "unknown variable 'stranger'"),
    ],
)
def test_an_include_that_cannot_be_judged_is_refused(tmp_path: Path, body: str, closing: str, why: str) -> None:
    problems = library(tmp_path, closing__txt=closing, hours__txt__j2=HEADER + body).check()
    assert any(why in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("Hello\n", ":1: a header"),
        ("intent: x\n---\nHello\n", ":1: the header needs a language"),
        ("language: en\ncolour: red\n---\nHello\n", ":2: unknown header 'colour: red'"),
        ("language: english\n---\nHello\n", ":1: the header needs a language"),
        ("language: en\nsubject: {{ nope }}\n---\nHello\n", ":2: unknown variable 'nope'"),
        ("language: en\n---\n\n{% if %}\n", ":4: "),
    ],
)
def test_check_names_file_and_line_of_a_mistake(tmp_path: Path, content: str, problem: str) -> None:
    found = library(tmp_path, hours__txt__j2=content).check()
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path}/reply/hours.txt.j2{problem}")


def test_check_names_every_mistake_of_every_file_at_once(tmp_path: Path) -> None:
    files = {"a__txt__j2": HEADER + "{{ x }}{{ y }}", "b__txt__j2": "no header", "frame__html__j2": "<p>Hi</p>"}
    assert len(library(tmp_path, **files).check()) == 4


def test_a_file_that_is_no_text_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    library(tmp_path)
    (tmp_path / "reply" / "hours.txt.j2").write_bytes(b"\xff\xfe\x00")
    found = Library([tmp_path])
    assert "cannot be read" in found.check()[0]
    with pytest.raises(TemplateProblem, match="cannot be read"):
        found.named("hours")


def test_a_file_name_and_its_header_must_agree_on_the_language(tmp_path: Path) -> None:
    assert "says 'de'" in library(tmp_path, hours__de__txt__j2=HEADER + "Hello").check()[0]


def test_an_admins_template_replaces_the_packages_in_every_language(tmp_path: Path) -> None:
    german = "language: de\n---\nvom Paket\n"
    library(
        tmp_path / "package",
        hours__txt__j2=HEADER + "packaged",
        hours__de__txt__j2=german,
        thanks__txt__j2=HEADER + "x",
    )
    library(tmp_path / "admin", hours__txt__j2=HEADER + "mine")
    both = Library([tmp_path / "admin", tmp_path / "package"])
    assert [(template.name, template.language) for template in both.templates()] == [("hours", "en"), ("thanks", "en")]
    assert both.named("hours")["en"].render(VALUES)[1] == "mine\n"


def test_a_broken_template_of_the_admin_is_not_replaced_by_the_packages(tmp_path: Path) -> None:
    library(tmp_path / "package", hours__txt__j2=HEADER + "packaged")
    library(tmp_path / "admin", hours__txt__j2="oops")
    with pytest.raises(TemplateProblem, match="a header"):
        Library([tmp_path / "admin", tmp_path / "package"]).named("hours")


def test_a_frame_holds_the_approved_words_and_escapes_the_subject(tmp_path: Path) -> None:
    frame = (
        '<html lang="{{ language }}"><head><title>{{ subject }}</title></head><body style="x">{{ body }}</body></html>'
    )
    framed = library(tmp_path, frame__html__j2=frame)
    assert framed.check() == []
    html = framed.frame("hours", "<p>We are open.</p>", subject="<script>", language="en")
    assert html is not None
    assert "<p>We are open.</p>" in html
    assert "<title>&lt;script&gt;</title>" in html


def test_a_templates_own_frame_goes_before_the_frame_for_all(tmp_path: Path) -> None:
    framed = library(tmp_path, frame__html__j2="<div>{{ body }}</div>", hours__html__j2="<b>{{ body }}</b>")
    assert framed.frame("hours", "x", subject="", language="en") == "<b>x</b>"
    assert framed.frame("thanks", "x", subject="", language="en") == "<div>x</div>"


def test_without_a_frame_there_is_none(tmp_path: Path) -> None:
    assert library(tmp_path).frame("hours", "x", subject="", language="en") is None


@pytest.mark.parametrize(
    "frame", ["<p>Buy now!</p>{{ body }}", "<p></p>", "{{ body }}{{ body }}", "{{ customer_name }}{{ body }}"]
)
def test_a_frame_with_words_of_its_own_is_refused(tmp_path: Path, frame: str) -> None:
    framed = library(tmp_path, frame__html__j2=frame)
    assert len(framed.check()) == 1
    with pytest.raises(TemplateProblem):
        framed.frame("hours", "x", subject="", language="en")


@pytest.mark.parametrize("admin", [None, ROOT / "templates" / "demo"])
def test_the_shipped_templates_have_no_problem(admin: Path | None) -> None:
    shipped = Library(folders(admin))
    assert shipped.check() == []
    names = {template.name for template in shipped.templates()}
    assert names == {
        "opening-hours",
        "order-status",
        "refund-received",
        "password-reset",
        "thanks",
        "complaint-received",
        "skeleton",
    }
    assert all(set(shipped.named(name)) == {"en", "de"} for name in names - {"skeleton"})
    assert set(shipped.named("skeleton")) == {"en", "de", "fr", "es", "it", "nl", "pt"}


def test_every_variable_is_explained_to_whoever_writes_a_template() -> None:
    page = (ROOT / "docs" / "how-to" / "write-a-template.md").read_text("utf-8")
    assert [name for name in VARIABLES if f"`{name}`" not in page] == []
