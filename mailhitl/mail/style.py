"""How an HTML element looks, as far as it decides whether a reader sees its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

#: Characters of style sheets read, and of one style attribute.
SHEET = 64 * 1024
ATTRIBUTE = 2000
#: Pixels or points below which nobody reads; steps of a colour channel nobody tells apart; how far off is off-screen.
TINY = 2.0
SAME = 16
OFF_SCREEN = -500.0

Colour = tuple[int, int, int]
Properties = Mapping[str, str]

COLOURS: dict[str, Colour] = {
    "black": (0, 0, 0),
    "silver": (192, 192, 192),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "white": (255, 255, 255),
    "maroon": (128, 0, 0),
    "red": (255, 0, 0),
    "purple": (128, 0, 128),
    "fuchsia": (255, 0, 255),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "olive": (128, 128, 0),
    "yellow": (255, 255, 0),
    "navy": (0, 0, 128),
    "blue": (0, 0, 255),
    "teal": (0, 128, 128),
    "aqua": (0, 255, 255),
    "orange": (255, 165, 0),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "floralwhite": (255, 250, 240),
}

_NUMBER = re.compile(r"(-?\d{0,9}\.?\d{1,9})(px|pt|em|rem|ex|vw|%)?")
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,9})(%?))?\s*\)")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTOR = re.compile(r"[a-z0-9]*(?:[.#][\w-]+)?")


@dataclass(frozen=True, slots=True)
class Look:
    """What an element's own text looks like. A colour is None when we cannot know it (a picture behind, an odd name).

    ``gone`` holds for all that is inside, whatever it says; the others an element inside may change.
    """

    gone: bool = False
    invisible: bool = False
    tiny: bool = False
    colour: Colour | None = (0, 0, 0)
    ground: Colour | None = (255, 255, 255)

    @property
    def hidden(self) -> bool:
        return self.gone or self.invisible or self.tiny or self._drowned

    @property
    def _drowned(self) -> bool:
        if self.colour is None or self.ground is None:
            return False
        return max(abs(one - other) for one, other in zip(self.colour, self.ground, strict=True)) <= SAME


#: Whatever is inside one of these cannot be seen.
GONE: tuple[Callable[[Properties], bool], ...] = (
    lambda css: css.get("display", "").startswith("none"),
    lambda css: _number(css.get("opacity", "1"), 1.0) <= 0.1,
    lambda css: _number(css.get("text-indent", "0"), 0.0) <= OFF_SCREEN,
    lambda css: (
        css.get("position", "") in {"absolute", "fixed"}
        and any(_number(css.get(side, "0"), 0.0) <= OFF_SCREEN for side in ("left", "top", "right", "bottom"))
    ),
    lambda css: any(_number(css.get(side, "0"), 0.0) <= OFF_SCREEN for side in ("margin-left", "margin-top")),
    lambda css: (
        css.get("overflow", "").startswith("hidden")
        and any(_number(css.get(side, "9"), 9.0) <= 1.0 for side in ("height", "max-height", "width", "max-width"))
    ),
    lambda css: css.get("clip", "").replace(" ", "").startswith(("rect(0", "rect(1px,1px,1px,1px")),
    lambda css: css.get("clip-path", "").replace(" ", "").startswith(("inset(50%", "inset(100%", "circle(0")),
    lambda css: css.get("transform", "").replace(" ", "").startswith("scale(0"),
)


class Sheet:
    """The rules of a mail's ``<style>`` elements, as far as their selectors are one tag, class or id.

    What stands within @media and the like is left out: it applies on some screens only.
    """

    def __init__(self, css: str) -> None:
        self._rules: dict[str, dict[str, str]] = {}
        for selectors, body in _rules(_COMMENT.sub("", css[:SHEET]).lower()):
            properties = declarations(body)
            for selector in (name.strip() for name in selectors.split(",")):
                if selector and _SELECTOR.fullmatch(selector):
                    self._rules.setdefault(selector, {}).update(properties)

    def properties(self, element: Any) -> dict[str, str]:
        """What the sheet says of this element, the id's rules last."""
        if not self._rules:
            return {}
        tag = element.tag if isinstance(element.tag, str) else ""
        found = dict(self._rules.get(tag, {}))
        for name in (element.get("class") or "").lower().split()[:20]:
            found |= self._rules.get(f".{name}", {}) | self._rules.get(f"{tag}.{name}", {})
        if identity := (element.get("id") or "").lower():
            found |= self._rules.get(f"#{identity}", {}) | self._rules.get(f"{tag}#{identity}", {})
        return found


def look_of(element: Any, parent: Look, sheet: Sheet) -> Look:
    """How ``element`` looks inside ``parent``."""
    style = element.get("style")
    css = sheet.properties(element) | _from_attributes(element)
    if style:
        css |= declarations(_COMMENT.sub("", style[:ATTRIBUTE]).lower())
    if parent.gone or (not css and element.tag != "a"):
        return parent
    gone = "hidden" in css or any(test(css) for test in GONE)
    return replace(
        parent,
        gone=gone,
        invisible=css["visibility"] in {"hidden", "collapse"} if "visibility" in css else parent.invisible,
        tiny=_tiny(css, parent.tiny),
        ground=_ground(css, parent.ground),
        colour=_colour_of(element, css, parent, _ground(css, parent.ground)),
    )


def declarations(body: str) -> dict[str, str]:
    """``display:none; color:#fff`` as a dict. Expects lower case."""
    pairs = (declaration.partition(":") for declaration in body.split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, colon, value in pairs if colon}


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield (selectors, body) of the rules outside of @-blocks."""
    depth, inside_at, selectors = 0, False, ""
    for piece in re.split(r"([{}])", css):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth = max(depth - 1, 0)
        elif depth == 0:
            # "@import …;" may stand in front.
            selectors = piece.rpartition(";")[2].strip()
            inside_at = selectors.startswith("@")
        elif depth == 1 and not inside_at:
            yield selectors, piece


def _from_attributes(element: Any) -> dict[str, str]:
    """The attributes that HTML mail still uses for what CSS does."""
    css: dict[str, str] = {}
    if "hidden" in element.attrib:
        css["hidden"] = ""
    for attribute, name in (("bgcolor", "background"), ("color", "color"), ("text", "color")):
        if attribute in element.attrib:
            css[name] = element.get(attribute).strip().lower()
    if "background" in element.attrib:
        css["background"] = "url("
    if element.tag == "font" and element.get("size") == "0":
        css["font-size"] = "0"
    return css


def _tiny(css: Properties, inherited: bool) -> bool:
    text = css.get("font-size") or next(
        iter(re.findall(r"\d[\d.]{0,9}(?:px|pt|em|rem|%)?(?=[/\s])", css.get("font", ""))), ""
    )
    match = _NUMBER.match(text)
    if match is None:
        return inherited
    size, unit = float(match[1]), match[2] or "px"
    if unit in {"px", "pt", "vw"}:
        return size <= TINY
    return (inherited and unit != "rem") or size <= (15.0 if unit == "%" else 0.15)


def _ground(css: Properties, inherited: Colour | None) -> Colour | None:
    value = css.get("background-color") or css.get("background") or ""
    if "url(" in css.get("background", "") + css.get("background-image", "") or "gradient" in value:
        return None
    if not value or value in {"none", "transparent", "inherit", "initial"}:
        return inherited
    return _colour(value)


def _colour_of(element: Any, css: Properties, parent: Look, ground: Colour | None) -> Colour | None:
    value = css.get("color", "")
    if value == "transparent" or _faded(value):
        return ground
    if value and value not in {"inherit", "initial", "unset"}:
        return _colour(value)
    return (0, 0, 238) if element.tag == "a" and element.get("href") else parent.colour


def _faded(value: str) -> bool:
    match = _RGB.search(value)
    return match is not None and match[4] is not None and float(_number(match[4], 1.0)) <= (10 if match[5] else 0.1)


def _colour(value: str) -> Colour | None:
    """The first colour in ``value``; None when it has none we know."""
    if match := _HEX.search(value):
        digits = match[1] if len(match[1]) > 4 else "".join(digit * 2 for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if match := _RGB.search(value):
        return int(match[1]), int(match[2]), int(match[3])
    bare = value if re.fullmatch(r"[0-9a-f]{6}", value) else ""
    if bare:
        return int(bare[:2], 16), int(bare[2:4], 16), int(bare[4:], 16)
    return next((COLOURS[word] for word in value.split() if word in COLOURS), None)


def _number(value: str, default: float) -> float:
    match = _NUMBER.match(value)
    return float(match[1]) if match else default
