"""From a customer's mail to a proposed answer with its evidence. Pure.

A new drafter is one file that fulfils ``ports.drafter.Drafter`` and one line here. They are asked in this order; the
first that has an answer wins.
"""

from __future__ import annotations

from collections.abc import Callable

from mailhitl.drafting.template import Desk, TemplateDrafter
from mailhitl.ports.drafter import Drafter

DRAFTERS: dict[str, Callable[[Desk], Drafter]] = {"template": TemplateDrafter}
