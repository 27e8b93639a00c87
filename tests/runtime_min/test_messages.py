"""Signals reach workflows once and in order; queries answer from their state."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runtime_min import (
    ColorError,
    NotStorable,
    Runtime,
    StepFailed,
    WorkflowBlocked,
    WorkflowFailed,
    WorkflowNotFound,
    continue_as_new,
    query,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from runtime_min.journal import Received
from tests.runtime_min.driving import Driver

number = signal("number", int)
text = signal("text", str)
finish = signal("finish", bool)


@step
async def note(value: str) -> str:
    return value


def received(runtime: Driver) -> list[str]:
    return [event.name for event in runtime.only_history() if isinstance(event, Received)]


def test_signals_wait_until_somebody_waits_for_them_in_the_order_of_arrival(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[int]:
        await wait_signal(finish)
        return [await wait_signal(number) for _ in range(5)]

    async def work(_: Runtime) -> list[int]:
        handle = await start(flow)
        for value in range(5):
            await handle.signal(number, value)
        await handle.signal(finish, True)
        return await handle.result()

    assert runtime.run(work) == [0, 1, 2, 3, 4]
    assert received(runtime) == ["number"] * 5 + ["finish"]


def test_signals_that_come_before_the_run_is_claimed_are_there_when_it_starts(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[int]:
        return [await wait_signal(number), await wait_signal(number)]

    async def send(_: Runtime) -> None:
        handle = await start(flow.options(id="x"))
        await handle.signal(number, 1)
        await handle.signal(number, 2)

    async def wait(opened: Runtime) -> list[int]:
        return await opened.handle("x", flow).result()

    runtime.run(send, work=False)
    assert runtime.run(wait) == [1, 2]


def test_each_waiter_gets_one_value_the_first_one_first(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[int]:
        return list(await asyncio.gather(*(wait_signal(number) for _ in range(3))))

    async def work(_: Runtime) -> list[int]:
        handle = await start(flow)
        for value in (7, 8, 9):
            await asyncio.sleep(0.02)
            await handle.signal(number, value)
        return await handle.result()

    assert runtime.run(work) == [7, 8, 9]


def test_the_name_of_a_signal_is_no_signal(runtime: Driver) -> None:
    name: Any = "number"

    @workflow
    async def waits_by_name() -> Any:
        return await wait_signal(name)

    async def work(_: Runtime) -> None:
        handle = await start(waits_by_name)
        with pytest.raises(ColorError, match=r"'number' is no signal; give what `signal\(name, type\)` made"):
            await handle.signal(name, 1)
        with pytest.raises(WorkflowBlocked, match="'number' is no signal"):
            await handle.result()

    runtime.run(work)


def test_a_query_shows_its_name() -> None:
    assert repr(Counter.plus) == "<query plus a number>"


def test_signals_of_different_names_do_not_mix(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[Any]:
        return [await wait_signal(text), await wait_signal(number)]

    async def work(_: Runtime) -> list[Any]:
        handle = await start(flow)
        await handle.signal(number, 1)
        await handle.signal(text, "a")
        return await handle.result()

    assert runtime.run(work) == ["a", 1]


def test_a_wait_that_is_cancelled_loses_no_value(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[int]:
        waiter = asyncio.create_task(wait_signal(number))
        other = asyncio.create_task(wait_signal(number))
        await wait_signal(finish)
        waiter.cancel()
        await asyncio.wait([waiter])
        await note("cancelled")
        return [await other, await wait_signal(number)]

    async def work(_: Runtime) -> list[int]:
        handle = await start(flow)
        await handle.signal(finish, True)
        await asyncio.sleep(0.05)
        await handle.signal(number, 1)
        await handle.signal(number, 2)
        return await handle.result()

    assert runtime.run(work) == [1, 2]


def test_a_wait_that_times_out_again_and_again_loses_no_value(runtime: Driver) -> None:
    @workflow
    async def flow(count: int) -> list[int]:
        found: list[int] = []
        while len(found) < count:
            try:
                async with asyncio.timeout(0.002):
                    found.append(await wait_signal(number))
            except TimeoutError:
                pass
        return found

    async def work(_: Runtime) -> list[int]:
        handle = await start(flow, 30)
        for value in range(30):
            await handle.signal(number, value)
            await asyncio.sleep(0.001 * (value % 4))
        return await handle.result()

    assert runtime.run(work) == list(range(30))


def test_a_value_that_was_handed_to_a_waiter_cancelled_at_once_stays(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        waiter = asyncio.create_task(wait_signal(number))

        async def canceller() -> None:
            await wait_signal(number)
            waiter.cancel()

        await asyncio.sleep(0)
        other = asyncio.create_task(canceller())
        await wait_signal(finish)
        await asyncio.wait([waiter, other])
        return 0 if waiter.cancelled() else waiter.result()

    async def work(_: Runtime) -> int:
        handle = await start(flow)
        for value in (1, 2):
            await handle.signal(number, value)
        await handle.signal(finish, True)
        return await handle.result()

    assert runtime.run(work) == 1


def test_unused_signals_go_with_a_run_that_continues_as_new(runtime: Driver) -> None:
    @workflow
    async def flow(generation: int) -> list[Any]:
        if generation == 0:
            await wait_signal(finish)
            continue_as_new(1)
        return [await wait_signal(number), await wait_signal(number), await wait_signal(text)]

    async def work(_: Runtime) -> list[Any]:
        handle = await start(flow.options(id="x"), 0)
        await handle.signal(number, 1)
        await handle.signal(text, "a")
        await handle.signal(number, 2)
        await handle.signal(finish, True)
        return await handle.result()

    assert runtime.run(work) == [1, 2, "a"]


def test_signals_sent_while_it_continues_as_new_over_and_over_all_arrive_in_order(runtime: Driver) -> None:
    @workflow
    async def flow(found: list[int], count: int) -> list[int]:
        for _ in range(3):
            found.append(await wait_signal(number))
            if len(found) == count:
                break
        else:
            continue_as_new(found, count)
        return found

    async def work(_: Runtime) -> list[int]:
        handle = await start(flow.options(id="x"), [], 50)
        for value in range(50):
            await handle.signal(number, value)
            await asyncio.sleep(0)
        return await handle.result()

    assert runtime.run(work) == list(range(50))


def test_a_signal_of_another_type_is_refused_at_the_sender(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        return await wait_signal(number)

    async def work(_: Runtime) -> int:
        handle = await start(flow)
        with pytest.raises(NotStorable):
            await handle.signal(number, "one")  # type: ignore[arg-type]
        await handle.signal(number, 1)
        return await handle.result()

    assert runtime.run(work) == 1
    assert received(runtime) == ["number"]


def test_a_signal_that_was_sent_as_another_type_fails_the_wait_for_it(runtime: Driver) -> None:
    other = signal("number", str)

    @workflow
    async def flow() -> str:
        try:
            return str(await wait_signal(number))
        except NotStorable as error:
            return f"refused: {error}"

    async def work(_: Runtime) -> str:
        handle = await start(flow)
        await handle.signal(other, "one")
        return await handle.result()

    assert runtime.run(work).startswith("refused: ")


def test_a_signal_to_a_run_that_ended_says_so(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        return 1

    async def work(_: Runtime) -> None:
        handle = await start(flow.options(id="x"))
        await handle.result()
        with pytest.raises(WorkflowNotFound, match="`x` is completed"):
            await handle.signal(number, 1)
        with pytest.raises(WorkflowNotFound, match="`x` is completed"):
            await handle.cancel()

    runtime.run(work)


def test_a_signal_nobody_waits_for_does_no_harm(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        return await wait_signal(number)

    async def work(_: Runtime) -> int:
        handle = await start(flow)
        await handle.signal(text, "unknown")
        await handle.signal(number, 4)
        return await handle.result()

    assert runtime.run(work) == 4


def test_an_acknowledged_signal_survives_a_runtime_that_closes_at_once(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        return await wait_signal(number)

    async def send(_: Runtime) -> None:
        handle = await start(flow.options(id="x"))
        await asyncio.sleep(0.05)
        await handle.signal(number, 5)

    async def wait(opened: Runtime) -> int:
        return await opened.handle("x", flow).result()

    runtime.run(send)
    assert runtime.run(wait) == 5


class Counter:
    """A workflow that is asked."""

    def __init__(self) -> None:
        self.count = 0

    @workflow
    async def run(self, most: int) -> int:
        while self.count < most:
            self.count += await wait_signal(number)
            await note(str(self.count))
        return self.count

    @query
    def value(self) -> int:
        return self.count

    @query(name="plus a number")
    def plus(self, other: int, *, times: int = 1) -> int:
        return self.count + other * times

    @query
    def change(self) -> int:
        self.count += 1000
        return self.count

    @query
    def breaks(self) -> int:
        raise LookupError("nothing there")


def test_a_query_answers_while_it_runs_and_after_its_end(runtime: Driver) -> None:
    async def work(opened: Runtime) -> list[int]:
        handle = await start(Counter.run.options(id="x"), 3)
        answers = [await handle.query(Counter.value)]
        await handle.signal(number, 2)
        while await handle.query(Counter.value) != 2:
            await asyncio.sleep(0.01)
        answers.append(await handle.query(Counter.plus, 10, times=3))
        await handle.signal(number, 1)
        await handle.result()
        return [*answers, await handle.query("value"), await opened.handle("x").query("plus a number", 1)]

    assert runtime.run(work) == [0, 32, 3, 4]


def test_a_query_changes_nothing_in_the_run(runtime: Driver) -> None:
    async def work(_: Runtime) -> list[int]:
        handle = await start(Counter.run, 3)
        answers = [await handle.query(Counter.change), await handle.query(Counter.change)]
        await handle.signal(number, 3)
        return [*answers, await handle.result()]

    assert runtime.run(work) == [1000, 1000, 3]


def test_a_query_that_does_not_exist_or_gets_wrong_arguments_says_so(runtime: Driver) -> None:
    async def work(_: Runtime) -> None:
        handle = await start(Counter.run.options(id="x"), 3)
        with pytest.raises(WorkflowNotFound, match=r"`Counter.run` has no query `other`"):
            await handle.query("other")
        with pytest.raises(TypeError, match="plus"):
            await handle.query(Counter.plus, 1, 2, 3)  # type: ignore[call-arg]
        with pytest.raises(LookupError, match="nothing there"):
            await handle.query(Counter.breaks)
        await handle.cancel()

    runtime.run(work)


def test_a_function_inside_of_a_workflow_can_be_a_query(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        state = "waiting"

        @query
        def status(loud: bool = False) -> str:
            return state.upper() if loud else state

        state = await wait_signal(text)
        await sleep(0)
        return state

    async def work(_: Runtime) -> list[str]:
        handle = await start(flow)
        answers = [await handle.query("status")]
        await handle.signal(text, "told")
        await handle.result()
        return [*answers, await handle.query("status", loud=True)]

    assert runtime.run(work) == ["waiting", "TOLD"]


def test_a_query_that_is_not_reached_yet_is_unknown(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        got = await wait_signal(text)

        @query
        def status() -> str:
            return got

        return got

    async def work(_: Runtime) -> None:
        handle = await start(flow)
        with pytest.raises(WorkflowNotFound, match="at this point of its run"):
            await handle.query("status")
        await handle.signal(text, "x")
        await handle.result()
        assert await handle.query("status") == "x"

    runtime.run(work)


def test_a_query_works_in_a_process_that_does_not_work(runtime: Driver) -> None:
    async def begin(_: Runtime) -> None:
        handle = await start(Counter.run.options(id="x"), 3)
        await handle.signal(number, 3)
        await handle.result()

    async def ask(opened: Runtime) -> int:
        return await opened.handle("x").query(Counter.value)

    runtime.run(begin)
    assert runtime.run(ask, work=False) == 3


def test_a_workflow_signals_asks_and_describes_another_one(runtime: Driver) -> None:
    @workflow
    async def asker() -> list[Any]:
        handle = await start(Counter.run.options(id="x"), 3)
        await handle.signal(number, 2)
        while await handle.query(Counter.value) != 2:
            await sleep(0.01)
        state = (await handle.describe()).state
        await handle.signal(number, 1)
        return [
            state,
            await handle.result(),
            await handle.query("plus a number", 5),
            (await handle.describe()).state,
        ]

    assert runtime.result(asker) == ["running", 3, 8, "completed"]


def test_a_workflow_that_signals_nobody_is_told(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[str]:
        handle = await start(Counter.run.options(id="gone"), 0)
        await handle.result()
        told = []
        for call in (lambda: handle.signal(number, 1), handle.cancel):
            try:
                await call()
            except WorkflowNotFound as error:
                told.append(str(error))
        return told

    assert runtime.result(flow) == ["no running workflow has the id `gone`"] * 2


def test_a_workflow_that_asks_what_is_unknown_is_told(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        handle = await start(Counter.run.options(id="x"), 0)
        try:
            await handle.query("no such query")
        except (StepFailed, WorkflowNotFound) as error:
            return str(error)
        return ""

    assert "no query `no such query`" in runtime.result(flow)


def test_a_signal_from_a_workflow_with_a_wrong_value_is_refused_at_the_call(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        handle = await start(Counter.run.options(id="x"), 0)
        await handle.signal(number, "text")  # type: ignore[arg-type]

    with pytest.raises(WorkflowFailed) as caught:
        runtime.result(flow)
    assert caught.value.is_a(NotStorable)


def test_a_step_signals_asks_and_waits_through_a_handle(runtime: Driver) -> None:
    @step
    async def steers() -> list[int]:
        handle = await start(Counter.run.options(id="x"), 3)
        before = await handle.query(Counter.value)
        await handle.signal(number, 3)
        return [before, await handle.result()]

    @workflow
    async def flow() -> list[int]:
        return await steers()

    assert runtime.result(flow) == [0, 3]
