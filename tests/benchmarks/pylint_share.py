"""Measures the plugin's own time in pylint, with its messages only.

    python -m tests.benchmarks.pylint_share DIRECTORY... [--repeat N]

Each directory is copied. Pylint checks all of it in one process, with all messages off but ours: it reads and
parses every file, builds its trees, and walks them. The time in the plugin's own functions, the analysis
included, is measured inside of that run: cold, without what earlier runs have left in `.color_checker_cache`,
and warm. Processor time, the least of the repetitions, since other programs run as well.
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

#: Runs pylint and writes down the time in the plugin, and in all.
_RUN = """\
import json, sys, resource

def used():
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # files are also read in other processes
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))

began = used()
from pylint.lint import Run
from pylint.reporters import CollectingReporter
import pylint_plugin

inside = 0.0

def timed(function):
    def run(*arguments):
        global inside
        start = used()
        try:
            return function(*arguments)
        finally:
            inside += used() - start
    return run

pylint_plugin.register = timed(pylint_plugin.register)
pylint_plugin.load_configuration = timed(pylint_plugin.load_configuration)
register = pylint_plugin.register

def register_and_time(linter):
    register(linter)
    from pylint_plugin.checker import ColorChecker
    if not hasattr(ColorChecker, "timed"):
        ColorChecker.visit_module = timed(ColorChecker.visit_module)
        ColorChecker.timed = True

pylint_plugin.register = register_and_time
reporter = CollectingReporter()
Run(["--load-plugins=pylint_plugin", "--disable=all", "--enable=color", "--recursive=y", "."],
    reporter=reporter, exit=False)
counts = {}
for message in reporter.messages:
    counts[message.symbol] = counts.get(message.symbol, 0) + 1
print(json.dumps({"plugin": inside, "all": used() - began, "messages": counts}))
"""


def measure(directory: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _RUN], cwd=directory, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path)
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    for directory in options.directories:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "project")
            shutil.copytree(directory, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            results: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
            for _ in range(options.repeat):
                shutil.rmtree(copy / ".color_checker_cache", ignore_errors=True)
                for kind in ("cold", "warm"):
                    results[kind].append(measure(copy))
        for kind, runs in results.items():
            plugin, everything = min(run["plugin"] for run in runs), min(run["all"] for run in runs)
            others = everything - plugin
            print(
                f"{directory.name}, {kind}: plugin {plugin:.2f} s, pylint without it {others:.2f} s: "
                f"{plugin / others:.1%}; {runs[0]['messages']}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
