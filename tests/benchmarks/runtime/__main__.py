"""Measures runtime_min, as ratios within one run: `python -m tests.benchmarks.runtime [--only NAME ...]`.

Each measurement runs in a process of its own, one after another, on databases below `--folder`, which has to
be on a real disk. What is compared takes turns, in `--times` rounds; printed are the best round, the median,
and the least processor time of one thing. Other engines get virtual environments in the user's cache, or are
named: `--dbos-python`, `--temporal-python`. What cannot be measured is told, with the reason.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.runtime import many, measuring, messages, others, replays, sleepers, steps
from tests.benchmarks.runtime.measuring import Setting

MEASUREMENTS: dict[str, Callable[[Setting], None]] = {
    "sequential": steps.measure_sequential,
    "concurrent": steps.measure_concurrent,
    "replay": replays.measure_replay,
    "resume": replays.measure_resume,
    "guard": replays.measure_guard,
    "start": many.measure_start,
    "million": many.measure_million,
    "sleepers": sleepers.measure_sleepers,
    "signals": messages.measure_signals,
    "wakeup": messages.measure_wakeup,
    "others": others.measure_others,
}


def main() -> int:
    options = _options()
    if options.here:
        with tempfile.TemporaryDirectory(prefix="runtime-speed-", dir=options.folder) as folder:
            paths = {"dbos": options.dbos_python, "temporal": options.temporal_python}
            setting = Setting(Path(folder), options.short, 1 if options.short else options.times, paths)
            MEASUREMENTS[options.here](setting)
        return 0
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}")
    print(f"{os.cpu_count()} processors, databases on {_file_system(options.folder)}")
    failed = [name for name in options.only or MEASUREMENTS if not _measure(name)]
    print(f"\nload at the end: {measuring.loads()}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.runtime",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(MEASUREMENTS), metavar="NAME", help=", ".join(MEASUREMENTS)
    )
    parser.add_argument("--short", action="store_true", help="only see whether it works")
    parser.add_argument("--times", type=int, default=5, help="rounds of each comparison")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="for databases; default: here")
    parser.add_argument("--dbos-python", help="a Python with dbos, psycopg and pysqlite3")
    parser.add_argument("--temporal-python", help="a Python with temporalio, with `temporal` beside it")
    parser.add_argument("--here", choices=list(MEASUREMENTS), help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(name: str) -> bool:
    """Run one measurement in a process of its own, so that none finds what another left in memory."""
    print(f"\n==== {name}, load {measuring.loads()}", flush=True)
    command = [sys.executable, "-m", "tests.benchmarks.runtime", *sys.argv[1:], "--here", name]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, env=environment, check=False).returncode == 0


def _file_system(folder: Path) -> str:
    """Device and type of the file system of a folder."""
    found = subprocess.run(
        ["df", "--output=source,fstype", folder], capture_output=True, text=True, check=True
    )
    return " ".join(found.stdout.splitlines()[-1].split())


if __name__ == "__main__":
    sys.exit(main())
