"""Each test that takes `backend` runs on every backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_min.backend import Backend
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend


@pytest.fixture(params=["memory", "sqlite"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    made: Backend = MemoryBackend() if request.param == "memory" else SqliteBackend(tmp_path / "runs.db")
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's database file goes."""
    return tmp_path / "runs.db"


@pytest.fixture
def sqlite(path: Path) -> Iterator[SqliteBackend]:
    made = SqliteBackend(path, timeout=0.2)
    yield made
    made.close()
