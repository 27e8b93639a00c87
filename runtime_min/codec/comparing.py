"""Compares what was stored with what comes back."""

from __future__ import annotations

import datetime
import decimal
import enum
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any

from runtime_min.codec.fields import MISSING, attributes_of
from runtime_min.codec.messages import brief
from runtime_min.codec.refusals import RefusedError


def difference(value: Any, restored: Any) -> RefusedError | None:
    """Where two values differ, in type or in content; None if nowhere."""
    if type(value) is not type(restored):
        return _changed(value, restored)
    if isinstance(value, dict):
        keys = list(value)
        found = _difference_of_items(keys, list(restored), lambda index: f".keys()[{index}]")
        items = list(value.values()), list(restored.values())
        return found or _difference_of_items(*items, lambda index: f"[{keys[index]!r}]")
    if isinstance(value, list | tuple):
        return _difference_of_items(value, restored, lambda index: f"[{index}]")
    if isinstance(value, set | frozenset):
        twins = {item: item for item in restored}
        others = [twins.get(item, MISSING) for item in value]
        return _difference_of_items(list(value), others, lambda index: "") or (
            None if len(value) == len(restored) else _changed(value, restored)
        )
    attributes = {} if isinstance(value, enum.Enum) else attributes_of(value)
    if attributes:
        names = list(attributes)
        back = attributes_of(restored)
        found = _difference_of_items(
            list(attributes.values()),
            [back.get(name, MISSING) for name in names],
            lambda index: f".{names[index]}",
        )
        return found or (None if len(back) == len(names) else _changed(value, restored))
    return None if _equal(value, restored) else _changed(value, restored)


def _difference_of_items(
    values: Sequence[Any], others: Sequence[Any], step: Callable[[int], str]
) -> RefusedError | None:
    for index, (value, other) in enumerate(zip(values, others, strict=False)):
        if found := difference(value, other):
            return found.at(step(index))
    return None if len(values) == len(others) else _changed(values, others)


def _equal(value: Any, restored: Any) -> bool:
    if isinstance(value, float | decimal.Decimal):
        return repr(value) == repr(restored)
    if isinstance(value, datetime.datetime | datetime.time):
        same = value.replace(tzinfo=None) == restored.replace(tzinfo=None) and value.fold == restored.fold
        return same and _equal_zones(value, restored)
    return bool(value == restored)


def _equal_zones(value: Any, restored: Any) -> bool:
    """Zones that depend on the date have to be the same; fixed offsets may be of different classes."""
    if isinstance(value.tzinfo, zoneinfo.ZoneInfo) or isinstance(restored.tzinfo, zoneinfo.ZoneInfo):
        return bool(value.tzinfo is restored.tzinfo)
    return bool(value.utcoffset() == restored.utcoffset())


def _changed(value: object, restored: object) -> RefusedError:
    back = "nothing" if restored is MISSING else brief(restored)
    return RefusedError(
        f"is {brief(value)} and would come back as {back}; "
        "declare its exact type, or pass what it is made from"
    )
