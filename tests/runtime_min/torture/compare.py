"""Runs programs live, and rebuilds each run from its history in every way that a crash could ask for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from runtime_min import Filter, Runtime, WorkflowCancelled, WorkflowFailed, journal
from runtime_min.backend import Backend
from runtime_min.codec import JsonCodec
from runtime_min.colors import workflows
from runtime_min.execution import Execution
from runtime_min.guard import Guard
from runtime_min.journal import Attempted, Closed, Event, Received, Resolved, Started
from tests.runtime_min.programs import Program, expected, make, outer, program, signals_of

BATCH = 25
PATIENCE = 60.0


class Recorded(msgspec.Struct, frozen=True):
    """What a live run left, and the seed of the program that it belongs to."""

    seed: int
    id: str
    generation: int
    workflow: str
    history: list[bytes]


class SkippingClock:
    """Goes on by a microsecond each time it is read, and to what comes next when nothing is left to do."""

    def __init__(self) -> None:
        self._time = 1_700_000_000.0

    def now(self) -> float:
        self._time += 1e-6
        return self._time

    def idle(self, until: float) -> bool:
        if until == math.inf:
            return False
        self._time = max(self._time, until)
        return True


async def live(seeds: Sequence[int], backend: Backend, *, settled: bool = False) -> list[Recorded]:
    """Run the programs of these seeds at once, and return all runs that come of them."""
    by_id = {f"p{seed}": seed for seed in seeds}
    async with Runtime(backend, clock=SkippingClock(), concurrency=8) as runtime:
        await asyncio.gather(
            *(_run_one(runtime, name, make(Random(seed), settled=settled)) for name, seed in by_id.items())
        )
    runs = backend.runs(Filter(limit=1_000_000))
    return [
        Recorded(
            by_id[re.split("[/#]", run.id)[0]],
            run.id,
            run.generation,
            run.workflow,
            backend.history(run.number),
        )
        for run in runs
    ]


async def live_program(description: Program, backend: Backend, *, settled: bool = False) -> list[Recorded]:
    """Run one program, and return all runs that come of it; a settled one must end as it is meant to."""
    async with Runtime(backend, clock=SkippingClock(), concurrency=8) as runtime:
        found = await _run_one(runtime, "p0", description)
    wanted = expected(description, range(signals_of(description))) if settled else found
    assert found == wanted, f"{found} is not {wanted}"
    runs = backend.runs(Filter(limit=1_000_000))
    return [Recorded(0, run.id, run.generation, run.workflow, backend.history(run.number)) for run in runs]


async def _run_one(runtime: Runtime, id: str, description: Program) -> tuple[str, Any]:
    handle = await runtime.start(program.options(id=id), description)
    # Some are taken by statements that do not wait for long.
    amount = signals_of(description) + 3 * json.dumps(description).count("maybe_receive")
    with contextlib.suppress(Exception):
        for value in range(amount):
            await handle.signal(outer, value)
    try:
        return "completed", await asyncio.wait_for(handle.result(), PATIENCE)
    except TimeoutError:
        raise AssertionError(
            f"{id} does not end: {await handle.describe()}\n{json.dumps(description)}"
        ) from None
    except WorkflowFailed as error:
        return "failed", error.kind.rpartition(".")[2]
    except WorkflowCancelled:
        return "cancelled", None


def difference(recorded: Recorded, cuts: Iterable[int] | None = None) -> str | None:
    """Where a run that is rebuilt goes another way than the live one did; None if nowhere."""
    history = journal.decode_all(recorded.history)
    if len(history) == 1:
        return None  # Nobody had taken it up when the run that everybody waited for ended.
    for cut in range(1, len(history) + 1) if cuts is None else cuts:
        try:
            again = _rebuilt(recorded, history, cut)
        except Exception as error:
            return (
                f"{_name(recorded)} cut after {cut} of {len(history)} events: {type(error).__name__}: {error}"
            )
        pairs = zip([*history, None], [*again, None], strict=False)
        index = next(
            (index for index, (one, other) in enumerate(pairs) if _plain(one) != _plain(other)), None
        )
        if index is not None:
            return (
                f"{_name(recorded)} cut after {cut} of {len(history)} events differs at {index}:\n"
                f"  recorded {history[index : index + 3]}\n  again    {again[index : index + 3]}"
            )
    return None


def _plain(event: Event | None) -> Event | None:
    """Without the traceback, which tells the lines of the runtime, too: they are edited while this runs."""
    if isinstance(event, Closed) and event.failure is not None:
        return replace(event, failure=replace(event.failure, trace=""))
    return event


def some_cuts(recorded: Recorded, most: int) -> list[int]:
    """The whole history and as many of its beginnings as are affordable."""
    length = len(recorded.history)
    return sorted({length, *Random(recorded.id).sample(range(1, length + 1), min(most, length))})


def check_all(recorded: Iterable[Recorded], most_cuts: int | None) -> list[str]:
    """The differences in all of them."""
    found = (difference(one, None if most_cuts is None else some_cuts(one, most_cuts)) for one in recorded)
    return [one for one in found if one is not None]


def save(path: Path, recorded: Sequence[Recorded]) -> None:
    """For another process."""
    path.write_bytes(msgspec.msgpack.encode(recorded))


def load(path: Path) -> list[Recorded]:
    """What another process saved."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Recorded])


def _rebuilt(recorded: Recorded, history: Sequence[Event], cut: int) -> list[Event]:
    """The history from a replay of its first `cut` events, continued with what came from outside."""
    execution = Execution(
        workflows()[recorded.workflow], recorded.id, JsonCodec(), Guard("off"), recorded.generation
    )
    again: list[Event] = list(history[:cut])
    again += execution.replay(history[:cut], whole=False)
    for event in history[cut:]:
        if isinstance(event, Attempted):
            execution.note(event)
            again.append(event)
        elif isinstance(event, Started | Resolved | Received):
            again.append(event)
            again += execution.activate(event)
    execution.dispose()
    return again


def _name(recorded: Recorded) -> str:
    command = f"python -m tests.runtime_min.torture.run --seed {recorded.seed} --programs 1"
    return f"{recorded.id} generation {recorded.generation} ({command})"
