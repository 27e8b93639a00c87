"""Children and other runs that workflows start."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runtime_min import (
    AlreadyStarted,
    Description,
    Handle,
    NotStorable,
    Runtime,
    StepFailed,
    WorkflowBlocked,
    WorkflowCancelled,
    WorkflowFailed,
    child,
    continue_as_new,
    info,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from tests.runtime_min.driving import Driver, until

go = signal("go", int)


class Declined(Exception):
    """Of the application."""


class DeclinedForever(Declined):
    """A kind of it."""


@step
async def add(x: int, y: int) -> int:
    return x + y


@step
async def decline(text: str) -> None:
    raise DeclinedForever(text)


@workflow(name="children.adder")
async def adder(x: int) -> int:
    return await add(x, 1)


@workflow(name="children.sleeper")
async def sleeper() -> str:
    await sleep(3600)
    return "slept"


@workflow(name="children.waiter")
async def waiter(times: int) -> int:
    total = 0
    for _ in range(times):
        total += await wait_signal(go)
    return total


def states(runtime: Driver) -> dict[str, str]:
    async def look(opened: Runtime) -> dict[str, str]:
        return {run.id: run.state for run in opened.list()}

    return runtime.run(look, work=False)


def test_a_child_gives_its_result(runtime: Driver) -> None:
    @workflow
    async def parent() -> list[int]:
        return [await child(adder, 1), *(await asyncio.gather(*(child(adder, x) for x in range(5))))]

    assert runtime.result(parent) == [2, 1, 2, 3, 4, 5]
    assert len(runtime.ids()) == 7


def test_the_ids_of_children_are_made_of_the_parent_s(runtime: Driver) -> None:
    @workflow
    async def parent() -> int:
        return await child(adder, 1) + await child(adder.options(id="named"), 2)

    async def work(_: Runtime) -> int:
        return await (await start(parent.options(id="p"))).result()

    assert runtime.run(work) == 5
    ids = sorted(runtime.ids())
    assert ids[0] == "named"
    assert ids[1] == "p"
    assert ids[2].startswith("p/")


def test_a_child_s_failure_tells_what_it_was(runtime: Driver) -> None:
    @workflow
    async def failing() -> None:
        await decline("no money")

    @workflow
    async def parent() -> list[Any]:
        try:
            await child(failing)
        except WorkflowFailed as error:
            return [
                error.name,
                error.text,
                error.is_a(Declined),
                error.is_a(DeclinedForever),
                error.is_a(KeyError),
            ]
        return []

    assert runtime.result(parent) == ["failing", "no money", True, True, False]


def test_a_failure_keeps_its_kind_through_all_generations_of_callers(runtime: Driver) -> None:
    @workflow
    async def inner() -> None:
        await decline("deep")

    @workflow
    async def middle() -> None:
        await child(inner)

    @workflow
    async def outer() -> None:
        await child(middle)

    with pytest.raises(WorkflowFailed, match="deep") as caught:
        runtime.result(outer)
    assert caught.value.is_a(DeclinedForever)
    assert caught.value.is_a(Declined)
    assert caught.value.kind.endswith("DeclinedForever")
    assert "decline" in caught.value.trace


def test_a_child_that_is_cancelled_tells_the_parent(runtime: Driver) -> None:
    @workflow
    async def parent() -> str:
        try:
            await child(sleeper.options(id="c"))
        except WorkflowCancelled as error:
            return str(error)
        return ""

    async def work(opened: Runtime) -> str:
        handle = await start(parent)
        await until(lambda: opened.backend.find("c") is not None)
        await opened.handle("c").cancel()
        return await handle.result()

    assert runtime.run(work) == "workflow `c` was cancelled"


def test_a_child_needs_an_id_that_no_run_has(runtime: Driver) -> None:
    @workflow
    async def parent(id: str) -> str:
        try:
            await child(sleeper.options(id=id))
        except AlreadyStarted as error:
            return str(error)
        return ""

    async def work(opened: Runtime) -> list[str]:
        running = await start(sleeper.options(id="running"))
        await (await start(adder.options(id="ended"), 1)).result()
        told = [await (await start(parent, name)).result() for name in ("running", "ended")]
        assert (await running.describe()).state == "running"
        return told

    assert runtime.run(work) == [
        f"a run with the id `{name}` exists already" for name in ("running", "ended")
    ]


def test_a_conflict_that_is_given_up_at_once_leaves_the_other_run_alone(runtime: Driver) -> None:
    @workflow
    async def parent() -> str:
        task = asyncio.create_task(child(sleeper.options(id="other")))
        await wait_signal(go)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.01)
        return "done"

    async def work(_: Runtime) -> str:
        other = await start(sleeper.options(id="other"))
        handle = await start(parent)
        await handle.signal(go, 1)
        await handle.result()
        await asyncio.sleep(0.05)
        return (await other.describe()).state

    assert runtime.run(work) == "running"


def test_cancelling_the_parent_cancels_its_children(runtime: Driver) -> None:
    @workflow
    async def parent() -> None:
        await asyncio.gather(child(sleeper.options(id="a")), child(sleeper.options(id="b")))

    async def work(opened: Runtime) -> None:
        handle = await start(parent)
        await until(lambda: opened.backend.find("b") is not None)
        await handle.cancel()
        with pytest.raises(WorkflowCancelled):
            await handle.result()
        for name in ("a", "b"):
            with pytest.raises(WorkflowCancelled):
                await opened.handle(name).result()

    runtime.run(work)


def test_a_child_that_nobody_waits_for_any_more_is_cancelled(runtime: Driver) -> None:
    @workflow
    async def parent() -> str:
        try:
            async with asyncio.timeout(0.02):
                await child(sleeper.options(id="a"))
        except TimeoutError:
            pass
        return "in time"

    async def work(opened: Runtime) -> None:
        assert await (await start(parent)).result() == "in time"
        with pytest.raises(WorkflowCancelled):
            await opened.handle("a").result()

    runtime.run(work)


def test_children_that_are_open_when_the_parent_ends_are_cancelled(runtime: Driver) -> None:
    @workflow
    async def parent() -> str:
        tasks = [asyncio.create_task(child(sleeper.options(id="a")))]
        await asyncio.sleep(0.01)
        return f"{len(tasks)} left"

    async def work(opened: Runtime) -> None:
        assert await (await start(parent)).result() == "1 left"
        with pytest.raises(WorkflowCancelled):
            await opened.handle("a").result()

    runtime.run(work)


def test_a_child_that_is_given_up_in_the_moment_it_is_asked_for_does_not_run(runtime: Driver) -> None:
    @workflow
    async def parent() -> str:
        task = asyncio.create_task(child(sleeper.options(id="a")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await add(1, 1)
        tasks = [asyncio.create_task(child(sleeper.options(id="b")))]
        await asyncio.sleep(0)
        return f"{len(tasks)} left"

    async def work(_: Runtime) -> str:
        return await (await start(parent.options(id="p"))).result()

    assert runtime.run(work) == "1 left"
    assert states(runtime) == {"p": "completed"}


def test_the_parent_gets_the_result_of_a_child_s_last_generation(runtime: Driver) -> None:
    @workflow
    async def counting(n: int) -> str:
        await add(n, 1)
        if n < 3:
            continue_as_new(n + 1)
        return f"generation {n}"

    @workflow
    async def parent() -> str:
        return await child(counting, 0)

    assert runtime.result(parent) == "generation 3"


def test_a_child_s_wrong_arguments_are_refused_at_the_call(runtime: Driver) -> None:
    @workflow
    async def parent() -> list[str]:
        told = []
        for call in (lambda: child(adder), lambda: child(adder, "x"), lambda: start(adder, 1, 2)):
            try:
                await call()  # type: ignore[operator]
            except (TypeError, NotStorable) as error:
                told.append(type(error).__name__)
        return told

    assert runtime.result(parent) == ["TypeError", "NotStorable", "TypeError"]
    assert len(runtime.ids()) == 1


def test_a_started_run_is_independent_and_its_start_idempotent(runtime: Driver) -> None:
    @workflow
    async def parent() -> list[Any]:
        first = await start(adder.options(id="one"), 1)
        second = await start(adder.options(id="one"), 2)
        unnamed = await start(adder, 3)
        await start(sleeper.options(id="detached"))
        return [await first.result(), await second.result(), await unnamed.result(), first.id, unnamed.id]

    async def work(_: Runtime) -> Any:
        return await (await start(parent.options(id="p"))).result()

    first, second, unnamed, name, made = runtime.run(work)
    assert (first, second, unnamed, name) == (2, 2, 4, "one")
    assert made.startswith("p/")
    assert states(runtime)["detached"] == "running"


def test_cancelling_a_workflow_leaves_what_it_started_alone(runtime: Driver) -> None:
    @workflow
    async def parent() -> None:
        await start(sleeper.options(id="detached"))
        await sleep(3600)

    async def work(opened: Runtime) -> str:
        handle = await start(parent)
        await until(lambda: opened.backend.find("detached") is not None)
        await handle.cancel()
        with pytest.raises(WorkflowCancelled):
            await handle.result()
        await asyncio.sleep(0.05)
        return (await opened.handle("detached").describe()).state

    assert runtime.run(work) == "running"


def test_a_workflow_cancels_another_one(runtime: Driver) -> None:
    @workflow
    async def parent() -> str:
        handle = await start(sleeper)
        await handle.cancel()
        try:
            await handle.result()
        except WorkflowCancelled:
            return "cancelled"
        return ""

    assert runtime.result(parent) == "cancelled"


def test_a_workflow_that_waits_for_a_failing_one_sees_its_failure(runtime: Driver) -> None:
    @workflow
    async def failing() -> None:
        await decline("no money")

    @workflow
    async def parent() -> list[Any]:
        handle = await start(failing)
        try:
            await handle.result()
        except WorkflowFailed as error:
            return [error.name, error.text, error.is_a(Declined)]
        return []

    assert runtime.result(parent) == ["failing", "no money", True]


def test_a_handle_says_what_it_can_describe(runtime: Driver) -> None:
    @workflow
    async def parent() -> list[Any]:
        handle = await start(waiter.options(id="w"), 1)
        before: Description = await handle.describe()
        await handle.signal(go, 4)
        total = await handle.result()
        after = await handle.describe()
        return [before.state, before.workflow, total, after.state, after.closed is not None]

    assert runtime.result(parent) == ["running", "children.waiter", 4, "completed", True]


def test_many_waits_for_results_leave_room_for_the_steps_they_wait_for(runtime: Driver) -> None:
    @workflow
    async def parent(x: int) -> int:
        handle = await start(adder, x)
        return await handle.result()

    async def work(_: Runtime) -> list[int]:
        handles = [await start(parent, x) for x in range(10)]
        return [await handle.result() for handle in handles]

    assert runtime.run(work, concurrency=2) == list(range(1, 11))


def test_who_waits_for_a_blocked_workflow_goes_on_waiting(runtime: Driver) -> None:
    @workflow
    async def blocked() -> int:
        return await adder(1)

    @workflow
    async def parent() -> int:
        return await (await start(blocked.options(id="b"))).result()

    async def work(opened: Runtime) -> str:
        handle = await start(parent)
        await until(lambda: opened.backend.find("b") is not None)
        with pytest.raises(WorkflowBlocked):
            await opened.handle("b").result()
        await asyncio.sleep(0.1)
        return (await handle.describe()).state

    assert runtime.run(work) == "running"


def test_children_and_parents_survive_restarts(runtime: Driver) -> None:
    @workflow
    async def parent() -> int:
        return await child(waiter.options(id="w"), 3)

    async def signal_once(opened: Runtime) -> None:
        await start(parent.options(id="p"))
        await until(lambda: opened.backend.find("w") is not None)
        await opened.handle("w").signal(go, 2)

    async def wait(opened: Runtime) -> int:
        return await opened.handle("p", parent).result()

    for _ in range(3):
        runtime.run(signal_once)
    assert runtime.run(wait) == 6


def test_a_tree_of_children_comes_together(runtime: Driver) -> None:
    @workflow(name="tree")
    async def tree(depth: int) -> int:
        if depth == 0:
            return await add(0, 1)
        return sum(await asyncio.gather(child(tree, depth - 1), child(tree, depth - 1)))

    assert runtime.result(tree, 5) == 32


def test_a_failure_of_a_step_in_one_child_leaves_its_siblings_alone(runtime: Driver) -> None:
    @workflow
    async def some(x: int) -> int:
        if x == 1:
            await decline("x")
        return await add(x, x)

    @workflow
    async def parent() -> list[Any]:
        found = await asyncio.gather(*(child(some, x) for x in range(3)), return_exceptions=True)
        return [one if isinstance(one, int) else type(one).__name__ for one in found]

    assert runtime.result(parent) == [0, "WorkflowFailed", 4]


def test_a_step_that_waits_for_a_failing_workflow_fails(runtime: Driver) -> None:
    @workflow
    async def failing() -> None:
        await decline("inner")

    @step
    async def waits() -> None:
        await (await start(failing)).result()

    @workflow
    async def parent() -> list[Any]:
        try:
            await waits()
        except StepFailed as error:
            return [error.text, error.is_a(Declined), error.is_a(WorkflowFailed)]
        return []

    assert runtime.result(parent) == ["inner", True, True]


def test_two_children_of_one_parent_cannot_have_one_id(runtime: Driver) -> None:
    @workflow
    async def parent() -> list[Any]:
        named = adder.options(id="same")
        found = await asyncio.gather(child(named, 1), child(named, 2), return_exceptions=True)
        return [one if isinstance(one, int) else type(one).__name__ for one in found]

    assert runtime.result(parent) == [2, "AlreadyStarted"]


def test_a_workflow_may_signal_itself_and_any_run_by_its_id(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        await Handle(info().id).signal(go, 3)
        other = Handle("other", waiter)
        await other.signal(go, 4)
        return await wait_signal(go) + await other.result()

    async def work(_: Runtime) -> int:
        await start(waiter.options(id="other"), 1)
        return await (await start(flow)).result()

    assert runtime.run(work) == 7


def test_an_id_that_another_workflow_has_is_refused(runtime: Driver) -> None:
    async def work(_: Runtime) -> None:
        await start(adder.options(id="x"), 1)
        with pytest.raises(AlreadyStarted, match=r"`x` is a run of `children\.adder`"):
            await start(sleeper.options(id="x"))

    runtime.run(work)


def test_a_child_that_another_process_runs_gives_its_result(runtime: Driver) -> None:
    @workflow
    async def parent() -> int:
        return await child(adder.options(id="c"), 1)

    async def work(_: Runtime) -> int:
        handle = await start(parent)
        await until(lambda: "c" in runtime.ids())
        async with Runtime(runtime.path, only=[adder]):
            return await handle.result()

    assert runtime.run(work, only=[parent]) == 2


def test_all_waits_for_results_of_a_chain_come_back(runtime: Driver) -> None:
    @workflow(name="chain")
    async def chain(depth: int) -> int:
        if depth == 0:
            return await add(0, 1)
        return 1 + await (await start(chain, depth - 1)).result()

    assert runtime.result(chain, 12, concurrency=1) == 13
