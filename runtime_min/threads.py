"""Runs synchronous steps on threads of their own, which keep neither other steps nor the process waiting."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import NamedTuple


class Raised(NamedTuple):
    """What was raised; as a value, since some exceptions end event loops and coroutines."""

    error: BaseException


async def on_thread(call: Callable[[], object]) -> object:
    """Call it on a thread and wait for what it returns, or for what it raised as `Raised`.

    Whoever no longer waits leaves the thread to itself. In a pool, calls that hang would take places,
    and Python would wait for them at the end of the process.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()
    context = copy_context()

    def finish(result: object) -> None:
        if not future.done():
            future.set_result(result)

    def work() -> None:
        try:
            result = context.run(call)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
            result = Raised(error)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(finish, result)

    threading.Thread(target=work, name="runtime_min step", daemon=True).start()
    return await future
