"""The deterministic event loop on which workflow code runs.

It has no selector and no clock: `run` calls what is ready, in order, until nothing is, and time only passes
when the execution sets it. Timers become operations of the execution, so `asyncio.sleep` and
`asyncio.timeout` are durable. Tasks and futures hash by the order in which they were made and not by
their address, so that the sets of them which `asyncio.wait` and `asyncio.TaskGroup` keep are iterated in
the same order on each replay.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from runtime_min.errors import EffectInWorkflow
from runtime_min.profiles import Profile, active, switch_off, switch_on

if TYPE_CHECKING:
    from runtime_min.execution import Execution, Guarding, Where

T = TypeVar("T")

_AS_COMPLETED = {
    function.__code__
    for function in (asyncio.as_completed, getattr(asyncio.tasks, "_AsCompletedIterator", object).__init__)
    if hasattr(function, "__code__")
}
_log = logging.getLogger("runtime_min")

_MOST_CLOSES = 100
_MOST_ORDERS = 2**24
_endless: list[object] = []


class Disposed(BaseException):
    """Workflow code went on after its execution was put aside; it must not get far."""


class WorkflowFuture(asyncio.Future[T]):
    """A future that hashes by its number."""

    def __init__(self, *, loop: WorkflowLoop) -> None:
        self.order = loop.next_order()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.order


class WorkflowTask(asyncio.Task[T]):
    """A task that hashes by its number."""

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, T],
        *,
        loop: WorkflowLoop,
        name: str | None,
        context: Context | None,
    ) -> None:
        self.order = order = loop.next_order()
        super().__init__(coroutine, loop=loop, name=name or f"task-{order % _MOST_ORDERS}", context=context)
        # An execution that is put aside is not an accident that has to be logged.
        self._log_destroy_pending = False

    def __hash__(self) -> int:
        return self.order


class WorkflowTimer(asyncio.TimerHandle):
    """A timer that knows its operation."""

    __slots__ = ("position",)

    position: int


class WorkflowLoop(asyncio.AbstractEventLoop):
    """Runs the tasks of one execution.

    Attributes:
        profile: the guard's profile function, if code of the runtime has to take it away.
    """

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.disposed = False
        self.profile: Profile | None = None
        self._ready: deque[asyncio.Handle] = deque()
        self._order = 0
        self._tasks: list[WorkflowTask[Any]] = []
        self._prune_at = 64
        self._ordered: dict[int, WorkflowTask[Any]] = {}

    # What the execution does with it.

    def run(self, guard: Guarding) -> None:
        """Call what is ready until nothing is; the guard sees that and no more."""
        outer = asyncio._get_running_loop()
        task = asyncio.current_task(outer) if outer is not None else None
        if outer is not None and task is not None:
            asyncio.tasks._leave_task(outer, task)
        hooks = sys.get_asyncgen_hooks()
        # The outer loop's hooks would finish the workflow's generators on that loop.
        sys.set_asyncgen_hooks(None, _leave_unfinished)
        asyncio._set_running_loop(self)
        try:
            before, profile = active(), guard.enter()
            # What a codec of the user's does is not known: with one, all of a call is watched.
            self.profile = profile if self.execution.has_own_codec else None
            try:
                self._run_ready(profile)
            finally:
                self.profile = None
                guard.leave()
                if profile is not None and before is profile and active() is None:
                    switch_on(profile)  # for the workflow that this one runs within
        finally:
            asyncio._set_running_loop(outer)
            sys.set_asyncgen_hooks(*hooks)
            if outer is not None and task is not None:
                asyncio.tasks._enter_task(outer, task)

    def _run_ready(self, profile: Profile | None) -> None:
        """Call it under the guard's profile function, if it has one; one that workflow code sets is left."""
        ready = self._ready
        while ready:
            handle = ready.popleft()
            if handle.cancelled():
                continue
            # What `handle._run` does; a profile function is not told of calls of partials.
            call = functools.partial(handle._context.run, handle._callback, *handle._args)  # type: ignore[attr-defined]
            if profile is not None and active() is None:
                switch_on(profile)
            try:
                call()
            except SystemExit:
                # Its task has failed with it, which is all that it may end here.
                continue
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - of a callback, which nobody waits for
                message = f"Exception in callback {handle!r}"
                self.call_exception_handler({"message": message, "exception": error})
            finally:
                if profile is not None and active() is profile:
                    switch_off()

    def stop(self) -> None:
        """Drop what is ready: the execution cannot go on."""
        self._ready.clear()

    def dispose(self, guard: Guarding) -> None:
        """End all coroutines where they stand, without letting them do anything more.

        The garbage collector would do the same later and elsewhere, where a step called in a `finally` block
        would run as the plain function that it also is. Here it meets a disposed loop, which refuses.
        """
        self.disposed = True
        self.stop()
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            with guard:
                for task in reversed(self._tasks):
                    if not task.done():
                        _close(task)
        finally:
            asyncio._set_running_loop(outer)
            self._tasks.clear()
            self._ready.clear()

    def salt(self, seed: int) -> None:
        """Let the tasks of each run hash differently, yet in the same order.

        Asyncio keeps the tasks of all loops in one set, which slows down where many hashes are equal.
        """
        self._order = (seed & 0xFFFF_FFFF) * _MOST_ORDERS

    def next_order(self) -> int:
        """A number for a task, future or call; they hash by it."""
        self._order += 1
        return self._order

    # What asyncio asks of a loop.

    def time(self) -> float:
        """The workflow's time in seconds since the epoch."""
        return self.execution.time

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> WorkflowTimer:
        return self.call_at(self.execution.time + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
        where: Where | None = None,
    ) -> WorkflowTimer:
        if self.disposed:
            raise Disposed
        timer = WorkflowTimer(when, callback, args, self, context)
        self.execution.schedule_timer(when, timer, where)
        return timer

    def call_fired(self, handle: asyncio.TimerHandle) -> None:
        """Call back a timer that came due."""
        self._ready.append(handle)

    def _timer_handle_cancelled(self, handle: WorkflowTimer) -> None:
        self.execution.abandon(handle.position)

    def create_future(self) -> WorkflowFuture[Any]:
        if self.disposed:
            raise Disposed
        return WorkflowFuture(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coroutine: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **_: object,
    ) -> WorkflowTask[T]:
        siblings = _siblings(sys._getframe(1))
        if siblings is None:
            return self._new_task(coroutine, name, context)
        if id(coroutine) not in self._ordered:
            self._order_siblings(coroutine, siblings)
        return self._ordered.pop(id(coroutine))

    def _order_siblings(self, coroutine: Coroutine[Any, Any, Any], siblings: Iterable[object]) -> None:
        """Start them in the order in which `asyncio.as_completed` was given them, not by addresses."""
        if not isinstance(siblings, list | tuple):
            raise TypeError(
                "asyncio.as_completed in a workflow takes a list or tuple, so that its order is known"
            )
        for sibling in siblings:
            if asyncio.iscoroutine(sibling) and id(sibling) not in self._ordered:
                self._ordered[id(sibling)] = self._new_task(sibling, None, None)

    def _new_task(
        self, coroutine: Coroutine[Any, Any, T], name: str | None, context: Context | None
    ) -> WorkflowTask[T]:
        task = WorkflowTask(coroutine, loop=self, name=name, context=context)
        self._tasks.append(task)
        if len(self._tasks) > self._prune_at:
            self._tasks = [task for task in self._tasks if not task.done()]
            self._prune_at = 2 * len(self._tasks) + 64
        return task

    # Each future asks. As a class written in C it gives False without a call for the guard to look at.
    get_debug = bool

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Log an exception that no task carries, such as that of a callback or of a task nobody awaited."""
        if not self.disposed:
            _log.error(
                "in workflow %s: %s",
                self.execution.id,
                context.get("message"),
                exc_info=context.get("exception"),
            )

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)


def _refuse(name: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(self: WorkflowLoop, *_: object, **__: object) -> NoReturn:
        message = f"`{name}` is not recorded, so a replay would do it again; {instead}"
        raise self.execution.block(EffectInWorkflow(message))

    return refuse


for _name, _instead in {
    "run_in_executor": "do it in a step",
    "call_soon_threadsafe": "send the workflow a signal",
    "getaddrinfo": "do it in a step",
    "getnameinfo": "do it in a step",
    "create_connection": "do it in a step",
    "create_server": "do it outside of workflows",
    "create_datagram_endpoint": "do it in a step",
    "create_unix_connection": "do it in a step",
    "subprocess_exec": "do it in a step",
    "subprocess_shell": "do it in a step",
    "add_reader": "do it in a step",
    "add_writer": "do it in a step",
    "add_signal_handler": "do it outside of workflows",
}.items():
    setattr(WorkflowLoop, _name, _refuse(_name, _instead))


current: Callable[[], object] = functools.partial(asyncio._get_running_loop)
"""The loop of this thread, of whatever kind. As a partial, of whose calls a profile function is not told."""


def running() -> WorkflowLoop | None:
    """The loop of the workflow whose code runs on this thread right now, if any."""
    loop = current()
    return loop if type(loop) is WorkflowLoop else None


def _siblings(frame: FrameType | None) -> Iterable[object] | None:
    """What `asyncio.as_completed` was given, if it is what creates this task."""
    for _ in range(5):
        if frame is None:
            return None
        if frame.f_code in _AS_COMPLETED:
            local = frame.f_locals
            siblings: Iterable[object] | None = local.get("fs", local.get("aws"))
            return siblings
        frame = frame.f_back
    return None


def _close(task: WorkflowTask[Any]) -> None:
    coroutine = task.get_coro()
    # One that waits again in a `finally` block is not at its end yet.
    for _ in range(_MOST_CLOSES):
        try:
            if coroutine is not None:
                coroutine.close()
            return
        except BaseException:  # noqa: BLE001 - whatever a `finally` block raises, it has no meaning any more
            _log.debug("a coroutine did not end quietly", exc_info=True)
    # The garbage collector must not go on with it.
    _endless.append(coroutine)


def _leave_unfinished(generator: object) -> None:
    """An async generator that the workflow dropped: when that is noticed depends on the garbage collector."""
