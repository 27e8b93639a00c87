"""What converters that write JSON, and read it without looking at types, do with values of a type."""

from __future__ import annotations

from collections.abc import Iterator

from mypy_plugin.storable.converters import (
    DICTS,
    LISTS,
    MAPPING,
    PLAIN,
    Converter,
    enum_value,
    members,
    optional_core,
)
from mypy_plugin.storable.shapes import Kind, Shape
from mypy_plugin.storable.troubles import Outcome, Spot, Trouble

#: What to write instead of common types that JSON has not.
_INSTEAD = {
    "decimal.Decimal": "Use a `str`",
    "datetime.datetime": "Use a `str` (`isoformat()`), or a `float` of seconds",
    "datetime.date": "Use a `str` (`isoformat()`)",
    "datetime.time": "Use a `str` (`isoformat()`)",
    "datetime.timedelta": "Use a `float` of seconds",
    "uuid.UUID": "Use a `str`",
    "builtins.bytes": "Use a `str`, in base64 if it is no text",
    "builtins.bytearray": "Use a `str`, in base64 if it is no text",
    "builtins.set": "Use a sorted `list`",
    "builtins.frozenset": "Use a sorted `list`",
    "pathlib.Path": "Use a `str`",
    "builtins.complex": "Use a list of two `float`",
}
_RECORD = "Use a `TypedDict`, or make a `dict` of it"


class PlainJson(Converter):
    """`json.dumps` and `json.loads`, as they are."""

    title = "plain JSON"
    #: What to use instead of a class whose objects JSON cannot hold.
    record = _RECORD

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        match shape.kind:
            case Kind.ANY:
                yield spot.unsure(shape)
            case Kind.UNION:
                yield from self.any_of(shape.parts, spot)
            case Kind.LITERAL | Kind.ENUM:
                if shape.info is not None and shape.info.is_enum:
                    yield from self.of_enum(shape, spot)
            case Kind.TUPLE:
                yield spot.alike(shape, "a list", "Use a `list`")
                yield from self.each(shape.parts, spot.writing())
            case Kind.NAMED_TUPLE:
                yield spot.changed(shape, "a list, which has no fields", self.record)
            case Kind.TYPED_DICT:
                yield from self.fields(shape, spot)
            case Kind.DATACLASS | Kind.PYDANTIC | Kind.ATTRS | Kind.STRUCT:
                yield from self.of_record(shape, spot)
            case Kind.CALLABLE | Kind.CLASS_OBJECT:
                yield from self.of_code(shape, spot)
            case Kind.CLASS:
                yield from self._class(shape, spot)

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """A class that declares its fields."""
        yield spot.refused(shape, self.record)

    def of_object(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """A class of any other kind."""
        if shape.fullname == "builtins.object" or shape.is_abstract:
            yield spot.unsure(shape)
        else:
            yield spot.refused(shape, _INSTEAD.get(shape.fullname, self.record))

    def of_enum(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """An enum, or a literal of one."""
        value = enum_value(shape)
        if value:
            yield spot.changed(shape, f"a plain `{value}`", "Use its value, and make the member from it")
        else:
            yield spot.refused(shape, "Use its value, and make the member from it")

    def _class(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname in PLAIN:
            return
        if MAPPING in shape.bases:
            yield from self._mapping(shape, spot)
        elif shape.fullname == "builtins.tuple":
            yield spot.alike(shape, "a list", "Use a `list`")
            yield from self.items(shape, spot.writing())
        elif shape.fullname in LISTS:
            yield from self.items(shape, spot)
        elif "builtins.list" in shape.bases:
            yield spot.changed(shape, "a plain list", "Use a `list`")
        elif shape.bases & PLAIN:
            plain = next(
                base for base in ("str", "bool", "int", "float") if f"builtins.{base}" in shape.bases
            )
            yield spot.changed(shape, f"a plain `{plain}`", f"Use a `{plain}`, or a `NewType`")
        else:
            yield from self.of_object(shape, spot)

    def _mapping(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname not in DICTS:
            if "builtins.dict" not in shape.bases:
                yield spot.refused(shape, "Use a `dict`")
                return
            special = shape.fullname in ("collections.defaultdict", "collections.Counter")
            yield (spot.changed if special else spot.alike)(shape, "a plain dict", "Use a `dict`")
        arguments = shape.arguments(MAPPING) or ()
        for option in members(arguments[0]) if arguments else ():
            yield from self.of_key(option, spot.keys())
        yield from self.values(shape, spot)

    def of_key(self, key: Shape, spot: Spot) -> Iterator[Trouble]:
        """The keys of a dict: strings, and numbers that become strings."""
        if key.kind in (Kind.ANY, Kind.UNKNOWN) or key.fullname in ("builtins.str", "builtins.object"):
            return
        if key.kind in (Kind.ENUM, Kind.LITERAL):
            if key.info is not None and key.info.is_enum:
                yield from PlainJson.of_enum(self, key, spot)
        elif key.bases & (PLAIN - {"builtins.str"}):
            yield spot.changed(key, "a `str`", "Use `str` keys")
        elif "builtins.str" not in key.bases:
            yield spot.refused(key, "Use `str` keys", "keys have to be strings")


class PydanticJson(Converter):
    """`model_dump_json` and `model_validate_json` of a pydantic model, which know its fields."""

    title = "pydantic"

    _NEVER = frozenset({"zoneinfo.ZoneInfo", "builtins.range", "builtins.memoryview", "types.ModuleType"})

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        match shape.kind:
            case Kind.UNION:
                yield from self.any_of(shape.parts, spot)
            case Kind.PYDANTIC | Kind.DATACLASS | Kind.TYPED_DICT | Kind.NAMED_TUPLE:
                if not shape.has_serializers:
                    yield from self.fields(shape, spot)
            case Kind.CALLABLE:
                yield spot.refused(shape, "Leave it out of the model, or exclude the field")
            case Kind.CLASS if shape.fullname in self._NEVER:
                yield spot.refused(shape, "Leave it out of the model, or exclude the field")


class Restate(PlainJson):
    """Restate's default for a handler: msgspec's and pydantic's own JSON for what is one of theirs."""

    title = "Restate's default serde"
    record = "Use a pydantic model or a `msgspec.Struct`, or give a `serde`"
    unwraps = True

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        core = optional_core(shape) if self.unwraps else shape
        if spot.is_whole and core.kind is Kind.PYDANTIC:
            yield from PydanticJson().troubles(core, spot)
        elif not (spot.is_whole and core.kind is Kind.STRUCT):
            yield from super().troubles(shape, spot)

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind in (Kind.PYDANTIC, Kind.STRUCT):
            yield spot.refused(
                shape, "Put it into a model or struct that is the whole type, or give a `serde`",
                "it knows such classes only as the whole type",
            )  # fmt: skip
        else:
            yield spot.refused(shape, self.record)


class RestateRun(Restate):
    """Restate's default for the result of `ctx.run`: as for handlers, and dataclasses by dacite."""

    unwraps = False

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        core = optional_core(shape) if self.unwraps else shape
        if spot.is_whole and core.kind is Kind.DATACLASS and not core.is_parametrized:
            yield from _InDataclass().fields(core, spot)
        else:
            yield from super().troubles(shape, spot)

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is Kind.DATACLASS and spot.is_top:
            yield spot.changed(shape, "a dict", "Say what it is with `type_hint`, or give a `serde`")
            yield from _InDataclass().fields(shape, spot.writing())
        else:
            yield from super().of_record(shape, spot)


class _InDataclass(PlainJson):
    """What is inside of a dataclass: `dataclasses.asdict` goes into those in it, and dacite makes them again.

    It takes nothing for a field that is not of the field's type.
    """

    title = Restate.title
    record = Restate.record

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        for trouble in super().inspect(shape, spot):
            if trouble.outcome in (Outcome.CHANGED, Outcome.ALIKE):
                instead, key = trouble.instead, trouble.key
                yield Trouble(Outcome.UNREADABLE, trouble.path, trouble.shape, instead=instead, key=key)
            else:
                yield trouble

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is Kind.DATACLASS:
            yield from self.fields(shape, spot)
        else:
            yield from super().of_record(shape, spot)


class RestateRunTyped(RestateRun):
    """The same for `ctx.run_typed`, which looks through `Optional`."""

    unwraps = True


class AwsStep(PlainJson):
    """AWS's default for results of steps and child contexts: JSON with tags for some more types."""

    title = "the default SerDes"
    record = "Make a `dict` of it, or pass a SerDes of your own in the configuration"

    _MORE = frozenset(
        {"builtins.bytes", "uuid.UUID", "decimal.Decimal", "datetime.datetime", "datetime.date"}
    )

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is Kind.TUPLE:
            yield from self.each(shape.parts, spot)
        elif shape.kind is Kind.NAMED_TUPLE:
            yield spot.changed(shape, "a plain tuple, which has no fields", self.record)
        elif shape.fullname == "builtins.tuple":
            yield from self.items(shape, spot)
        else:
            yield from super().inspect(shape, spot)

    def of_object(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname in ("builtins.bytearray", "builtins.memoryview"):
            yield spot.alike(shape, "`bytes`", "Use `bytes`")
        elif shape.fullname not in self._MORE and not shape.fullname.endswith("models.BatchResult"):
            yield from super().of_object(shape, spot)

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if not shape.fullname.endswith("models.BatchResult"):
            yield from super().of_record(shape, spot)


class AwsEvent(PlainJson):
    """The event that starts an AWS durable execution, which is read as plain JSON, and its result."""

    title = "AWS Lambda"
