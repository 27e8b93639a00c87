"""What the engines built on Durable Task do with values of a type: each has its own additions to JSON."""

from __future__ import annotations

from collections.abc import Iterator

from mypy_plugin.storable.converters import members, optional_core
from mypy_plugin.storable.json import PlainJson
from mypy_plugin.storable.shapes import Kind, Shape
from mypy_plugin.storable.troubles import Spot, Trouble

_DEEPEST = 10


class _AsJson(PlainJson):
    """Durable Task's JSON, read without a type."""

    title = "Durable Task's default converter"
    gives_untyped = True
    record = "Use a dataclass, give it `to_json` and `from_json`, or pass a `data_converter` of your own"
    apart = "Take it alone, in a list, or in a dataclass, so that it is read by its type"

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if _writes_itself(shape):
            yield spot.changed(shape, "what its `to_json` gives", self.apart)
        else:
            yield from super().inspect(shape, spot)

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is not Kind.DATACLASS:
            yield spot.refused(shape, self.record)
        else:
            yield spot.changed(shape, "a dict", self.apart)
            yield from self.fields(shape, spot.writing())

    def of_enum(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        yield spot.changed(shape, "its plain value", "Make the member from it, or put it into a dataclass")

    def of_object(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname == "types.SimpleNamespace":
            yield spot.changed(shape, "a dict", "Use a dataclass")
        else:
            yield from super().of_object(shape, spot)


class _ByType(_AsJson):
    """Durable Task's JSON, where the annotation says what is made of it."""

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if _writes_itself(shape):
            if not shape.has("from_json"):
                yield spot.changed(shape, "what its `to_json` gives", "Give it a `from_json`, too")
        elif shape.kind is Kind.UNION and len(members(shape)) > 1:
            yield from _AsJson().any_of(shape.parts, spot)  # it does not guess which one it was
        elif shape.kind is Kind.TUPLE:
            yield from self.each(shape.parts, spot)
        elif shape.fullname == "builtins.tuple":
            yield from self.items(shape, spot)
        else:
            yield from super().inspect(shape, spot)

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is Kind.DATACLASS and not shape.is_parametrized:
            yield from self.fields(shape, spot)
        else:
            yield from super().of_record(shape, spot)

    def of_enum(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        yield from ()


class DurableTask(_AsJson):
    """Durable Task's default. It reads by type what is, or is a list of, a dataclass or has `from_json`."""

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        by_type = spot.is_whole and _is_read_by_type(shape)
        yield from (_ByType().troubles if by_type else super().troubles)(shape, spot)


class DurableTaskWritten(DurableTask):
    """Results that are only written: who reads them says how."""

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        yield from super().troubles(shape, spot.writing())


def _writes_itself(shape: Shape) -> bool:
    return shape.kind not in (Kind.UNION, Kind.NONE) and shape.has_own("to_json")


def _is_read_by_type(shape: Shape, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return False  # a type that contains itself
    if shape.kind is Kind.UNION:
        return any(_is_read_by_type(part, depth + 1) for part in members(shape))
    if shape.fullname in ("builtins.list", "typing.Sequence"):
        return any(_is_read_by_type(item, depth + 1) for item in shape.arguments("typing.Iterable") or ())
    if shape.is_parametrized:
        return False
    return shape.kind is Kind.DATACLASS or (shape.kind is Kind.CLASS and shape.has("from_json"))


class Azure(PlainJson):
    """Azure's default: JSON, and objects that have `to_json` and `from_json`."""

    title = "Azure Durable Functions"
    gives_untyped = True
    record = "Give it `to_json` and `from_json`, or make a `dict` of it"

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        by_itself = shape.kind not in (Kind.UNION, Kind.NONE, Kind.NAMED_TUPLE) and shape.has_own("to_json")
        if by_itself and not shape.bases & {
            "builtins.str",
            "builtins.int",
            "builtins.float",
            "builtins.dict",
        }:
            if not shape.has("from_json"):
                yield spot.unreadable(shape, "Give it a `from_json`, too")
        else:
            yield from super().inspect(shape, spot)


class AzureWritten(Azure):
    """Results that are only written."""

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        yield from super().troubles(shape, spot.writing())


class DaprResult(PlainJson):
    """Dapr's default: JSON, in which dataclasses come back as namespaces, and models as dicts."""

    title = "Dapr Workflow"
    gives_untyped = True
    record = "Use a dataclass, a pydantic model, or make a `dict` of it"

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is Kind.NAMED_TUPLE and spot.is_top:
            yield spot.alike(shape, "a `types.SimpleNamespace`", "Use a dataclass")
        elif (
            shape.kind not in (Kind.UNION, Kind.NONE)
            and shape.has("model_dump")
            and shape.has("model_validate")
        ):
            yield from self.of_model(shape, spot)
        elif shape.fullname == "types.SimpleNamespace":
            return
        else:
            yield from super().inspect(shape, spot)

    def of_model(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """A pydantic model, or what looks like one."""
        yield spot.changed(shape, "a dict", "Make the model of it with `model_validate`, and say `dict` here")

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is not Kind.DATACLASS:
            yield spot.refused(shape, self.record)
            return
        if shape.has_methods:
            yield spot.changed(
                shape,
                "a `types.SimpleNamespace`, which has its fields but no methods",
                "Use a pydantic model",
            )
        else:
            yield spot.alike(shape, "a `types.SimpleNamespace`", "Use a pydantic model")
        if spot.enter(shape, "dapr"):
            for name, field in shape.fields:
                yield from _InDataclass().troubles(field, spot.field(name))


class _InDataclass(DaprResult):
    """What is inside of a dataclass: `dataclasses.asdict` makes dicts of those in it."""

    def of_record(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.kind is Kind.DATACLASS:
            yield spot.changed(shape, "a dict, which has no fields", "Use a pydantic model for the whole")
            yield from self.fields(shape, spot.writing())
        else:
            yield spot.refused(shape, self.record)


class DaprArgument(DaprResult):
    """The same for a parameter, whose model is made again if it is the whole type."""

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        core = optional_core(shape)
        if not (spot.is_whole and core.has("model_dump") and core.has("model_validate")):
            yield from super().inspect(shape, spot)


class DaprWritten(DaprResult):
    """Results that are only written."""

    def troubles(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        yield from super().troubles(shape, spot.writing())
