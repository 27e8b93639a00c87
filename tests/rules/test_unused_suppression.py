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
    assert "did you mean `ignore`? It has no effect" in finding.message


def test_a_misspelled_rule_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(tmp_path, monkeypatch, "time.time()  # color: ignore[clokc]")
    assert [f.name for f in found] == ["clock", "unused-suppression"]
    assert "Did you mean `clock`?" in found[1].message


def test_a_suppressed_gap_is_used_without_strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "__import__('acme').rate()  # color: ignore"
    assert check(tmp_path, monkeypatch, line) == []


_BEHIND_A_GAP = {
    "flows.py": """\
from acme import shop
from runtime_min import workflow

from helper import read


@workflow
async def run() -> str:
    return read(shop)  # color: ignore[filesystem]
""",
    "helper.py": "def read(shop):\n    return shop.base.read_text()  # color: ignore[clock]\n",
}


def _check_files(directory: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(directory)
    return [finding.name for finding in color_checker.check([directory], cache=False).findings]


def test_a_comment_at_an_unresolved_call_may_be_for_what_types_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _check_files(tmp_path, monkeypatch, _BEHIND_A_GAP) == []


def test_a_comment_on_another_line_than_that_of_an_unresolved_call_is_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = _BEHIND_A_GAP["helper.py"] + "\n\ndef other() -> int:\n    return 1  # color: ignore[clock]\n"
    files = {**_BEHIND_A_GAP, "helper.py": helper}
    assert _check_files(tmp_path, monkeypatch, files) == ["unused-suppression"]
