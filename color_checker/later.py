"""Which functions run after import, and what they change that replayed code might read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from color_checker.activation import Activation
from color_checker.facts import NOTHING, Return
from color_checker.mutations import Mutations, Write
from color_checker.origins import External, Origin, Origins, Parameter
from color_checker.tracer import Focus, Tracer

if TYPE_CHECKING:
    from collections.abc import Collection

    from color_checker.link import Linker

_TEST_FOLDERS = frozenset({"tests", "test", "testing"})

#: Types of what decorators are applied to.
_DECORATED = frozenset({"Callable", "FunctionType", "Type", "type"})

#: How the names of functions end that are there for tests; what they call may have other callers.
_FOR_TESTS = ("_for_test", "_for_tests", "_for_testing")


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


def changes(mutations: Mutations, replayed: Collection[Activation]) -> dict[Origin, Change]:
    """What `replayed` code reads and others change after import, each with its first change.

    Not what replayed code changes itself: that is reported as such.
    """
    state = mutations.tracer.state
    read = {origin for origin in mutations.tracer.shared() if not isinstance(origin.root, External)}
    if not read:
        return {}
    own = [write.target for node in replayed for write in mutations.of(node) if write.target.is_shared]
    late = running_late(state.linker)
    others = Mutations(Tracer(state, late, _focus(mutations.tracer, read)))
    found: dict[Origin, Change] = {}
    for node in late:
        if node.facts.name.endswith(_FOR_TESTS):
            continue
        for write in others.of(node):
            target = write.target
            if target.is_shared and target not in found and not any(_overlap(target, other) for other in own):
                found[target] = Change(node, write)
    return found


def _focus(tracer: Tracer, read: Collection[Origin]) -> Focus:
    """Definitions and constants can only be bound anew; other objects can be changed in many ways."""
    roots = {origin.root for origin in read}
    parts = {origin.root for origin in read if origin.path}
    rebound = {root for root in roots - parts if tracer.is_fixed(Origin(root))}
    return Focus(roots=frozenset(roots - rebound), rebound=frozenset(rebound))


def _overlap(one: Origin, other: Origin) -> bool:
    return one.covers(other) or other.covers(one)


def reads(mutations: Mutations, node: Activation, wanted: Collection[Origin]) -> Iterator[Read]:
    """Where a function reads one of `wanted`, itself or in a function that it hands the object to."""
    tracer = mutations.tracer
    for position, at, origins in _places(tracer, node):
        for target in _ordered(origins):
            if target in wanted:
                yield Read(target, position, node, at)
    for position, callee, bound in tracer.handed_over(node):
        if any(origin.is_shared for origins in bound.values() for origin in origins):
            yield from _handed_on(tracer, position, callee, bound, wanted)


def _handed_on(
    tracer: Tracer,
    position: int,
    callee: Activation,
    bound: dict[int, Origins],
    wanted: Collection[Origin],
) -> Iterator[Read]:
    for _, at, origins in _places(tracer, callee):
        inner = [origin for origin in origins if isinstance(origin.root, Parameter) and origin.path]
        for target in _ordered(tracer.in_caller(inner, callee, bound)):
            if target in wanted:
                yield Read(target, position, callee, at)


def _places(tracer: Tracer, node: Activation) -> list[tuple[int, int, Origins]]:
    """The operations that read something followed: position, place, origins."""
    outline = tracer.state.outline(node)
    return sorted(
        (
            (outline.positions[slot], at, origins)
            for slot, origins in tracer.found(node).items()
            if (at := getattr(outline.definitions.get(slot), "at", -1)) >= 0
        ),
        key=lambda place: place[:2],
    )


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
    return sorted(found, key=lambda node: node.source_order)


def _entry_points(linker: Linker) -> Iterator[Activation]:
    yield from (node for node in linker.roots if not _decorates(node))
    for node in linker.activations.values():
        for records in node.operations.values():
            for record in records.values():
                yield from record.targets
        if node.facts.kind == "module":
            yield from _called_as_main(node)


def _decorates(node: Activation) -> bool:
    """Whether the function takes a function or class and gives it back: then it registers it, at import."""
    facts = node.facts
    first = 1 if facts.owner != NOTHING else 0
    if len(facts.params) <= first:
        return False
    annotation = facts.params[first].annotation
    if annotation is not None:
        takes_it = annotation.name.rpartition(".")[2] in _DECORATED
    else:
        # In a decorator with arguments the inner function is the decorator.
        takes_it = node.env is not None and node.env.facts.kind == "function"
    return takes_it and any(isinstance(op, Return) and op.value == first for op in node.body.ops)


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
