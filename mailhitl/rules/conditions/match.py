"""The matching words of a condition, as in Sieve (RFC 5228 2.7.1): what stands on the right of ``subject = …``.

**On text**, without regard to case, composed or wrapped characters:

- `"word"` or `["one", "other"]`: the whole text is this, or one of these (short for `is`).
- `{ is = … }`: the same, written out.
- `{ contains = … }`: the text has this piece anywhere. `"court"` is also in *courtesy*; for whole words use `regex`.
- `{ matches = … }`: the whole text fits this glob: `*` is any run of characters, `?` any one.
- `{ regex = … }`: the expression is found somewhere ([RE2 syntax](https://github.com/google/re2/wiki/Syntax):
  linear time, so no look-around or back-references). All white space is one space. In TOML, write it in single quotes:
  `{ regex = '\\bcourt\\b' }`.

Each takes one text or a list, of which one must fit. Several words in one table must all fit the same text.

**On numbers**: `{ over = 500 }`, `{ under = … }`, `{ at_least = … }`, `{ at_most = … }`, `{ is = … }`, or a bare
number. Several must all fit the same number: `{ at_least = 10, under = 20 }`.

**Yes or no**: `true` or `false`.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

import re2

from mailhitl.rules.problem import Collector, choice, suggestion, wrong
from mailhitl.rules.rule import Condition, Facts
from mailhitl.rules.words import VALUES, encoded, folded, words

TextTest = Callable[[str], bool]
Number = int | float | Decimal
NumberTest = Callable[[Number], bool]


def text(value: Any, read: Callable[[Facts], Iterable[str]]) -> Condition:
    """Build a condition that holds when one of the texts passes."""
    test = text_test(value)
    return lambda facts: any(test(each) for each in islice(read(facts), VALUES))


def number(
    value: Any, read: Callable[[Facts], Iterable[Number]], unit: Callable[[Any], Number] | None = None
) -> Condition:
    """Build a condition that holds when one of the numbers passes. ``unit`` reads one bound, a plain number if None."""
    test = number_test(value, unit or plain_number)
    return lambda facts: any(test(each) for each in islice(read(facts), VALUES))


def flag(value: Any, read: Callable[[Facts], bool]) -> Condition:
    """Build a condition that holds when the fact is what is asked for."""
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {shown(value)}")
    return lambda facts: read(facts) is value


def text_test(value: Any) -> TextTest:
    """Build a test of one text from a bare text, a list, or a table of matching words."""
    if not isinstance(value, dict):
        return _is(texts(value))
    return all_of(tests(value, {key: _with_texts(make) for key, make in TEXT_WORDS.items()}))


def number_test(value: Any, unit: Callable[[Any], Number]) -> NumberTest:
    """Build a test of one number from a bare number or a table of matching words."""
    if not isinstance(value, dict):
        bound = unit(value)
        return lambda seen: seen == bound
    return all_of(tests(value, {key: _comparison(compare, unit) for key, compare in NUMBER_WORDS.items()}))


def tests(value: dict[str, Any], builders: Mapping[str, Callable[[Any], Any]]) -> list[Any]:
    """Build one test per key of a table, complaining about all wrong ones at once."""
    collector = Collector()
    if not value:
        raise wrong(f"is empty; it needs {choice(builders)}")
    built = [_test(collector, key, part, builders) for key, part in value.items()]
    collector.finish()
    return built


def _test(collector: Collector, key: str, part: Any, builders: Mapping[str, Callable[[Any], Any]]) -> Any:
    if key in builders:
        return collector.build(key, partial(builders[key], part))
    collector.add(key, f"is not known here; use {choice(builders)}.{suggestion(key, builders)}")
    return None


def all_of(parts: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Join tests: every one must pass."""
    return parts[0] if len(parts) == 1 else lambda seen: all(part(seen) for part in parts)


def texts(value: Any) -> tuple[str, ...]:
    """Read one text or a list of them."""
    items = value if isinstance(value, list) else [value]
    if not items:
        raise wrong("is an empty list, which nothing can match")
    for item in items:
        if not isinstance(item, str):
            raise wrong(f"must be text in quotes (or a list of texts), not {shown(item)}")
    return tuple(items)


def plain_number(value: Any) -> Number:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"must be a number without quotes, not {shown(value)}")
    return value


def share(value: Any) -> float:
    """Read a share."""
    found = float(plain_number(value))
    if not 0 <= found <= 1:
        raise wrong(f"must be between 0 and 1, not {value}")
    return found


def shown(value: Any) -> str:
    """Return a value of the file as an admin would name it."""
    match value:
        case str():
            return f'"{value}"' if len(value) <= 60 else "a long text"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case dict():
            return "a table"
        case list():
            return "a list"
    return "a date or time"


def spelled(value: Any) -> str:
    """Return a value of the file as TOML would write it on one line."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{key} = {spelled(part)}" for key, part in value.items()) + " }" if value else "{}"
        case list():
            return f"[{', '.join(map(spelled, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case bool():
            return str(value).lower()
    return str(value)


def _with_texts(make: Callable[[tuple[str, ...]], TextTest]) -> Callable[[Any], TextTest]:
    return lambda value: make(texts(value))


def _is(keys: tuple[str, ...]) -> TextTest:
    wanted = frozenset(map(folded, keys))
    return lambda seen: folded(seen) in wanted


def _contains(keys: tuple[str, ...]) -> TextTest:
    wanted = tuple(map(folded, keys))
    if not all(wanted):
        raise wrong("has an empty text, which everything contains")
    return lambda seen: any(key in folded(seen) for key in wanted)


def _matches(keys: tuple[str, ...]) -> TextTest:
    patterns = [_compiled("^(?s:" + "".join(_GLOB.get(c) or re2.escape(c) for c in words(key)) + ")$") for key in keys]
    return lambda seen: any(pattern.search(encoded(seen)) for pattern in patterns)


def _regex(keys: tuple[str, ...]) -> TextTest:
    if not all(keys):
        raise wrong("has an empty text, which everything contains")
    patterns = [_compiled(key) for key in keys]
    return lambda seen: any(pattern.search(encoded(seen)) for pattern in patterns)


_GLOB = {"*": ".*", "?": "."}


def _compiled(expression: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    try:
        return re2.compile(expression.encode("utf-8", "replace"), options)
    except re2.error as error:
        said = error.args[0]
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise wrong(f"the expression {shown(expression)} cannot be used: {reason}") from None


def _comparison(compare: Callable[[Any, Any], bool], unit: Callable[[Any], Number]) -> Callable[[Any], NumberTest]:
    def build(value: Any) -> NumberTest:
        bound = unit(value)
        return lambda seen: compare(seen, bound)

    return build


TEXT_WORDS: dict[str, Callable[[tuple[str, ...]], TextTest]] = {
    "is": _is,
    "contains": _contains,
    "matches": _matches,
    "regex": _regex,
}

NUMBER_WORDS: dict[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "over": operator.gt,
    "under": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}
