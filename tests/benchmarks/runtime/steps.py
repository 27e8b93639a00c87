"""Steps a second of one workflow and of many, beside SQLite's own commits."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from runtime_min import Filter, Runtime, Workflow, start
from runtime_min.backend import Backend
from runtime_min.guard import Mode
from tests.benchmarks.runtime import measuring, programs
from tests.benchmarks.runtime.measuring import MODES, Setting, Synchronous, Timed, stopwatch


def measure_sequential(setting: Setting) -> None:
    """One workflow whose steps do nothing, one after another: each costs a commit."""
    size = step_size(setting)
    for synchronous in MODES:
        number = setting.size(5000 if synchronous == "FULL" else 10_000, 50)
        commits = f"SQLite, {size} bytes a transaction, {synchronous}"
        measuring.heading(f"sequential steps, synchronous={synchronous}", ratio_to="SQLite's commits")
        found = measuring.in_turns(
            setting.times,
            {
                commits: partial(measuring.commits, setting, synchronous, number, size),
                "one workflow": partial(live, setting, synchronous, programs.sequential, 1, number),
            },
        )
        measuring.show(found, "commits or steps", commits)


def measure_concurrent(setting: Setting) -> None:
    """Workflows of 20 steps each, all at once; starting them is included, and is a commit each."""
    size = step_size(setting)
    for synchronous in MODES:
        commits = f"SQLite, {size} bytes a transaction, {synchronous}"
        number = setting.size(5000, 50)
        measuring.heading(f"concurrent workflows of 20 steps, {synchronous}", ratio_to="SQLite's commits")
        found = measuring.in_turns(
            setting.times,
            {
                commits: partial(measuring.commits, setting, synchronous, number, size),
                "100 workflows": partial(
                    live, setting, synchronous, programs.sequential, setting.size(100, 3), 20
                ),
                "1,000 workflows": partial(
                    live, setting, synchronous, programs.sequential, setting.size(1000, 5), 20
                ),
            },
        )
        measuring.show(found, "commits or steps", commits)


def live(
    setting: Setting,
    synchronous: Synchronous,
    flow: Workflow[[int], Any],
    workflows: int,
    steps: int,
    guard: Mode = "error",
) -> Timed:
    """So many workflows of so many steps, in a new database."""
    times: list[Timed] = []
    with setting.backend("steps", synchronous) as backend:
        asyncio.run(_live(backend, flow, workflows, steps, guard, times))
    return times[0]


async def _live(
    backend: Backend, flow: Workflow[[int], Any], workflows: int, steps: int, guard: Mode, times: list[Timed]
) -> None:
    async with Runtime(backend, guard=guard):
        with stopwatch(times, workflows * steps):
            handles = [await start(flow, steps) for _ in range(workflows)]
            for handle in handles:
                await handle.result()


def step_size(setting: Setting) -> int:
    """How many bytes the two events of a step have."""
    number = 20
    with setting.backend("size", "NORMAL") as backend:
        asyncio.run(_live(backend, programs.sequential, 1, number, "off", []))
        (run,) = backend.runs(Filter())
        # All but the first and the last event.
        return sum(map(len, backend.history(run.number)[1:-1])) // number
