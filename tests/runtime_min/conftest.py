"""A runtime on a real SQLite file, and a clean registry of workflows for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_min import colors
from tests.runtime_min.driving import Driver


@pytest.fixture(autouse=True)
def registry() -> Iterator[dict[str, object]]:
    """The workflows that a test defines are forgotten after it, so that tests can use the same names."""
    before = dict(colors._workflows)
    yield colors._workflows  # type: ignore[misc]
    colors._workflows.clear()
    colors._workflows.update(before)


@pytest.fixture
def runtime(tmp_path: Path, registry: object) -> Iterator[Driver]:
    """Runs workflows on a file of the test's own; at its end, histories must replay after each prefix."""
    driver = Driver(tmp_path / "runs.sqlite")
    yield driver
    driver.check()
