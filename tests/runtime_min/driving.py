"""Drives a runtime on a real file, and checks that every history replays after each of its prefixes."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

from runtime_min import Filter, JsonCodec, Runtime, Workflow, start
from runtime_min.colors import workflows
from runtime_min.execution import Execution
from runtime_min.guard import Guard
from runtime_min.journal import Attempted, Event, Incoming, Outgoing, Resolved, Scheduled, decode_all
from runtime_min.sqlite import SqliteBackend

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """A clock that stands still until a test moves it, or that skips waiting."""

    def __init__(self, *, skipping: bool = False, now: float = 1_700_000_000.0) -> None:
        self.time = now
        self.skipping = skipping

    def now(self) -> float:
        return self.time

    def idle(self, until: float) -> bool:
        if not self.skipping or until == math.inf:
            return False
        self.time = max(self.time, until)
        return True


class Driver:
    """A database file, and what tests do with it.

    Attributes:
        replays: whether all histories must replay at the end of the test.
        prefixes: whether they must also replay after each prefix; not when the code was changed on the way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.replays = True
        self.prefixes = True

    def run(self, work: Callable[[Runtime], Awaitable[T]], /, *, seconds: float = 20.0, **options: Any) -> T:
        """Open a runtime on the file, do the work in it, and close it."""

        async def inside() -> T:
            async with Runtime(self.path, **options) as runtime:
                return await asyncio.wait_for(work(runtime), seconds)

        return asyncio.run(inside())

    def result(self, flow: Workflow[..., T], *args: Any, **options: Any) -> T:
        """Start a workflow and wait for its result."""

        async def work(runtime: Runtime) -> T:
            return await (await start(flow, *args)).result()

        return self.run(work, **options)

    def history(self, id: str, generation: int | None = None) -> list[Event]:
        """The events of a run."""
        backend = SqliteBackend(self.path)
        try:
            run = backend.find(id, generation)
            assert run is not None, id
            return decode_all(backend.history(run.number))
        finally:
            backend.close()

    def only_history(self) -> list[Event]:
        """The events of the only run of the file."""
        (only,) = self.ids()
        return self.history(only)

    def ids(self) -> list[str]:
        """The ids of all runs, the newest first."""
        backend = SqliteBackend(self.path)
        try:
            return [run.id for run in backend.runs(Filter())]
        finally:
            backend.close()

    def check(self, most: int = 30) -> None:
        """Every run replays, wholly and after each prefix of its history."""
        if not self.path.exists() or not self.replays:
            return
        backend = SqliteBackend(self.path)
        try:
            for run in backend.runs(Filter(limit=most)):
                flow = workflows().get(run.workflow)
                if flow is not None and not run.problem:
                    agree(
                        flow, run.id, decode_all(backend.history(run.number)), run.generation, self.prefixes
                    )
        finally:
            backend.close()


def agree(
    flow: Workflow[..., Any], id: str, history: Sequence[Event], generation: int = 0, prefixes: bool = True
) -> None:
    """A replay of each prefix of the history asks for exactly what the history says comes next."""
    guard = Guard("error")
    try:
        for cut in range(max(1, len(history) - 300), len(history) + 1) if prefixes else ():
            execution = Execution(flow, id, JsonCodec(), guard, generation)
            try:
                more = execution.replay(history[:cut], whole=False)
            finally:
                execution.dispose()
            rest = takewhile(lambda event: isinstance(event, Outgoing | Attempted), history[cut:])
            is_open = cut == len(history) and isinstance(history[-1], Incoming)
            assert is_open or more == [event for event in rest if isinstance(event, Outgoing)], (id, cut)
        execution = Execution(flow, id, JsonCodec(), guard, generation)
        execution.replay(history)
        execution.dispose()
    finally:
        guard.close()


def scheduled(history: Sequence[Event]) -> list[str]:
    """The names of what a workflow asked for, in order; of timers, the kind."""
    return [event.name or event.kind for event in history if isinstance(event, Scheduled)]


def resolved(history: Sequence[Event]) -> list[Resolved]:
    """What came back."""
    return [event for event in history if isinstance(event, Resolved)]


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that a test cannot await."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


class Script:
    """A Python program in a process of its own."""

    def __init__(self, directory: Path, source: str, name: str = "program.py") -> None:
        self.file = directory / name
        self.file.write_text(textwrap.dedent(source), "utf-8")

    def begin(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """Start it, and go on."""
        return subprocess.Popen(
            [sys.executable, str(self.file), *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object, **environment: str) -> str:
        """Start it, wait for its end, and return what it printed."""
        process = self.begin(*arguments, **environment)
        out, error = process.communicate(timeout=30)
        assert process.returncode == 0, error
        return out


def kill(process: subprocess.Popen[str]) -> None:
    """What a crash does."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
