"""Plain text: what is hidden in it, what is new in it, and the shape it has on the wire (RFC 3676)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

import quotequail

#: Characters per line of format=flowed, the trailing space included (RFC 3676 4.2).
WIDTH = 78
#: What ``new_words`` looks at, and what ``quote`` quotes.
LOOKED_AT = 64 * 1024
LINES = 2000
QUOTED_LINES = 200
QUOTED = 20_000
ATTRIBUTION = 400

#: Nobody sees these: zero-width marks, soft hyphen, fillers, variation selectors that select nothing, tag characters.
#: A joiner between letters of its own script stays: Persian and Hindi words and emoji need it.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202d\u202e\u2060-\u2064\u206a-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\U0001d173-\U0001d17a\ufffe\uffff\U000e0000-\U000e0fff]"
    "|[\u200c\u200d](?![\u0530-\u1fff\u2190-\u2bff\U0001f000-\U0001faff])"
    "|(?<![\u0530-\u1fff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufff9-\ufffb]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,10}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-Z\\^_])")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")

#: Ends of a line that quotequail's attributions and markers have; all other lines need not be tried.
_ENDS = (":", ">", "-", "_")
#: Outlook quotes without marks, below a block like "From: … Sent: … To: … Subject: …".
_HEADER_LINE = re.compile(r"\*?([^\W\d_][\w -]{0,18}?) ?:\*?(?:\s|$)")
_AUTHOR = re.compile(r"(?i)from|von|de|da|van|från|fra|lähettäjä|od|от|kimden|发件人|差出人")
_SENT = re.compile(
    r"(?i)sent|date|gesendet|datum|envoyé|enviado|fecha|data|inviato|verzonden|skickat|sendt|lähetetty|wysłano|odesláno|"
    r"отправлено|дата|gönderilen|发送时间|送信日時"
)
_TOPIC = re.compile(
    r"(?i)subject|betreff|objet|sujet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|тема|konu|主题|件名|"
    r"to|an|à|para|a|aan|till|til|vastaanottaja|do|komu|кому|kime|收件人|宛先"
)
_RULE = re.compile(r"\s*[-_=*]{10,}\s*")
#: The upper line of an attribution that was broken within its address: it says when, and its "<" is not closed.
_BROKEN_OFF = re.compile(r"(?:\d{4}|\d{1,2}[:.]\d{2}).*<[^<>]*")
#: Any language: a line that says when or who, right above quoted lines.
_SAYS_WHO = re.compile(r"(?:\d{4}|\d{1,2}[:.]\d{2}|@|wrote|schrieb|a écrit|escribió).{0,200}:$")
_PHONE = re.compile(
    r"(?i)(?:sent|gesendet|envoyé|enviado|inviato|verzonden|skickat|wysłane)\b.{1,30}\b"
    r"(?:i?phone|ipad|android|blackberry|handy|mobile|móvil|samsung|outlook for (?:ios|android))\b.{0,60}"
)


def plain(text: str) -> str:
    """Return ``text`` without what no eye can see: control, zero-width, tag and direction-override characters."""
    if text.isascii() and text.isprintable():
        return text
    seen = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return seen if seen.isascii() else _UNSEEN.sub("", seen)


def tagged(text: str) -> tuple[str, ...]:
    """Return what is written in tag characters (U+E0020–E007E), as the ASCII text a machine would read."""
    if text.isascii():
        return ()
    return tuple("".join(chr(ord(letter) - 0xE0000) for letter in run) for run in _TAGS.findall(text))


def one_line(text: str, limit: int = 500) -> str:
    """Return ``text`` as one line of at most ``limit`` characters that can do no harm in a header, log or terminal."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return " ".join(text.split()) if "  " in text else text.strip()
    # White space first: split() also takes CR, LF, VT, FF, 0x1c-0x1f, 0x85, U+2028 and U+2029 for it.
    line = " ".join(_ANSI.sub("", text[: limit * 4]).split())
    line = _UNSEEN.sub("", _BIDI.sub("", _CONTROL.sub("", line)))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def unflow(text: str, *, delsp: bool = False) -> str:
    """Join the lines that format=flowed broke (RFC 3676 4.1–4.5). ``delsp`` is that parameter of the content type."""
    paragraphs: list[tuple[int, list[str]]] = []
    still_open = False
    for line in text.split("\n"):
        depth, content = _depth(line)
        content = content.removeprefix(" ")
        signature = content == "-- "
        flowed = content.endswith(" ") and not signature
        if flowed and delsp:
            content = content[:-1]
        if still_open and not signature and paragraphs[-1][0] == depth:
            paragraphs[-1][1].append(content)
        else:
            paragraphs.append((depth, [content]))
        still_open = flowed
    return "\n".join(_quoted(depth, _trimmed("".join(pieces))) for depth, pieces in paragraphs)


def flow(text: str) -> str:
    """Return ``text`` as format=flowed lines of at most 78 characters where there are spaces (RFC 3676 4.2)."""
    return "\n".join(line for paragraph in text.split("\n") for line in _flowed(paragraph))


def _flowed(paragraph: str) -> Iterator[str]:
    depth, content = _depth(paragraph)
    content = _trimmed(content.removeprefix(" ") if depth else content)
    room = max(WIDTH - depth - 1, 20)
    while len(content) > room:
        end = content.rfind(" ", 1, room) + 1 or content.find(" ", room) + 1
        # Alone on its line "-- " would read as the signature's mark.
        if not end or content[:end] == "-- " or not content[end:].strip(" "):
            break
        yield _stuffed(depth, content[:end])
        content = content[end:]
    yield _stuffed(depth, content)


def _depth(line: str) -> tuple[int, str]:
    content = line.lstrip(">")
    return len(line) - len(content), content


def _stuffed(depth: int, content: str) -> str:
    if depth:
        return _quoted(depth, content)
    return f" {content}" if content.startswith((" ", ">", "From ")) else content


def _quoted(depth: int, content: str) -> str:
    return f"{'>' * depth} {content}" if depth and content else ">" * depth + content


def _trimmed(content: str) -> str:
    return content if content == "-- " else content.rstrip(" ")


def quote(text: str, *, attribution: str) -> str:
    """Return ``attribution`` and below it ``text`` behind ``> ``, at most 200 lines and 20,000 characters of it."""
    lines = text[:QUOTED].rstrip().split("\n")
    cut = len(text) > QUOTED or len(lines) > QUOTED_LINES
    shown = [*lines[:QUOTED_LINES], *(["[…]"] if cut else [])]
    marked = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in shown)
    return "\n".join((one_line(attribution), *marked))


def new_words(text: str) -> str:
    """Return what the writer newly wrote: without quotes, attributions, forwarded header blocks and signature.

    "" when nothing of it is new (a bare forward). Only the first 64 KB and 2,000 lines are looked at.
    """
    lines = text[:LOOKED_AT].split("\n")[:LINES]
    attributions = _attributions(lines)
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        span = attributions.get(number, 0)
        if line.rstrip() == "--" or (kept and _begins_unmarked(lines, number, span)):
            break
        if span or line.lstrip().startswith(">"):
            number += span or 1
            continue
        if kept or line.strip():
            kept.append(line.rstrip())
        number += 1
    return _without_phone(re.sub(r"\n{3,}", "\n\n", "\n".join(_without_rules(kept)).strip()))


def _begins_unmarked(lines: list[str], number: int, span: int) -> bool:
    """Whether all from here on is quoted without marks."""
    return _header_block(lines, number) or (span > 0 and not _marked_after(lines, number + span))


def _without_rules(lines: list[str]) -> list[str]:
    """Drop the rules and empty lines that stood above a quote."""
    end = next((n for n in range(len(lines), 0, -1) if lines[n - 1].strip() and not _RULE.fullmatch(lines[n - 1])), 0)
    return lines[:end]


def _attributions(lines: list[str]) -> dict[int, int]:
    """Where an attribution or forward marker begins → how many lines it takes (clients wrap it over up to three)."""
    found: dict[int, int] = {}
    for end, line in enumerate(lines):
        if line.rstrip().endswith(_ENDS) and not line.lstrip().startswith(">"):
            # The shortest one that ends here: some patterns begin with anything.
            spans = (span for span in range(1, min(3, end + 1) + 1) if _known(lines[end - span + 1 : end + 1]))
            span = next(spans, 0) or _says_who(lines, end)
            found.update({end - span + 1: span} if span else {})
    return found


def _known(window: list[str]) -> bool:
    """Whether quotequail knows these lines as an attribution."""
    line = " ".join(part.strip() for part in window)
    # One of its patterns is cubic in a line's "@"; an attribution names one or two addresses.
    return (
        all(part.strip() for part in window)
        and len(line) <= ATTRIBUTION
        and line.count("@") <= 4
        and len(quotequail.quote(line)) > 1
    )


def _says_who(lines: list[str], end: int) -> int:
    """How many lines an attribution takes that ends here, in whatever language; 0 when none does."""
    below = takewhile(lambda after: not after or after[0] == ">", lines[end + 1 : end + 3])
    line, above = lines[end], lines[end - 1][-ATTRIBUTION:].strip() if end else ""
    if not any(after.startswith(">") for after in below) or not _SAYS_WHO.search(line[-ATTRIBUTION:]):
        return 0
    return 2 if ">" in line.partition("<")[0] and _BROKEN_OFF.fullmatch(above) else 1


def _marked_after(lines: list[str], number: int) -> bool:
    """Whether the next line that says something is marked as quoted, or there is none."""
    following = next((line for line in lines[number : number + 50] if line.strip()), ">")
    return following.lstrip().startswith(">")


def _header_block(lines: list[str], number: int) -> bool:
    """Whether Outlook's unmarked header block begins here: within seven lines an author, a date and whom or what about.

    All three, because a contact form has a From and a Subject too.
    """
    if not _HEADER_LINE.match(lines[number]):
        return False
    matches = (_HEADER_LINE.match(line) for line in lines[number : number + 7])
    names = [match[1] for match in matches if match]
    return all(any(kind.fullmatch(name) for name in names) for kind in (_AUTHOR, _SENT, _TOPIC))


def _without_phone(text: str) -> str:
    """Drop a phone's last line ("Sent from my iPhone")."""
    above, _, last = text.rpartition("\n")
    return above.rstrip() if above and _PHONE.fullmatch(last.strip()) else text
