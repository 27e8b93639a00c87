"""A workflow that is put aside does nothing more, and takes no memory."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from runtime_min import (
    Filter,
    Runtime,
    child,
    info,
    logger,
    query,
    signal,
    sleep,
    start,
    step,
    uuid4,
    wait_signal,
    worker,
    workflow,
)
from runtime_min.execution import Execution
from tests.runtime_min.driving import Clock, Driver, scheduled, until

go = signal("go", int)
ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


@step
async def cleanup(name: str) -> None:
    ran.append(name)


@step
def blocking_cleanup(name: str) -> None:
    ran.append(name)


class Resource:
    """Cleans up by itself."""

    async def __aenter__(self) -> Resource:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await cleanup("aexit")


async def in_finally() -> None:
    try:
        await sleep(3600)
    finally:
        await cleanup("finally")


async def in_except() -> None:
    try:
        await sleep(3600)
    except BaseException:
        await cleanup("except")
        blocking_cleanup("except")
        raise


async def in_nested_finally() -> None:
    try:
        try:
            await sleep(3600)
        finally:
            await asyncio.sleep(1)
            await cleanup("inner")
    finally:
        await asyncio.sleep(0)
        await cleanup("outer")
        blocking_cleanup("outer")


async def in_group() -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(in_nested_finally())
            tasks.create_task(in_finally())
    finally:
        await cleanup("group")
        blocking_cleanup("group")


async def in_context() -> None:
    async with Resource(), asyncio.timeout(7200):
        await sleep(3600)


async def in_generator() -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            await sleep(3600)
        finally:
            await cleanup("generator")

    async for _ in numbers():
        pass


async def in_paused_generator() -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await cleanup("generator")

    async for _ in numbers():
        await sleep(3600)


async def in_queue_and_lock() -> None:
    lock = asyncio.Lock()
    try:
        async with lock:
            try:
                await asyncio.Queue[int]().get()
            finally:
                async with lock:
                    await cleanup("lock")
    finally:
        await wait_signal(go)
        await cleanup("signal")


async def in_shield() -> None:
    try:
        await asyncio.shield(in_finally())
    finally:
        await cleanup("shield")


async def in_stubborn_loop() -> None:
    while True:
        try:
            await sleep(3600)
        except BaseException:
            continue
        finally:
            blocking_cleanup("stubborn")
            await cleanup("stubborn")


async def that_starts_others() -> None:
    try:
        await sleep(3600)
    finally:
        await start(small)
        await child(small)


@workflow(name="eviction.small")
async def small() -> str:
    ran.append("small")
    return "small"


PROGRAMS = [
    in_finally,
    in_except,
    in_nested_finally,
    in_group,
    in_context,
    in_generator,
    in_paused_generator,
    in_queue_and_lock,
    in_shield,
    in_stubborn_loop,
    that_starts_others,
]
FLOWS = [workflow(name=f"eviction.{fn.__name__}")(fn) for fn in PROGRAMS]


@pytest.mark.parametrize("flow", FLOWS, ids=[flow.name for flow in FLOWS])
def test_nothing_of_a_workflow_runs_when_its_runtime_closes(
    runtime: Driver, flow: Any, recwarn: pytest.WarningsRecorder
) -> None:
    async def work(_: Runtime) -> None:
        await start(flow)
        await asyncio.sleep(0.05)

    runtime.run(work)
    gc.collect()
    assert ran == []
    assert "PytestUnraisableExceptionWarning" not in [type(one.message).__name__ for one in recwarn]
    assert set(scheduled(runtime.only_history())) <= {"timer"}
    assert len(runtime.ids()) == 1


@pytest.mark.parametrize("flow", FLOWS, ids=[flow.name for flow in FLOWS])
def test_nothing_of_a_workflow_runs_when_a_query_s_replay_is_thrown_away(runtime: Driver, flow: Any) -> None:
    async def work(opened: Runtime) -> None:
        handle = await start(flow)
        await asyncio.sleep(0.05)
        opened.replayed(handle.id).dispose()
        gc.collect()

    runtime.run(work)
    gc.collect()
    assert ran == []


def test_a_workflow_that_was_put_aside_cleans_up_when_it_is_cancelled_later(runtime: Driver) -> None:
    flow = FLOWS[0]

    async def begin(_: Runtime) -> None:
        await start(flow.options(id="x"))
        await asyncio.sleep(0.05)

    async def cancel(opened: Runtime) -> str:
        handle = opened.handle("x")
        await handle.cancel()
        await until(lambda: opened.run_of("x").state != "running")
        return (await handle.describe()).state

    runtime.run(begin)
    assert ran == []
    assert runtime.run(cancel) == "cancelled"
    assert ran == ["finally"]


def test_nothing_is_logged_by_what_is_put_aside_and_lines_are_logged_once(
    runtime: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    @workflow
    async def flow() -> None:
        logger.info("before")
        await cleanup("x")
        logger.info("between")
        try:
            async with asyncio.timeout(3600):
                await wait_signal(go)
        finally:
            logger.info("after")

    async def begin(_: Runtime) -> None:
        await start(flow.options(id="x"))
        await asyncio.sleep(0.05)

    async def finish(opened: Runtime) -> None:
        handle = opened.handle("x")
        await handle.signal(go, 1)
        await handle.result()

    runtime.run(begin)
    runtime.run(finish)
    lines = [record.message for record in caplog.records if record.name == "runtime_min.workflow"]
    assert lines == ["[x] before", "[x] between", "[x] after"]


def test_a_call_that_waits_to_be_awaited_is_not_warned_about_when_it_is_put_aside(
    runtime: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    @workflow
    async def flow() -> None:
        call = cleanup("later")
        await wait_signal(go)
        await call

    async def begin(_: Runtime) -> None:
        await start(flow.options(id="x"))
        await asyncio.sleep(0.05)

    async def finish(opened: Runtime) -> None:
        handle = opened.handle("x")
        await handle.signal(go, 1)
        await handle.result()

    runtime.run(begin)
    runtime.run(finish)
    assert not [record for record in caplog.records if "never awaited" in record.message]
    assert ran == ["later"]


def test_a_thousand_sleeping_workflows_leave_few_in_memory(
    runtime: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_IDLE_SECONDS", 0.2)

    @workflow
    async def flow(n: int) -> int:
        await sleep(3600)
        return n

    clock = Clock()

    def executions() -> int:
        gc.collect()
        return sum(type(one) is Execution for one in gc.get_objects())

    before = executions()

    async def work(opened: Runtime) -> list[int]:
        handles = [await start(flow, n) for n in range(1000)]
        everything = Filter(limit=2000)
        await until(lambda: all(run.events >= 2 for run in opened.backend.runs(everything)), 15)
        await asyncio.sleep(0.1)
        assert executions() - before <= 150
        clock.time += 1
        await until(lambda: executions() - before <= 5)
        assert len(asyncio.all_tasks()) < 10
        clock.time += 4000
        return [await handle.result() for handle in handles]

    assert runtime.run(work, clock=clock, seconds=30) == list(range(1000))


def test_a_workflow_that_is_put_aside_between_signals_answers_and_goes_on(
    runtime: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_IDLE_SECONDS", 0.02)

    @workflow
    async def flow() -> list[str]:
        found: list[str] = []

        @query
        def so_far() -> int:
            return len(found)

        while len(found) < 4:
            found.append(f"{await wait_signal(go)} {uuid4()}")
        return found

    async def work(opened: Runtime) -> list[str]:
        handle = await start(flow.options(id="x"))
        for value in range(4):
            # Put aside after it has seen what was sent before.
            expected = (None, 1 + value)
            await until(
                lambda expected=expected: (opened.run_of("x").owner, opened.run_of("x").events) == expected
            )
            assert await handle.query("so_far") == value
            await handle.signal(go, value)
        return await handle.result()

    found = runtime.run(work)
    assert [one.split()[0] for one in found] == ["0", "1", "2", "3"]
    assert len({one.split()[1] for one in found}) == 4


def test_a_step_that_is_cut_off_by_the_end_runs_again_as_another_attempt(runtime: Driver) -> None:
    @step
    async def long() -> int:
        ran.append(str(info().attempt))
        await asyncio.sleep(30 if info().attempt == 1 else 0)
        return info().attempt

    @workflow
    async def flow() -> int:
        return await long()

    async def begin(_: Runtime) -> None:
        await start(flow.options(id="x"))
        await until(lambda: ran == ["1"])

    async def finish(opened: Runtime) -> int:
        return await opened.handle("x", flow).result()

    runtime.run(begin)
    assert runtime.run(finish) == 2
