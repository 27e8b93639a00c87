"""What kind of class something is."""

from __future__ import annotations

import dataclasses
import inspect
import types
from typing import Any

import msgspec

MISSING: Any = object()


def is_record(kind: Any) -> bool:
    return inspect.isclass(kind) and (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or issubclass(kind, msgspec.Struct)
        or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
    )


def is_generated(init: Any) -> bool:
    """Whether dataclasses or attrs wrote a constructor; they leave alone one that the class has."""
    return isinstance(init, types.FunctionType) and init.__code__.co_filename.startswith("<")


OWN_CODE = ("__post_init__", "__attrs_post_init__", "__attrs_pre_init__", "__pydantic_validator__")


def type_name(type: object) -> str:
    return type.__name__ if inspect.isclass(type) else str(type).replace("typing.", "")
