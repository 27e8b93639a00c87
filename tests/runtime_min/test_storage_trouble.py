"""When the database cannot be written for a while, all goes on afterwards: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from runtime_min import Runtime, WorkflowCancelled, signal, sleep, start, step, wait_signal, worker, workflow
from runtime_min.errors import StorageUnavailable
from runtime_min.journal import Received, Resolved, Scheduled
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.driving import Driver, until

go = signal("go", int)
told: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    told.clear()


@step
async def note(x: int) -> int:
    told.append(x)
    return x


@workflow(name="trouble.steps")
async def steps(count: int) -> list[int]:
    return [await note(x) for x in range(count)]


@workflow(name="trouble.signals")
async def signals(count: int) -> list[int]:
    found = []
    for _ in range(count):
        found.append(await wait_signal(go))
        await note(found[-1])
    return found


@workflow(name="trouble.timers")
async def timers(count: int) -> int:
    for _ in range(count):
        await sleep(0.01)
    return count


class Trouble:
    """A connection that takes the write lock for a while."""

    def __init__(self, driver: Driver) -> None:
        self.connection = sqlite3.connect(driver.path, isolation_level=None)

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self.connection.execute("COMMIT")
        self.connection.close()


def work_on(driver: Driver, work: Any, seconds: float = 20) -> Any:
    """Run with a backend that gives up on a lock quickly."""

    async def inside() -> Any:
        backend = SqliteBackend(driver.path, timeout=0.05)
        try:
            async with Runtime(backend, lease=1) as runtime:
                return await asyncio.wait_for(work(runtime, backend), seconds)
        finally:
            backend.close()

    return asyncio.run(inside())


def consistent(driver: Driver) -> None:
    """Each operation was asked for once and ended at most once."""
    for name in driver.ids():
        history = driver.history(name)
        for kind in (Scheduled, Resolved):
            positions = [event.position for event in history if isinstance(event, kind)]
            assert len(positions) == len(set(positions)), name


def test_a_database_that_is_locked_for_a_while_delays_everything_and_loses_nothing(runtime: Driver) -> None:
    async def work(_: Runtime, backend: SqliteBackend) -> Any:
        handles = [await start(steps, 20), await start(signals, 5), await start(timers, 5)]
        trouble = Trouble(runtime)
        await until(lambda: len(told) > 3)
        trouble.begin()
        await asyncio.sleep(0.8)
        frozen = len(told)
        await asyncio.sleep(0.3)
        assert len(told) == frozen, "no workflow goes on before it is stored"
        with pytest.raises(StorageUnavailable, match="locked"):
            await handles[1].signal(go, 99)
        with pytest.raises(StorageUnavailable, match="locked"):
            await start(steps, 1)
        trouble.end()
        for value in range(5):
            await handles[1].signal(go, 100 + value)
        return [await handle.result() for handle in handles]

    found = work_on(runtime, work)
    assert found == [list(range(20)), [100, 101, 102, 103, 104], 5]
    assert sorted(told) == sorted([*range(20), *range(100, 105)])
    consistent(runtime)


def test_a_full_disk_delays_everything_and_loses_nothing(runtime: Driver) -> None:
    async def work(_: Runtime, backend: SqliteBackend) -> Any:
        connection = backend._connection
        handles = [await start(steps, 120), await start(timers, 10)]
        await until(lambda: len(told) > 3)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        before = -1
        while before != len(told):
            before = len(told)
            await asyncio.sleep(0.4)
        assert before < 120
        with pytest.raises(StorageUnavailable, match="full"):
            await _start_many(2000)
        connection.execute("PRAGMA max_page_count = 1000000")
        return [await handle.result() for handle in handles]

    found = work_on(runtime, work, 30)
    assert found == [list(range(120)), 10]
    assert told == list(range(120))
    consistent(runtime)


def test_every_single_commit_may_fail_once(runtime: Driver) -> None:
    class Flaky(SqliteBackend):
        calls = 0

        def _atomically(self, work: Any) -> Any:
            self.calls += 1
            if self.calls > 3 and self.calls % 2:
                raise StorageUnavailable("database is locked")
            return super()._atomically(work)

    async def inside() -> Any:
        backend = Flaky(runtime.path)
        async with Runtime(backend) as opened:
            handle = await start(steps, 5)
            other = await _insistently(lambda: start(signals, 3))
            for value in (7, 8, 9):
                await _insistently(lambda value=value: other.signal(go, value))
            result = [await handle.result(), await other.result()]
            await asyncio.sleep(0)
            assert opened.failure is None
        backend.close()
        return result

    async def patient() -> Any:
        return await asyncio.wait_for(inside(), 20)

    assert asyncio.run(patient()) == [[0, 1, 2, 3, 4], [7, 8, 9]]
    assert sorted(told) == [0, 1, 2, 3, 4, 7, 8, 9]
    consistent(runtime)


def test_a_commit_that_was_stored_although_it_failed_is_not_done_twice(runtime: Driver) -> None:
    class Unsure(SqliteBackend):
        calls = 0

        def commit(self, commits: Any) -> Any:
            outcomes = super().commit(commits)
            self.calls += 1
            if self.calls % 2:
                raise StorageUnavailable("disk I/O error")
            return outcomes

    async def inside() -> Any:
        backend = Unsure(runtime.path)
        async with Runtime(backend):
            handle = await start(steps, 5)
            other = await start(signals, 2)
            for value in (7, 8):
                await other.signal(go, value)
            result = [await handle.result(), await other.result()]
        backend.close()
        return result

    async def patient() -> Any:
        return await asyncio.wait_for(inside(), 20)

    assert asyncio.run(patient()) == [[0, 1, 2, 3, 4], [7, 8]]
    assert sorted(told) == [0, 1, 2, 3, 4, 7, 8]
    consistent(runtime)


def test_reading_may_fail_at_any_time(runtime: Driver) -> None:
    class Unreadable(SqliteBackend):
        calls = 0

        def _fail(self) -> None:
            self.calls += 1
            if self.calls % 3 == 0:
                raise StorageUnavailable("disk I/O error")

        def inbox(self, worker: str) -> Any:
            self._fail()
            return super().inbox(worker)

        def changed(self) -> bool:
            self._fail()
            return super().changed()

        def next_wake(self, workflows: Any) -> Any:
            self._fail()
            return super().next_wake(workflows)

        def claim(self, *args: Any) -> Any:
            self._fail()
            return super().claim(*args)

    async def inside() -> Any:
        backend = Unreadable(runtime.path)
        async with Runtime(backend):
            handle, other = await start(steps, 3), await start(signals, 4)
            for value in range(4):
                await other.signal(go, value + 10)
                await asyncio.sleep(0.06)
            result = [await handle.result(), await other.result()]
        backend.close()
        return result

    async def patient() -> Any:
        return await asyncio.wait_for(inside(), 20)

    assert asyncio.run(patient()) == [[0, 1, 2], [10, 11, 12, 13]]


def test_runs_put_aside_while_the_database_fails_are_not_forgotten(
    runtime: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(worker, "_MOST_IDLE", 2)

    async def work(_: Runtime, backend: SqliteBackend) -> Any:
        handles = [await start(signals, 1) for _ in range(10)]
        trouble = Trouble(runtime)
        trouble.begin()
        await asyncio.sleep(0.5)
        trouble.end()
        await asyncio.sleep(0.3)
        for value, handle in enumerate(handles):
            await handle.signal(go, value)
        return [await handle.result() for handle in handles]

    assert work_on(runtime, work) == [[value] for value in range(10)]


def test_a_runtime_that_closes_while_the_database_is_locked_leaves_it_in_order(runtime: Driver) -> None:
    trouble: list[Trouble] = []

    async def work(_: Runtime, backend: SqliteBackend) -> None:
        await start(signals.options(id="x"), 2)
        await asyncio.sleep(0.05)
        trouble.append(Trouble(runtime))
        trouble[0].begin()

    work_on(runtime, work)
    trouble[0].end()

    async def finish(opened: Runtime) -> list[int]:
        handle = opened.handle("x", signals)
        await handle.signal(go, 1)
        await handle.signal(go, 2)
        return await handle.result()

    assert runtime.run(finish, lease=0.3) == [1, 2]


def test_a_cancellation_that_could_not_be_sent_was_not_sent(runtime: Driver) -> None:
    async def work(_: Runtime, backend: SqliteBackend) -> None:
        handle = await start(signals, 1)
        await asyncio.sleep(0.05)
        trouble = Trouble(runtime)
        trouble.begin()
        with pytest.raises(StorageUnavailable):
            await handle.cancel()
        trouble.end()
        await asyncio.sleep(0.1)
        assert (await handle.describe()).state == "running"
        await handle.cancel()
        with pytest.raises(WorkflowCancelled):
            await handle.result()

    work_on(runtime, work)
    assert sum(isinstance(event, Received) for event in runtime.only_history()) == 1


async def _insistently(call: Any) -> Any:
    """Do it again until the database lets it."""
    while True:
        try:
            return await call()
        except StorageUnavailable:
            await asyncio.sleep(0.01)


async def _start_many(count: int) -> None:
    for number in range(count):
        await start(steps.options(id=f"more {number}"), 0)
