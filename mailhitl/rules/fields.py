"""The fields that conditions look at, as values to reason about: which values each may have, and which to try."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, pairwise, product
from typing import Any, Protocol

from mailhitl.rules.conditions.match import Number, number_test, plain_number, text_test
from mailhitl.rules.conditions.message import size_in_bytes
from mailhitl.rules.conditions.moment import weekday_number
from mailhitl.rules.conditions.people import asks_for_number
from mailhitl.rules.conditions.record import rate_window

Test = Callable[[Any], bool]
#: One key of a table: where it stands, what is asked for, and of what field.
Part = tuple[tuple[str, ...], Any, "Field"]

#: So many combinations of words are tried at most.
COMBINATIONS = 100


class Field(Protocol):
    """What is known of one field. ``single``: a mail has one value of it, never several."""

    @property
    def single(self) -> bool: ...

    def fits(self, value: Any) -> Test:
        """The test that ``value``, as the file has it, asks for."""
        ...

    def values(self, wanted: Sequence[Any], refused: Sequence[Any]) -> Iterable[Any] | None:
        """Enough values that one of them fulfils all, if any value does; None when nobody can tell."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A field with few values."""

    among: tuple[Any, ...]
    fits: Callable[[Any], Test]
    single: bool = True

    def values(self, wanted: Sequence[Any], refused: Sequence[Any]) -> Iterable[Any]:
        return self.among


@dataclass(frozen=True, slots=True)
class Numbers:
    """A field with numbers from ``least`` to ``most``. ``whole``: there is none between two neighbours; ``optional``: a
    mail may have no value of it, of which everything can be refused."""

    least: Number | None = 0
    most: Number | None = None
    whole: bool = True
    single: bool = True
    unit: Callable[[Any], Any] = plain_number
    optional: bool = False

    def fits(self, value: Any) -> Test:
        return number_test(value, self.unit)

    def values(self, wanted: Sequence[Any], refused: Sequence[Any]) -> Iterable[Number] | None:
        """Every bound, and something below, above and between."""
        if self.optional and not wanted:
            return None
        bounds = sorted({self.unit(bound) for value in (*wanted, *refused) for bound in _bounds(value)})
        ends = [end for end in (self.least, self.most) if end is not None]
        steps = [bound + step for bound in bounds for step in (-1, 1)]
        between = [] if self.whole else [(low + high) / 2 for low, high in pairwise(sorted([*bounds, *ends]))]
        return [value for value in (*bounds, *ends, *steps, *between) if self._has(value)]

    def _has(self, value: Number) -> bool:
        if self.whole and value != int(value):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Words:
    """A field with text."""

    single: bool = True

    def fits(self, value: Any) -> Test:
        return text_test(value)

    def values(self, wanted: Sequence[Any], refused: Sequence[Any]) -> Iterable[str] | None:
        for value in wanted:
            if (exact := _listed(value, "is")) is not None:
                return exact
        pieces = [_listed(value, "contains") for value in wanted]
        known = [words for words in pieces if words is not None and len(words) <= COMBINATIONS]
        plain = all(not isinstance(value, dict) or set(value) <= {"is", "contains"} for value in (*wanted, *refused))
        if not known or len(known) < len(wanted) or not plain:
            return None
        combined = list(islice(product(*known), COMBINATIONS + 1))
        # With something around it, a text is no longer exactly what "is" refuses.
        return None if len(combined) > COMBINATIONS else [" ¤ ".join(("", *each, "")) for each in combined]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field about which nothing is known: only what is asked for and refused in the same words is impossible."""

    single: bool = False

    def fits(self, value: Any) -> Test:
        return lambda seen: True

    def values(self, wanted: Sequence[Any], refused: Sequence[Any]) -> None:
        return None


def split(name: str, value: Any) -> Iterator[Part]:
    """Yield the demands that one condition makes, all of which must be fulfilled. Not for any, all and not."""
    if name in SPLIT:
        yield from SPLIT[name](value)
    elif name in TABLES:
        yield from (((name, key), part, TABLES[name][key]) for key, part in value.items())
    else:
        yield (name,), value, FIELDS.get(name, Unknown())


def _customer(value: Any) -> Iterator[Part]:
    yield from (_column(column.casefold(), part) for column, part in value.items())


def _column(column: str, value: Any) -> Part:
    if asks_for_number(value):
        return ("customer", column), value, Numbers(None, whole=False, unit=_decimal, optional=True)
    return ("customer", column, "is"), value, Words()


def _header(value: Any) -> Iterator[Part]:
    name = value["name"].rstrip(":").casefold()
    asked = {key: part for key, part in value.items() if key not in ("name", "exists")}
    yield ("header", name, "exists"), value.get("exists", True), YES_OR_NO
    if asked:
        yield ("header", name), asked, SEVERAL


def _attachment(value: Any) -> Iterator[Part]:
    if "count" in value:
        yield ("attachment", "count"), value["count"], Numbers()
    # The rest is about one and the same attachment, so it can't be taken apart.
    if one := {key: part for key, part in value.items() if key != "count"}:
        yield ("attachment",), one, Unknown()


def _rate(value: Any) -> Iterator[Part]:
    bounds, length = rate_window(value)
    yield ("rate", str(length)), bounds, Numbers()


def _history(value: Any) -> Iterator[Part]:
    for whose, asked in value.items():
        name = f"{whose} {asked['name']}" if whose == "rule" else whose
        for key, part in asked.items():
            if key != "name":
                yield ("history", name, key), part, SHARE if key == "unedited" else Numbers()


def _findings(value: Any) -> Iterator[Part]:
    if value in ("none", "any"):
        yield ("findings", "in the draft"), value == "any", YES_OR_NO
    else:
        # In the draft or in the mail: nothing follows for the draft alone.
        yield ("findings",), value, SEVERAL


def _bounds(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else (value,)


def _listed(value: Any, word: str) -> list[str] | None:
    """The words that a value lists for this matching word; a bare text is one for ``is``."""
    asked = value.get(word) if isinstance(value, dict) else value if word == "is" else None
    return None if asked is None else asked if isinstance(asked, list) else [asked]


def _decimal(value: Any) -> Decimal:
    return Decimal(str(plain_number(value)))


def _is(value: bool) -> Test:
    return lambda seen: seen is value


def _one_of_days(value: Any) -> Test:
    days = {weekday_number(day) for day in (value if isinstance(value, list) else [value])}
    return lambda seen: seen in days


YES_OR_NO = Choice((True, False), _is)
SEVERAL = Words(single=False)
SHARE = Numbers(0, 1, whole=False)

FIELDS: dict[str, Field] = {
    "from": SEVERAL,
    "to": SEVERAL,
    "cc": SEVERAL,
    "subject": Words(),
    "text": Words(),
    "size": Numbers(unit=size_in_bytes),
    "language": Words(),
    "intent": Words(),
    "confidence": SHARE,
    "drafter": SEVERAL,
    "draft": Words(),
    "amount": Numbers(Decimal(0), whole=False, single=False, unit=_decimal),
}

TABLES: dict[str, dict[str, Field]] = {
    "sender": {
        "domain": SEVERAL,
        **dict.fromkeys(("known", "first_contact", "reviewer", "authenticated"), YES_OR_NO),
    },
    "recipients": {**dict.fromkeys(("count", "new", "external"), Numbers()), "changed_by_edit": YES_OR_NO},
    "thread": {"length": Numbers(1), "reopened": YES_OR_NO, "unanswered": YES_OR_NO},
    "time": {"office_hours": YES_OR_NO, "weekday": Choice(tuple(range(7)), _one_of_days)},
}

SPLIT: dict[str, Callable[[Any], Iterator[Part]]] = {
    "customer": _customer,
    "header": _header,
    "attachment": _attachment,
    "findings": _findings,
    "rate": _rate,
    "history": _history,
}
