"""The guard at work in the runtime: workflows are stopped, and the steps beside them run."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

import runtime_min
from runtime_min import step, workflow
from runtime_min.errors import RuntimeMinError
from runtime_min.testing import environment


@step
def measure(number: int) -> float:
    return shared(number)


@step
async def measure_async(number: int) -> float:
    return shared(number) + random.random()


def shared(number: int) -> float:
    return number * max(time.time(), 1.0)


def deterministic(number: int) -> int:
    return max(number, 1) + len(str(number))


@workflow
async def careful(number: int) -> str:
    one, two = await asyncio.gather(measure(number), measure_async(number))
    await asyncio.sleep(60)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(measure_async(deterministic(number)))
    runtime_min.logger.info("measured %s", one)
    later = runtime_min.now() if one or two else None
    return f"{later is not None} {task.result() > 0} {runtime_min.uuid4().version}"


@workflow
async def careless(number: int) -> float:
    await measure(number)
    return shared(number)


@workflow
async def careless_in_a_task(number: int) -> str:
    return await asyncio.create_task(read(number))


async def read(number: int) -> str:
    await asyncio.sleep(number)
    return Path("rates.txt").read_text()


class GuardedTrial:
    def __init__(self) -> None:
        self.since = time.time()

    @workflow
    async def run(self, number: int) -> float:
        return self.since


def test_a_workflow_that_only_uses_what_is_recorded_completes() -> None:
    async def main() -> str:
        async with environment() as env:
            handle = await env.start(careful, 3)
            return await handle.result()

    assert asyncio.run(main()) == "True True 4"


@pytest.mark.parametrize(
    ("flow", "text"),
    [
        (careless, r"`time.time\(\)`.*\(shared\) \[clock"),
        (careless_in_a_task, "filesystem"),
        (GuardedTrial.run, r"__init__\) \[clock"),
    ],
)
def test_a_workflow_is_stopped_by_an_effect_that_its_steps_may_have(
    flow: runtime_min.Workflow[[int], object], text: str
) -> None:
    async def main() -> None:
        async with environment() as env:
            handle = await env.start(flow, 3)
            await handle.result()

    with pytest.raises(RuntimeMinError, match=text):
        asyncio.run(main())
