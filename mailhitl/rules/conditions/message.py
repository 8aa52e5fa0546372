"""Conditions on the customer's mail: who, where to, what it says, what hangs on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from mailhitl.mail.message import Address, AttachmentInfo
from mailhitl.rules.conditions.match import (
    Number,
    all_of,
    flag,
    number,
    number_test,
    plain_number,
    shown,
    tests,
    text,
    text_test,
    texts,
)
from mailhitl.rules.problem import wrong
from mailhitl.rules.rule import Condition, Facts


def author(value: Any) -> Condition:
    """The address in From (text); the display name is the sender's own choice and is not looked at. A mail with several
    authors fits when one of them does.

    ```toml
    when = { from = "anna@example.com" }
    when = { from = { matches = "*@lawfirm.example" } }
    ```
    """
    return text(value, lambda facts: _specs(facts.message.senders))


def to(value: Any) -> Condition:
    """An address in To (text).

    ```toml
    when = { to = "billing@example.com" }
    ```
    """
    return text(value, lambda facts: _specs(facts.message.to))


def cc(value: Any) -> Condition:
    """An address in Cc (text).

    ```toml
    when = { cc = { contains = "@partner.example" } }
    ```
    """
    return text(value, lambda facts: _specs(facts.message.cc))


def subject(value: Any) -> Condition:
    """The subject (text).

    ```toml
    when = { subject = { contains = ["urgent", "dringend"] } }
    ```
    """
    return text(value, lambda facts: (facts.message.subject,))


def body(value: Any) -> Condition:
    """The new words of the mail (text): quotes and signature are cut.

    ```toml
    when = { text = { contains = ["lawyer", "court"] } }
    when = { text = { regex = '\\b(sue|suing|lawsuit)\\b' } }
    ```
    """
    return text(value, lambda facts: (facts.message.new_text,))


def header(value: Any) -> Condition:
    """Any header: `name` and either a matching word (text) or `exists`. Of several headers with this name one must fit.

    ```toml
    when = { header = { name = "X-Priority", is = "1" } }
    when = { header = { name = "List-Id", exists = true } }
    ```
    """
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise wrong('must be a table with a name, like { name = "X-Priority", is = "1" }')
    name = value["name"].rstrip(":")
    rest = {key: part for key, part in value.items() if key != "name"}
    if "exists" in rest:
        return _header_exists(name, rest)
    return text(rest, lambda facts: facts.message.all(name))


def _header_exists(name: str, rest: dict[str, Any]) -> Condition:
    if len(rest) > 1:
        raise wrong("takes exists or matching words, not both")
    return flag(rest["exists"], lambda facts: bool(facts.message.all(name)))


def size(value: Any) -> Condition:
    """The size of the whole mail (number): bytes, or text like "500KB" or "2MB" (1 KB is 1024 bytes).

    ```toml
    when = { size = { over = "2MB" } }
    ```
    """
    return number(value, lambda facts: (facts.message.size,), size_in_bytes)


def attachment(value: Any) -> Condition:
    """What hangs on the mail: `count` (number), `name` and `type` (text), `size` (number, like "2MB"). Of `name`,
    `type` and `size` all must fit the same attachment. An attachment is never opened: the type is what the sender says.

    ```toml
    when = { attachment = { count = { over = 0 } } }
    when = { attachment = { type = { matches = "image/*" }, size = { over = "5MB" } } }
    ```
    """
    if not isinstance(value, dict):
        raise wrong("must be a table, like { count = { over = 0 } }")
    parts = tests(value, {"count": _count, **_ATTACHMENT})
    counts = [part for key, part in zip(value, parts, strict=True) if key == "count"]
    each = [part for key, part in zip(value, parts, strict=True) if key != "count"]
    one = all_of(each) if each else None

    def fits(facts: Facts) -> bool:
        seen = facts.message.attachments
        return all(count(len(seen)) for count in counts) and (one is None or any(map(one, seen)))

    return fits


def language(value: Any) -> Condition:
    """The language of the mail as a code (text): "de", "en", … The empty text when it could not be told.

    ```toml
    when = { not = { language = ["de", "en"] } }
    ```
    """
    for code in texts(value) if not isinstance(value, dict) else ():
        if not re.fullmatch("[A-Za-z]{2,3}|", code):
            raise wrong(f'must be a language code like "de", not {shown(code)}')
    return text(value, lambda facts: (facts.language,))


def size_in_bytes(value: Any) -> int:
    """Read ``1048576``, ``"500KB"``, ``"1.5 MB"`` as bytes. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = (
        re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?) ?(B|KB|MB|GB)", value.strip().upper())
        if isinstance(value, str)
        else None
    )
    if not match:
        raise wrong(f'must be a size like "500KB", "2MB" or a number of bytes, not {shown(value)}')
    return int(float(match[1]) * 1024 ** ("B", "KB", "MB", "GB").index(match[2]))


def _specs(addresses: Iterable[Address]) -> Iterable[str]:
    return (address.spec for address in addresses)


def _count(value: Any) -> Callable[[Number], bool]:
    return number_test(value, plain_number)


def _name(value: Any) -> Callable[[AttachmentInfo], bool]:
    test = text_test(value)
    return lambda seen: test(seen.name)


def _type(value: Any) -> Callable[[AttachmentInfo], bool]:
    test = text_test(value)
    return lambda seen: test(seen.content_type)


def _size(value: Any) -> Callable[[AttachmentInfo], bool]:
    test = number_test(value, size_in_bytes)
    return lambda seen: test(seen.size)


_ATTACHMENT: dict[str, Callable[[Any], Callable[[AttachmentInfo], bool]]] = {
    "name": _name,
    "type": _type,
    "size": _size,
}
