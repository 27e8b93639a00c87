"""Retries, timeouts, and the number of the attempt."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runtime_min import Retry, Runtime, StepFailed, WorkflowFailed, info, start, step, workflow
from runtime_min.journal import Attempted, Resolved
from tests.runtime_min.driving import Clock, Driver, Script, resolved, until

told: list[Any] = []


class Fatal(Exception):
    """After which nothing is tried again."""


class VeryFatal(Fatal):
    """A kind of it."""


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    told.clear()


def attempted(runtime: Driver) -> list[Attempted]:
    return [event for event in runtime.only_history() if isinstance(event, Attempted)]


def test_without_a_policy_an_exception_is_the_answer(runtime: Driver) -> None:
    @step
    async def fails() -> None:
        told.append(1)
        raise ValueError("once")

    @workflow
    async def flow() -> list[Any]:
        try:
            await fails()
        except StepFailed as error:
            return [
                error.name == fails.name,
                error.text,
                error.attempts,
                error.is_a(ValueError),
                error.is_a(Exception),
            ]
        return []

    assert runtime.result(flow) == [True, "once", 1, True, True]
    assert told == [1]


def test_a_step_is_tried_until_it_succeeds(runtime: Driver) -> None:
    @step(retry=Retry(attempts=5, delay=0.001))
    async def flaky() -> int:
        told.append(info().attempt)
        if info().attempt < 4:
            raise ValueError("not yet")
        return info().attempt

    @workflow
    async def flow() -> int:
        return await flaky()

    assert runtime.result(flow) == 4
    assert told == [1, 2, 3, 4]
    assert resolved(runtime.only_history())[0].attempt == 4


def test_after_the_last_attempt_the_last_error_is_the_answer(runtime: Driver) -> None:
    @step(retry=Retry(attempts=3, delay=0))
    def fails() -> None:
        raise ValueError(f"attempt {info().attempt}")

    @workflow
    async def flow() -> list[Any]:
        try:
            await fails()
        except StepFailed as error:
            return [error.text, error.attempts]
        return []

    assert runtime.result(flow) == ["attempt 3", 3]


def test_waits_grow_by_the_backoff_up_to_the_maximum(runtime: Driver) -> None:
    @step(retry=Retry(attempts=6, delay=2, backoff=3, maximum=30, jitter=0))
    async def fails() -> None:
        raise ValueError("no")

    @workflow
    async def flow() -> None:
        await fails()

    with pytest.raises(WorkflowFailed):
        runtime.result(flow, clock=Clock(skipping=True))
    assert [round(event.retry - event.at, 6) for event in attempted(runtime)] == [2, 6, 18, 30, 30]


def test_jitter_is_drawn_from_the_seed_and_stays_in_its_range() -> None:
    policy = Retry(attempts=None, delay=10, backoff=1, jitter=0.5)
    waits = [policy.wait(ValueError(), 1, Random(seed)) for seed in range(200)]
    assert all(wait is not None and 5 <= wait <= 10 for wait in waits)
    assert len(set(waits)) > 100
    assert waits == [policy.wait(ValueError(), 1, Random(seed)) for seed in range(200)]


def test_ten_thousand_failures_do_not_overflow_the_wait() -> None:
    policy = Retry(attempts=None, delay=1, backoff=10, maximum=60, jitter=0)
    assert policy.wait(ValueError(), 10_000, Random(1)) == 60


@pytest.mark.parametrize("error", [Fatal, VeryFatal])
def test_what_is_never_tried_again_is_not(runtime: Driver, error: type[Exception]) -> None:
    @step(retry=Retry(attempts=None, delay=0, never=(Fatal,)))
    async def fails() -> None:
        told.append(1)
        raise error("stop")

    @workflow
    async def flow() -> None:
        await fails()

    with pytest.raises(WorkflowFailed, match="stop") as caught:
        runtime.result(flow)
    assert caught.value.is_a(Fatal)
    assert told == [1]


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"delay": -1}, {"backoff": 0.5}, {"jitter": 2}, {"jitter": -0.1}, {"maximum": -1}],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Retry"):
        Retry(**wrong)


def test_a_call_can_have_a_policy_of_its_own(runtime: Driver) -> None:
    @step
    async def fails() -> int:
        if info().attempt == 1:
            raise ValueError("first")
        return info().attempt

    @workflow
    async def flow() -> list[Any]:
        patient = await fails.options(retry=Retry(attempts=2, delay=0))()
        try:
            return [patient, await fails()]
        except StepFailed as error:
            return [patient, error.text]

    assert runtime.result(flow) == [2, "first"]


@pytest.mark.parametrize("timeout", [0.05, timedelta(milliseconds=50)])
def test_an_asynchronous_step_that_takes_too_long_is_cancelled(runtime: Driver, timeout: Any) -> None:
    @step(timeout=timeout)
    async def slow() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    @workflow
    async def flow() -> bool:
        try:
            await slow()
        except StepFailed as error:
            return error.is_a(TimeoutError)
        return False

    assert runtime.result(flow) is True
    assert told == ["cancelled"]


def test_a_synchronous_step_that_takes_too_long_is_given_up(runtime: Driver) -> None:
    @step(timeout=0.05)
    def slow() -> None:
        time.sleep(0.4)

    @workflow
    async def flow() -> bool:
        try:
            await slow()
        except StepFailed as error:
            return error.is_a(TimeoutError)
        return False

    assert runtime.result(flow) is True


def test_a_timeout_is_for_each_attempt_and_is_retried(runtime: Driver) -> None:
    @step(timeout=0.05, retry=Retry(attempts=3, delay=0))
    async def slow_at_first() -> int:
        if info().attempt < 3:
            await asyncio.sleep(30)
        return info().attempt

    @workflow
    async def flow() -> int:
        return await slow_at_first()

    assert runtime.result(flow) == 3


def test_the_wait_before_an_attempt_survives_a_restart(runtime: Driver) -> None:
    @step(retry=Retry(attempts=2, delay=1000, jitter=0, maximum=1000))
    async def flaky() -> int:
        told.append(info().attempt)
        if info().attempt == 1:
            raise ValueError("first")
        return info().attempt

    @workflow
    async def flow() -> int:
        return await flaky()

    clock = Clock()

    async def begin(_: Runtime) -> None:
        await start(flow.options(id="x"))
        await until(lambda: told == [1])
        await asyncio.sleep(0.05)

    async def look(opened: Runtime) -> str:
        await asyncio.sleep(0.1)
        return (await opened.handle("x").describe()).state

    async def wait(opened: Runtime) -> int:
        return await opened.handle("x", flow).result()

    runtime.run(begin, clock=clock)
    clock.time += 999
    assert runtime.run(look, clock=clock) == "running"
    assert told == [1]
    clock.time += 2
    assert runtime.run(wait, clock=clock) == 2
    assert told == [1, 2]


def test_the_attempt_is_counted_although_the_process_was_killed_in_the_step(
    runtime: Driver, tmp_path: Path
) -> None:
    script = Script(
        tmp_path,
        """
        import asyncio, os, sys
        from runtime_min import Runtime, info, start, step, workflow

        @step
        async def dies() -> list[int | str]:
            with open(sys.argv[2], "a") as file:
                file.write(f"{info().attempt} {info().key}\\n")
            if info().attempt < 3:
                os.kill(os.getpid(), 9)
            return [info().attempt, info().key]

        @workflow
        async def flow() -> list[int | str]:
            return await dies()

        async def main():
            async with Runtime(sys.argv[1]):
                handle = await start(flow.options(id="x"))
                print(await handle.result())

        asyncio.run(main())
        """,
    )
    notes = tmp_path / "notes"
    for _ in range(2):
        assert script.begin(runtime.path, notes).wait(20) == -9
    assert script.run(runtime.path, notes) == "[3, 'x/0']\n"
    assert notes.read_text().splitlines() == ["1 x/0", "2 x/0", "3 x/0"]
    assert [type(event) for event in runtime.history("x")].count(Attempted) == 2


def test_an_attempt_that_was_lost_counts_as_no_failure(runtime: Driver, tmp_path: Path) -> None:
    script = Script(
        tmp_path,
        """
        import asyncio, os, sys
        from runtime_min import Retry, Runtime, info, start, step, workflow

        @step(retry=Retry(attempts=2, delay=0))
        async def dies() -> int:
            if info().attempt == 1:
                os.kill(os.getpid(), 9)
            if info().attempt == 2:
                raise ValueError("the first failure")
            return info().attempt

        @workflow
        async def flow() -> int:
            return await dies()

        async def main():
            async with Runtime(sys.argv[1]):
                print(await (await start(flow.options(id="x"))).result())

        asyncio.run(main())
        """,
    )
    assert script.begin(runtime.path).wait(20) == -9
    assert script.run(runtime.path) == "3\n"


def test_a_result_is_recorded_with_its_attempt_and_replayed_without_running(runtime: Driver) -> None:
    @step(retry=Retry(attempts=3, delay=0))
    async def flaky() -> int:
        told.append(info().attempt)
        if info().attempt == 1:
            raise ValueError("first")
        return 5

    @workflow
    async def flow() -> int:
        return await flaky()

    assert runtime.result(flow) == 5
    runtime.check()
    assert told == [1, 2]
    end = next(event for event in runtime.only_history() if isinstance(event, Resolved))
    assert end.attempt == 2
