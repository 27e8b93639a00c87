"""Code that no longer fits its history blocks the run, says why, and loses nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from runtime_min import (
    JsonCodec,
    NonDeterminismError,
    NotStorable,
    Retry,
    Runtime,
    SealedCodec,
    StepFailed,
    Workflow,
    WorkflowBlocked,
    WorkflowFailed,
    child,
    colors,
    info,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from runtime_min.execution import Execution
from runtime_min.guard import Guard
from runtime_min.journal import Attempted, Event, Received
from tests.runtime_min.driving import Clock, Driver, resolved, scheduled, until

go = signal("go", int)
told: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    told.clear()


@step(name="charge")
async def charge(amount: int) -> str:
    told.append(amount)
    return f"charged {amount}"


@step(name="ship")
async def ship(amount: int) -> str:
    return f"shipped {amount}"


@step(name="refund")
async def refund(amount: int) -> str:
    told.append(-amount)
    return f"refunded {amount}"


def redefine(fn: Any, name: str = "order") -> Workflow[..., Any]:
    """Give the name to other code, as a deployment does."""
    colors._workflows.pop(name, None)
    return workflow(name=name)(fn)


async def original(amount: int) -> list[str]:
    first = await charge(amount)
    second = await ship(amount)
    await wait_signal(go)
    return [first, second, await ship(amount + 1)]


async def other_step(amount: int) -> list[str]:
    return [await refund(amount), await ship(amount), str(await wait_signal(go))]


async def other_arguments(amount: int) -> list[str]:
    return [await charge(amount + 1), await ship(amount), str(await wait_signal(go))]


async def removed(amount: int) -> list[str]:
    return [await charge(amount), str(await wait_signal(go))]


async def added(amount: int) -> list[str]:
    return [await charge(amount), await refund(amount), await ship(amount), str(await wait_signal(go))]


async def reordered(amount: int) -> list[str]:
    return [await ship(amount), await charge(amount), str(await wait_signal(go))]


async def ended(amount: int) -> list[str]:
    return [await charge(amount)]


async def other_kind(amount: int) -> list[str]:
    await sleep(5)
    return [await ship(amount), str(await wait_signal(go))]


async def raises(amount: int) -> list[str]:
    await charge(amount)
    raise ValueError("changed")


def begin(runtime: Driver, fn: Any = original) -> None:
    """Run the original until it waits for the signal."""

    async def work(opened: Runtime) -> None:
        await start(redefine(fn).options(id="x"), 5)
        await until(lambda: opened.run_of("x").events >= 5)

    runtime.run(work)


def blocked(runtime: Driver, fn: Any) -> str:
    """Deploy other code, wake the run, and return what `result` says."""
    flow = redefine(fn)

    async def work(opened: Runtime) -> str:
        handle = opened.handle("x", flow)
        await handle.signal(go, 1)
        with pytest.raises(WorkflowBlocked) as caught:
            await handle.result()
        assert (await handle.describe()).state == "running"
        assert "NonDeterminismError" in (await handle.describe()).problem
        return str(caught.value)

    return runtime.run(work)


@pytest.mark.parametrize(
    ("fn", "recorded", "ran"),
    [
        (other_step, "step charge at position 0", "step refund at position 0"),
        (other_arguments, "step charge at position 0", "step charge at position 0"),
        (reordered, "step charge at position 0", "step ship at position 0"),
        (removed, "step ship at position 1", "nothing more at this point"),
        (added, "step ship at position 1", "step refund at position 1"),
        (ended, "step ship at position 1", "closed"),
        (other_kind, "step charge at position 0", "timer at position 0"),
        (raises, "step ship at position 1", "closed"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_changed_code_blocks_the_run_and_says_what_differs(
    runtime: Driver, fn: Any, recorded: str, ran: str
) -> None:
    begin(runtime)
    before = runtime.history("x")
    message = blocked(runtime, fn)
    lines = message.splitlines()
    assert f"recorded: {recorded}" in lines[1], message
    assert f"ran:      {ran}" in lines[2], message
    if recorded.startswith("step"):
        assert "test_nondeterminism.py:" in lines[1]
        assert f"await {recorded.split()[1]}(amount)" in lines[1]
    if ran.startswith(("step", "timer")):
        assert "test_nondeterminism.py:" in lines[2]
        assert "await " in lines[2]
    assert "patched(" in lines[3]
    assert runtime.history("x")[: len(before)] == before
    redefine(original)


def test_a_blocked_run_goes_on_when_the_code_is_mended_and_nothing_is_lost(runtime: Driver) -> None:
    begin(runtime)
    blocked(runtime, other_step)
    flow = redefine(original)

    async def work(opened: Runtime) -> list[str]:
        handle = opened.handle("x", flow)
        async with asyncio.timeout(10):
            while (await handle.describe()).state == "running":
                await asyncio.sleep(0.02)
        return await handle.result()

    clock = Clock(now=time.time() + 120)
    assert runtime.run(work, clock=clock) == ["charged 5", "shipped 5", "shipped 6"]
    assert told == [5]
    assert sum(isinstance(event, Received) for event in runtime.history("x")) == 1


def test_many_signals_to_a_blocked_run_wait_and_do_not_keep_the_worker_busy(
    runtime: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    begin(runtime)
    redefine(other_step)

    async def work(opened: Runtime) -> None:
        handle = opened.handle("x")
        for value in range(5):
            await handle.signal(go, value)
        with pytest.raises(WorkflowBlocked):
            await handle.result()
        caplog.clear()
        await asyncio.sleep(0.3)

    runtime.run(work)
    assert sum("cannot go on" in record.message for record in caplog.records) <= 2
    redefine(original)


def test_what_the_changed_code_catches_does_not_let_it_go_on(runtime: Driver) -> None:
    begin(runtime)

    async def catching(amount: int) -> list[str]:
        try:
            await ship(amount)
        except Exception:
            await refund(amount)
        return [str(await wait_signal(go))]

    message = blocked(runtime, catching)
    assert "ran:      step ship" in message, "the first difference is told"
    assert told == [5]
    redefine(original)


def test_steps_that_run_while_their_workflow_blocks_are_not_lost(runtime: Driver) -> None:
    results: list[int] = []

    @step
    async def slow(x: int) -> int:
        results.append(info().attempt)
        await asyncio.sleep(0.25)
        return x

    switch = {"bad": True}

    @workflow
    async def flow() -> int:
        task = asyncio.create_task(slow(1))
        await wait_signal(go)
        if switch["bad"]:
            time.time()
        return await task

    async def work(opened: Runtime) -> int:
        handle = await start(flow.options(id="x"))
        await until(lambda: results == [1])
        await handle.signal(go, 1)
        with pytest.raises(WorkflowBlocked):
            await handle.result()
        switch["bad"] = False
        await handle.signal(go, 2)
        async with asyncio.timeout(10):
            while (await handle.describe()).state == "running":
                await asyncio.sleep(0.02)
        return await handle.result()

    assert runtime.run(work) == 1
    assert results == [1, 2], "the second time is another attempt"
    assert any(isinstance(event, Attempted) for event in runtime.history("x"))


def test_the_result_of_a_step_that_came_with_what_blocked_is_kept(runtime: Driver) -> None:
    count: list[str] = []
    switch = {"bad": True}

    @step
    async def once(name: str) -> str:
        count.append(name)
        await asyncio.sleep(0.05)
        return name

    @workflow
    async def flow() -> list[str]:
        async def checked(name: str) -> str:
            found = await once(name)
            if switch["bad"]:
                time.time()
            return found

        return list(await asyncio.gather(*(checked(name) for name in "abc")))

    async def work(opened: Runtime) -> list[str]:
        handle = await start(flow.options(id="x"))
        with pytest.raises(WorkflowBlocked):
            await handle.result()
        switch["bad"] = False
        await handle.signal(go, 1)
        async with asyncio.timeout(10):
            while (await handle.describe()).state == "running":
                await asyncio.sleep(0.02)
        return await handle.result()

    assert runtime.run(work) == ["a", "b", "c"]
    assert sorted(count) == ["a", "b", "c"]
    assert not any(isinstance(event, Attempted) for event in runtime.history("x"))


def test_an_effect_blocks_the_run_with_rule_and_place_and_goes_on_when_mended(runtime: Driver) -> None:
    switch = {"bad": True}

    @workflow
    async def flow() -> str:
        first = await charge(1)
        if switch["bad"]:
            time.time()
        return first

    async def work(_: Runtime) -> str:
        handle = await start(flow)
        with pytest.raises(WorkflowBlocked, match=r"EffectInWorkflow.*test_nondeterminism\.py.*time\.time"):
            await handle.result()
        switch["bad"] = False
        await handle.signal(go, 1)
        async with asyncio.timeout(10):
            while (await handle.describe()).state == "running":
                await asyncio.sleep(0.02)
        return await handle.result()

    assert runtime.run(work) == "charged 1"
    assert told == [1]


def test_an_effect_only_warns_or_is_let_where_that_is_asked_for(runtime: Driver) -> None:
    @workflow
    async def flow() -> float:
        return float(time.time() > 0)

    with pytest.warns(RuntimeWarning, match="time"):
        assert runtime.result(flow, guard="warn") == 1
    assert runtime.result(flow, guard="off") == 1
    runtime.replays = False


def test_an_argument_that_cannot_be_stored_raises_at_the_call_before_anything_is_recorded(
    runtime: Driver,
) -> None:
    @step
    async def takes(value: Any) -> str:
        return "took it"

    @workflow
    async def flow() -> list[str]:
        try:
            await takes({"a": [1, object()]})
        except NotStorable as error:
            return [str(error), await takes(1)]
        return []

    message, after = runtime.result(flow)
    assert "['a'][1]" in message
    assert after == "took it"
    assert len(scheduled(runtime.only_history())) == 1


def test_an_argument_of_another_type_is_refused_at_the_call(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        await charge("five")  # type: ignore[arg-type]

    with pytest.raises(WorkflowFailed, match="amount") as caught:
        runtime.result(flow)
    assert caught.value.is_a(NotStorable)
    assert told == []


def test_a_result_that_cannot_be_stored_fails_the_step_without_another_attempt(runtime: Driver) -> None:
    @step(retry=Retry(attempts=5, delay=0))
    async def gives() -> Any:
        told.append("ran")
        return {"key": object()}

    @workflow
    async def flow() -> list[Any]:
        try:
            await gives()
        except StepFailed as error:
            return [error.is_a(NotStorable), error.text]
        return []

    is_not_storable, text = runtime.result(flow)
    assert is_not_storable
    assert "['key']" in text
    assert told == ["ran"]
    assert len(resolved(runtime.only_history())) == 1


def test_a_codec_that_breaks_blocks_one_run_and_not_the_worker(runtime: Driver) -> None:
    def opened(data: bytes) -> bytes:
        raise LookupError("no key")

    codec = SealedCodec(JsonCodec(), seal=lambda data: data, open=opened)

    @workflow
    async def flow(x: int) -> int:
        return x

    @workflow
    async def parent() -> None:
        await child(flow, 1)

    async def work(_: Runtime) -> None:
        for _n in range(2):
            handle = await start(flow, 1)
            with pytest.raises(WorkflowBlocked, match="no key"):
                await handle.result()

    runtime.run(work, codec=codec)


def test_a_sealed_history_replays(runtime: Driver) -> None:
    codec = SealedCodec(JsonCodec(), seal=lambda data: data[::-1], open=lambda data: data[::-1])
    flow = redefine(original)
    runtime.replays = False

    async def work(opened: Runtime) -> tuple[list[str], list[Event]]:
        handle = await start(flow.options(id="x"), 5)
        await handle.signal(go, 1)
        result = await handle.result()
        opened.replayed("x").dispose()
        return result, runtime.history("x")

    result, history = runtime.run(work, codec=codec)
    assert result == ["charged 5", "shipped 5", "shipped 6"]
    assert b"charged" not in b"".join(event.value for event in resolved(history))


def test_a_replay_that_differs_is_an_error_in_plain_code_too(runtime: Driver) -> None:
    begin(runtime)
    history = runtime.history("x")
    guard = Guard("off")
    execution = Execution(redefine(reordered), "x", JsonCodec(), guard)
    with pytest.raises(NonDeterminismError, match="does something else than what is recorded"):
        execution.replay(history)
    execution.dispose()
    redefine(original)


def test_a_changed_type_of_a_recorded_result_blocks_and_does_not_fail(runtime: Driver) -> None:
    @step(name="measure")
    async def measured() -> str:
        return "long"

    async def before() -> str:
        first = await measured()
        await wait_signal(go)
        return first

    runtime.prefixes = False
    flow = redefine(before)

    async def work(opened: Runtime) -> None:
        await start(flow.options(id="x"))
        await until(lambda: opened.run_of("x").events >= 3)

    runtime.run(work)

    @step(name="measure")
    async def as_number() -> int:
        return 1

    async def after() -> str:
        first = await as_number()
        await wait_signal(go)
        return str(first)

    flow = redefine(after)

    async def blocked_now(opened: Runtime) -> None:
        await opened.handle("x").signal(go, 1)
        with pytest.raises(WorkflowBlocked, match="int"):
            await opened.handle("x").result()

    runtime.run(blocked_now)
    redefine(before)

    async def mended(opened: Runtime) -> str:
        async with asyncio.timeout(10):
            while (await opened.handle("x").describe()).state == "running":
                await asyncio.sleep(0.02)
        return await opened.handle("x", flow).result()

    assert runtime.run(mended, clock=Clock(now=time.time() + 120)) == "long"
