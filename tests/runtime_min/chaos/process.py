"""The process under test: a worker that dies at a given commit, whose disk fills up and whose clock jumps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from runtime_min import Info, Runtime, worker
from runtime_min.clock import Clock, SystemClock
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.programs import observers

T = TypeVar("T")

Moment = Literal["before BEGIN", "before COMMIT", "after COMMIT"]
MOMENTS: tuple[Moment, ...] = ("before BEGIN", "before COMMIT", "after COMMIT")

LEASE = 0.8
_NO_LIMIT = 1_073_741_823
# What the clock jumps by, in seconds, and how often.
_JUMP, _JUMP_EVERY = 3.0, 0.4


class Setup(msgspec.Struct, frozen=True):
    """What a worker process is to do.

    Attributes:
        directory: with the database and what the steps write.
        die_at: the number of the transaction, and when in it, to kill itself with SIGKILL.
        jumps: a seed, for a clock that jumps back and forward.
        tight: little room in memory, so that runs are put aside and taken up again all the time.
        full: how the disk is full while it is: by pages of the database, or by bytes of a file.
    """

    directory: str
    die_at: tuple[int, Moment] | None = None
    jumps: int | None = None
    full: Literal["pages", "bytes"] = "pages"
    tight: bool = False


def database(directory: str) -> str:
    """The file that all processes share."""
    return f"{directory}/runs.sqlite"


def work(setup: Setup) -> None:
    """Work until SIGTERM, or death."""
    logging.getLogger("runtime_min").setLevel(logging.CRITICAL)
    keep_ledger(setup.directory)
    if setup.tight:
        worker._MOST_LIVE, worker._MOST_IDLE, worker._IDLE_SECONDS = 8, 1, 0.02
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_work(setup))


async def _work(setup: Setup) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    clock: Clock = SystemClock() if setup.jumps is None else JumpingClock(setup.jumps)
    backend = FaultyBackend(setup)
    async with Runtime(backend, clock=clock, lease=LEASE, concurrency=8) as runtime:
        assert runtime._task is not None
        await runtime._task


def keep_ledger(directory: str) -> None:
    """Let the steps of this process write down each attempt, in a file that survives the process."""
    path = Path(directory) / f"ledger-{os.getpid()}-{time.monotonic_ns()}.jsonl"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def observe(here: Info, what: str) -> None:
        line = json.dumps([here.key, here.step, here.attempt, what, os.getpid()])
        os.write(file, line.encode() + b"\n")

    observers[:] = [observe]


class FaultyBackend(SqliteBackend):
    """SQLite that kills its process at a transaction, and has no room between SIGUSR1 and SIGUSR2."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(database(setup.directory))
        self._setup = setup
        self.transactions = 0
        self._full_wanted = self._full = False
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGUSR1, lambda *_: self._want_full(True))
            signal.signal(signal.SIGUSR2, lambda *_: self._want_full(False))

    def _want_full(self, full: bool) -> None:
        self._full_wanted = full

    def _atomically(self, work: Callable[[], T]) -> T:
        if self._full != self._full_wanted:
            self._set_full(self._full_wanted)
        self.transactions += 1
        self._die_if("before BEGIN")

        def then_die() -> T:
            result = work()
            self._die_if("before COMMIT")
            return result

        result = super()._atomically(then_die)
        self._die_if("after COMMIT")
        return result

    def _die_if(self, moment: Moment) -> None:
        if self._setup.die_at == (self.transactions, moment):
            os.kill(os.getpid(), signal.SIGKILL)

    def _set_full(self, full: bool) -> None:
        self._full = full
        if self._setup.full == "pages":
            pages = self._connection.execute("PRAGMA page_count").fetchone()[0] if full else _NO_LIMIT
            self._connection.execute(f"PRAGMA max_page_count = {pages}")
            return
        log = Path(f"{self.path}-wal")
        size = log.stat().st_size if full and log.exists() else 0
        limit = max(size, 256 * 1024) if full else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


class JumpingClock:
    """The machine's, some seconds ahead or behind, and every now and then by another amount."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._offset = 0.0
        self._jump_at = time.monotonic() + _JUMP_EVERY

    def now(self) -> float:
        if time.monotonic() >= self._jump_at:
            self._offset = self._random.uniform(-_JUMP, _JUMP)
            self._jump_at = time.monotonic() + self._random.expovariate(1 / _JUMP_EVERY)
        return time.time() + self._offset

    def idle(self, until: float) -> bool:
        return False
