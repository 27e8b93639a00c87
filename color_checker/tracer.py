"""Follows objects of interest through the functions that handle them, across calls and closures.

Each slot of a function gets the origins of its object. They cross calls through arguments and through what
functions return, and are the least solution of their equations, so no order matters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from color_checker.callables import functions_in, makes_object
from color_checker.facts import (
    KEYWORD_ONLY,
    NOTHING,
    POSITIONAL,
    POSITIONAL_ONLY,
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
    Update,
)
from color_checker.origins import ELEMENT, Captured, Member, Origin, Origins, Parameter, Root, Variable
from color_checker.state import Flow, State, observes
from color_checker.values import (
    Bound,
    Box,
    Class,
    Const,
    Ext,
    ExtBound,
    ExtInst,
    Factory,
    Func,
    Inst,
    Mod,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation

#: Functions are looked at so often on average, and at least so often in all. What is not known by then
#: about deeply recursive programs is left out.
_MOST_VISITS = 8
_LEAST_BOUND = 20_000

#: Methods that give elements of their container.
_ELEMENT_METHODS = frozenset({"get", "setdefault", "values", "items", "__getitem__"})

#: In foreign modules other than these, a class with a method `get` is no container as a rule.
_MODULES_OF_CONTAINERS = frozenset(
    {"builtins", "cachetools", "collections", "contextvars", "types", "weakref"}
)

_FIXED_KINDS = frozenset({"tuple", "frozenset"})

#: Tuples in tuples deeper than this do not count as constants.
_DEEPEST_CONSTANT = 5

_NONE: Origins = frozenset()


class Focus(msgspec.Struct, frozen=True):
    """Which objects are of interest.

    Attributes:
        roots: variables of modules and attributes of classes that are followed; None for all.
        rebound: others that matter only where they are assigned to.
        scopes: functions whose parameters and names are followed into the functions inside them.
        receivers: methods whose first parameter is followed.
    """

    roots: frozenset[Root] | None = None
    rebound: frozenset[Root] = frozenset()
    scopes: frozenset[Activation] = frozenset()
    receivers: frozenset[Activation] = frozenset()

    def follows(self, root: Root) -> bool:
        """Whether what is in that variable or attribute is followed."""
        return self.roots is None or root in self.roots

    def has(self, root: Root) -> bool:
        """Whether assigning to it matters."""
        return self.follows(root) or root in self.rebound


class _Called(msgspec.Struct, frozen=True):
    """How the values behind a call take its arguments: functions, bound methods, classes, objects."""

    plain: frozenset[tuple[str, int]]
    bound: frozenset[tuple[str, int]]
    makes: bool
    calls_object: bool


class Tracer:
    """The origins of the slots of some functions, as far as they are in focus.

    With each function in `nodes` its callees should be there, too, borders between colors aside. A
    parameter is followed once some call hands over what is followed itself, so most functions need no
    more than one look.
    """

    def __init__(self, state: State, nodes: Iterable[Activation], focus: Focus) -> None:
        self.state = state
        self.linker = state.linker
        self.focus = focus
        self.nodes = [node for node in _with_outer(nodes) if state.is_looked_at(node.module)]
        self._fixed: dict[tuple[Root, bool], bool] = {}
        #: Whom each function calls and who calls it, and in which operations.
        self.calls: dict[Activation, dict[int, list[Activation]]] = {}
        self.callers: dict[Activation, list[tuple[Activation, int]]] = {}
        self._nested: dict[Activation, list[Activation]] = {}
        self._slots: dict[Activation, dict[int, Origins]] = {}
        self._returns: dict[Activation, Origins] = {}
        self._followed: dict[Activation, set[int]] = {}
        self._roots: dict[tuple[Activation, int], tuple[Origins, bool]] = {}
        self._seeds: dict[tuple[str, int], dict[int, Origins]] = {}
        self._called: dict[tuple[Activation, int], _Called] = {}
        self._names = None if focus.roots is None else self._names_of(focus.roots)
        self._connect()
        self._solve()

    # -- questions ------------------------------------------------------------------------------

    def of(self, node: Activation, slot: int) -> Origins:
        """Where the object in the slot may come from; nothing if it was made in the function."""
        return self._slots.get(node, {}).get(slot, _NONE)

    def shared(self) -> set[Origin]:
        """Every origin that outlives calls, of any slot."""
        every = (origins for slots in self._slots.values() for origins in slots.values())
        return {origin for origins in every for origin in origins if origin.is_shared}

    def values(self, node: Activation, slot: int) -> Collection[Value]:
        """What the slot may be."""
        return node.slots[slot].values.keys() if slot != NOTHING else ()

    def is_fixed(self, origin: Origin) -> bool:
        """Whether it is a definition or a constant: it can be bound anew, but has no state of its own."""
        root = origin.root
        if not isinstance(root, Variable | Member) or origin.path[:1] not in ((), (ELEMENT,)):
            return False
        key = (root, bool(origin.path))
        known = self._fixed.get(key)
        if known is None:
            body = root.module.activation if isinstance(root, Variable) else root.info.activation
            slots = body.body.cells.get(root.name, ()) if body is not None else ()
            values = [value for slot in slots if body is not None for value in self.values(body, slot)]
            if origin.path:
                values = [part for value in values for part in _parts(value)]
            known = self._fixed[key] = bool(values) and all(_is_fixed(value) for value in values)
        return known

    def definition(self, node: Activation, slot: int) -> Op | None:
        """The operation that fills the slot."""
        return self.state.outline(node).definitions.get(slot)

    def found(self, node: Activation) -> dict[int, Origins]:
        """The origins of every slot that has some."""
        return self._slots.get(node, {})

    def handed_over(self, node: Activation) -> Iterator[tuple[int, Activation, dict[int, Origins]]]:
        """Calls with something that is followed: position, callee, and what each parameter gets."""
        slots = self._slots.get(node)
        if not slots:
            return
        for position, targets in self.calls.get(node, {}).items():
            if self._hands_over(node, node.body.ops[position], slots):
                for target in targets:
                    bound = self.bind(node, position, target)
                    if bound:
                        yield position, target, bound

    def bind(self, node: Activation, position: int, target: Activation) -> dict[int, Origins]:
        """For each parameter of `target` where its argument in this call comes from."""
        slots = self._slots.get(node)
        op = node.body.ops[position]
        if not slots or not target.facts.params or not self._hands_over(node, op, slots):
            return {}
        if isinstance(op, Call):
            return self._bind_call(node, position, op, target)
        if target.facts.owner == NOTHING:
            return {}
        slot = getattr(op, "obj", getattr(op, "left", NOTHING))
        if isinstance(op, Operate) and target.facts.name.startswith("__r"):
            slot = op.right
        return {0: self.of(node, slot)}

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

    # -- calls ----------------------------------------------------------------------------------

    def _hands_over(self, node: Activation, op: Op, slots: dict[int, Origins]) -> bool:
        """Whether one of the things that an operation gives to its callee may be followed."""
        match op:
            case Call():
                method = self.definition(node, op.func)
                return (
                    isinstance(method, Merge)
                    or (isinstance(method, Attr) and (method.obj in slots or 0 in slots))
                    or op.func in slots
                    or any(slot in slots for slot in op.args)
                    or any(slot in slots for _, slot in op.keywords)
                )
            case Operate():
                return op.left in slots or op.right in slots
        return getattr(op, "obj", NOTHING) in slots

    def _bind_call(self, node: Activation, position: int, op: Call, target: Activation) -> dict[int, Origins]:
        called = self._called_by(node, position, op)
        function = (target.module.key, target.index)
        bound: dict[int, Origins] = {}
        if function in called.plain:
            self._bind_arguments(node, op, target, (), bound)
        if function in called.bound:
            self._bind_arguments(node, op, target, (self._object_of(node, op.func, set()),), bound)
        if called.makes and target.facts.name in ("__init__", "__new__"):
            self._bind_arguments(node, op, target, (_NONE,), bound)
        if called.calls_object and target.facts.name == "__call__":
            self._bind_arguments(node, op, target, (self.of(node, op.func),), bound)
        return bound

    def _called_by(self, node: Activation, position: int, op: Call) -> _Called:
        known = self._called.get((node, position))
        if known is None:
            values = [
                value.func if isinstance(value, Factory) else value for value in self.values(node, op.func)
            ]
            known = self._called[node, position] = _Called(
                plain=frozenset(value.key for value in values if isinstance(value, Func)),
                bound=frozenset(value.func.key for value in values if isinstance(value, Bound)),
                makes=any(isinstance(value, Class) for value in values),
                calls_object=any(isinstance(value, Inst) for value in values),
            )
        return known

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
        return self.of(node, 0) if "builtins.super" in named else _NONE

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
        given = [*receiver, *(self._given(node, slot) for slot in op.args)]
        for slot, origins in zip(positional, given, strict=False):
            if origins:
                bound[slot] = bound.get(slot, _NONE) | origins
        followed = [(name, origins) for name, slot in op.keywords if (origins := self._given(node, slot))]
        if followed:
            named = {p.name: slot for slot, p in enumerate(params) if p.kind in (POSITIONAL, KEYWORD_ONLY)}
            for name, origins in followed:
                if name in named:
                    bound[named[name]] = bound.get(named[name], _NONE) | origins

    def _given(self, node: Activation, slot: int) -> Origins:
        """What an argument may be, without what no callee can change."""
        origins = self.of(node, slot)
        if any(map(self.is_fixed, origins)):
            return frozenset(origin for origin in origins if not self.is_fixed(origin))
        return origins

    # -- the fixpoint ---------------------------------------------------------------------------

    def _connect(self) -> None:
        known = set(self.nodes)
        for node in self.nodes:
            calls = self.calls[node] = {}
            for position, target in self.state.calls_out(node):
                if target in known:
                    calls.setdefault(position, []).append(target)
                    self.callers.setdefault(target, []).append((node, position))
            if node.env is not None:
                self._nested.setdefault(node.env, []).append(node)
            if node in self.focus.scopes:
                self._followed[node] = set(range(len(node.facts.params)))
            elif node in self.focus.receivers:
                self._followed[node] = {0}

    def _solve(self) -> None:
        queue = deque(node for node in self.nodes if self._has_start(node))
        waiting = set(queue)
        visits = max(_MOST_VISITS * len(self.nodes), _LEAST_BOUND)
        while queue and visits:
            visits -= 1
            node = queue.popleft()
            waiting.discard(node)
            for other in self._update(node):
                if other not in waiting:
                    waiting.add(other)
                    queue.append(other)

    def _has_start(self, node: Activation) -> bool:
        """Whether something is followed from there on, and not only once a call brings it."""
        if self.focus.scopes or node in self._followed:
            return True
        slots = self._initial(node)
        if slots:
            self._slots[node] = slots
        return bool(slots)

    def _update(self, node: Activation) -> Iterator[Activation]:
        """Compute the slots of a function anew. Gives the functions to which that makes a difference."""
        outline = self.state.outline(node)
        slots = self._slots.get(node)
        if slots is None:
            slots = self._slots[node] = self._initial(node)
        for slot in self._followed.get(node, ()):
            slots.setdefault(slot, frozenset({Origin(Parameter(node, slot))}))
        visible = self._visible(node, slots)
        changed = True
        while changed:
            changed = False
            for position, op in outline.flows:
                found = self._origins(node, position, op, slots)
                if found and not found <= slots.get(op.dst, _NONE):
                    slots[op.dst] = slots.get(op.dst, _NONE) | found
                    changed = True
        yield from self._hand_over(node)
        returned = _NONE.union(*(slots[slot] for slot in outline.returned if slot in slots))
        if returned != self._returns.get(node, _NONE):
            self._returns[node] = returned
            yield from (caller for caller, _ in self.callers.get(node, ()))
        if visible != self._visible(node, slots):
            yield from _within(node, self._nested)

    def _hand_over(self, node: Activation) -> Iterator[Activation]:
        """Follow the parameters that get what is followed here."""
        for _, target, bound in self.handed_over(node):
            followed = self._followed.setdefault(target, set())
            new = {slot for slot, origins in bound.items() if origins and slot not in followed}
            if new:
                followed.update(new)
                yield target

    def _visible(self, node: Activation, slots: dict[int, Origins]) -> list[Origins]:
        """What functions inside it may read."""
        if node not in self._nested:
            return []
        return [slots.get(slot, _NONE) for cell in node.body.cells.values() for slot in cell]

    def _initial(self, node: Activation) -> dict[int, Origins]:
        key = (node.module.key, node.index)
        seeds = self._seeds.get(key)
        if seeds is None:
            seeds = self._seeds[key] = {}
            for op in self.state.outline(node).loads:
                variable = self.state.variable(node.module, op.name)
                if variable is not None and self.focus.follows(variable):
                    seeds[op.dst] = frozenset({Origin(variable)})
        slots = dict(seeds)
        for position, read in self.state.outline(node).reads:
            if self._names is None or read.name in self._names:
                found, _ = self._roots_of(node, position, read)
                if found:
                    slots[read.dst] = found
        return slots

    def _names_of(self, roots: Iterable[Root]) -> set[str]:
        """The names that they have in any module."""
        names = {root.name for root in roots if isinstance(root, Variable | Member)}
        imports = [
            (name, op.name)
            for module in self.linker.modules.values()
            if module.activation is not None and self.state.is_looked_at(module)
            for op, name in self._imports(module.activation)
            if op.name and op.name != name
        ]
        before = -1
        while before != len(names):
            before = len(names)
            names.update(alias for alias, name in imports if name in names)
        return names

    def _imports(self, module: Activation) -> Iterator[tuple[Import, str]]:
        definitions = self.state.outline(module).definitions
        for name, slots in module.body.cells.items():
            for slot in slots:
                op = definitions.get(slot)
                if isinstance(op, Import):
                    yield op, name

    # -- single operations ----------------------------------------------------------------------

    def _origins(self, node: Activation, position: int, op: Flow, slots: dict[int, Origins]) -> Origins:
        match op:
            case Attr():
                return self._attribute(node, position, op, slots)
            case Call():
                return self._call(node, position, op, slots)
            case Merge():
                return _NONE.union(*(slots[slot] for slot in op.sources if slot in slots))
            case Load():
                return self._load(node, op)
            case Item() | Iterate():
                if op.obj in slots:
                    return frozenset(origin.child(ELEMENT) for origin in slots[op.obj])
            case Update() | Await():
                return slots.get(op.obj, _NONE)
        return _NONE

    def _load(self, node: Activation, op: Load) -> Origins:
        scope = self.linker.enclosing(node, op.level)
        if scope is None:
            return _NONE
        cell = [self.of(scope, slot) for slot in scope.body.cells.get(op.name, ())]
        outer = _NONE.union(*cell)
        # A name that only ever means something from further out is not a thing of its own.
        if (cell and all(cell)) or scope not in self.focus.scopes:
            return outer
        return outer | {Origin(Captured(scope, op.name))}

    def _attribute(self, node: Activation, position: int, op: Attr, slots: dict[int, Origins]) -> Origins:
        if position in node.targets:
            return self._results(node, position)
        if op.obj not in slots:
            return _NONE
        found, below = self._roots_of(node, position, op)
        return found.union(origin.child(op.name) for origin in slots[op.obj]) if below else found

    def _roots_of(self, node: Activation, position: int, op: Attr) -> tuple[Origins, bool]:
        """The variables and class attributes that it reads; whether it may be a part of the object."""
        known = self._roots.get((node, position))
        if known is None:
            known = self._roots[node, position] = self._find_roots(node, position, op)
        return known

    def _find_roots(self, node: Activation, position: int, op: Attr) -> tuple[Origins, bool]:
        if position in node.targets:
            return _NONE, False
        found: set[Origin] = set()
        values = self.values(node, op.obj)
        below = not values
        # A class among other things is most often what a call was given to make an object of it.
        named = all(isinstance(value, Mod | Class | Ext) for value in values)
        for value in values:
            root: Root | None = None
            if isinstance(value, Mod):
                root = self.state.variable(value.info, op.name)
            elif isinstance(value, Class) and named:
                root = self.state.member(value.info, op.name, through_instance=False)
            elif isinstance(value, Inst):
                root = self.state.member(value.info, op.name, through_instance=True)
            if root is not None:
                if self.focus.follows(root):
                    found.add(Origin(root))
            elif not isinstance(value, Mod | Class | Ext):
                below = True
        return frozenset(found), below

    def _call(self, node: Activation, position: int, op: Call, slots: dict[int, Origins]) -> Origins:
        if position in node.targets:
            return self._results(node, position)
        method = self.definition(node, op.func)
        if isinstance(method, Attr) and method.obj in slots and method.name in _ELEMENT_METHODS:
            values = self.values(node, method.obj)
            if any(observes(value) for value in values) or (values and not any(map(_holds, values))):
                return _NONE
            return frozenset(origin.child(ELEMENT) for origin in slots[method.obj])
        return _NONE

    def _results(self, node: Activation, position: int) -> Origins:
        """What the functions return that the operation calls, as far as that is its result."""
        found = _NONE
        for target in self.calls[node].get(position, ()):
            returned = self._returns.get(target)
            if returned and self._gives_result(node, position, target):
                found |= self.in_caller(returned, target, self.bind(node, position, target))
        return found

    def _gives_result(self, node: Activation, position: int, target: Activation) -> bool:
        """Whether the operation's result is what the function returns.

        Not what makes a part of a new object, such as a field's `default_factory`.
        """
        if target.facts.is_generator:
            return False
        op = node.body.ops[position]
        if not isinstance(op, Call) or target.facts.name == "__new__":
            return True
        values = self.values(node, op.func)
        if not any(makes_object(value) for value in values):
            return True
        functions = (func for value in values for func in functions_in(self.linker, value))
        return (target.module.key, target.index) in {func.key for func in functions}


def _is_fixed(value: Value, depth: int = 0) -> bool:
    if isinstance(value, Box):
        return (
            value.kind in _FIXED_KINDS
            and depth < _DEEPEST_CONSTANT
            and all(_is_fixed(part, depth + 1) for part in _parts(value))
        )
    return isinstance(value, Func | Class | Const | Mod)


def _holds(value: Value) -> bool:
    """Whether its `get` may give something that it holds; a manager of rows gives a new object."""
    match value:
        case ExtInst(dotted=dotted):
            return dotted.partition(".")[0] in _MODULES_OF_CONTAINERS
        case Inst(info=info):
            return any(base.partition(".")[0] in _MODULES_OF_CONTAINERS for base in info.external_bases())
    return not isinstance(value, Class | Ext | ExtBound)


def _parts(value: Value) -> list[Value]:
    """What is known to be in a container."""
    if not isinstance(value, Box):
        return []
    return [part for var in (value.elements, *value.keyed.values()) for part in var.values]


def _with_outer(nodes: Iterable[Activation]) -> Iterable[Activation]:
    """The functions and those around them."""
    found = dict.fromkeys(nodes)
    for node in list(found):
        outer = node.env
        while outer is not None and outer not in found:
            if outer.facts.kind != "module":
                found[outer] = None
            outer = outer.env
    return found


def _within(node: Activation, nested: dict[Activation, list[Activation]]) -> Iterator[Activation]:
    todo = list(nested.get(node, ()))
    while todo:
        inner = todo.pop()
        yield inner
        todo.extend(nested.get(inner, ()))
