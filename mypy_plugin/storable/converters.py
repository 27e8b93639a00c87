"""The way in which a converter takes types apart, whatever it stores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from mypy_plugin.storable.shapes import Kind, Shape
from mypy_plugin.storable.troubles import Outcome, Spot, Trouble

MAPPING = "typing.Mapping"
ITERABLE = "typing.Iterable"
#: Classes of mappings for which a plain dict may stand.
DICTS = frozenset({"builtins.dict", MAPPING, "typing.MutableMapping"})
#: Classes of collections for which a list may stand.
LISTS = frozenset(
    {
        "builtins.list",
        "typing.Sequence",
        "typing.MutableSequence",
        "typing.Collection",
        ITERABLE,
        "typing.Reversible",
    }
)
NUMBERS = frozenset({"builtins.int", "builtins.float", "builtins.bool"})
PLAIN = NUMBERS | {"builtins.str"}


class Converter(ABC):
    """Says of a type what becomes of its values when they are stored and read again.

    Attributes:
        title: what messages call it.
        gives_untyped: to whoever calls a function, the engine gives its result without its type.
    """

    title: ClassVar[str]
    gives_untyped: ClassVar[bool] = False

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """Each part of the type that is not stored as it is."""
        if spot.is_too_deep:
            return
        for trouble in self.inspect(shape, spot):
            if not spot.written_only or trouble.outcome is Outcome.REFUSED:
                yield trouble

    @abstractmethod
    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """As `troubles`, whether or not it matters here."""

    def each(self, shapes: tuple[Shape, ...], spot: Spot) -> Iterator[Trouble]:
        """Of all items of a tuple."""
        for index, shape in enumerate(shapes):
            yield from self.troubles(shape, spot.item(index))

    def any_of(self, shapes: tuple[Shape, ...], spot: Spot) -> Iterator[Trouble]:
        """Of all members of a union; one that contains itself, as types of JSON do, is taken apart once."""
        for shape in shapes:
            if (
                shape.kind is not Kind.CLASS
                or not shape.is_parametrized
                or spot.enter(shape, self._way(spot))
            ):
                yield from self.troubles(shape, spot.members())

    def fields(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """Of all fields of a record."""
        if spot.enter(shape, self._way(spot)):
            for name, field in shape.fields:
                model = shape.info if shape.kind is Kind.PYDANTIC else None
                if model is None or not spot.sources.is_special(model, name):
                    yield from self.troubles(field, spot.field(name))

    def _way(self, spot: Spot) -> str:
        """What, beside the type itself, decides how it is looked into."""
        return f"{type(self).__name__}{spot.is_top}"

    def of_code(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """Functions and classes themselves, of which only names can be stored."""
        if shape.kind is Kind.CALLABLE:
            yield spot.refused(shape, "Pass what it needs to know, and pick the function where it is called")
        else:
            yield spot.refused(shape, "Pass a name, and look the class up")

    def items(self, shape: Shape, spot: Spot, base: str = ITERABLE) -> Iterator[Trouble]:
        """Of the items of a collection."""
        for item in shape.arguments(base) or ():
            yield from self.troubles(item, spot.item())

    def values(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """Of the values of a mapping."""
        arguments = shape.arguments(MAPPING) or ()
        if len(arguments) == 2:
            yield from self.troubles(arguments[1], spot.item())


def members(shape: Shape) -> tuple[Shape, ...]:
    """The members of a union, or the type alone; without None."""
    parts = shape.parts if shape.kind is Kind.UNION else (shape,)
    return tuple(part for part in parts if part.kind is not Kind.NONE)


def optional_core(shape: Shape) -> Shape:
    """`T` for `T | None`; others as they are."""
    found = members(shape)
    return found[0] if len(found) == 1 and shape.kind is Kind.UNION and len(shape.parts) == 2 else shape


def enum_value(shape: Shape) -> str:
    """What the members of an enum are as well: "str", "int" or "float"; "" for an enum of nothing else."""
    for name in ("str", "int", "float"):
        if f"builtins.{name}" in shape.bases:
            return name
    return ""
