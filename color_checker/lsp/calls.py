"""The call hierarchy: where replayed code leads, and who calls a function."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import msgspec
import networkx as nx

from color_checker.graph import call_graph, key_of, node_names
from color_checker.program import Program


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


def item_at(program: Program, path: str, line: int) -> Item | None:
    """The innermost function at a line of the file with this path, as reports have it."""
    names = node_names(program)
    graph = call_graph(program)
    found = [
        node
        for node in program.nodes
        if node.module.path == path
        and node.facts.kind == "function"
        and node.facts.first_line <= line <= node.facts.end_line
    ]
    if not found:
        return None
    innermost = max(found, key=lambda node: node.facts.first_line)
    return _item(graph, names[key_of(innermost)])


def outgoing(program: Program, name: str) -> list[Call]:
    """What a function calls: other functions, and what has an effect."""
    graph = call_graph(program)
    if name not in graph:
        return []
    return _calls(graph, ((target, data) for _, target, data in graph.out_edges(name, data=True)))


def incoming(program: Program, name: str) -> list[Call]:
    """Who calls a function."""
    graph = call_graph(program)
    if name not in graph:
        return []
    return _calls(graph, ((source, data) for source, _, data in graph.in_edges(name, data=True)))


def _calls(graph: nx.DiGraph, others: Iterable[tuple[str, dict[str, Any]]]) -> list[Call]:
    """The calls between a function and others, each with what the graph knows of the call."""
    found = []
    for name, data in sorted(others, key=lambda other: other[0]):
        item = _item(graph, name)
        if not item.path:
            # What lies outside is shown where it is called.
            item = msgspec.structs.replace(item, path=os.path.abspath(data["path"]), line=data["line"])
        found.append(Call(item, data["line"]))
    return found


def _item(graph: nx.DiGraph, name: str) -> Item:
    data = graph.nodes[name]
    effects = ", ".join(data["effects"])
    detail = " · ".join(part for part in (data["color"], data["engine"], effects) if part)
    return Item(name, detail, os.path.abspath(data["path"]) if data["path"] else "", data["line"])
