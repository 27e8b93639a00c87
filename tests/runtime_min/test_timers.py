"""Timers are durable, whatever the clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from runtime_min import Runtime, now, signal, sleep, start, step, wait_signal, workflow
from runtime_min.journal import Abandoned, Scheduled
from tests.runtime_min.driving import Clock, Driver, resolved

poke = signal("poke", str)


@step
async def note(text: str) -> str:
    return text


def test_a_timer_goes_on_through_a_restart(runtime: Driver) -> None:
    @workflow
    async def flow() -> float:
        before = now()
        await sleep(timedelta(days=30))
        await asyncio.sleep(3600)
        return (now() - before).total_seconds()

    clock = Clock()

    async def begin(_: Runtime) -> None:
        await start(flow.options(id="x"))
        await asyncio.sleep(0.05)

    async def wait_for_it(opened: Runtime) -> float:
        return await opened.handle("x", flow).result()

    async def look(opened: Runtime) -> str:
        await asyncio.sleep(0.1)
        return (await opened.handle("x").describe()).state

    runtime.run(begin, clock=clock)
    clock.time += 30 * 86400 - 1
    assert runtime.run(look, clock=clock) == "running"
    clock.time += 2
    assert runtime.run(look, clock=clock) == "running"
    clock.time += 4000
    assert runtime.run(wait_for_it, clock=clock) == 30 * 86400 + 1 + 4000


@pytest.mark.parametrize("duration", [0, 0.0, -5, timedelta(0), timedelta(seconds=-1)])
def test_a_timer_of_no_length_fires_at_once(runtime: Driver, duration: float) -> None:
    @workflow
    async def flow() -> float:
        before = now()
        await sleep(duration)
        await asyncio.sleep(duration if isinstance(duration, float | int) else 0)
        return (now() - before).total_seconds()

    assert runtime.result(flow, clock=Clock()) == 0


def test_timers_due_at_once_fire_in_the_order_in_which_they_were_set(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[int]:
        fired: list[int] = []

        async def one(index: int) -> None:
            await sleep(60)
            fired.append(index)
            await note(str(index))

        await asyncio.gather(*(one(index) for index in range(6)))
        return fired

    assert runtime.result(flow, clock=Clock(skipping=True)) == list(range(6))


def test_a_shorter_timer_fires_before_a_longer_one_although_both_are_overdue(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[str]:
        fired: list[str] = []

        async def one(seconds: float, name: str) -> None:
            await sleep(seconds)
            fired.append(name)

        await asyncio.gather(one(20, "long"), one(10, "short"))
        return fired

    clock = Clock()

    async def work(opened: Runtime) -> list[str]:
        handle = await start(flow)
        await asyncio.sleep(0.05)
        clock.time += 100
        return await handle.result()

    assert runtime.run(work, clock=clock) == ["short", "long"]


def test_a_cancelled_timer_does_not_fire(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        timer = asyncio.create_task(sleep(60))
        await asyncio.sleep(0)
        timer.cancel()
        await asyncio.wait([timer])
        return "woke" if not timer.cancelled() else "cancelled"

    assert runtime.result(flow, clock=Clock(skipping=True)) == "cancelled"
    history = runtime.only_history()
    assert [type(event) for event in history].count(Abandoned) == 1
    assert resolved(history) == []


def test_time_in_a_workflow_never_goes_back(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[float]:
        times = []
        for index in range(4):
            await note(str(index))
            times.append(now().timestamp())
        return times

    class Wild(Clock):
        def now(self) -> float:
            self.time += [500.0, -1000.0, 3.0, 400.0, -250.0][self.calls % 5]
            self.calls += 1
            return self.time

        calls = 0

    times = runtime.result(flow, clock=Wild())
    assert times == sorted(times)


def test_a_clock_that_jumps_back_delays_a_timer_and_forth_fires_it(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        await sleep(100)
        return await note("fired")

    clock = Clock()

    async def work(opened: Runtime) -> str:
        handle = await start(flow.options(id="x"))
        await asyncio.sleep(0.05)
        clock.time -= 50_000
        await asyncio.sleep(0.15)
        assert (await handle.describe()).state == "running"
        clock.time += 50_099
        await asyncio.sleep(0.15)
        assert (await handle.describe()).state == "running"
        clock.time += 10_000
        return await handle.result()

    assert runtime.run(work, clock=clock) == "fired"


def test_work_goes_on_while_the_clock_is_back(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        first = await note("a")
        return first + await wait_signal(poke)

    clock = Clock()

    async def work(opened: Runtime) -> str:
        handle = await start(flow)
        await asyncio.sleep(0.05)
        clock.time -= 1e6
        other = await start(flow)
        for one in (handle, other):
            await one.signal(poke, "b")
        return await handle.result() + await other.result()

    assert runtime.run(work, clock=clock) == "abab"


def test_a_thousand_days_are_skipped_in_no_time(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        began = now()
        for _ in range(100):
            await sleep(timedelta(days=10))
        return str(now() - began)

    assert runtime.result(flow, clock=Clock(skipping=True)) == "1000 days, 0:00:00"


def test_now_is_aware_and_that_of_the_event(runtime: Driver) -> None:
    @workflow
    async def flow() -> datetime:
        assert now() == now()
        return now()

    clock = Clock(now=86400.0)
    assert runtime.result(flow, clock=clock) == datetime(1970, 1, 2, tzinfo=UTC)


def test_a_timer_says_where_it_was_set(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        await sleep(0.001)
        await asyncio.sleep(0.001)
        async with asyncio.timeout(5):
            await note("x")

    runtime.result(flow)
    lines = [event.line for event in runtime.only_history() if isinstance(event, Scheduled)]
    assert lines == [
        "await sleep(0.001)",
        "await asyncio.sleep(0.001)",
        "async with asyncio.timeout(5):",
        'await note("x")',
    ]


def test_a_timer_and_the_signal_that_ends_it_race_without_harm(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        try:
            async with asyncio.timeout(10):
                return await wait_signal(poke)
        except TimeoutError:
            return "late " + await wait_signal(poke)

    clock = Clock()

    async def work(opened: Runtime) -> str:
        handle = await start(flow)
        await asyncio.sleep(0.05)
        clock.time += 10
        await handle.signal(poke, "now")
        return await handle.result()

    assert runtime.run(work, clock=clock) in ("now", "late now")


def test_a_timer_waits_for_exactly_its_time(runtime: Driver) -> None:
    @workflow
    async def flow() -> None:
        await sleep(10)

    clock = Clock()

    async def work(opened: Runtime) -> None:
        handle = await start(flow)
        await asyncio.sleep(0.05)
        clock.time += 9.999
        await asyncio.sleep(0.12)
        assert (await handle.describe()).state == "running"
        clock.time += 0.001
        await handle.result()

    runtime.run(work, clock=clock)
    (fired,) = resolved(runtime.only_history())
    assert fired.at == clock.time
