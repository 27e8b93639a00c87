"""Threads on which analyses run and answer, apart from the one that talks to the editor."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

#: Parsing nests deeply, and the threads of some systems get half a megabyte.
_STACK = 16 * 1024 * 1024

#: Seconds after which the thread that talks to the editor gets its turn while this one works: it needs many
#: turns for each message, and the five milliseconds that are usual add up.
_TURN = 0.0005


class Worker:
    """Does one thing after another. The thread ends with the process, also in the middle of its work."""

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        sys.setswitchinterval(_TURN)
        before = threading.stack_size(_STACK)
        try:
            threading.Thread(target=self._work, name=f"color-checker-{name}", daemon=True).start()
        finally:
            threading.stack_size(before)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Nothing is done if who waits for it gives up before its turn."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(work, future, loop))
        return await future

    def _work(self) -> None:
        while True:
            self._queue.get().do()


class _Job:
    """Work, and who waits for it."""

    def __init__(
        self, work: Callable[[], Any], future: asyncio.Future[Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._work = work
        self._future = future
        self._loop = loop

    def do(self) -> None:
        """On the thread."""
        if self._future.cancelled():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
            self._answer(partial(self._future.set_exception, error))
        else:
            self._answer(partial(self._future.set_result, result))

    def _answer(self, answer: Callable[[], None]) -> None:
        def unless_given_up() -> None:
            if not self._future.done():
                answer()

        with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
            self._loop.call_soon_threadsafe(unless_given_up)
