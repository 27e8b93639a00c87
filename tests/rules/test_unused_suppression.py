"""CC901 with configurations, and with comments that nobody understands."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from color_checker.findings import Finding

_FLOW = """\
import time

from dbos import DBOS


@DBOS.workflow()
def trial() -> float:
    return {line}
"""


def check(
    directory: Path, monkeypatch: pytest.MonkeyPatch, line: str, configuration: str = ""
) -> list[Finding]:
    (directory / "app.py").write_text(_FLOW.format(line=line), encoding="utf-8")
    (directory / "pyproject.toml").write_text(f"[tool.color-checker]\n{configuration}", encoding="utf-8")
    monkeypatch.chdir(directory)
    return list(color_checker.check([directory], cache=False).findings)


def test_a_suppression_of_a_rule_that_is_off_is_not_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "1.0  # color: ignore[clock]"
    assert [f.name for f in check(tmp_path, monkeypatch, line)] == ["unused-suppression"]
    assert check(tmp_path, monkeypatch, line, 'ignore = ["clock"]\n') == []
    assert check(tmp_path, monkeypatch, line, 'select = ["random", "unused-suppression"]\n') == []


def test_a_bare_comment_does_not_hide_that_it_is_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [f.name for f in check(tmp_path, monkeypatch, "1.0  # color: ignore")] == ["unused-suppression"]


def test_a_comment_can_say_that_it_may_be_unused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(tmp_path, monkeypatch, "1.0  # color: ignore[clock, unused-suppression]") == []


def test_rules_of_the_mypy_plugin_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(tmp_path, monkeypatch, "1.0  # color: ignore[not-serializable]") == []


def test_a_comment_that_is_almost_one_is_reported_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finding,) = check(tmp_path, monkeypatch, "1.0  # color: ingore[clock]")
    assert (finding.name, finding.line, finding.column) == ("unused-suppression", 8, 17)
    assert "did you mean `ignore`" in finding.message


def test_a_misspelled_rule_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(tmp_path, monkeypatch, "time.time()  # color: ignore[clokc]")
    assert [f.name for f in found] == ["clock", "unused-suppression"]
    assert "Did you mean `clock`?" in found[1].message


def test_a_suppressed_gap_is_used_without_strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "__import__('acme').rate()  # color: ignore"
    assert check(tmp_path, monkeypatch, line) == []
