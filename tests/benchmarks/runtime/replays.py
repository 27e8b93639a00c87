"""Events a second of a replay, resuming a long run, and what the guard costs."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from runtime_min import Filter, JsonCodec, Runtime, Workflow, start
from runtime_min.execution import Execution
from runtime_min.guard import Guard, Mode
from runtime_min.journal import decode_all
from tests.benchmarks.runtime import measuring, programs, steps
from tests.benchmarks.runtime.measuring import MODES, Setting, Timed, stopwatch

GUARDS: tuple[Mode, ...] = ("off", "error")
# A step has two events, the run two of its own; see `programs.mixed`.
_EVENTS_OF_ROUND = 19


def measure_replay(setting: Setting) -> None:
    """From stored bytes to a workflow that stands where it stood, several times in a row."""
    for events in (setting.size(1000, 20), setting.size(10_000, 60)):
        measuring.heading(f"replay of {events:,} events")
        histories = _histories(setting, events)
        found = measuring.in_turns(
            setting.times,
            {
                f"{flow.name}, guard {guard}": partial(replay, flow, history, guard, setting.size(30_000, 60))
                for flow, history in histories.items()
                for guard in GUARDS
            },
        )
        measuring.show(found, "events")


def measure_resume(setting: Setting) -> None:
    """A process opens the file and a signal ends a run that waits for it, with a long history."""
    steps_before = setting.size(5000, 20)
    measuring.latency_heading(f"resuming a run of {2 * steps_before:,} events")
    path = setting.file("resume")
    seconds = [asyncio.run(_resume(path, steps_before)) for _ in range(setting.times)]
    measuring.show_latencies("open, replay, signal, result", seconds)
    measuring.remove(path)


def measure_guard(setting: Setting) -> None:
    """Live and in replay, with the guard and without."""
    version = ".".join(map(str, sys.version_info[:3]))
    number = setting.size(5000, 50)
    for synchronous in MODES:
        measuring.heading(f"guard live, Python {version}, {synchronous}", ratio_to="off")
        for flow in (programs.sequential, programs.busy):
            found = measuring.in_turns(
                setting.times,
                {
                    f"{flow.name}, guard {guard}": partial(
                        steps.live, setting, synchronous, flow, 1, number, guard
                    )
                    for guard in GUARDS
                },
            )
            measuring.show(found, "steps", f"{flow.name}, guard off")
    measuring.heading(f"guard in replay, Python {version}", ratio_to="off")
    for flow, history in _histories(setting, setting.size(10_000, 60)).items():
        found = measuring.in_turns(
            setting.times,
            {
                f"{flow.name}, guard {guard}": partial(replay, flow, history, guard, setting.size(30_000, 60))
                for guard in GUARDS
            },
        )
        measuring.show(found, "events", f"{flow.name}, guard off")


def replay(flow: Workflow[..., Any], history: Sequence[bytes], guard: Mode, at_least: int) -> Timed:
    """Replay a stored history until so many events were replayed."""
    rounds = max(1, at_least // len(history))
    watcher = Guard(guard)
    codec = JsonCodec()
    times: list[Timed] = []
    with stopwatch(times, rounds * len(history)):
        for _ in range(rounds):
            execution = Execution(flow, "id", codec, watcher)
            assert execution.replay(decode_all(history)) == []
            execution.dispose()
    watcher.close()
    return times[0]


def _histories(setting: Setting, events: int) -> dict[Workflow[..., Any], list[bytes]]:
    counts: dict[Workflow[[int], Any], int] = {
        programs.sequential: events // 2 - 1,
        programs.busy: events // 2 - 1,
        programs.mixed: max(1, events // _EVENTS_OF_ROUND),
    }
    return {flow: record(setting, flow, count) for flow, count in counts.items()}


def record(setting: Setting, flow: Workflow[[int], Any], count: int) -> list[bytes]:
    """The history of a run, as it is stored."""

    async def run() -> None:
        async with Runtime(backend):
            await (await start(flow, count)).result()

    with setting.backend("record", "NORMAL") as backend:
        asyncio.run(run())
        (only,) = backend.runs(Filter())
        return backend.history(only.number)


async def _resume(path: Path, steps_before: int) -> float:
    async with Runtime(path) as runtime:
        handle = await start(programs.paused, steps_before)
        while runtime.run_of(handle.id).events < 1 + 2 * steps_before:
            await asyncio.sleep(0.01)
    begin = time.perf_counter()
    async with Runtime(path) as runtime:
        again = runtime.handle(handle.id, programs.paused)
        await again.signal(programs.go_on, 7)
        assert await again.result() == 7
        return time.perf_counter() - begin
