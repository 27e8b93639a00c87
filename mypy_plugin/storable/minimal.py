"""What the codec of `runtime_min` does with values of a type: it refuses what would come back changed."""

from __future__ import annotations

from collections.abc import Iterator

from mypy_plugin.storable.converters import DICTS, ITERABLE, MAPPING, Converter, members
from mypy_plugin.storable.shapes import Kind, Shape
from mypy_plugin.storable.troubles import Spot, Trouble

_LEAVES = frozenset(
    {
        "builtins.bytes", "builtins.bytearray", "builtins.bool", "datetime.datetime", "datetime.date",
        "datetime.time", "datetime.timedelta", "zoneinfo.ZoneInfo", "decimal.Decimal", "fractions.Fraction",
        "uuid.UUID", "ipaddress.IPv4Address", "ipaddress.IPv6Address", "pathlib.Path", "pathlib.PosixPath",
        "pathlib.PurePosixPath", "pathlib.PureWindowsPath", "pathlib.WindowsPath",
    }
)  # fmt: skip
_ITEMS = frozenset(
    {
        "builtins.list", "builtins.set", "builtins.frozenset", "builtins.tuple", "typing.MutableSequence",
        "typing.MutableSet", "typing.Sequence", "typing.Collection", ITERABLE, "typing.AbstractSet",
    }
)  # fmt: skip
_SCALARS = frozenset({"builtins.str", "builtins.int", "builtins.float"})


class RuntimeMin(Converter):
    """`JsonCodec`, the default of `runtime_min`."""

    title = "`runtime_min`"

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        match shape.kind:
            case Kind.ANY:
                yield spot.unsure(shape)
            case Kind.UNION:
                yield from self.any_of(shape.parts, spot)
            case Kind.TUPLE:
                yield from self.each(shape.parts, spot)
            case Kind.TYPED_DICT | Kind.NAMED_TUPLE | Kind.DATACLASS | Kind.ATTRS | Kind.STRUCT:
                yield from self.fields(shape, spot)
            case Kind.CALLABLE | Kind.CLASS_OBJECT:
                yield from self.of_code(shape, spot)
            case Kind.CLASS:
                yield from self._class(shape, spot)

    def _class(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        name = shape.fullname
        if name in _LEAVES or shape.bases & _SCALARS:
            return
        if name == "builtins.object":
            yield spot.unsure(shape)
        elif name in DICTS:
            arguments = shape.arguments(MAPPING) or ()
            for key in members(arguments[0]) if arguments else ():
                yield from self.troubles(key, spot.keys())
            yield from self.values(shape, spot)
        elif name in _ITEMS:
            yield from self.items(shape, spot)
        elif "builtins.set" in shape.bases or MAPPING in shape.bases or ITERABLE in shape.bases:
            yield spot.refused(shape, "Use a `list`, a `set`, a `dict` or a dataclass")
        else:
            yield spot.refused(
                shape, "Use a dataclass that holds what is needed, or a `JsonCodec` with hooks for the class"
            )
