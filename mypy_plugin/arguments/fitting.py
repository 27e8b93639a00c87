"""Whether a value of one type can be what a parameter of another type gets, across an engine."""

from __future__ import annotations

from mypy.erasetype import erase_typevars
from mypy.subtypes import is_subtype
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    LiteralType,
    NoneType,
    Overloaded,
    ProperType,
    TupleType,
    Type,
    TypedDictType,
    TypeVarLikeType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

from mypy_plugin.storable.shapes import Kind, Shape

#: What JSON can be.
_STRING, _NUMBER, _BOOLEAN, _NULL, _ARRAY, _OBJECT = "string", "number", "boolean", "null", "array", "object"
_EVERYTHING = frozenset({_STRING, _NUMBER, _BOOLEAN, _NULL, _ARRAY, _OBJECT})

#: Classes → what their values, and those of classes derived from them, are written as, or read from. The
#: first one counts.
_WRITTEN: tuple[tuple[str, frozenset[str]], ...] = (
    ("enum.Enum", frozenset({_STRING, _NUMBER})),
    ("builtins.str", frozenset({_STRING})),
    ("builtins.bool", frozenset({_BOOLEAN})),
    ("builtins.int", frozenset({_NUMBER})),
    ("builtins.float", frozenset({_NUMBER})),
    ("builtins.bytes", frozenset({_STRING, _ARRAY})),
    ("builtins.bytearray", frozenset({_STRING, _ARRAY})),
    ("pydantic.root_model.RootModel", _EVERYTHING),
    ("datetime.date", frozenset({_STRING, _NUMBER})),
    ("datetime.time", frozenset({_STRING, _NUMBER})),
    ("datetime.timedelta", frozenset({_STRING, _NUMBER})),
    ("uuid.UUID", frozenset({_STRING})),
    ("decimal.Decimal", frozenset({_STRING, _NUMBER})),
    ("typing.Mapping", frozenset({_OBJECT})),
)  # fmt: skip

#: Containers of items, written as arrays.
_ITEMS = ("typing.Sequence", "typing.AbstractSet")

_RECORDS = frozenset({Kind.DATACLASS, Kind.ATTRS, Kind.PYDANTIC, Kind.TYPED_DICT})


#: What stands for a payload itself, and so for whatever that becomes.
_RAW = frozenset({"temporalio.common.RawValue", "temporalio.api.common.v1.message_pb2.Payload"})


def fits(given: Type, declared: Type, *, converted: bool) -> bool:
    """Whether the value can be the parameter's. With `converted`, it is stored as data in between.

    Types that say too little fit, and so does what a type checker would refuse only because a mutable
    container of one type is none of another: the function gets a copy.
    """
    given, declared = get_proper_type(given), get_proper_type(erase_typevars(declared))
    if _says_nothing(given) or _says_nothing(declared) or is_subtype(given, declared):
        return True
    if isinstance(given, UnionType):
        return all(fits(item, declared, converted=converted) for item in given.items)
    if isinstance(declared, UnionType):
        return any(fits(given, item, converted=converted) for item in declared.items)
    if (
        isinstance(given, Instance)
        and given.last_known_value is not None
        and isinstance(declared, LiteralType)
    ):
        return given.last_known_value == declared
    if isinstance(declared, LiteralType):
        # A text may well be the one that is asked for.
        return not isinstance(given, LiteralType) and fits(given, declared.fallback, converted=converted)
    if isinstance(given, LiteralType):
        return fits(given.fallback, declared, converted=converted)
    parts = _parts_fit(Shape(given), Shape(declared), converted)
    if parts is not None:
        return parts
    return converted and _can_be_read(Shape(given), Shape(declared))


def _says_nothing(shown: ProperType) -> bool:
    if isinstance(shown, Instance):
        return shown.type.fullname in _RAW
    return isinstance(shown, AnyType | UninhabitedType | TypeVarLikeType)


def _parts_fit(given: Shape, declared: Shape, converted: bool) -> bool | None:
    """Whether the items of one container fit another one's; None if they are no containers of one kind."""
    if isinstance(given.type, TupleType) and isinstance(declared.type, TupleType):
        pairs = zip(given.parts, declared.parts, strict=False)
        same = len(given.parts) == len(declared.parts)
        return same and all(fits(one.type, other.type, converted=converted) for one, other in pairs)
    if isinstance(declared.type, TypedDictType) and "typing.Mapping" in given.bases:
        # Without its context, mypy takes a dict that is written out for a dict of anything.
        return True if not isinstance(given.type, TypedDictType) else None
    for base in ("typing.Mapping", *_ITEMS, "typing.Iterable"):
        one, other = given.arguments(base), declared.arguments(base)
        if one is None or other is None:
            continue
        if not converted and declared.fullname not in given.bases:
            return False
        if base == "typing.Iterable" and not converted:
            return None
        if "builtins.str" in (given.fullname, declared.fullname):
            return None
        if base == "typing.Iterable" and ("typing.Mapping" in given.bases) != (
            "typing.Mapping" in declared.bases
        ):
            return None
        return fits(one[-1].type, other[-1].type, converted=converted)
    return None


def _can_be_read(given: Shape, declared: Shape) -> bool:
    if given.kind in _RECORDS and declared.kind is Kind.DATACLASS:
        # Each is read from an object; what it needs must be in there.
        return declared.required <= {name for name, _ in given.fields}
    if given.fullname == "builtins.float" and declared.fullname == "builtins.int":
        return False
    return bool(_written(given) & _written(declared))


def _written(shape: Shape) -> frozenset[str]:
    """What values of a type are in JSON."""
    match shape.type:
        case NoneType():
            return frozenset({_NULL})
        case TypedDictType():
            return frozenset({_OBJECT})
        case CallableType() | Overloaded():
            return _EVERYTHING
    for name, kinds in _WRITTEN:
        if name in shape.bases:
            return kinds
    if shape.kind in _RECORDS:
        return frozenset({_OBJECT})
    if shape.kind is Kind.NAMED_TUPLE:
        return frozenset({_ARRAY, _OBJECT})
    if any(base in shape.bases for base in _ITEMS) or isinstance(shape.type, TupleType):
        return frozenset({_ARRAY})
    return _EVERYTHING
