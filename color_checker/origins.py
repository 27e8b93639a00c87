"""Where the object in a slot comes from: a module variable, a class attribute, a captured name, a parameter.

Values (`values.py`) say what an object may be, and instances of a class are all the same there. Here each
slot of a function gets the paths by which its object was reached (`CONFIG.limits[…]`), which tells a
module's object from one that was made on the spot. Paths cross calls through what functions return, and
are the least solution of their equations, so no order matters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from color_checker.coloring import calls_out
from color_checker.facts import (
    KEYWORD_ONLY,
    KWARG,
    NOTHING,
    POSITIONAL,
    POSITIONAL_ONLY,
    VARARG,
    Attr,
    Await,
    Call,
    Import,
    Item,
    Iterate,
    Load,
    Merge,
    Op,
    Operate,
    Return,
    Update,
)
from color_checker.values import Bound, Class, Descriptor, Ext, Factory, Func, Inst, Mod, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

#: Longer paths are cut off: what lies deeper counts as a part of what is named.
_LONGEST_PATH = 2

#: In a path: any element of a container.
ELEMENT = "[…]"

#: Methods that give elements of their container.
_ELEMENT_METHODS = frozenset({"get", "setdefault", "values", "items", "__getitem__"})


class Variable(msgspec.Struct, frozen=True):
    """A name of a module."""

    module: ModuleInfo
    name: str


class Member(msgspec.Struct, frozen=True):
    """An attribute of a class itself."""

    info: ClassInfo
    name: str


class External(msgspec.Struct, frozen=True):
    """Something in a module outside the analyzed code."""

    dotted: str


class Captured(msgspec.Struct, frozen=True):
    """A local name of a function around."""

    scope: Activation
    name: str


class Parameter(msgspec.Struct, frozen=True):
    """What a caller hands over."""

    scope: Activation
    slot: int


Root = Variable | Member | External | Captured | Parameter


class Origin(msgspec.Struct, frozen=True):
    """A root, and the attributes and elements on the way from it to the object."""

    root: Root
    path: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether it outlives a run of the workflow, and other runs see it."""
        return isinstance(self.root, Variable | Member | External)

    def child(self, *names: str) -> Origin:
        """What is below it."""
        path = self.path
        for name in names:
            if len(path) < _LONGEST_PATH and not (name == ELEMENT and path[-1:] == (ELEMENT,)):
                path = (*path, name)
        return Origin(self.root, path)

    def covers(self, other: Origin) -> bool:
        """Whether `other` is the same or below it."""
        return self.root == other.root and other.path[: len(self.path)] == self.path

    def text(self, reader: ModuleInfo | None = None) -> str:
        """As the user would write it; names of `reader` itself without the module."""
        match self.root:
            case Variable(module=module, name=name):
                base = name if module is reader else f"{module.name}.{name}"
            case Member(info=info, name=name):
                base = f"{info.facts.qualname}.{name}"
            case External(dotted=dotted):
                base = dotted
            case Captured(name=name):
                base = name
            case Parameter(scope=scope, slot=slot):
                base = scope.facts.params[slot].name
        return base + "".join(part if part == ELEMENT else f".{part}" for part in self.path)


Origins = frozenset[Origin]
_NONE: Origins = frozenset()


class Tracer:
    """The origins of all slots of the project's own functions."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._looked_at: dict[ModuleInfo, bool] = {}
        self._variables: dict[tuple[ModuleInfo, str], Variable | None] = {}
        self._slots: dict[Activation, dict[int, Origins]] = {}
        self._returns: dict[Activation, Origins] = {}
        self._definitions: dict[Activation, dict[int, Op]] = {}
        nodes = [node for node in linker.activations.values() if self.is_looked_at(node.module)]
        #: Who calls a function, borders between colors aside, and in which operation.
        self.callers: dict[Activation, list[tuple[Activation, int]]] = {}
        nested: dict[Activation, list[Activation]] = {}
        for node in nodes:
            for position, target in calls_out(linker, node):
                self.callers.setdefault(target, []).append((node, position))
            if node.env is not None:
                nested.setdefault(node.env, []).append(node)
        self._solve(nodes, nested)

    # -- questions ------------------------------------------------------------------------------

    def of(self, node: Activation, slot: int) -> Origins:
        """Where the object in the slot may come from; nothing if it was made in the function."""
        return self._slots.get(node, {}).get(slot, _NONE)

    def is_looked_at(self, module: ModuleInfo) -> bool:
        """Whether its state is the user's: that of packages and of engines (in their own projects) is not."""
        known = self._looked_at.get(module)
        if known is None:
            engine = any(profile.owns(module.name) for profile in self.linker.profiles)
            known = self._looked_at[module] = not module.library and not engine
        return known

    def values(self, node: Activation, slot: int) -> tuple[Value, ...]:
        """What the slot may be."""
        if slot == NOTHING or node.slots[slot] is None:
            return ()
        return tuple(node.var(slot).values)

    def definition(self, node: Activation, slot: int) -> Op | None:
        """The operation that fills the slot."""
        known = self._definitions.get(node)
        if known is None:
            known = self._definitions[node] = {}
            for op in node.body.ops:
                dst = getattr(op, "dst", NOTHING)
                if dst != NOTHING:
                    known.setdefault(dst, op)
        return known.get(slot)

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
            op = self.definition(body, slot)
            if isinstance(op, Import):
                source = self.linker.project_module(self.linker.absolute(module, op.module, op.level), module)
                return self.variable(source, op.name) if op.name and source is not None else None
        return Variable(module, name)

    def member(self, info: ClassInfo, name: str, *, through_instance: bool) -> Member | None:
        """The class attribute that reading `name` gives, None if instances have their own."""
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

    def bind(self, node: Activation, position: int, target: Activation) -> dict[int, Origins]:
        """For each parameter of `target` where its argument in this call comes from."""
        op = node.body.ops[position]
        if isinstance(op, Call):
            return self._bind_call(node, op, target)
        if target.facts.owner == NOTHING or not target.facts.params:
            return {}
        slot = getattr(op, "obj", getattr(op, "left", NOTHING))
        if isinstance(op, Operate) and target.facts.name.startswith("__r"):
            slot = op.right
        return {0: self.of(node, slot)}

    # -- calls ----------------------------------------------------------------------------------

    def _bind_call(self, node: Activation, op: Call, target: Activation) -> dict[int, Origins]:
        bound: dict[int, Origins] = {}
        for value in self.values(node, op.func):
            receiver = self._receiver(node, op, value, target)
            if receiver is not None:
                self._bind_arguments(node, op, target, receiver, bound)
        return bound

    def _receiver(
        self, node: Activation, op: Call, value: Value, target: Activation
    ) -> tuple[Origins, ...] | None:
        """The origins of the implicit first argument, () without one, None if it is not called so."""
        match value:
            case Factory():
                return self._receiver(node, op, value.func, target)
            case Func():
                return () if value.key == (target.module.key, target.index) else None
            case Bound():
                if value.func.key != (target.module.key, target.index):
                    return None
                return (self._object_of(node, op.func, set()),)
            case Class():
                return (_NONE,) if target.facts.name in ("__init__", "__new__") else None
            case Inst():
                return (self.of(node, op.func),) if target.facts.name == "__call__" else None
        return None

    def _object_of(self, node: Activation, slot: int, seen: set[int]) -> Origins:
        """The object of the bound method in the slot."""
        op = self.definition(node, slot)
        seen.add(slot)
        if isinstance(op, Attr):
            return self.of(node, op.obj) | self._self_behind_super(node, op.obj)
        if isinstance(op, Merge):
            return _NONE.union(*(self._object_of(node, s, seen) for s in op.sources if s not in seen))
        return _NONE

    def _self_behind_super(self, node: Activation, slot: int) -> Origins:
        op = self.definition(node, slot)
        if not isinstance(op, Call) or not node.facts.params:
            return _NONE
        named = [value.dotted for value in self.values(node, op.func) if isinstance(value, Ext)]
        return frozenset({Origin(Parameter(node, 0))}) if "builtins.super" in named else _NONE

    def _bind_arguments(
        self,
        node: Activation,
        op: Call,
        target: Activation,
        receiver: tuple[Origins, ...],
        bound: dict[int, Origins],
    ) -> None:
        params = target.facts.params
        positional = [slot for slot, p in enumerate(params) if p.kind in (POSITIONAL_ONLY, POSITIONAL)]
        given = [*receiver, *(self.of(node, slot) for slot in op.args)]
        for slot, origins in zip(positional, given, strict=False):
            bound[slot] = bound.get(slot, _NONE) | origins
        named = {p.name: slot for slot, p in enumerate(params) if p.kind in (POSITIONAL, KEYWORD_ONLY)}
        for name, argument in op.keywords:
            if name in named:
                slot = named[name]
                bound[slot] = bound.get(slot, _NONE) | self.of(node, argument)

    # -- the fixpoint ---------------------------------------------------------------------------

    def _solve(self, nodes: list[Activation], nested: dict[Activation, list[Activation]]) -> None:
        queue = deque(nodes)
        waiting = set(nodes)
        while queue:
            node = queue.popleft()
            waiting.discard(node)
            if not self._update(node):
                continue
            for dependent in (*(caller for caller, _ in self.callers.get(node, ())), *_within(node, nested)):
                if dependent not in waiting:
                    waiting.add(dependent)
                    queue.append(dependent)

    def _update(self, node: Activation) -> bool:
        """Compute the slots of a function anew. Whether others that depend on it must be, too."""
        before = self._returns.get(node, _NONE), self._visible(node)
        slots = self._slots.setdefault(node, self._initial(node))
        changed = True
        while changed:
            changed = False
            for position, op in enumerate(node.body.ops):
                dst = getattr(op, "dst", NOTHING)
                if dst == NOTHING:
                    continue
                found = self._origins(node, position, op)
                known = slots.get(dst, _NONE)
                if not found <= known:
                    slots[dst] = known | found
                    changed = True
        returned = (slots.get(op.value, _NONE) for op in node.body.ops if isinstance(op, Return))
        self._returns[node] = _NONE.union(*returned)
        return before != (self._returns[node], self._visible(node))

    def _visible(self, node: Activation) -> list[Origins]:
        """What functions inside it may read."""
        slots = self._slots.get(node, {})
        return [slots.get(slot, _NONE) for cell in node.body.cells.values() for slot in cell]

    def _initial(self, node: Activation) -> dict[int, Origins]:
        slots: dict[int, Origins] = {}
        if node.facts.kind == "module":
            for name, cell in node.body.cells.items():
                variable = self.variable(node.module, name)
                if variable is not None:
                    slots.update(dict.fromkeys(cell, frozenset({Origin(variable)})))
        for slot, param in enumerate(node.facts.params):
            if param.kind not in (VARARG, KWARG):
                slots[slot] = frozenset({Origin(Parameter(node, slot))})
        return slots

    def _origins(self, node: Activation, position: int, op: Op) -> Origins:
        match op:
            case Load():
                return self._load(node, op)
            case Attr():
                return self._attribute(node, position, op)
            case Item() | Iterate():
                return frozenset(origin.child(ELEMENT) for origin in self.of(node, op.obj))
            case Merge():
                return _NONE.union(*(self.of(node, slot) for slot in op.sources))
            case Update() | Await():
                return self.of(node, op.obj)
            case Call():
                return self._call(node, position, op)
        return _NONE

    def _load(self, node: Activation, op: Load) -> Origins:
        if not op.level:
            variable = self.variable(node.module, op.name)
            return frozenset({Origin(variable)}) if variable is not None else _NONE
        scope = self.linker.enclosing(node, op.level)
        if scope is None:
            return _NONE
        cell = [self.of(scope, slot) for slot in scope.body.cells.get(op.name, ())]
        outer = _NONE.union(*cell)
        # A name that only ever means something from further out is not a thing of its own.
        if cell and all(cell):
            return outer
        return outer | {Origin(Captured(scope, op.name))}

    def _attribute(self, node: Activation, position: int, op: Attr) -> Origins:
        targets = node.targets.get(position)
        if targets:
            return _NONE.union(*(self._returned(node, position, target) for target in targets))
        found: set[Origin] = set()
        values = self.values(node, op.obj)
        below = not values
        for value in values:
            root: Root | None = None
            if isinstance(value, Mod):
                root = self.variable(value.info, op.name)
            elif isinstance(value, Class):
                root = self.member(value.info, op.name, through_instance=False)
            elif isinstance(value, Inst):
                root = self.member(value.info, op.name, through_instance=True)
            if root is not None:
                found.add(Origin(root))
            elif not isinstance(value, Mod | Class | Ext):
                below = True
        if below:
            found.update(origin.child(op.name) for origin in self.of(node, op.obj))
        return frozenset(found)

    def _call(self, node: Activation, position: int, op: Call) -> Origins:
        found = _NONE.union(*(self._returned(node, position, t) for t in node.targets.get(position, ())))
        method = self.definition(node, op.func)
        if isinstance(method, Attr) and method.name in _ELEMENT_METHODS and position not in node.targets:
            found |= {origin.child(ELEMENT) for origin in self.of(node, method.obj)}
        return found

    def _returned(self, node: Activation, position: int, target: Activation) -> Origins:
        returned = self._returns.get(target, _NONE)
        if not returned or target.facts.is_generator:
            return _NONE
        return self.in_caller(returned, target, self.bind(node, position, target))

    def in_caller(self, origins: Iterable[Origin], target: Activation, bound: dict[int, Origins]) -> Origins:
        """Origins of `target` as the caller sees them that binds its parameters so."""
        found: set[Origin] = set()
        for origin in origins:
            root = origin.root
            if isinstance(root, Parameter) and root.scope is target:
                found.update(outer.child(*origin.path) for outer in bound.get(root.slot, ()))
            else:
                found.add(origin)
        return frozenset(found)


def _within(node: Activation, nested: dict[Activation, list[Activation]]) -> Iterator[Activation]:
    todo = list(nested.get(node, ()))
    while todo:
        inner = todo.pop()
        yield inner
        todo.extend(nested.get(inner, ()))


def outlives_calls(scope: Activation | None) -> bool:
    """Whether what is made in the scope is made once, at import: a module or a class in it."""
    while scope is not None:
        if scope.facts.kind in ("function", "lambda"):
            return False
        scope = scope.env
    return True
