"""What names of modules and attributes of classes mean, and what each function does with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from color_checker.coloring import calls_out
from color_checker.facts import (
    NOTHING,
    Attr,
    Await,
    Body,
    Call,
    Import,
    Item,
    Iterate,
    Load,
    Merge,
    Op,
    Operate,
    Return,
    StoreAttr,
    StoreGlobal,
    StoreItem,
    Update,
)
from color_checker.origins import Member, Variable
from color_checker.values import Class, Descriptor, Ext, ExtBound, ExtInst, Factory, Func, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: An operation that hands on an object that it got, or finds one in a scope around.
Flow = Load | Attr | Item | Iterate | Merge | Update | Await | Call


#: Packages whose objects are there to be changed from everywhere.
_OBSERVING = (
    "logging",
    "structlog",
    "loguru",
    "prometheus_client",
    "opentelemetry",
    "warnings",
    "contextvars",
)


class Outline:
    """What matters of a function's operations, whatever the context."""

    __slots__ = ("definitions", "flows", "loads", "positions", "reads", "returned", "stored", "writes")

    def __init__(self, ops: tuple[Op, ...]) -> None:
        #: The operation that fills a slot, and where it stands.
        self.definitions: dict[int, Op] = {}
        self.positions: dict[int, int] = {}
        self.flows: list[tuple[int, Flow]] = []
        #: Reads of names of the module, and of attributes.
        self.loads: list[Load] = []
        self.reads: list[tuple[int, Attr]] = []
        self.returned: list[int] = []
        #: Values that are given a name or put somewhere.
        self.stored: set[int] = set()
        #: Operations that may change something.
        self.writes: list[tuple[int, StoreGlobal | StoreAttr | StoreItem | Operate | Call]] = []
        for position, op in enumerate(ops):
            self._add(position, op)
            dst = getattr(op, "dst", NOTHING)
            if dst != NOTHING and dst not in self.definitions:
                self.definitions[dst] = op
                self.positions[dst] = position

    def _add(self, position: int, op: Op) -> None:
        match op:
            case Load() if not op.level:
                self.loads.append(op)
            case Attr():
                self.reads.append((position, op))
                self.flows.append((position, op))
            case Call():
                self.flows.append((position, op))
                if isinstance(self.definitions.get(op.func), Attr):
                    self.writes.append((position, op))
            case Load() | Item() | Iterate() | Merge() | Update() | Await():
                self.flows.append((position, op))
            case Return():
                self.returned.append(op.value)
            case StoreGlobal() | StoreAttr() | StoreItem():
                self.stored.add(op.value)
                self.writes.append((position, op))
            case Operate() if op.method.startswith("__i"):
                self.writes.append((position, op))


def _outline(body: Body) -> Outline:
    return Outline(body.ops)


class State:
    """Looks up names; remembers what it found."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._looked_at: dict[ModuleInfo, bool] = {}
        self._variables: dict[tuple[ModuleInfo, str], Variable | None] = {}
        self._members: dict[tuple[ClassInfo, str, bool], Member | None] = {}
        self._outlines: dict[tuple[ModuleInfo, int], Outline] = {}
        self._calls: dict[Activation, list[tuple[int, Activation]]] = {}

    def is_looked_at(self, module: ModuleInfo) -> bool:
        """Whether its state is the user's: that of packages and of engines (in their own projects) is not."""
        known = self._looked_at.get(module)
        if known is None:
            engine = any(profile.owns(module.name) for profile in self.linker.profiles)
            known = self._looked_at[module] = not module.library and not engine
        return known

    def calls_out(self, node: Activation) -> list[tuple[int, Activation]]:
        """The calls of a function that stay in its color."""
        known = self._calls.get(node)
        if known is None:
            known = self._calls[node] = list(calls_out(self.linker, node))
        return known

    def outline(self, node: Activation) -> Outline:
        """The outline of a function, the same in all contexts."""
        known = self._outlines.get((node.module, node.index))
        if known is None:
            known = self._outlines[node.module, node.index] = node.module.derived(node.index, _outline)
        return known

    def variable(self, module: ModuleInfo, name: str) -> Variable | None:
        """The variable that `name` means in `module`; behind imports, that of the module that defines it."""
        key = (module, name)
        if key not in self._variables:
            self._variables[key] = None
            self._variables[key] = self._find_variable(module, name)
        return self._variables[key]

    def _find_variable(self, module: ModuleInfo, name: str) -> Variable | None:
        body = module.activation
        if not self.is_looked_at(module) or body is None:
            return None
        if not module.defines(name) and name not in module.stored:
            for target, level in module.facts.stars:
                source = self.linker.project_module(self.linker.absolute(module, target, level), module)
                found = self.variable(source, name) if source is not None else None
                if found is not None:
                    return found
            return None
        for slot in body.body.cells.get(name, ()):
            op = self.outline(body).definitions.get(slot)
            if isinstance(op, Import):
                source = self.linker.project_module(self.linker.absolute(module, op.module, op.level), module)
                return self.variable(source, op.name) if op.name and source is not None else None
        return Variable(module, name)

    def member(self, info: ClassInfo, name: str, *, through_instance: bool) -> Member | None:
        """The class attribute that reading `name` gives, None if instances have their own."""
        key = (info, name, through_instance)
        if key not in self._members:
            self._members[key] = self._find_member(info, name, through_instance=through_instance)
        return self._members[key]

    def _find_member(self, info: ClassInfo, name: str, *, through_instance: bool) -> Member | None:
        if through_instance and (info.is_enum() or self._is_of_instances(info, name)):
            return None
        for owner in info.members(name):
            if (
                isinstance(owner, str)
                or not self.is_looked_at(owner.module)
                or not outlives_calls(owner.scope)
            ):
                return None
            values = tuple(self.linker.attributes.member(owner, name).values)
            if values and not all(isinstance(value, Func | Descriptor | Class | Factory) for value in values):
                return Member(owner, name)
        return None

    def _is_of_instances(self, info: ClassInfo, name: str) -> bool:
        annotated = False
        for entry in info.mro():
            if isinstance(entry, str):
                continue
            if name in entry.stores:
                return True
            if any(field.name == name for field in entry.facts.fields):
                annotated = True
                if entry.is_dataclass or info.external_bases():
                    return True
        # What is known of an annotated attribute may come from its annotation, of another from assignments.
        return not annotated and name in info.instance_vars and bool(info.instance_vars[name].values)


def outlives_calls(scope: Activation | None) -> bool:
    """Whether what is made in the scope is made once, at import: a module or a class in it."""
    while scope is not None:
        if scope.facts.kind in ("function", "lambda"):
            return False
        scope = scope.env
    return True


def scopes_around(node: Activation) -> Iterator[Activation]:
    """The scopes that a scope stands in, from the inside out."""
    scope = node.env
    while scope is not None:
        yield scope
        scope = scope.env


def observes(value: Value) -> bool:
    """Whether it is an object that may be changed from everywhere."""
    if not isinstance(value, Ext | ExtInst | ExtBound):
        return False
    return value.dotted.partition(".")[0] in _OBSERVING
