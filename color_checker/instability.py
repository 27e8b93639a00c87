"""Values that differ in each process: computed at import from the clock, random numbers, ids, the process.

The search goes backwards from an expression: to the assignments of its names, into the functions that
compute it, to the arguments of their callers. What workflow code computes itself is not looked at: there,
each effect is a finding of its own. From the variable of a module or class on, effects count.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from color_checker.activation import Activation
from color_checker.classes import ClassInfo
from color_checker.facts import (
    NOTHING,
    Attr,
    Await,
    Build,
    BuildDict,
    Call,
    Collect,
    Format,
    Import,
    Item,
    Load,
    MakeFunction,
    Merge,
    Op,
    Operate,
    Return,
    Update,
)
from color_checker.findings import Effect
from color_checker.modules import ModuleInfo
from color_checker.program import Program, shown_name
from color_checker.slots import reads
from color_checker.values import Bound, Class, Func, Inst, Mod

_EFFECTS = frozenset({Effect.CLOCK, Effect.RANDOM, Effect.IDENTITY, Effect.PROCESS})

#: What is computed from other values, and as unstable as they are.
_DERIVED = (Await, Build, BuildDict, Collect, Format, Item, Merge, Operate, Update)


class Source(msgspec.Struct, frozen=True):
    """An unstable value: the name that holds it ("" for none), and the effect that made it."""

    name: str
    dotted: str
    node: Activation
    at: int

    def shown(self) -> str:
        """As a part of a message."""
        made = f"`{shown_name(self.dotted)}`"
        return f"`{self.name}`, made by {made}" if self.name else made


class _Place(msgspec.Struct, frozen=True):
    """A slot to be explained. `name` is the variable that was read last, once `at_import` holds."""

    node: Activation
    slot: int
    at_import: bool
    name: str


class Instability:
    """Looks for unstable values in one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def source(self, node: Activation, slot: int) -> Source | None:
        """Where the slot's value gets something unstable from, nearest first; None if nowhere."""
        at_import = is_import_time(node)
        todo = [_Place(node, slot, at_import, "")]
        seen = {(node, slot, at_import)}
        for place in todo:
            found = self._made_by(place)
            if found is not None:
                return found
            for origin in self._origins(place):
                key = (origin.node, origin.slot, origin.at_import)
                if origin.slot != NOTHING and key not in seen:
                    seen.add(key)
                    todo.append(origin)
        return None

    def _made_by(self, place: _Place) -> Source | None:
        if not place.at_import:
            return None
        for position, op in self._definitions(place):
            if isinstance(op, Call):
                for site in self.program.effects(place.node):
                    if site.position == position and site.effect in _EFFECTS:
                        return Source(place.name, site.dotted, place.node, site.at)
        return None

    def _definitions(self, place: _Place) -> Iterator[tuple[int, Op]]:
        for position, op in self.program.ops(place.node):
            if getattr(op, "dst", NOTHING) == place.slot:
                yield position, op

    def _origins(self, place: _Place) -> Iterator[_Place]:
        """The slots from which the place's value may come."""
        node = place.node
        if place.slot < len(node.facts.params):
            yield from self._parameter(place)
        for position, op in self._definitions(place):
            match op:
                case Load(level=0):
                    yield from self._variable(node.module, op.name)
                case Load():
                    scope = self.program.linker.enclosing(node, op.level)
                    for slot in scope.body.cells.get(op.name, ()) if scope is not None else ():
                        yield _Place(scope, slot, place.at_import, place.name)  # type: ignore[arg-type]
                case Import() if op.name:
                    yield from self._imported(node.module, op)
                case Attr():
                    yield from self._attribute(place, op)
                case Call():
                    yield from self._call(place, position, op)
                case _ if isinstance(op, _DERIVED):
                    for slot in sorted(reads(op)):
                        yield _Place(node, slot, place.at_import, place.name)

    def _variable(self, module: ModuleInfo, name: str) -> Iterator[_Place]:
        if module.activation is not None:
            for slot in module.activation.body.cells.get(name, ()):
                yield _Place(module.activation, slot, True, name)

    def _imported(self, module: ModuleInfo, op: Import) -> Iterator[_Place]:
        linker = self.program.linker
        source = linker.project_module(linker.absolute(module, op.module, op.level), module)
        if source is not None:
            yield from self._variable(source, op.name)

    def _attribute(self, place: _Place, op: Attr) -> Iterator[_Place]:
        """A variable of a module or class; of anything else, an attribute is as unstable as the object."""
        objects = self.program.values(place.node, op.obj)
        for value in objects:
            if isinstance(value, Mod):
                yield from self._variable(value.info, op.name)
            elif isinstance(value, Class | Inst):
                yield from self._class_variable(value.info, op.name)
        if not any(isinstance(value, Mod | Class | Inst) for value in objects):
            yield _Place(place.node, op.obj, place.at_import, place.name)

    def _class_variable(self, info: ClassInfo, name: str) -> Iterator[_Place]:
        for owner in info.mro():
            if isinstance(owner, ClassInfo) and name in owner.activation.body.cells:
                for slot in owner.activation.body.cells[name]:
                    yield _Place(owner.activation, slot, True, f"{owner.facts.name}.{name}")
                return

    def _call(self, place: _Place, position: int, op: Call) -> Iterator[_Place]:
        """What a function of the project returns; anything else is computed from its arguments."""
        program = self.program
        if program.operations(place.node, position):
            return
        callees = program.callees(place.node, position)
        for target in callees:
            if not program.linker.colors.is_border(target):
                for result in target.body.ops:
                    if isinstance(result, Return):
                        yield _Place(target, result.value, place.at_import, place.name)
        if not callees:
            names = program.externals(place.node, position)
            if not any(profile.owns(name) for profile in program.linker.profiles for name in names):
                for slot in sorted(reads(op)):
                    yield _Place(place.node, slot, place.at_import, place.name)

    def _parameter(self, place: _Place) -> Iterator[_Place]:
        node = place.node
        param = node.facts.params[place.slot]
        scope = node.env
        if param.default != NOTHING and scope is not None:
            at_import = place.at_import or is_import_time(scope)
            for op in scope.body.ops:
                if isinstance(op, MakeFunction) and op.function == node.index:
                    yield _Place(scope, op.defaults[param.default], at_import, param.name)
        for caller, position in self._callers.get(node, ()):
            op = caller.body.ops[position]
            fits = is_import_time(caller) if place.at_import else self.program.is_replayed(caller)
            if isinstance(op, Call) and fits:
                given = self._argument(caller, op, node, place.slot)
                yield _Place(caller, given, place.at_import, place.name)

    def _argument(self, caller: Activation, op: Call, node: Activation, slot: int) -> int:
        """The caller's slot that reaches the parameter; NOTHING if that cannot be told."""
        for name, given in op.keywords:
            if name == node.facts.params[slot].name:
                return given
        receivers = self.program.values(caller, op.func)
        bound = any(isinstance(value, Bound | Class) for value in receivers)
        index = slot - (bound and not any(isinstance(value, Func) for value in receivers))
        return op.args[index] if 0 <= index < len(op.args) else NOTHING

    @cached_property
    def _callers(self) -> dict[Activation, list[tuple[Activation, int]]]:
        table: dict[Activation, list[tuple[Activation, int]]] = {}
        for node in self.program.nodes:
            for position, targets in sorted(node.targets.items()):
                for target in targets:
                    table.setdefault(target, []).append((node, position))
        return table


def is_import_time(node: Activation) -> bool:
    """Whether the code runs when its module is imported."""
    scope: Activation | None = node
    while scope is not None and scope.facts.kind == "class":
        scope = scope.env
    return scope is None or scope.facts.kind == "module"
