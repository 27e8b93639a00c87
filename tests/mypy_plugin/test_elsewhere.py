"""mypy that runs in a directory that is in no project analyzes the project of its configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

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
