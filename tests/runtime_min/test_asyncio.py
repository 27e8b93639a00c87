"""asyncio in workflow code works as ever, and replays in the recorded order."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runtime_min import (
    Runtime,
    StepFailed,
    Workflow,
    WorkflowBlocked,
    WorkflowFailed,
    child,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from tests.runtime_min.driving import Driver, Script, scheduled

go = signal("go", int)
number: contextvars.ContextVar[int] = contextvars.ContextVar("number", default=0)

PROGRAMS: list[tuple[Workflow[[], Any], Any]] = []


def gives(expected: Any) -> Any:
    """Make a program a workflow, and say what it gives (or a function that judges it)."""

    def add(fn: Any) -> Any:
        flow = workflow(name=f"asyncio.{fn.__name__}")(fn)
        PROGRAMS.append((flow, expected))
        return flow

    return add


@step
async def later(milliseconds: float) -> float:
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds


@step
def blocking(milliseconds: float) -> float:
    time.sleep(milliseconds / 1000)
    return milliseconds


@step
async def fails(text: str) -> None:
    raise ValueError(text)


async def native(milliseconds: float) -> float:
    return await later(milliseconds)


async def waits(milliseconds: float) -> float:
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds


@workflow(name="asyncio.small")
async def small(milliseconds: float) -> float:
    return await later(milliseconds)


@gives([20, 10, 0, 30, 20, 10, 10])
async def gather() -> list[float]:
    return list(
        await asyncio.gather(
            later(20),
            later(10),
            native(0),
            blocking(30),
            waits(20),
            child(small, 10),
            asyncio.create_task(later(10)),
        )
    )


@gives(lambda found: sorted(found) == [0, 10, 20, 30])
async def order_of_ends() -> list[float]:
    ended: list[float] = []

    async def one(milliseconds: float) -> None:
        ended.append(await later(milliseconds))

    await asyncio.gather(*(one(milliseconds) for milliseconds in (30, 0, 20, 10)))
    return ended


@gives(["StepFailed", "StepFailed", 1])
async def gather_with_exceptions() -> list[Any]:
    found = await asyncio.gather(fails("a"), fails("b"), later(1), return_exceptions=True)
    return [type(one).__name__ if isinstance(one, Exception) else one for one in found]


@gives([1, 2, 3])
async def group() -> list[float]:
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(later(1)), tasks.create_task(native(2)), tasks.create_task(waits(3))]
    return [task.result() for task in made]


@gives(["a", "b", "cancelled"])
async def group_with_failures() -> list[str]:
    told: list[str] = []

    async def long() -> None:
        try:
            await sleep(3600)
        except asyncio.CancelledError:
            await later(1)
            told.append("cancelled")
            raise

    async def both() -> None:
        results = await asyncio.gather(fails("a"), fails("b"), return_exceptions=True)
        raise ExceptionGroup("both", [one for one in results if isinstance(one, Exception)])

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(both())
            tasks.create_task(long())
    except* StepFailed as errors:
        (inner,) = errors.exceptions
        assert isinstance(inner, ExceptionGroup)
        texts = [error.text for error in inner.exceptions if isinstance(error, StepFailed)]
    return [*texts, *told]


@gives([0, 1, 2, 3, 4])
async def queue() -> list[int]:
    items: asyncio.Queue[int] = asyncio.Queue(2)
    found = []

    async def produce() -> None:
        for item in range(5):
            await later(1)
            await items.put(item)

    producer = asyncio.create_task(produce())
    for _ in range(5):
        found.append(await items.get())
        items.task_done()
    await items.join()
    await producer
    return found


@gives(1)
async def lock() -> int:
    inside = most = 0
    exclusive = asyncio.Lock()

    async def enter() -> None:
        nonlocal inside, most
        async with exclusive:
            inside += 1
            most = max(most, inside)
            await later(1)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(5)))
    return most


@gives(2)
async def semaphore() -> int:
    inside = most = 0
    places = asyncio.Semaphore(2)

    async def enter() -> None:
        nonlocal inside, most
        async with places:
            inside += 1
            most = max(most, inside)
            await later(1)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(5)))
    return most


@gives([1, 1, 1])
async def event() -> list[float]:
    happened = asyncio.Event()

    async def waiter() -> float:
        await happened.wait()
        return await later(1)

    tasks = [asyncio.create_task(waiter()) for _ in range(3)]
    await later(2)
    happened.set()
    return [await task for task in tasks]


@gives(3)
async def condition() -> int:
    changed = asyncio.Condition()
    count = 0

    async def add() -> None:
        nonlocal count
        async with changed:
            await later(1)
            count += 1
            changed.notify_all()

    tasks = [asyncio.create_task(add()) for _ in range(3)]
    async with changed:
        await changed.wait_for(lambda: count == 3)
    await asyncio.gather(*tasks)
    return count


@gives([0, 1, 2])
async def barrier() -> list[int]:
    meeting = asyncio.Barrier(3)

    async def arrive(milliseconds: float) -> int:
        await later(milliseconds)
        return await meeting.wait()

    return sorted(await asyncio.gather(arrive(1), arrive(5), arrive(3)))


@gives([1, 2])
async def wait_for_the_first() -> list[Any]:
    tasks = [
        asyncio.create_task(later(5)),
        asyncio.create_task(sleep(3600)),
        asyncio.create_task(sleep(3600)),
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return [len(done), len(pending)]


@gives(["StepFailed", 1])
async def wait_for_the_first_exception() -> list[Any]:
    tasks = [asyncio.create_task(fails("x")), asyncio.create_task(sleep(3600))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    return [type(done.pop().exception()).__name__, len(pending)]


@gives([0, 2])
async def wait_with_a_timeout() -> list[int]:
    tasks = {asyncio.create_task(sleep(3600)), asyncio.create_task(sleep(3600))}
    done, pending = await asyncio.wait(tasks, timeout=0.01)
    return [len(done), len(pending)]


@gives(lambda found: len(found) == 3 and sorted(found[0]) == [1, 5, 9] and found[1:] == [[1, 2], [1, 5]])
async def as_completed() -> list[list[float]]:
    found = [[await one for one in asyncio.as_completed([later(9), native(1), later(5)])]]
    tasks = [asyncio.create_task(waits(2)), asyncio.create_task(waits(1))]
    found.append([await one for one in asyncio.as_completed(tasks)])
    found.append([await one for one in asyncio.as_completed((waits(5), waits(1)), timeout=60)])
    return found


@gives(["TimeoutError", "timeout", "in time"])
async def timeouts() -> list[str]:
    told = []
    try:
        await asyncio.wait_for(sleep(3600), 0.01)
    except TimeoutError:
        told.append("TimeoutError")
    try:
        async with asyncio.timeout(0.01):
            await sleep(3600)
    except TimeoutError:
        told.append("timeout")
    async with asyncio.timeout(3600):
        await later(1)
    told.append("in time")
    return told


@gives(["inner", True])
async def nested_timeouts() -> list[Any]:
    told: list[Any] = []
    async with asyncio.timeout(3600) as outer:
        try:
            async with asyncio.timeout(0.005) as inner:
                await sleep(60)
        except TimeoutError:
            told.append("inner")
        outer.reschedule(None)
        told.append(inner.expired())
    return told


@gives(["cancelled", 20])
async def shield() -> list[Any]:
    inner = asyncio.create_task(later(20))
    outer = asyncio.create_task(asyncio.wait_for(asyncio.shield(inner), 3600))
    await asyncio.sleep(0)
    outer.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        return ["cancelled", await inner]
    return []


@gives([0, 1, 2])
async def async_generators() -> list[float]:
    async def numbers(count: int) -> AsyncIterator[float]:
        try:
            for item in range(count):
                yield await later(item)
        finally:
            await later(7)

    found = [item async for item in numbers(2)]
    unfinished = numbers(5)
    async for item in unfinished:
        found.append(item + 2)
        break
    await unfinished.aclose()  # type: ignore[attr-defined]
    async for _ in numbers(3):
        break  # left to the garbage collector: it must not change what is recorded
    return found


@gives([0, 7, 8, 0])
async def context_variables() -> list[int]:
    async def of_task(value: int) -> int:
        number.set(value)
        await later(1)
        return number.get()

    before = number.get()
    found = await asyncio.gather(of_task(7), of_task(8))
    return [before, *found, number.get()]


@gives(["name", "workflow"])
async def tasks_and_names() -> list[Any]:
    task = asyncio.create_task(later(1), name="name")
    main = asyncio.current_task()
    assert main is not None
    await task
    return [task.get_name(), main.get_name()]


@gives([1, 2, 3, 4])
async def callbacks() -> list[int]:
    loop = asyncio.get_running_loop()
    found: list[int] = []
    loop.call_later(0.003, found.append, 4)
    loop.call_soon(found.append, 1)
    future: asyncio.Future[int] = loop.create_future()
    loop.call_later(0.001, future.set_result, 2)
    await asyncio.sleep(0)
    found.append(await future)
    found.append(3)
    cancelled = loop.call_later(0.002, found.append, 99)
    cancelled.cancel()
    await asyncio.sleep(0.01)
    return found


@gives(lambda found: len(found) == 40)
async def many_tasks_in_sets() -> list[Any]:
    tasks = {asyncio.create_task(later(index % 4)) for index in range(40)}
    found: list[float] = []
    while tasks:
        done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        found += [task.result() for task in done]
        await later(0)
    return found


def right(found: Any, expected: Any) -> bool:
    return bool(expected(found)) if callable(expected) else found == expected


@pytest.mark.parametrize(("flow", "expected"), PROGRAMS, ids=[flow.name for flow, _ in PROGRAMS])
def test_a_program_gives_what_it_gives_elsewhere_and_replays(
    runtime: Driver, flow: Workflow[[], Any], expected: Any
) -> None:
    found = runtime.result(flow)
    assert right(found, expected), found


def test_histories_replay_whatever_the_hash_seed(runtime: Driver, tmp_path: Path) -> None:
    async def work(_: Runtime) -> None:
        for handle in [await start(flow) for flow, _ in PROGRAMS]:
            await handle.result()

    runtime.run(work)
    script = Script(
        tmp_path,
        """
        import sys
        from pathlib import Path
        from tests.runtime_min import test_asyncio
        from tests.runtime_min.driving import Driver
        Driver(Path(sys.argv[1])).check(most=100)
        """,
    )
    processes = [script.begin(runtime.path, PYTHONHASHSEED=seed) for seed in ("0", "1", "4711")]
    for process in processes:
        _, error = process.communicate(timeout=30)
        assert process.returncode == 0, error


def test_as_completed_of_a_set_of_coroutines_says_what_it_takes(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[float]:
        coroutines = {native(item) for item in range(3)}
        try:
            return [await one for one in asyncio.as_completed(coroutines)]
        finally:
            for coroutine in coroutines:
                coroutine.close()

    with pytest.raises(WorkflowFailed, match="as_completed in a workflow takes a list or tuple"):
        runtime.result(flow)


def test_as_completed_of_a_generator_is_refused(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[float]:
        coroutines = [native(item) for item in range(3)]
        try:
            return [await one for one in asyncio.as_completed(one for one in coroutines)]
        finally:
            for coroutine in coroutines:
                coroutine.close()

    # Python 3.11 and 3.12 refuse it themselves.
    with pytest.raises(WorkflowFailed, match=r"takes a list or tuple|not generator"):
        runtime.result(flow)


@pytest.mark.parametrize(
    "call",
    [
        lambda loop: asyncio.to_thread(print),
        lambda loop: loop.run_in_executor(None, print),
        lambda loop: loop.call_soon_threadsafe(print),
        lambda loop: asyncio.create_subprocess_exec("true"),
        lambda loop: asyncio.open_connection("127.0.0.1", 1),
        lambda loop: loop.getaddrinfo("localhost", 80),
    ],
)
def test_what_asyncio_does_outside_of_the_process_is_refused(runtime: Driver, call: Any) -> None:
    @workflow
    async def flow() -> None:
        made = call(asyncio.get_running_loop())
        if made is not None:
            await made

    with pytest.raises(WorkflowBlocked, match="EffectInWorkflow"):
        runtime.result(flow)


def test_what_is_refused_blocks_although_the_workflow_catches_it(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        try:
            await asyncio.get_running_loop().run_in_executor(None, print)
        except Exception:
            await later(1)
        return "went on"

    with pytest.raises(WorkflowBlocked, match="run_in_executor"):
        runtime.result(flow, guard="off")
    assert scheduled(runtime.only_history()) == []


def test_what_is_refused_in_a_group_blocks_and_fails_nothing(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        async def bad() -> None:
            time.time()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bad())
            tasks.create_task(later(1))

    with pytest.raises(WorkflowBlocked, match="EffectInWorkflow"):
        runtime.result(flow)


def test_the_outer_loop_is_as_before_after_workflow_code_ran(runtime: Driver) -> None:
    async def work(_: Runtime) -> bool:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        await (await start(small, 1)).result()
        return asyncio.get_running_loop() is loop and asyncio.current_task() is task

    assert runtime.run(work)


def test_an_exception_that_no_task_carries_is_logged_with_the_run(
    runtime: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    @workflow
    async def flow() -> int:
        def callback() -> None:
            raise ValueError("nobody sees it")

        asyncio.get_running_loop().call_soon(callback)
        await later(1)
        return 1

    assert runtime.result(flow) == 1
    assert any("in workflow" in record.message and record.exc_info for record in caplog.records)


def test_a_context_variable_of_plain_code_is_not_seen_in_the_workflow(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        return number.get()

    async def work(_: Runtime) -> int:
        number.set(5)
        return await (await start(flow)).result()

    assert runtime.run(work) == 0


def test_a_signal_and_a_step_at_once_are_delivered_one_after_the_other(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[float]:
        tasks = {asyncio.create_task(later(3)), asyncio.create_task(wait_signal(go))}
        done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return [len(done), len(tasks)]

    async def work(_: Runtime) -> list[float]:
        handle = await start(flow)
        await handle.signal(go, 1)
        return await handle.result()

    assert runtime.run(work) == [1, 1]


def test_asyncio_run_in_a_workflow_is_an_error(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        coroutine = native(1)
        try:
            asyncio.run(coroutine)
        finally:
            coroutine.close()

    with pytest.raises((WorkflowFailed, WorkflowBlocked), match="asyncio"):
        runtime.result(flow)
