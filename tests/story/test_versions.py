"""What a reviewer changed can be looked up, version by version."""

from __future__ import annotations

import json

from tests.story.test_learning import corrected, mailhitl, world
from tests.story.world import World

__all__ = ["world"]


def test_the_versions_of_a_draft_are_shown_with_what_each_changed(world: World) -> None:
    corrected(world, "Ann")
    shown = mailhitl(world, "cases", "show", "1", "--words").output
    first, second = shown.partition("version 2 by")[::2]
    assert "version 1 by drafter:template" in first
    assert "+within 5 days." in first
    assert "-within 5 days." in second
    assert "+within 2 weeks." in second
    assert "+within 2 weeks." not in mailhitl(world, "cases", "show", "1").output


def test_the_versions_are_in_the_json_only_when_asked_for(world: World) -> None:
    corrected(world, "Ann")
    told = json.loads(mailhitl(world, "cases", "show", "1", "--words", "--json").stdout)
    assert [version["version"] for version in told["versions"]] == ["1", "2"]
    assert "versions" not in json.loads(mailhitl(world, "cases", "show", "1", "--json").stdout)
