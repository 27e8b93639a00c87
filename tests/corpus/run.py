"""Runs the checker over the corpus: `python -m tests.corpus.run DIR [NAME ...] [--findings FILE]`.

Prints lines, workflows, findings, gaps and seconds of each member, and findings by rule. FILE gets every
finding with its source lines and witness, for reading by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tests.corpus.get import Member, read_members

CONTEXT = 2


class Outcome(NamedTuple):
    """The JSON report on one member, and how long it took."""

    member: Member
    findings: list[dict[str, Any]]
    summary: dict[str, Any]
    seconds: float
    failure: str


def check(folder: Path, member: Member, timeout: float) -> Outcome:
    """Runs the command line as a user does, in the member's folder, without a cache."""
    command = [sys.executable, "-m", "color_checker", "check", ".", "--format", "json", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command, check=False, cwd=folder, capture_output=True, text=True, timeout=timeout, env=environment
        )
    except subprocess.TimeoutExpired:
        return Outcome(member, [], {}, timeout, f"not done in {timeout:.0f} s")
    seconds = time.perf_counter() - start
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return Outcome(member, [], {}, seconds, f"exit {done.returncode}: {done.stderr[-600:]}")
    return Outcome(member, report["findings"], report["summary"], seconds, "")


def write_findings(outcome: Outcome, folder: Path, output: TextIO) -> None:
    """Each finding with the lines around it and its witness."""
    output.write(f"\n######## {outcome.member.name}: {len(outcome.findings)} findings\n")
    for finding in outcome.findings:
        place = f"{finding.get('path')}:{finding.get('line')}:{finding.get('column')}"
        output.write(f"\n{finding.get('code')} {finding.get('name')} {place}\n  {finding.get('message')}\n")
        output.write(f"  in {finding.get('function')} ({finding.get('color')}, {finding.get('engine')})\n")
        for frame in finding.get("witness") or ():
            output.write(f"    -> {frame['function']} {frame['path']}:{frame['line']}\n")
            output.write(_source(folder / frame["path"], frame["line"], 0, "         "))
        output.write(_source(folder / str(finding.get("path")), int(finding.get("line") or 0), CONTEXT, "  "))


def _source(path: Path, line: int, context: int, indent: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    numbers = range(max(1, line - context), min(len(lines), line + context) + 1)
    return "".join(
        f"{indent}{'>' if number == line else ' '}{number:5} {lines[number - 1]}\n" for number in numbers
    )


def print_row(outcome: Outcome) -> None:
    """One member in the table."""
    if outcome.failure:
        print(f"{outcome.member.name:<52} {outcome.failure}")
        return
    summary = outcome.summary
    lines, calls, gaps = (int(summary.get(key) or 0) for key in ("lines", "calls", "gaps"))
    errors = sum(not finding.get("code") for finding in outcome.findings)
    found = len(outcome.findings) - errors
    print(
        f"{outcome.member.name:<52}{summary.get('files', 0):>6}{lines:>9}{summary.get('workflows', 0):>6}"
        f"{summary.get('steps', 0):>6}{found:>6}{10_000 * found / max(1, lines):>8.2f}{calls:>8}{gaps:>6}"
        f"{100 * gaps / max(1, calls):>7.1f}{errors:>4}{outcome.seconds:>7.1f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", help="only members whose name contains one of these")
    parser.add_argument("--findings", type=Path, help="write all findings here")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one member")
    options = parser.parse_args()

    print(
        f"{'member':<52}{'files':>6}{'lines':>9}{'flows':>6}{'steps':>6}{'found':>6}{'/10k':>8}"
        f"{'calls':>8}{'gaps':>6}{'gap %':>7}{'err':>4}{'sec':>7}"
    )
    outcomes = []
    for member in read_members():
        folder = options.directory / member.folder
        wanted = not options.names or any(name in member.name for name in options.names)
        if wanted and folder.is_dir():
            outcomes.append(check(folder, member, options.timeout))
            print_row(outcomes[-1])
            sys.stdout.flush()
    rules = Counter(
        f"{finding.get('code')} {finding.get('name')}" for outcome in outcomes for finding in outcome.findings
    )
    for rule, count in sorted(rules.items()):
        print(f"{count:>6} {rule}")
    if options.findings:
        with options.findings.open("w", encoding="utf-8") as output:
            for outcome in outcomes:
                write_findings(outcome, options.directory / outcome.member.folder, output)
    return 1 if any(outcome.failure for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
