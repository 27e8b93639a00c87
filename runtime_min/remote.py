"""What a workflow does with other runs: recorded, like everything that it asks for."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Coroutine
from typing import Any, TypeVar

from runtime_min import client
from runtime_min.backend import Run
from runtime_min.calls import Call, asking
from runtime_min.colors import Signal, Step, Workflow, check_startable
from runtime_min.context import current_execution
from runtime_min.errors import (
    StepFailed,
    WorkflowBlocked,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
)
from runtime_min.execution import Where
from runtime_min.policy import NO_RETRY

R = TypeVar("R")
T = TypeVar("T")

# How often a workflow that is waited for is looked at while it is blocked.
_POLL_BLOCKED = 1.0


def start_from_workflow(
    flow: Workflow[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Coroutine[Any, Any, client.Handle[R]]:
    """`start` in workflow code."""
    execution = current_execution("start")
    check_startable(flow)
    plain = flow.parameters.encode(execution.codec, args, kwargs)
    return _started(flow, asking(execution, "start", flow.key, plain, target=flow.id or ""))


async def _started(flow: Workflow[..., R], call: Call) -> client.Handle[R]:
    return client.Handle(await call, flow)


def send_signal(id: str, signal: Signal[T], value: T) -> Coroutine[Any, Any, None]:
    """`Handle.signal` in workflow code; stored in the same transaction, so sent once."""
    execution = current_execution("Handle.signal")
    return asking(execution, "signal", signal.name, execution.codec.encode(value, signal.type), target=id)


def send_cancel(id: str) -> Coroutine[Any, Any, None]:
    """`Handle.cancel` in workflow code."""
    return asking(current_execution("Handle.cancel"), "cancel", "", b"", target=id)


async def result_of(id: str, flow: Workflow[..., R] | None) -> R:
    """`Handle.result` in workflow code: a step that waits."""
    try:
        stored = await _step(_result, id)
    except StepFailed as error:
        # The other may itself have failed with one of these.
        if not error.is_a(WorkflowFailed):
            for kind in (WorkflowCancelled, WorkflowNotFound):
                if error.is_a(kind):
                    raise kind(error.text) from None
        name = id if flow is None else flow.name
        raise WorkflowFailed(name, error.kind, error.bases, error.text, error.trace, error.attempts) from None
    codec = current_execution("Handle.result").codec
    return codec.decode(stored, flow.parameters.result if flow is not None else Any)  # type: ignore[no-any-return]


def ask(id: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Coroutine[Any, Any, Any]:
    """`Handle.query` in workflow code."""
    return _step(_query, id, name, list(args), kwargs)


def describe(id: str) -> Coroutine[Any, Any, client.Description]:
    """`Handle.describe` in workflow code."""
    return _step(_describe, id)


def _step(step: Step[..., Any], *args: Any) -> Call:
    """A call of one of the steps here, of which the workflow's code is what is recorded as its place."""
    execution = current_execution(step.name)
    schedule = functools.partial(execution.schedule_step, step, args, {}, Where.of_caller())
    return Call(execution.loop, f"step `{step.name}`", schedule)


async def _wait_for_result(id: str) -> bytes:
    runtime = client.current_runtime()
    run = await _ended(runtime, id)
    closed = runtime.closing_of(run)
    client.outcome(run, closed, runtime.codec, None)
    return runtime.codec.unseal(closed.value)


async def _ended(runtime: client.Runtime, id: str) -> Run:
    """A workflow waits on for one that is blocked: when its code is mended, it will end."""
    while True:
        try:
            return await runtime.ended(id)
        except WorkflowBlocked:
            await asyncio.sleep(_POLL_BLOCKED)


async def _ask_query(id: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return client.current_runtime().answer(id, name, args, kwargs)


async def _look(id: str) -> client.Description:
    return await client.current_runtime().handle(id).describe()


_result: Step[[str], bytes] = Step(_wait_for_result, "runtime_min.result", NO_RETRY, None)
# Else steps could not run since all places are taken by waits for the workflows that need them.
_result.counts = False
_query: Step[[str, str, list[Any], dict[str, Any]], Any] = Step(
    _ask_query, "runtime_min.query", NO_RETRY, None
)
_describe: Step[[str], client.Description] = Step(_look, "runtime_min.describe", NO_RETRY, None)
