"""What happens when a value is called: which functions run, and whether an object is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from color_checker.classes import ClassInfo
from color_checker.values import Bound, Class, Descriptor, Func, Inst, Partial, Value

if TYPE_CHECKING:
    from color_checker.link import Linker


def functions_in(linker: Linker, value: Value, inside: tuple[Value, ...] = ()) -> Iterator[Func]:
    """What calling `value` runs, as far as it is known by now; `inside` are the partials around it.

    Of a class, a context manager's factory or something in another package: nothing.
    """
    match value:
        case Func():
            yield value
        case Bound():
            yield value.func
        case Partial():
            for inner in tuple(value.func.values):
                if inner is not value and inner not in inside:
                    yield from functions_in(linker, inner, (*inside, value))
        case Descriptor():
            yield from (inner for inner in tuple(value.getter.values) if isinstance(inner, Func))
        case Inst():
            yield from instance_calls(linker, value.info)


def makes_object(value: Value, inside: tuple[Value, ...] = ()) -> bool:
    """Whether calling `value` makes an object of a class; `inside` are the partials around it."""
    if isinstance(value, Partial) and value not in inside:
        return any(makes_object(inner, (*inside, value)) for inner in tuple(value.func.values))
    return isinstance(value, Class)


def instance_calls(linker: Linker, info: ClassInfo) -> Iterator[Func]:
    """What calling an instance of the class runs."""
    for owner in info.members("__call__"):
        if isinstance(owner, ClassInfo):
            members = tuple(linker.attributes.member(owner, "__call__").values)
            yield from (member for member in members if isinstance(member, Func))
