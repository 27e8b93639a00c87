"""Joins what several topics have to say about one call into the one hook that mypy takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from mypy.plugin import FunctionContext, MethodContext
from mypy.types import Type

from mypy_plugin.names import Names

Context = TypeVar("Context", FunctionContext, MethodContext)

#: Names → full name → what gives the type at that place, or None.
Topic = Callable[[Names, str], Callable[[Context], Type] | None]


class Hooks(Generic[Context]):
    """The hooks of one kind, looked up once for each full name, since mypy asks at every call."""

    def __init__(self, names: Names, topics: Iterable[Topic[Context]], field: str) -> None:
        """`field`: the context's field with the type so far."""
        self._names = names
        self._topics: tuple[Topic[Context], ...] = tuple(topics)
        self._field = field
        self._known: dict[str, Callable[[Context], Type] | None] = {}

    def __call__(self, fullname: str) -> Callable[[Context], Type] | None:
        """The hook for a full name; None if no topic has one."""
        try:
            return self._known[fullname]
        except KeyError:
            found = [hook for topic in self._topics if (hook := topic(self._names, fullname)) is not None]
            hook = found[0] if len(found) == 1 else self._chain(found)
            self._known[fullname] = hook
            return hook

    def _chain(self, hooks: list[Callable[[Context], Type]]) -> Callable[[Context], Type] | None:
        if not hooks:
            return None

        def chained(context: Any) -> Type:
            result: Type = getattr(context, self._field)
            for hook in hooks:
                result = hook(context._replace(**{self._field: result}))
            return result

        return chained
