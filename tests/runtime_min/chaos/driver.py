"""Runs programs on worker processes to which bad things happen, and looks at what is left."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing.process import BaseProcess
from random import Random
from typing import Any, TypeVar

from runtime_min import Filter, Handle, Runtime, WorkflowCancelled, WorkflowFailed, WorkflowNotFound
from runtime_min.errors import StorageUnavailable
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.chaos.checks import problems, read
from tests.runtime_min.chaos.process import LEASE, Moment, Setup, database, keep_ledger, work
from tests.runtime_min.programs import Program, expected, make, outer, program, signals_of

T = TypeVar("T")

PATIENCE = 60.0
# The share of programs that plain code cancels at a random time.
CANCELLED = 0.15

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.runtime_min.chaos.process"])


class Spot:
    """Worker processes on one file, and a thread that is bad to them."""

    def __init__(self, directory: str, random: Random, figures: Counter[str]) -> None:
        self._directory = directory
        self._random = random
        self._figures = figures
        self._processes: list[BaseProcess | None] = [None, None]
        self._over = threading.Event()

    def start(self, **setup: Any) -> BaseProcess:
        """One more process."""
        process = _context.Process(target=work, args=(Setup(self._directory, **setup),), daemon=True)
        process.start()
        return process

    def misbehave(self, seconds: float) -> None:
        """Bad things for so long; then two healthy processes work on until `end`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._over.is_set():
            for index, process in enumerate(self._processes):
                if process is None or not process.is_alive():
                    self._processes[index] = self._start_bad()
            action = self._random.choice(
                (self._kill, self._kill, self._kill, self._stop, self._fill, self._end_politely)
            )
            time.sleep(self._random.choice((0.0, 0.02, 0.1, 0.3)) + self._random.random() * 0.1)
            action()
        self._kill_all()
        self._processes = [self.start(), self.start()]

    def end(self) -> None:
        """End all processes."""
        self._over.set()
        for process in self._processes:
            if process is not None and process.is_alive():
                process.terminate()
        for process in self._processes:
            if process is not None:
                process.join(10)
                if process.is_alive():
                    self._figures["did not end"] += 1
        self._kill_all()

    def _start_bad(self) -> BaseProcess:
        self._figures["processes"] += 1
        dies = self._random.random() < 0.4
        moment: Moment = self._random.choice(("before BEGIN", "before COMMIT", "after COMMIT"))
        jumps = self._random.random() < 0.4
        return self.start(
            die_at=(self._random.randint(1, 60), moment) if dies else None,
            jumps=self._random.randrange(10**6) if jumps else None,
            full=self._random.choice(("pages", "bytes")),
            tight=self._random.random() < 0.5,
        )

    def _some(self) -> BaseProcess | None:
        alive = [process for process in self._processes if process is not None and process.is_alive()]
        return self._random.choice(alive) if alive else None

    def _signal(self, process: BaseProcess, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid or 0, number)

    def _kill(self) -> None:
        process = self._some()
        if process is not None:
            self._figures["kills"] += 1
            self._signal(process, signal.SIGKILL)
            process.join(5)

    def _stop(self) -> None:
        """Suspended for longer than its lease."""
        process = self._some()
        if process is not None:
            self._figures["suspensions"] += 1
            self._signal(process, signal.SIGSTOP)
            time.sleep(LEASE * (1 + self._random.random()))
            self._signal(process, signal.SIGCONT)

    def _fill(self) -> None:
        process = self._some()
        if process is not None:
            self._figures["full disks"] += 1
            self._signal(process, signal.SIGUSR1)
            time.sleep(self._random.random())
            self._signal(process, signal.SIGUSR2)

    def _end_politely(self) -> None:
        process = self._some()
        if process is not None:
            self._figures["polite ends"] += 1
            self._signal(process, signal.SIGTERM)
            process.join(5)

    def _kill_all(self) -> None:
        for process in self._processes:
            if process is not None and process.is_alive():
                self._signal(process, signal.SIGKILL)
                process.join(5)


async def storm(directory: str, seed: int, runs: int, seconds: float, figures: Counter[str]) -> list[str]:
    """Many programs at once, on two processes that die and are started again; returns what went wrong."""
    random = Random(seed)
    made = {f"c{seed}-{index}": make(Random(f"{seed}/{index}"), settled=True) for index in range(runs)}
    spot = Spot(directory, random, figures)
    SqliteBackend(database(directory)).close()
    misbehaving = asyncio.create_task(asyncio.to_thread(spot.misbehave, seconds))
    try:
        async with Runtime(database(directory), work=False) as runtime:
            outcomes = [
                _live(runtime, name, description, Random(f"{seed}/{name}"), seconds)
                for name, description in made.items()
            ]
            wrong = [one for one in await asyncio.gather(*outcomes) if one]
            await misbehaving
            wrong += await _all_ended(runtime)
    finally:
        await misbehaving
        await asyncio.to_thread(spot.end)
    return wrong + _look(directory, figures, runs)


async def _all_ended(runtime: Runtime) -> list[str]:
    """Wait for the runs that nobody waits for."""
    deadline = time.monotonic() + PATIENCE
    while await _insist(_value(lambda: runtime.backend.counts().get("running", 0))):
        if time.monotonic() > deadline:
            return [f"does not end: {run}" for run in runtime.list(Filter(state="running"))]
        await asyncio.sleep(0.01)
    return []


def _value(call: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    async def called() -> T:
        return call()

    return called


def _look(directory: str, figures: Counter[str], programs: int) -> list[str]:
    state = read(directory)
    figures["programs"] += programs
    figures["runs"] += len(state.runs)
    figures["events"] += sum(map(len, state.histories.values()))
    figures["attempts at steps"] += sum(attempt.what == "begin" for attempt in state.ledger)
    return problems(directory, state)


async def _live(runtime: Runtime, id: str, description: Program, random: Random, seconds: float) -> str:
    """Start one program some time during the storm, send it what it waits for, and compare its end."""
    await asyncio.sleep(random.random() * seconds * 0.7)
    handle = await _insist(lambda: runtime.start(program.options(id=id), description))
    values = list(range(signals_of(description)))
    sending = asyncio.create_task(_send(handle, values, random, seconds))
    asking = asyncio.create_task(_ask(handle, random, seconds))
    is_cancelled = random.random() < CANCELLED
    cancelling = asyncio.create_task(_cancel(handle, random, seconds if is_cancelled else -1))
    try:
        return await _compare(handle, description, values, is_cancelled)
    finally:
        sending.cancel()
        asked = await asyncio.gather(sending, asking, cancelling, return_exceptions=True)
        for one in asked:
            if isinstance(one, Exception) and not isinstance(one, WorkflowNotFound):
                raise one


async def _send(handle: Handle[Any], values: list[int], random: Random, seconds: float) -> None:
    pause = random.choice((0.0, 0.01, seconds * 0.2))
    for value in values:
        await asyncio.sleep(random.random() * pause)
        await _insist(lambda value=value: handle.signal(outer, value))  # type: ignore[misc]


async def _cancel(handle: Handle[Any], random: Random, seconds: float) -> None:
    if seconds >= 0:
        await asyncio.sleep(random.random() ** 3 * seconds * 0.2)
        await _insist(handle.cancel)


async def _ask(handle: Handle[Any], random: Random, seconds: float) -> None:
    await asyncio.sleep(random.random() * seconds * 0.2)
    await _insist(lambda: handle.query("seen"))


async def _insist(call: Callable[[], Awaitable[T]]) -> T:
    """Again, as long as the database cannot be used: then nothing has happened."""
    while True:
        try:
            return await call()
        except StorageUnavailable:
            await asyncio.sleep(0.1)


async def _compare(
    handle: Handle[Any], description: Program, values: list[int], is_cancelled: bool = False
) -> str:
    wanted = expected(description, values)
    found: tuple[str, Any]
    try:
        async with asyncio.timeout(PATIENCE):
            found = ("completed", await _insist(handle.result))
    except WorkflowFailed as error:
        found = ("failed", error.kind.rpartition(".")[2])
    except WorkflowCancelled:
        found = ("cancelled", None)
    except TimeoutError:
        return f"{handle.id} does not end: {await handle.describe()}"
    if found == wanted or (is_cancelled and found[0] == "cancelled"):
        return ""
    return f"{handle.id} ended as {found} and not as {wanted}: {description}"


# Each commit point in turn


def points(directory: str, description: Program, signals: int) -> int:
    """How many transactions a worker makes for a program that nothing happens to."""
    counted: list[int] = []

    async def count() -> None:
        backend = _Counting(Setup(directory))
        async with Runtime(backend, lease=LEASE) as runtime:
            await _begin(runtime, description, signals)
            await runtime.handle("p", program).result()
        counted.append(backend.transactions)

    asyncio.run(count())
    return counted[0]


def die_at(
    directory: str, description: Program, number: int, moment: Moment, figures: Counter[str]
) -> list[str]:
    """Run a program on a process that dies there, and then on one that does not."""
    signals = signals_of(description)

    async def begin() -> None:
        async with Runtime(database(directory), work=False) as runtime:
            await _begin(runtime, description, signals)

    asyncio.run(begin())
    first = Spot(directory, Random(0), figures).start(die_at=(number, moment))
    deadline = time.monotonic() + PATIENCE
    connection = SqliteBackend(database(directory))
    try:
        # It may need fewer transactions than that: other timing, other batches.
        while first.is_alive() and time.monotonic() < deadline:
            run = connection.find("p")
            if run is not None and run.state not in ("running", "continued"):
                break
            time.sleep(0.003)
    finally:
        connection.close()
    if first.is_alive():
        first.kill()
    else:
        figures["commit points"] += 1
    first.join()

    async def finish() -> str:
        async with Runtime(database(directory), lease=LEASE, concurrency=8) as runtime:
            wrong = await _compare(runtime.handle("p", program), description, list(range(signals)))
            return "\n".join([*filter(None, [wrong]), *await _all_ended(runtime)])

    keep_ledger(directory)
    wrong = asyncio.run(finish())
    return [one for one in (wrong, *_look(directory, figures, 1)) if one]


async def _begin(runtime: Runtime, description: Program, signals: int) -> None:
    handle = await runtime.start(program.options(id="p"), description)
    for value in range(signals):
        await handle.signal(outer, value)


class _Counting(SqliteBackend):
    def __init__(self, setup: Setup) -> None:
        super().__init__(database(setup.directory))
        self.transactions = 0

    def _atomically(self, work: Callable[[], T]) -> T:
        self.transactions += 1
        return super()._atomically(work)
