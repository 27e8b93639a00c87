"""What newcomers get wrong is answered by what to write instead."""

from __future__ import annotations

import asyncio
import zlib

import pytest

from runtime_min import (
    ColorError,
    JsonCodec,
    Runtime,
    SealedCodec,
    WorkflowFailed,
    WorkflowNotFound,
    query,
    start,
    step,
    workflow,
)
from runtime_min.errors import NotReadable
from tests.runtime_min.driving import Driver


@step
async def charge(cents: int) -> str:
    return f"paid {cents}"


@workflow
async def forgets_await(cents: int) -> str:
    return charge(cents)  # type: ignore[return-value]


@workflow
async def buy(cents: int) -> str:
    return await charge(cents)


def test_a_step_that_was_not_awaited_is_no_result(runtime: Driver) -> None:
    async def work(_: Runtime) -> None:
        await (await start(forgets_await, 1)).result()

    with pytest.raises(WorkflowFailed, match="write `await` before the call"):
        runtime.run(work)


def test_a_start_outside_of_an_event_loop_names_what_it_needs() -> None:
    with pytest.raises(ColorError, match=r"asyncio\.run\(main\(\)\)"):
        start(buy, 1)


def test_a_step_that_was_not_awaited_is_no_argument(runtime: Driver) -> None:
    async def work(_: Runtime) -> None:
        pending = asyncio.sleep(0)
        try:
            await start(buy, pending)  # type: ignore[arg-type]
        finally:
            pending.close()

    with pytest.raises(Exception, match=r"cents: .* write `await` before the call"):
        runtime.run(work)


def test_a_query_that_does_not_exist_is_answered_with_those_that_do(runtime: Driver) -> None:
    @workflow
    async def answers() -> None:
        @query
        def progress() -> int:
            return 1

    async def work(_: Runtime) -> None:
        handle = await start(answers)
        await handle.result()
        await handle.query("progres")

    with pytest.raises(WorkflowNotFound, match="`progres` at this point of its run; there are: `progress`"):
        runtime.run(work)


def test_values_of_another_codec_are_told_from_damage(runtime: Driver) -> None:
    runtime.replays = False

    async def work(_: Runtime) -> str:
        return await (await start(buy.options(id="x"), 1)).result()

    sealed = SealedCodec(JsonCodec(), seal=zlib.compress, open=zlib.decompress)
    assert runtime.run(work, codec=sealed) == "paid 1"
    with pytest.raises(NotReadable, match="stored by another codec"):
        runtime.run(work)


def test_a_step_that_is_started_is_told_from_what_is_no_color_at_all(runtime: Driver) -> None:
    async def work(_: Runtime) -> None:
        with pytest.raises(ColorError, match=r"`charge` is a step.*`await charge\(\.\.\.\)`"):
            await start(charge, 1)  # type: ignore[arg-type]
        with pytest.raises(ColorError, match="decorate it with `@workflow`"):
            await start(len, [])  # type: ignore[arg-type]

    runtime.run(work)
