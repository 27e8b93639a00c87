"""How the tests run a function as a workflow."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from runtime_min.errors import EffectInWorkflow
from runtime_min.guard import Guard


def run(guard: Guard, function: Callable[..., Any], *args: Any) -> Any:
    """Run a function inside of the guard; a coroutine to its end, which it must reach without waiting."""
    guard.watch(function)
    with guard:
        result = function(*args)
        if not inspect.iscoroutine(result):
            return result
        try:
            result.send(None)
        except StopIteration as stop:
            return stop.value
        finally:
            result.close()
    raise AssertionError("it waits")


def refused(guard: Guard, function: Callable[..., Any], *args: Any) -> str:
    """The message with which the guard refuses it."""
    with pytest.raises(EffectInWorkflow) as caught:
        run(guard, function, *args)
    return str(caught.value)
