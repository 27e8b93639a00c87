"""Which functions run after import, and what they change that replayed code might read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from color_checker.activation import Activation
from color_checker.coloring import calls_out
from color_checker.mutations import Mutations, Write
from color_checker.origins import Origin, Parameter

if TYPE_CHECKING:
    from collections.abc import Collection

    from color_checker.link import Linker

_TEST_FOLDERS = frozenset({"tests", "test", "testing"})


class Change(msgspec.Struct, frozen=True):
    """A function that runs after import changes something that outlives it."""

    node: Activation
    write: Write


class Read(msgspec.Struct, frozen=True):
    """A function reads something that outlives it, in the operation at `position`.

    `node` and `at` say where: the function itself, or one that it hands the object to.
    """

    target: Origin
    position: int
    node: Activation
    at: int


def changes(linker: Linker, mutations: Mutations, replayed: Collection[Activation]) -> dict[Origin, Change]:
    """What is changed after import, each with its first change; not what replayed code changes itself."""
    own = [write.target for node in replayed for write in mutations.of(node) if write.target.is_shared]
    found: dict[Origin, Change] = {}
    for node in running_late(linker):
        for write in mutations.of(node):
            target = write.target
            if target.is_shared and target not in found and not any(_overlap(target, other) for other in own):
                found[target] = Change(node, write)
    return found


def _overlap(one: Origin, other: Origin) -> bool:
    return one.covers(other) or other.covers(one)


def reads(
    mutations: Mutations, linker: Linker, node: Activation, wanted: Collection[Origin]
) -> Iterator[Read]:
    """Where a function reads one of `wanted`, itself or in a function that it hands the object to."""
    for position, op in enumerate(node.body.ops):
        dst = getattr(op, "dst", -1)
        at = getattr(op, "at", -1)
        if dst >= 0 and at >= 0:
            for target in _ordered(mutations.tracer.of(node, dst)):
                if target in wanted:
                    yield Read(target, position, node, at)
    for position, callee in calls_out(linker, node):
        yield from _handed_on(mutations, node, position, callee, wanted)


def _handed_on(
    mutations: Mutations, node: Activation, position: int, callee: Activation, wanted: Collection[Origin]
) -> Iterator[Read]:
    bound = mutations.tracer.bind(node, position, callee)
    if not any(origin.is_shared for origins in bound.values() for origin in origins):
        return
    for op in callee.body.ops:
        dst = getattr(op, "dst", -1)
        at = getattr(op, "at", -1)
        if dst < 0 or at < 0:
            continue
        inner = [o for o in mutations.tracer.of(callee, dst) if isinstance(o.root, Parameter) and o.path]
        for target in _ordered(mutations.tracer.in_caller(inner, callee, bound)):
            if target in wanted:
                yield Read(target, position, callee, at)


def _ordered(origins: Collection[Origin]) -> list[Origin]:
    return sorted((origin for origin in origins if origin.is_shared), key=Origin.text)


def running_late(linker: Linker) -> list[Activation]:
    """The functions that something other than an import or a test may call, in source order.

    Entry points are what nothing in the project calls, what an engine calls, and what modules call under
    `if __name__ == "__main__"`. A function that only module-level code calls, such as a decorator that
    registers, has done its work when the program starts.
    """
    found = dict.fromkeys(node for node in _entry_points(linker) if not is_test(node.module.path))
    todo = list(found)
    while todo:
        for targets in todo.pop().targets.values():
            for target in targets:
                if target not in found:
                    found[target] = None
                    todo.append(target)
    return sorted(found, key=lambda n: (n.module.path, n.facts.line, n.index, n.number))


def _entry_points(linker: Linker) -> Iterator[Activation]:
    yield from linker.roots
    for node in linker.activations.values():
        for records in node.operations.values():
            for record in records.values():
                yield from record.targets
        if node.facts.kind == "module":
            yield from _called_as_main(node)


def _called_as_main(node: Activation) -> Iterator[Activation]:
    regions = [region for region in node.body.regions if region.kind == "main"]
    for position, targets in node.targets.items():
        line = node.module.facts.span(getattr(node.body.ops[position], "at", node.facts.at))[0]
        if any(region.line <= line <= region.end_line for region in regions):
            yield from targets


def is_test(path: str) -> bool:
    """Whether a file holds tests, by its name."""
    pure = PurePosixPath(path)
    name = pure.stem
    return (
        name == "conftest" or name.startswith("test_") or name.endswith("_test")
        or not _TEST_FOLDERS.isdisjoint(pure.parts[:-1])
    )  # fmt: skip
