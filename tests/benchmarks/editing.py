"""Measures checks between edits: `python -m tests.benchmarks.editing TREE`.

Opens a copy of TREE in a session and makes seeded random edits as an editor hands them over while somebody
types: a call, a comment, an empty line, a number, a local name, a new function, a line taken away, and now
and then a line that is not complete yet. Files are told apart by what they have to do with workflows: they
hold one, are reached by one, are linked for other reasons, or nothing of this. Prints for each kind how long
`Session.check` took in milliseconds and against the first check, how often nothing had to be linked anew,
and the memory of the process. With `--verify`, each result is compared with that of a check from scratch.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from color_checker.findings import Color, Report
from color_checker.report import json_report
from color_checker.session import Session
from tests.benchmarks.speed import copy_sources, django

Lines = list[str]

KINDS = ("with a workflow", "reached", "linked", "other")


# -- edits -----------------------------------------------------------------------------------------


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _add_call(lines: Lines, at: int, chance: random.Random) -> None:
    call = chance.choice(("print('here')", "len(str(1))", "sorted({1, 2})", "helper(1)"))
    lines.insert(at, f"{_indent(lines[at])}{call}\n")


def _add_comment(lines: Lines, at: int, chance: random.Random) -> None:
    lines[at] = lines[at].rstrip("\n") + "  # edited\n"


def _add_empty_line(lines: Lines, at: int, chance: random.Random) -> None:
    lines.insert(at, "\n")


def _add_assignment(lines: Lines, at: int, chance: random.Random) -> None:
    lines.insert(at, f"{_indent(lines[at])}edited = {chance.randrange(1000)}\n")


def _add_function(lines: Lines, at: int, chance: random.Random) -> None:
    starts = [index for index, line in enumerate(lines) if line.startswith(("def ", "class ", "async def "))]
    start = min(starts, key=lambda index: abs(index - at), default=len(lines))
    lines[start:start] = [f"def edited_{chance.randrange(1000)}(x=1):\n", "    return x\n", "\n"]


def _remove_line(lines: Lines, at: int, chance: random.Random) -> None:
    del lines[at]


def _rename(lines: Lines, at: int, chance: random.Random) -> None:
    name = lines[at].strip().partition(" = ")[0]
    if name.isidentifier():
        lines[:] = [line.replace(name, f"{name}x") for line in lines]
    else:
        _add_assignment(lines, at, chance)


def _type_half_a_line(lines: Lines, at: int, chance: random.Random) -> None:
    lines.insert(at, f"{_indent(lines[at])}edited = edited.(\n")


EDITS: tuple[Callable[[Lines, int, random.Random], None], ...] = (
    _add_call, _add_call, _add_comment, _add_empty_line, _add_assignment, _add_assignment, _add_function,
    _remove_line, _rename,
)  # fmt: skip


class Editor:
    """Somebody who types in one file after another."""

    def __init__(self, session: Session, files: dict[str, list[Path]], seed: int) -> None:
        self.session = session
        self.files = files
        self.chance = random.Random(seed)
        self.texts: dict[Path, str] = {}

    def edit(self, kind: str) -> Iterator[str]:
        """Make one edit in a file of that kind, in one or two steps; gives what each is."""
        path = self.chance.choice(self.files[kind])
        text = self.texts.get(path) or path.read_text(encoding="utf-8")
        if self.chance.random() < 0.1:
            broken = _edited(text, self.chance, (_type_half_a_line,), complete=False)
            self.session.overlay(str(path), broken)
            yield f"{path}: half a line"
        change = self.chance.choice(EDITS)
        self.texts[path] = _edited(text, self.chance, (change, _add_call, _add_assignment, _add_comment))
        self.session.overlay(str(path), self.texts[path])
        yield f"{path}: {change.__name__}"


def _edited(
    text: str, chance: random.Random, changes: tuple[Callable[[Lines, int, random.Random], None], ...],
    *, complete: bool = True,
) -> str:  # fmt: skip
    """The text after the first of the changes that leaves it in order, within a function if there is one."""
    for change in changes * 3:
        lines = text.splitlines(keepends=True) or ["\n"]
        places = [index for index, line in enumerate(lines) if line.startswith("    ") and line.strip()]
        change(lines, chance.choice(places or range(len(lines))), chance)
        edited = "".join(lines)
        if not complete:
            return edited
        with contextlib.suppress(SyntaxError, ValueError):
            ast.parse(edited)
            return edited
    return text + "# edited\n"


# -- measures --------------------------------------------------------------------------------------


class Check(NamedTuple):
    """How long one check took, in seconds, and whether it made a new analysis."""

    seconds: float
    cpu: float
    anew: bool


def kinds(session: Session) -> dict[str, list[Path]]:
    """The files of a project by what they have to do with workflows."""
    program = session.analysis.program
    with_workflow = {node.module.key for node, code in program.code.items() if code.color is Color.WORKFLOW}
    reached = {node.module.key for node in program.replayed_nodes} - with_workflow
    linked = {module.key for module in program.modules} - with_workflow - reached
    files = [source.path for source in session.analysis.project.files]
    groups = (with_workflow, reached, linked, {*files} - with_workflow - reached - linked)
    names = zip(KINDS, groups, strict=True)
    return {kind: [Path(path) for path in files if path in group] for kind, group in names}


def checked(session: Session) -> Check:
    before = session.analysis.program.linker
    start, used = time.perf_counter(), time.process_time()
    session.check()
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    return Check(seconds, cpu, session.analysis.program.linker is not before)


def compare(session: Session, edit: str) -> None:
    """Stop if a check from scratch says anything else."""
    fresh = Session(["."], cache=False)
    fresh._overlays = session._overlays
    if encoded(fresh.check()) != encoded(session.report):
        raise SystemExit(f"not what a check from scratch gives: {edit}")
    fresh.close()


def encoded(report: Report) -> bytes:
    summary = msgspec.structs.replace(report.summary, seconds=None)
    return json_report.encode(msgspec.structs.replace(report, summary=summary))


def memory() -> float:
    """The resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def run(tree: Path, number: int, seed: int, *, verify: bool) -> None:
    start = time.perf_counter()
    session = Session(["."], cache=False)
    session.check()
    first = time.perf_counter() - start
    at_start = memory()
    files = kinds(session)
    counts = ", ".join(f"{len(group)} {kind}" for kind, group in files.items())
    print(f"first check {first * 1000:.0f} ms, {at_start:.0f} MB; files: {counts}")
    editor = Editor(session, files, seed)
    everything: list[Check] = []
    print(
        f"{'':<18}{'checks':>8}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'cpu p95':>9}{'p95/first':>11}"
        f"{'anew':>7}"
    )
    for kind in KINDS:
        checks = []
        for _ in range(number if files[kind] else 0):
            for edit in editor.edit(kind):
                checks.append(checked(session))
                session.tidy()  # as an editor's server does when it has answered
                if verify:
                    compare(session, edit)
        everything += checks
        show(kind, checks, first)
    show("all", everything, first)
    print(f"memory {at_start:.0f} MB after the first check, {memory():.0f} MB at the end")


def show(kind: str, checks: list[Check], first: float) -> None:
    if not checks:
        return
    seconds = sorted(check.seconds for check in checks)
    cpu = sorted(check.cpu for check in checks)
    high = int(len(seconds) * 0.95)
    share = sum(check.anew for check in checks) / len(checks)
    print(
        f"{kind:<18}{len(checks):>8}{seconds[len(seconds) // 2] * 1000:>9.0f}{seconds[high] * 1000:>9.0f}"
        f"{seconds[-1] * 1000:>9.0f}{cpu[high] * 1000:>9.0f}{seconds[high] / first:>11.3f}{share:>7.0%}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="default: Django, fetched from PyPI")
    parser.add_argument("--edits", type=int, default=50, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verify", action="store_true", help="compare with checks from scratch")
    options = parser.parse_args()
    tree: Path = (options.tree or django()).resolve()
    with tempfile.TemporaryDirectory(prefix="editing") as temporary:
        lines = copy_sources(tree, Path(temporary))
        (Path(temporary) / "pyproject.toml").write_text("[tool.color-checker]\n")
        os.chdir(temporary)
        print(f"{tree.name}: {lines:,} lines")
        run(tree, options.edits, options.seed, verify=options.verify)
        os.chdir(tree)
    return 0


if __name__ == "__main__":
    sys.exit(main())
