"""The call hierarchy: where replayed code leads, and who calls a function."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import networkx as nx

from color_checker.activation import Activation
from color_checker.facts import Call as CallOp
from color_checker.graph import call_graph, key_of, node_names
from color_checker.program import Place, Program


class Item(msgspec.Struct, frozen=True):
    """A function of the call graph. `detail` is its color, or the effect of what lies outside."""

    name: str
    detail: str
    path: str
    line: int


class Call(msgspec.Struct, frozen=True):
    """Who calls, or is called, and on which line of the caller's file."""

    item: Item
    line: int


class Asked(msgspec.Struct, frozen=True):
    """A call that stands somewhere, with the names of the functions of the project that it runs.

    Attributes:
        place: of the whole expression.
        effects: what it does itself: effect and dotted name.
        operations: what it asks an engine for.
    """

    place: Place
    targets: tuple[str, ...]
    effects: tuple[tuple[str, str], ...]
    operations: tuple[str, ...]


def call_at(program: Program, path: str, line: int, column: int) -> Asked | None:
    """The innermost call around a place of the file with this path, as reports have it."""
    found: dict[Place, list[tuple[Activation, int]]] = {}
    for node in program.nodes:
        if node.module.path == path:
            for position, op in program.ops(node):
                place = program.place_of(node, position)
                if isinstance(op, CallOp) and _is_in(place, line, column):
                    found.setdefault(place, []).append((node, position))
    if not found:
        return None
    # The later it starts, the further in it is; of `f()()`, where both start together, `f()` is.
    innermost = max(found, key=lambda place: (place.line, place.column, -place.end_line, -place.end_column))
    return _asked(program, innermost, found[innermost])


def _is_in(place: Place, line: int, column: int) -> bool:
    return (place.line, place.column) <= (line, column) < (place.end_line, place.end_column)


def _asked(program: Program, place: Place, calls: Iterable[tuple[Activation, int]]) -> Asked:
    names = node_names(program)
    targets: dict[str, None] = {}
    effects: dict[tuple[str, str], None] = {}
    operations: dict[str, None] = {}
    for node, position in calls:
        asked = program.operations(node, position)
        operations |= dict.fromkeys(operation.dotted for operation in asked)
        for target in (*program.callees(node, position), *(t for one in asked for t in one.targets)):
            targets[names[key_of(target)]] = None
        for site in program.effects(node):
            if program.place(node, site.at) == place:
                effects[site.effect.value, site.dotted] = None
    return Asked(place, tuple(targets), tuple(effects), tuple(operations))


def function_at(program: Program, path: str, line: int) -> str:
    """The name of the innermost function around a line of the file with this path; "" if there is none."""
    found = [
        node
        for node in program.nodes
        if node.module.path == path
        and node.facts.kind == "function"
        and node.facts.first_line <= line <= node.facts.end_line
    ]
    if not found:
        return ""
    return node_names(program)[key_of(max(found, key=lambda node: node.facts.first_line))]


def items_at(program: Program, path: str, line: int, column: int) -> list[Item]:
    """What the call at a place runs; the function around it if there is no call."""
    call = call_at(program, path, line, column)
    names = call.targets if call is not None else ()
    around = function_at(program, path, line)
    graph = call_graph(program)
    return [_item(graph, name) for name in names or ((around,) if around else ()) if name in graph]


def outgoing(program: Program, name: str) -> list[Call]:
    """What a function calls: other functions, and what has an effect."""
    graph = call_graph(program)
    if name not in graph:
        return []
    return list(_calls(graph, graph.succ[name].items()))


def incoming(program: Program, name: str) -> list[Call]:
    """Who calls a function."""
    graph = call_graph(program)
    if name not in graph:
        return []
    return list(_calls(graph, graph.pred[name].items()))


def _calls(graph: nx.DiGraph, others: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Call]:
    """The calls between a function and others, each with what the graph knows of the call."""
    for name, data in sorted(others, key=lambda other: other[0]):
        item = _item(graph, name)
        if not item.path:
            # What lies outside is shown where it is called.
            item = msgspec.structs.replace(item, path=os.path.abspath(data["path"]), line=data["line"])
        yield Call(item, data["line"])


def _item(graph: nx.DiGraph, name: str) -> Item:
    data = graph.nodes[name]
    effects = ", ".join(data["effects"])
    detail = " · ".join(part for part in (data["color"], data["engine"], effects) if part)
    return Item(name, detail, os.path.abspath(data["path"]) if data["path"] else "", data["line"])
