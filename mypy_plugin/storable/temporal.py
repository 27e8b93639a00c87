"""What Temporal's default converter, and its converter for pydantic, do with values of a type.

The default one writes JSON with an encoder that knows dataclasses, `datetime`, `UUID` and whatever can be
iterated, and makes the values again from the annotation (`temporalio.converter.value_to_type`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mypy_plugin.storable.converters import (
    DICTS,
    ITERABLE,
    LISTS,
    MAPPING,
    NUMBERS,
    Converter,
    enum_value,
    members,
)
from mypy_plugin.storable.shapes import Kind, Shape
from mypy_plugin.storable.troubles import Spot, Trouble

_MESSAGE = "google.protobuf.message.Message"
_RAW = "temporalio.common.RawValue"
_AS_THEY_ARE = frozenset(
    {"builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.bytes", "datetime.datetime"}
)
_MADE_AGAIN = LISTS | {"builtins.tuple", "builtins.set", "builtins.frozenset", "collections.deque"}
_FILES = frozenset({"typing.IO", "typing.TextIO", "typing.BinaryIO"})
_KEYS = frozenset({"builtins.str", *NUMBERS})

_PYDANTIC = (
    "pass `data_converter=pydantic_data_converter` (`temporalio.contrib.pydantic`) to `Client.connect`"
)
#: What to write instead of common types that JSON has not.
_INSTEAD = {
    "decimal.Decimal": f"Use a `str`, or {_PYDANTIC}",
    "datetime.date": f"Use a `datetime`, or {_PYDANTIC}",
    "datetime.time": f"Use a `datetime`, or {_PYDANTIC}",
    "datetime.timedelta": f"Use a `float` of seconds, or {_PYDANTIC}",
    "pathlib.Path": "Use a `str`",
    "builtins.complex": f"Use a pair of `float`, or {_PYDANTIC}",
}


class TemporalJson(Converter):
    """The converter that a client has if no other is given."""

    title = "Temporal's default converter"

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        match shape.kind:
            case Kind.ANY:
                yield spot.unsure(shape)
            case Kind.UNION:
                yield from self._union(shape, spot)
            case Kind.LITERAL | Kind.ENUM:
                yield from self._enum(shape, spot)
            case Kind.TUPLE:
                yield from self.each(shape.parts, spot)
            case Kind.NAMED_TUPLE:
                yield spot.changed(shape, "a list, which has no fields", "Use a dataclass")
                yield from self.fields(shape, spot.writing())
            case Kind.TYPED_DICT:
                yield from self.fields(shape, spot)
            case Kind.DATACLASS:
                yield from self._dataclass(shape, spot)
            case Kind.PYDANTIC:
                yield from self._pydantic(shape, spot)
            case Kind.ATTRS | Kind.STRUCT:
                yield spot.refused(shape, "Use a dataclass, or a data converter of your own")
            case Kind.CALLABLE | Kind.CLASS_OBJECT:
                yield from self.of_code(shape, spot)
            case Kind.CLASS:
                yield from self._class(shape, spot)

    def _enum(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.info is None or not shape.info.is_enum:
            return
        value = enum_value(shape)
        if not value:
            yield spot.refused(shape, f"Make it a `StrEnum` or an `IntEnum`, or {_PYDANTIC}")
        elif value == "float":
            yield spot.unreadable(shape, "Make it a `StrEnum` or an `IntEnum`")

    def _dataclass(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.is_generic:
            yield spot.unreadable(
                shape,
                f"Use one that is not generic, or {_PYDANTIC}",
                "it does not make generic dataclasses again",
            )
            return
        yield from self.fields(shape, spot)

    def _pydantic(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """It is written by its method `dict`, and read by `parse_obj`, which knows its fields."""
        if not shape.has_serializers and spot.own(shape.info.module_name if shape.info else ""):
            yield from self.fields(shape, spot.writing())

    def _class(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        name = shape.fullname
        if name in _AS_THEY_ARE or "uuid.UUID" in shape.bases:
            return
        if name == "builtins.object" and spot.result:
            yield spot.unsure(shape)
        elif name == "builtins.object":
            yield spot.unreadable(
                shape, "Use `Any`, or what it really is", "it has no way to make an `object`"
            )
        elif _MESSAGE in shape.bases or name == _RAW:
            if not spot.is_top:
                yield spot.refused(
                    shape, "Pass it as a parameter of its own", "it knows them only on their own"
                )
        elif MAPPING in shape.bases:
            yield from self._mapping(shape, spot)
        elif "builtins.str" in shape.bases:
            yield spot.changed(shape, "a list of its characters", "Use a `str` or a `NewType`")
        elif ITERABLE in shape.bases or (shape.has("__iter__") and name not in _FILES):
            yield from self._iterable(shape, spot)
        elif shape.bases & NUMBERS:
            yield spot.unreadable(shape, "Use a plain number or a `NewType`")
        elif shape.has("dict"):
            if not shape.has("parse_obj"):
                yield spot.unreadable(shape, "Use a dataclass")
        elif shape.info is not None and not spot.sources.is_decorated(shape.info):
            yield spot.refused(shape, _INSTEAD.get(name) or _instead_of(shape))

    def _mapping(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname not in DICTS:
            special = shape.fullname in ("collections.defaultdict", "collections.Counter")
            changed = spot.changed if special else spot.alike
            yield changed(shape, "a plain dict", "Use a `dict`")
        arguments = shape.arguments(MAPPING) or ()
        if len(arguments) == 2:
            yield from self._keys(arguments[0], spot)
        yield from self.values(shape, spot)

    def _keys(self, key: Shape, spot: Spot) -> Iterator[Trouble]:
        options = members(key)
        for option in options:
            if option.kind in (Kind.ANY, Kind.UNKNOWN) or option.fullname in (*_KEYS, "builtins.object"):
                if len(options) > 1 and option.fullname in NUMBERS:
                    yield spot.keys().changed(option, "a `str`", "Use keys of one type")
            elif option.kind in (Kind.ENUM, Kind.LITERAL):
                yield from self._enum(option, spot.keys())
            elif "builtins.str" not in option.bases:
                yield spot.keys().refused(option, "Use `str` keys", "keys have to be strings or numbers")

    def _iterable(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname not in _MADE_AGAIN:
            yield spot.changed(shape, "a list", "Use a `list`")
            return
        yield from self.items(shape, spot)

    def _union(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """Members are tried in order; the first that takes what was written wins."""
        if not spot.enter(shape, self._way(spot)):
            return
        yield from self._mixed_up(shape, spot)
        yield from self.any_of(shape.parts, spot)

    def _mixed_up(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        options = members(shape)
        for index, first in enumerate(options):
            for second in options[index + 1 :]:
                becomes = _mistaken(second, first)
                if becomes:
                    yield spot.changed(
                        shape, f"{becomes}, since the first member of the union that fits is taken",
                        f"Use one type, put them into one dataclass, or {_PYDANTIC}",
                    )  # fmt: skip
                    return


def _mistaken(value: Shape, first: Shape) -> str:
    """What a value of one type comes back as, when another type is tried first; "" if as itself."""
    pair = (first.fullname, value.fullname)
    if pair == ("builtins.int", "builtins.float"):
        return "an `int` (1.5 as 1)"
    if pair in (("builtins.str", "datetime.datetime"), ("builtins.str", "uuid.UUID")):
        return "a `str`"
    if value.fullname == "builtins.str" and _takes_characters(first):
        return "a list of its characters"
    if pair[0] != pair[1] and {*pair} <= _COLLECTIONS and _items(first) == _items(value):
        return f"a {first.fullname.rpartition('.')[2]}"
    if first.kind is value.kind is Kind.DATACLASS and pair[0] != pair[1] and _fits(value, first):
        return f"a `{first.fullname.rpartition('.')[2]}`"
    return ""


_COLLECTIONS = frozenset(
    {"builtins.list", "builtins.set", "builtins.frozenset", "builtins.tuple", "collections.deque"}
)


def _items(shape: Shape) -> list[str]:
    """The types of the items of a collection."""
    return [item.key for item in shape.arguments(ITERABLE) or ()]


def _fits(value: Shape, first: Shape) -> bool:
    """Whether one dataclass can be made of what was written of another; unknown fields are left out."""
    theirs = {name: field.key for name, field in value.fields}
    ours = {name: field.key for name, field in first.fields}
    common = ours.keys() & theirs.keys()
    return bool(common) and first.required <= common and all(ours[name] == theirs[name] for name in common)


def _takes_characters(shape: Shape) -> bool:
    """Whether a collection could be made from the characters of a string."""
    if shape.fullname not in _MADE_AGAIN:
        return False
    arguments = shape.arguments(ITERABLE) or ()
    return all(one.fullname == "builtins.str" for one in arguments)


def _instead_of(shape: Shape) -> str:
    if shape.is_abstract:
        return "Use a dataclass that holds what is needed"
    return "Use a dataclass that holds what is needed, or make it where it is used"


_PYTHON = ("builtins", "typing", "abc")
_WRITTEN_AS_STRINGS = frozenset({"datetime.datetime", "datetime.date", "decimal.Decimal", "pathlib.Path"})


class TemporalPydantic(Converter):
    """`temporalio.contrib.pydantic.pydantic_data_converter`."""

    title = "Temporal's pydantic converter"

    _KNOWN = frozenset(
        {
            "builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.bytes",
            "builtins.complex", "builtins.object", "datetime.datetime", "datetime.date", "datetime.time",
            "datetime.timedelta", "decimal.Decimal", "fractions.Fraction", "uuid.UUID", "re.Pattern",
            "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "ipaddress.IPv4Address",
        }
    )  # fmt: skip
    #: Classes whose values it cannot write, or whose annotation it does not understand.
    _REFUSED = frozenset(
        {
            "zoneinfo.ZoneInfo", "builtins.range", "builtins.memoryview", "types.SimpleNamespace",
            "types.ModuleType", "types.TracebackType", "types.FrameType",
            "threading.Lock", "_thread.lock", "_thread.LockType", "threading.RLock", "_thread.RLock",
            "threading._RLock",
            "threading.Event", "threading.Thread", "threading.Condition", "threading.Semaphore",
            "asyncio.locks.Lock", "asyncio.locks.Event", "asyncio.queues.Queue", "queue.Queue",
            "socket.socket", "logging.Logger", "sqlite3.Connection", "sqlite3.Cursor",
            "builtins.bytearray", "typing.Iterator", "typing.Collection", "io.StringIO", "_io.StringIO",
            "io.TextIOWrapper", "_io.TextIOWrapper", "_io.BufferedReader", "_io.BufferedWriter", "_io.FileIO",
        }
    )  # fmt: skip

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        match shape.kind:
            case Kind.ANY:
                yield spot.unsure(shape)
            case Kind.UNION:
                yield from self._union(shape, spot)
            case Kind.TUPLE:
                yield from self.each(shape.parts, spot)
            case Kind.NAMED_TUPLE | Kind.TYPED_DICT | Kind.DATACLASS:
                yield from self.fields(shape, spot)
            case Kind.PYDANTIC:
                if not shape.has_serializers and spot.own(shape.info.module_name if shape.info else ""):
                    yield from self.fields(shape, spot)
            case Kind.ATTRS | Kind.STRUCT:
                yield spot.refused(shape, "Use a pydantic model or a dataclass")
            case Kind.CALLABLE | Kind.CLASS_OBJECT:
                yield from self.of_code(shape, spot)
            case Kind.CLASS:
                yield from self._class(shape, spot)

    def _union(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """It takes the first of the members that fit best; `str` fits whatever is written as a string."""
        yield from self.any_of(shape.parts, spot)
        names = [member.fullname for member in members(shape)]
        behind = names[names.index("builtins.str") :] if "builtins.str" in names else []
        if not _WRITTEN_AS_STRINGS.isdisjoint(behind):
            yield spot.changed(shape, "a `str`", "Put `str` last")

    def _class(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname in self._KNOWN or shape.has("__get_pydantic_core_schema__"):
            return
        if _MESSAGE in shape.bases or shape.fullname == _RAW:
            if not spot.is_top:
                yield spot.refused(
                    shape, "Pass it as a parameter of its own", "it knows them only on their own"
                )
        elif shape.fullname in DICTS:
            yield from self._mapping(shape, spot)
        elif shape.fullname in _MADE_AGAIN - {ITERABLE, "typing.Collection", "typing.Reversible"}:
            yield from self.items(shape, spot)
        elif shape.fullname in (ITERABLE, "typing.Generator"):
            yield spot.changed(shape, "an iterator that gives its items once", "Use a `list`")
        elif self._is_refused(shape, spot):
            yield spot.refused(shape, "Use a pydantic model or a dataclass, or make it where it is used")

    def _mapping(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        arguments = shape.arguments(MAPPING) or ()
        options = members(arguments[0]) if arguments else ()
        for option in options:
            if option.kind is Kind.TUPLE or option.fullname == "builtins.tuple":
                yield spot.keys().unreadable(option, "Use `str` keys")
            elif option.fullname in NUMBERS and "builtins.str" in {one.fullname for one in options}:
                yield spot.keys().changed(option, "a `str`", "Use keys of one type")
        yield from self.values(shape, spot)

    def _is_refused(self, shape: Shape, spot: Spot) -> bool:
        """A class that pydantic has no way to know: one of the project, or one of those it is known of."""
        if shape.fullname in self._REFUSED or "builtins.BaseException" in shape.bases:
            return True
        if shape.info is None or not spot.own(shape.info.module_name) or shape.has("__get_validators__"):
            return False
        # What derives from a class of another library may have from it what is needed.
        return not spot.sources.is_decorated(shape.info) and all(
            base.module_name in _PYTHON or spot.own(base.module_name) for base in shape.info.mro
        )
