"""Injects effects into workflows through every way of calling, and counts what the checker says.

    python -m tests.mutation.benchmark                        # the built-in workflows
    python -m tests.mutation.benchmark --corpus DIR           # and workflows from real code below DIR
    python -m tests.mutation.benchmark --sample 300 --list    # fewer mutants, with each miss
    python -m tests.mutation.benchmark --keep DIR             # leaves the mutants in DIR to look at

found: a finding of the right rule whose witness ends in the injected code. gap: the call is reported as
unresolved. silent: neither. Mutants without an effect must give no finding in the injected code.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from color_checker.findings import Finding, Report
from tests.mutation.mutants import FUNCTION, Host, Mutant, find_hosts, make_host, plan, plan_statements, write
from tests.mutation.templates import read_effects, read_hosts, read_statements, read_ways

BATCH = 400


class Outcome(StrEnum):
    """What the checker made of one mutant."""

    FOUND = "found"
    GAP = "gap"
    SILENT = "silent"
    QUIET = "quiet"
    FALSE_ALARM = "false alarm"


class Result(NamedTuple):
    """A mutant and what became of it; `detail` is what was reported instead."""

    mutant: Mutant
    outcome: Outcome
    detail: str


def built_in_hosts() -> list[Host]:
    """The workflows of hosts.txt."""
    hosts = [make_host(name, source) for name, source in read_hosts().items()]
    return [host for host in hosts if host is not None]


def all_mutants(hosts: Sequence[Host]) -> list[Mutant]:
    """Every mutant, with an effect and without."""
    effects, harmless = read_effects()
    planned = [*plan(read_ways(), [*effects, *harmless], hosts), *plan_statements(read_statements(), hosts)]
    return [mutant._replace(package=f"m{number:05}") for number, mutant in enumerate(planned)]


def sample(mutants: Sequence[Mutant], size: int) -> list[Mutant]:
    """About `size` mutants, evenly spread; a step that is prime to the number of rules meets them all."""
    step = max(1, len(mutants) // max(1, size))
    return list(mutants[:: step + 1 - step % 2])


def usable(hosts: Sequence[Host]) -> tuple[list[Host], list[Host]]:
    """Hosts in which a clock called straight from the workflow is found, and the others.

    A file taken out of its project may have lost what makes it a workflow (`@app.workflow()` with an
    imported `app`), and then says nothing about ways of calling.
    """
    clock = next(effect for effect in read_effects()[0] if effect.rule == "clock")
    probes = [Mutant(f"m{n:05}", read_ways()[0], clock, host, FUNCTION) for n, host in enumerate(hosts)]
    found = {result.mutant.host.name for result in run(probes) if result.outcome == Outcome.FOUND}
    return [host for host in hosts if host.name in found], [host for host in hosts if host.name not in found]


def run(mutants: Sequence[Mutant], keep: Path | None = None) -> Iterator[Result]:
    """Checks the mutants, many in one run."""
    from color_checker import check

    for start in range(0, len(mutants), BATCH):
        batch = mutants[start : start + BATCH]
        with _tree(keep and keep / f"batch{start // BATCH:03}") as tree:
            for mutant in batch:
                write(mutant, tree)
            yield from judge(batch, tree, check([tree]))


@contextmanager
def _tree(keep: Path | None) -> Iterator[Path]:
    """A folder for mutants that is the working directory meanwhile."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mutants") as temporary:
        tree = keep.resolve() if keep else Path(temporary)
        tree.mkdir(parents=True, exist_ok=True)
        os.chdir(tree)
        try:
            yield tree
        finally:
            os.chdir(before)


def judge(batch: Sequence[Mutant], tree: Path, report: Report) -> Iterator[Result]:
    """What the report on the batch says of each mutant."""
    if report.errors:
        raise SystemExit(f"mutants that cannot be read: {report.errors[:3]}")
    findings = _by_package(report.findings)
    gaps = _by_package(report.gaps)
    for mutant in batch:
        injected = _injected_lines(tree / mutant.host_file)
        about = [
            finding
            for finding in findings.get(mutant.package, ())
            if _touches(finding, mutant, injected) and finding.code != "CC902"
        ]
        unresolved = [
            gap
            for gap in (*gaps.get(mutant.package, ()), *findings.get(mutant.package, ()))
            if (gap.code == "CC902" or gap.name == "gap") and _touches(gap, mutant, injected)
        ]
        yield Result(mutant, _outcome(mutant, about, unresolved), _describe([*about, *unresolved]))


def _outcome(mutant: Mutant, about: Sequence[Finding], unresolved: Sequence[Finding]) -> Outcome:
    if mutant.effect.rule:
        if any(finding.name in mutant.effect.rules for finding in about):
            return Outcome.FOUND
        return Outcome.GAP if unresolved else Outcome.SILENT
    if any(f"may:{finding.name}" not in mutant.way.flags for finding in about):
        return Outcome.FALSE_ALARM
    return Outcome.GAP if unresolved else Outcome.QUIET


def _touches(finding: Finding, mutant: Mutant, injected: frozenset[int]) -> bool:
    """Whether the finding ends in injected code: a new module of the mutant, or a marked line of its host."""
    place = finding.witness[-1] if finding.witness else finding
    path = place.path.replace("\\", "/")
    if path.endswith(mutant.host_file):
        return place.line in injected
    return f"{mutant.package}/" in path


def _injected_lines(path: Path) -> frozenset[int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(number for number, line in enumerate(lines, 1) if line.endswith("# INJECTED"))


def _by_package(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    result: dict[str, list[Finding]] = {}
    for finding in findings:
        match = re.search(r"(?:^|/)(m\d{5})/", finding.path)
        if match:
            result.setdefault(match[1], []).append(finding)
    return result


def _describe(findings: Iterable[Finding]) -> str:
    return "; ".join(f"{finding.name} {finding.path}:{finding.line}" for finding in findings)


def print_matrix(results: Sequence[Result]) -> None:
    """A row a way, a column a rule: `.` found, `g` a gap, `S` silent, `F` a false alarm."""
    rules = list(dict.fromkeys(result.mutant.effect.rule for result in results if result.mutant.effect.rule))
    marks: dict[tuple[str, str], str] = {}
    order = {
        Outcome.SILENT: "S",
        Outcome.FALSE_ALARM: "F",
        Outcome.GAP: "g",
        Outcome.FOUND: ".",
        Outcome.QUIET: ".",
    }
    for result in results:
        key = (result.mutant.way.name, result.mutant.effect.rule)
        worst = [marks.get(key, " "), order[result.outcome]]
        marks[key] = min(worst, key="SFg. ".index)
    print("columns: " + ", ".join(f"{number} {rule}" for number, rule in enumerate([*rules, "harmless"], 1)))
    for name in dict.fromkeys(result.mutant.way.name for result in results):
        row = "".join(f"{marks.get((name, rule), ' '):>3}" for rule in [*rules, ""])
        print(f"{name:<40}{row}" if row.strip(" .") else f"{name:<40}  all right")


def print_totals(results: Sequence[Result]) -> None:
    """What was found of each rule, of each variant, and in all."""
    print(f"{'':<26}{'mutants':>8}{'found':>8}{'gap':>6}{'silent':>8}{'found %':>9}{'silent %':>9}")
    with_effect = [result for result in results if result.mutant.effect.rule]
    groups = {
        rule: [result for result in with_effect if result.mutant.effect.rule == rule]
        for rule in dict.fromkeys(result.mutant.effect.rule for result in with_effect)
    }
    groups["in all"] = with_effect
    for name, group in groups.items():
        count = Counter(result.outcome for result in group)
        total = max(1, len(group))
        print(
            f"{name:<26}{len(group):>8}{count[Outcome.FOUND]:>8}{count[Outcome.GAP]:>6}{count[Outcome.SILENT]:>8}"
            f"{100 * count[Outcome.FOUND] / total:>9.2f}{100 * count[Outcome.SILENT] / total:>9.2f}"
        )
    harmless = Counter(result.outcome for result in results if not result.mutant.effect.rule)
    print(
        f"harmless mutants: {harmless.total()}, false alarms {harmless[Outcome.FALSE_ALARM]}, "
        f"gaps {harmless[Outcome.GAP]}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--corpus", type=Path, help="take workflows from the Python files below this folder too"
    )
    parser.add_argument("--hosts", type=int, default=40, help="at most so many of them")
    parser.add_argument("--sample", type=int, help="about so many mutants")
    parser.add_argument("--way", help="only ways whose name contains this")
    parser.add_argument("--rule", help="only this rule; 'harmless' for mutants without effect")
    parser.add_argument("--keep", type=Path, help="write the mutants here and leave them")
    parser.add_argument("--list", action="store_true", help="print each miss and false alarm")
    options = parser.parse_args()

    hosts = built_in_hosts()
    if options.corpus:
        real, lost = usable(find_hosts(options.corpus, options.hosts))
        print(f"workflows from real code: {len(real)}, not used: {', '.join(host.name for host in lost)}")
        hosts += real
    mutants = [
        mutant
        for mutant in all_mutants(hosts)
        if (not options.way or options.way in mutant.way.name)
        and (not options.rule or options.rule == (mutant.effect.rule or "harmless"))
    ]
    if options.sample:
        mutants = sample(mutants, options.sample)
    results = list(run(mutants, options.keep))
    print_matrix(results)
    print_totals(results)
    bad = [result for result in results if result.outcome in (Outcome.SILENT, Outcome.FALSE_ALARM)]
    if options.list:
        for result in results:
            if result.outcome not in (Outcome.FOUND, Outcome.QUIET):
                print(
                    f"{result.outcome}: {result.mutant.package} {result.mutant.title}: {result.detail or '-'}"
                )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
