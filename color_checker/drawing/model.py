"""Reads the program's graph into what is drawn: nodes and edges with plain, checked attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from color_checker.report.safe import visible


class Graph(Protocol):
    """What is used of `networkx.DiGraph`.

    Its nodes are dotted function names with the attributes of `Node`, its edges have those of
    `Edge`; each attribute may be missing.
    """

    @property
    def nodes(self) -> Any: ...

    @property
    def edges(self) -> Any: ...


class Node(msgspec.Struct, frozen=True):
    """A function, or with the color `external` something outside the program that functions call."""

    name: str
    label: str
    color: str
    engine: str
    path: str
    line: int
    effects: tuple[str, ...]

    @property
    def look(self) -> str:
        """The key of its `Look`: its color, or `effect` for the outside things that must not be reached."""
        return "effect" if self.color == "external" and self.effects else self.color


class Edge(msgspec.Struct, frozen=True):
    """A call; `kind` is call, or how an engine makes it: step, child, start."""

    source: int
    target: int
    kind: str
    path: str
    line: int


class Drawing(msgspec.Struct, frozen=True):
    """Nodes by name; edges refer to them by index and are sorted."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def neighbors(self) -> tuple[list[list[int]], list[list[int]]]:
        """For each node its callees and its callers, sorted, without itself."""
        callees: list[list[int]] = [[] for _ in self.nodes]
        callers: list[list[int]] = [[] for _ in self.nodes]
        for edge in self.edges:
            if edge.source != edge.target:
                callees[edge.source].append(edge.target)
                callers[edge.target].append(edge.source)
        return callees, callers


def read(graph: Graph) -> Drawing:
    """`graph` in an order that does not depend on how it was built."""
    nodes = sorted((node_of(str(name), data) for name, data in graph.nodes(data=True)), key=lambda n: n.name)
    index = {node.name: position for position, node in enumerate(nodes)}
    edges = [
        edge_of(index[str(source)], index[str(target)], data)
        for source, target, data in graph.edges(data=True)
    ]
    edges.sort(key=lambda edge: (edge.source, edge.target, edge.kind, edge.path, edge.line))
    return Drawing(tuple(nodes), tuple(edges))


def node_of(name: str, data: Mapping[str, Any]) -> Node:
    """One node; what is missing is plain and unplaced."""
    return Node(
        name=name,
        label=visible(str(data.get("label") or name)),
        color=str(data.get("color") or "plain"),
        engine=str(data.get("engine") or ""),
        path=str(data.get("path") or ""),
        line=int(data.get("line") or 0),
        effects=tuple(str(effect) for effect in data.get("effects") or ()),
    )


def edge_of(source: int, target: int, data: Mapping[str, Any]) -> Edge:
    """One edge; a call where nothing else is said."""
    return Edge(
        source=source,
        target=target,
        kind=str(data.get("kind") or "call"),
        path=str(data.get("path") or ""),
        line=int(data.get("line") or 0),
    )
