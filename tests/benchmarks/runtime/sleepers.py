"""A hundred thousand workflows that sleep: what they cost, and how long it takes until all have woken."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import time
from pathlib import Path

from runtime_min import Runtime, start
from runtime_min.sqlite import SqliteBackend
from tests.benchmarks.runtime import measuring, programs
from tests.benchmarks.runtime.measuring import Setting

_DAY = 86_400.0


class ShiftedClock:
    """The machine's clock, which a test moves."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset

    def idle(self, until: float) -> bool:
        return False


def measure_sleepers(setting: Setting) -> None:
    """Start them, let them sleep, and let the clock go to the time when all are due."""
    asyncio.run(_sleepers(setting, setting.size(100_000, 300), setting.size(10, 1)))


async def _sleepers(setting: Setting, number: int, idle: int) -> None:
    path = setting.file("sleepers")
    clock = ShiftedClock()
    print(f"\n{number:,} sleeping workflows, synchronous=NORMAL")
    _tell_commits(setting)
    # What a start costs where each is synchronized is measured by itself, see `many`.
    backend = SqliteBackend(path, synchronous="NORMAL")
    async with Runtime(backend, clock=clock):
        await (await start(programs.nothing)).result()
        measuring.tell("processor, idle, no sleepers", f"{await _cpu(idle):.1%}")
        before, tasks = _resident(), len(asyncio.all_tasks())
        begin = time.perf_counter()
        for _ in range(number):
            await start(programs.sleeper, _DAY)
            await asyncio.sleep(0)  # as starts that come in from elsewhere would
        started = time.perf_counter() - begin
        measuring.tell("starting them", f"{started:.1f} s, {number / started:,.0f}/s")
        await _all_asleep(backend)
        seconds = time.perf_counter() - begin
        measuring.tell("until all sleep", f"{seconds:.1f} s, {number / seconds:,.0f}/s")
        await asyncio.sleep(min(8, idle))  # until those that wait have left memory
        gc.collect()
        after = _resident()
        growth = (after - before) * measuring.MEGABYTE / number
        measuring.tell("resident memory before and after", f"{before:.1f}, {after:.1f} MB")
        measuring.tell("memory for a sleeper", f"{growth:,.0f} bytes")
        measuring.tell("open tasks more than before", str(len(asyncio.all_tasks()) - tasks))
        measuring.tell("processor, idle, all sleep", f"{await _cpu(idle):.1%}")
        measuring.tell(
            "file", f"{_size(path) / measuring.MEGABYTE:,.0f} MB, {_size(path) / number:,.0f} bytes each"
        )
    await _open_again(backend, clock)
    clock.offset = 2 * _DAY
    begin = time.perf_counter()
    async with Runtime(backend, clock=clock):
        while backend.counts()["running"]:
            await asyncio.sleep(0.1)
    seconds = time.perf_counter() - begin
    measuring.tell("all due at once: until all have ended", f"{seconds:.1f} s, {number / seconds:,.0f}/s")
    assert backend.counts()["completed"] == number + 2
    _tell_commits(setting)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measuring.tell("resident memory then, and its peak", f"{_resident():.1f}, {peak:.1f} MB")
    backend.close()
    measuring.remove(path)


async def _open_again(backend: SqliteBackend, clock: ShiftedClock) -> None:
    """Another worker finds them all asleep."""
    begin = time.perf_counter()
    async with Runtime(backend, clock=clock):
        await (await start(programs.nothing.options(id="probe"))).result()
        measuring.tell("opening again, until a new run has ended", f"{time.perf_counter() - begin:.3f} s")


def _tell_commits(setting: Setting) -> None:
    """How fast the disk is at this time."""
    rate = measuring.commits(setting, "NORMAL", setting.size(2000, 20), 100).rate
    measuring.tell("SQLite's commits at this time", f"{rate:,.0f}/s")


async def _all_asleep(backend: SqliteBackend) -> None:
    """Wait until each waits for its timer."""
    while True:
        wake = backend.next_wake([programs.sleeper.key])
        if wake is not None and wake > time.time() + _DAY / 2:
            return
        await asyncio.sleep(0.05)


async def _cpu(seconds: float) -> float:
    """The share of one processor that is used while nothing happens."""
    start, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - start)


def _resident() -> float:
    """Memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / measuring.MEGABYTE


def _size(path: Path) -> int:
    return path.stat().st_size
