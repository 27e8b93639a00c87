"""Mistakes that reading found: each a case that no program of the other tests comes to."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from runtime_min import (
    Filter,
    Handle,
    NonDeterminismError,
    Retry,
    Runtime,
    RuntimeMinError,
    StepFailed,
    WorkflowBlocked,
    WorkflowFailed,
    child,
    info,
    journal,
    logger,
    query,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    worker,
    workflow,
)
from runtime_min.backend import Commit, Outcome, Run
from runtime_min.errors import StorageUnavailable
from runtime_min.journal import Event
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.driving import Clock

attempts: list[int] = []
switch: dict[str, Any] = {}
go = signal("go", int)


@pytest.fixture(autouse=True)
def _clean() -> None:
    attempts.clear()
    switch.clear()


@step
async def slow(pause: float) -> int:
    attempts.append(info().attempt)
    await asyncio.sleep(pause)
    return info().attempt


@step
async def quick(number: int) -> int:
    return number


def events_of(runtime: Runtime, id: str) -> list[Event]:
    run = runtime.backend.find(id)
    assert run is not None
    return journal.decode_all(runtime.backend.history(run.number))


async def until(condition: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


# Runs that cannot go on


@workflow
async def changing() -> int:
    if switch.get("changed"):
        await quick(0)
    return await slow(0.3)


def test_a_lost_attempt_keeps_its_number_when_the_replay_fails_at_first() -> None:
    async def main() -> int:
        backend = MemoryBackend()
        async with Runtime(backend) as first:
            await first.start(changing.options(id="c"))
            await until(lambda: attempts)
            assert first._worker is not None
            backend.unregister(first._worker.name)  # as when its lease expires
            switch["changed"] = True
            async with Runtime(backend) as second:
                with pytest.raises(WorkflowBlocked):
                    await asyncio.wait_for(second.handle("c").result(), 5)
        switch["changed"] = False
        async with Runtime(backend) as third:
            return await asyncio.wait_for(third.handle("c", changing).result(), 5)

    assert asyncio.run(main()) == 2
    assert attempts == [1, 2]


@step
async def fails_once() -> int:
    attempts.append(info().attempt)
    if info().attempt == 1:
        raise ValueError("once")
    return info().attempt


@workflow
async def breaks_at_the_wrong_moment() -> int:
    task = asyncio.create_task(_waits())
    result = await fails_once.options(retry=Retry(attempts=2, delay=0.0))()
    await task
    return result


async def _waits() -> None:
    await wait_signal(go)
    if switch.get("broken"):
        raise_block()


def raise_block() -> None:
    time.time()


def test_a_failed_attempt_counts_when_its_run_is_blocked_at_the_same_time() -> None:
    async def main() -> int:
        backend = MemoryBackend()
        switch["broken"] = True
        async with Runtime(backend) as runtime:
            handle = await runtime.start(breaks_at_the_wrong_moment.options(id="b"))
            await handle.signal(go, 1)
            # Both reach the workflow at once: the signal, and the end of the attempt.
            live = await _live(runtime)
            live.execution.activate = _failing(live.execution.activate)
            with pytest.raises(WorkflowBlocked):
                await asyncio.wait_for(handle.result(), 5)
        switch["broken"] = False
        async with Runtime(backend) as runtime:
            return await asyncio.wait_for(runtime.handle("b", breaks_at_the_wrong_moment).result(), 5)

    assert asyncio.run(main()) == 2
    assert attempts == [1, 2]


async def _live(runtime: Runtime) -> Any:
    assert runtime._worker is not None
    await until(lambda: vars(runtime._worker)["_live"])
    (live,) = runtime._worker._live.values()
    return live


def _failing(activate: Any) -> Any:
    def failing(event: Any) -> Any:
        if isinstance(event, journal.Received):
            raise NonDeterminismError("made up")
        return activate(event)

    return failing


@workflow
async def forever() -> None:
    await sleep(100_000)


@workflow
async def gives_up() -> str:
    try:
        await child(forever.options(id="the-child"))
    except asyncio.CancelledError:
        if switch.get("broken"):
            raise NonDeterminismError("made up") from None
    await sleep(0.05)
    return "end"


def test_a_child_is_cancelled_also_when_its_parent_was_blocked_on_the_way() -> None:
    async def main() -> str:
        backend = MemoryBackend()
        switch["broken"] = True
        async with Runtime(backend) as runtime:
            handle = await runtime.start(gives_up.options(id="parent"))
            await until(lambda: backend.find("the-child") is not None)
            await handle.cancel()
            with pytest.raises(WorkflowBlocked):
                await asyncio.wait_for(handle.result(), 5)
        switch["broken"] = False
        async with Runtime(backend) as runtime:
            await runtime.handle("parent").signal(go, 1)
            await asyncio.wait_for(runtime.handle("parent").result(), 5)
            await until(lambda: not backend.runs(Filter(state="running")))
            found = backend.find("the-child")
            assert found is not None
            return found.state

    assert asyncio.run(main()) == "cancelled"


def test_a_blocked_run_is_tried_at_once_by_a_process_that_begins() -> None:
    async def main() -> int:
        backend = MemoryBackend()
        async with Runtime(backend) as runtime:
            await runtime.start(changing.options(id="c"))
            await until(lambda: attempts)
        switch["changed"] = True
        async with Runtime(backend) as runtime:
            with pytest.raises(WorkflowBlocked):
                await asyncio.wait_for(runtime.handle("c").result(), 5)
        switch["changed"] = False
        async with Runtime(backend) as runtime:
            return await asyncio.wait_for(runtime.handle("c", changing).result(), 5)

    assert asyncio.run(main()) == 2


# What cannot be stored


@step
async def fails_with(text: str) -> None:
    raise ValueError(text.encode().decode("unicode_escape"))


@workflow
async def repeats(text: str) -> str:
    try:
        await fails_with(text)
    except StepFailed as error:
        return error.text
    return ""


@workflow
async def strange_child() -> str:
    try:
        await child(forever.options(id="\udcff"))
    except Exception as error:
        return type(error).__name__
    return ""


@workflow
async def strange_problem() -> None:
    raise NonDeterminismError("\udcff")


@pytest.mark.parametrize("flow", [repeats, strange_child, strange_problem])
def test_text_that_is_no_unicode_does_no_harm(flow: Any) -> None:
    async def main() -> Any:
        async with Runtime(MemoryBackend()) as runtime:
            strange = await runtime.start(flow, *([r"\udcff"] if flow is repeats else []))
            good = await runtime.start(repeats, "good")
            assert await asyncio.wait_for(good.result(), 5) == "good"
            if flow is strange_problem:
                with pytest.raises(WorkflowBlocked, match=r"\\udcff"):
                    await asyncio.wait_for(strange.result(), 5)
                return "\\udcff"
            return await asyncio.wait_for(strange.result(), 5)

    assert asyncio.run(main()) in ("\\udcff", "NotStorable")


@workflow
async def sleeps_nan() -> str:
    try:
        await sleep(float("nan"))
    except ValueError as error:
        return str(error)
    return "slept"


@workflow
async def sleeps_shortly() -> str:
    await sleep(0.05)
    return "slept"


def test_a_timer_that_is_no_number_stops_nobody_else() -> None:
    async def main() -> tuple[str, str]:
        async with Runtime(MemoryBackend()) as runtime:
            bad = await runtime.start(sleeps_nan)
            good = await runtime.start(sleeps_shortly)
            return (
                await asyncio.wait_for(good.result(), 2),
                await asyncio.wait_for(bad.result(), 2),
            )

    slept, said = asyncio.run(main())
    assert slept == "slept"
    assert "nan" in said


# The event loop, and the worker's rounds


@workflow
async def drain() -> None:
    await asyncio.sleep(1000)


@workflow
async def sends(id: str, count: int) -> str:
    for number in range(count):
        await Handle[Any](id).signal(go, number)
    return "sent"


def test_a_workflow_that_never_waits_leaves_time_for_others(tmp_path: Any) -> None:
    async def main() -> int:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        async with Runtime(MemoryBackend()) as runtime:
            await runtime.start(drain.options(id="drain"))
            handle = await runtime.start(sends, "drain", 300)
            beating = asyncio.create_task(beat())
            await asyncio.wait_for(handle.result(), 10)
            beating.cancel()
            return beats

    assert asyncio.run(main()) > 100


@workflow
async def takes_long() -> int:
    return await slow(0.5)


def test_a_worker_that_is_full_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_LIVE", 2)
    rounds = 0
    tick = worker.Worker._tick

    def counting(self: Any) -> float:
        nonlocal rounds
        rounds += 1
        return tick(self)

    monkeypatch.setattr(worker.Worker, "_tick", counting)

    async def main() -> int:
        async with Runtime(MemoryBackend()) as runtime:
            handles = [await runtime.start(takes_long) for _ in range(3)]
            await asyncio.sleep(0.1)
            before = rounds
            await asyncio.sleep(0.3)
            between = rounds - before
            for handle in handles:
                await asyncio.wait_for(handle.result(), 5)
            return between

    assert asyncio.run(main()) < 30


@workflow
async def many_timeouts(count: int) -> int:
    for number in range(count):
        async with asyncio.timeout(3600):
            await quick(number)
    return await wait_signal(go)


def test_timers_that_were_given_up_take_no_memory() -> None:
    async def main() -> int:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(many_timeouts.options(id="m"), 4000)
            await until(lambda: len(events_of(runtime, "m")) > 16_000, 30)
            assert runtime._worker is not None
            left = len(runtime._worker._reminders)
            await handle.signal(go, 1)
            await handle.result()
            return left

    assert asyncio.run(main()) < 2500


def test_a_clock_that_skips_does_not_go_to_timers_that_were_given_up() -> None:
    clock = Clock(skipping=True)

    async def main() -> float:
        before = clock.now()
        async with Runtime(MemoryBackend(), clock=clock) as runtime:
            handle = await runtime.start(many_timeouts, 1)
            await asyncio.sleep(0.3)
            after = clock.now()
            await handle.signal(go, 1)
            await handle.result()
        return after - before

    assert asyncio.run(main()) == 0.0


class Broken(MemoryBackend):
    broken = False

    def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        if self.broken:
            raise TypeError("a mistake in a backend")
        return super().commit(commits)


def test_who_waits_is_told_when_the_worker_ends_while_steps_run() -> None:
    async def main() -> None:
        backend = Broken()
        async with Runtime(backend) as runtime:
            await runtime.start(takes_long)
            handle = await runtime.start(sleeps_shortly)
            waiting = asyncio.create_task(handle.result())
            await until(lambda: attempts)
            backend.broken = True
            with pytest.raises((TypeError, RuntimeMinError)):
                await asyncio.wait_for(waiting, 3)

    asyncio.run(main())


def test_replays_of_many_runs_do_not_hold_up_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_REPLAY_SECONDS", 0.0)
    admitted, most = 0, 0
    admit, tick = worker.Worker._admit, worker.Worker._tick

    def admitting(self: Any, claimed: Any) -> None:
        nonlocal admitted
        admitted += 1
        admit(self, claimed)

    def ticking(self: Any) -> float:
        nonlocal admitted, most
        admitted = 0
        timeout = tick(self)
        most = max(most, admitted)
        return timeout

    async def main() -> list[int]:
        backend = MemoryBackend()
        async with Runtime(backend, work=False) as runtime:
            for number in range(20):
                await runtime.start(receives.options(id=f"r{number}"))
        monkeypatch.setattr(worker.Worker, "_admit", admitting)
        monkeypatch.setattr(worker.Worker, "_tick", ticking)
        async with Runtime(backend) as runtime:
            await asyncio.sleep(0)
            # The worker has claimed all of them by now, and has not replayed most.
            for number in range(20):
                await runtime.handle(f"r{number}").signal(go, number)
            handles = [runtime.handle(f"r{number}", receives) for number in range(20)]
            return await asyncio.wait_for(asyncio.gather(*(handle.result() for handle in handles)), 0.9)

    assert asyncio.run(main()) == list(range(20))
    assert most <= 2


def test_runs_that_were_not_replayed_are_given_back_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_REPLAY_SECONDS", 0.0)

    async def main() -> list[int]:
        backend = MemoryBackend()
        async with Runtime(backend, work=False) as runtime:
            for number in range(5):
                await runtime.start(takes_long.options(id=f"t{number}"))
        async with Runtime(backend):
            await asyncio.sleep(0)
        async with Runtime(backend) as runtime:
            handles = [runtime.handle(f"t{number}", takes_long) for number in range(5)]
            return await asyncio.wait_for(asyncio.gather(*(handle.result() for handle in handles)), 5)

    assert sorted(asyncio.run(main()))[:4] == [1, 1, 1, 1]


@workflow
async def receives() -> int:
    return await wait_signal(go)


@workflow
async def receives_many() -> int:
    return sum([await wait_signal(go) for _ in range(30)])


def test_a_run_with_a_long_history_is_not_replayed_for_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_IDLE", 1)
    monkeypatch.setattr(worker, "_LONG_HISTORY", 0)
    replays = 0
    admit = worker.Worker._admit

    def admitting(self: Any, claimed: Any) -> None:
        nonlocal replays
        replays += 1
        admit(self, claimed)

    monkeypatch.setattr(worker.Worker, "_admit", admitting)

    async def main() -> int:
        async with Runtime(MemoryBackend()) as runtime:
            await runtime.start(receives)
            await asyncio.sleep(0.05)
            handle = await runtime.start(receives_many)
            for number in range(30):
                await asyncio.sleep(0.005)
                await handle.signal(go, number)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == sum(range(30))
    assert replays < 6


class FindsNothingAtFirst(MemoryBackend):
    fails = 0

    def find(self, id: str, generation: int | None = None) -> Run | None:
        if id == "p/1" and self.fails:
            self.fails -= 1
            raise StorageUnavailable("disk I/O error")
        return super().find(id, generation)


@workflow
async def steps_and_waits() -> int:
    step, _, sent = await asyncio.gather(slow(0.3), child(receives), wait_signal(go))
    return step * 100 + sent


def test_what_cannot_be_read_at_first_makes_no_step_begin_twice() -> None:
    async def main() -> int:
        backend = FindsNothingAtFirst()
        async with Runtime(backend) as runtime:
            await runtime.start(steps_and_waits.options(id="p"))
            await until(lambda: attempts and backend.find("p/1") is not None)
        async with Runtime(backend, work=False) as runtime:
            await runtime.handle("p").signal(go, 5)
            await runtime.handle("p/1").signal(go, 5)
        backend.fails = 1
        async with Runtime(backend) as runtime:
            return await asyncio.wait_for(runtime.handle("p", steps_and_waits).result(), 5)

    assert asyncio.run(main()) == 205
    assert attempts == [1, 2]


@workflow
async def cleans_up(path: str) -> None:
    try:
        await wait_signal(go)
    finally:
        open(path, "w").close()


def test_the_guard_watches_also_what_runs_when_a_workflow_is_put_aside(tmp_path: Any) -> None:
    async def main() -> None:
        async with Runtime(MemoryBackend()) as runtime:
            await runtime.start(cleans_up, str(tmp_path / "file"))
            await asyncio.sleep(0.1)

    asyncio.run(main())
    assert not (tmp_path / "file").exists()


class Counting(SqliteBackend):
    finds = 0

    def find(self, id: str, generation: int | None = None) -> Run | None:
        self.finds += 1
        return super().find(id, generation)


@pytest.mark.parametrize("work", [True, False])
def test_many_who_wait_for_another_process_leave_time_for_the_rest(work: bool, tmp_path: Any) -> None:
    async def main() -> int:
        path = tmp_path / "runs.sqlite"
        async with Runtime(path) as other:
            await other.start(forever.options(id="f"))
            backend = Counting(path)
            async with Runtime(backend, work=work, only=[takes_long]) as runtime:
                waiting = [asyncio.create_task(runtime.handle("f").result()) for _ in range(1000)]
                await asyncio.sleep(0.2)
                before = backend.finds
                for number in range(100):
                    await asyncio.sleep(0.01)
                    await other.start(forever.options(id=f"f{number}"))
                found = backend.finds - before
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
            backend.close()
            return found

    # Each second about two rounds of a thousand, and not one for each time that it is looked.
    assert asyncio.run(main()) <= 5000


# Logs


@workflow
async def logs() -> int:
    @query
    def number() -> int:
        return 7

    logger.info("waiting")
    return await wait_signal(go)


def test_a_query_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "runtime_min.workflow")

    async def main() -> None:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(logs)
            await until(lambda: caplog.messages)
            for _ in range(3):
                assert await handle.query("number") == 7

    asyncio.run(main())
    assert len(caplog.messages) == 1


def test_a_line_is_logged_once_though_its_run_was_put_aside(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "runtime_min.workflow")
    monkeypatch.setattr(worker, "_MOST_IDLE", 0)

    async def main() -> None:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(logs_later)
            for number in range(3):
                await asyncio.sleep(0.1)
                await handle.signal(go, number)
            await handle.result()

    asyncio.run(main())
    assert [message.split()[-1] for message in caplog.messages] == ["0", "1", "2"]


@workflow
async def logs_later() -> None:
    for _ in range(3):
        number = await wait_signal(go)
        logger.info("got %d", number)


# Exceptions


@workflow
async def leaves() -> None:
    raise SystemExit(3)


def test_a_workflow_that_exits_fails_and_the_process_goes_on() -> None:
    async def main() -> str:
        async with Runtime(MemoryBackend()) as runtime:
            bad = await runtime.start(leaves)
            with pytest.raises(WorkflowFailed, match="SystemExit"):
                await asyncio.wait_for(bad.result(), 5)
            good = await runtime.start(sleeps_shortly)
            return await asyncio.wait_for(good.result(), 5)

    assert asyncio.run(main()) == "slept"


# Steps


@workflow
async def starts_another() -> str:
    try:
        handle = await start(sleeps_shortly.options(id="taken"))
    except Exception as error:
        return type(error).__name__
    return handle.id


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_starting_under_the_id_of_another_workflow_is_refused_in_workflows_too(
    kind: str, tmp_path: Any
) -> None:
    async def main() -> str:
        async with Runtime(MemoryBackend() if kind == "memory" else tmp_path / "runs.sqlite") as runtime:
            await runtime.start(forever.options(id="taken"))
            handle = await runtime.start(starts_another)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == "AlreadyStarted"


@workflow
async def times_out() -> str:
    try:
        await slow.options(timeout=0.05)(1.0)
    except StepFailed as error:
        return f"{error.kind} {error.text}"
    return ""


def test_a_step_that_takes_too_long_says_how_long_it_had() -> None:
    async def main() -> str:
        async with Runtime(MemoryBackend()) as runtime:
            return await asyncio.wait_for((await runtime.start(times_out)).result(), 5)

    assert asyncio.run(main()) == "builtins.TimeoutError it took longer than its timeout, 0.05 s"


def test_waits_between_attempts_may_be_timedeltas() -> None:
    from random import Random

    retry = Retry(attempts=2, delay=timedelta(minutes=1), maximum=timedelta(hours=1), jitter=0.0)
    assert retry.wait(ValueError(), 1, Random(1)) == 60.0
    assert Retry(attempts=None, backoff=1e6, jitter=0.0).wait(ValueError(), 1000, Random(1)) == 100.0
    with pytest.raises(ValueError, match="delay"):
        Retry(delay=float("nan"))
