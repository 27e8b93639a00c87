"""Programs that take too much work to link: what was not looked at is a gap, never silence."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from color_checker import Report, solver

_FLOW = """\
import time
from temporalio import workflow


class Clock:
    def __init__(self, source) -> None:
        self.source = source

    def read(self) -> float:
        return self.source()


def same(thing):
    return thing


{helpers}


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> float:
        clock = Clock(time.time)
        return {last}(same(clock)).read()
"""

_DEPTH = 40


def check(folder: Path) -> Report:
    """A workflow that reads the clock through a long chain of functions."""
    helpers = "\n\n".join(
        f"def pass_{n}(thing):\n    return {f'pass_{n - 1}' if n else 'same'}(thing)" for n in range(_DEPTH)
    )
    text = _FLOW.format(helpers=helpers, last=f"pass_{_DEPTH - 1}")
    (folder / "flows.py").write_text(text, encoding="utf-8")
    return color_checker.check([folder], cache=False)


def test_without_a_bound_that_matters_the_clock_is_found(tmp_path: Path) -> None:
    report = check(tmp_path)
    assert [finding.name for finding in report.findings] == ["clock"]
    assert report.gaps == ()


@pytest.mark.parametrize("bound", [0, 1, 10, 100, 200, 300, 400, 500, 600, 800, 1000])
def test_what_is_not_followed_to_its_end_is_a_gap(
    bound: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver, "MOST_WORK", bound)
    report = check(tmp_path)
    assert report.summary.workflows == 0 or report.gaps or [f.name for f in report.findings] == ["clock"]
    again = check(tmp_path)
    assert (again.findings, again.gaps) == (report.findings, report.gaps)


def test_the_bound_is_reached_in_the_middle_of_this_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver, "MOST_WORK", 400)
    report = check(tmp_path)
    assert report.summary.workflows == 1
    assert report.findings == ()
    assert any("too large to follow" in gap.message for gap in report.gaps)


def test_a_partial_of_itself_comes_to_an_end(tmp_path: Path) -> None:
    text = """\
import time
from functools import partial
from temporalio import workflow


def wrapped(count: int) -> float:
    call = time.time
    for _ in range(count):
        call = partial(call)
    return call()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, count: int) -> float:
        return wrapped(count)
"""
    (tmp_path / "flows.py").write_text(text, encoding="utf-8")
    report = color_checker.check([tmp_path], cache=False)
    assert [finding.name for finding in report.findings] == ["clock"]
