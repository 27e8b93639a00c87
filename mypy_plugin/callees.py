"""What a call runs, by the types that mypy has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mypy.nodes import CallExpr, Expression, FuncDef, MemberExpr, RefExpr, TypeInfo
from mypy.types import (
    CallableType,
    Instance,
    LiteralType,
    NoneType,
    Overloaded,
    ProperType,
    TupleType,
    TypedDictType,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

#: The type of an expression; None if mypy has none.
TypeOf = Callable[[Expression], ProperType | None]


def callees(call: CallExpr, type_of: TypeOf) -> tuple[str, ...]:
    """The full names of the functions, methods and classes that a call runs; none if one is not known.

    A method's name is that of the class which defines it. The call of an object is its `__call__`.
    """
    callee = call.callee
    if isinstance(callee, RefExpr) and isinstance(callee.node, FuncDef | TypeInfo) and callee.fullname:
        return (callee.fullname,)
    if isinstance(callee, MemberExpr):
        receiver = type_of(callee.expr)
        names = tuple(methods(receiver, callee.name)) if receiver is not None else ()
        if names:
            return names if "" not in names else ()
    if isinstance(callee, RefExpr) and callee.fullname and callee.node is not None:
        # What a decorator has made of a function is still known under its name.
        return (callee.fullname,)
    called = type_of(callee)
    names = tuple(methods(called, "__call__")) if called is not None else ()
    return names if "" not in names else ()


def methods(receiver: ProperType, name: str) -> Iterator[str]:
    """The full names of a method of every class that the type stands for; "" for one that is not known."""
    match receiver:
        case UnionType(items=items):
            for item in items:
                proper = get_proper_type(item)
                if not isinstance(proper, NoneType):
                    yield from methods(proper, name)
        case Instance(type=info):
            yield _method(info, name)
        case TypeType(item=item) if isinstance(item, Instance):
            yield _method(item.type, name)
        case CallableType() if receiver.is_type_obj():
            yield _method(receiver.type_object(), name)
        case TupleType():
            yield from methods(receiver.partial_fallback, name)
        case TypedDictType() | LiteralType():
            yield from methods(receiver.fallback, name)
        case TypeVarType(upper_bound=bound):
            yield from methods(get_proper_type(bound), name)
        case Overloaded(items=items) if items and items[0].is_type_obj():
            yield _method(items[0].type_object(), name)
        case _:
            yield ""


def _method(info: TypeInfo, name: str) -> str:
    owner = info.get_containing_type_info(name)
    return f"{owner.fullname}.{name}" if owner is not None else ""
