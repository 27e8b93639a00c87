"""Calls by name are checked again when what the name stands for changes, in a file that nobody imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mypy_plugin.runner import Daemon, configure, run_mypy, write

WORKFLOW = """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        text = await workflow.execute_activity("charge", order, start_to_close_timeout=timedelta(seconds=5))
        reveal_type(text)
"""
ACTIVITY = """\
from temporalio import activity


@activity.defn
async def charge(order: str) -> str:
    return order
"""
CHANGED = ACTIVITY.replace("order: str) -> str", "order: str, amount: int) -> int").replace("order\n", "1\n")
FILES = ("app.py", "steps/bank.py")


def project(directory: Path) -> None:
    write(directory, {"app.py": WORKFLOW, "steps/__init__.py": "", "steps/bank.py": ACTIVITY})
    configure(directory)


def test_a_warm_run_reports_what_a_cold_run_would(tmp_path: Path) -> None:
    project(tmp_path)
    cache = tmp_path / ".cache"
    assert not run_mypy(tmp_path, ".", cache=cache).errors
    write(tmp_path, {"steps/bank.py": CHANGED})
    result = run_mypy(tmp_path, ".", cache=cache)
    assert result.places == {("app.py", 10, "step-arguments")}, result.stdout
    assert any('"int"' in note.text.replace("builtins.", "") for note in result.notes), result.stdout
    assert run_mypy(tmp_path, ".", cache=cache).places == result.places
    write(tmp_path, {"steps/bank.py": ACTIVITY})
    assert not run_mypy(tmp_path, ".", cache=cache).errors


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    project(tmp_path)
    with Daemon(tmp_path) as started:
        yield started


def test_the_daemon_sees_it_too(tmp_path: Path, daemon: Daemon) -> None:
    assert not daemon.check().errors
    write(tmp_path, {"steps/bank.py": CHANGED})
    result = daemon.check()
    assert result.places == {("app.py", 10, "step-arguments")}, result.stdout
    write(tmp_path, {"steps/bank.py": ACTIVITY})
    assert not daemon.check().errors


@pytest.mark.parametrize("files", [FILES, FILES[::-1], FILES[:1]])
def test_the_order_of_the_files_does_not_matter(tmp_path: Path, files: tuple[str, ...]) -> None:
    project(tmp_path)
    write(tmp_path, {"steps/bank.py": CHANGED})
    result = run_mypy(tmp_path, *files, cache=tmp_path / ".cache")
    assert result.places == {("app.py", 10, "step-arguments")}, result.stdout


def test_a_module_that_uses_the_workflow_may_define_its_steps(tmp_path: Path) -> None:
    project(tmp_path)
    write(tmp_path, {"steps/bank.py": "from app import Payment\n" + CHANGED + "\n\nFLOW = Payment.run\n"})
    result = run_mypy(tmp_path, ".", cache=tmp_path / ".cache")
    assert result.places == {("app.py", 10, "step-arguments")}, result.stdout


def test_files_that_mypy_knows_by_other_names_do_not_stop_it(tmp_path: Path) -> None:
    """`steps` without `__init__.py` is no package to mypy, which calls the file `bank` then."""
    project(tmp_path)
    (tmp_path / "steps" / "__init__.py").unlink()
    result = run_mypy(tmp_path, "app.py", "steps/bank.py", cache=tmp_path / ".cache")
    assert not result.errors, result.stdout
    assert result.exit_code == 0
