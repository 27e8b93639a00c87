"""Measures the checker on a tree, as ratios within one run: `python -m tests.benchmarks.speed TREE`.

On a copy of TREE's Python files: `ast.parse` alone (one thread), the checker cold, warm and after one
change, its peak memory, its growth from half the tree to the whole and to twice the tree; beside it mypy
cold, pylint with one check, and PyCG, each with a time limit. On a machine that does other things at the
same time, compare processor time (`cpu`, of all processes of a run) and not the time that passes. Memory
is that of the process tree: `pss` counts a page that processes share once, `rss` once for each.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.pycg import CACHE, pycg_python
from tests.corpus.get import fetch

SAMPLING = 0.03
MEGABYTE = 1024.0

# Reads everything first, so that only parsing is timed. Trees that are kept make the garbage collector work.
PARSE = """
import ast, pathlib, sys, time, warnings
warnings.simplefilter("ignore")
sources = [path.read_bytes() for path in pathlib.Path(sys.argv[1]).rglob("*.py")]
for keep in (False, True):
    best = least = float("inf")
    for _ in range(3):
        trees = []
        start, used = time.perf_counter(), time.process_time()
        for source in sources:
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError):
                continue
            if keep:
                trees.append(tree)
        best = min(best, time.perf_counter() - start)
        least = min(least, time.process_time() - used)
    print(best, least)
"""

PYCG = """
import importlib.machinery, importlib.util, pathlib, sys
import PyCG
sys.modules["pycg"] = PyCG
sys.setrecursionlimit(100_000)
from pycg import utils
from pycg.pycg import CallGraphGenerator
root = sys.argv[1]
files = [str(path) for path in sorted(pathlib.Path(root).rglob("*.py"))]
CallGraphGenerator(files, root, -1, utils.constants.CALL_GRAPH_OP).analyze()
"""


class Measure(NamedTuple):
    """One run of a command: wall and processor time, and the peak memory of its process tree in MB."""

    seconds: float
    cpu: float
    pss: float = 0.0
    rss: float = 0.0
    note: str = ""


def measure(
    command: Sequence[str | Path],
    folder: Path,
    timeout: float,
    good: Iterable[int] = (0, 1),
    with_memory: bool = False,
) -> Measure:
    """Runs the command in `folder`; `note` says what went wrong, if it did. Looking at memory takes time."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with tempfile.TemporaryFile() as errors:
        start, used = time.perf_counter(), _processor_time()
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        # Not `wait(timeout)`: that looks again and again, at last only every 50 ms.
        alarm = threading.Timer(timeout, process.kill)
        alarm.start()
        pss, rss = _watch(process, start + timeout) if with_memory else (0.0, 0.0)
        process.wait()
        seconds = time.perf_counter() - start
        alarm.cancel()
        cpu = _processor_time() - used
        if seconds >= timeout:
            return Measure(timeout, cpu, pss, rss, f"stopped after {timeout:.0f} s")
        errors.seek(0)
        last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
    note = "" if process.returncode in good else f"exit {process.returncode}: {' '.join(last)[:100]}"
    return Measure(seconds, cpu, pss, rss, note)


def _processor_time() -> float:
    """Seconds that all processes have used that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _watch(process: subprocess.Popen[bytes], deadline: float) -> tuple[float, float]:
    """The peaks of memory until the process ends, or until the deadline."""
    pss = rss = 0.0
    while process.poll() is None and time.perf_counter() < deadline:
        memory = _memory(process.pid)
        pss, rss = max(pss, memory[0]), max(rss, memory[1])
        time.sleep(SAMPLING)
    return pss, rss


def _memory(pid: int) -> tuple[float, float]:
    """Proportional and resident memory of a process and its descendants, in MB."""
    pss = rss = 0.0
    for process in _descendants(pid):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        fields = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:]}
        pss += int(fields.get("Pss", 0)) / MEGABYTE
        rss += int(fields.get("Rss", 0)) / MEGABYTE
    return pss, rss


def _descendants(pid: int) -> list[int]:
    result = [pid]
    for process in result:
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                result.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue
    return result


def copy_sources(tree: Path, target: Path, every: int = 1) -> int:
    """Copies the Python files, with `every` 2 each second one (and each `__init__`); returns the lines."""
    lines = 0
    for number, path in enumerate(sorted(tree.rglob("*.py"))):
        if number % every and path.name != "__init__.py":
            continue
        copy = target / path.relative_to(tree)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        lines += copy.read_bytes().count(b"\n")
    return lines


def django() -> Path:
    """A large, well-known tree."""
    folder = CACHE.parent / "django"
    if not folder.exists() and not fetch("django", folder):
        raise SystemExit("Django cannot be fetched: name a tree")
    return folder


def checker(*options: str) -> list[str]:
    """The command line a user types."""
    return [sys.executable, "-m", "color_checker", "check", ".", "--format", "json", *options]


def best(command: Sequence[str], folder: Path, times: int, timeout: float) -> Measure:
    """The fastest of some runs, and the memory of one more."""
    fastest = _best([measure(command, folder, timeout) for _ in range(times)])
    memory = measure(command, folder, timeout, with_memory=True)
    return fastest._replace(pss=memory.pss, rss=memory.rss)


def _best(runs: Sequence[Measure]) -> Measure:
    """The shortest times of several runs of the same."""
    return min(runs, key=lambda run: run.seconds)._replace(cpu=min(run.cpu for run in runs))


def _parse_measure(line: str) -> Measure:
    seconds, cpu = map(float, line.split())
    return Measure(seconds, cpu)


class Table:
    """Prints one measure a line, with its ratio to parsing and to the cold run."""

    def __init__(self, lines: int, parse: Measure, parse_and_keep: Measure) -> None:
        self.lines = lines
        self.parse = parse
        self.cold: Measure | None = None
        titles = ("seconds", "lines/s", "x parse", "x cold", "cpu", "x parse", "x cold", "pss MB", "rss MB")
        print(f"{'':<34}" + "".join(f"{title:>9}" for title in titles))
        self.row("ast.parse, trees dropped", parse)
        self.row("ast.parse, trees kept", parse_and_keep)

    def row(self, name: str, run: Measure, lines: int = 0) -> None:
        memory = f"{run.pss:>9.0f}{run.rss:>9.0f}" if run.rss else ""
        print(
            f"{name:<34}{run.seconds:>9.2f}{(lines or self.lines) / run.seconds:>9.0f}"
            f"{run.seconds / self.parse.seconds:>9.2f}{self._share(seconds=run.seconds)}"
            f"{run.cpu:>9.2f}{run.cpu / self.parse.cpu:>9.2f}{self._share(cpu=run.cpu)}{memory}  {run.note}"
        )
        sys.stdout.flush()

    def _share(self, seconds: float = 0.0, cpu: float = 0.0) -> str:
        """One of the two, as a part of what a cold run takes."""
        if self.cold is None:
            return " " * 9
        return f"{seconds / self.cold.seconds + cpu / self.cold.cpu:>9.3f}"


def measure_checker(table: Table, whole: Path, times: int, timeout: float) -> None:
    """Cold without and with a cache, warm, and after a comment and after code was appended to one file."""
    cold = best(checker("--no-cache"), whole, times, timeout)
    table.cold = cold
    table.row("cold, --no-cache", cold)
    before = set(whole.iterdir())
    table.row("cold, empty cache", measure(checker(), whole, timeout))
    table.row("warm, nothing changed", best(checker(), whole, times, timeout))
    largest = max(whole.rglob("*.py"), key=lambda path: path.stat().st_size)
    for what, text in (("a comment", "# changed {}\n"), ("code", "\n\ndef changed_{}():\n    return 1\n")):
        changed = []
        for number in range(times):
            with largest.open("a", encoding="utf-8") as file:
                file.write(text.format(number))
            changed.append(measure(checker(), whole, timeout))
        table.row(f"{what} added to the largest file", _best(changed))
    for path in set(whole.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def measure_growth(table: Table, tree: Path, folder: Path, times: int, timeout: float) -> None:
    """Half the files, and two copies of the tree side by side."""
    half = copy_sources(tree, folder / "half", every=2)
    double = sum(copy_sources(tree, folder / "double" / name) for name in ("one", "two"))
    for name, lines in (("half", half), ("double", double)):
        run = best(checker("--no-cache"), folder / name, times, timeout)
        table.row(f"{name} ({lines:,} lines)", run, lines)
        share = lines / table.lines
        assert table.cold is not None
        growth, used = run.seconds / table.cold.seconds, run.cpu / table.cold.cpu
        print(f"{'':<34}{share:.2f} x the lines take {growth:.2f} x the time and {used:.2f} x the cpu")


def measure_others(table: Table, whole: Path, timeout: float, pycg: Path | None) -> None:
    """What people run today, each within the time limit."""
    mypy = [sys.executable, "-m", "mypy", "--cache-dir", os.devnull, "--no-incremental"]
    mypy += ["--ignore-missing-imports", "--namespace-packages", "--explicit-package-bases", "."]
    table.row("mypy, cold", measure(mypy, whole, timeout, with_memory=True))
    pylint = [sys.executable, "-m", "pylint", "--disable=all", "--enable=unused-import", "--persistent=n"]
    codes = range(32)  # pylint's exit code is a bit mask of what it reported
    table.row("pylint, unused-import", measure([*pylint, "--recursive=y", "."], whole, timeout, codes, True))
    python = pycg_python(pycg)
    if python is None:
        print("PyCG is left out: no Python 3.10 found, name one with --pycg-python")
    else:
        table.row("PyCG", measure([python, "-c", PYCG, whole], whole, timeout, (0,), True))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="default: Django, fetched from PyPI")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for any one run")
    parser.add_argument("--times", type=int, default=3, help="runs of ours, of which the fastest counts")
    parser.add_argument("--pycg-python", type=Path, help="a Python 3.10 or older, with or without PyCG")
    parser.add_argument("--no-others", action="store_true", help="without mypy, pylint and PyCG")
    parser.add_argument("--only-others", action="store_true", help="without our own runs")
    options = parser.parse_args()

    tree: Path = (options.tree or django()).resolve()
    with tempfile.TemporaryDirectory(prefix="speed") as temporary:
        whole = Path(temporary) / "whole"
        lines = copy_sources(tree, whole)
        print(f"{tree.name}: {sum(1 for _ in whole.rglob('*.py')):,} files, {lines:,} lines")
        parsed = subprocess.run(
            [sys.executable, "-c", PARSE, whole], check=True, capture_output=True, text=True
        )
        parse, kept = (_parse_measure(line) for line in parsed.stdout.splitlines())
        table = Table(lines, parse, kept)
        if not options.only_others:
            measure_checker(table, whole, options.times, options.timeout)
            measure_growth(table, tree, Path(temporary), options.times, options.timeout)
        if not options.no_others:
            measure_others(table, whole, options.timeout, options.pycg_python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
