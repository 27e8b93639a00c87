"""A call in workflow code that nobody has awaited yet."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeAlias, TypeVar

from runtime_min.execution import Execution, Where
from runtime_min.journal import Kind
from runtime_min.loop import Disposed, WorkflowFuture, WorkflowLoop, running
from runtime_min.profiles import active, switch_off, switch_on

T = TypeVar("T")

# What a call gives, for type checkers. Without `Any`, since mypy gives up on overloaded functions where the
# type of an argument has one inside, and `asyncio.gather` would give anything.
Asked: TypeAlias = Coroutine[object, None, T]

_log = logging.getLogger("runtime_min")


class _Begun(Coroutine[Any, Any, Any]):
    """A call that is awaited; one that is not has a finalizer, which would cost each step a call."""

    __slots__ = ("_begun", "_iterator", "_loop", "_name", "_order", "_schedule")

    def __init__(self, loop: WorkflowLoop, name: str, schedule: Callable[[], WorkflowFuture[Any]]) -> None:
        self._begun = loop.disposed
        if loop.disposed:
            raise Disposed
        self._loop = loop
        self._name = name
        self._order = loop.next_order()
        self._schedule = schedule
        self._iterator: Generator[Any, Any, Any] | None = None

    def __hash__(self) -> int:
        return self._order

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._begun:
            raise RuntimeError("cannot reuse already awaited coroutine")
        self._begun = True
        self.__class__ = _Begun
        profile = self._loop.profile
        if profile is not None and active() is profile:
            switch_off()
        else:
            profile = None
        try:
            return iter(self._schedule())
        finally:
            if profile is not None:
                switch_on(profile)

    def send(self, value: Any, /) -> Any:
        if self._iterator is None:
            self._iterator = self.__await__()
        return self._iterator.send(value)

    def throw(self, *exception: Any) -> Any:
        if self._iterator is None:
            self._begun = True
            raise exception[1] if len(exception) > 1 and exception[1] is not None else exception[0]
        return self._iterator.throw(*exception)

    def close(self) -> None:
        self._begun = True
        if self._iterator is not None:
            self._iterator.close()


class Call(_Begun):
    """A call of a step, timer or child that nobody has awaited yet.

    A coroutine of our own, since a native one hashes by its address: `asyncio.as_completed` keeps sets of
    them.
    """

    __slots__ = ()

    def __del__(self) -> None:
        if not self._begun and not self._loop.disposed and not self._loop.execution.replaying:
            place = self._loop.execution.id
            _log.warning("in workflow %s: %s was never awaited, so nothing happened", place, self._name)


def asking(
    execution: Execution,
    kind: Kind,
    name: str,
    plain: bytes,
    *,
    target: str,
    result: object = None,
    said: str = "",
) -> Call:
    """A call for what is no step (see `Execution.schedule`); messages name it `said`."""
    schedule = functools.partial(_ask, kind, name, plain, Where.of_caller(), target, result)
    return Call(execution.loop, said or f"{kind} {name}".strip(), schedule)


def _ask(
    kind: Kind, name: str, plain: bytes, where: Where, target: str, result: object
) -> WorkflowFuture[Any]:
    loop = running()
    assert loop is not None, "a call is awaited where it was made"
    return loop.execution.schedule(kind, name, plain, where, target=target, result=result)
