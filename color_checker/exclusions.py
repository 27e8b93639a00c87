"""Which values an annotation rules out, so that what is mixed up on the way there is sorted out again.

Flow mixes values: `**kwargs` with unknown keys, records that several kinds of requests share. A parameter
that says `str` is no function all the same. An object of another class than the declared one is only ruled
out if it is a library's, of another branch of the same family, or has too little in common with it: a
stand-in, as tests have them, is made after what it stands in for.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from color_checker.attributes import builtin_members
from color_checker.facts import TypeExpr
from color_checker.modules import BUILTINS
from color_checker.typed import UNIONS
from color_checker.values import (
    Bound,
    Box,
    Class,
    Const,
    Coro,
    ExtBound,
    ExtInst,
    Factory,
    Func,
    Gen,
    Inst,
    Manager,
    Marker,
    Mod,
    Partial,
    Super,
    Value,
)

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.link import Linker
    from color_checker.modules import ModuleInfo

Kinds = frozenset[type[Value]]


class Exclusion:
    """Kinds of values that a variable cannot be, and the classes that its objects have, if any are named.

    `bases` are builtins: objects of the project's own subclasses of them are let in, whatever the kinds.
    """

    __slots__ = ("_left", "bases", "classes", "kinds", "linker")

    def __init__(
        self, linker: Linker, kinds: Kinds, classes: tuple[ClassInfo, ...] = (),
        bases: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.linker = linker
        self.kinds = kinds
        self.classes = classes
        self.bases = bases
        #: What has been said of an object, so that it is said of the next one of its class at once.
        self._left: dict[Inst, Inst | None] = {}

    def left_of(self, value: Value) -> Value | None:
        """What the variable is if `value` arrives: that, more exactly, or nothing."""
        if _kind(value) in self.kinds:
            derives = isinstance(value, Inst) and not self.bases.isdisjoint(value.info.external_bases())
            return value if derives else None
        if not self.classes or not isinstance(value, Inst):
            return value
        if value not in self._left:
            if not all(_is_settled(info) for info in (value.info, *self.classes)):
                return value
            self._left[value] = self._left_of(value)
        return self._left[value]

    def _left_of(self, value: Inst) -> Inst | None:
        """`left_of` for an object, once all bases of the classes are known."""
        below = [info for info in self.classes if value.open and value.info in info.mro()[1:]]
        if below and len(self.classes) == 1:
            # Of what is only known to be of some subclass it is known now of which.
            return self.linker.instance(below[0], is_open=True)
        return value if any(_may_stand_for(value, info) for info in self.classes) else None

    def either(self, other: Exclusion) -> Exclusion:
        """For a union of both types."""
        # Where one of them names no class but lets objects in, they can be of any class.
        free = any(not one.classes and Inst not in one.kinds for one in (self, other))
        classes = () if free else self.classes + other.classes
        return Exclusion(self.linker, self.kinds & other.kinds, classes, self.bases | other.bases)


def _kind(value: Value) -> type[Value]:
    """What sort of value it is: data of which only the builtin type is known is data all the same."""
    if type(value) is ExtInst and value.dotted in _DATA:
        return _DATA[value.dotted]
    return type(value)


def _is_settled(info: ClassInfo) -> bool:
    """Whether all bases are known, also those of its bases."""
    return all(
        isinstance(entry, str) or (len(entry.bases) >= len(entry.facts.bases) and all(entry.bases))
        for entry in info.mro()
    )


def _may_stand_for(value: Inst, info: ClassInfo) -> bool:
    """Whether the object may be where one of the class is declared."""
    if info in value.info.mro() or (value.open and value.info in info.mro()):
        return True
    if _has_unknown_members(value.info) or _has_unknown_members(info):
        return True
    if not _bases(info).isdisjoint(_bases(value.info)):
        # A class of the same family that is not this one's is another member of it.
        return False
    return _is_modeled_on(value.info, info)


def _is_modeled_on(stand_in: ClassInfo, info: ClassInfo) -> bool:
    """Whether a class looks as if it were made to be used in place of the other one.

    Then it has all of it, or is like that for the most part. A few fields that are called alike do not make
    one record of data a stand-in for another.
    """
    wanted, methods, had = _public_names(info), _public_methods(info), _public_names(stand_in)
    if not methods:
        return not wanted or _is_mostly(had, wanted)
    return wanted <= had or (_is_mostly(had, wanted) and not methods.isdisjoint(had))


def _is_mostly(had: set[str], wanted: set[str]) -> bool:
    """Whether at least half of what a class has is what another one has, too."""
    return 2 * len(had & wanted) >= len(had)


def _has_unknown_members(info: ClassInfo) -> bool:
    """Whether it derives from a class outside the analyzed code of which it is not known what it has."""
    return any(not base.startswith("builtins.") and base not in _RECORDS for base in info.external_bases())


def _bases(info: ClassInfo) -> set[ClassInfo]:
    return {entry for entry in info.mro() if not isinstance(entry, str)}


def _public_names(info: ClassInfo) -> set[str]:
    """What is read of an object: its methods, fields and other attributes."""
    return _public_methods(info) | {
        name
        for entry in info.mro()
        if not isinstance(entry, str)
        for name in (*entry.fields, *entry.stores)
        if not name.startswith("_")
    }


def _public_methods(info: ClassInfo) -> set[str]:
    return {
        name
        for entry in info.mro()
        for name in (builtin_members(entry) if isinstance(entry, str) else entry.facts.methods)
        if not name.startswith("_") or name == "__call__"
    }


#: Builtin types, with the kind of values that are known more exactly.
_DATA: dict[str, type[Value]] = {
    **{f"builtins.{name}": Const for name in ("str", "int", "float", "bool", "bytes", "complex")},
    **{f"builtins.{name}": Box for name in ("list", "tuple", "dict", "set", "frozenset")},
}

_NOTHING: Kinds = frozenset()
# What each of a few groups of types rules out.
#: Where data is declared: definitions and what is made of them.
_CODE: Kinds = frozenset({Func, Bound, Mod, Coro, Factory, Marker, Partial, Super})
_PLAIN: Kinds = _CODE | {Class, Inst, Box, Gen, Manager, ExtBound}
_CONTAINER: Kinds = _CODE | {Class, Const, Manager}
_ITERABLE: Kinds = _CODE | {Manager}
_CALLABLE: Kinds = frozenset({Const, Box, Coro, Gen, Manager, Mod})
_OBJECT: Kinds = _CODE | {Class, Const, Box, Gen, Manager, ExtInst, ExtBound}
#: Where the declared class has a base that is not known: the object may be a dictionary, a tuple, a text.
_UNSURE: Kinds = _CODE | {Class, Gen, Manager}
_EVERYTHING: Kinds = _PLAIN | {Const, ExtInst}

_BY_NAME: dict[str, Kinds] = {
    **dict.fromkeys(("str", "int", "float", "bool", "bytes", "LiteralString"), _PLAIN),
    "Literal": _PLAIN - {Inst},  # members of an enumeration are objects
    **dict.fromkeys(
        ("list", "List", "dict", "Dict", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "Mapping",
         "MutableMapping", "MutableSequence"), _CONTAINER,
    ),
    **dict.fromkeys(("Sequence", "Collection", "Iterable"), _ITERABLE),
    "Callable": _CALLABLE,
    "None": _EVERYTHING,
}  # fmt: skip

#: Bases that only say that a class is a record of data.
_RECORDS = frozenset(
    {"typing.TypedDict", "typing_extensions.TypedDict", "typing.NamedTuple", "pydantic.BaseModel"}
)

_WRAPPERS = frozenset({"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "InitVar"})


class Exclusions:
    """What annotations rule out, for the linker."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self._known: dict[tuple[ModuleInfo, TypeExpr], Exclusion | None] = {}

    def of(self, annotation: TypeExpr, scope: Activation) -> Exclusion | None:
        """What the annotation rules out; None if nothing, or if its names are not known yet."""
        key = (scope.module, annotation)
        if key in self._known:
            return self._known[key]
        found = self._of(annotation, scope)
        if found is None:
            return None
        self._known[key] = result = found if found.kinds else None
        return result

    def _of(self, annotation: TypeExpr, scope: Activation) -> Exclusion | None:
        name = annotation.name.rpartition(".")[2]
        if name in _WRAPPERS and annotation.args:
            return self._of(annotation.args[0], scope)
        if name in UNIONS and annotation.args:
            return self._of_union([self._of(arg, scope) for arg in annotation.args])
        if name in _BY_NAME:
            if name in BUILTINS and scope.module.defines(name):
                return Exclusion(self.linker, _NOTHING)
            return Exclusion(self.linker, _BY_NAME[name], bases=frozenset({f"builtins.{name}"}))
        return self._of_class(annotation.name, scope)

    def _of_union(self, members: list[Exclusion | None]) -> Exclusion | None:
        known = [member for member in members if member is not None]
        return reduce(Exclusion.either, known) if len(known) == len(members) else None

    def _of_class(self, dotted: str, scope: Activation) -> Exclusion | None:
        values = self._values(dotted, scope)
        return reduce(Exclusion.either, map(self.of_value, values)) if values else None

    def of_value(self, value: Value) -> Exclusion:
        """What is ruled out where a type is declared that is this value."""
        if not isinstance(value, Class) or value.info.is_protocol():
            return Exclusion(self.linker, _NOTHING)
        return Exclusion(self.linker, _UNSURE if value.info.external_bases() else _OBJECT, (value.info,))

    def _values(self, dotted: str, scope: Activation) -> list[Value]:
        """What the name means, as far as that has been found out."""
        head, _, rest = dotted.partition(".")
        outer: Activation | None = scope
        while outer is not None and outer.facts.kind != "module":
            if head in outer.body.cells:
                return []
            outer = outer.env
        values = self._in_module(scope.module, head)
        for name in rest.split(".") if rest else ():
            values = [
                found
                for value in values
                if isinstance(value, Mod)
                for found in self._in_module(value.info, name)
            ]
        return values

    def _in_module(self, module: ModuleInfo, name: str) -> list[Value]:
        body = module.activation
        if body is None or name in module.stored:
            return []
        return [value for slot in body.body.cells.get(name, ()) for value in body.var(slot).values]
