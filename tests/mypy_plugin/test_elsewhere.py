"""mypy that runs in a directory that is in no project analyzes the project of its configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker import stamps
from mypy_plugin import standing
from tests.mypy_plugin.runner import Result, configure, run_mypy, write

FLOWS = """\
import time

from runtime_min import workflow


@workflow
async def trial() -> float:
    return time.time()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a project in it, and code that belongs to none."""
    write(tmp_path, {"project/flows.py": FLOWS, "other/broken.py": "def ("})
    return tmp_path


def from_above(place: Path) -> Result:
    return run_mypy(place, "--config-file", "project/pyproject.toml", "project")


def test_findings_are_those_of_a_run_in_the_project(place: Path) -> None:
    configure(place / "project")
    [found] = from_above(place).ours
    assert (found.path, found.line, found.code) == ("project/flows.py", 8, "clock")


def test_the_project_s_own_configuration_counts(place: Path) -> None:
    configure(place / "project", color='ignore = ["clock"]')
    assert from_above(place).ours == ()


def test_nothing_else_is_analyzed(place: Path) -> None:
    configure(place / "project")
    from_above(place)
    assert not (place / ".color_checker_cache").exists()
    assert (place / "project" / ".color_checker_cache").exists()


def test_a_project_around_the_working_directory_comes_first(place: Path) -> None:
    configure(place / "project")
    write(place, {"pyproject.toml": '[tool.color-checker]\nignore = ["clock"]\n'})
    assert from_above(place).ours == ()


def test_what_stands_for_the_working_directory_does_not_stand_for_the_project(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "TICK", 0)
    monkeypatch.setattr(stamps, "TICK", 0)
    configure(place / "project", color='ignore = ["clock"]', strict=False)
    write(place, {"own.ini": "[mypy]\nplugins = mypy_plugin\n"})
    for _ in range(6):
        found = run_mypy(place, "--config-file", "own.ini", "project", cache=".mypy_cache")
    assert [error.code for error in found.ours] == ["clock"]
    assert (place / ".mypy_cache/color_checker.json").exists()
    file = "project/pyproject.toml"
    assert run_mypy(place, "--config-file", file, "project", cache=".mypy_cache").ours == ()
