"""What a call hands on to the function that it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mypy.nodes import ARG_NAMED, ARG_POS, ARG_STAR2, CallExpr, Expression, ListExpr, StarExpr, TupleExpr
from mypy.types import AnyType, Instance, ProperType, TupleType, Type, TypeOfAny, UnpackType, get_proper_type

from color_checker.engines import Passing

TypeOf = Callable[[Expression], ProperType | None]


@dataclass(frozen=True)
class Handed:
    """The arguments.

    Attributes:
        types: of the positional ones that are known.
        sources: their expressions; None for one that has none of its own.
        complete: there are no others.
        keywords: the others, by name.
        sequence: they come as a sequence (`args=[...]`).
        text: that sequence is a str.
        twice: the one argument is given, and so is the sequence.
    """

    types: tuple[Type, ...] = ()
    sources: tuple[Expression | None, ...] = ()
    complete: bool = True
    keywords: dict[str, Type] = field(default_factory=dict)
    sequence: bool = False
    text: Expression | None = None
    twice: bool = False


def argument(call: CallExpr, keys: tuple[int | str, ...]) -> Expression | None:
    """The argument of a call at one of the positions or of one of the names."""
    for key in keys:
        for position, (value, kind, name) in enumerate(
            zip(call.args, call.arg_kinds, call.arg_names, strict=True)
        ):
            if isinstance(key, int) and kind is ARG_POS and position == key:
                if all(before is ARG_POS for before in call.arg_kinds[:position]):
                    return value
            elif isinstance(key, str) and kind is ARG_NAMED and name == key:
                return value
    return None


def handed(call: CallExpr, passing: Passing, type_of: TypeOf) -> Handed | None:
    """What a call hands on; None if the source does not show it."""
    if any(kind.is_star() and kind is not ARG_STAR2 for kind in call.arg_kinds):
        return None
    is_open = ARG_STAR2 in call.arg_kinds
    if passing.rest is not None:
        return None if is_open else _rest(call, passing, type_of)
    one = argument(call, passing.one)
    many = argument(call, (passing.many,)) if passing.many else None
    if many is not None:
        given = _many(many, type_of)
        if given is not None and one is not None:
            return Handed(types=given.types, sources=given.sources, twice=True)
        return given
    if one is not None:
        return Handed((_type(one, type_of),), (one,))
    return None if is_open else Handed()


def _type(expression: Expression, type_of: TypeOf) -> Type:
    return type_of(expression) or AnyType(TypeOfAny.special_form)


def _many(many: Expression, type_of: TypeOf) -> Handed | None:
    if isinstance(many, ListExpr | TupleExpr):
        known = list(many.items)
        stars = [index for index, item in enumerate(known) if isinstance(item, StarExpr)]
        known = known[: stars[0]] if stars else known
        types = tuple(_type(item, type_of) for item in known)
        return Handed(types, tuple(known), complete=not stars, sequence=True)
    shown = type_of(many)
    if isinstance(shown, TupleType):
        items = [get_proper_type(item) for item in shown.items]
        if (
            any(isinstance(item, UnpackType) for item in items)
            or shown.partial_fallback.type.fullname != "builtins.tuple"
        ):
            return None
        return Handed(tuple(items), (None,) * len(items), sequence=True)
    if isinstance(shown, Instance) and shown.type.fullname == "builtins.str":
        return Handed(sequence=True, text=many)
    return None


def _rest(call: CallExpr, passing: Passing, type_of: TypeOf) -> Handed:
    own = {key for key in passing.target if isinstance(key, str)}
    types, sources, keywords = [], [], {}
    for position, (value, kind, name) in enumerate(
        zip(call.args, call.arg_kinds, call.arg_names, strict=True)
    ):
        if kind is ARG_POS and passing.rest is not None and position >= passing.rest:
            types.append(_type(value, type_of))
            sources.append(value)
        elif kind is ARG_NAMED and name is not None and name not in own:
            keywords[name] = _type(value, type_of)
    return Handed(tuple(types), tuple(sources), keywords=keywords, sequence=True)
