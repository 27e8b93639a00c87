"""Several workers on one file, and workers that are killed, suspended, or closed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from runtime_min import Runtime, start, step, wait_signal, workflow
from runtime_min import signal as declare
from runtime_min.backend import Filter
from runtime_min.journal import Attempted, Resolved
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.driving import Driver, Script, kill, until

go = declare("go", int)
told: list[Any] = []

# The program of the processes: arguments are the database, the file of notes, and what to do.
PROGRAM = """
import asyncio, os, sys, time
from pathlib import Path
from runtime_min import Runtime, info, signal, sleep, start, step, wait_signal, workflow

database, notes = sys.argv[1], Path(sys.argv[2])
go = signal("go", int)

def write(text):
    with notes.open("a") as file:
        file.write(f"{os.getpid()} {text}\\n")

@step(name="quick")
async def quick(x: int) -> int:
    write(f"quick {info().id} {x} {info().attempt}")
    await asyncio.sleep(0.002)
    return x

@step(name="slow")
async def slow(seconds: float) -> int:
    write(f"slow {info().id} {info().attempt}")
    await asyncio.sleep(seconds if info().attempt == 1 else 0)
    write(f"slow-ended {info().id} {info().attempt}")
    return info().attempt

@workflow(name="many steps")
async def many(count: int) -> int:
    return sum([await quick(x) for x in range(count)])

@workflow(name="one_slow")
async def one_slow(seconds: float) -> int:
    return await slow(seconds)

@workflow(name="waits")
async def waits() -> int:
    return await wait_signal(go)

async def work(lease):
    async with Runtime(database, lease=lease):
        write("open")
        await asyncio.sleep(30)

async def close_soon(seconds):
    async with Runtime(database):
        write("open")
        await asyncio.sleep(seconds)
    write("closed")

async def start_and_die():
    async with Runtime(database) as runtime:
        for n in range(20):
            await start(many.options(id=f"run {n}"), 10)
        write("acknowledged")
        await asyncio.sleep(float(sys.argv[4]))
        os.kill(os.getpid(), 9)

what = sys.argv[3]
asyncio.run({"work": lambda: work(float(sys.argv[4])), "close": lambda: close_soon(float(sys.argv[4])),
             "die": start_and_die}[what]())
"""


@step(name="quick")
async def quick(x: int) -> int:
    told.append(x)
    await asyncio.sleep(0.002)
    return x


@step(name="slow")
async def slow(seconds: float) -> int:
    return 0


@workflow(name="many steps")
async def many(count: int) -> int:
    return sum([await quick(x) for x in range(count)])


@workflow(name="one_slow")
async def one_slow(seconds: float) -> int:
    return await slow(seconds)


@workflow(name="waits")
async def waits() -> int:
    return await wait_signal(go)


@pytest.fixture(autouse=True)
def nothing_told(runtime: Driver) -> None:
    told.clear()
    # The lines where the calls stand are others here than in the program.
    runtime.prefixes = False


class Processes:
    """The program, on the test's database."""

    def __init__(self, driver: Driver, directory: Path) -> None:
        self.script = Script(directory, PROGRAM)
        self.driver = driver
        self.notes = directory / "notes"
        self.notes.touch()
        self.begun: list[subprocess.Popen[str]] = []

    def begin(self, *arguments: object) -> subprocess.Popen[str]:
        process = self.script.begin(self.driver.path, self.notes, *arguments)
        self.begun.append(process)
        return process

    def lines(self, word: str = "") -> list[list[str]]:
        """The notes as process id and words."""
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [line for line in lines if not word or line[1] == word]


@pytest.fixture
def processes(runtime: Driver, tmp_path: Path) -> Any:
    made = Processes(runtime, tmp_path)
    yield made
    for process in made.begun:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            kill(process)


def runs(driver: Driver) -> list[Any]:
    backend = SqliteBackend(driver.path)
    try:
        return backend.runs(Filter(limit=1000))
    finally:
        backend.close()


def results(driver: Driver, id: str) -> list[Resolved]:
    return [event for event in driver.history(id) if isinstance(event, Resolved)]


def test_two_processes_share_the_work_and_do_each_step_once(runtime: Driver, processes: Processes) -> None:
    workers = [processes.begin("work", 10), processes.begin("work", 10)]

    async def work(_: Runtime) -> list[int]:
        await until(lambda: len(processes.lines("open")) == 2)
        handles = []
        for n in range(40):
            handles.append(await start(many.options(id=f"run{n}"), 8))
            await asyncio.sleep(0.011 * (n % 5))
        return [await handle.result() for handle in handles]

    assert runtime.run(work, work=False) == [28] * 40
    steps = processes.lines("quick")
    assert len(steps) == 320
    assert len({tuple(line[2:4]) for line in steps}) == 320
    assert all(line[4] == "1" for line in steps)
    assert {int(line[0]) for line in steps} == {process.pid for process in workers}


def test_two_runtimes_in_one_process_share_the_work_and_do_each_step_once(runtime: Driver) -> None:
    async def work(_: Runtime) -> list[int]:
        async with Runtime(runtime.path):
            handles = [await start(many, 5) for _ in range(50)]
            return [await handle.result() for handle in handles]

    assert runtime.run(work) == [10] * 50
    assert len(told) == 250


def test_a_message_through_one_process_reaches_a_run_that_another_holds(
    runtime: Driver, processes: Processes
) -> None:
    processes.begin("work", 10)

    async def work(_: Runtime) -> int:
        await until(lambda: len(processes.lines("open")) == 1)
        handle = await start(waits)
        await until(lambda: runs(runtime)[0].owner is not None)
        await handle.signal(go, 7)
        return await handle.result()

    assert runtime.run(work, work=False) == 7


@pytest.mark.parametrize("pause", [0.0, 0.03, 0.1])
def test_what_was_acknowledged_survives_kill_and_goes_on_without_waiting_for_the_lease(
    runtime: Driver, processes: Processes, pause: float
) -> None:
    assert processes.begin("die", pause).wait(20) == -9
    assert len(processes.lines("acknowledged")) == 1

    async def work(opened: Runtime) -> list[int]:
        return [await opened.handle(f"run {n}", many).result() for n in range(20)]

    began = time.monotonic()
    assert runtime.run(work, lease=60) == [45] * 20
    assert time.monotonic() - began < 30
    for n in range(20):
        assert len(results(runtime, f"run {n}")) == 10


def test_a_run_of_a_killed_process_is_taken_over_by_one_that_runs(
    runtime: Driver, processes: Processes
) -> None:
    async def work(_: Runtime) -> int:
        first = processes.begin("work", 60)
        await until(lambda: len(processes.lines("open")) == 1)
        handle = await start(one_slow, 30)
        await until(lambda: len(processes.lines("slow")) == 1)
        processes.begin("work", 60)
        await until(lambda: len(processes.lines("open")) == 2)
        kill(first)
        return await handle.result()

    assert runtime.run(work, work=False) == 2
    assert [line[3] for line in processes.lines("slow")] == ["1", "2"]


def test_a_worker_that_was_suspended_beyond_its_lease_stores_nothing(
    runtime: Driver, processes: Processes
) -> None:
    async def work(_: Runtime) -> int:
        first = processes.begin("work", 0.6)
        await until(lambda: len(processes.lines("open")) == 1)
        handle = await start(one_slow.options(id="x"), 0.4)
        await until(lambda: len(processes.lines("slow")) == 1)
        os.kill(first.pid, signal.SIGSTOP)
        processes.begin("work", 0.6)
        result = await handle.result()
        os.kill(first.pid, signal.SIGCONT)
        # It ends its step, and finds that nobody wants the result.
        await until(lambda: [str(first.pid), "slow-ended", "x", "1"] in processes.lines())
        await asyncio.sleep(0.3)
        assert first.poll() is None, "it goes on with other work"
        again = await start(many, 3)
        assert await again.result() == 3
        return result

    assert runtime.run(work, work=False) == 2
    (end,) = results(runtime, "x")
    assert end.attempt == 2
    assert sum(isinstance(event, Attempted) for event in runtime.history("x")) == 1


def test_a_runtime_that_closes_hands_over_at_once(runtime: Driver, processes: Processes) -> None:
    async def work(_: Runtime) -> int:
        first = processes.begin("close", 0.4)
        await until(lambda: len(processes.lines("open")) == 1)
        handle = await start(one_slow, 30)
        await until(lambda: len(processes.lines("slow")) == 1)
        processes.begin("work", 60)
        assert await asyncio.to_thread(first.wait, 20) == 0
        began = time.monotonic()
        result = await handle.result()
        assert time.monotonic() - began < 3
        return result

    assert runtime.run(work, work=False) == 2


def test_a_signal_while_nobody_works_is_there_for_the_next_worker(
    runtime: Driver, processes: Processes
) -> None:
    async def work(_: Runtime) -> int:
        first = processes.begin("work", 60)
        await until(lambda: len(processes.lines("open")) == 1)
        handle = await start(waits)
        await until(lambda: runs(runtime)[0].owner is not None)
        kill(first)
        await handle.signal(go, 5)
        processes.begin("work", 60)
        return await handle.result()

    assert runtime.run(work, work=False) == 5


def test_a_runtime_of_one_process_ends_without_its_worker_s_death_hiding(runtime: Driver) -> None:
    @workflow
    async def fails_to_be_stored() -> None:
        await quick(1)

    async def work(opened: Runtime) -> None:
        def broken(*_: object) -> Any:
            raise ZeroDivisionError("in the backend")

        opened.backend.commit = broken  # type: ignore[method-assign]
        handle = await start(fails_to_be_stored)
        with pytest.raises(ZeroDivisionError, match="in the backend"):
            await handle.result()

    runtime.run(work, seconds=5)
