"""The signatures of what an engine's call starts: of a function in the source, and of a registered name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property

from mypy.checker import TypeChecker
from mypy.nodes import (
    ARG_OPT,
    ARG_POS,
    Decorator,
    Expression,
    FuncDef,
    MemberExpr,
    MypyFile,
    OverloadedFuncDef,
    RefExpr,
    SymbolNode,
    SymbolTable,
    TypeInfo,
)
from mypy.typeops import function_type
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    Overloaded,
    Parameters,
    ProperType,
    Type,
    TypeType,
    get_proper_type,
)

from color_checker.engines import Profile
from mypy_plugin.analyzer.registered import Definition, Registered

#: Classes that stand for a colored function: their arguments are its parameters and its result.
_COLORED = ("mypy_plugin.colors.", "runtime_min.")


class Lookup:
    """Finds signatures while one module is checked."""

    def __init__(self, api: TypeChecker, profile: Profile, registered: Registered) -> None:
        self._api = api
        self._profile = profile
        self._registered = registered

    # -- by definition ------------------------------------------------------------------------------

    def of_definition(self, definition: Definition) -> list[CallableType] | None:
        """The signatures of a registered function, without self; None if mypy does not know it (yet)."""
        found = self.symbol(definition)
        return self._of_node(found) if found is not None else None

    def symbol(self, definition: Definition) -> SymbolNode | None:
        """What mypy has for a definition."""
        if definition.local:
            return None
        if definition.owner:
            info = self.class_of(definition)
            found = info.get(definition.name) if info is not None else None
        else:
            names = self._names_of(definition)
            found = names.get(definition.name) if names is not None else None
        return found.node if found is not None else None

    def class_of(self, definition: Definition) -> TypeInfo | None:
        """The class that has the registered function; None if it is in none."""
        names = self._names_of(definition)
        info: TypeInfo | None = None
        for part in definition.owner.split("."):
            symbol = names.get(part) if names is not None and part else None
            if symbol is None or not isinstance(symbol.node, TypeInfo):
                return None
            info, names = symbol.node, symbol.node.names
        return info

    def _names_of(self, definition: Definition) -> SymbolTable | None:
        modules = self._api.modules
        file = modules.get(definition.module)
        if file is None or os.path.abspath(file.path) != definition.path:
            file = self._by_path.get(definition.path)
        return file.names if file is not None else None

    @cached_property
    def _by_path(self) -> dict[str, MypyFile]:
        return {os.path.abspath(file.path): file for file in self._api.modules.values()}

    # -- by expression ------------------------------------------------------------------------------

    def of_expression(self, expression: Expression, shown: ProperType | None) -> list[CallableType] | None:
        """The signatures of a function that is passed on, `shown` being its type; None if not known.

        A method that is read from its class takes no self here; a class stands for its objects' `__call__`.
        """
        if isinstance(shown, CallableType | Overloaded) and shown.is_type_obj():
            info = shown.type_object()
            called = info.get("__call__")
            return self._of_node(called.node) if called is not None else None
        if isinstance(expression, MemberExpr):
            method = self._method(expression)
            if method is not None:
                return self._of_node(method)
        if says_nothing(shown):
            return self._of_reference(expression)
        assert shown is not None
        return self._of_type(shown)

    def _method(self, expression: MemberExpr) -> SymbolNode | None:
        """The method, if it is read from a class."""
        if not self._api.has_type(expression.expr):
            return None
        receiver = get_proper_type(self._api.lookup_type(expression.expr))
        info: TypeInfo | None = None
        if isinstance(receiver, CallableType | Overloaded) and receiver.is_type_obj():
            info = receiver.type_object()
        elif isinstance(receiver, TypeType) and isinstance(receiver.item, Instance):
            info = receiver.item.type
        found = info.get(expression.name) if info is not None else None
        return found.node if found is not None else None

    def _of_reference(self, expression: Expression) -> list[CallableType] | None:
        """Of a function whose decorator, of an SDK without types, leaves nothing of its type."""
        node = expression.node if isinstance(expression, RefExpr) else None
        if not isinstance(node, FuncDef | Decorator):
            return None
        return self._of_node(node)

    def _place(self, node: FuncDef | Decorator) -> tuple[str, str]:
        """The path of its file and its dotted name there."""
        module, _, name = node.fullname.rpartition(".")
        while module:
            if module in self._api.modules:
                return os.path.abspath(self._api.modules[module].path), name
            module, _, part = module.rpartition(".")
            name = f"{part}.{name}"
        return "", name

    def _of_node(self, node: SymbolNode | None) -> list[CallableType] | None:
        found: list[CallableType] | None
        match node:
            case FuncDef():
                found = self._of_function(node)
            case OverloadedFuncDef():
                found = self._of_type(get_proper_type(node.type)) if node.type is not None else None
            case Decorator():
                shown = get_proper_type(node.var.type) if node.var.type is not None else None
                if isinstance(shown, CallableType | Overloaded) and not says_nothing(shown):
                    found = _callables(shown)
                elif self._only_colors(node):
                    # Engines give a function back as it is, or as something that knows it.
                    found = self._of_function(node.func)
                else:
                    found = self._of_type(shown) if shown is not None else None
            case _:
                return None
        function = node.func if isinstance(node, Decorator) else node
        if found is not None and bool(function.info) and not getattr(function, "is_static", False):
            return [without_first(one, 1) for one in found]
        return found

    def _of_function(self, function: FuncDef) -> list[CallableType]:
        # One without annotations has the type of a function that takes anything in each place.
        fallback = self._api.named_type("builtins.function")
        shown = get_proper_type(function.type) if function.type is not None else None
        return [shown] if isinstance(shown, CallableType) else _callables(function_type(function, fallback))

    def _only_colors(self, node: Decorator) -> bool:
        """Whether a function has no decorators but the engine's own, which leave its parameters alone."""
        found = self._registered.decorators(*self._place(node))
        if found is None or found[0] != self._profile.name:
            return False
        names = _names_in(self._profile)
        return all(written.rpartition(".")[2] in names for written in found[1])

    # -- by type ------------------------------------------------------------------------------------

    def _of_type(self, shown: ProperType) -> list[CallableType] | None:
        if isinstance(shown, Instance):
            if shown.type.fullname.startswith(_COLORED) and len(shown.args) == 2:
                return self._of_colored(shown)
            called = shown.type.get("__call__")
            node = called.node if called is not None else None
            # A generic object, such as a partial, says too little here.
            return self._of_node(node) if not shown.args else None
        return _callables(shown) or None

    def _of_colored(self, shown: Instance) -> list[CallableType] | None:
        parameters, result = (get_proper_type(one) for one in shown.args)
        if not isinstance(parameters, Parameters):
            return None
        fallback = self._api.named_type("builtins.function")
        return [CallableType(
            parameters.arg_types, parameters.arg_kinds, parameters.arg_names, result, fallback,
        )]  # fmt: skip


def says_nothing(shown: ProperType | None) -> bool:
    """Whether a function's type leaves open what it takes, as untyped decorators make it."""
    match shown:
        case CallableType():
            return shown.is_ellipsis_args
        case Instance(args=[parameters, _]) if shown.type.fullname.startswith(_COLORED):
            proper = get_proper_type(parameters)
            return isinstance(proper, Parameters) and proper.is_ellipsis_args
    return shown is None or isinstance(shown, AnyType)


def _callables(shown: Type) -> list[CallableType]:
    shown = get_proper_type(shown)
    if isinstance(shown, CallableType):
        return [shown]
    return list(shown.items) if isinstance(shown, Overloaded) else []


def without_first(signature: CallableType, count: int) -> CallableType:
    """The signature without its first parameters, which are filled in already."""
    if signature.is_ellipsis_args:
        return signature
    dropped = 0
    while dropped < count and dropped < len(signature.arg_kinds):
        if signature.arg_kinds[dropped] not in (ARG_POS, ARG_OPT):
            break
        dropped += 1
    return signature.copy_modified(
        arg_types=signature.arg_types[dropped:], arg_kinds=signature.arg_kinds[dropped:],
        arg_names=signature.arg_names[dropped:],
    )  # fmt: skip


def _names_in(profile: Profile) -> frozenset[str]:
    """The last parts of the names of an engine's decorators."""
    names: Iterable[str] = (
        *(source.name for source in profile.colors), *(entry for s in profile.colors for entry in s.entries),
        *profile.renames, *profile.injections,
    )  # fmt: skip
    return frozenset(name.rpartition(".")[2] for name in names)
