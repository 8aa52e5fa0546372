"""The text a reader sees, and what hides from her eye (checklist 47)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.mail.html import hidden_text, to_text

#: Each hides SECRET beside "seen".
HIDING = [
    "<p style='display:none'>SECRET</p>seen",
    "<p style='DISPLAY : NONE !important'>SECRET</p>seen",
    "<p style='display:/* x */none'>SECRET</p>seen",
    "<div style='display:none'><p style='display:block'>SECRET</p></div>seen",
    "<p style='visibility:hidden'>SECRET</p>seen",
    "<p style='opacity:0'>SECRET</p>seen",
    "<p style='opacity:0.01'>SECRET</p>seen",
    "<span style='font-size:0'>SECRET</span>seen",
    "<span style='font-size:1px'>SECRET</span>seen",
    "<span style='font-size:0.1em'>SECRET</span>seen",
    "<span style='font:0/0 a'>SECRET</span>seen",
    "<p style='color:#ffffff'>SECRET</p>seen",
    "<p style='color:white;background:#fff'>SECRET</p>seen",
    "<p style='color:rgb(254, 254, 254)'>SECRET</p>seen",
    "<p style='color:rgba(0,0,0,0)'>SECRET</p>seen",
    "<p style='color:transparent'>SECRET</p>seen",
    "<font color='#FEFEFE'>SECRET</font>seen",
    "<table bgcolor=black><tr><td><font color=black>SECRET</font></td></tr></table>seen",
    "<div style='background-color:#123456'><span style='color:#123456'>SECRET</span></div>seen",
    "<div style='position:absolute;left:-9999px'>SECRET</div>seen",
    "<div style='text-indent:-9999px'>SECRET</div>seen",
    "<div style='max-height:0;overflow:hidden'>SECRET</div>seen",
    "<div style='height:0px;width:0px;overflow:hidden'>SECRET</div>seen",
    "<div style='position:absolute;clip:rect(0,0,0,0)'>SECRET</div>seen",
    "<div style='clip-path: inset(100%)'>SECRET</div>seen",
    "<div style='transform: scale(0)'>SECRET</div>seen",
    "<div hidden>SECRET</div>seen",
    "<style>.x { display:none }</style><p class='a x'>SECRET</p>seen",
    "<style>/* .y{} */ p.x, #z { font-size:0px }</style><p class=x>SECRET</p>seen",
    "<style>@import url(x); #z{color:#fff}</style><p id=z>SECRET</p>seen",
    "seen" + "".join(chr(0xE0000 + ord(letter)) for letter in "SECRET"),
    "seen" + "".join(f"&#{0xE0000 + ord(letter)};" for letter in "SECRET"),
]


@pytest.mark.parametrize("html", HIDING)
def test_what_hides_is_reported_and_not_read(html: str) -> None:
    assert to_text(html) == "seen"
    assert hidden_text(html) == ("SECRET",)


@pytest.mark.parametrize(
    "html",
    [
        "<!-- SECRET -->seen",
        "<!--[if mso]>SECRET<![endif]-->seen",
        "<img src=x alt='SECRET' title='SECRET'>seen",
        "<script>SECRET</script><style>SECRET</style>seen",
        "<head><title>SECRET</title></head>seen",
        "<input type=hidden value=SECRET><textarea>SECRET</textarea>seen",
        "<template>SECRET</template>seen",
    ],
)
def test_what_is_no_text_is_neither_read_nor_reported(html: str) -> None:
    assert to_text(html) == "seen"
    assert hidden_text(html) == ()


@pytest.mark.parametrize(
    "html",
    [
        "<div style='font-size:0'><span style='font-size:14px'>seen</span></div>",
        "<div style='visibility:hidden'><p style='visibility:visible'>seen</p></div>",
        "<div style='background:#000'><p style='color:#fff'>seen</p></div>",
        "<table background='stars.png'><tr><td style='color:white'>seen</td></tr></table>",
        "<style>@media (max-width:600px){ .wide{display:none} }</style><p class=wide>seen</p>",
        "<p style='color:#777'>seen</p>",
        "<p style='font-size:80%'>seen</p>",
        "<p style='display:none-such;opacity:1.0;left:-9999px'></p>seen",
    ],
)
def test_what_can_be_seen_is_read(html: str) -> None:
    assert to_text(html) == "seen"
    assert hidden_text(html) == ()


def test_zero_width_characters_vanish_and_many_are_reported() -> None:
    assert to_text("a\u200bpp\u2060rove") == "approve"
    assert hidden_text("a\u200bb") == ()
    assert hidden_text("a" + "\u200b\u200c" * 20) == ("(zero-width characters)",)


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("<a href='https://bank.example/login'>https://bank.example/login</a>", "https://bank.example/login"),
        ("<a href='https://www.bank.example/'>bank.example</a>", "bank.example"),
        ("<a href='http://evil.example/'>www.bank.example</a>", "www.bank.example [evil.example]"),
        ("<a href='http://evil.example/'>click here</a>", "click here [evil.example]"),
        ("<a href='http://bank.example@evil.example/'>bank.example</a>", "bank.example [evil.example]"),
        ("<a href='http://evil.example\\@bank.example/'>bank.example</a>", "bank.example [evil.example]"),
        ("<a href='ht\ntp://evil.example/'>bank.example</a>", "bank.example [evil.example]"),
        ("<a href='//evil.example/x'>bank.example</a>", "bank.example [evil.example]"),
        ("<a href='https://b\u00e4nk.example/'>bank.example</a>", "bank.example [xn--bnk-qla.example]"),
        (
            "<a href='http://evil.example/bank.example'>bank.example/evil.example</a>",
            "bank.example/evil.example [evil.example]",
        ),
        ("<a href='mailto:evil@x.example?subject=a'>support</a>", "support [evil@x.example]"),
        ("<a href='javascript:alert(1)'>here</a>", "here"),
        ("<a href='#top'>top</a>", "top"),
        ("<a href='http://[bad'>here</a>", "here [unreadable address]"),
    ],
)
def test_a_link_shows_its_real_host_where_its_text_does_not(link: str, text: str) -> None:
    assert to_text(link) == text


def test_quotes_are_marked_as_in_text_mail() -> None:
    html = "<p>Yes</p><div>On Monday Ann wrote:<blockquote>one<blockquote>two</blockquote>three</blockquote></div>below"
    assert to_text(html) == "Yes\n\nOn Monday Ann wrote:\n> one\n>> two\n> three\nbelow"


@pytest.mark.parametrize("entity", ["&#1;", "&#8203;", "&#x202e;", "&shy;", "&#xfffe;", "&#xe000;", "&zwj;", "&#0;"])
def test_an_entity_brings_in_nothing_that_is_cut_elsewhere(entity: str) -> None:
    text = to_text(f"<blockquote>app{entity}rove</blockquote>")
    assert text.replace("\ufffd", "") == "> approve"


def test_a_table_row_is_one_line() -> None:
    html = "<table><tr><td>Item</td><td>Price</td></tr><tr><td>Hat</td><td>3 €</td></tr></table>"
    assert to_text(html) == "Item Price\nHat 3 €"


def test_html_too_deep_for_the_parser_is_still_read() -> None:
    assert to_text("<div>" * 3000 + "help") == "help"


@given(st.text(alphabet="<>/=\"' abdivpstyle:;#&!-\0\ue000\u200b", max_size=200))
def test_any_text_is_html(html: str) -> None:
    assert "\0" not in to_text(html)
    assert all(piece.strip() for piece in hidden_text(html))
