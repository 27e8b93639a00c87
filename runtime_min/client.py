"""What plain code uses: a `Runtime` on a database, `start`, and the `Handle` of a run."""

from __future__ import annotations

import asyncio
import builtins
import functools
import math
import os
import secrets
import weakref
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token, copy_context
from typing import Any, ClassVar, Generic, ParamSpec, Self, TypeVar, overload

import msgspec

from runtime_min import journal
from runtime_min.backend import Backend, Filter, Message, NewRun, Run, State, same_name
from runtime_min.calls import Asked
from runtime_min.clock import Clock, SystemClock
from runtime_min.codec import Codec, JsonCodec
from runtime_min.colors import (
    Query,
    Signal,
    Workflow,
    check_signal,
    check_startable,
    find_query,
    workflows,
)
from runtime_min.errors import (
    AlreadyStarted,
    ColorError,
    RuntimeMinError,
    WorkflowBlocked,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
)
from runtime_min.execution import Execution
from runtime_min.guard import Guard, Mode
from runtime_min.journal import Closed, Received, Started
from runtime_min.loop import running
from runtime_min.sqlite import SqliteBackend
from runtime_min.worker import SECONDS_PER_WAIT, Worker

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
T = TypeVar("T")

DATABASE_VARIABLE = "RUNTIME_MIN_DB"
DEFAULT_DATABASE = "runtime_min.sqlite"

# How often another process's progress is looked for, at first and in the end.
_POLL = (0.005, 0.1)


class Description(msgspec.Struct, frozen=True):
    """What is known of a run from outside.

    Attributes:
        generation: how often it went on as new.
        events: the length of its history.
        problem: why it cannot go on at present; "" if nothing.
    """

    id: str
    workflow: str
    state: State
    generation: int
    created: float
    closed: float | None
    events: int
    problem: str


class Runtime:
    """A database with workflows, and a worker of this process that runs them.

    Use it as `async with Runtime("app.sqlite"):`; inside, `start` uses it. Without one, `start` opens the
    file named by the environment variable RUNTIME_MIN_DB, or `runtime_min.sqlite`, for as long as the event
    loop runs.

    Args:
        database: a path, or a backend.
        codec: how values are stored.
        guard: "error" raises `EffectInWorkflow` where workflow code calls something nondeterministic,
            "warn" warns, "off" lets it.
        concurrency: how many steps run at once in this process.
        lease: seconds after which other processes take over what this one holds if it gives no sign of life.
        work: False for a process that only starts, asks and waits.
        only: the workflows that this process runs; all that it has defined if None.
        clock: for tests.
    """

    worker_type: ClassVar[type[Worker]] = Worker

    def __init__(
        self,
        database: str | os.PathLike[str] | Backend | None = None,
        *,
        codec: Codec | None = None,
        guard: Mode = "error",
        concurrency: int = 64,
        lease: float = 10.0,
        work: bool = True,
        only: Sequence[Workflow[..., Any]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if concurrency < 1 or not 0 < lease < math.inf:
            raise ValueError("a Runtime needs concurrency >= 1 and a finite lease > 0")
        self.codec = codec or JsonCodec()
        self.clock = clock or SystemClock()
        self.waiting = 0
        self._database = database
        self._guard_mode = guard
        self._concurrency = concurrency
        self._lease = lease
        self._work = work
        self._only = only
        self._backend: Backend | None = None
        self._worker: Worker | None = None
        self._task: asyncio.Task[None] | None = None
        self._guard: Guard | None = None
        self._token: Token[Runtime | None] | None = None

    async def __aenter__(self) -> Self:
        self.open()
        self._token = _current.set(self)
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
        await self.close()

    def open(self) -> None:
        """Open the database and begin to work; what `async with` does.

        Raises:
            StorageError: it cannot be opened.
        """
        self._backend = self._open_backend()
        self._guard = Guard(self._guard_mode)
        if not self._work:
            return
        context = copy_context()
        context.run(_current.set, self)
        self._worker = context.run(
            functools.partial(
                self.worker_type,
                self._backend,
                workflows=self._served(),
                codec=self.codec,
                guard=self._guard,
                clock=self.clock,
                concurrency=self._concurrency,
                lease=self._lease,
            )
        )
        self._task = asyncio.get_running_loop().create_task(self._worker.run(), context=context)

    async def close(self) -> None:
        """Stop working, give back what this process holds, and close the database."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._worker = None
        if self._guard is not None:
            self._guard.close()
        if self._backend is not None and self._backend is not self._database:
            self._backend.close()
        self._backend = None

    @property
    def failure(self) -> BaseException | None:
        """What ended the worker of this process, if it did not end by itself."""
        task = self._task
        return task.exception() if task is not None and task.done() and not task.cancelled() else None

    @property
    def backend(self) -> Backend:
        """The storage.

        Raises:
            RuntimeMinError: the runtime is not open.
        """
        if self._backend is None:
            raise RuntimeMinError("this Runtime is not open; write `async with Runtime(...):`")
        return self._backend

    async def start(self, flow: Workflow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """As the function `start`, in this runtime."""
        check_startable(flow)
        plain = flow.parameters.encode(self.codec, args, kwargs)
        now = self.clock.now()
        started = journal.encode(
            Started(flow.key, flow.version, self.codec.seal(plain), secrets.randbits(63), now)
        )
        new = NewRun(flow.id or secrets.token_hex(8), flow.key, flow.version, started, now)
        worker = self._worker
        adopting = worker is not None and worker.has_room(flow)
        run, created = self.backend.create(new, worker.name if worker is not None and adopting else None)
        if created and worker is not None:
            if adopting:
                worker.adopt(run, started)
            else:
                worker.nudge()
        if not same_name(run, flow.key):
            raise AlreadyStarted(
                f"`{run.id}` is a run of `{run.workflow}`, so none of `{flow.key}` was started"
            )
        return Handle(run.id, flow, self)

    @overload
    def handle(self, id: str, flow: Workflow[..., R]) -> Handle[R]: ...
    @overload
    def handle(self, id: str, flow: None = None) -> Handle[Any]: ...
    def handle(self, id: str, flow: Workflow[..., Any] | None = None) -> Handle[Any]:
        """The handle of a run that was started before; `flow` gives the result its type."""
        return Handle(id, flow, self)

    def list(self, filter: Filter | None = None) -> builtins.list[Description]:
        """Runs, newest first."""
        return [_described(run) for run in self.backend.runs(filter or Filter())]

    def run_of(self, id: str) -> Run:
        """The newest run of an id.

        Raises:
            WorkflowNotFound: there is none.
        """
        run = self.backend.find(id)
        if run is None:
            raise WorkflowNotFound(f"no workflow has the id `{id}`")
        return run

    def send(self, id: str, event: Received) -> None:
        """Put an event into a run's inbox.

        Raises:
            WorkflowNotFound: no run of that id is running.
        """
        if not self.backend.send(Message(journal.encode(event), event.at, id=id)):
            state = self.run_of(id).state.replace("running", "imported")  # and never run
            raise WorkflowNotFound(f"workflow `{id}` is {state}, so nothing reaches it any more")
        if self._worker is not None:
            self._worker.nudge()

    async def ended(self, id: str) -> Run:
        """Wait until a run ends, through all its generations.

        Raises:
            WorkflowNotFound: there is none.
            WorkflowBlocked: it cannot go on with the code as it is.
        """
        self.waiting += 1
        pause = _POLL[0]
        try:
            while True:
                run = self.run_of(id)
                if run.state not in ("running", "continued"):
                    return run
                if run.problem and (self._worker is None or self._worker.retried):
                    raise WorkflowBlocked(f"workflow `{id}` cannot go on: {run.problem}")
                await self._progress(id, pause)
                pause = min(pause * 1.5, _POLL[1])
        finally:
            self.waiting -= 1

    async def _progress(self, id: str, pause: float) -> None:
        if self._worker is None:
            await asyncio.sleep(max(pause, self.waiting * SECONDS_PER_WAIT))
            return
        if self._task is not None and self._task.done():
            # What ended the worker would be lost with it, and the wait would never end.
            await self._task
            raise RuntimeMinError("the worker of this process has ended")
        await self._worker.progress(id)

    def replayed(self, id: str) -> Execution:
        """A run as it is in memory, rebuilt from its history."""
        run = self.run_of(id)
        flow = self._served().get(run.workflow)
        if flow is None:
            raise WorkflowNotFound(f"this process does not define the workflow `{run.workflow}` of `{id}`")
        guard = self._guard or Guard("off")
        execution = Execution(flow, run.id, self.codec, guard, run.generation)
        try:
            execution.replay(journal.decode_all(self.backend.history(run.number)), seen=True)
        except BaseException:
            execution.dispose()
            raise
        return execution

    def closing_of(self, run: Run) -> Closed:
        """How a run ended that did."""
        closed = journal.decode(self.backend.history(run.number, run.events - 1)[-1])
        assert isinstance(closed, Closed), "the last event of a closed run says how it ended"
        return closed

    def answer(self, id: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What a query says of a run, from a replay of it here; raises what `Handle.query` does."""
        execution = self.replayed(id)
        try:
            return find_query(execution, name).answer(execution, tuple(args), dict(kwargs))
        finally:
            execution.dispose()

    def _served(self) -> Mapping[str, Workflow[..., Any]]:
        return workflows() if self._only is None else {flow.key: flow for flow in self._only}

    def _open_backend(self) -> Backend:
        database = self._database
        if database is None:
            database = os.environ.get(DATABASE_VARIABLE, DEFAULT_DATABASE)
        return SqliteBackend(database) if isinstance(database, str | os.PathLike) else database


class Handle(Generic[R]):
    """A run that was started, in plain, step and workflow code alike.

    Attributes:
        id: of the run.
    """

    def __init__(self, id: str, flow: Workflow[..., R] | None = None, runtime: Runtime | None = None) -> None:
        self.id = id
        self._flow = flow
        self._runtime = runtime

    async def result(self) -> R:
        """Wait for the end and return the result.

        Raises:
            WorkflowFailed, WorkflowCancelled: how it ended.
            WorkflowBlocked: it cannot go on with the code as it is.
            WorkflowNotFound: there is no such run.
        """
        if running() is not None:
            from runtime_min.remote import result_of

            value: R = await result_of(self.id, self._flow)
            return value
        runtime = self._here()
        run = await runtime.ended(self.id)
        return outcome(run, runtime.closing_of(run), runtime.codec, self._flow)

    async def signal(self, signal: Signal[T], value: T) -> None:
        """Send a signal; it is stored when this returns.

        Raises:
            NotStorable: the value cannot be stored as the signal's type.
            WorkflowNotFound: no run of that id is running.
        """
        check_signal(signal)
        if running() is not None:
            from runtime_min.remote import send_signal

            await send_signal(self.id, signal, value)
            return
        runtime = self._here()
        data = runtime.codec.seal(runtime.codec.encode(value, signal.type))
        runtime.send(self.id, Received("signal", runtime.clock.now(), signal.name, data))

    @overload
    async def query(self, query: Query[Q, T], /, *args: Q.args, **kwargs: Q.kwargs) -> T: ...
    @overload
    async def query(self, query: str, /, *args: Any, **kwargs: Any) -> Any: ...
    async def query(self, query: Query[..., Any] | str, /, *args: Any, **kwargs: Any) -> Any:
        """Ask something of the run's state, also after its end. The answer comes from a replay here.

        Raises:
            WorkflowNotFound: no such run, or it has no such query.
        """
        name = query if isinstance(query, str) else query.name
        if running() is not None:
            from runtime_min.remote import ask

            return await ask(self.id, name, args, kwargs)
        return self._here().answer(self.id, name, args, kwargs)

    async def cancel(self) -> None:
        """Ask the run to stop: it sees `asyncio.CancelledError` where it waits, and may clean up.

        Raises:
            WorkflowNotFound: no run of that id is running.
        """
        if running() is not None:
            from runtime_min.remote import send_cancel

            await send_cancel(self.id)
            return
        runtime = self._here()
        runtime.send(self.id, Received("cancel", runtime.clock.now()))

    async def describe(self) -> Description:
        """How the run stands.

        Raises:
            WorkflowNotFound: there is no such run.
        """
        if running() is not None:
            from runtime_min.remote import describe

            return await describe(self.id)
        return _described(self._here().run_of(self.id))

    def _here(self) -> Runtime:
        return self._runtime or current_runtime()

    def __repr__(self) -> str:
        return f"<handle of workflow {self.id}>"


def start(flow: Workflow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Asked[Handle[R]]:
    """Start a workflow and return its handle; the run is stored by then.

    `await start(trial.options(id="trial-7"), user)` starts at most one run of that id, and otherwise gives
    the handle of the one that exists. In workflow code the new run is independent of the one that starts it.

    Raises (when awaited):
        TypeError: the arguments do not fit.
        NotStorable: for an argument that cannot be recorded.
        ColorError: `flow` is not a workflow.
        AlreadyStarted: its id is that of a run of another workflow.
    """
    if running() is not None:
        from runtime_min.remote import start_from_workflow

        return start_from_workflow(flow, args, kwargs)
    return current_runtime().start(flow, *args, **kwargs)


def current_runtime() -> Runtime:
    """The runtime around the caller, or the one on the default database, opened when first needed."""
    found = _current.get()
    if found is not None:
        return found
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise ColorError(
            "this needs an event loop: write it in an `async def main()`, and run `asyncio.run(main())`"
        ) from None
    runtime = _defaults.get(loop)
    if runtime is None:
        runtime = _defaults[loop] = Runtime()
        runtime.open()
    return runtime


def outcome(run: Run, closed: Closed, codec: Codec, flow: Workflow[..., R] | None) -> R:
    """The result of a closed run, or how it ended as an exception."""
    if closed.ending == "cancelled":
        raise WorkflowCancelled(f"workflow `{run.id}` was cancelled")
    if closed.failure is not None:
        failure = closed.failure
        raise WorkflowFailed(
            run.workflow, failure.kind, failure.bases, failure.text, failure.trace, failure.attempts
        )
    return codec.decode(codec.unseal(closed.value), flow.parameters.result if flow is not None else Any)  # type: ignore[no-any-return]


def _described(run: Run) -> Description:
    return Description(
        run.id, run.workflow, run.state, run.generation, run.created, run.closed, run.events, run.problem
    )


_current: ContextVar[Runtime | None] = ContextVar("runtime_min_runtime", default=None)
_defaults: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Runtime] = weakref.WeakKeyDictionary()
