"""Steps: how many run at once, what they may raise, how large they may be, and that they do not mix."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runtime_min import NotStorable, Runtime, StepFailed, WorkflowFailed, info, start, step, workflow
from tests.runtime_min.driving import Driver, Script, until

request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")
told: list[Any] = []


class Odd(BaseException):
    """No `Exception`."""


class Unspeakable(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("not even this")


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    told.clear()


class Gauge:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *exception: object) -> None:
        with self.lock:
            self.inside -= 1


def test_no_more_steps_run_at_once_than_allowed(runtime: Driver) -> None:
    gauge = Gauge()

    @step
    async def asynchronous() -> None:
        with gauge:
            await asyncio.sleep(0.01)

    @step
    def synchronous() -> None:
        with gauge:
            time.sleep(0.01)

    @workflow
    async def flow() -> None:
        await asyncio.gather(*(asynchronous() for _ in range(10)), *(synchronous() for _ in range(10)))

    async def work(_: Runtime) -> None:
        for handle in [await start(flow) for _ in range(2)]:
            await handle.result()

    runtime.run(work, concurrency=3)
    assert gauge.most == 3


def test_synchronous_steps_run_beside_each_other_and_beside_the_loop(runtime: Driver) -> None:
    gauge = Gauge()

    @step
    def blocks() -> None:
        with gauge:
            time.sleep(0.15)

    @workflow
    async def flow() -> None:
        await asyncio.gather(*(blocks() for _ in range(5)))

    async def work(_: Runtime) -> int:
        handle = await start(flow)
        ticks = 0
        while (await handle.describe()).state == "running":
            await asyncio.sleep(0.005)
            ticks += 1
        return ticks

    assert runtime.run(work) > 10
    assert gauge.most == 5


def test_two_hundred_runs_at_once_all_end_rightly(runtime: Driver) -> None:
    @step
    async def add(x: int, y: int) -> int:
        await asyncio.sleep(0)
        return x + y

    @workflow
    async def flow(n: int) -> int:
        total = 0
        for x in range(3):
            total = await add(total, x + n)
        return total

    async def work(_: Runtime) -> list[int]:
        handles = [await start(flow, n) for n in range(200)]
        return [await handle.result() for handle in handles]

    assert runtime.run(work) == [3 * n + 3 for n in range(200)]


@pytest.mark.parametrize("error", [Odd, asyncio.CancelledError, ExceptionGroup, TimeoutError, Unspeakable])
@pytest.mark.parametrize("kind", ["asynchronous", "synchronous"])
def test_whatever_a_step_raises_is_its_failure(runtime: Driver, kind: str, error: Any) -> None:
    made = error("text", [ValueError("inner")]) if error is ExceptionGroup else error("text")

    @step
    async def asynchronous() -> None:
        raise made

    @step
    def synchronous() -> None:
        raise made

    @workflow
    async def flow() -> bool:
        try:
            await (asynchronous() if kind == "asynchronous" else synchronous())
        except StepFailed as failure:
            return failure.is_a(error)
        return False

    assert runtime.result(flow) is True


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, GeneratorExit])
def test_what_would_end_a_process_or_a_loop_is_only_the_failure_of_a_synchronous_step(
    runtime: Driver, error: Any
) -> None:
    @step
    def raises() -> None:
        raise error("text")

    @workflow
    async def flow() -> bool:
        try:
            await raises()
        except StepFailed as failure:
            return failure.is_a(error)
        return False

    assert runtime.result(flow) is True


def test_system_exit_in_an_asynchronous_step_ends_the_process_and_the_step_runs_again(
    runtime: Driver, tmp_path: Path
) -> None:
    script = Script(
        tmp_path,
        """
        import asyncio, sys
        from runtime_min import Runtime, info, start, step, workflow

        @step
        async def exits() -> int:
            if info().attempt == 1:
                sys.exit(7)
            return info().attempt

        @workflow
        async def flow() -> int:
            return await exits()

        async def main():
            async with Runtime(sys.argv[1]):
                print(await (await start(flow.options(id="x"))).result())

        asyncio.run(main())
        """,
    )
    assert script.begin(runtime.path).wait(20) == 7
    assert script.run(runtime.path) == "2\n"


def test_large_arguments_and_results_pass_through(runtime: Driver) -> None:
    @step
    async def grow(text: str) -> str:
        return text * 2

    @step
    def numbers(count: int) -> list[int]:
        return list(range(count))

    @workflow
    async def flow(text: str) -> list[int]:
        grown = await grow(text)
        many = await numbers(200_000)
        return [len(grown), sum(many)]

    assert runtime.result(flow, "ä" * 5_000_000) == [10_000_000, sum(range(200_000))]


def test_a_context_variable_set_in_a_step_is_seen_in_no_other(runtime: Driver) -> None:
    @step
    async def sets(name: str) -> str:
        before = request.get()
        request.set(name)
        return before

    @step
    def on_thread(name: str) -> str:
        before = request.get()
        request.set(name)
        return before

    @workflow
    async def flow() -> list[str]:
        return [await sets("a"), await on_thread("b"), await sets("c"), await on_thread("d")]

    async def work(_: Runtime) -> list[str]:
        request.set("of plain code")
        first = await start(flow)
        second = await start(flow)
        return await first.result() + await second.result()

    assert runtime.run(work) == ["none"] * 8


def test_steps_start_workflows_in_the_runtime_that_runs_them(runtime: Driver, tmp_path: Path) -> None:
    other = Driver(tmp_path / "other.sqlite")

    @workflow
    async def inner() -> str:
        return "inner"

    @step
    async def starts() -> str:
        return await (await start(inner.options(id="inner"))).result()

    @workflow
    async def outer() -> str:
        return await starts()

    async def work(first: Runtime) -> str:
        async with Runtime(other.path):
            return await (await first.start(outer.options(id="outer"))).result()

    assert runtime.run(work) == "inner"
    assert sorted(runtime.ids()) == ["inner", "outer"]
    assert other.ids() == []


def test_a_step_sees_its_own_info_beside_others(runtime: Driver) -> None:
    @step
    async def sees(pause: float) -> list[Any]:
        before = info()
        await asyncio.sleep(pause)
        assert info() == before
        return [info().position, info().attempt]

    @workflow
    async def flow() -> list[list[Any]]:
        return list(await asyncio.gather(*(sees(0.02 - 0.005 * n) for n in range(4))))

    assert runtime.result(flow) == [[n, 1] for n in range(4)]


def test_a_step_that_returns_a_coroutine_or_object_fails(runtime: Driver) -> None:
    @step
    def gives() -> Any:
        return object()

    @workflow
    async def flow() -> None:
        await gives()

    with pytest.raises(WorkflowFailed) as caught:
        runtime.result(flow)
    assert caught.value.is_a(NotStorable)


def test_the_same_step_with_the_same_arguments_runs_each_time_it_is_called(runtime: Driver) -> None:
    @step
    async def roll(x: int) -> int:
        told.append(x)
        return len(told)

    @workflow
    async def flow() -> list[int]:
        return [await roll(1), await roll(1), *(await asyncio.gather(roll(1), roll(1)))]

    assert runtime.result(flow) == [1, 2, 3, 4]


def test_arguments_are_those_of_the_call_although_the_object_changes_while_the_step_runs(
    runtime: Driver,
) -> None:
    @step
    async def slow(items: list[int]) -> list[int]:
        await asyncio.sleep(0.05)
        items.append(99)
        return items

    @workflow
    async def flow() -> list[list[int]]:
        items = [1]
        task = asyncio.create_task(slow(items))
        await asyncio.sleep(0)
        items.append(2)
        return [await task, items]

    assert runtime.result(flow) == [[1, 99], [1, 2]]


def test_a_workflow_that_raises_strange_things_fails_and_the_worker_goes_on(runtime: Driver) -> None:
    @workflow
    async def flow(kind: str) -> None:
        if kind == "base":
            raise Odd("odd")
        if kind == "group":
            raise BaseExceptionGroup("group", [Odd("odd")])
        if kind == "exit":
            raise GeneratorExit
        raise Unspeakable

    async def work(_: Runtime) -> list[str]:
        kinds = []
        for kind in ("base", "group", "exit", "unspeakable"):
            handle = await start(flow, kind)
            with pytest.raises(WorkflowFailed) as caught:
                await handle.result()
            kinds.append(caught.value.kind.rpartition(".")[2])
        return kinds

    assert runtime.run(work) == ["Odd", "BaseExceptionGroup", "GeneratorExit", "Unspeakable"]


def test_closing_does_not_wait_for_a_step_on_a_thread(runtime: Driver) -> None:
    release = threading.Event()

    @step
    def blocks() -> None:
        told.append("began")
        release.wait(5)

    @workflow
    async def flow() -> None:
        await blocks()

    async def work(_: Runtime) -> None:
        await start(flow)
        await until(lambda: told == ["began"])

    began = time.monotonic()

    async def inside() -> float:
        async with Runtime(runtime.path) as opened:
            await work(opened)
        ended = time.monotonic()
        release.set()
        return ended

    assert asyncio.run(inside()) - began < 2


def test_steps_that_hang_on_their_threads_take_no_place_once_they_are_given_up(runtime: Driver) -> None:
    release = threading.Event()

    @step(timeout=0.05)
    def hangs() -> None:
        release.wait(10)

    @step
    def works() -> str:
        return "worked"

    @workflow
    async def flow() -> str:
        await asyncio.gather(hangs(), hangs(), return_exceptions=True)
        return await works()

    try:
        assert runtime.result(flow, concurrency=1, seconds=5) == "worked"
    finally:
        release.set()


def test_a_step_that_hangs_on_its_thread_does_not_keep_the_process_alive(
    runtime: Driver, tmp_path: Path
) -> None:
    script = Script(
        tmp_path,
        """
        import asyncio, sys, time
        from runtime_min import Runtime, start, step, workflow

        began = False

        @step
        def hangs() -> None:
            global began
            began = True
            time.sleep(60)

        @workflow
        async def flow() -> None:
            await hangs()

        async def main():
            async with Runtime(sys.argv[1]):
                await start(flow)
                while not began:
                    await asyncio.sleep(0.01)

        asyncio.run(main())
        """,
    )
    before = time.monotonic()
    script.run(runtime.path)
    assert time.monotonic() - before < 10
