"""Joins what several topics have to say about one call into the one hook that mypy takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from mypy.plugin import FunctionContext, MethodContext
from mypy.types import Type

from mypy_plugin.failures import Failures
from mypy_plugin.names import Names

Context = TypeVar("Context", FunctionContext, MethodContext)

#: Names → full name → what gives the type at that place, or None.
Topic = Callable[[Names, str], Callable[[Context], Type] | None]


class Hooks(Generic[Context]):
    """The hooks of one kind, looked up once for each full name, since mypy asks at every call."""

    def __init__(self, names: Names, topics: Iterable[Topic[Context]], failures: Failures) -> None:
        """If a topic fails, the type stays as it was before it."""
        self._names = names
        self._failures = failures
        self._topics: tuple[Topic[Context], ...] = tuple(topics)
        self._known: dict[str, Callable[[Context], Type] | None] = {}

    def __call__(self, fullname: str) -> Callable[[Context], Type] | None:
        """The hook for a full name; None if no topic has one."""
        try:
            return self._known[fullname]
        except KeyError:
            found = [hook for topic in self._topics if (hook := topic(self._names, fullname)) is not None]
            hook = self._chain(found)
            self._known[fullname] = hook
            return hook

    def _chain(self, hooks: list[Callable[[Context], Type]]) -> Callable[[Context], Type] | None:
        if not hooks:
            return None

        def chained(context: Any) -> Type:
            result: Type = context.default_return_type
            try:
                result = hooks[0](context)
                for hook in hooks[1:]:
                    result = hook(context._replace(default_return_type=result))
            except Exception as error:  # noqa: BLE001 - in mypy it would be an "internal error", and the end
                self._failures.say(error)
            return result

        return chained
