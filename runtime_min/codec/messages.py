"""Words for values that are refused."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Iterable
from typing import Any

import msgspec

from runtime_min.codec.kinds import is_record
from runtime_min.codec.plain import encode_json
from runtime_min.codec.refusals import RefusedError
from runtime_min.codec.table import LEAVES


def brief(value: object) -> str:
    """A value as JSON, cut to a length that fits a message, or else its class."""
    text = msgspec.json.encode(value).decode() if _is_plain(value) else described(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_plain(value: object) -> bool:
    try:
        LEAVES[Any].lower(value)
        encode_json(value)
    except (RefusedError, RecursionError, ValueError):
        return False
    return True


def described(value: object) -> str:
    """What class of thing a value is, with its article."""
    kind = type(value)
    if kind is float:
        return f"the float {value!r}"
    if value is None or kind is bool:
        return repr(value)
    name = kind.__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def advice(value: object, wanted: Iterable[type]) -> str:
    """What to write instead."""
    if isinstance(value, Awaitable):
        return "write `await` before the call that made it"
    kind = type(value)
    if kind in (set, frozenset, tuple, list, dict):
        parameters = {tuple: "..., ...", dict: "..., ..."}.get(kind, "...")
        return f"annotate it as {kind.__name__}[{parameters}]"
    for base in wanted:
        if kind is not base and issubclass(kind, base) and base in (str, int, float, list, dict, tuple, set):
            return f"annotate it as {kind.__name__}, or pass {base.__name__}(...) of it"
        if kind is not base and issubclass(kind, base):
            return f"annotate it as {kind.__name__}, or as {base.__name__} | {kind.__name__}"
    if (
        (kind in LEAVES and kind is not object)
        or is_record(kind)
        or issubclass(kind, enum.Enum)
        or hasattr(kind, "model_dump")
    ):
        return f"annotate it as {kind.__name__}"
    return "pass its id, or what it is made from"
