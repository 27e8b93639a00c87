"""CC902: each place is counted once, and found behind calls."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_FLOWS = """\
from acme import rate, total
from runtime_min import workflow


def quote(seats: int) -> int:
    first = rate(seats)
    return first + rate(seats) + total(seats)


@workflow
async def order(seats: int) -> int:
    return quote(seats)


@workflow
async def offer(seats: int) -> int:
    return quote(seats)
"""


def test_each_place_counts_once_however_many_workflows_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flows.py").write_text(_FLOWS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False)
    assert report.findings == ()
    assert report.summary.gaps == 3
    assert {gap.line for gap in report.gaps} == {12}
    assert sorted(gap.witness[-1].line for gap in report.gaps) == [6, 7, 7]
    assert all(gap.workflows == ("flows.offer", "flows.order") for gap in report.gaps)


def test_strict_makes_them_errors_and_a_comment_at_the_call_silences_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = _FLOWS.replace("first = rate(seats)", "first = rate(seats)  # color: ignore[gap]")
    (tmp_path / "flows.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False, strict=True)
    assert [(f.name, f.severity, f.witness[-1].line) for f in report.findings] == [("gap", "error", 7)] * 2
