"""The project's frame: README and Makefile agree, the wheel is whole, nothing points at one developer's machine."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from tests.house.source import ROOT, files

#: Written so that this file does not find itself.
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:work|root)/|(?<![\w.])/home/[a-z]|(?<!\w)\.libr" + rb"ary\b")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "LICENSE", "docs/architecture.md", "config.example.toml"]
)
def test_a_newcomer_finds_the_papers(name: str) -> None:
    assert (ROOT / name).is_file()
    assert len((ROOT / name).read_text().splitlines()) > 5


def test_every_make_command_that_the_papers_name_exists() -> None:
    papers = [path for path in files() if path.suffix == ".md"]
    named = {
        target
        for path in papers
        for target in re.findall(r"(?:^ {0,4}|`|\$ )make ([a-z]+)", path.read_text(), re.MULTILINE)
    }
    assert {"demo", "test"} <= named
    assert named <= targets()


def test_make_alone_prints_every_target() -> None:
    printed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = set(re.findall(r"^  make ([a-z]+) ", printed.stdout, re.MULTILINE))
    assert shown == targets()


def test_the_wheel_carries_the_templates_and_the_sample_config() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {
        "templates": "mailhitl/templates",
        "config.example.toml": "mailhitl/config.example.toml",
    }
    for kind in ("reply", "packet"):
        assert list((ROOT / "templates" / kind).glob("*.j2"))


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_scripts_can_be_run_and_stop_at_the_first_error() -> None:
    scripts = [path for path in files() if path.read_bytes().startswith(b"#!")]
    assert scripts
    for script in scripts:
        assert script.stat().st_mode & 0o111, f"{script.name} is not executable"
        if b"bash" in script.read_bytes().splitlines()[0]:
            assert b"\nset -euo pipefail\n" in script.read_bytes(), f"{script.name} would run on after an error"
