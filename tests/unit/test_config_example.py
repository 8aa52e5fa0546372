"""What is generated from the schema is up to date, and the example works."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from mailhitl.config.example import example, schema_json, written
from mailhitl.config.load import load
from mailhitl.config.reference import config_page
from mailhitl.config.rules import read_rules
from mailhitl.config.schema import Config
from mailhitl.rules.conditions import CONDITIONS, table

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", written(ROOT), ids=lambda path: path.name)
def test_generated_files_are_those_the_schema_makes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == written(ROOT)[path], "run python -m mailhitl.config.example --write"


def test_the_example_loads_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example())
    config = load(path)
    assert config.warnings == ()
    assert len(read_rules(config)) == 4


def test_the_example_shows_every_key_of_every_table() -> None:
    shown = example()
    missing = [name for name in Config.model_fields if not re.search(rf"^#?\[+{name}\b", shown, re.MULTILINE)]
    assert missing == []


def test_what_is_switched_off_in_the_example_is_toml_when_switched_on() -> None:
    lines = [line[1:] for line in example().splitlines() if re.match("#[a-z]", line)]
    assert len(lines) > 20
    assert [line for line in lines if not tomllib.loads(line)] == []


def test_the_json_schema_names_every_table_and_condition() -> None:
    schema = json.loads(schema_json())
    assert schema["properties"].keys() == Config.model_fields.keys()
    assert schema["$defs"]["RuleConfig"]["properties"]["when"]["properties"].keys() == CONDITIONS.keys()


def test_the_reference_explains_every_key() -> None:
    page = config_page()
    undescribed = [line for line in page.splitlines() if line.startswith("| ") and line.endswith("|  |")]
    assert undescribed == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_example_of_the_conditions_reference_can_be_built(name: str) -> None:
    examples = re.findall(r"^ *(when = .*)$", CONDITIONS[name].__doc__ or "", re.MULTILINE)
    assert examples
    assert [each for each in examples if not table(tomllib.loads(each)["when"]).tests] == []
