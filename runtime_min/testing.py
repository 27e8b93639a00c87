"""Tests of workflows: recorded runs against today's code, and runs with time skipped and steps replaced.

    def test_old_runs_still_replay() -> None:
        replay("tests/histories/trial-7.json")

    async def test_the_trial_ends_after_30_days() -> None:
        async with environment() as env:
            env.replace(send_mail, lambda to, text: None)
            handle = await env.start(pro_trial, "ada@example.org")
            assert await handle.result() == "ended"  # takes milliseconds
            assert [call.args[0] for call in env.calls_of(send_mail)] == ["ada@example.org"]

With pytest, the fixture `workflow_runtime` gives such an environment. `verify` looks for nondeterminism
that shows only in another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

import msgspec

from runtime_min import client, colors
from runtime_min.attempts import Attempts
from runtime_min.backend import Backend, Filter, Run
from runtime_min.client import Handle, Runtime
from runtime_min.codec import Codec, JsonCodec
from runtime_min.colors import Step, Workflow
from runtime_min.context import current_step
from runtime_min.errors import ColorError, RuntimeMinError, WorkflowBlocked, WorkflowNotFound
from runtime_min.execution import Execution
from runtime_min.guard import Guard, Mode
from runtime_min.history import History
from runtime_min.memory import MemoryBackend
from runtime_min.verification import verify
from runtime_min.worker import Worker

__all__ = ["START", "Environment", "SkippingClock", "StepCall", "environment", "replay", "verify"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

START = datetime(2030, 1, 1, tzinfo=UTC)

# How often in a row nothing at all may be left to do until `Environment.run` believes it.
_ROUNDS_STUCK = 3
_POLL = 0.05


def replay(
    history: History | str | os.PathLike[str],
    workflows: Sequence[Workflow[..., Any]] | Mapping[str, Workflow[..., Any]] | None = None,
    codec: Codec | None = None,
    *,
    guard: Mode = "error",
) -> Any:
    """Run today's code against a recorded history, without running any step.

    Args:
        history: the object, its JSON text, or the path of an exported file.
        workflows: those to find the run's workflow among; all that this process has defined if None.
        codec: with which the values were stored; see `History.unsealed`.
        guard: as for `Runtime`.

    Returns:
        The result of a run that completed, as today's code reads it; None for all other runs.

    Raises:
        NonDeterminismError: the code does something else than what is recorded.
        HistoryError: the file or text is no history.
        WorkflowNotFound: there is no workflow of the run's name and version.
    """
    found = _history(history)
    flow = _workflow(found, workflows)
    codec = codec or JsonCodec()
    watcher = Guard(guard)
    execution = Execution(flow, found.id, codec, watcher, found.generation)
    try:
        execution.replay(found.events)
        closed = found.closed
        if closed is None or closed.ending != "completed":
            return None
        return codec.decode(codec.unseal(closed.value), flow.parameters.result)
    finally:
        execution.dispose()
        watcher.close()


def _history(history: History | str | os.PathLike[str]) -> History:
    if isinstance(history, History):
        return history
    if isinstance(history, str) and history.lstrip("\ufeff \t\r\n").startswith("{"):
        return History.load(history)
    return History.load_file(history)


def _workflow(
    history: History, workflows: Sequence[Workflow[..., Any]] | Mapping[str, Workflow[..., Any]] | None
) -> Workflow[..., Any]:
    if workflows is None:
        workflows = colors.workflows()
    known = workflows if isinstance(workflows, Mapping) else {flow.key: flow for flow in workflows}
    flow = known.get(history.workflow)
    if flow is None:
        names = ", ".join(f"`{name}`" for name in sorted(known)) or "none"
        raise WorkflowNotFound(
            f"`{history.id}` is a run of the workflow `{history.workflow}`, which is not defined here "
            f"(but {names}); import its module first"
        )
    return flow


class SkippingClock:
    """A clock that stands still, except that it jumps to what comes next when nothing else is left to do.

    It does so only while somebody waits for a result, or asks it to `advance`: a test that starts a
    workflow and looks around sees no time pass. So it is also the same time in each run of the test. A real
    timer of the test does not hold it back: who waits for a result in one task and sends a signal a second
    later from another one sends it in the far future.
    """

    def __init__(self, start: datetime = START) -> None:
        self._now = start.timestamp()
        self._target: float | None = None
        self._reached: asyncio.Future[None] | None = None
        self.waiting: Callable[[], bool] = lambda: False
        self.rounds_stuck = 0

    def now(self) -> float:
        return self._now

    def idle(self, until: float) -> bool:
        if self._target is not None:
            if until <= self._target:
                return self._jump(until)
            self._now, self._target = max(self._now, self._target), None
            if self._reached is not None and not self._reached.done():
                self._reached.set_result(None)
            return False
        if not self.waiting():
            return False
        if until == float("inf"):
            self.rounds_stuck += 1
            return False
        return self._jump(until)

    def _jump(self, until: float) -> bool:
        self.rounds_stuck = 0
        self._now = max(self._now, until)
        return True

    async def advance(self, duration: timedelta) -> None:
        """Let so much time pass; what comes due on the way is done, and the clock waits for its steps."""
        if self._target is not None:
            raise RuntimeMinError("another task advances this clock right now")
        self._target = self._now + duration.total_seconds()
        self._reached = asyncio.get_running_loop().create_future()
        try:
            await self._reached
        finally:
            self._target = self._reached = None


class StepCall(msgspec.Struct, frozen=True):
    """An attempt at a step, real or replaced.

    Attributes:
        step: its name.
        args, kwargs: what it was called with, without the instance of a method.
        id: of the run that asked for it.
        attempt: 1 for the first.
    """

    step: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    id: str
    attempt: int


class Environment(Runtime):
    """A `Runtime` for tests: in memory, with a clock that skips time and steps that can be replaced.

    In asynchronous tests, `async with` it, or just `await env.start(...)` (then close it at the end). In
    synchronous ones, `with` it: `run` and `complete` do everything, on an event loop that the environment
    keeps until `close_now`.

    Args:
        database: a backend or path to use instead of memory.
        start: what the clock says at first.
        real_steps: False makes a step that is not replaced fail, so that a test cannot send a mail by
            accident.
        codec, guard, concurrency, only: as for `Runtime`.

    Attributes:
        calls: all attempts at steps, in the order of their beginning.
    """

    def __init__(
        self,
        database: str | os.PathLike[str] | Backend | None = None,
        *,
        start: datetime = START,
        real_steps: bool = True,
        codec: Codec | None = None,
        guard: Mode = "error",
        concurrency: int = 64,
        only: Sequence[Workflow[..., Any]] | None = None,
    ) -> None:
        clock = SkippingClock(start)
        super().__init__(
            MemoryBackend() if database is None else database,
            codec=codec,
            guard=guard,
            concurrency=concurrency,
            only=only,
            clock=clock,
        )
        self.calls: list[StepCall] = []
        self._skipping = clock
        self._real_steps = real_steps
        self._replacements: dict[str, Callable[..., Any]] = {}
        self._missing: dict[str, str] = {}  # id of a run → the step that it asked for
        self._runner: asyncio.Runner | None = None
        self._home: asyncio.AbstractEventLoop | None = None
        # A blocked run is tried again after a while, which would be skipped without end.
        clock.waiting = lambda: self.waiting > 0 and self._blocked() is None

    # Steps.

    def replace(self, step: Step[..., R], function: Callable[..., R | Awaitable[R]]) -> None:
        """Call this instead of the step from now on; it may be `async` or not, and may raise.

        It takes what the step takes, for a method (`Trial.charge`) with the instance first. What it returns
        is stored as the step's result, and what it raises is retried as the step says.
        """
        if not isinstance(step, Step):
            raise ColorError(f"`replace` takes a step, and {step!r} is none")
        if not callable(function):
            raise ColorError(f"`{step.name}` is to be replaced by a function, and {function!r} is none")
        _refuse_misfit(step, function)
        self._replacements[step.name] = function

    def restore(self, step: Step[..., Any]) -> None:
        """Call the step itself again."""
        self._replacements.pop(step.name, None)

    def calls_of(self, step: Step[..., Any]) -> list[StepCall]:
        """The attempts at one step."""
        return [call for call in self.calls if call.step == step.name]

    # Time.

    @property
    def time(self) -> datetime:
        """What the clock says, in UTC."""
        return datetime.fromtimestamp(self._skipping.now(), UTC)

    async def advance(self, duration: timedelta) -> None:
        """Let so much time pass, with all that happens meanwhile.

        When this returns, nothing is left to do before that time; with `timedelta(0)`, nothing now.
        """
        self.open()
        assert self._worker is not None, "an environment works"
        self._worker.nudge()
        await self._skipping.advance(duration)

    # From asynchronous tests.

    def open(self) -> None:
        """Begin to work on the running event loop; done when first needed."""
        loop = asyncio.get_running_loop()
        if self._home is None:
            super().open()
            self._home = loop
        elif self._home is not loop:
            raise RuntimeMinError("this environment is on another event loop; open one in each test")

    async def start(self, flow: Workflow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """As the function `start`, here."""
        self.open()
        return await super().start(flow, *args, **kwargs)

    async def close(self) -> None:
        """Stop working. What was stored stays; the environment can be opened again, as after a restart."""
        try:
            await super().close()
        finally:
            self._home = None

    # From synchronous tests.

    def run(self, flow: Workflow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Start a workflow, let it end, and return its result.

        Raises:
            WorkflowFailed, WorkflowCancelled: how it ended.
            WorkflowBlocked: it cannot go on, such as after `EffectInWorkflow`.
            RuntimeMinError: it waits for something that nobody sends; use `start` and signals, with
                `complete`.
        """

        async def run() -> R:
            return await (await self.start(flow, *args, **kwargs)).result()

        return self.complete(run())

    def complete(self, awaitable: Awaitable[T]) -> T:
        """Run something on the environment's event loop: `env.complete(handle.signal(approved, True))`."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
            raise RuntimeMinError("`run` and `complete` are for synchronous code; here, `await` it")
        if self._runner is None:
            # With a factory, so that it does not become anybody else's loop.
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        return self._runner.run(self._completed(awaitable))

    def __enter__(self) -> Self:
        self._entered = contextlib.ExitStack()
        self._entered.callback(self.close_now)
        self._entered.enter_context(self.current())
        return self

    def __exit__(self, *exception: object) -> None:
        self._entered.close()

    def close_now(self) -> None:
        """`close`, from synchronous code: on its own loop, or that of an asynchronous test that is over."""
        home, runner = self._home, self._runner
        self._runner = None
        if runner is not None:
            with runner:
                runner.run(self.close())
        elif home is not None and not home.is_closed() and not home.is_running():
            home.run_until_complete(self.close())
        elif home is not None:
            # A loop that is closed has cancelled the worker; one that runs will end it soon.
            if self._task is not None and not home.is_closed():
                self._task.cancel()
            if self._guard is not None:
                self._guard.close()
        self._home = None

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """Within, the functions `start` and the handles use this environment."""
        token = _current.set(self)
        try:
            yield
        finally:
            # The end of a fixture may run in another context, of which nothing has to be undone.
            with contextlib.suppress(ValueError):
                _current.reset(token)

    async def ended(self, id: str) -> Run:
        if current_step.get(None) is not None:
            # It is a step that waits, on behalf of a workflow, and not the test: no reason to skip time.
            self.waiting -= 1
            try:
                return await super().ended(id)
            finally:
                self.waiting += 1
        self._skipping.rounds_stuck = 0
        waiting = asyncio.ensure_future(super().ended(id))
        try:
            while not (await asyncio.wait({waiting}, timeout=_POLL))[0]:
                self._raise_if_stuck(id)
            run = await waiting
        finally:
            waiting.cancel()
        if id in self._missing and run.state == "completed":
            raise ColorError(f"{self._missing[id]}; the workflow `{id}` handles its failure, and went on")
        return run

    async def _completed(self, awaitable: Awaitable[T]) -> T:
        self.open()
        with self.current():
            return await awaitable

    def _raise_if_stuck(self, id: str) -> None:
        """A test that would never end says so instead."""
        blocked = self._blocked()
        if blocked is not None:
            raise WorkflowBlocked(f"workflow `{blocked.id}` cannot go on: {blocked.problem}")
        # In synchronous code there are just this task, the one that it waits for and the worker's: nobody
        # else is there who could send something.
        if (
            self._runner is not None
            and self._skipping.rounds_stuck >= _ROUNDS_STUCK
            and len(asyncio.all_tasks()) <= 3
        ):
            raise RuntimeMinError(
                f"workflow `{id}` waits for something that nobody sends, such as a signal; start it with "
                "`env.complete(env.start(...))`, and send with `env.complete(handle.signal(...))`; `verify` "
                "takes `signals=[(signal, value)]`"
            )

    def _blocked(self) -> Run | None:
        return next((run for run in self.backend.runs(Filter(state="running")) if run.problem), None)

    def function_for(self, step: Step[..., Any]) -> Callable[..., Any] | None:
        """What is called instead of a step, if anything.

        Raises:
            ColorError: it has to be replaced, and is not.
        """
        function = self._replacements.get(step.name)
        if function is None and not self._real_steps and not step.name.startswith("runtime_min."):
            problem = f"the test did not replace the step `{step.name}`; `env.replace` does"
            asking = current_step.get(None)
            if asking is not None:
                self._missing.setdefault(asking.id, problem)
            raise ColorError(problem)
        return function


def _refuse_misfit(step: Step[..., Any], function: Callable[..., Any]) -> None:
    """Raises ColorError if the function cannot take the step's arguments, however they are passed."""
    try:
        theirs = inspect.signature(function)
    except (TypeError, ValueError):
        return
    ours = inspect.signature(step.fn)
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in ours.parameters.values()):
        return
    for args, kwargs in _calls(ours.parameters.values(), theirs.parameters):
        with contextlib.suppress(TypeError):
            theirs.bind(*args, **dict.fromkeys(kwargs))
            return
    raise ColorError(f"the replacement of `{step.name}` takes {theirs}, and the step {ours}")


def _calls(
    parameters: Iterable[inspect.Parameter], told: Container[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Ways to call a step: what is passed by place, and what by name.

    `told`: names that the replacement has. Parameters with a default are passed all, or those, or none.
    """
    every = list(parameters)
    for passed in (
        every,
        [one for one in every if one.default is one.empty or one.name in told],
        [one for one in every if one.default is one.empty],
    ):
        placed = [one for one in passed if one.kind is not one.KEYWORD_ONLY]
        for count in range(len(placed), -1, -1):
            if all(one.kind is not one.POSITIONAL_ONLY for one in placed[count:]):
                given = [one.name for one in placed[:count]]
                yield given, [one.name for one in passed if one.name not in given]


class _TestAttempts(Attempts):
    """Records the calls of steps, and calls their replacements."""

    async def call(self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        env = client.current_runtime()
        assert isinstance(env, Environment), "the worker works for its runtime"
        here = current_step.get()
        if not step.name.startswith("runtime_min."):
            env.calls.append(StepCall(step.name, args, kwargs, here.id, here.attempt))
        function = env.function_for(step)
        if function is None:
            return await super().call(step, args, kwargs)
        async with asyncio.timeout(step.timeout):
            call = function if step.instance is None else partial(function, step.instance)
            result = call(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result


class _TestWorker(Worker):
    """A worker that looks after each step whether time can be skipped: at once, not at the next poll."""

    attempts_type = _TestAttempts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempts.freed = self._wake.set


Environment.worker_type = _TestWorker


# Used as `async with environment() as env:`, or `with` in synchronous code.
environment = Environment

_current: ContextVar[Runtime | None] = client._current
