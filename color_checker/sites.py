"""What the operations of one activation do, read off the solved constraints.

The linker has found what every variable may be. Here each operation of a body is looked at once more
and turned into what rules ask about: effects, calls out of the analyzed code, and calls that stayed
unresolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from color_checker.attributes import has_member
from color_checker.catalog import Condition, Entry
from color_checker.classes import ClassInfo
from color_checker.facts import (
    NOTHING,
    Attr,
    Build,
    Call,
    Format,
    Item,
    Iterate,
    Load,
    Op,
    Operate,
    StoreItem,
)
from color_checker.findings import Effect
from color_checker.solver import MOST_VALUES
from color_checker.values import (
    DATA,
    LOST,
    NONE,
    Bound,
    Box,
    Class,
    Const,
    Descriptor,
    Ext,
    ExtBound,
    ExtInst,
    Factory,
    Func,
    Inst,
    Marker,
    Partial,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker

_SETS = frozenset({"set", "frozenset"})
_SET_CLASSES = frozenset({"builtins.set", "builtins.frozenset"})
_NUMBERS = frozenset({
    "builtins.int", "builtins.float", "builtins.bool", "builtins.complex", "decimal.Decimal",
    "fractions.Fraction",
})  # fmt: skip

#: Calls whose result shows the order in which they got the elements of their arguments.
_ORDER_SENSITIVE = frozenset({
    "builtins.list", "builtins.tuple", "builtins.enumerate", "builtins.zip", "builtins.iter",
    "builtins.map", "builtins.filter", "builtins.str.join", "builtins.bytes.join", "builtins.list.extend",
    "builtins.dict.fromkeys", "builtins.reversed", "itertools.chain", "itertools.chain.from_iterable",
    "itertools.islice", "itertools.cycle", "itertools.product", "itertools.permutations",
    "itertools.combinations", "itertools.groupby", "itertools.accumulate", "itertools.zip_longest",
    "functools.reduce", "collections.deque", "asyncio.gather", "random.shuffle",
})  # fmt: skip

#: Methods of sets and dictionaries that look for a key, or keep it.
_MEMORY_METHODS = frozenset({"add", "discard", "remove", "get", "pop", "setdefault"})
_COMPARISONS = frozenset({"__eq__", "__ne__", "__contains__"})

_TEXT = frozenset({"builtins.str", "builtins.repr", "builtins.format"})
_REPR = "builtins.object.__repr__"


class EffectSite(msgspec.Struct, frozen=True):
    """A place whose execution has an effect.

    Attributes:
        position: index of the operation in the body.
        at: its place.
        dotted: what has the effect, by its canonical name.
        advice: the catalog's own, "" for none.
    """

    position: int
    at: int
    dotted: str
    effect: Effect
    advice: str = ""


class Gap(msgspec.Struct, frozen=True):
    """A call of which it is not known what it runs."""

    position: int
    at: int
    reason: str


def effects(linker: Linker, node: Activation) -> list[EffectSite]:
    """Everything in one activation that has an effect, in source order, legal somewhere or not."""
    sites = list(_Reader(linker, node).effects())
    made = {
        (site.effect, result)
        for site in sites
        if (result := _returned(linker, site.dotted)) not in _receivers(node, site)
    }
    return [
        site for site in sites if not _is_use_of_made(node, site, made) and not _is_given(node, site, sites)
    ]


def _returned(linker: Linker, dotted: str) -> str:
    entry = linker.catalog.lookup(dotted)
    if entry is None:
        return ""
    return entry.name if entry.kind == "class" else entry.returns


def _is_use_of_made(node: Activation, site: EffectSite, made: set[tuple[Effect, str]]) -> bool:
    """Whether the site is a method of an object whose making here was an effect already."""
    receivers = _receivers(node, site)
    return bool(receivers) and all((site.effect, receiver) in made for receiver in receivers)


def _receivers(node: Activation, site: EffectSite) -> set[str]:
    """The external classes of which the site calls a method; none if it may call something else.

    What such a method returns of the same class is no object that the effect made: `path.resolve()` was a
    path before.
    """
    op = node.body.ops[site.position]
    receivers: list[Value | None] = []
    if isinstance(op, Call):
        receivers = [value.receiver for value in node.var(op.func).values if isinstance(value, ExtBound)]
    elif isinstance(op, Iterate):
        receivers = list(node.var(op.obj).values)
    if not all(isinstance(receiver, ExtInst) for receiver in receivers):
        return set()
    return {receiver.dotted for receiver in receivers if isinstance(receiver, ExtInst)}


def _is_given(node: Activation, site: EffectSite, sites: list[EffectSite]) -> bool:
    """Whether it is only named to be given to a call with the same effect: `print(…, file=sys.stderr)`."""
    op = node.body.ops[site.position]
    return isinstance(op, Attr | Load) and any(
        isinstance(call := node.body.ops[other.position], Call)
        and (op.dst in call.args or any(op.dst == slot for _, slot in call.keywords))
        for other in sites
        if other.effect is site.effect
    )


def gaps(linker: Linker, node: Activation) -> list[Gap]:
    """The calls of one activation that could not be resolved."""
    return list(_Reader(linker, node).gaps())


def _operands(op: Op) -> Iterator[int]:
    """The slots that an operation reads; too many rather than too few."""
    for field in op.__struct_fields__:
        if field not in ("dst", "at"):
            yield from _numbers(getattr(op, field))


def _numbers(value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _numbers(part)


def _tells_apart(op: Op, slot: int, methods: set[int]) -> bool:
    match op:
        case Operate(method=method):
            return method in _COMPARISONS
        case Item(key=key) | StoreItem(key=key):
            return key == slot
        case Call(func=func, args=args):
            return func in methods and args[:1] == (slot,)
    return False


class _Reader:
    def __init__(self, linker: Linker, node: Activation) -> None:
        self.linker = linker
        self.node = node
        self.catalog = linker.catalog

    def values(self, slot: int) -> tuple[Value, ...]:
        """What the slot may be."""
        return tuple(self.node.slots[slot].values) if slot != NOTHING else ()

    # -- effects --------------------------------------------------------------------------------

    def effects(self) -> Iterator[EffectSite]:
        """Every effect of every operation."""
        for position, op in enumerate(self.node.body.ops):
            match op:
                case Call():
                    yield from self._call(position, op)
                case Attr():
                    yield from self._use(position, op.dst, op.at, op.obj)
                    yield from self._uses(position, self.node.read_from.get(position, ()), op.at, op.obj)
                case Load():
                    yield from self._use(position, op.dst, op.at, NOTHING)
                case Item():
                    yield from self._uses(position, self.node.read_from.get(position, ()), op.at, op.obj)
                case Iterate():
                    if op.ordered and self._is_unordered(op.obj):
                        yield EffectSite(position, op.at, "builtins.set", Effect.UNORDERED)
                    yield from self._fetches(position, op)
                case Build(kind="list" | "tuple"):
                    if any(self._is_unordered(star) for star in op.stars):
                        yield EffectSite(position, op.at, "builtins.set", Effect.UNORDERED)
                case Format():
                    if any(
                        self._shows_address(part, ("__format__", "__str__", "__repr__")) for part in op.parts
                    ):
                        yield EffectSite(position, op.at, _REPR, Effect.IDENTITY)

    def _call(self, position: int, op: Call) -> Iterator[EffectSite]:
        for dotted in self.node.external.get(position, ()):
            yield from self._external(position, op, dotted)
        arguments = (*op.args, *op.stars)
        for dotted in self.node.external.get(position, ()):
            if (
                dotted in _ORDER_SENSITIVE
                and op.dst not in self.node.body.orderless
                and any(self._is_unordered(slot) for slot in arguments)
            ):
                yield EffectSite(position, op.at, dotted, Effect.UNORDERED)
            elif dotted in _TEXT and any(
                self._shows_address(slot, ("__str__", "__repr__")) for slot in op.args
            ):
                yield EffectSite(position, op.at, _REPR, Effect.IDENTITY)

    def _fetches(self, position: int, op: Iterate) -> Iterator[EffectSite]:
        """A loop over an object that gets its elements from elsewhere: rows, lines of a file."""
        method = "__aiter__" if op.is_async else "__iter__"
        for value in self.values(op.obj):
            if isinstance(value, ExtInst) and not value.dotted.startswith("builtins."):
                effect, entry = self._effect_of(f"{value.dotted}.{method}")
                if effect is not None:
                    advice = entry.advice if entry is not None else ""
                    yield EffectSite(position, op.at, value.dotted, effect, advice)
                    return

    def _external(self, position: int, op: Call, dotted: str) -> Iterator[EffectSite]:
        effect, entry = self._effect_of(dotted)
        if effect is None:
            return
        name = dotted
        if entry is not None:
            name = entry.name
            if entry.on == "use" or (entry.unless is not None and self._holds(entry.unless, op)):
                return
        if name == "builtins.set.pop" and not self._pops_anything(op):
            return
        if name == "builtins.id" and self._only_tells_apart(op.dst):
            return
        yield EffectSite(position, op.at, name, effect, entry.advice if entry is not None else "")

    def _effect_of(self, dotted: str) -> tuple[Effect | None, Entry | None]:
        for profile in self.linker.profiles:
            if profile.owns(dotted):
                return profile.effect(dotted), None
        entry = self.catalog.lookup(dotted)
        if dotted.endswith(".__init__"):
            # A class's members are what its objects do; to set one up is to make it.
            owner = self.catalog.lookup(dotted.removesuffix(".__init__"))
            entry = owner if owner is not None and owner.kind == "class" else entry or owner
        return (entry.effect, entry) if entry is not None else (None, None)

    def _use(self, position: int, slot: int, at: int, obj: int) -> Iterator[EffectSite]:
        """Names that are an effect as soon as they are used: `os.environ`, `sys.argv`."""
        yield from self._uses(position, self.values(slot), at, obj)

    def _uses(
        self, position: int, values: Iterable[Value], at: int, obj: int
    ) -> Iterator[EffectSite]:  # fmt: skip
        for value in values:
            if isinstance(value, Ext | ExtBound):
                entry = self.catalog.lookup(value.dotted)
                if entry is None or entry.on != "use" or entry.effect is None:
                    continue
                if obj != NOTHING and self._is_used_already(obj):
                    continue
                yield EffectSite(position, at, entry.name or value.dotted, entry.effect, entry.advice)
                return

    def _is_used_already(self, obj: int) -> bool:
        """Whether the object is itself below such a name, which has been reported."""
        for value in self.values(obj):
            if isinstance(value, Ext | ExtBound):
                entry = self.catalog.lookup(value.dotted)
                if entry is not None and entry.on == "use" and entry.effect is not None:
                    return True
        return False

    def _holds(self, condition: Condition, op: Call) -> bool:
        given = len(op.args) + len(op.stars)
        if condition.positional is not None and given >= condition.positional:
            return True
        if condition.arguments is not None and given + len(op.keywords) >= condition.arguments:
            return True
        if any(name in condition.keywords for name, _ in op.keywords):
            return True
        return condition.numeric and bool(op.args) and self._hashes_alike(op.args[0])

    def _hashes_alike(self, slot: int) -> bool:
        values = self.values(slot)
        return bool(values) and all(self._is_number(value) or self._has_own_hash(value) for value in values)

    def _is_number(self, value: Value) -> bool:
        if isinstance(value, Const):
            return value.kind == "int"
        if isinstance(value, ExtInst):
            return value.dotted in _NUMBERS
        return value is NONE

    def _has_own_hash(self, value: Value) -> bool:
        return isinstance(value, Inst) and any(
            isinstance(owner, ClassInfo) for owner in value.info.members("__hash__")
        )

    def _only_tells_apart(self, slot: int) -> bool:
        """Whether all uses of the slot ask whether the same object was seen: `id(error) in seen`."""
        if any(slot in slots for slots in self.node.body.cells.values()):
            return False
        methods = {op.dst for op in self.node.body.ops if isinstance(op, Attr) and op.name in _MEMORY_METHODS}
        uses = [op for op in self.node.body.ops if slot in _operands(op)]
        return bool(uses) and all(_tells_apart(op, slot, methods) for op in uses)

    # -- order ----------------------------------------------------------------------------------

    def _is_unordered(self, slot: int) -> bool:
        return any(self._is_set(value) for value in self.values(slot))

    def _is_set(self, value: Value) -> bool:
        if isinstance(value, Box):
            return value.kind in _SETS and not self._only_numbers(value)
        return isinstance(value, ExtInst) and value.dotted in _SET_CLASSES

    def _only_numbers(self, box: Box) -> bool:
        """The order of a set of numbers does not change from process to process."""
        values = [*box.elements.values, *(value for var in box.keyed.values() for value in var.values)]
        return all(self._is_number(value) for value in values) and bool(values)

    def _pops_anything(self, op: Call) -> bool:
        return any(
            isinstance(value, ExtBound) and self._is_set(value.receiver) for value in self.values(op.func)
        )

    def _shows_address(self, slot: int, methods: tuple[str, ...]) -> bool:
        return any(
            isinstance(value, Inst) and self._has_default_repr(value, methods) for value in self.values(slot)
        )

    def _has_default_repr(self, value: Inst, methods: tuple[str, ...]) -> bool:
        info = value.info
        if value.open or info.is_enum() or info.external_bases():
            return False
        for entry in info.mro():
            if isinstance(entry, str) or entry.is_dataclass or entry.facts.decorators:
                return False
            if any(entry.own(name) for name in methods):
                return False
        return True

    # -- gaps -----------------------------------------------------------------------------------

    def gaps(self) -> Iterator[Gap]:
        """Calls whose callee is unknown."""
        for position, op in enumerate(self.node.body.ops):
            if isinstance(op, Call):
                reason = self._why_unknown(position, op)
                if reason:
                    yield Gap(position, op.at, reason)

    def _why_unknown(self, position: int, op: Call) -> str:
        node = self.node
        if self._is_lost(position, op):
            return "the program is too large to follow it"
        if self._is_saturated(op.func):
            return "it may be too many different things"
        values = self.values(op.func)
        targets = node.targets.get(position)
        if targets and self._is_only_declared(targets, values):
            return f"`{next(iter(targets)).name}` is only declared: no class that implements it is known"
        if targets or position in node.operations:
            return ""
        if any(self._is_resolved(value) for value in values):
            return ""
        names = [value.dotted for value in values if isinstance(value, Ext | ExtBound)]
        names += [f"{value.dotted}.__call__" for value in values if isinstance(value, ExtInst)]
        if names:
            return f"`{names[0]}` is neither installed nor in the catalog"
        return "it is not known what is called"

    def _is_lost(self, position: int, op: Call) -> bool:
        """Whether linking has stopped before all that is called was known, or looked at."""
        if not self.linker.solver.exhausted:
            return False
        read = self._reads.get(op.func)
        objects = self.values(read.obj) if read is not None else ()
        return (
            LOST in self.values(op.func)
            or LOST in objects
            or any(target.skipped for target in self.node.targets.get(position, ()))
        )

    def _is_only_declared(self, targets: Iterable[Activation], values: tuple[Value, ...]) -> bool:
        """Whether an object of unknown class is asked for a method that only a protocol or ABC declares."""
        receivers = [value.receiver for value in values if isinstance(value, Bound)]
        if not any(isinstance(receiver, Inst) and receiver.open for receiver in receivers):
            return False
        return all(self._is_declaration(target) for target in targets)

    def _is_declaration(self, target: Activation) -> bool:
        if not target.facts.abstract or target.env is None:
            return False
        owner = self.linker.colors.class_of_body(target.env)
        declared = any(name.rpartition(".")[2] == "abstractmethod" for name in target.facts.decorators)
        return declared or (owner is not None and owner.is_protocol())

    def _is_saturated(self, slot: int) -> bool:
        """Whether the solver has given up on the callee, or on the object whose method is called.

        Not if it is one of many containers of the same kind, or plain data: their methods are the same.
        """
        read = self._reads.get(slot)
        objects = self.values(read.obj) if read is not None else ()
        if read is not None and any(self._may_be_too_many(value, read.name) for value in objects):
            return True
        contained = [value for value in objects if value is not DATA and value is not NONE]
        kinds = {value.kind if isinstance(value, Box) else "" for value in contained}
        if (
            read is not None
            and len(kinds) == 1
            and "" not in kinds
            and has_member(next(iter(kinds)), read.name)
        ):
            return False
        return self._is_full(slot) or (read is not None and self._is_full(read.obj))

    def _is_full(self, slot: int) -> bool:
        var = self.node.slots[slot]
        return len(var.values) >= MOST_VALUES or var in self.linker.solver.overflowed

    def _may_be_too_many(self, value: Value, name: str) -> bool:
        return (
            isinstance(value, Inst) and value.open and (value.info, name) in self.linker.attributes.too_many
        )

    @cached_property
    def _reads(self) -> dict[int, Attr]:
        return {op.dst: op for op in self.node.body.ops if isinstance(op, Attr)}

    def _is_resolved(self, value: Value) -> bool:
        match value:
            case Func() | Bound() | Class() | Partial() | Factory() | Marker() | Descriptor():
                return True
            case Ext() | ExtBound():
                return self._is_known(value.dotted)
            case ExtInst():
                return self._is_known(f"{value.dotted}.__call__")
            case Inst():
                return self.linker.attributes.has(value, "__call__") or bool(value.info.external_bases())
        return value is DATA

    def _is_known(self, dotted: str) -> bool:
        if any(profile.owns(dotted) for profile in self.linker.profiles):
            return True
        return dotted.startswith("builtins.") or self.catalog.lookup(dotted) is not None
