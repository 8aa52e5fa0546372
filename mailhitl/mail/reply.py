"""A reply to a packet, read for the one command it may hold (review-protocol §5).

Only the first line that the reviewer newly wrote can be a command, and only if it is nothing else. Whatever is left
unclear is no command: then we ask, because a wrong "approve" cannot be taken back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile

from mailhitl.mail.message import Message
from mailhitl.mail.text import LOOKED_AT

#: What people write → the command they mean: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish,
#: Swedish, Russian, Chinese, Japanese. A word may stand under one command only.
WORDS: dict[str, tuple[str, ...]] = {
    "approve": (
        *("approve", "approved", "yes", "y", "ok", "okay", "send"),
        *("freigeben", "freigegeben", "genehmigt", "genehmigen", "ja", "senden", "passt"),
        *("approuver", "approuvé", "oui", "envoyer", "aprobar", "aprobado", "sí", "si", "enviar"),
        *("approva", "approvato", "sì", "aprovar", "aprovado", "sim", "goedgekeurd", "goedkeuren"),
        *(
            "zatwierdź",
            "zatwierdzam",
            "tak",
            "godkänn",
            "godkänd",
            "да",
            "одобрить",
            "одобрено",
            "批准",
            "同意",
            "承認",
        ),
    ),
    "reject": (
        *("reject", "rejected", "no", "n", "nope", "decline", "declined"),
        *("ablehnen", "abgelehnt", "nein", "verwerfen", "rejeter", "rejeté", "refuser", "refusé", "non"),
        *("rechazar", "rechazado", "rifiuta", "rifiutato", "recusar", "recusado", "rejeitar", "não", "nao"),
        *("afwijzen", "afgewezen", "nee", "odrzuć", "odrzucam", "nie", "avslå", "avslag", "nej"),
        *("нет", "отклонить", "отклонено", "拒绝", "却下"),
    ),
    "edit": ("edit", "edited", "ändern", "geändert", "modifier", "editar", "modifica", "wijzigen", "改"),
    "escalate": ("escalate", "escalated", "eskalieren", "weiterleiten", "escalader", "escalar", "escalare"),
    "redraft": ("redraft", "rewrite", "neu", "umschreiben", "reformuler", "reescribir", "riscrivi"),
    "snooze": ("snooze", "later", "später", "luego", "dopo"),
    "arrived": ("arrived", "angekommen", "arrivé", "llegó", "arrivato"),
    "queue": ("queue", "list", "warteschlange", "liste", "cola", "coda", "wachtrij"),
    "help": ("help", "hilfe", "aide", "ayuda", "aiuto"),
}
#: These say all by themselves; anything more makes them unclear.
ALONE = frozenset({"approve", "arrived", "queue", "help"})
#: These take everything that follows, over several paragraphs.
WITH_TEXT = frozenset({"edit", "redraft"})
#: A paragraph after "approve" with a line that begins like this takes something back or asks for a change.
SECOND_THOUGHTS = frozenset(
    {
        *("but", "however", "except", "unless", "although", "though", "wait", "stop", "hold", "sorry", "don't", "dont"),
        *("not", "only", "if", "after", "once", "instead", "please", "change", "remove", "add", "replace", "fix"),
        *("aber", "jedoch", "allerdings", "ausser", "warte", "halt", "doch", "nicht", "nur", "wenn", "falls", "bitte"),
        *("mais", "sauf", "attends", "attendez", "pero", "salvo", "espera", "ma", "però", "aspetta", "mas", "maar"),
    }
)


@dataclass(frozen=True, slots=True)
class Command:
    """What a reviewer wants: a key of ``WORDS`` and the reason, text, group or time that goes with it, "" if none."""

    word: str
    argument: str


def read_command(message: Message, packet_text: str) -> Command | None:
    """Return the command in a reply to the packet whose text is ``packet_text``; None when there is no clear one.

    Whether the sender may give commands, and whether a machine wrote the reply, is for the caller to find out.
    """
    first, *rest = new_lines(message, packet_text) or [""]
    command = said(first)
    if command is None:
        return None
    if command.word in WITH_TEXT:
        whole = len(message.text) <= LOOKED_AT
        return Command(command.word, "\n".join((command.argument, *rest)).strip()) if whole else None
    below = list(takewhile(str.strip, rest))
    if command.word not in ALONE:
        return Command(command.word, " ".join((command.argument, *below)).strip())
    return command if not below and not _taken_back(command, rest) else None


#: What people answer to a question about what was sent already, or about a rule. No reason for a rejection may hold a
#: word of ``WORDS``, so these stand apart.
VERDICTS: dict[str, tuple[str, ...]] = {
    "right": ("right", "correct", "ok", "richtig", "stimmt", "passt", "juste", "correcto", "corretto", "goed"),
    "wrong": ("wrong", "incorrect", "falsch", "faux", "incorrecto", "sbagliato", "fout"),
    "promote": ("promote", "befördern"),
}
_VERDICTS = {word: verdict for verdict, words in VERDICTS.items() for word in words}


def read_verdict(message: Message, sent_text: str) -> Command | None:
    """Return the answer to a ticket whose text is ``sent_text``; None when there is no clear one.

    ``wrong`` takes whatever follows as its reason; the others must stand alone and not be taken back.
    """
    first, *rest = new_lines(message, sent_text) or [""]
    word, *more = _words(first) or [""]
    verdict = _VERDICTS.get(word)
    below = list(takewhile(str.strip, rest))
    if verdict == "wrong":
        argument = re.sub(r"^[\W_]*\w+[\W_]*", "", first)
        return Command(verdict, " ".join((argument, *below)).strip())
    if verdict is None or more or below or "?" in first or _second_thoughts(rest):
        return None
    return Command(verdict, "")


def _second_thoughts(rest: Sequence[str]) -> bool:
    following = list(takewhile(str.strip, dropwhile(lambda line: not line.strip(), rest)))
    return any((SECOND_THOUGHTS | {"wrong", "falsch"}).intersection(_words(line)[:1]) for line in following)


def new_lines(message: Message, sent_text: str) -> list[str]:
    """The lines newly written in a reply to our mail whose text was ``sent_text``, up to the signature."""
    if message.truncated or not message.readable:
        return []
    return _Packet(sent_text).cut(message.new_text.split("\n"))


#: Nothing of it can match in two ways, so the time is linear.
_LINE = re.compile(r"(?P<word>[^\W\d_]+)(?P<mark>\s*[:：]|\s+[-–—]\s|\s|[.!]*\Z)(?P<argument>.*)", re.DOTALL)
#: What people and clients put around a word (``*approve*``); around a whole sentence it is part of it.
_DECORATION = " \t\xa0*_`\"'“”„«»‘’"
_COMMANDS = {word.casefold(): command for command, words in WORDS.items() for word in words}


def said(line: str) -> Command | None:
    """Read one line as a command; None unless it is nothing else.

    A bare blank between word and reason will do only for the command's own name.
    """
    line = unicodedata.normalize("NFC", line).strip()
    bare = line.strip(_DECORATION)
    found = _LINE.fullmatch(line if " " in bare else bare)
    if found is None:
        return None
    written, mark, argument = found["word"].casefold(), found["mark"].strip(), found["argument"].strip()
    word = _COMMANDS.get(written)
    if word is None or (word in ALONE and (argument or mark in {":", "："})):
        return None
    if argument and mark not in {":", "："} and (written != word or word == "edit" or _ambiguous(word, argument)):
        return None
    return Command(word, argument)


def _ambiguous(word: str, argument: str) -> bool:
    """Whether what follows is a question, or names another command as well."""
    return argument.endswith("?") or any(_COMMANDS.get(other, word) != word for other in _words(argument))


def _taken_back(command: Command, rest: Sequence[str]) -> bool:
    """Whether the lines after a command that stands alone say otherwise."""
    if any(other and other.word != command.word for other in map(said, rest)):
        return True
    return _second_thoughts(rest)


class _Packet:
    """What our packet says, to tell its lines from the reviewer's where a client quotes without ``>`` (Outlook)."""

    def __init__(self, text: str) -> None:
        lines = [" ".join(_words(line)) for line in text.split("\n")]
        self._lines = frozenset(filter(None, lines))
        self._begin = next(filter(None, lines), None)
        self._words = f" {' '.join(' '.join(lines).split())} "

    def cut(self, lines: Sequence[str]) -> list[str]:
        """Drop what stands before the first line that is not the packet's, and all from where the packet begins."""
        above: list[str] = []
        for number, line in enumerate(lines):
            words = _words(line)
            if words and not self._holds(words, above):
                return list(takewhile(lambda each: " ".join(_words(each)) != self._begin, lines[number:]))
            above = [*above, *words][-_PIECE:]
        return []

    def _holds(self, words: list[str], above: list[str]) -> bool:
        """Whether these words are a line of the packet, a long piece of one, or the rest of one that was wrapped.

        A line that only says "yes" in the draft counts as well: then the reviewer's "yes" is asked back.
        """
        if " ".join(words) in self._lines:
            return True
        return any(len(piece) > _PIECE and f" {' '.join(piece)} " in self._words for piece in (words, [*above, *words]))


#: So many words in a row are no coincidence.
_PIECE = 3


def _words(line: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", unicodedata.normalize("NFC", line).casefold().replace("’", "'"))
