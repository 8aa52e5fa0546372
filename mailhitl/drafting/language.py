"""The language of a short text, by its commonest words. Says "" rather than guess."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

#: The commonest words of each language, as they stand in letters; none that is a name or a brand.
_COMMON: dict[str, str] = {
    "en": (
        "a about all am an and any are as at be been but by can could did do does for from get had has have hello "
        "hi how i if in is it just like me my no not of on or our please regards so thank thanks that the their "
        "them then there they this to up us was we were what when where which who why will with would yes you "
        "your"
    ),
    "de": (
        "aber alle als am an auch auf aus bei bin bis bitte da danke das dass dem den der des die doch ein eine "
        "einem einen einer er es für geehrte grüße guten habe haben hallo hat ich ihr ihre ihren ihnen im in ist "
        "ja kann können mein meine meinen mich mir mit nach nicht noch nur oder schon sehr seid sie sind so tag "
        "über um und uns von vor wann war was wenn wer wie wir wird wo zu zum zur"
    ),
    "fr": (
        "à au aux avec avez bonjour ce ces cette comme comment dans de des du elle en est et être il ils j'ai je "
        "la le les leur mais ma mes merci moi mon ne nous on ou où par pas pour pouvez quand que quel quelle qui "
        "sa se ses si son sont sur suis un une vos votre vous été"
    ),
    "es": (
        "a al buenas buenos como con cuando cuándo cómo de del días el ella en es esta está este esto gracias ha "
        "hay he hola la las le lo los me mi mis muy más no nos o para pero por porque pueden qué que se si sí sin "
        "son su sus también tengo un una usted ustedes y ya yo"
    ),
    "it": (
        "a al alla anche avete buongiorno che chi ci ciao come con da dal dei del della di dove e ed è gli grazie "
        "ha ho i il in io la le lo loro ma mi mia mio nel non o per perché più potete quando quanto questa questo "
        "se si sono sul un una vi vostra vostro"
    ),
    "nl": (
        "aan al als bedankt ben bij dag dan dank dat de deze die dit door een en er geen goed graag groet groeten "
        "had hallo heb hebben heeft het hij hoe ik in is jullie kan kunt maar me met mij mijn naar niet nog of om "
        "onze ook op te tot u uit uw van voor waar wanneer wat we welke wel wij zijn zo"
    ),
    "pt": (
        "a ao aos as até boa bom com como da das de dia do dos e ela ele em é está estão eu foi gostaria há isso "
        "já mais mas me meu minha muito na não no nos o obrigada obrigado olá os ou para pela pelo podem por "
        "porque quando que se sem ser seu sua são também tem tenho um uma você vocês"
    ),
}

STOP_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}

#: A letter that says as much as a common word.
LETTERS: dict[str, str] = {
    "ß": "de",
    "ä": "de",
    "ö": "de",
    "ü": "de",
    "ñ": "es",
    "¿": "es",
    "¡": "es",
    "ã": "pt",
    "õ": "pt",
}

#: Characters that are looked at, the least weight that counts as knowing, and how far the first must lead.
MAX_TEXT = 4_000
LEAST = 1.5
LEAD = 1.3

#: Links, addresses, file names: "example.com" is no Portuguese.
_CODE = re.compile(r"[@/\\<>=_]|\w\.\w")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_WEIGHTS: dict[str, dict[str, float]] = {}
for _language, _words in STOP_WORDS.items():
    for _word in _words:
        _WEIGHTS.setdefault(_word, {})[_language] = 0.0
for _shares in _WEIGHTS.values():
    # A word of three languages says a third as much for each.
    _shares.update(dict.fromkeys(_shares, 1 / len(_shares)))


def language_of(text: str) -> str:
    """Return ``en``, ``de``, ``fr``, ``es``, ``it``, ``nl`` or ``pt``; "" when the text is too short or another's."""
    return _language_of(text[:MAX_TEXT])


def several_languages(text: str) -> tuple[str, ...]:
    """Return the languages of its paragraphs, in their order, where the whole can be told for none: a skeleton in one
    and sentences in another. Empty where there are not several."""
    if language_of(text):
        return ()
    told = (language_of(paragraph) for paragraph in text[:MAX_TEXT].split("\n\n"))
    found = tuple(dict.fromkeys(language for language in told if language))
    return found if len(found) > 1 else ()


# Every step that a mail passes asks again.
@lru_cache(maxsize=64)
def _language_of(text: str) -> str:
    start = " ".join(token for token in text.lower().split() if token.isalpha() or not _CODE.search(token))
    words = Counter(_WORD.findall(start.replace("’", "'")))
    scores: Counter[str] = Counter()
    known = 0
    for word in words.keys() & _WEIGHTS.keys():
        known += words[word]
        for language, share in _WEIGHTS[word].items():
            scores[language] += share * words[word]  # type: ignore[assignment]
    for letter in set(start) & LETTERS.keys():
        scores[LETTERS[letter]] += 1
    ranked = [*scores.most_common(2), ("", 0), ("", 0)]
    (best, score), (_, second) = ranked[0], ranked[1]
    # Common words are a third to a half of any text; far fewer means that none of the seven is spoken here.
    sure = score >= LEAST and score >= LEAD * second and known * 6 >= words.total()
    return best if sure else ""
