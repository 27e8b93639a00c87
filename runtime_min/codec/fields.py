"""Finds what objects are made up of: the fields of their class, other attributes."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from typing import Any

import msgspec

from runtime_min.codec.forms import Form
from runtime_min.codec.kinds import is_record
from runtime_min.codec.table import LEAVES

MISSING: Any = object()


@dataclasses.dataclass(slots=True)
class Field:
    """A field of a record.

    Attributes:
        name: of the attribute.
        key: in JSON.
        parameter: of the constructor; "" if it has none for this field.
        optional: whether the class gives a value itself.
    """

    name: str
    key: str
    parameter: str
    optional: bool
    form: Form


def fields_of(kind: Any) -> list[Field]:
    """The fields of a record class, with forms still to be filled in."""
    todo = LEAVES[Any]
    if issubclass(kind, msgspec.Struct):
        return [
            Field(one.name, one.encode_name, one.name, not one.required, todo)
            for one in msgspec.structs.fields(kind)
        ]
    if issubclass(kind, tuple):
        return [Field(name, name, name, name in kind._field_defaults, todo) for name in kind._fields]
    if dataclasses.is_dataclass(kind):
        missing = dataclasses.MISSING
        return [
            Field(
                one.name,
                one.name,
                one.name if one.init else "",
                one.default is not missing or one.default_factory is not missing or not one.init,
                todo,
            )
            for one in dataclasses.fields(kind)
        ]
    nothing = sys.modules["attr"].NOTHING
    return [
        Field(
            one.name,
            one.name,
            one.alias if one.init else "",
            one.default is not nothing or not one.init,
            todo,
        )
        for one in kind.__attrs_attrs__
    ]


def attributes_of(value: Any) -> dict[str, Any]:
    """What makes up an object: fields and attributes, except what is cached."""
    kind = type(value)
    found: dict[str, Any] = {}
    if is_record(kind) and not isinstance(value, tuple):
        found = {field.name: getattr(value, field.name, MISSING) for field in fields_of(kind)}
    for name, item in getattr(value, "__dict__", {}).items():
        if not isinstance(inspect.getattr_static(kind, name, None), functools.cached_property):
            found[name] = item
    if hasattr(kind, "__pydantic_validator__"):
        for name in ("__pydantic_extra__", "__pydantic_private__"):
            found[name] = getattr(value, name, None)
    return found
