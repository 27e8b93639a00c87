"""The torture test in its long form: `python -m tests.runtime_min.torture.run --programs 1000 --seed 1`.

With `--replay FILE` it only rebuilds the runs that another process, with another hash seed, saved.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.torture.compare import BATCH, Recorded, check_all, live, load, save


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first program; the others follow")
    parser.add_argument(
        "--most-cuts", type=int, default=None, help="rebuild at most so many beginnings of a run"
    )
    parser.add_argument("--replay", type=Path, default=None)
    options = parser.parse_args(arguments)
    if options.replay is not None:
        return _report(check_all(load(options.replay), options.most_cuts))
    began = time.monotonic()
    failures: list[str] = []
    programs = runs = events = 0
    with tempfile.TemporaryDirectory() as directory:
        for batch, first in enumerate(range(options.seed, options.seed + options.programs, BATCH)):
            seeds = range(first, min(first + BATCH, options.seed + options.programs))
            recorded = record(seeds, Path(directory) / f"{batch}.sqlite" if batch % 2 else None)
            failures += check_all(recorded, options.most_cuts)
            failures += elsewhere(recorded, Path(directory) / "recorded", options.most_cuts)
            programs, runs = programs + len(seeds), runs + len(recorded)
            events += sum(len(one.history) for one in recorded)
    print(f"{programs} programs, {runs} runs, {events} events, {time.monotonic() - began:.0f} s")
    return _report(failures)


def record(seeds: Sequence[int], database: Path | None) -> list[Recorded]:
    """Run programs live, in memory or in a file."""
    backend = MemoryBackend() if database is None else SqliteBackend(database, synchronous="NORMAL")
    try:
        return asyncio.run(live(seeds, backend))
    finally:
        backend.close()


def elsewhere(recorded: Sequence[Recorded], path: Path, most_cuts: int | None) -> list[str]:
    """The same comparison in a process whose strings hash otherwise."""
    save(path, recorded)
    command = [sys.executable, "-m", "tests.runtime_min.torture.run", "--replay", str(path)]
    if most_cuts is not None:
        command += ["--most-cuts", str(most_cuts)]
    seed = str(int(os.environ.get("PYTHONHASHSEED", "0").replace("random", "0")) + 4711)
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    return [] if done.returncode == 0 else [f"with PYTHONHASHSEED={seed}: {done.stdout}{done.stderr}"]


def _report(failures: Sequence[str]) -> int:
    for failure in failures:
        print(failure)
    print(f"wrong: {len(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
