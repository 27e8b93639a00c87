"""Finds the calls by which an engine is asked to start something, and what each of them starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mypy.nodes import (
    AssignmentStmt,
    CallExpr,
    DictExpr,
    Expression,
    FuncDef,
    FuncItem,
    MemberExpr,
    NameExpr,
    Node,
    RefExpr,
    StrExpr,
    SymbolNode,
    TypeInfo,
    Var,
)
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    LiteralType,
    Overloaded,
    ProperType,
    get_proper_type,
)

from color_checker.engines import Passing, Profile
from mypy_plugin.analyzer.registered import Definition, EngineCall, Registered
from mypy_plugin.arguments.handed import argument
from mypy_plugin.arguments.signatures import Lookup, says_nothing
from mypy_plugin.imports import imported_modules
from mypy_plugin.visit import Visit
from mypy_plugin.walk import children_of


@dataclass(frozen=True)
class Target:
    """What a call starts.

    Attributes:
        called: its name, as users know it.
        signatures: of each function that may be meant, the ways to call it.
        named: it is given by a name.
        seen: its type is one that the SDK's own types can check arguments against.
    """

    called: str
    signatures: tuple[tuple[CallableType, ...], ...]
    named: bool
    seen: bool


@lru_cache(maxsize=1)
def calls_of(visit: Visit) -> EngineCalls:
    """Those of the module that is being checked."""
    return EngineCalls(visit)


@dataclass(frozen=True)
class Named:
    """What a name stands for.

    Attributes:
        name: as it is given.
        signatures: of each function that it may mean, the ways to call it.
        owner: the class of the workflow, if that is one.
    """

    name: str
    signatures: tuple[tuple[CallableType, ...], ...]
    owner: TypeInfo | None = None


class EngineCalls:
    """The calls of one module."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._lookups: dict[str, Lookup] = {}

    @property
    def registered(self) -> Registered:
        """What the project registers."""
        return self._visit.project.registered

    def passings(self, call: CallExpr) -> tuple[Profile, tuple[Passing, ...]] | None:
        """The engine that a call goes to, and how it hands on arguments."""
        for dotted in self._visit.callees(call):
            found = self._visit.names.engine(dotted)
            if found is not None and (passings := found[0].passings(found[1])):
                return found[0], passings
        known = self._analyzed(call)
        profile = self._visit.names.profile(known.engine) if known is not None else None
        if known is not None and profile is not None:
            return profile, profile.passings(known.dotted)
        return None

    def _analyzed(self, call: CallExpr) -> EngineCall | None:
        """What the analyzer knows of a method whose object has no type: its SDK has none."""
        callee = call.callee
        if not isinstance(callee, MemberExpr) or callee.name not in self._methods:
            return None
        if not isinstance(self._visit.type_of(callee.expr), AnyType):
            return None
        return self._known(call)

    @cached_property
    def _methods(self) -> frozenset[str]:
        """The methods by which the engines that the module imports are asked to start something."""
        engines = (self._visit.names.engine(module) for module in imported_modules(self._visit.file))
        return frozenset(
            name.rpartition(".")[2] for found in engines if found is not None for name in found[0].passes
        )

    def _known(self, call: CallExpr) -> EngineCall | None:
        return self.registered.call(self._visit.path, call.line, call.column + 1)

    # -- what is started ----------------------------------------------------------------------------

    def target(
        self, call: CallExpr, profile: Profile, passing: Passing, around: tuple[FuncItem, ...]
    ) -> Target | None:
        """What the call starts; None if that is not known, or not whole."""
        if not passing.target or (expression := argument(call, passing.target)) is None:
            # A call without its target may mean the running workflow; others get it in another way.
            return self._running(profile, around) if passing.to == "workflow" and not passing.rest else None
        named = self.named(call, profile, passing, around)
        if named is not None:
            return Target(named.name, named.signatures, named=True, seen=False)
        if self._name(call, expression, passing) is not None:
            return None
        shown = self._visit.type_of(expression)
        if passing.name_key or _is_text(shown):
            return None
        found = self._lookup(profile).of_expression(expression, shown)
        seen = not says_nothing(shown)
        return Target(_written(expression), (tuple(found),), named=False, seen=seen) if found else None

    def _lookup(self, profile: Profile) -> Lookup:
        if profile.name not in self._lookups:
            self._lookups[profile.name] = Lookup(self._visit.api, profile, self.registered)
        return self._lookups[profile.name]

    def named(
        self, call: CallExpr, profile: Profile, passing: Passing, around: tuple[FuncItem, ...] = ()
    ) -> Named | None:
        """What the name stands for that a call gives; None if it gives none, or not all is known of it."""
        expression = argument(call, passing.target)
        if expression is not None and passing.name_key:
            expression = _value_of(expression, passing.name_key, around)
        name = self._name(call, expression, passing) if expression is not None else None
        if name is None:
            return None
        definitions = self.definitions(name, call, profile, passing)
        lookup = self._lookup(profile)
        self._depend([lookup.symbol(definition) for definition in definitions])
        found = [lookup.of_definition(definition) for definition in definitions]
        if not found or any(not signatures for signatures in found):
            return None
        owners = [lookup.class_of(definition) for definition in definitions]
        return Named(name, tuple(tuple(one or ()) for one in found), owners[0] if len(owners) == 1 else None)

    def _depend(self, symbols: list[SymbolNode | None]) -> None:
        """Have the daemon check what is being checked again when one of these changes."""
        target = self._visit.api.tscope.current_target()
        for symbol in symbols:
            if symbol is not None:
                self._visit.file.plugin_deps.setdefault(f"<{symbol.fullname}>", set()).add(target)

    def definitions(
        self, name: str, call: CallExpr, profile: Profile, passing: Passing
    ) -> tuple[Definition, ...]:
        """What is registered under a name; of handlers, those of the workflow that is meant."""
        found = self.registered.named(profile.name, passing.to, name, self._visit.path)
        if passing.to in ("step", "workflow"):
            return found
        owner = self._owner(call, passing, profile)
        if owner is None:
            return found
        bases = {base.fullname for base in owner.mro}
        lookup = self._lookup(profile)
        own = [(one, lookup.class_of(one)) for one in found]
        return tuple(one for one, info in own if info is not None and info.fullname in bases)

    def _owner(self, call: CallExpr, passing: Passing, profile: Profile) -> TypeInfo | None:
        """The class of the workflow whose handler is called."""
        if passing.owner:
            expression = argument(call, passing.owner)
            if isinstance(expression, MemberExpr):
                return _class_in(self._visit.type_of(expression.expr))
            name = self._name(call, expression, passing) if expression is not None else None
            mains = (
                self.registered.named(profile.name, "workflow", name, self._visit.path)
                if name is not None
                else ()
            )
            return self._lookup(profile).class_of(mains[0]) if len(mains) == 1 else None
        callee = call.callee
        receiver = self._visit.type_of(callee.expr) if isinstance(callee, MemberExpr) else None
        return _first_class(receiver)

    def _running(self, profile: Profile, around: tuple[FuncItem, ...]) -> Target | None:
        """The workflow inside of which the call stands."""
        for function in around:
            if not isinstance(function, FuncDef) or not function.fullname:
                continue
            prefix = f"{self._visit.file.fullname}."
            qualname = function.fullname.removeprefix(prefix)
            owner = function.info.fullname.removeprefix(prefix) if function.info else ""
            main = self.registered.main(self._visit.path, owner or qualname)
            if main is not None and main[0] == profile.name:
                found = self._lookup(profile).of_definition(main[1])
                return Target(main[1].qualname, (tuple(found),), named=True, seen=False) if found else None
        return None

    # -- names --------------------------------------------------------------------------------------

    def _name(self, call: CallExpr, expression: Expression, passing: Passing) -> str | None:
        """The name that is given in place of a function, if it is a constant."""
        if isinstance(expression, StrExpr):
            return expression.value
        shown = self._visit.type_of(expression)
        if isinstance(shown, Instance) and shown.last_known_value is not None:
            shown = shown.last_known_value
        if isinstance(shown, LiteralType) and isinstance(shown.value, str) and not shown.is_enum_literal():
            return shown.value
        if (
            _is_text(shown)
            and isinstance(expression, RefExpr)
            and expression is argument(call, passing.target)
        ):
            known = self._known(call)
            return known.names[0] if known is not None and len(known.names) == 1 else None
        return None


def _is_text(shown: ProperType | None) -> bool:
    if isinstance(shown, LiteralType):
        shown = shown.fallback
    return isinstance(shown, Instance) and shown.type.has_base("builtins.str")


def _class_in(shown: ProperType | None) -> TypeInfo | None:
    """The class that an expression is."""
    if isinstance(shown, CallableType | Overloaded) and shown.is_type_obj():
        return shown.type_object()
    return None


def _first_class(receiver: ProperType | None) -> TypeInfo | None:
    """The class that is a handle's first type argument."""
    if isinstance(receiver, Instance) and receiver.args:
        first = get_proper_type(receiver.args[0])
        return first.type if isinstance(first, Instance) else None
    return None


def _written(expression: Expression) -> str:
    """A function as it is written, as far as it is names."""
    if isinstance(expression, NameExpr):
        return expression.name
    if isinstance(expression, MemberExpr):
        before = _written(expression.expr)
        return f"{before}.{expression.name}" if before else expression.name
    return ""


def _value_of(expression: Expression, key: str, around: tuple[FuncItem, ...]) -> Expression | None:
    """What a dict that is written out has under a key."""
    if isinstance(expression, NameExpr) and isinstance(expression.node, Var):
        expression = _only_value(expression.node, around) or expression
    if isinstance(expression, DictExpr):
        for name, value in expression.items:
            if isinstance(name, StrExpr) and name.value == key:
                return value
    if isinstance(expression, CallExpr):
        return argument(expression, (key,))
    return None


def _only_value(variable: Var, around: tuple[FuncItem, ...]) -> Expression | None:
    """What a local variable is bound to, if that is said once."""
    values = []
    for node in _below(around[-1]) if around else ():
        if isinstance(node, AssignmentStmt):
            targets = [target for target in node.lvalues if isinstance(target, NameExpr)]
            if any(target.node is variable for target in targets):
                values.append(node.rvalue)
    return values[0] if len(values) == 1 else None


def _below(node: Node) -> Iterator[Node]:
    for child in children_of(node):
        yield child
        yield from _below(child)
