"""One run in memory: delivers events to workflow code, and collects and compares what that asks for."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import linecache
import logging
import math
import sys
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from inspect import CO_COROUTINE
from random import Random
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import msgspec

from runtime_min.codec import JsonCodec
from runtime_min.errors import (
    AlreadyStarted,
    ColorError,
    ContinueAsNew,
    EffectInWorkflow,
    NonDeterminismError,
    NotStorable,
    OperationFailed,
    RuntimeMinError,
    StepFailed,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
)
from runtime_min.journal import (
    Abandoned,
    Attempted,
    Closed,
    Event,
    Failure,
    Incoming,
    Kind,
    Outgoing,
    Patched,
    Received,
    Resolved,
    Scheduled,
    Started,
    storable,
)
from runtime_min.loop import Disposed, WorkflowFuture, WorkflowLoop, WorkflowTimer
from runtime_min.profiles import Profile, active, switch_off, switch_on

if TYPE_CHECKING:
    from runtime_min.codec import Codec
    from runtime_min.colors import Query, Signal, Step, Workflow
    from runtime_min.parameters import Parameters

_log = logging.getLogger("runtime_min")
_SIMPLE = frozenset({bool, bytes, float, int, str, type(None)})
_KNOWN = {f"{one.__module__}.{one.__qualname__}": one for one in (AlreadyStarted, WorkflowNotFound)}


class Where(msgspec.Struct, frozen=True):
    """A place in the source, kept cheap until somebody wants to read it."""

    code: CodeType
    number: int

    @classmethod
    def of_caller(cls) -> Where:
        """The innermost place in workflow code that is neither in this package nor in asyncio."""
        frame = sys._getframe(1)
        outer: FrameType | None = frame
        while outer is not None and outer.f_code is not WorkflowLoop.run.__code__:
            frame = outer
            if not frame.f_globals.get("__name__", "").startswith(("runtime_min.", "asyncio.")):
                break
            outer = frame.f_back
        return cls(frame.f_code, frame.f_lineno)

    def shown(self) -> tuple[str, str]:
        """The place, such as `flows.py:31`, since whole paths differ by machine, and the source line."""
        key = id(self.code), self.number
        known = _shown.get(key)
        if known is None:
            file = self.code.co_filename
            text = f"{file.replace(chr(92), '/').rpartition('/')[2]}:{self.number}"
            if len(_shown) >= _MOST_SHOWN:
                _shown.clear()
            known = _shown[key] = text, linecache.getline(file, self.number).strip(), self.code
        return known[:2]


# For each step it would be read again. By address, as code compares by content; so the code is kept alive.
_shown: dict[tuple[int, int], tuple[str, str, CodeType]] = {}
_MOST_SHOWN = 10_000


class Guarding(Protocol):
    """What the execution needs of a guard."""

    def watch(self, function: Callable[..., Any]) -> None: ...
    def enter(self) -> Profile | None: ...
    def leave(self) -> None: ...
    def __enter__(self) -> object: ...
    def __exit__(self, *exception: object) -> object: ...


class Operation(msgspec.Struct):
    """Something that the workflow asked for and that has not ended.

    Attributes:
        event: what was recorded.
        future: what the workflow waits for; None for a timer of the event loop, which has `handle`.
        step: for a step, what to run.
        result: the type of the result.
    """

    event: Scheduled
    future: WorkflowFuture[Any] | None = None
    step: Step[..., Any] | None = None
    handle: WorkflowTimer | None = None
    result: object = None


class OperationFuture(WorkflowFuture[Any]):
    """What an operation is awaited through; cancelling it abandons the operation."""

    def __init__(self, execution: Execution, position: int) -> None:
        super().__init__(loop=execution.loop)
        self._execution = execution
        self._position = position

    def cancel(self, msg: Any = None) -> bool:
        cancelled = super().cancel(msg)
        if cancelled:
            self._execution.abandon(self._position)
        return cancelled


class Execution:
    """The state of one run, rebuilt from its history at any time.

    Attributes:
        has_own_codec: whether the codec is the runtime's, and so runs code of the user's for his values only.
        time: the workflow's time, that of the last event that reached it.
        replaying: what happens now has happened before.
        silent: it may have happened before, so nothing is logged.
        operations: what is open, by position.
        attempts: how many attempts at an open step ended, and when its next one is due, by position.
        closed: how it ended, if it did.
    """

    def __init__(
        self, flow: Workflow[..., Any], id: str, codec: Codec, guard: Guarding, generation: int = 0
    ) -> None:
        self.flow = flow
        self.id = id
        # Positions begin anew in each generation, and what is named after them must not.
        self.key = f"{id}#{generation}" if generation else id
        self.codec = codec
        self.has_own_codec = type(codec) is JsonCodec
        self.guard = guard
        # asyncio's class is abstract for the type checker only; what is missing raises NotImplementedError.
        self.loop = WorkflowLoop(self)  # type: ignore[abstract]
        self.time = 0.0
        self.started: Started | None = None
        self.instance: Any = None
        self.replaying = False
        self.silent = False
        self.operations: dict[int, Operation] = {}
        self.attempts: dict[int, Attempted] = {}
        self.queries: dict[str, Query[..., Any]] = {}
        self.closed: Closed | None = None
        self._key = b""
        self._position = 0
        self._main: asyncio.Task[Any] | None = None
        self._out: list[Outgoing] = []
        self._expected: deque[Outgoing] | None = None
        self._open_end = False
        self._problem: RuntimeMinError | None = None
        self._patches: dict[str, bool] = {}
        self._recorded_patches: frozenset[str] = frozenset()
        self._signals: dict[str, asyncio.Queue[bytes]] = {}

    # What the worker does with it.

    def activate(self, event: Incoming) -> list[Outgoing]:
        """Deliver one event, let the workflow run until it waits, and return what it asks for.

        Raises:
            NonDeterminismError, EffectInWorkflow, ColorError: the workflow cannot go on with the code as
                it is.
        """
        if self.closed is not None:
            return []
        self._deliver(event)
        self.loop.run(self.guard)
        self._finish()
        if self._problem is not None:
            raise self._problem
        out, self._out = self._out, []
        return out

    def replay(self, history: Sequence[Event], *, whole: bool = True, seen: bool = False) -> list[Outgoing]:
        """Deliver all events of a history, comparing what the workflow asks for with what is recorded.

        What the last event led to may be missing, wholly or, with `whole=False`, from some point on: it is
        returned. With `seen`, it was only looked at before or led to nothing, and logs nothing.

        Raises:
            NonDeterminismError: they differ; and as `activate` does.
        """
        self._recorded_patches = frozenset(event.id for event in history if isinstance(event, Patched))
        more: list[Outgoing] = []
        self.silent = seen
        for incoming, recorded, last in _activations(history):
            expected = deque(event for event in recorded if isinstance(event, Outgoing))
            self._open_end = open_end = last and not (whole and expected)
            self.replaying = bool(expected) or not open_end
            self._expected = expected
            more = self.activate(incoming)
            if expected:
                raise self._differs(expected[0], None)
            if more and not open_end:
                raise self._differs(None, more[0])
            for event in recorded:
                if isinstance(event, Attempted):
                    self.note(event)
        self._expected = None
        self.replaying = self.silent = False
        return more

    def note(self, attempted: Attempted) -> None:
        """An attempt at a step ended without a result."""
        if attempted.position in self.operations:
            self.attempts[attempted.position] = attempted

    def leftover(self) -> list[Received]:
        """Signals that were received and not used, in the order of their names and arrival."""
        return [
            Received("signal", self.time, name, value)
            for name, queue in self._signals.items()
            for value in list(queue._queue)  # type: ignore[attr-defined]
        ]

    def dispose(self) -> None:
        """Let go of everything, without running workflow code any further."""
        self.replaying = True  # so that a `finally` block logs nothing
        self.loop.dispose(self.guard)
        self.operations.clear()

    # What the primitives do with it.

    def schedule_step(
        self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], where: Where
    ) -> OperationFuture:
        """Ask for a step.

        Raises:
            NotStorable: for an argument that cannot be recorded.
            TypeError: for arguments that do not fit the step.
        """
        parameters = step.parameters
        profile = self.loop.profile
        if profile is None or active() is not None or _are_simple(parameters, args, kwargs):
            plain = parameters.encode(self.codec, args, kwargs)
        else:
            # Code of the arguments' classes may run, and is the workflow's.
            switch_on(profile)
            try:
                plain = parameters.encode(self.codec, args, kwargs)
            finally:
                switch_off()
        return self._schedule("step", step.name, plain, where, step=step, result=step.parameters.result)

    def schedule(
        self, kind: Kind, name: str, plain: bytes, where: Where, target: str = "", result: object = None
    ) -> OperationFuture:
        """Ask for a child, start, signal or cancellation; a child or start without target gets one."""
        return self._schedule(kind, name, plain, where, target=target, result=result)

    def schedule_timer(self, when: float, handle: WorkflowTimer, where: Where | None = None) -> None:
        """Ask for a timer of the event loop.

        Raises:
            ValueError: it would never be due, nor any other after it.
        """
        if math.isnan(when):
            raise ValueError("the time to wait is nan, which is no number")
        handle.position = self._next()
        where = where or Where.of_caller()
        event = Scheduled(handle.position, "timer", "", b"", b"", due=when)
        if not self._expected:
            text, line = where.shown()
            event = msgspec.structs.replace(event, where=text, line=line)
        event = self._emit_scheduled(event, where)
        self.operations[event.position] = Operation(event, handle=handle)

    def abandon(self, position: int) -> None:
        """The workflow waits no longer for an operation."""
        if self.loop.disposed:
            return
        if self.operations.pop(position, None) is not None:
            self.attempts.pop(position, None)
            self._emit(Abandoned(position))

    async def wait_signal(self, signal: Signal[Any]) -> Any:
        """The next value of a signal, in the order of arrival."""
        value = await self._queue(signal.name).get()
        return self.codec.decode(self.codec.unseal(value), signal.type)

    def patched(self, id: str) -> bool:
        """Whether the code behind `id` is to be taken: in new runs, and in those that took it before."""
        known = self._patches.get(id)
        if known is None:
            known = self._patches[id] = not self.replaying or id in self._recorded_patches
            if known:
                self._emit(Patched(id))
        return known

    def block(self, problem: RuntimeMinError) -> RuntimeMinError:
        """Do not go on, whatever the workflow catches; of several problems, the first is told."""
        if self._problem is None:
            self._problem = problem
        self.loop.stop()
        return problem

    @functools.cached_property
    def random(self) -> Random:
        """The run's random numbers, made when first asked for: seeding takes longer than starting a run."""
        return Random(self._seed)

    def now(self) -> datetime:
        """The workflow's time, in UTC."""
        return datetime.fromtimestamp(self.time, UTC)

    def uuid4(self) -> UUID:
        """A random UUID that is the same on each replay."""
        return UUID(int=self._identities.getrandbits(128), version=4)

    # How.

    @functools.cached_property
    def _identities(self) -> Random:
        return Random(self._seed + 1)

    @property
    def _seed(self) -> int:
        assert self.started is not None, "workflow code runs when it was started"
        return self.started.seed

    def _deliver(self, event: Incoming) -> None:
        self.time = max(self.time, event.at)
        if isinstance(event, Resolved):
            self._resolve(event)
        elif isinstance(event, Started):
            self._start(event)
        elif event.kind == "signal":
            self._queue(event.name).put_nowait(event.value)
        else:
            if self._main is not None:
                self._main.cancel("the workflow was cancelled")

    def _start(self, event: Started) -> None:
        self.started = event
        self.loop.salt(event.seed)
        self._key = event.seed.to_bytes(8, "big")
        self.guard.watch(self.flow.fn)
        args, kwargs = self.flow.parameters.decode(self.codec, self.codec.unseal(event.arguments))
        # In a context of its own, so that nothing of the worker's shows.
        context = contextvars.Context()
        self._main = self.loop._new_task(self._coroutine(args, kwargs), "workflow", context)

    def _coroutine(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Coroutine[Any, Any, Any]:
        fn = self.flow.fn
        if self.flow.owner is None and type(fn) is FunctionType and fn.__code__.co_flags & CO_COROUTINE:
            # Calling it runs nothing yet, and each step would go through a coroutine around it.
            coroutine: Coroutine[Any, Any, Any] = fn(*args, **kwargs)
            return coroutine
        return self._body(args, kwargs)

    async def _body(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.flow.owner is None:
            return await self.flow.fn(*args, **kwargs)
        self.instance = self.flow.owner()
        return await self.flow.fn(self.instance, *args, **kwargs)

    def _resolve(self, event: Resolved) -> None:
        operation = self.operations.pop(event.position, None)
        self.attempts.pop(event.position, None)
        if operation is None:
            return
        if operation.handle is not None:
            self.loop.call_fired(operation.handle)
        elif operation.future is not None and not operation.future.done():
            if event.cancelled:
                operation.future.set_exception(
                    WorkflowCancelled(f"workflow `{operation.event.target}` was cancelled")
                )
            elif event.failure is not None:
                operation.future.set_exception(restored(operation.event, event.failure))
            elif operation.event.kind in ("step", "child"):
                self._set_result(operation.future, event.value, operation.result)
            else:
                operation.future.set_result(operation.event.target)

    def _set_result(self, future: asyncio.Future[Any], value: bytes, type: object) -> None:
        try:
            future.set_result(self.codec.decode(self.codec.unseal(value), type))
        except NotStorable as error:
            # The annotation was changed; to fail for that would be for good.
            self.block(error)

    def _finish(self) -> None:
        main = self._main
        if main is None or not main.done() or self.closed is not None or self._problem is not None:
            return
        self.closed = closed = self._closing(main)
        if closed is not None:
            self._emit(closed)

    def _closing(self, main: asyncio.Task[Any]) -> Closed | None:
        if main.cancelled():
            return Closed("cancelled", self.time)
        error = main.exception()
        if error is None:
            try:
                plain = self.codec.encode(main.result(), self.flow.parameters.result)
            except NotStorable as unstorable:
                error = unstorable
            else:
                return Closed("completed", self.time, self.codec.seal(plain))
        blocking = _find(error, EffectInWorkflow, NonDeterminismError, ColorError)
        if isinstance(blocking, RuntimeMinError):
            self._problem = blocking
            return None
        following = _find(error, ContinueAsNew)
        if isinstance(following, ContinueAsNew):
            return Closed("continued", self.time, self.codec.seal(following.plain))
        return Closed("failed", self.time, failure=failure_of(error))

    def _schedule(
        self,
        kind: Kind,
        name: str,
        plain: bytes,
        where: Where,
        *,
        target: str = "",
        step: Step[..., Any] | None = None,
        result: object = None,
    ) -> OperationFuture:
        if self.loop.disposed:
            raise Disposed
        if target and target != storable(target):
            raise NotStorable(f"the id {target!r} has a lone surrogate, which cannot be stored")
        position = self._next()
        digest = blake2b(plain, digest_size=8, key=self._key).digest()
        if self._expected:
            # Replayed: the recorded event is the better one, and its values are stored already.
            event = self._emit_scheduled(Scheduled(position, kind, name, digest, b"", target, 0.0), where)
        else:
            if not target and kind in ("child", "start"):
                target = f"{self.key}/{position}"
            sealed = self.codec.seal(plain)
            event = Scheduled(position, kind, name, digest, sealed, target, 0.0, *where.shown())
            self._out.append(event)
        future = OperationFuture(self, position)
        self.operations[position] = Operation(event, future, step, result=result)
        return future

    def _next(self) -> int:
        position = self._position
        self._position += 1
        return position

    def _emit_scheduled(self, event: Scheduled, where: Where | None = None) -> Scheduled:
        recorded = self._emit(event, where)
        return recorded if isinstance(recorded, Scheduled) else event

    def _emit(self, event: Outgoing, where: Where | None = None) -> Outgoing:
        """Record what the workflow asks for, or compare it with what is recorded, which is returned."""
        if not self._expected:
            self._out.append(event)
            return event
        recorded = self._expected.popleft()
        if not self._same(recorded, event):
            raise self.block(self._differs(recorded, event, where))
        if not self._expected and self._open_end:
            self.replaying = False
        return recorded

    def _queue(self, name: str) -> asyncio.Queue[bytes]:
        queue = self._signals.get(name)
        if queue is None:
            queue = self._signals[name] = asyncio.Queue()
        return queue

    def _same(self, recorded: Outgoing, ran: Outgoing) -> bool:
        if isinstance(recorded, Scheduled) and isinstance(ran, Scheduled):
            return (
                recorded.digest == ran.digest
                and recorded.name == ran.name
                and recorded.kind == ran.kind
                and recorded.position == ran.position
                and (not ran.target or recorded.target == ran.target)
            )
        if isinstance(recorded, Closed) and isinstance(ran, Closed):
            unseal = self.codec.unseal
            return recorded.ending == ran.ending and (
                not recorded.value or unseal(recorded.value) == unseal(ran.value)
            )
        return recorded == ran

    def _differs(
        self, recorded: Event | None, ran: Event | None, where: Where | None = None
    ) -> NonDeterminismError:
        return NonDeterminismError(
            f"workflow `{self.flow.name}` ({self.id}) does something else than what is recorded\n"
            f"  recorded: {_describe(recorded)}\n"
            f"  ran:      {_describe(ran, where)}\n"
            "If the code was changed, keep the old way for running workflows: "
            '`if patched("name of the change"): ...`'
        )


def _are_simple(parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether no code but ours runs when these are encoded: neither that of classes nor of annotations."""
    return not kwargs and parameters.is_resolved and _SIMPLE.issuperset(map(type, args))


def _find(error: BaseException, *kinds: type[BaseException]) -> BaseException | None:
    """An exception of one of these kinds, be it in a group as `asyncio.TaskGroup` makes them."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for one in error.exceptions if (found := _find(one, *kinds)) is not None), None)
    return error if isinstance(error, kinds) else None


def failure_of(error: BaseException, attempts: int = 1) -> Failure:
    """An exception as it is recorded."""
    names = tuple(f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__ if one is not object)
    trace = storable("".join(traceback.format_exception(error, limit=-20))[-8000:])
    if isinstance(error, OperationFailed):
        names = (error.kind, *error.bases[1:], *names)
        trace = f"{error.trace[:8000]}\n{trace}"
    return Failure(names[0], names, storable(_text(error)), trace, attempts)


def restored(scheduled: Scheduled, failure: Failure) -> Exception:
    """A recorded failure as what the workflow catches."""
    known = _KNOWN.get(failure.kind)
    if known is not None and scheduled.kind != "step":
        return known(failure.text)
    made = StepFailed if scheduled.kind == "step" else WorkflowFailed
    return made(scheduled.name, failure.kind, failure.bases, failure.text, failure.trace, failure.attempts)


def _text(error: BaseException) -> str:
    if isinstance(error, OperationFailed):
        return error.text
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not lose the failure itself
        return f"<{type(error).__name__} that cannot be shown>"


def _activations(history: Sequence[Event]) -> Generator[tuple[Incoming, Sequence[Event], bool], None, None]:
    """Each event that reached the workflow, what it led to as recorded, and whether it is the last."""
    starts = [
        index for index, event in enumerate(history) if isinstance(event, Started | Resolved | Received)
    ]
    for index, end in zip(starts, [*starts[1:], len(history)], strict=True):
        incoming = history[index]
        if isinstance(incoming, Started | Resolved | Received):
            yield incoming, history[index + 1 : end], end == len(history)


def _describe(event: Event | None, where: Where | None = None) -> str:
    if event is None:
        return "nothing more at this point"
    if isinstance(event, Scheduled):
        place, line = where.shown() if where is not None else (event.where, event.line)
        what = f"{event.kind} {event.name}".strip() + f" at position {event.position}"
        arguments = f", arguments {event.digest.hex()}" if event.digest else ""
        return f"{what}{arguments}" + (f"  {place}: {line}" if place else "")
    return f"{type(event).__name__.lower()} {msgspec.to_builtins(event)[1:]}"
