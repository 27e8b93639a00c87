"""Code of the workflow's that runs between, and within, the runtime's own: none of it goes unseen."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

import pytest

from runtime_min import JsonCodec, Workflow, step, workflow
from runtime_min.errors import RuntimeMinError
from runtime_min.execution import Execution
from runtime_min.guard import Guard
from runtime_min.journal import Started
from runtime_min.testing import environment
from tests.runtime_min.guard.running import refused

both_codecs = pytest.mark.parametrize(
    "codec", [JsonCodec, type("Mine", (JsonCodec,), {})], ids=["ours", "theirs"]
)


@step
async def add(one: int, other: int) -> int:
    return one + other


@dataclasses.dataclass
class Dated:
    number: int
    day: float = 0.0

    def __post_init__(self) -> None:
        if self.number == 2:  # not where the workflow makes it, but where it is read back
            object.__setattr__(self, "day", time.time())


@step
async def keep(one: Dated) -> None:
    """Do nothing with it."""


class Later:
    """Awaits a step, and looks at the clock meanwhile."""

    def __init__(self, after: str) -> None:
        self.after = after

    def __await__(self) -> Generator[Any, Any, int]:
        inner = add(1, 2).__await__()
        if self.after == "await":
            time.time()
        future = next(inner)
        if self.after == "send":
            time.time()
        yield future
        return 1


@workflow
async def between_call_and_await() -> None:
    asked = add(1, 2)
    time.time()
    await asked


@workflow
async def in_an_argument() -> None:
    await add(1, int(time.time()))


@workflow
async def after_a_step() -> None:
    await add(1, 2)
    time.time()


@workflow
async def after_steps_at_once() -> None:
    await asyncio.gather(add(1, 2), add(3, 4))
    time.time()


@workflow
async def after_a_refused_argument() -> None:
    try:
        await add("no number", 2)  # type: ignore[arg-type]
    except RuntimeMinError:
        time.time()


@workflow
async def after_iteration_began() -> None:
    await Later("await")


@workflow
async def after_the_first_send() -> None:
    await Later("send")


@workflow
async def in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(look)
    await add(1, 2)


def look() -> None:
    time.time()


@workflow
async def in_the_class_of_an_argument() -> None:
    one = Dated(1)
    one.number = 2
    await keep(one)


@pytest.mark.parametrize(
    "flow",
    [
        between_call_and_await,
        in_an_argument,
        after_a_step,
        after_steps_at_once,
        after_a_refused_argument,
        after_iteration_began,
        after_the_first_send,
    ],
    ids=lambda flow: flow.name,
)
@both_codecs
def test_an_effect_between_or_within_calls_of_the_runtime_is_seen(
    flow: Workflow[[], object], codec: Callable[[], JsonCodec]
) -> None:
    async def main() -> None:
        async with environment(codec=codec()) as env:
            handle = await env.start(flow)
            await handle.result()

    with pytest.raises(RuntimeMinError, match=r"`time.time\(\)` was called"):
        asyncio.run(main())


@both_codecs
def test_an_effect_in_the_class_of_an_argument_is_seen(codec: Callable[[], JsonCodec]) -> None:
    async def main() -> None:
        async with environment(codec=codec(), guard="warn") as env:
            with pytest.raises(RuntimeMinError, match="would come back as"):
                await (await env.start(in_the_class_of_an_argument)).result()

    with pytest.warns(RuntimeWarning, match=r"`time.time\(\)` was called .*__post_init__"):
        asyncio.run(main())


def test_an_effect_in_a_callback_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with environment() as env:
            await (await env.start(in_a_callback)).result()

    asyncio.run(main())
    assert "`time.time()` was called in workflow code (look)" in caplog.text
    assert "Exception in callback <Handle look()" in caplog.text


def test_a_workflow_that_runs_within_another_leaves_it_watched(guard: Guard) -> None:
    inner = Execution(many_additions, "id", JsonCodec(), guard)

    def outer() -> float:
        inner.activate(Started("many_additions", "", b"[1]", 0, 0.0))
        return time.time()

    assert "(test_a_workflow_that_runs_within_another_leaves_it_watched.<locals>.outer)" in refused(
        guard, outer
    )
    assert len(inner.operations) == 1
    inner.dispose()
    assert sys.getprofile() is None


@workflow
async def many_additions(count: int) -> int:
    total = 0
    for number in range(count):
        total = await add(total, number)
    return total


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="a profile function is used up to 3.11")
def test_a_profile_function_is_not_told_what_the_runtime_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime_min.guard.profiling import Profiler

    told: list[str] = []
    make = Profiler._make

    def counting(self: Profiler) -> Any:
        profile = make(self)

        def count(frame: FrameType, event: str, arg: object) -> None:
            told.append(frame.f_code.co_qualname)
            profile(frame, event, arg)

        return count

    monkeypatch.setattr(Profiler, "_make", counting)

    async def main() -> list[int]:
        ends = []
        async with environment() as env:
            for count in (10, 110):
                told.clear()
                await (await env.start(many_additions, count)).result()
                ends.append(len(told))
        return ends

    few, more = asyncio.run(main())
    assert few > 10, "it is in use"
    assert (more - few) / 100 <= 8, told[-20:]
