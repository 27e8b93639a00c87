"""Who writes what: rebinding, attribute and item assignment, and methods that change their object.

A write to a parameter, or to a name of a function around, is a write of every function that calls with
such an argument, too. What a function writes is found level by level from the writes themselves, so that
each is known by its shortest way, whatever the order in which the program was linked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from color_checker.coloring import Step
from color_checker.facts import (
    Attr,
    Call,
    Item,
    Iterate,
    Merge,
    Op,
    Operate,
    StoreAttr,
    StoreGlobal,
    StoreItem,
)
from color_checker.origins import Captured, External, Member, Origin, Origins, Variable
from color_checker.state import observes, outlives_calls
from color_checker.tracer import Tracer
from color_checker.values import DATA, Box, Class, Ext, ExtBound, ExtInst, Inst, Mod, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation

#: Methods with which the containers of the standard library change themselves.
_LIST = frozenset({"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"})
_DEQUE = frozenset({"appendleft", "extendleft", "popleft", "rotate"})
_SET = frozenset({
    "add", "discard", "remove", "pop", "clear", "update", "difference_update", "intersection_update",
    "symmetric_difference_update",
})  # fmt: skip
_DICT = frozenset({"update", "setdefault", "pop", "popitem", "clear", "move_to_end", "subtract"})
_ITEMS = frozenset({"__setitem__", "__delitem__"})

_MUTATORS: dict[str, frozenset[str]] = {
    "builtins.list": _LIST | _DEQUE | _ITEMS,
    "builtins.bytearray": _LIST | _ITEMS,
    "builtins.set": _SET,
    "builtins.dict": _DICT | _ITEMS,
    "collections.deque": _LIST | _DEQUE | _ITEMS,
    "collections.OrderedDict": _DICT | _ITEMS,
    "collections.defaultdict": _DICT | _ITEMS,
    "collections.Counter": _DICT | _ITEMS,
    "collections.ChainMap": _DICT | _ITEMS,
    "collections.UserDict": _DICT | _ITEMS,
    "collections.UserList": _LIST | _ITEMS,
    "weakref.WeakKeyDictionary": _DICT | _ITEMS,
    "weakref.WeakValueDictionary": _DICT | _ITEMS,
    "weakref.WeakSet": _SET,
}

#: All their names.
MUTATOR_NAMES = frozenset().union(*_MUTATORS.values())

#: On an object of unknown type these names leave no doubt.
_UNMISTAKABLE = frozenset({"append", "extend", "insert", "setdefault", "popitem", "appendleft", "popleft"})

_MUTABLE = frozenset({"list", "set", "dict"})

#: So many pairs of a function and something that it changes are followed to callers, the nearest first.
_MOST_FOLLOWED = 20_000


class Write(msgspec.Struct, frozen=True):
    """A function changes something, itself or by a call.

    Attributes:
        target: what it changes, as seen from the function.
        position: its operation that does it.
        via: the calls that lead to the function with the change in its own body, this function's own first.
        node: that function.
        at: the place of the change there.
    """

    target: Origin
    position: int
    via: tuple[Step, ...]
    node: Activation
    at: int


class Mutations:
    """What each of the functions that a tracer looks at changes outside of itself."""

    def __init__(self, tracer: Tracer) -> None:
        self.linker = tracer.linker
        self.tracer = tracer
        self._made_at_import = _boxes_of_modules(tracer)
        self._writes: dict[Activation, dict[tuple[Origin, int], Write]] = {}
        self._spread()

    def of(self, node: Activation) -> list[Write]:
        """The writes of a function, in source order, those of its callees to what it gave them included."""
        writes = self._writes.get(node)
        if not writes:
            return []
        return sorted(writes.values(), key=_rank)

    # -- from function to caller ------------------------------------------------------------------

    def _spread(self) -> None:
        level: dict[Activation, list[Write]] = {}
        for node in self.tracer.nodes:
            if node.facts.kind in ("function", "lambda"):
                own = list(self._own(node))
                if own:
                    level[node] = own
        seen: set[tuple[Activation, Origin]] = set()
        while level and len(seen) <= _MOST_FOLLOWED:
            following: dict[Activation, list[Write]] = {}
            for node in sorted(level, key=lambda node: node.source_order):
                new = {}
                writes = level[node]
                for write in sorted(writes, key=_rank) if len(writes) > 1 else writes:
                    self._writes.setdefault(node, {}).setdefault((write.target, write.position), write)
                    if not write.target.is_shared and (node, write.target) not in seen:
                        seen.add((node, write.target))
                        new[write.target] = write
                self._tell_callers(node, new, following)
            level = following

    def _tell_callers(
        self, node: Activation, writes: dict[Origin, Write], following: dict[Activation, list[Write]]
    ) -> None:
        """The same writes, seen from each caller."""
        if not writes:
            return
        for caller, position in self.tracer.callers.get(node, ()):
            if caller.facts.kind not in ("function", "lambda"):
                continue
            bound = self.tracer.bind(caller, position, node)
            step = Step(caller, position)
            for target, write in writes.items():
                for seen in self.tracer.in_caller((target,), node, bound):
                    if not (isinstance(seen.root, Captured) and seen.root.scope is caller):
                        following.setdefault(caller, []).append(
                            Write(seen, position, (step, *write.via), write.node, write.at)
                        )

    # -- in one function ------------------------------------------------------------------------

    def _own(self, node: Activation) -> Iterator[Write]:
        outline = self.tracer.state.outline(node)
        focus = self.tracer.focus
        for position, op in outline.writes:
            for target in self._targets(node, position, op, outline.stored):
                if not target.is_shared or focus.has(target.root):
                    yield Write(target, position, (), node, op.at)

    def _targets(self, node: Activation, position: int, op: Op, stored: set[int]) -> Origins:
        match op:
            case StoreGlobal():
                return frozenset(self._rebound(node, op))
            case StoreAttr():
                return frozenset(self._assigned(node, position, op))
            case StoreItem() if position not in node.targets:
                return self._changed(node, op.obj)
            case Operate() if op.method.startswith("__i") and op.dst not in stored:
                if any(isinstance(v, Box) and v.kind in _MUTABLE for v in self.tracer.values(node, op.left)):
                    return self._changed(node, op.left)
            case Call() if position not in node.targets:
                method = self.tracer.definition(node, op.func)
                if isinstance(method, Attr) and self._is_mutator(node, method):
                    return self._changed(node, method.obj)
        return frozenset()

    def _rebound(self, node: Activation, op: StoreGlobal) -> Iterator[Origin]:
        if not op.level:
            yield Origin(Variable(node.module, op.name))
            return
        scope = self.linker.enclosing(node, op.level)
        if scope is not None:
            yield Origin(Captured(scope, op.name))

    def _assigned(self, node: Activation, position: int, op: StoreAttr) -> Iterator[Origin]:
        below = position not in node.targets
        values = self.tracer.values(node, op.obj)
        for value in values:
            if isinstance(value, Mod) and self.tracer.state.is_looked_at(value.info):
                yield Origin(Variable(value.info, op.name))
            elif not all(isinstance(v, Mod | Class | Ext) for v in values) or not self._is_named(
                node, op.obj
            ):
                continue
            elif isinstance(value, Class):
                if self.tracer.state.is_looked_at(value.info.module) and outlives_calls(value.info.scope):
                    yield Origin(Member(value.info, op.name))
            elif isinstance(value, Ext):
                yield Origin(External(f"{value.dotted}.{op.name}"))
        if below and not (values and all(isinstance(v, Mod | Class | Ext) for v in values)):
            yield from (origin.child(op.name) for origin in self._changed(node, op.obj))

    def _is_named(self, node: Activation, slot: int, seen: tuple[int, ...] = ()) -> bool:
        """Whether it is the class or module itself: what a call was given need not come back from it."""
        op = self.tracer.definition(node, slot)
        if isinstance(op, Merge):
            below = (source for source in op.sources if source not in seen)
            return all(self._is_named(node, source, (*seen, slot)) for source in below)
        if not isinstance(op, Call):
            return True
        called = (value.dotted for value in self.tracer.values(node, op.func) if isinstance(value, Ext))
        return "builtins.type" in called

    def _changed(self, node: Activation, slot: int) -> Origins:
        """The origins of an object that is changed."""
        values = self.tracer.values(node, slot)
        if any(observes(value) for value in values) or (values and all(map(_is_external, values))):
            return frozenset()
        origins = self.tracer.of(node, slot)
        if values and not any(origin.is_shared for origin in origins) and self._is_part(node, slot):
            boxes = [value for value in values if isinstance(value, Box)]
            if boxes and all(box in self._made_at_import for box in boxes):
                origins |= {self._made_at_import[box] for box in boxes}
        return origins

    def _is_part(self, node: Activation, slot: int) -> bool:
        """Whether it was read from another object."""
        op = self.tracer.definition(node, slot)
        sources = op.sources if isinstance(op, Merge) else (slot,)
        return any(
            isinstance(self.tracer.definition(node, source), Attr | Item | Iterate) for source in sources
        )

    def _is_mutator(self, node: Activation, method: Attr) -> bool:
        if method.name not in MUTATOR_NAMES:
            return False
        return any(_mutates(value, method.name) for value in self.tracer.values(node, method.obj))


def _mutates(value: Value, name: str) -> bool:
    match value:
        case Box():
            return name in _MUTATORS.get(f"builtins.{value.kind}", ())
        case ExtInst():
            return name in _MUTATORS.get(value.dotted, ())
        case Inst():
            return any(name in _MUTATORS.get(base, ()) for base in value.info.external_bases())
    return value is DATA and name in _UNMISTAKABLE


def _is_external(value: Value) -> bool:
    """Something of another package, which the catalog answers for."""
    return isinstance(value, Ext | ExtBound)


def _boxes_of_modules(tracer: Tracer) -> dict[Box, Origin]:
    """The containers that modules and classes make when they are imported, and their names."""
    found: dict[Box, Origin] = {}
    classes = {info.activation: info for info in tracer.linker.classes.values()}
    for node in tracer.linker.activations.values():
        if node.facts.kind not in ("module", "class") or node.module.library or not node.boxes:
            continue
        if not outlives_calls(node):
            continue
        # What an annotation says that a name may be is not made there.
        own = {box for key, box in node.boxes.items() if key[0] != "annotation"}
        for name, slots in node.body.cells.items():
            info = classes.get(node)
            root = Member(info, name) if info is not None else Variable(node.module, name)
            for slot in slots:
                for value in tracer.values(node, slot):
                    if isinstance(value, Box) and value in own:
                        found.setdefault(value, Origin(root))
    return found


def _rank(write: Write) -> tuple[int, str]:
    return (write.position, write.target.text())
