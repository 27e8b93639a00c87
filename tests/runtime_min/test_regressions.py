"""Mistakes that the chaos and the torture test, or reading for them, found; each as small as it gets."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runtime_min import (
    Filter,
    Handle,
    Info,
    Retry,
    Runtime,
    WorkflowBlocked,
    WorkflowFailed,
    WorkflowNotFound,
    child,
    continue_as_new,
    info,
    journal,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    worker,
    workflow,
)
from runtime_min.backend import Backend, Closing, Commit, Delivered, Message, NewRun, Outcome, Run
from runtime_min.errors import StorageUnavailable
from runtime_min.journal import Attempted, Event, Received, Resolved
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend

calls: list[Info] = []
switch: dict[str, Any] = {}
go = signal("go", int)


@pytest.fixture(autouse=True)
def _clean() -> None:
    calls.clear()
    switch.clear()


@step
async def note(pause: float = 0.0) -> str:
    calls.append(info())
    await asyncio.sleep(pause)
    return info().key


@step
async def fail_once(pause: float) -> int:
    calls.append(info())
    if info().attempt == 1:
        raise ValueError("once")
    await asyncio.sleep(pause)
    return info().attempt


def events_of(runtime: Runtime, id: str, generation: int | None = None) -> list[Event]:
    run = runtime.backend.find(id, generation)
    assert run is not None
    return journal.decode_all(runtime.backend.history(run.number))


async def until(condition: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


# A run whose code ends earlier than recorded


@workflow
async def shortened() -> str:
    if not switch.get("short"):
        await wait_signal(go)
        await note()
        await wait_signal(go)
    return "end"


async def _block(backend: MemoryBackend) -> None:
    async with Runtime(backend) as runtime:
        handle = await runtime.start(shortened.options(id="short"))
        await handle.signal(go, 1)
        await until(lambda: len(events_of(runtime, "short")) == 4)
    switch["short"] = True
    async with Runtime(backend) as runtime:
        await runtime.handle("short").signal(go, 1)
        with pytest.raises(WorkflowBlocked, match="NonDeterminismError"):
            await asyncio.wait_for(runtime.handle("short").result(), 5)


def test_a_run_whose_code_ends_earlier_than_recorded_stays_open() -> None:
    backend = MemoryBackend()
    asyncio.run(_block(backend))
    run = backend.find("short")
    assert run is not None
    assert run.state == "running"


# Generations


@workflow
async def inner_flow(number: int) -> int:
    return number


@workflow
async def goes_through_generations(left: int, keys: list[str]) -> list[str]:
    keys = [*keys, await note()]
    await child(inner_flow, left)
    started = await start(inner_flow, left)
    assert await started.result() == left, "a start of the former generation"
    if left:
        continue_as_new(left - 1, keys)
    return keys


def test_each_generation_has_children_and_idempotency_keys_of_its_own() -> None:
    async def main() -> list[str]:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(goes_through_generations.options(id="g"), 2, [])
            return await asyncio.wait_for(handle.result(), 5)

    keys = asyncio.run(main())
    assert len(set(keys)) == 3


# What a workflow raises must not end the worker


@workflow
async def goes_on_wrongly() -> None:
    continue_as_new("an argument that it does not take")


class Unusual(BaseException):
    pass


@workflow
async def raises_unusually() -> None:
    raise Unusual("not an Exception")


@pytest.mark.parametrize("flow", [goes_on_wrongly, raises_unusually])
def test_a_workflow_that_ends_strangely_fails_and_the_worker_goes_on(flow: Any) -> None:
    async def main() -> int:
        async with Runtime(MemoryBackend()) as runtime:
            bad = await runtime.start(flow)
            with pytest.raises(WorkflowFailed):
                await asyncio.wait_for(bad.result(), 5)
            good = await runtime.start(inner_flow, 7)
            return await asyncio.wait_for(good.result(), 5)

    assert asyncio.run(main()) == 7


# Timers and attempts of runs that were put aside and taken up again


@workflow
async def sleeper() -> None:
    await sleep(0.3)


@workflow
async def retrier() -> int:
    return await fail_once.options(retry=Retry(attempts=2, delay=0.05, jitter=0))(0.5)


def test_a_timer_of_a_run_that_was_put_aside_fires_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_IDLE", 0)

    async def main() -> list[Event]:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(sleeper.options(id="s"))
            # A signal that nobody waits for brings it back before its time.
            for _ in range(3):
                await asyncio.sleep(0.06)
                await handle.signal(go, 1)
            await handle.result()
            return events_of(runtime, "s")

    assert sum(isinstance(event, Resolved) for event in asyncio.run(main())) == 1


def test_a_later_attempt_is_not_cut_off_because_its_run_waited_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_IDLE_SECONDS", 0.15)

    async def main() -> int:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(retrier)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == 2
    assert [call.attempt for call in calls] == [1, 2]


@workflow
async def slow_retrier() -> int:
    return await fail_once.options(retry=Retry(attempts=2, delay=0.4, jitter=0))(0.1)


def test_no_attempt_has_a_number_twice_when_a_lease_is_lost_before_it() -> None:
    """A process that is stopped while a step waits for its next attempt may go on with that attempt later."""

    async def main() -> int:
        backend = MemoryBackend()
        async with Runtime(backend) as first:
            handle = await first.start(slow_retrier.options(id="r"))
            await until(lambda: any(isinstance(event, Attempted) for event in events_of(first, "r")))
            assert first._worker is not None
            backend.unregister(first._worker.name)
            async with Runtime(backend) as second:
                return await asyncio.wait_for(second.handle(handle.id, slow_retrier).result(), 5)

    asyncio.run(main())
    assert max(Counter(call.attempt for call in calls).values()) == 1


# Steps that are cancelled before they begin


@workflow
async def cancels_at_once(id: str) -> str:
    task = asyncio.create_task(_note())
    await asyncio.sleep(0)
    await Handle[Any](id).signal(go, 1)
    task.cancel()
    return "cancelled"


async def _note() -> str:
    return await note(10.0)


def test_a_step_that_is_cancelled_before_it_begins_frees_its_place() -> None:
    async def main() -> str:
        async with Runtime(MemoryBackend(), concurrency=2) as runtime:
            await runtime.start(sink.options(id="sink"))
            for _ in range(3):
                handle = await runtime.start(cancels_at_once, "sink")
                await asyncio.wait_for(handle.result(), 5)
            last = await runtime.start(only_notes)
            return await asyncio.wait_for(last.result(), 5)

    assert asyncio.run(main())


@workflow
async def sink() -> None:
    await asyncio.sleep(1000)


@workflow
async def only_notes() -> str:
    return await note()


# Children


@workflow
async def endless() -> None:
    await sleep(100_000)


@workflow
async def begins_and_cancels(id: str) -> str:
    task = asyncio.create_task(_endless(id))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await sleep(0.05)
    return "done"


async def _endless(id: str) -> None:
    await child(endless.options(id=id))


@workflow
async def begins_and_ends(id: str) -> str:
    task = asyncio.create_task(_endless(id))
    await asyncio.sleep(0)
    assert not task.done()
    return "done"


@pytest.mark.parametrize("flow", [begins_and_cancels, begins_and_ends])
def test_a_child_that_is_cancelled_as_soon_as_it_is_asked_for_does_not_run_on(flow: Any) -> None:
    async def main() -> list[str]:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(flow, "the-child")
            await asyncio.wait_for(handle.result(), 5)
            await asyncio.sleep(0.1)
            return [run.id for run in runtime.backend.runs(Filter(state="running"))]

    assert asyncio.run(main()) == []


@pytest.mark.parametrize("flow", [begins_and_cancels, begins_and_ends])
def test_cancelling_a_child_leaves_another_run_of_its_id_alone(flow: Any) -> None:
    async def main() -> str:
        async with Runtime(MemoryBackend()) as runtime:
            other = await runtime.start(endless.options(id="taken"))
            handle = await runtime.start(flow, "taken")
            await asyncio.wait_for(handle.result(), 5)
            await asyncio.sleep(0.1)
            return (await other.describe()).state

    assert asyncio.run(main()) == "running"


# Reads that fail


class BrokenAtFirst(MemoryBackend):
    """Reads fail for a while."""

    fails = 0

    def inbox(self, worker: str) -> list[Delivered]:
        self._maybe_fail()
        return super().inbox(worker)

    def find(self, id: str, generation: int | None = None) -> Run | None:
        if id == "never/0":
            self._maybe_fail()
        return super().find(id, generation)

    def _maybe_fail(self) -> None:
        if self.fails:
            self.fails -= 1
            raise StorageUnavailable("disk I/O error")


def test_a_message_is_not_forgotten_when_it_cannot_be_read_at_first() -> None:
    async def main() -> int:
        backend = BrokenAtFirst()
        async with Runtime(backend) as runtime:
            handle = await runtime.start(receiver)
            await asyncio.sleep(0.1)
            backend.fails = 1
            await handle.signal(go, 5)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == 5


@workflow
async def receiver() -> int:
    return await wait_signal(go)


@workflow
async def parent_of_endless() -> None:
    await asyncio.wait_for(child(sink), 0.5)


def test_a_run_that_was_claimed_while_reads_fail_is_not_forgotten() -> None:
    async def main() -> str:
        backend = BrokenAtFirst()
        async with Runtime(backend) as runtime:
            handle = await runtime.start(parent_of_endless.options(id="never"))
            await asyncio.sleep(0.2)
        backend.fails = 1
        async with Runtime(backend) as runtime:
            with pytest.raises(WorkflowFailed, match="TimeoutError"):
                await asyncio.wait_for(runtime.handle("never").result(), 5)
        return handle.id

    asyncio.run(main())


# Results of others


@workflow
async def waits_for_itself_to_be_cancelled() -> None:
    await Handle[Any](info().id).cancel()
    await sleep(1000)


@workflow
async def fails_with_the_cancellation_of_another() -> None:
    await (await start(waits_for_itself_to_be_cancelled)).result()


@workflow
async def asks_for(which: str) -> str:
    flow = {"failed": fails_with_the_cancellation_of_another, "cancelled": waits_for_itself_to_be_cancelled}[
        which
    ]
    try:
        await (await start(flow)).result()
    except Exception as error:
        return type(error).__name__
    return "nothing"


@pytest.mark.parametrize(
    ("which", "raised"), [("failed", "WorkflowFailed"), ("cancelled", "WorkflowCancelled")]
)
def test_a_run_that_failed_with_a_cancellation_failed(which: str, raised: str) -> None:
    async def main() -> str:
        async with Runtime(MemoryBackend()) as runtime:
            handle = await runtime.start(asks_for, which)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == raised


# The end of a worker


def test_a_step_that_waits_for_a_place_does_not_begin_while_its_worker_ends() -> None:
    async def main() -> None:
        backend = MemoryBackend()
        async with Runtime(backend, concurrency=1) as runtime:
            for number in range(3):
                await runtime.start(notes_slowly.options(id=f"n{number}"))
            await until(lambda: len(calls) == 1)
        async with Runtime(backend) as runtime:
            for number in range(3):
                await asyncio.wait_for(runtime.handle(f"n{number}").result(), 5)

    asyncio.run(main())
    assert max(Counter((call.key, call.attempt) for call in calls).values()) == 1


@workflow
async def notes_slowly() -> str:
    return await note(0.2)


# What is meant for one generation


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_end_of_a_child_does_not_reach_its_parents_next_generation(kind: str, tmp_path: Path) -> None:
    """There, its position is that of another operation."""
    backend: Backend = MemoryBackend() if kind == "memory" else SqliteBackend(tmp_path / "runs.sqlite")
    run, _ = backend.create(NewRun("p", "flow", "", b"started", 1.0), "me")
    ended = journal.encode(Resolved(1, 2.0, cancelled=True))
    told = journal.encode(Received("signal", 2.0, "go", b"1"))
    assert backend.send(Message(ended, 2.0, number=run.number))
    assert backend.send(Message(told, 2.0, id="p"))
    closing = Closing("continued", 3.0, next=NewRun("p", "flow", "", b"again", 3.0))
    assert backend.commit([Commit(run.number, run.token, 1, (b"closed",), closing=closing)])[0].stored
    (claimed,) = backend.claim("me", ["flow"], 4.0, 10)
    assert [one.data for one in claimed.inbox] == [told]
    backend.close()


# Room


@workflow
async def waits_for_a_start(number: int) -> int:
    return await (await start(inner_flow_later, number)).result()


@workflow
async def inner_flow_later(number: int) -> int:
    await sleep(0.01)
    return number


def test_runs_that_wait_for_others_leave_room_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_LIVE", 3)

    async def main() -> list[int]:
        async with Runtime(MemoryBackend()) as runtime:
            handles = [await runtime.start(waits_for_a_start, number) for number in range(6)]
            return await asyncio.wait_for(asyncio.gather(*(handle.result() for handle in handles)), 5)

    assert asyncio.run(main()) == list(range(6))


@workflow
async def notes_for_long() -> str:
    noted = await note(10.0)
    await sleep(0.1)
    return noted


def test_a_step_whose_result_is_in_the_inbox_is_not_run_again() -> None:
    """A worker that ends puts there what came back too late for it."""

    async def main() -> str:
        backend = MemoryBackend()
        async with Runtime(backend) as runtime:
            await runtime.start(notes_for_long.options(id="long"))
            await until(lambda: len(calls) == 1)
        run = backend.find("long")
        assert run is not None
        backend.send(Message(journal.encode(Resolved(0, 1.0, b'"kept"')), 1.0, number=run.number))
        async with Runtime(backend) as runtime:
            return await asyncio.wait_for(runtime.handle("long", notes_for_long).result(), 5)

    assert asyncio.run(main()) == "kept"
    assert len(calls) == 1


# What was read and could not be stored


class FullForAWhile(MemoryBackend):
    """Commits fail for a while."""

    fails = 0

    def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        if self.fails:
            self.fails -= 1
            raise StorageUnavailable("database or disk is full")
        return super().commit(commits)


@workflow
async def receives_one_at_a_time() -> list[int]:
    return [await wait_signal(go) for _ in range(2)]


def test_a_signal_that_cannot_be_stored_at_first_arrives_once() -> None:
    async def main() -> list[int]:
        backend = FullForAWhile()
        async with Runtime(backend) as runtime:
            handle = await runtime.start(receives_one_at_a_time.options(id="full"))
            await until(lambda: len(events_of(runtime, "full")) == 1)
            await asyncio.sleep(0.1)
            backend.fails = 3
            await handle.signal(go, 1)
            await until(lambda: backend.fails == 2)
            # As when it is time to look just before it is time to try again.
            assert runtime._worker is not None
            runtime._worker._read_inbox()
            await until(lambda: backend.fails == 0)
            await handle.signal(go, 2)
            return await asyncio.wait_for(handle.result(), 5)

    assert asyncio.run(main()) == [1, 2]


# A process that dies between sending a signal and recording what became of it


class DiesAfterSending(MemoryBackend):
    """Nothing is stored any more after the commit that sent a message, as if the process had been killed."""

    dead = False

    def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        if self.dead:
            raise StorageUnavailable("killed")
        outcomes = super().commit(commits)
        self.dead = any(commit.messages for commit in commits)
        return outcomes


@workflow
async def tells(id: str) -> str:
    try:
        await Handle[Any](id).signal(go, 1)
    except WorkflowNotFound:
        return "nobody there"
    return "told"


@pytest.mark.parametrize(
    ("other", "outcome"), [("ended", "nobody there"), ("running", "told"), ("none", "nobody there")]
)
def test_what_became_of_a_signal_is_known_after_a_crash(other: str, outcome: str) -> None:
    async def main() -> str:
        backend = DiesAfterSending()
        async with Runtime(backend, lease=0.3) as runtime:
            await (await runtime.start(inner_flow.options(id="ended"), 1)).result()
            await runtime.start(sink.options(id="running"))
            await asyncio.sleep(0.05)
            await runtime.start(tells.options(id="t"), other)
            await until(lambda: backend.dead)
        backend.dead = False
        async with Runtime(backend) as runtime:
            return await asyncio.wait_for(runtime.handle("t", tells).result(), 5)

    assert asyncio.run(main()) == outcome
