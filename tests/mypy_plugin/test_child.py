"""A child process that analyzes the project changes when findings are known, and nothing about them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from color_checker import ahead, worthwhile
from mypy_plugin import project
from tests.children import always_started
from tests.mypy_plugin.runner import Result, configure, run_command, run_mypy, write

#: The activity is called by its name, also out of a variable; a helper does what only its type shows.
FILES = {
    "app.py": """\
from datetime import timedelta

from temporalio import workflow

from clocks import Clock
from names import CHARGE

SOON = timedelta(seconds=5)


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        clocks: dict[str, Clock] = {}
        clocks[order].now()
        await workflow.execute_activity("charge", args=[order, 1], start_to_close_timeout=SOON)
        await workflow.execute_activity(CHARGE, args=[order, 1], start_to_close_timeout=SOON)
""",
    "clocks.py": """\
import time


class Clock:
    def now(self) -> float:
        return time.time()
""",
    "names.py": 'CHARGE = "charge"\n',
    "steps.py": """\
from temporalio import activity


@activity.defn
async def charge(order: str) -> str:
    return order
""",
}
CHILD = "mypy_plugin.project._CHILD"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ahead.Child]:
    """Children are of use for any project; what has been started."""
    monkeypatch.setattr(project, "available", lambda: 2)
    return always_started(monkeypatch)


def without_child(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    with monkeypatch.context() as patched:
        patched.setattr(ahead, "is_of_use", lambda: False)
        write(directory, FILES)
        configure(directory)
        return run_mypy(directory, ".", cache=directory / ".cache")


def test_a_child_changes_no_message(
    tmp_path: Path, started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = without_child(tmp_path / "plain", monkeypatch)
    assert {code for _, _, code in plain.places} >= {"clock", "step-arguments"}, plain.stdout
    assert not started
    write(tmp_path / "child", FILES)
    configure(tmp_path / "child")
    cold = run_mypy(tmp_path / "child", ".", cache=tmp_path / "child" / ".cache")
    assert len(started) == 1
    assert cold.stdout == plain.stdout
    warm = run_mypy(tmp_path / "child", ".", cache=tmp_path / "child" / ".cache")
    assert len(started) == 1
    assert warm.stdout == plain.stdout


def broken() -> None:
    raise RuntimeError("no analysis")


class Deadly:
    """Dies when something is asked of it."""

    def known(self) -> None:
        """Nothing."""
        os._exit(1)


class Forgetful:
    """Knows everything, and dies when it is to learn."""

    def __init__(self) -> None:
        from mypy_plugin.analyzer.analyzed import work_ahead

        self._analyzed = work_ahead()
        self.known = self._analyzed.known
        self.registered = self._analyzed.registered
        self.prepare = self._analyzed.prepare

    def questions(self, path: str) -> None:
        """Nothing."""
        os._exit(1)


@pytest.mark.parametrize("factory", [broken, Deadly, Forgetful])
def test_a_child_that_fails_costs_no_finding(
    tmp_path: Path, started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch, factory: Callable[[], object]
) -> None:
    plain = without_child(tmp_path / "plain", monkeypatch)
    monkeypatch.setattr(CHILD, f"{__name__}:{factory.__name__}")
    write(tmp_path / "child", FILES)
    configure(tmp_path / "child")
    result = run_mypy(tmp_path / "child", ".", cache=tmp_path / "child" / ".cache")
    assert started
    assert result.stdout == plain.stdout
    assert result.stderr == ""


def test_what_cannot_be_started_costs_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = without_child(tmp_path / "plain", monkeypatch)
    monkeypatch.setattr(worthwhile, "WORTH_A_CHILD", 0)
    monkeypatch.setattr(project, "available", lambda: 2)
    monkeypatch.setattr(ahead, "is_of_use", lambda: True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    write(tmp_path / "child", FILES)
    configure(tmp_path / "child")
    result = run_mypy(tmp_path / "child", ".", cache=tmp_path / "child" / ".cache")
    assert result.stdout == plain.stdout


def test_a_child_needs_no_cache(
    tmp_path: Path, started: list[ahead.Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = without_child(tmp_path / "plain", monkeypatch)
    write(tmp_path / "child", {**FILES, "taken": ""})
    configure(tmp_path / "child", color='cache-dir = "taken"')
    result = run_mypy(tmp_path / "child", ".", cache=tmp_path / "child" / ".cache")
    assert started
    assert result.stdout == plain.stdout


@pytest.mark.parametrize("color", ['ignore = ["clok"]', 'engines = ["tempral"]', "strict = 3"])
def test_a_wrong_configuration_is_told_before_there_is_a_child(
    tmp_path: Path, started: list[ahead.Child], color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FILES)
    configure(tmp_path, color=color)
    result = run_mypy(tmp_path, ".", cache=tmp_path / ".cache")
    with monkeypatch.context() as patched:
        patched.setattr(ahead, "is_of_use", lambda: False)
        assert run_mypy(tmp_path, ".", cache=tmp_path / ".cache").stderr == result.stderr
    assert not started
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_name_that_a_parameter_hands_on_counts_from_the_second_run_on(
    tmp_path: Path, started: list[ahead.Child]
) -> None:
    helper = """\
from datetime import timedelta

from temporalio import workflow


async def start(name: str, order: str) -> None:
    await workflow.execute_activity(name, args=[order, 1], start_to_close_timeout=timedelta(seconds=5))
"""
    app = """\
from temporalio import workflow

from helper import start


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        await start("charge", order)
"""
    write(tmp_path, {"app.py": app, "helper.py": helper, "steps.py": FILES["steps.py"]})
    configure(tmp_path)
    wanted = {("helper.py", 7, "step-arguments")}
    assert run_mypy(tmp_path, ".", cache=tmp_path / ".cache").places <= wanted
    assert started
    for _ in range(2):
        result = run_mypy(tmp_path, ".", cache=tmp_path / ".cache")
        assert result.places == wanted, result.stdout


def test_mypy_and_its_child_end_together(tmp_path: Path) -> None:
    """What mypy writes and how it ends is the same with a child of which nothing is ever asked."""
    code = "x = 1\n" * 80_000
    write(tmp_path, {"app.py": code, "broken.py": "def\n"})
    configure(tmp_path)
    result = run_command(tmp_path, "-m", "mypy", "--cache-dir", str(tmp_path / ".cache"), ".")
    assert result.exit_code == 2
    assert "broken.py:1: error" in result.stdout
    assert result.stderr == ""
