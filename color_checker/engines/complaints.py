"""Says what is wrong with a value in a profile, and what could stand there instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from color_checker.config import toml_words
from color_checker.errors import did_you_mean


def complaint(key: str, error: str, hint: Any) -> str:
    """msgspec's "Invalid enum value 'x' - at `$.kind`" as "KEY.kind: "x" is none of step, child, ..."."""
    reason, _, place = error.partition(" - at ")
    inner = place.strip("`").removeprefix("$")
    at = _type_at(hint, inner)
    field = re.fullmatch(r"Object (contains unknown|missing required) field `(.+)`", reason)
    if field is not None:
        inner = f"{inner}.{field[2]}"
        known = sorted(_fields(at))
        if field[1] == "missing required":
            return f"{key}{inner}: missing"
        others = did_you_mean(field[2], known) or f"; the keys are {', '.join(known)}"
        return f"{key}{inner}: unknown key{others}"
    value = re.fullmatch(r"Invalid enum value '?(.*?)'?", reason)
    if value is not None:
        choices = list(_choices(at))
        reason = f'"{value[1]}" is none of {", ".join(choices)}{did_you_mean(value[1], choices)}'
    else:
        reason = toml_words(reason, int="a whole number").replace(" | ", " or ")
    return f"{key}{inner}: {reason[:1].lower()}{reason[1:]}"


def _type_at(hint: Any, place: str) -> Any:
    """The type that belongs at a place such as `.unseen[0]`."""
    for part in re.findall(r"\w+|\[", place):
        if part == "[":
            hint = next(iter(get_args(hint)), None)
        elif not part.isdigit():
            hint = _fields(hint).get(part)
    return hint


def _fields(hint: Any) -> dict[str, Any]:
    return get_type_hints(hint) if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else {}


def _choices(hint: Any) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from (str(choice) for choice in get_args(hint))
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield from (str(member.value) for member in hint)
