"""A result is used again as long as everything it was made from is the same, and not a moment longer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import color_checker
from color_checker import checking, result_cache
from color_checker.config import load_config
from color_checker.findings import Report
from color_checker.inputs import FACTS_VERSION, read_inputs
from color_checker.report import json_report
from color_checker.store import Store

WORKFLOW = """\
import time

import helper
from lib import rates
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        helper.help()
        return rates.today() + time.time()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a virtual environment in which `lib` is installed."""
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (site / "lib").mkdir(parents=True)
    (site / "lib" / "__init__.py").write_text("")
    (site / "lib" / "rates.py").write_text("def today():\n    return 1\n")
    (tmp_path / "flow.py").write_text(WORKFLOW)
    (tmp_path / "helper.py").write_text("def help(): pass\n")
    (tmp_path / "pyproject.toml").write_text("[tool.color-checker]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return tmp_path


class Runs:
    """Counts the runs that were not answered from the cache."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        original = checking.check_inputs

        def counted(*args: object, **options: object) -> object:
            self.number += 1
            return original(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(checking, "check_inputs", counted)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def encoded(report: Report) -> bytes:
    return json_report.encode(report)


def library(project: Path) -> Path:
    return project / ".venv" / "lib" / "python3.11" / "site-packages"


def test_a_second_run_does_no_work_and_gives_the_same_bytes(project: Path, runs: Runs) -> None:
    first, second = color_checker.check(["."]), color_checker.check(["."])
    assert runs.number == 1
    assert {finding.name for finding in first.findings} == {"clock"}
    assert encoded(first) == encoded(second) == encoded(color_checker.check(["."], cache=False))
    assert second.summary.seconds is not None


def add_clock_to_library(project: Path) -> None:
    (library(project) / "lib" / "rates.py").write_text(
        "import time\n\n\ndef today():\n    return time.time()\n"
    )


def remove_library(project: Path) -> None:
    (library(project) / "lib" / "rates.py").unlink()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a checked file": lambda project: (project / "helper.py").write_text("def help(): print()\n"),
    "a statement that moves down": lambda project: (project / "helper.py").write_text("\ndef help(): pass\n"),
    "a new file": lambda project: (project / "other.py").write_text(""),
    "a removed file": lambda project: (project / "helper.py").unlink(),
    "a renamed file": lambda project: (project / "helper.py").rename(project / "helped.py"),
    "an `__init__.py`, which gives all files another name": lambda project: (
        project / "__init__.py"
    ).write_text(""),
    "a file that can no longer be parsed": lambda project: (project / "helper.py").write_text("def (\n"),
    "the configuration": lambda project: (project / "pyproject.toml").write_text(
        "[tool.color-checker]\nignore = ['clock']\n"
    ),
    "a library file that was followed": add_clock_to_library,
    "a library file that was followed and is gone": remove_library,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(change: Callable[[Path], object], project: Path, runs: Runs) -> None:
    color_checker.check(["."])
    change(project)
    changed = color_checker.check(["."])
    assert runs.number == 2
    assert encoded(changed) == encoded(color_checker.check(["."], cache=False))


def test_a_library_file_that_nobody_reads_may_change(project: Path, runs: Runs) -> None:
    color_checker.check(["."])
    (library(project) / "lib" / "other.py").write_text("")
    color_checker.check(["."])
    assert runs.number == 1


def test_a_library_that_was_missing_is_noticed_when_it_is_installed(project: Path, runs: Runs) -> None:
    (project / "helper.py").write_text("import late\n\n\ndef help(): late.now()\n")
    before = color_checker.check(["."])
    (library(project) / "late.py").write_text("import datetime\n\n\ndef now(): datetime.datetime.now()\n")
    after = color_checker.check(["."])
    assert runs.number == 2
    assert before.summary.gaps == after.summary.gaps + 1
    assert len(after.findings) == len(before.findings) + 1


def test_an_engine_file_of_the_project_is_a_part_of_the_key(project: Path, runs: Runs) -> None:
    bundled = Path(color_checker.__file__).parent / "engines" / "temporal.toml"
    (project / "temporal.toml").write_text(bundled.read_text())
    (project / "pyproject.toml").write_text("[tool.color-checker]\nengine-files = ['temporal.toml']\n")
    color_checker.check(["."])
    color_checker.check(["."])
    assert runs.number == 1
    (project / "temporal.toml").write_text(bundled.read_text() + "\n# changed\n")
    color_checker.check(["."])
    assert runs.number == 2


def test_each_option_has_results_of_its_own(project: Path, runs: Runs) -> None:
    for _ in range(2):
        color_checker.check(["."])
        color_checker.check(["."], strict=True)
        color_checker.check(["."], engines=["temporal", "dbos"])
        color_checker.check(["."], engines=["dbos", "temporal"])
        color_checker.check(["flow.py"])
    assert runs.number == 4


def test_the_working_directory_counts_since_paths_are_relative_to_it(
    project: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = project / "inner"
    inner.mkdir()
    config = load_config(project)
    color_checker.check([project], config=config)
    monkeypatch.chdir(inner)
    report = color_checker.check([project], config=config)
    assert runs.number == 2
    assert {finding.path for finding in report.findings} == {"../flow.py"}


def test_another_version_of_this_program_has_other_results(
    project: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    color_checker.check(["."])
    monkeypatch.setattr(result_cache, "fingerprint", lambda look: b"another")
    color_checker.check(["."])
    assert runs.number == 2


def test_the_fingerprint_covers_code_catalogs_and_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_cache, "_PACKAGE", str(tmp_path))
    seen = {result_cache.fingerprint()}
    for name in ("rule.py", "catalog/time.toml", "engines/mine.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        for text in ("1", "2"):
            (tmp_path / name).write_text(text)
            seen.add(result_cache.fingerprint())
    assert len(seen) == 7
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "rule.py").write_text("")
    assert result_cache.fingerprint() in seen


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x01\x02\x03", msgspec.msgpack.encode({})])
def test_a_damaged_result_is_made_anew(data: bytes, project: Path, runs: Runs) -> None:
    expected = color_checker.check(["."])
    config = load_config(project)
    inputs = read_inputs(result_cache.discover_paths(["."], config))
    store = Store.open(config.resolve(config.cache_dir), FACTS_VERSION)
    key = result_cache.result_key(inputs, result_cache.circumstances_key(inputs, config, (), False))
    assert store.get_result(key) is not None
    store.put_result(key, data)
    store.close()
    assert encoded(color_checker.check(["."])) == encoded(expected)
    assert runs.number == 2


def test_errors_are_kept_with_the_result(project: Path, runs: Runs) -> None:
    (project / "bad.py").write_text("def (\n")
    (project / "gone.py").symlink_to("nowhere.py")
    first, second = color_checker.check(["."]), color_checker.check(["."])
    assert runs.number == 1
    assert first.errors == second.errors
    assert [error.path for error in second.errors] == ["bad.py", "gone.py"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_run_without_changes_does_not_import_what_it_does_not_need(project: Path, form: str) -> None:
    color_checker.check(["."])
    script = (
        "import sys; from color_checker.cli import main\n"
        f"try: main(['check', '.', '--format', '{form}'])\n"
        "except SystemExit as error: assert error.code == 1, error.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(color_checker.__file__).parents[1])}
    completed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    loaded = set(completed.stderr.split())
    assert "color_checker.result_cache" in loaded
    unwanted = {
        "rich",
        "networkx",
        "ast",
        "concurrent.futures",
        "color_checker.extract",
        "color_checker.facts",
        "color_checker.link",
    }
    unwanted |= {"color_checker.checking", "color_checker.catalog", "color_checker.engines"}
    unwanted |= {"color_checker.rules"}
    if "ast" in subprocess.run(
        [sys.executable, "-c", "import sys, msgspec, click; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split():  # fmt: skip
        unwanted.discard("ast")
    assert not unwanted & loaded
