"""Classes of the analyzed code: their members and the order in which bases are searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from color_checker.facts import ClassFacts
from color_checker.solver import Var
from color_checker.values import Ext

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.modules import ModuleInfo

Mro = tuple["ClassInfo | str", ...]

#: Bases without members that matter here.
_TRANSPARENT = frozenset({
    "builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol",
    "typing_extensions.Generic",
})  # fmt: skip

_ENUMS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"})

_DATACLASSES = frozenset({
    "dataclass", "dataclasses.dataclass", "define", "attr.s", "attrs.define", "attr.define", "frozen",
    "attrs.frozen", "pydantic.dataclasses.dataclass",
})  # fmt: skip


class ClassInfo:
    """A class statement, evaluated in one context."""

    __slots__ = (
        "_mro",
        "activation",
        "attributes",
        "bases",
        "decorated",
        "derived",
        "facts",
        "fields",
        "index",
        "instance_vars",
        "listeners",
        "module",
        "open_listeners",
        "scope",
        "stores",
    )  # fmt: skip

    def __init__(self, module: ModuleInfo, index: int, scope: Activation) -> None:
        self.module = module
        self.index = index
        self.facts: ClassFacts = module.facts.classes[index]
        self.scope = scope
        self.activation = scope
        self.bases: list[list[ClassInfo | str]] = []
        self.derived: list[ClassInfo] = []
        self.attributes: dict[str, Var] = {}
        self.instance_vars: dict[str, Var] = {}
        self.listeners: list[Callable[[], None]] = []
        #: Look-ups on objects that may be of a subclass, to be done again when there is a new one.
        self.open_listeners: list[Callable[[], None]] = []
        self.stores: dict[str, tuple[int, ...]] = {}
        self.decorated = frozenset(self.facts.decorators)
        self.fields = frozenset(field.name for field in self.facts.fields)
        self._mro: Mro | None = None
        self._find_stores()

    def _find_stores(self) -> None:
        for indexes in self.facts.methods.values():
            for index in indexes:
                for attribute in self.module.facts.functions[index].stores_self:
                    self.stores[attribute] = (*self.stores.get(attribute, ()), index)

    @property
    def dotted(self) -> str:
        """The class's dotted name."""
        return f"{self.module.name}.{self.facts.qualname}"

    @property
    def is_dataclass(self) -> bool:
        """Whether its `__init__` is generated from annotated fields by a decorator."""
        return not _DATACLASSES.isdisjoint(self._decorator_names())

    def _decorator_names(self) -> Iterator[str]:
        """The decorators as they are written, and what the module has imported under that name."""
        body = self.module.activation
        for name in self.decorated:
            yield name
            for slot in body.body.cells.get(name, ()) if body is not None else ():
                if body is not None:
                    yield from (value.dotted for value in body.slots[slot].values if isinstance(value, Ext))

    def add_base(self, position: int, base: ClassInfo | str) -> None:
        """A value of the base expression at `position` has become known."""
        while len(self.bases) <= position:
            self.bases.append([])
        if base in self.bases[position]:
            return
        self.bases[position].append(base)
        if not isinstance(base, str):
            base.derived.append(self)
        self.changed()
        for entry in self.mro()[1:]:
            if not isinstance(entry, str):
                for listener in tuple(entry.open_listeners):
                    listener()

    def changed(self) -> None:
        """Bases are known that were not: look up again what was looked up before, below this class too."""
        affected: dict[ClassInfo, None] = {}
        todo = [self]
        while todo:
            info = todo.pop()
            if info not in affected:
                affected[info] = None
                info._mro = None
                todo.extend(info.derived)
        for info in affected:
            for listener in tuple(info.listeners):
                listener()

    def mro(self) -> Mro:
        """This class, then its bases in the order of C3 linearization; external ones by name."""
        if self._mro is None:
            self._mro = _linearize(self, ())
        return self._mro

    def own(self, name: str) -> bool:
        """Whether the class body binds `name`, or somebody assigns it on the class."""
        return name in self.activation.body.cells or name in self.attributes

    def external_bases(self) -> tuple[str, ...]:
        """The external classes it derives from, those without members left out."""
        return tuple(base for base in self.mro() if isinstance(base, str) and base not in _TRANSPARENT)

    def is_enum(self) -> bool:
        """Whether its members are instances of it."""
        return any(base in _ENUMS for base in self.external_bases())

    def is_abstract(self) -> bool:
        """Whether it has abstract methods, so that every instance is one of a subclass."""
        functions = self.module.facts.functions
        return any(
            decorator.rpartition(".")[2] == "abstractmethod"
            for indexes in self.facts.methods.values()
            for index in indexes
            for decorator in functions[index].decorators
        )

    def is_protocol(self) -> bool:
        """Whether it only describes what other classes have."""
        names = (name.rpartition(".")[2] for name in self.facts.bases)
        return "Protocol" in names

    def members(self, name: str) -> Iterator[ClassInfo | str]:
        """Where `name` may be found: the first class that has it, or an external one before it."""
        for entry in self.mro():
            if isinstance(entry, str):
                if entry not in _TRANSPARENT:
                    yield entry
                    return
            elif name in entry.activation.body.cells or name in entry.attributes:
                yield entry
                return

    def storing_methods(self, name: str) -> Iterator[tuple[ClassInfo, int]]:
        """The methods of this class and its bases that assign `self.name`."""
        for entry in self.mro():
            if not isinstance(entry, str):
                for index in entry.stores.get(name, ()):
                    yield entry, index

    def declared(self, name: str) -> bool:
        """Whether instances have an attribute `name` of their own."""
        return any(
            name in entry.stores or name in entry.fields for entry in self.mro() if not isinstance(entry, str)
        )


def _linearize(info: ClassInfo, above: tuple[ClassInfo, ...]) -> Mro:
    """C3 (Barrett et al., "A Monotonic Superclass Linearization for Dylan", OOPSLA 1996).

    Where a base is not known for certain, all its candidates take part; where C3 finds no order,
    depth first is used.
    """
    if info in above or len(above) > 100:
        return (info,)
    bases = [base for position in info.bases for base in position]
    sequences: list[list[ClassInfo | str]] = []
    for base in bases:
        if isinstance(base, str):
            sequences.append([base])
        else:
            known = base._mro
            sequences.append(list(_linearize(base, (*above, info)) if known is None else known))
    sequences.append(list(bases))
    return (info, *_merge([sequence for sequence in sequences if sequence]))


def _merge(sequences: list[list[ClassInfo | str]]) -> list[ClassInfo | str]:
    result: list[ClassInfo | str] = []
    while sequences:
        head = next(
            (s[0] for s in sequences if not any(s[0] in other[1:] for other in sequences)), sequences[0][0]
        )
        result.append(head)
        sequences = [
            rest for s in sequences if (rest := [item for item in s if item is not head and item != head])
        ]
    return result
