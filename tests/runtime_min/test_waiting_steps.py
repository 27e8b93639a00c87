"""Steps that wait for other runs, and the context in which steps run."""

from __future__ import annotations

import asyncio
import contextvars
from pathlib import Path

from runtime_min import Runtime, sleep, start, step, workflow
from runtime_min.client import current_runtime
from runtime_min.memory import MemoryBackend

_request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")


@step
async def look() -> list[str]:
    return [str(id(current_runtime())), _request.get()]


@workflow
async def looking() -> list[str]:
    return await look()


@workflow
async def looking_later() -> list[str]:
    await sleep(0.01)
    return await look()


@step
async def answer() -> int:
    return 42


@workflow
async def answering() -> int:
    await sleep(0.01)
    return await answer()


@workflow
async def waiting_for_another() -> int:
    other = await start(answering)
    return await other.result()


def test_a_step_sees_its_runtime_and_not_the_context_of_who_started_it(tmp_path: Path) -> None:
    async def main() -> None:
        runtime = Runtime(MemoryBackend())
        runtime.open()
        try:
            _request.set("a request that has nothing to do with it")
            for flow in (looking, looking_later):
                handle = await runtime.start(flow)
                assert await handle.result() == [str(id(runtime)), "none"]
        finally:
            await runtime.close()

    asyncio.run(main())


def test_a_workflow_that_waits_for_another_takes_no_place_among_the_steps() -> None:
    async def main() -> int:
        async with Runtime(MemoryBackend(), concurrency=1) as runtime:
            handle = await runtime.start(waiting_for_another)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == 42
