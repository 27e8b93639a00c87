"""Measures `check --watch`: from the save of a file to the end of what is shown, and its memory.

    python -m tests.benchmarks.watching [DIRECTORY] [--saves N]

A copy of the directory is watched, to which a workflow and a helper are added. The helper is saved again and
again, in turn with and without a clock. Without a directory: the examples.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
FLOW = """\
from temporalio import workflow

import watched_helper


@workflow.defn
class Watched:
    @workflow.run
    async def run(self) -> float:
        return watched_helper.now()
"""
HELPERS = (
    "import time\n\n\ndef now() -> float:\n    return time.time()  # {}\n",
    "def now() -> float:\n    return 1.0  # {}\n",
)


def until_shown(process: subprocess.Popen[str]) -> str:
    """What a check shows."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if "watching for changes" in line:
            return seen
    raise SystemExit("it has ended")


def memory(process: subprocess.Popen[str]) -> int:
    """In use, in MB; 0 where that cannot be told."""
    try:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, default=EXAMPLES)
    parser.add_argument("--saves", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(options.directory, project, ignore=shutil.ignore_patterns(".*"), symlinks=True)
        (project / "watched_flow.py").write_text(FLOW)
        helper = project / "watched_helper.py"
        helper.write_text(HELPERS[1])
        environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "color_checker", "check", "--watch", "--color", "never"],
            cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        )  # fmt: skip
        try:
            until_shown(process)
            first, before = time.perf_counter() - started, memory(process)
            times = []
            for number in range(options.saves):
                time.sleep(0.3)
                started = time.perf_counter()
                helper.write_text(HELPERS[number % 2].format(number))
                shown = until_shown(process)
                times.append(time.perf_counter() - started)
                assert ("watched_flow.py" in shown) == (number % 2 == 0), shown
            after = memory(process)
        finally:
            process.kill()
            process.wait()
    times.sort()
    print(
        f"first check {first:.2f} s; {len(times)} saves: median {statistics.median(times) * 1000:.0f} ms, "
        f"p95 {times[int(0.95 * (len(times) - 1))] * 1000:.0f} ms; memory {before} MB, then {after} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
