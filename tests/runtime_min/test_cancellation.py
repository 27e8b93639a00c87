"""Cancellation: clean-up runs, shields hold, and what was cancelled stays so."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from runtime_min import (
    Retry,
    Runtime,
    WorkflowCancelled,
    WorkflowFailed,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from runtime_min.journal import Closed, Received
from tests.runtime_min.driving import Driver, scheduled, until

go = signal("go", bool)
told: list[str] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    told.clear()


@step
async def note(text: str) -> str:
    told.append(text)
    return text


@step
async def long_step() -> None:
    told.append("began")
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        told.append("cancelled")
        raise
    told.append("ended")


async def cancelled_after(opened: Runtime, flow: Any, condition: Any = None, **options: Any) -> Any:
    """Start, cancel as soon as it waits (or the condition holds), and return the handle."""
    handle = await start(flow)
    if condition is None:
        await asyncio.sleep(0.05)
    else:
        await until(condition)
    await handle.cancel()
    return handle


def run_cancelled(runtime: Driver, flow: Any, condition: Any = None) -> Any:
    async def work(opened: Runtime) -> Any:
        handle = await cancelled_after(opened, flow, condition)
        return await handle.result()

    return runtime.run(work)


def test_a_cancelled_workflow_is_cancelled(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        await sleep(3600)

    with pytest.raises(WorkflowCancelled, match="was cancelled"):
        run_cancelled(runtime, flow)
    end = runtime.only_history()[-1]
    assert isinstance(end, Closed)
    assert end.ending == "cancelled"


def test_a_workflow_cancelled_before_it_began_sees_it_where_it_first_waits(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        await note("a")

    async def begin(_: Runtime) -> None:
        handle = await start(flow.options(id="x"))
        await handle.cancel()

    async def wait(opened: Runtime) -> None:
        await opened.handle("x").result()

    runtime.run(begin, work=False)
    with pytest.raises(WorkflowCancelled):
        runtime.run(wait)


def test_clean_up_in_finally_and_except_runs_its_steps(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        try:
            try:
                await sleep(3600)
            except asyncio.CancelledError:
                await note("except")
                await sleep(0.001)
                raise
        finally:
            await note("finally")

    with pytest.raises(WorkflowCancelled):
        run_cancelled(runtime, flow)
    assert told == ["except", "finally"]


def test_a_workflow_may_swallow_its_cancellation(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        try:
            await sleep(3600)
        except asyncio.CancelledError:
            return await note("refused")
        return "slept"

    assert run_cancelled(runtime, flow) == "refused"


def test_an_exception_in_the_clean_up_fails_the_workflow(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        try:
            await sleep(3600)
        finally:
            raise ValueError("in clean-up")

    with pytest.raises(WorkflowFailed, match="in clean-up"):
        run_cancelled(runtime, flow)


def test_cancelling_twice_interrupts_the_clean_up(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        try:
            await sleep(3600)
        finally:
            try:
                await note("cleaning")
                await sleep(3600)
            finally:
                await note("interrupted")

    async def work(opened: Runtime) -> None:
        handle = await cancelled_after(opened, flow)
        await until(lambda: told == ["cleaning"])
        await asyncio.sleep(0.05)
        await handle.cancel()
        await handle.result()

    with pytest.raises(WorkflowCancelled):
        runtime.run(work)
    assert told == ["cleaning", "interrupted"]


def test_two_cancellations_at_once_are_two(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        count = 0
        while count < 2:
            try:
                await sleep(3600)
            except asyncio.CancelledError:
                count += 1
        return count

    async def work(_: Runtime) -> int:
        handle = await start(flow)
        await asyncio.gather(handle.cancel(), handle.cancel())
        return await handle.result()

    assert runtime.run(work) == 2


def test_the_task_of_a_running_step_is_cancelled(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        await long_step()

    async def work(opened: Runtime) -> None:
        handle = await cancelled_after(opened, flow, lambda: told == ["began"])
        with pytest.raises(WorkflowCancelled):
            await handle.result()
        await until(lambda: told == ["began", "cancelled"])

    runtime.run(work)


def test_a_synchronous_step_is_not_waited_for_and_its_result_is_dropped(runtime: Driver) -> None:
    over = threading.Event()

    @step
    def blocks() -> str:
        told.append("began")
        told.append("released" if over.wait(30) else "waited for")
        return "late"

    @workflow
    async def flow() -> str:
        try:
            return await blocks()
        except asyncio.CancelledError:
            return "given up"

    async def work(opened: Runtime) -> None:
        handle = await cancelled_after(opened, flow, lambda: told == ["began"])
        assert await handle.result() == "given up"
        over.set()
        await until(lambda: told == ["began", "released"])

    runtime.run(work)


def test_a_step_of_a_task_that_is_cancelled_alone_leaves_the_others_alone(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[str]:
        first, second = asyncio.create_task(long_step()), asyncio.create_task(note("second"))
        await asyncio.sleep(0.02)
        first.cancel()
        await asyncio.wait([first, second])
        return [str(first.cancelled()), second.result()]

    async def work(_: Runtime) -> list[str]:
        return await (await start(flow)).result()

    assert runtime.run(work) == ["True", "second"]
    assert "ended" not in told


def test_a_shielded_step_goes_on(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        inner = asyncio.create_task(quick())
        try:
            await asyncio.shield(inner)
        except asyncio.CancelledError:
            return "after cancellation " + await inner
        return "not cancelled"

    @step
    async def quick() -> str:
        told.append("began")
        await asyncio.sleep(0.2)
        return "done"

    assert run_cancelled(runtime, flow, lambda: told == ["began"]) == "after cancellation done"


def test_cancellation_reaches_all_tasks_of_a_group(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        async def one(name: str) -> None:
            try:
                await sleep(3600)
            finally:
                await note(name)

        async with asyncio.TaskGroup() as tasks:
            for name in "abc":
                tasks.create_task(one(name))

    with pytest.raises(WorkflowCancelled):
        run_cancelled(runtime, flow)
    assert sorted(told) == ["a", "b", "c"]


def test_cancellation_ends_a_wait_for_a_signal(runtime: Driver) -> None:
    @workflow
    async def flow() -> bool:
        return await wait_signal(go)

    with pytest.raises(WorkflowCancelled):
        run_cancelled(runtime, flow)


def test_cancellation_and_timeout_are_told_apart(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        try:
            async with asyncio.timeout(3600):
                await sleep(7200)
        except TimeoutError:
            return "timeout"
        return "slept"

    with pytest.raises(WorkflowCancelled):
        run_cancelled(runtime, flow)


def test_a_workflow_that_raises_cancelled_error_itself_counts_as_cancelled(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        raise asyncio.CancelledError

    with pytest.raises(WorkflowCancelled):
        runtime.result(flow)


def test_a_cancellation_survives_a_restart_in_the_clean_up(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        try:
            await sleep(3600)
        finally:
            await wait_signal(go)
            await note("clean")

    async def begin(_: Runtime) -> None:
        handle = await start(flow.options(id="x"))
        await asyncio.sleep(0.05)
        await handle.cancel()
        await asyncio.sleep(0.05)

    async def go_on(opened: Runtime) -> None:
        handle = opened.handle("x")
        await handle.signal(go, True)
        await handle.result()

    runtime.run(begin)
    with pytest.raises(WorkflowCancelled):
        runtime.run(go_on)
    assert told == ["clean"]
    assert sum(isinstance(event, Received) for event in runtime.only_history()) == 2


def test_a_step_that_suppresses_its_cancellation_changes_nothing(runtime: Driver) -> None:
    @step
    async def stubborn() -> str:
        told.append("began")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
        told.append("returned")
        return "stubborn"

    @workflow
    async def flow() -> str:
        try:
            return await stubborn()
        except asyncio.CancelledError:
            return await note("cancelled")

    assert run_cancelled(runtime, flow, lambda: told == ["began"]) == "cancelled"


def test_a_retry_that_waits_is_cancelled_with_its_step(runtime: Driver) -> None:
    @step(retry=Retry(attempts=None, delay=3600))
    async def fails() -> None:
        told.append("tried")
        raise ValueError("no")

    @workflow
    async def flow() -> None:
        await fails()

    with pytest.raises(WorkflowCancelled):
        run_cancelled(runtime, flow, lambda: told == ["tried"])
    assert told == ["tried"]
    assert len(scheduled(runtime.only_history())) == 1
