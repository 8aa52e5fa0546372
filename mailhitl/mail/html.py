"""HTML to the text a reader sees, and apart from it what the HTML hides from the reader's eye.

Nothing is fetched, scripts and comments are never text, pictures' alternative texts neither.
"""

from __future__ import annotations

import html as entities
import re
from urllib.parse import urlsplit

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement as Shape
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from mailhitl.mail.style import Look, Sheet, look_of
from mailhitl.mail.text import one_line, plain, tagged

#: Characters of HTML that are read, of text that comes out, of hidden text that is reported, links that are named.
INPUT = 256 * 1024
OUTPUT = 512 * 1024
HIDDEN = 2000
HIDDEN_PIECES = 20
LINKS = 1000
#: A few zero-width characters are typography, many are a message or an evasion.
ZERO_WIDTH = 16

#: Private-use characters that stand for "a quote begins", "a quote ends" on the way through inscriptis.
_QUOTE, _UNQUOTE = "\ue000", "\ue001"
_NOT_TEXT = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "textarea", "select"})
_HOST = re.compile(r"(?i)(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b|[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff]")

_BLOCK, _CELL = Shape(display=Display.block), Shape(suffix="  ")
#: A table's cells stand one after the other: laid out as a grid, one wide cell makes megabytes of blanks.
_CONFIG = ParserConfig(
    css=STRICT_CSS_PROFILE
    | dict.fromkeys(("table", "tr", "center", "ul", "ol", "dl", "dt", "dd", "form", "section", "hr"), _BLOCK)
    | {"td": _CELL, "th": _CELL, "q": Shape()}
    | {tag: Shape(display=Display.none) for tag in _NOT_TEXT},
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
        start_tag_mapping=dict.fromkeys(("table", "tr", "td", "th")),
        end_tag_mapping=dict.fromkeys(("table", "td", "th")),
    ),
)


def to_text(html: str) -> str:
    """Return the visible text, quotes behind ``>``, links followed by ``[their host]`` where the text says another."""
    return read(html)[0]


def hidden_text(html: str) -> tuple[str, ...]:
    """Return what the HTML holds and no reader sees: invisible styles, text coloured as its ground, tag characters."""
    return read(html)[1]


def read(html: str) -> tuple[str, tuple[str, ...]]:
    """Return (visible text, hidden texts) of the first 256 KB. Never raises."""
    source = html[:INPUT].replace("\0", "")
    tree = _tree(source)
    if tree is None:
        return _stripped(source), _smuggled([source])
    secret = _smuggled(_clean(tree))
    hidden = _cut_hidden(tree)
    _name_links(tree)
    _mark_quotes(tree)
    try:
        text = Inscriptis(tree, _CONFIG).get_text()
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        # inscriptis recurses and trusts the tree; the plain words are better than none.
        text = _stripped(source)
    return _tidied(text[:OUTPUT]), (*(piece[:HIDDEN] for piece in hidden[:HIDDEN_PIECES]), *secret)


def _tree(source: str) -> HtmlElement | None:
    """The parsed tree; None when there is none, or libxml2 gave up on a depth no mail program writes."""
    try:
        tree = document_fromstring(
            source.encode("utf-8", "replace"), HTMLParser(encoding="utf-8", remove_comments=True)
        )
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    said = "".join(tree.itertext()).strip()
    return tree if said or not _stripped(source) else None


def _stripped(source: str) -> str:
    """The words without the tags, for what no parser takes."""
    without = re.sub(r"(?is)<(script|style|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", " ", source)
    return " ".join(plain(entities.unescape(re.sub(r"<[^<>]*>?", " ", without))).split())[:OUTPUT]


def _clean(tree: HtmlElement) -> list[str]:
    """Drop what no eye sees from every text node, entities read; return those nodes' texts as they were."""
    odd: list[str] = []
    for element in tree.iter():
        for side in ("text", "tail"):
            text = getattr(element, side) or ""
            clean = plain(text).replace(_QUOTE, "").replace(_UNQUOTE, "")
            if clean != text:
                odd.append(text)
                setattr(element, side, clean)
    return odd


def _smuggled(texts: list[str]) -> tuple[str, ...]:
    whole = "".join(texts)
    many = len(_ZERO_WIDTH.findall(whole)) >= ZERO_WIDTH
    return (*tagged(whole)[:HIDDEN_PIECES], *(["(zero-width characters)"] if many else []))


def _cut_hidden(tree: HtmlElement) -> list[str]:
    """Empty every text node that cannot be seen; return what they said, neighbours joined."""
    sheet = Sheet(" ".join(style.text or "" for style in tree.iter("style")))
    looks = [Look()]
    pieces: list[list[str]] = []
    joined = False
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            looks.append(look_of(element, looks[-1], sheet))
            said = "" if element.tag in _NOT_TEXT else (element.text or "").strip()
            element.text = None if said and looks[-1].hidden else element.text
        else:
            looks.pop()
            said = (element.tail or "").strip()
            element.tail = None if looks[-1].hidden else element.tail
        if said and looks[-1].hidden:
            if not joined:
                pieces.append([])
            pieces[-1].append(said)
        joined = looks[-1].hidden if said else joined
    return [" ".join(" ".join(piece).split()) for piece in pieces]


def _name_links(tree: HtmlElement) -> None:
    for number, link in enumerate(tree.iter("a")):
        if number >= LINKS:
            return
        said = " ".join("".join(link.itertext())[:1000].split())
        target = _target(link.get("href") or "")
        first = _HOST.search(said.lower())
        told = said.strip("<>").lower() == target.lower()
        if said and target and not (told or (first and first[0].removeprefix("www.") == target.removeprefix("www."))):
            _append(link, f" [{target}]")


def _target(href: str) -> str:
    """Where a link leads: the host, or the address of a mailto; "" when it leads nowhere outside."""
    # Browsers take a backslash for a slash, and drop blanks and line ends.
    link = "".join(href[:2000].split()).replace("\\", "/")
    scheme = link.partition(":")[0].lower()
    if scheme == "mailto":
        return one_line(link[7:].partition("?")[0], 254)
    if scheme not in {"http", "https", "ftp"} and not link.startswith("//"):
        return ""
    try:
        host = urlsplit(re.sub(r"^(\w+:)?/*", "http://", link)).hostname or ""
        # The idna codec is quadratic: no host name is longer than this.
        return one_line(host if host.isascii() else host[:253].encode("idna").decode("ascii"), 254)
    except ValueError:
        return "unreadable address"


def _mark_quotes(tree: HtmlElement) -> None:
    for quote in tree.iter("blockquote"):
        quote.text = _QUOTE + (quote.text or "")
        _append(quote, _UNQUOTE)


def _append(element: HtmlElement, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _tidied(text: str) -> str:
    """Write quotes with ``>``, drop blanks at line ends, keep at most one empty line in a row."""
    lines: list[str] = []
    depth = 0
    for line in text.replace("\xa0", " ").split("\n"):
        depth += line.count(_QUOTE)
        content = line.replace(_QUOTE, "").replace(_UNQUOTE, "").rstrip()
        if content or (lines and lines[-1].strip("> ")):
            lines.append(f"{'>' * min(depth, 20)} {content}".strip() if depth else content)
        depth = max(depth - line.count(_UNQUOTE), 0)
    return "\n".join(lines).strip("\n")[:OUTPUT]
