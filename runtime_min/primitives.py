"""What workflow code uses in place of the clock, randomness and waiting; each is the same on every replay."""

from __future__ import annotations

import functools
from datetime import datetime
from random import Random
from typing import Any, NoReturn, ParamSpec, TypeVar
from uuid import UUID

from runtime_min import policy
from runtime_min.calls import Asked, Call, asking
from runtime_min.colors import Signal, Workflow, check_signal, check_startable
from runtime_min.context import current_execution
from runtime_min.errors import ContinueAsNew
from runtime_min.execution import Where
from runtime_min.loop import WorkflowFuture, WorkflowTimer

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def now() -> datetime:
    """The workflow's time, in UTC: that of the event which it handles right now."""
    return current_execution("now").now()


def random() -> Random:
    """The run's random numbers, from a seed in its history. Deterministic, so never secret."""
    return current_execution("random").random


def uuid4() -> UUID:
    """A UUID that is random, but the same on each replay."""
    return current_execution("uuid4").uuid4()


def sleep(duration: policy.Duration) -> Asked[None]:
    """Wait for so many seconds, or a `timedelta`: days and process deaths later, too."""
    execution = current_execution("sleep")
    return Call(
        execution.loop, "a timer", functools.partial(_sleep, policy.seconds(duration), Where.of_caller())
    )


def wait_signal(signal: Signal[T]) -> Asked[T]:
    """The next value of this signal; values wait in the order in which they arrived."""
    check_signal(signal)
    return current_execution("wait_signal").wait_signal(signal)


def child(flow: Workflow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Asked[R]:
    """Start another workflow and wait for its result.

    Without an id of its own (`flow.options(id=...)`) the child's is made of the parent's. Cancelling the wait
    cancels the child.

    Raises (when awaited):
        WorkflowFailed: the child raised.
        WorkflowCancelled: the child was cancelled.
        AlreadyStarted: another run has the child's id.
        NotStorable: for an argument that cannot be recorded.
    """
    execution = current_execution("child")
    check_startable(flow)
    plain = flow.parameters.encode(execution.codec, args, kwargs)
    target, result = flow.id or "", flow.parameters.result
    return asking(
        execution, "child", flow.key, plain, target=target, result=result, said=f"child `{flow.name}`"
    )


def patched(id: str) -> bool:
    """Whether to take changed code: yes in runs that get here with it, no in those that went by before."""
    return current_execution("patched").patched(id)


def continue_as_new(*args: Any, **kwargs: Any) -> NoReturn:
    """End this run and start its next generation with these arguments, an empty history and the same id.

    Signals that arrived and were not used go with it.

    Raises:
        TypeError: for arguments that do not fit the workflow.
        NotStorable: for an argument that cannot be recorded.
    """
    execution = current_execution("continue_as_new")
    raise ContinueAsNew(execution.flow.parameters.encode(execution.codec, args, kwargs))


def _sleep(duration: float, where: Where) -> WorkflowFuture[None]:
    execution = current_execution("sleep")
    future = _Sleep(loop=execution.loop)
    when = execution.time + max(duration, 0.0)
    future.timer = execution.loop.call_at(when, _wake, future, where=where)
    return future


class _Sleep(WorkflowFuture[None]):
    """Cancelling the wait cancels the timer."""

    timer: WorkflowTimer

    def cancel(self, msg: Any = None) -> bool:
        self.timer.cancel()
        return super().cancel(msg)


def _wake(future: WorkflowFuture[None]) -> None:
    if not future.done():
        future.set_result(None)
