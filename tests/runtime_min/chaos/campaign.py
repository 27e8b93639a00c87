"""A series of storms and deaths at commit points, each of which can be repeated by its seed."""

from __future__ import annotations

import asyncio
import math
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
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
        self._try(
            name, lambda directory: die_at(directory, description, number, MOMENTS[moment], self.figures)
        )

    def points(self, seed: int, until: float = math.inf, order: Random | None = None) -> None:
        """A program's transactions in turn, or in a random order, until a time of the monotonic clock."""
        with tempfile.TemporaryDirectory() as directory:
            description = point_program(seed)
            amount = points(directory, description, signals_of(description))
        deaths = [(number, moment) for number in range(1, amount + 1) for moment in range(len(MOMENTS))]
        if order is not None:
            order.shuffle(deaths)
        for number, moment in deaths:
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
