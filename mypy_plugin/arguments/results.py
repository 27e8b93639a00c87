"""The result of what is called by a name, in the type of the call.

Only where that is what the call gives: an engine that is told a name, and no type, gives what it has stored.
A dataclass comes back as a dict, so there it stays at what the SDK says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from mypy.checker import TypeChecker
from mypy.nodes import CallExpr, DictExpr, Expression, FuncItem, RefExpr, StrExpr, TypeInfo
from mypy.plugin import FunctionContext, MethodContext
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    NoneType,
    ProperType,
    Type,
    TypedDictType,
    TypeOfAny,
    TypeVarType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)
from mypy.typevars import fill_typevars_with_any

from color_checker.engines import Passing, Profile
from mypy_plugin.arguments.calls import EngineCalls, Named
from mypy_plugin.arguments.handed import argument
from mypy_plugin.names import Names
from mypy_plugin.project import Project
from mypy_plugin.visit import Visit

AnyContext: TypeAlias = FunctionContext | MethodContext

#: What JSON gives back as what it was.
_SAME = frozenset({"builtins.bool", "builtins.float", "builtins.int", "builtins.str"})
_CONTAINERS = frozenset({"builtins.dict", "builtins.list"})

#: Class → which of its type arguments is the result when a value of it is awaited, or has run to its end.
_RESULTS = {"typing.Coroutine": 2, "typing.Awaitable": 0, "typing.Generator": 2}


class Results:
    """What the plugin asks for the type of a call."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def __call__(self, names: Names, fullname: str) -> Callable[[AnyContext], Type] | None:
        """The hook for what engines call by a name."""
        found = names.engine(fullname)
        if found is None:
            return None
        profile, dotted = found
        passings = profile.passings(dotted)
        if not passings or not passings[0].target:
            return None
        passing = passings[0]
        return lambda context: self._result(names, profile, passing, context)

    def _result(self, names: Names, profile: Profile, passing: Passing, context: AnyContext) -> Type:
        call, api, default = context.context, context.api, context.default_return_type
        if not isinstance(call, CallExpr) or not isinstance(api, TypeChecker):
            return default
        if passing.result and argument(call, (passing.result,)) is not None:
            return default
        if not _may_be_name(argument(call, passing.target), api):
            return default
        around = tuple(one for one in api.scope.stack if isinstance(one, FuncItem))
        named = EngineCalls(Visit(api, names, self._project)).named(call, profile, passing, around)
        if named is None:
            return default
        return with_result(
            default, _result_of(named, passing), named.owner if passing.to == "workflow" else None
        )


def _may_be_name(target: Expression | None, api: TypeChecker) -> bool:
    """Whether it is no function: most calls give one, and for those this is all that is asked."""
    if target is None or isinstance(target, StrExpr | DictExpr):
        return target is not None
    if not isinstance(target, RefExpr) or not api.has_type(target):
        return False
    shown = get_proper_type(api.lookup_type(target))
    return isinstance(shown, LiteralType | TypedDictType) or (
        isinstance(shown, Instance) and shown.type.has_base("builtins.str")
    )


def with_result(default: Type, result: Type | None, owner: TypeInfo | None) -> Type:
    """The SDK's type of a call, with the result in the place where it says nothing."""
    proper = get_proper_type(default)
    if isinstance(proper, AnyType):
        return result if result is not None else default
    if not isinstance(proper, Instance) or not proper.args:
        return default
    *others, last = proper.args
    if proper.type.fullname in ("typing.Coroutine", "typing.Awaitable"):
        return proper.copy_modified(args=[*others, with_result(last, result, owner)])
    if not all(_says_nothing(one) for one in proper.args) or len(proper.args) > 2:
        return default
    if len(proper.args) == 2 and owner is not None:
        others = [fill_typevars_with_any(owner)]
    return proper.copy_modified(args=[*others, result if result is not None else last])


def _says_nothing(shown: Type) -> bool:
    return isinstance(get_proper_type(shown), AnyType | UninhabitedType | TypeVarType)


def _result_of(named: Named, passing: Passing) -> Type | None:
    """What all functions give that the name may mean; None if that is not one type."""
    results = [_awaited(one.ret_type) for signatures in named.signatures for one in signatures]
    kept = [_kept(one) if passing.converted else one for one in results]
    first = kept[0] if kept else None
    if first is None or isinstance(get_proper_type(first), AnyType):
        return None
    return first if all(one == first for one in kept) else None


def _awaited(shown: Type) -> ProperType:
    proper = get_proper_type(shown)
    if isinstance(proper, Instance):
        place = _RESULTS.get(proper.type.fullname)
        if place is not None and place < len(proper.args):
            return get_proper_type(proper.args[place])
    return proper


def _kept(shown: Type) -> Type:
    """The type of what is left of a value when it has been stored and nobody says what it was."""
    proper = get_proper_type(shown)
    match proper:
        case NoneType() | TypedDictType():
            return proper
        case LiteralType() if not proper.is_enum_literal():
            return proper
        case UnionType(items=items):
            kept = [_kept(item) for item in items]
            return proper if kept == items else AnyType(TypeOfAny.special_form)
        case Instance(type=info) if info.fullname in _SAME:
            return proper
        case Instance(type=info, args=args) if info.fullname in _CONTAINERS and args:
            first = get_proper_type(args[0])
            if info.fullname == "builtins.dict" and not _is_str(first):
                return AnyType(TypeOfAny.special_form)
            return proper.copy_modified(args=[_kept(argument) for argument in args])
    return AnyType(TypeOfAny.special_form)


def _is_str(shown: ProperType) -> bool:
    return isinstance(shown, Instance) and shown.type.fullname == "builtins.str"
