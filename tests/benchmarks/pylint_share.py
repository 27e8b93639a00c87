"""Measures the plugin's own time in pylint, with its messages only.

    python -m tests.benchmarks.pylint_share DIRECTORY... [--repeat N] [--jobs N]

Each directory is copied. Pylint checks all of it, with all messages off but ours: it reads and parses every
file, builds its trees, and walks them. That is done in turn

- without: the plugin is loaded and its functions do nothing, which is what pylint itself takes,
- cold: without what earlier runs have left in `.color_checker_cache`,
- warm: after that.

Said are the processor time of pylint's own process, of that the plugin's functions, and apart from it that
of all other processes: the child that analyzes the project, and those that read files; then the time that
passes, and how much of it pylint stands in the plugin's functions, at work or waiting for the child. Of each
number it is the least of the repetitions, since other programs run as well.

With `--jobs`, the processes of pylint count among the others.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Runs pylint and writes down the times of all that happens in it.
_RUN = """\
import json, resource, sys, time

def used(kind):
    usage = resource.getrusage(kind)
    return usage.ru_utime + usage.ru_stime

began = time.perf_counter()
own, passed, depth = 0.0, 0.0, 0

def timed(function):
    def run(*arguments):
        global own, passed, depth
        if silent:
            return None
        start, since = used(resource.RUSAGE_SELF), time.perf_counter()
        depth += 1
        try:
            return function(*arguments)
        finally:
            depth -= 1
            if not depth:
                own += used(resource.RUSAGE_SELF) - start
                passed += time.perf_counter() - since
    return run

silent, jobs = sys.argv[1] == "without", sys.argv[2]
from pylint.lint import Run
from pylint.reporters import CollectingReporter
import pylint_plugin

def register_and_time(linter):
    start, since = used(resource.RUSAGE_SELF), time.perf_counter()
    register(linter)
    if not silent:
        global own, passed
        own += used(resource.RUSAGE_SELF) - start
        passed += time.perf_counter() - since
    from pylint_plugin.checker import ColorChecker
    if not hasattr(ColorChecker, "timed"):
        for name in ("open", "visit_module", "close"):
            setattr(ColorChecker, name, timed(getattr(ColorChecker, name)))
        ColorChecker.timed = True

register = pylint_plugin.register
pylint_plugin.register = register_and_time
pylint_plugin.load_configuration = timed(pylint_plugin.load_configuration)
reporter = CollectingReporter()
Run(["--load-plugins=pylint_plugin", "--disable=all", "--enable=color", "--persistent=no", "--recursive=y",
    "-j", jobs, "."], reporter=reporter, exit=False)
counts = {}
for message in reporter.messages:
    counts[message.symbol] = counts.get(message.symbol, 0) + 1
passed_in_all = time.perf_counter() - began
import threading
for thread in threading.enumerate():  # which wait for the child to be gone, so that it is counted
    if thread is not threading.current_thread() and not thread.daemon:
        thread.join()
times = {
    "pylint": used(resource.RUSAGE_SELF), "plugin": own, "others": used(resource.RUSAGE_CHILDREN),
    "passed": passed_in_all, "in plugin": passed,
}
print(json.dumps([times, counts]))
"""

KINDS = ("without", "cold", "warm")

Times = dict[str, float]


def measure(directory: Path, kind: str, jobs: int) -> tuple[Times, dict[str, int]]:
    done = subprocess.run(
        [sys.executable, "-c", _RUN, kind, str(jobs)], cwd=directory, capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    times, counts = json.loads(done.stdout.splitlines()[-1])
    return times, counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    for directory in options.directories:
        print(f"{directory.name}, {options.jobs} jobs")
        least: dict[str, Times] = {}
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "project")
            shutil.copytree(directory, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            for _ in range(options.repeat):
                shutil.rmtree(copy / ".color_checker_cache", ignore_errors=True)
                for kind in KINDS:
                    times, counts = measure(copy, kind, options.jobs)
                    before = least.get(kind, times)
                    least[kind] = {name: min(times[name], before[name]) for name in times}
        for kind in KINDS:
            _show(kind, least[kind], least["without"])
        print(f"  {counts}")
    return 0


def _show(kind: str, times: Times, without: Times) -> None:
    print(
        f"  {kind:8} processor: pylint {times['pylint']:.2f} s, of that the plugin {times['plugin']:.2f} s "
        f"({times['plugin'] / without['pylint']:.1%} of pylint without), others {times['others']:.2f} s; "
        f"passed: {times['passed']:.2f} s ({times['passed'] - without['passed']:+.2f} s), "
        f"of that in the plugin {times['in plugin']:.2f} s ({times['in plugin'] / without['passed']:.1%})"
    )


if __name__ == "__main__":
    sys.exit(main())
