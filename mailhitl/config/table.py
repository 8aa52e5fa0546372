"""The common ground of all tables of the file: no unknown keys, nothing changes after loading."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Table(BaseModel):
    """One table. Its docstring and its keys' descriptions are the reference and the comments of the example."""

    # validate_default: a default is written as in the file ("60s") and read the same way.
    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True, use_attribute_docstrings=False
    )


def key(default: Any, says: str, **limits: Any) -> Any:
    """A key that may be left out. ``default`` is spelled as in the file."""
    return Field(default, description=says, **limits)


def needed(says: str, **limits: Any) -> Any:
    """A key that must be there."""
    return Field(description=says, **limits)


def problem(what: str, *below: str) -> PydanticCustomError:
    """A mistake found by a check, at the key ``below`` the table that is checked."""
    return PydanticCustomError("mailhitl", "{what}", {"what": what, "below": below})
