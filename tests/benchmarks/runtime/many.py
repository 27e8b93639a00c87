"""Runs started and finished a second, in an empty file and in one with a million finished runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from random import Random

from runtime_min import Filter, Runtime, journal, start
from runtime_min.backend import Backend, Claimed, Closing, Commit, NewRun
from runtime_min.journal import Closed, Ending, Failure, Started
from runtime_min.sqlite import SqliteBackend
from tests.benchmarks.runtime import measuring, programs
from tests.benchmarks.runtime.measuring import MODES, Setting, Timed, stopwatch

_WORKFLOWS = tuple(f"orders_{number}" for number in range(5))
_ENDINGS: tuple[Ending, ...] = ("completed",) * 18 + ("failed", "cancelled")
_BATCH = 1000
# About what the events of such a run have.
_RUN_SIZE = 100
_WORKER = "localhost:0:filling"


def measure_start(setting: Setting) -> None:
    """A workflow without steps: one at a time, and a thousand started before the first is awaited."""
    for synchronous in MODES:
        path = setting.file("starts")
        commits = f"SQLite, {_RUN_SIZE} bytes a transaction, {synchronous}"
        measuring.heading(f"runs started and finished, {synchronous}", ratio_to="SQLite's commits")
        number = setting.size(2000, 20)
        plain = partial(measuring.commits, setting, synchronous, number, _RUN_SIZE)
        measuring.show(_rates(setting, path, synchronous, {commits: plain}), "commits or runs", commits)
        measuring.remove(path)


def measure_million(setting: Setting) -> None:
    """What takes how long in a file that holds a million finished runs."""
    runs = setting.size(1_000_000, 3000)
    path = setting.file("million")
    begin = time.perf_counter()
    fill(path, runs)
    seconds = time.perf_counter() - begin
    size = path.stat().st_size
    print(f"\n{runs:,} finished runs of 2 events: {size / measuring.MEGABYTE:,.0f} MB, ", end="")
    print(f"{size / runs:,.0f} bytes a run, stored by the backend in {seconds:,.0f} s")
    few = setting.file("few")
    fill(few, _BATCH)
    for name, file, held in ((f"{_BATCH:,} runs", few, _BATCH), (f"{runs:,} runs", path, runs)):
        _latencies(setting, name, file, held)
    for name, file in ((f"{_BATCH:,}", few), (f"{runs:,}", path)):
        commits = f"SQLite, {_RUN_SIZE} bytes a transaction, FULL"
        measuring.heading(f"runs started and finished beside {name}", ratio_to="SQLite's commits")
        plain = partial(measuring.commits, setting, "FULL", setting.size(2000, 20), _RUN_SIZE)
        measuring.show(_rates(setting, file, "FULL", {commits: plain}), "commits or runs", commits)
    measuring.remove(few)
    measuring.remove(path)


def fill(path: Path, runs: int) -> None:
    """Make finished runs of several workflows, with ids such as `order-0000017`."""
    backend = SqliteBackend(path, synchronous="NORMAL")
    backend.register(_WORKER, time.time() + 3600)
    arguments = b'["ada@example.org",499]'
    made = 0
    maker, _ = backend.create(_new("maker", arguments), _WORKER)
    while made < runs:
        batch = range(made, min(made + _BATCH, runs))
        starts = tuple(_new(f"order-{number:07}", arguments, number) for number in batch)
        # The note that goes with them keeps the commit from looking like an empty one.
        note = journal.encode(journal.Patched(f"{made}"))
        first = 1 + made // _BATCH
        backend.commit([Commit(maker.number, 1, first, (note,), wake=time.time(), starts=starts)])
        claimed = backend.claim(_WORKER, _WORKFLOWS, time.time() + 60, _BATCH)
        backend.commit([_closing(one) for one in claimed])
        made += len(claimed)
    backend.close()


def _new(id: str, arguments: bytes, number: int = 0) -> NewRun:
    workflow = _WORKFLOWS[number % len(_WORKFLOWS)]
    now = time.time()
    return NewRun(id, workflow, "", journal.encode(Started(workflow, "", arguments, number, now)), now)


def _closing(claimed: Claimed) -> Commit:
    run = claimed.run
    now = time.time()
    ending = _ENDINGS[run.number // len(_WORKFLOWS) % len(_ENDINGS)]
    failure = Failure("builtins.ValueError", ("builtins.ValueError",), "no") if ending == "failed" else None
    event = journal.encode(Closed(ending, now, b"499" if ending == "completed" else b"", failure))
    return Commit(run.number, run.token, run.events, (event,), closing=Closing(ending, now))


def _latencies(setting: Setting, name: str, path: Path, runs: int) -> None:
    begin = time.perf_counter()
    backend = SqliteBackend(path)
    opened = time.perf_counter() - begin
    measuring.latency_heading(f"in a file with {name}")
    measuring.show_latencies("open the file", [opened])
    random = Random(1)
    for what, act in _acts(backend, random, runs).items():
        seconds = []
        for _ in range(setting.size(500, 5)):
            begin = time.perf_counter()
            act()
            seconds.append(time.perf_counter() - begin)
        measuring.show_latencies(what, seconds)
    seconds = []
    for number in range(setting.size(500, 5)):
        backend.create(_new(f"new-{number}", b"[]", number))
        begin = time.perf_counter()
        claimed = backend.claim(_WORKER, _WORKFLOWS, time.time(), 1)
        seconds.append(time.perf_counter() - begin)
        backend.commit([_closing(one) for one in claimed])
    measuring.show_latencies("claim the one that is due", seconds)
    backend.close()


def _acts(backend: Backend, random: Random, runs: int) -> dict[str, Callable[[], object]]:
    """What is done again and again, each time with another id or at another place."""

    def page(made: Callable[[int], Filter]) -> Callable[[], object]:
        return lambda: backend.runs(made(random.randrange(100, runs)))

    common = "order-"
    acts: dict[str, Callable[[], object]] = {
        "find by id": lambda: backend.find(f"order-{random.randrange(runs):07}"),
        "find an id that does not exist": lambda: backend.find("no-such-order"),
        "history of a run": lambda: backend.history(random.randrange(100, runs)),
        "claim when nothing is due": lambda: backend.claim(_WORKER, _WORKFLOWS[1:], time.time(), 100),
        "counts": backend.counts,
    }
    filters: dict[str, Callable[[int], Filter]] = {
        "newest": lambda _: Filter(),
        "any page": lambda number: Filter(before=number),
        "state completed": lambda number: Filter(state="completed", before=number),
        "state failed": lambda number: Filter(state="failed", before=number),
        "state running": lambda number: Filter(state="running", before=number),
        "workflow": lambda number: Filter(workflow="orders_3", before=number),
        "workflow and failed": lambda number: Filter(workflow="orders_3", state="failed", before=number),
        "an unknown workflow": lambda number: Filter(workflow="unknown", before=number),
        "a rare prefix": lambda number: Filter(id_prefix=f"order-{number:07}"[:-2]),
        "a common prefix": lambda number: Filter(id_prefix=common, before=number),
        "a common prefix, failed": lambda _: Filter(id_prefix=common, state="failed"),
        "a common prefix, running": lambda _: Filter(id_prefix=common, state="running"),
        "a prefix of none": lambda number: Filter(id_prefix=f"none-{number}"),
    }
    return acts | {f"list 100: {what}": page(made) for what, made in filters.items()}


def _rates(
    setting: Setting,
    path: Path,
    synchronous: measuring.Synchronous,
    beside: Mapping[str, Callable[[], Timed]],
) -> dict[str, list[Timed]]:
    number = setting.size(2000, 20)

    def measure(at_once: int) -> Timed:
        times: list[Timed] = []
        backend = SqliteBackend(path, synchronous=synchronous)
        asyncio.run(_start(backend, number, at_once, times))
        backend.close()
        return times[0]

    ours = {"one after another": partial(measure, 1), "a thousand at a time": partial(measure, 1000)}
    return measuring.in_turns(setting.times, {**beside, **ours})


async def _start(backend: Backend, number: int, at_once: int, times: list[Timed]) -> None:
    async with Runtime(backend):
        with stopwatch(times, number):
            for _ in range(number // min(at_once, number)):
                handles = [await start(programs.nothing) for _ in range(min(at_once, number))]
                for handle in handles:
                    assert await handle.result() == 0
