"""What the baseline knows is no error of mypy either."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker import check
from color_checker.baseline import write_baseline
from color_checker.texts import source_lines
from tests.mypy_plugin.runner import configure, run_mypy, write

FLOWS = """\
import time

from runtime_min import workflow


@workflow
async def trial() -> float:
    return time.time()
"""

CONFIGURED = 'baseline = "known.json"'


def codes(directory: Path) -> list[str]:
    return [str(error.code) for error in run_mypy(directory, ".").errors]


def test_findings_of_the_baseline_are_not_shown_and_new_ones_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"flows.py": FLOWS})
    configure(tmp_path)
    assert codes(tmp_path) == ["clock"]
    file = tmp_path / "known.json"
    assert write_baseline(file, check(["."], cache=False).findings, source_lines) == 1
    (tmp_path / "pyproject.toml").unlink()
    configure(tmp_path, color=CONFIGURED)
    assert codes(tmp_path) == []
    assert codes(tmp_path) == []
    write(tmp_path, {"flows.py": FLOWS.replace("return", "print('x')\n    return")})
    assert codes(tmp_path) == ["console"]
    write_baseline(file, (), source_lines)
    assert codes(tmp_path) == ["console", "clock"]


def test_a_baseline_that_does_not_exist_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, {"flows.py": FLOWS})
    configure(tmp_path, color=CONFIGURED)
    result = run_mypy(tmp_path, ".")
    assert result.exit_code == 2
    assert "known.json: there is no such baseline" in result.stdout + result.stderr
