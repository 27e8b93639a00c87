"""Code that changes, and runs that continue as new."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runtime_min import (
    NotStorable,
    Runtime,
    Workflow,
    WorkflowFailed,
    WorkflowNotFound,
    colors,
    continue_as_new,
    patched,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from runtime_min.journal import Closed, Patched, Started
from tests.runtime_min.driving import Driver, scheduled

go = signal("go", int)


@step
async def old_step(x: int) -> str:
    return f"old {x}"


@step
async def new_step(x: int) -> str:
    return f"new {x}"


@pytest.fixture
def deploy(runtime: Driver) -> Any:
    """Give a name to other code, as a deployment does."""

    def deploying(fn: Any, name: str = "flow") -> Workflow[..., Any]:
        colors._workflows.pop(name, None)
        return workflow(name=name)(fn)

    runtime.prefixes = False
    return deploying


def begin(runtime: Driver, flow: Workflow[..., Any], *args: Any) -> None:
    """Start it, let it get to where it waits, and close the runtime."""

    async def work(_: Runtime) -> None:
        await start(flow.options(id="x"), *args)
        await asyncio.sleep(0.08)

    runtime.run(work)


def finish(runtime: Driver) -> Any:
    """Send the signal it waits for, and return the result."""

    async def work(opened: Runtime) -> Any:
        handle = opened.handle("x")
        await handle.signal(go, 1)
        return await handle.result()

    return runtime.run(work)


def test_continuing_as_new_keeps_the_id_and_counts_generations(runtime: Driver) -> None:
    @workflow
    async def flow(n: int, *, name: str) -> str:
        await old_step(n)
        if n < 3:
            continue_as_new(n + 1, name=name + "!")
        return f"{name} {n}"

    async def work(_: Runtime) -> Any:
        handle = await start(flow.options(id="x"), 0, name="n")
        return await handle.result(), await handle.describe()

    result, description = runtime.run(work)
    assert result == "n!!! 3"
    assert (description.generation, description.state) == (3, "completed")
    assert runtime.ids() == ["x"] * 4
    first = runtime.history("x", 0)
    assert isinstance(first[-1], Closed)
    assert first[-1].ending == "continued"
    assert isinstance(runtime.history("x", 1)[0], Started)


def test_a_run_continues_as_new_hundreds_of_times(runtime: Driver) -> None:
    @workflow
    async def flow(n: int) -> int:
        if n < 200:
            continue_as_new(n + 1)
        return n

    assert runtime.result(flow, 0) == 200


@pytest.mark.parametrize(("args", "error"), [((), TypeError), (("x",), NotStorable), ((1, 2), TypeError)])
def test_continuing_with_wrong_arguments_is_an_error_at_the_call(
    runtime: Driver, args: Any, error: type[Exception]
) -> None:
    @workflow
    async def flow(n: int) -> str:
        try:
            continue_as_new(*args)
        except error as caught:
            return type(caught).__name__

    assert runtime.result(flow, 0) == error.__name__


def test_continuing_with_wrong_arguments_fails_the_run_and_not_the_worker(runtime: Driver) -> None:
    @workflow
    async def flow(n: int) -> None:
        continue_as_new()

    async def work(_: Runtime) -> None:
        for _n in range(2):
            with pytest.raises(WorkflowFailed, match="missing a required argument"):
                await (await start(flow, 0)).result()

    runtime.run(work)


def test_continuing_is_not_caught_by_except_exception_and_runs_finally(runtime: Driver) -> None:
    @workflow
    async def flow(n: int) -> str:
        try:
            if n == 0:
                continue_as_new(1)
        except Exception:
            return "caught"
        finally:
            await old_step(n)
        return "new"

    assert runtime.result(flow, 0) == "new"


def test_continuing_from_a_task_continues_the_workflow(runtime: Driver) -> None:
    @workflow
    async def flow(n: int) -> int:
        async def task() -> None:
            await old_step(n)
            if n < 2:
                continue_as_new(n + 1)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(task())
        return n

    assert runtime.result(flow, 0) == 2


def test_a_new_run_takes_the_patch_and_records_it(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        return await (new_step(1) if patched("new step") else old_step(1))

    assert runtime.result(flow) == "new 1"
    assert [event.id for event in runtime.only_history() if isinstance(event, Patched)] == ["new step"]


def test_a_run_that_went_by_goes_on_without_the_patch(runtime: Driver, deploy: Any) -> None:
    async def before() -> list[str]:
        first = await old_step(1)
        await wait_signal(go)
        return [first, await old_step(2)]

    async def after() -> list[str]:
        first = await (new_step(1) if patched("p") else old_step(1))
        await wait_signal(go)
        return [first, await (new_step(2) if patched("p") else old_step(2))]

    begin(runtime, deploy(before))
    deploy(after)
    assert finish(runtime) == ["old 1", "old 2"]
    assert not any(isinstance(event, Patched) for event in runtime.history("x"))


def test_a_run_that_has_not_come_to_it_takes_the_patch(runtime: Driver, deploy: Any) -> None:
    async def before() -> list[str]:
        first = await old_step(1)
        await wait_signal(go)
        return [first, await old_step(2)]

    async def after() -> list[str]:
        first = await old_step(1)
        await wait_signal(go)
        return [first, await (new_step(2) if patched("p") else old_step(2))]

    begin(runtime, deploy(before))
    deploy(after)
    assert finish(runtime) == ["old 1", "new 2"]


def test_a_run_that_took_the_patch_goes_on_with_it_after_a_restart(runtime: Driver, deploy: Any) -> None:
    async def code() -> list[str]:
        first = await (new_step(1) if patched("p") else old_step(1))
        await wait_signal(go)
        return [first, await (new_step(2) if patched("p") else old_step(2))]

    begin(runtime, deploy(code))
    assert finish(runtime) == ["new 1", "new 2"]
    assert sum(isinstance(event, Patched) for event in runtime.history("x")) == 1


def test_several_patches_are_told_apart(runtime: Driver, deploy: Any) -> None:
    async def before() -> list[Any]:
        taken = [patched("one")]
        await old_step(1)
        await wait_signal(go)
        return taken

    async def after() -> list[Any]:
        taken = [patched("one"), patched("two")]
        await old_step(1)
        await wait_signal(go)
        return [*taken, patched("three"), patched("two")]

    begin(runtime, deploy(before))
    deploy(after)
    assert finish(runtime) == [True, False, True, False]


def test_a_run_of_a_version_that_is_gone_waits_for_it(runtime: Driver) -> None:
    @workflow(name="v", version="1")
    async def first() -> str:
        await wait_signal(go)
        return "version 1"

    async def send(opened: Runtime) -> str:
        handle = opened.handle("x", first)
        await handle.signal(go, 1)
        await asyncio.sleep(0.15)
        with pytest.raises(WorkflowNotFound, match="v@1"):
            await handle.query("any")
        return (await handle.describe()).state

    async def wait(opened: Runtime) -> str:
        return await opened.handle("x", first).result()

    begin(runtime, first)
    del colors._workflows["v@1"]

    @workflow(name="v", version="2")
    async def second() -> str:
        return "version 2"

    assert runtime.run(send) == "running"
    assert runtime.result(second) == "version 2"
    colors._workflows["v@1"] = first
    assert runtime.run(wait) == "version 1"


def test_a_longer_timer_in_changed_code_leaves_the_recorded_one(runtime: Driver, deploy: Any) -> None:
    async def before() -> str:
        await sleep(0.2)
        return "slept"

    async def after() -> str:
        await sleep(3600)
        return "slept"

    begin(runtime, deploy(before))
    flow = deploy(after)

    async def wait(opened: Runtime) -> str:
        return await opened.handle("x", flow).result()

    assert runtime.run(wait) == "slept"
    assert scheduled(runtime.history("x")) == ["timer"]
