"""Fixes the findings of the mutation benchmark, and counts what becomes of them.

    python -m tests.benchmarks.fixes                          # about 600 of the mutants
    python -m tests.benchmarks.fixes --sample 100000          # all
    python -m tests.benchmarks.fixes --rule filesystem --list # those of one rule, with what is left and why

Counted are the findings of the rules that the injected code breaks. fixed: they are gone. correct: besides,
there is no finding of code that was not there before, every file compiles, and fixing again changes nothing.
What `fix` tries and takes back, because it does not help, counts as not correct.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from color_checker.config import Config
from color_checker.findings import Finding
from color_checker.fixing import REVEALED, WRONG, Outcome, fix_files, write_changes
from tests.mutation.benchmark import all_mutants, built_in_hosts, sample
from tests.mutation.mutants import Mutant, write

BATCH = 40


class Row(NamedTuple):
    """A mutant with findings: how many there were, and what is left of them, with the reason.

    `revealed` are the findings of other code, that was there before, which there were not.
    """

    mutant: Mutant
    unsafe: bool
    findings: int
    left: tuple[str, ...]
    broken: str
    revealed: int


def run(mutants: Sequence[Mutant], *, unsafe: bool) -> Iterator[Row]:
    """Fixes the mutants, many in one run."""
    here = Path.cwd()
    for start in range(0, len(mutants), BATCH):
        batch = mutants[start : start + BATCH]
        with tempfile.TemporaryDirectory(prefix="fixes") as folder:
            os.chdir(folder)
            try:
                for mutant in batch:
                    write(mutant, Path(folder))
                yield from judge(batch, Path(folder), unsafe)
            finally:
                os.chdir(here)


def judge(batch: Sequence[Mutant], tree: Path, unsafe: bool) -> Iterator[Row]:
    """What fixing the tree has done to each mutant."""
    outcome = _fix(tree, unsafe)
    problems = write_changes(outcome.changes)
    again = {Path(change.path).relative_to(tree).parts[0] for change in _fix(tree, unsafe).changes}
    rules = {mutant.package: mutant.effect.rules for mutant in batch}
    fixed = Counter(p for item in outcome.fixed if item.finding.name in rules[p := _package(item.finding)])
    left: dict[str, list[str]] = defaultdict(list)
    revealed: Counter[str] = Counter()
    for item in outcome.left:
        package = _package(item.finding)
        revealed[package] += item.reason == REVEALED
        if item.finding.name in rules[package]:
            left[package].append(f"{item.finding.name}: {item.reason}")
    for mutant in batch:
        package = mutant.package
        count = fixed[package] + len(left[package])
        if count:
            broken = "; ".join(problems) or _compile(tree / package)
            broken = broken or ("fixing again changes it again" if package in again else "")
            yield Row(mutant, unsafe, count, tuple(left[package]), broken, revealed[package])


def _fix(tree: Path, unsafe: bool) -> Outcome:
    return fix_files([tree], config=Config(root=str(tree)), unsafe=unsafe, cache=False)


def _package(finding: Finding) -> str:
    return finding.path.partition("/")[0]


def _compile(folder: Path) -> str:
    for path in folder.rglob("*.py"):
        try:
            compile(path.read_text(), str(path), "exec")
        except SyntaxError as error:
            return f"{path.name}: {error}"
    return ""


def print_totals(rows: Sequence[Row]) -> None:
    """A line for each rule, and one for all."""
    print(f"{'':<26}{'findings':>9}{'fixed':>7}{'tried':>7}{'fixed %':>9}{'correct %':>10}")
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.mutant.effect.rule or "(harmless)"].append(row)
    for name, group in (*groups.items(), ("in all", list(rows))):
        findings = sum(row.findings for row in group)
        left = sum(len(row.left) for row in group)
        wrong = sum(text.endswith(WRONG) for row in group for text in row.left)
        broken = sum(row.findings - len(row.left) for row in group if row.broken)
        fixed = findings - left
        tried = fixed + wrong
        print(
            f"{name:<26}{findings:>9}{fixed:>7}{tried:>7}{100 * fixed / max(1, findings):>9.1f}"
            f"{100 * (fixed - broken) / max(1, tried):>10.1f}"
        )
    mutants = sum(row.revealed > 0 for row in rows)
    print(f"{mutants} mutants have findings afterwards of other code that was there before")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=600, help="about so many mutants")
    parser.add_argument("--rule", help="only this rule")
    parser.add_argument("--host", help="only workflows whose name contains this")
    parser.add_argument("--safe", action="store_true", help="only safe fixes, not also with --unsafe")
    parser.add_argument("--list", action="store_true", help="print what is left, and why")
    options = parser.parse_args()
    mutants = [
        mutant
        for mutant in all_mutants(built_in_hosts())
        if (not options.rule or options.rule == mutant.effect.rule)
        and (not options.host or options.host in mutant.host.name)
    ]
    mutants = sample(mutants, options.sample)
    wrong = False
    for unsafe in (False,) if options.safe else (False, True):
        rows = list(run(mutants, unsafe=unsafe))
        print("with --unsafe" if unsafe else "safe fixes")
        print_totals(rows)
        if options.list:
            for row in rows:
                if row.left or row.broken:
                    print(f"{row.mutant.package} {row.mutant.title}: {'; '.join(row.left)} {row.broken}")
        wrong = wrong or any(row.broken for row in rows)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
