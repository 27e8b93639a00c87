"""Which slots operations read, and which operation gives a slot its value."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.facts import (
    NOTHING,
    Attr,
    Await,
    Body,
    Build,
    BuildDict,
    Call,
    Collect,
    Enter,
    Format,
    Item,
    Iterate,
    MakeClass,
    MakeFunction,
    Merge,
    Op,
    Operate,
    Raise,
    Return,
    StoreAttr,
    StoreGlobal,
    StoreItem,
    Update,
    Yield,
)


def makers(body: Body) -> dict[int, int]:
    """Slot → the position of the operation that gives it its value, of those that have a result.

    For `ModuleInfo.derived`: who looks for one operation after the other would go through all of them each
    time.
    """
    found: dict[int, int] = {}
    for position, op in enumerate(body.ops):
        slot = getattr(op, "dst", NOTHING)
        if slot != NOTHING:
            found.setdefault(slot, position)
    return found


def reads(op: Op) -> frozenset[int]:
    """The slots whose values the operation looks at."""
    return frozenset(_reads(op)) - {NOTHING}


def _reads(op: Op) -> Iterator[int]:
    match op:
        case Call():
            yield from (op.func, *op.args, *(slot for _, slot in op.keywords), *op.stars, *op.double_stars)
        case Attr() | Await() | Enter() | Iterate():
            yield op.obj
        case Item():
            yield from (op.obj, op.key)
        case Build():
            yield from (*op.items, *op.stars)
        case BuildDict():
            yield from (slot for pair in op.pairs for slot in pair)
            yield from op.stars
        case Yield() | Return() | Raise() | StoreGlobal():
            yield op.value
        case Operate():
            yield from (op.left, op.right)
        case Merge():
            yield from op.sources
        case StoreAttr():
            yield from (op.obj, op.value)
        case StoreItem() | Update():
            yield from (op.obj, op.key, op.value)
        case MakeFunction():
            yield from op.defaults
        case MakeClass():
            yield from (*op.bases, op.metaclass)
        case Format():
            yield from op.parts
        case Collect():
            yield from (op.key, op.value)
