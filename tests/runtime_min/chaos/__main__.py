"""The chaos test in its long form: `python -m tests.runtime_min.chaos --seconds 600 --seed 1`.

Half of the time goes to storms (many programs at once, processes that die at random), half to commit points (one
program, a process that dies at each of its transactions in turn). `--storm SEED` and `--point SEED NUMBER MOMENT`
repeat one of them; databases of what went wrong are kept in `--keep`.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.runtime_min.chaos.driver import die_at, points, storm
from tests.runtime_min.chaos.process import MOMENTS
from tests.runtime_min.programs import Program, expected, make, signals_of

STORM_RUNS, STORM_SECONDS = 40, 6.0


class Campaign:
    """What was done so far, and what went wrong."""

    def __init__(self, keep: Path | None) -> None:
        self.figures: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._keep = keep

    def storm(self, seed: int, runs: int = STORM_RUNS, seconds: float = STORM_SECONDS) -> None:
        """Many programs and processes."""
        self.figures["storms"] += 1
        name = f"--storm {seed}"
        self._try(name, lambda directory: asyncio.run(storm(directory, seed, runs, seconds, self.figures)))

    def point(self, seed: int, number: int, moment: int) -> None:
        """One program, and death at a transaction."""
        name = f"--point {seed} {number} {moment}"
        description = point_program(seed)
        self._try(name, lambda directory: die_at(directory, description, number, MOMENTS[moment], self.figures))

    def points(self, seed: int, until: float = float("inf")) -> None:
        """All of a program's transactions."""
        with tempfile.TemporaryDirectory() as directory:
            description = point_program(seed)
            amount = points(directory, description, signals_of(description))
        for number in range(1, amount + 1):
            for moment in range(len(MOMENTS)):
                if time.monotonic() < until:
                    self.point(seed, number, moment)

    def _try(self, name: str, call: Callable[[str], list[str]]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            try:
                wrong = call(directory)
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            if wrong and self._keep is not None:
                kept = self._keep / name.strip("-").replace(" ", "-")
                shutil.copytree(directory, kept, dirs_exist_ok=True)
        for one in wrong:
            print(f"python -m tests.runtime_min.chaos {name}\n  {one}", flush=True)
        self.wrong += wrong


def point_program(seed: int) -> Program:
    """A settled program that completes."""
    for attempt in range(1000):
        made = make(Random(f"point {seed} {attempt}"), settled=True, size=6)
        if expected(made, list(range(signals_of(made))))[0] == "completed":
            return made
    raise AssertionError("no program completes")


@contextmanager
def _timed(figures: Counter[str]) -> Iterator[None]:
    began = time.monotonic()
    yield
    figures["seconds"] = round(time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--storm", type=int)
    parser.add_argument("--point", type=int, nargs=3, metavar=("SEED", "NUMBER", "MOMENT"))
    options = parser.parse_args(arguments)
    campaign = Campaign(options.keep)
    with _timed(campaign.figures):
        if options.storm is not None:
            campaign.storm(options.storm)
        elif options.point is not None:
            campaign.point(*options.point)
        else:
            _all(campaign, options.seed, options.seconds)
    print(", ".join(f"{name}: {amount}" for name, amount in campaign.figures.items()))
    print(f"wrong: {len(campaign.wrong)}")
    return 1 if campaign.wrong else 0


def _all(campaign: Campaign, seed: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        campaign.storm(seed)
        campaign.points(seed, min(end, 2 * time.monotonic() - began))
        seed += 1


if __name__ == "__main__":
    sys.exit(main())
