"""The mutation benchmark counts what a report says: found, gap, silent, false alarm."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker.findings import Color, Finding, Frame, Report
from tests.mutation.benchmark import Outcome, all_mutants, built_in_hosts, judge, sample
from tests.mutation.mutants import Mutant, write


@pytest.fixture
def mutant(tmp_path: Path) -> Mutant:
    """One with the effect `clock`, written to disk."""
    clock = next(mutant for mutant in all_mutants(built_in_hosts()) if mutant.effect.rule == "clock")
    write(clock, tmp_path)
    return clock


def _finding(path: str, line: int, name: str = "clock", witness: tuple[Frame, ...] = ()) -> Finding:
    code = "CC902" if name == "gap" else "CC201"
    return Finding(
        code, name, "error", path, line, 1, line, 2, "", "f", Color.WORKFLOW, "temporal", None, witness
    )


def _injected_line(mutant: Mutant, tree: Path) -> int:
    lines = (tree / mutant.host_file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith("mut_work()"))


def _outcome(mutant: Mutant, tree: Path, report: Report) -> Outcome:
    return next(iter(judge([mutant], tree, report))).outcome


def test_a_finding_whose_witness_ends_in_the_injected_module_is_found(mutant: Mutant, tmp_path: Path) -> None:
    line = _injected_line(mutant, tmp_path)
    witness = (
        Frame("run", mutant.host_file, line, 9),
        Frame("time.time", f"{mutant.package}/effects.py", 3, 12),
    )
    report = Report(findings=(_finding(mutant.host_file, line, witness=witness),))
    assert _outcome(mutant, tmp_path, report) == Outcome.FOUND


def test_a_finding_of_the_workflow_itself_does_not_count(mutant: Mutant, tmp_path: Path) -> None:
    assert _outcome(mutant, tmp_path, Report(findings=(_finding(mutant.host_file, 1),))) == Outcome.SILENT


def test_a_finding_of_another_rule_does_not_count(mutant: Mutant, tmp_path: Path) -> None:
    line = _injected_line(mutant, tmp_path)
    report = Report(findings=(_finding(mutant.host_file, line, "random"),))
    assert _outcome(mutant, tmp_path, report) == Outcome.SILENT


def test_a_gap_at_the_injected_call_counts_as_a_gap(mutant: Mutant, tmp_path: Path) -> None:
    line = _injected_line(mutant, tmp_path)
    gap = _finding(mutant.host_file, line, "gap")
    assert _outcome(mutant, tmp_path, Report(gaps=(gap,))) == Outcome.GAP
    assert _outcome(mutant, tmp_path, Report(findings=(gap,))) == Outcome.GAP


def test_any_finding_in_a_harmless_mutant_is_a_false_alarm(tmp_path: Path) -> None:
    harmless = next(mutant for mutant in all_mutants(built_in_hosts()) if not mutant.effect.rule)
    write(harmless, tmp_path)
    assert _outcome(harmless, tmp_path, Report()) == Outcome.QUIET
    report = Report(findings=(_finding(f"{harmless.package}/effects.py", 2),))
    assert _outcome(harmless, tmp_path, report) == Outcome.FALSE_ALARM


def test_every_mutant_compiles_and_the_plan_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = all_mutants(built_in_hosts()), all_mutants(built_in_hosts())
    assert first == second
    for mutant in sample(first, 500):
        write(mutant, tmp_path)
        for path in (tmp_path / mutant.package).rglob("*.py"):
            compile(path.read_text(), str(path), "exec")
