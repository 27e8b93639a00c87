"""What shares its functions with workflows is not affected: steps, other threads, code after a workflow."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from runtime_min.errors import EffectInWorkflow
from runtime_min.guard import Guard
from tests.runtime_min.guard.running import refused, run
from tests.runtime_min.guard.shop.quotes import quote


def flow() -> str:
    return quote(1)


async def waiting_flow(until: asyncio.Future[None]) -> str:
    await until
    return quote(1)


def test_the_same_function_runs_freely_outside_of_the_guard(guard: Guard) -> None:
    assert flow().startswith("1 on ")
    refused(guard, flow)
    assert flow().startswith("1 on ")
    refused(guard, flow)


def test_code_that_runs_while_a_workflow_waits_is_free(guard: Guard) -> None:
    guard.watch(waiting_flow)

    async def main() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        coroutine = waiting_flow(future)
        with guard:
            coroutine.send(None)
        assert quote(2).startswith("2 on ")
        future.set_result(None)
        with pytest.raises(EffectInWorkflow), guard:
            coroutine.send(None)

    asyncio.run(main())


def test_threads_run_freely_while_workflows_are_refused_on_others(guard: Guard) -> None:
    guard.watch(flow)
    outcomes: dict[str, list[bool]] = {"workflow": [], "step": []}
    start, stop = threading.Barrier(4), threading.Event()
    entered = threading.Barrier(3)

    def attempt() -> bool:
        try:
            return flow().startswith("1 on ")
        except EffectInWorkflow:
            return False

    def in_workflow() -> None:
        start.wait(10)
        with guard:
            entered.wait(10)  # so that steps run while workflows are inside
        for _ in range(200):
            with guard:
                outcomes["workflow"].append(attempt())

    def in_step() -> None:
        start.wait(10)
        while not stop.is_set():
            outcomes["step"].append(attempt())

    workflows = [threading.Thread(target=in_workflow) for _ in range(2)]
    step = threading.Thread(target=in_step)
    for thread in (*workflows, step):
        thread.start()
    start.wait(10)
    entered.wait(10)
    for thread in workflows:
        thread.join(30)
    time.sleep(0.01)
    stop.set()
    step.join(30)
    assert outcomes["workflow"] == [False] * 400
    assert outcomes["step"]
    assert all(outcomes["step"])


def test_a_step_on_another_thread_is_free_while_this_one_is_inside(guard: Guard) -> None:
    guard.watch(flow)
    said: list[str] = []
    with guard:
        thread = _thread(lambda: said.append(flow()))
        thread.start()
        thread.join(10)
        with pytest.raises(EffectInWorkflow):
            flow()
    assert said
    assert said[0].startswith("1 on ")


def _thread(target: Callable[[], object]) -> threading.Thread:
    return threading.Thread(target=target)


def test_a_guard_inside_of_a_guard_goes_on_with_the_outer_one(guard: Guard) -> None:
    guard.watch(flow)
    inner = Guard("warn")
    try:
        with guard:
            with inner, pytest.warns(RuntimeWarning, match="clock"):
                flow()
            with pytest.raises(EffectInWorkflow):
                flow()
        assert flow()
    finally:
        inner.close()


def test_an_error_of_the_workflow_ends_the_guarded_part(guard: Guard) -> None:
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(guard, fails)
    assert quote(1).startswith("1 on ")


def test_a_guard_that_is_closed_is_off(guard: Guard) -> None:
    other = Guard()
    refused(other, flow)
    other.close()
    other.close()
    assert run(other, flow)
    refused(guard, flow)
