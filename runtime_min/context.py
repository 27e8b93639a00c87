"""What code can learn about the run or step that it is in."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import msgspec

from runtime_min.errors import ColorError
from runtime_min.execution import Execution
from runtime_min.loop import running


class Info(msgspec.Struct, frozen=True):
    """Where code runs.

    Attributes:
        id: of the workflow's run.
        workflow: the workflow's name.
        step: the step's name; "" in workflow code.
        position: of the step in its run; see `key`.
            -1 in workflow code.
        attempt: 1 for the first attempt at the step; 0 in workflow code.
        generation: of the run, for a step.
    """

    id: str
    workflow: str
    step: str = ""
    position: int = -1
    attempt: int = 0
    generation: int = 0

    @property
    def key(self) -> str:
        """An idempotency key for what the step does elsewhere, the same for each attempt."""
        generation = f"#{self.generation}" if self.generation else ""
        return f"{self.id}{generation}/{self.position}"


current_step: ContextVar[Info] = ContextVar("runtime_min_step")


def info() -> Info:
    """Where the caller runs.

    Raises:
        ColorError: in plain code.
    """
    loop = running()
    if loop is not None:
        return Info(loop.execution.id, loop.execution.flow.name)
    found = current_step.get(None)
    if found is None:
        raise ColorError("info() is for workflows and steps; plain code has no run")
    return found


def current_execution(name: str) -> Execution:
    """The execution whose workflow code is running.

    Raises:
        ColorError: it is not workflow code; the message names the primitive that was called.
    """
    loop = running()
    if loop is None:
        raise ColorError(f"`{name}` works in workflow code only; this is plain or step code")
    return loop.execution


class _OncePerRun(logging.LoggerAdapter[logging.Logger]):
    """A logger that is silent while a workflow is replayed."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name is logging's
        loop = running()
        if loop is not None and (loop.execution.replaying or loop.execution.silent):
            return False
        return self.logger.isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        loop = running()
        found = Info(loop.execution.id, "") if loop is not None else current_step.get(None)
        return (f"[{found.id}] {msg}" if found is not None else msg), kwargs


logger = _OncePerRun(logging.getLogger("runtime_min.workflow"), {})
"""Logs from workflows and steps, with the run's id, and from a workflow only when a line is reached first."""
