"""Recognizes records, whichever library made their class."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import msgspec


def is_record(kind: Any) -> bool:
    """Whether it is a dataclass, an attrs class, a msgspec struct or a named tuple, or inherits from one."""
    return inspect.isclass(kind) and (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or issubclass(kind, msgspec.Struct)
        or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
    )
