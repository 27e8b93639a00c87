"""Annotations as the codec sees them: evaluated, or known not to be."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, eq=False)
class Arguments:
    """The parameters of a function, as a type: of the pair of positional and keyword arguments.

    Attributes:
        function: its name, for messages.
        positional: names and types of the parameters that can be given by position.
        keywords: names and types of the parameters that can be given by name.
        more: the type of each of `*args`, or None.
        more_keywords: the type of each of `**kwargs`, or None.
    """

    function: str
    positional: tuple[tuple[str, object], ...]
    keywords: Mapping[str, object]
    more: object = None
    more_keywords: object = None


@dataclasses.dataclass(frozen=True)
class Unresolved:
    """An annotation that cannot be evaluated; counts as `Any`."""

    text: str


def hints_of(kind: Any) -> dict[str, object]:
    """The annotations that a class itself has, evaluated one by one."""
    raw = kind.__annotations__ if typing.is_typeddict(kind) else vars(kind).get("__annotations__", {})
    names = dict(vars(sys.modules.get(kind.__module__, types)))
    local = {variable.__name__: variable for variable in getattr(kind, "__type_params__", ())}
    local.setdefault(kind.__name__, kind)
    return {name: evaluate(hint, names, local) for name, hint in raw.items()}


def evaluate(hint: Any, names: Mapping[str, Any], local: Mapping[str, Any]) -> object:
    """An annotation with its strings evaluated; `Unresolved` if that fails."""
    holder = types.SimpleNamespace(__annotations__={"it": hint})
    try:
        return typing.get_type_hints(holder, dict(names), dict(local), include_extras=True)["it"]
    except Exception:  # noqa: BLE001 - an annotation may be any expression
        return Unresolved(hint if isinstance(hint, str) else type_name(hint))


def type_name(type: object) -> str:
    """An annotation for people."""
    return type.__name__ if inspect.isclass(type) else str(type).replace("typing.", "")
