"""A runtime on a real SQLite file, and a clean registry of workflows for each test."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime_min import Workflow, colors
from tests.runtime_min.driving import Driver

# By the module that defines them: workflows of test modules, which may have the names of those of others.
_defined: dict[str, dict[str, Workflow[..., Any]]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Test modules are imported as if each were the only one."""
    before = dict(colors._workflows)
    if isinstance(collector, pytest.Module):
        _set({key: flow for key, flow in before.items() if not flow.fn.__module__.startswith("tests.")})
    report = yield
    for key, flow in colors._workflows.items():
        _defined.setdefault(flow.fn.__module__, {})[key] = flow
    return report


def pytest_collection_finish() -> None:
    """Fixtures of the session run what the helpers define, before any test."""
    for name in _helpers():
        colors._workflows.update(_defined[name])


@pytest.fixture(autouse=True)
def registry(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """The workflows that a test defines are forgotten after it, so that tests can use the same names."""
    before = dict(colors._workflows)
    for name in (*_helpers(), request.module.__name__):
        colors._workflows.update(_defined.get(name, {}))
    yield colors._workflows  # type: ignore[misc]
    _set(before)


def _helpers() -> list[str]:
    return [name for name in _defined if not name.rpartition(".")[2].startswith("test_")]


def _set(flows: dict[str, Workflow[..., Any]]) -> None:
    colors._workflows.clear()
    colors._workflows.update(flows)


@pytest.fixture
def runtime(tmp_path: Path, registry: object) -> Iterator[Driver]:
    """Runs workflows on a file of the test's own; at its end, histories must replay after each prefix."""
    driver = Driver(tmp_path / "runs.sqlite")
    yield driver
    driver.check()
