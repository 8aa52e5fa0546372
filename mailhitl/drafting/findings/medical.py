"""The gate ``medical``: health, treatments, doses."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

MEDICAL = Topic(
    says=(
        r"\w+itis\b|arthr\w+|rheuma\w*|thrombos\w+|eczema\w*|psoriasis\b|epilep\w+|dementia\b|adhd\b|fever\b|flu\b",
        r"blood thinners?\b|painkillers?\b|pacemakers?\b|wounds?\b|joint (?:pain|problem)s?\b|eases? your\b",
        r"ekzem\w*|neurodermitis\b|schuppenflechte\b|demenz\b|fieber\b|grippe\b|blutverdünn\w*|herzschrittmacher\w*",
        r"hilft (?:auch )?(?:gegen|bei) (?:\w+ )?(?:\w*schmerz\w*|müdigkeit|erkältung\w*|stress)\b|krankheit\w*",
        r"erkrank\w+",
        r"feel(?:s|ing)? (?:sick|ill|unwell|dizzy|nauseous|faint)\b|(?:reliev|eas|sooth)\w+ (?:\w+ )?pains?\b",
        r"skin (?:irritation|reaction|problem|condition)s?\b|vitamins?\b",
        r"good for (?:your|the) (?:health|skin|back|sleep|heart|eyes)\b",
        r"health (?:benefit|problem|condition|risk|claim)s?\b",
        r"sleep better\b|insomnia\b|übel (?:wird|ist|werden|wurde)\b|unwohl\b|hautreiz\w*|hautproblem\w*",
        r"gesundheit(?:lich\w*|srisik\w*|sproblem\w*|sschäd\w*)\b",
        r"gut für (?:ihre|ihren|die|den|das) (?:gesundheit|haut|rücken|schlaf|herz|augen)\b|vitamine?\b",
        r"besser schlafen\b|schlaflos\w*",
        r"diagnos\w+|symptom\w*|dos(?:e|es|age|ages)\b|medic(?:al|ally|ation|ations|ine|ines|inal)\b",
        r"prescri(?:be|bed|ption|ptions)\b|side[ -]effects?\b",
        r"\w*allerg\w+|pregnan\w+|cur(?:e|es|ed)\b|heal(?:s|ed|ing)?\b",
        r"treat(?:s|ed|ing|ment|ments)? (?:your|the|of|for|\w+itis|\w*pain)\b|\w*therap(?:y|ies|eutic)\b",
        r"clinical(?:ly)?\b|(?:back|joint|chest|muscle|neck|stomach) pain\w*|migraines?\b|headaches?\b|asthma\w*",
        r"diabet\w+|blood pressure\b|immune system\b|rash(?:es)?\b",
        r"(?:a|your|the) (?:doctor|physician|gp)\b|tablets? (?:a day|before|after|daily|twice)|pills?\b|depression\b",
        r"infect(?:ion|ed|ions)\b|(?:blood|heart) (?:sugar|rate|disease)\b|cancer\b",
        r"diagnose\w*|dosis\b|dosier\w*|\w*medikament\w*|medizin\w*|arznei\w*|nebenwirkung\w*|schwanger\w*",
        r"heil(?:t|en|te|ung|end\w*)\b|rezeptpflichtig\w*|klinisch\w*",
        r"\w+schmerz(?:en|mittel)?\b|schmerzen\b|migräne\w*|asthma\w*|diabet\w+|blutdruck\w*|blutzucker\w*",
        r"immunsystem\w*|(?:haut)?ausschlag\b|zum arzt\b|(?:ihren|einen|ihre|eine|ihrem) (?:haus)?(?:arzt|ärztin)\b",
        r"tabletten\b|pillen?\b|\w*depression\w*|infektion\w*|therapie\w*|\w+therapien?\b|krebs\b|wunde[n]?\b",
    ),
    unless=(
        r"(?:can ?not|can't|do not|don't|may not|not) (?:give|offer|provide) (?:you )?(?:any )?medical advice\b",
        r"(?:resin|glue|paint|concrete|adhesive|lacquer) cures\b|cures? overnight\b",
        r"(?:self-?|router |network |software )diagnos\w+|diagnos\w+ (?:page|tool|port|menu|mode)s?\b",
        r"(?:a |the |your )?doctor's (?:surgery|office|practice)|(?:ihre|die|eine|der|einer|pro) dose\w*",
        r"dose (?:farbe|lack|öl|wachs)|(?:a|the) headache (?:to|for us)\b",
        r"medizinischen? (?:rat|beratung) (?:dürfen|können|geben)\b|selbstdiagnose\w*",
        r"diagnose(?:programm|modus|anschluss|seite)\w*|dosierknopf\w*|dosierpumpe\w*|kopfzerbrechen\b",
    ),
    mail=(
        r"hospital\b|doctor\b|dizzy\b|vomit\w*|nausea\w*|itch\w*|swollen\b|sick from\b|poison(?:ed|ing)\b|ill after\b",
        r"krankenhaus\b|arzt\b|ärztin\b|schwindlig\b|schwindelig\b|übelkeit\b|erbrochen\b|juck\w*|geschwollen\b",
        r"vergift\w*|notaufnahme\b",
    ),
)


def medical(answer: Answer) -> Iterator[str]:
    """The draft speaks of an illness, a treatment, a dose, an effect on the body, or tells somebody to see a doctor.

    "We cannot give medical advice", resin that cures and the self-diagnosis of a router do not count.
    """
    return MEDICAL.in_answer(answer.own)


def in_mail(answer: Answer) -> Iterator[str]:
    """The customer tells of an illness or asks about one."""
    return MEDICAL.in_mail(answer.theirs)
