"""The call graph as users query and draw it: one node for each function, whatever its contexts.

Callers ask with the verbs below; that the graph is one of networkx concerns only those who draw it.
A node is a dotted name with the attributes `color`, `engine`, `path`, `line`, `effects` and `label`; an
edge has `kind` (call, or how an engine makes the call: step, child, start), `path` and `line`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import networkx as nx

from color_checker.activation import Activation
from color_checker.classes import ClassInfo
from color_checker.facts import Call
from color_checker.findings import Color
from color_checker.program import Program, shown_name
from color_checker.values import Bound, Class, Const, Func, Value

CALL, STEP, CHILD, START = "call", "step", "child", "start"
_EXTERNAL = "external"

Key = tuple[str, int]

#: An editor asks again and again.
_graphs: WeakKeyDictionary[Program, nx.DiGraph] = WeakKeyDictionary()
_names: WeakKeyDictionary[Program, dict[Key, str]] = WeakKeyDictionary()


class Caller(msgspec.Struct, frozen=True, order=True):
    """Who calls a function, where and how."""

    path: str
    line: int
    function: str
    color: str
    kind: str


def workflow_graph(program: Program) -> nx.DiGraph:
    """What is around workflows: all they reach, with their steps and children, and who calls or starts them.

    Bodies of steps are not followed, apart from the effects that they have themselves.
    """
    graph = call_graph(program)
    workflows = [name for name, color in graph.nodes(data="color") if color == Color.WORKFLOW]
    kept = set(workflows)
    todo = list(workflows)
    while todo:
        name = todo.pop()
        is_step = graph.nodes[name]["color"] == Color.STEP
        for target in graph.successors(name):
            if target not in kept and (not is_step or graph.nodes[target]["color"] == _EXTERNAL):
                kept.add(target)
                todo.append(target)
    for name in workflows:
        kept.update(graph.predecessors(name))
    return graph.subgraph(kept).copy()


def call_graph(program: Program) -> nx.DiGraph:
    """Everything that was linked. Of what lies outside the analyzed code, only what has an effect.

    It is made once for each program, so nobody may change it.
    """
    graph = _graphs.get(program)
    if graph is None:
        graph = _graphs[program] = nx.freeze(_Builder(program).build())
    return graph


def callers(graph: nx.DiGraph, name: str) -> tuple[Caller, ...]:
    """Who calls the function, in source order."""
    found = (
        Caller(data["path"], data["line"], source, graph.nodes[source]["color"], data["kind"])
        for source, data in graph.pred[name].items()
    )
    return tuple(sorted(found))


def shortest_chain(graph: nx.DiGraph, source: str, target: str) -> tuple[str, ...]:
    """The functions on a shortest way from one to the other, both included; () if there is none."""
    try:
        return tuple(nx.shortest_path(graph, source, target))
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return ()


def node_names(program: Program) -> Mapping[Key, str]:
    """The name of each function's node: its dotted name, with the line where several have the same."""
    names = _names.get(program)
    if names is None:
        names = _names[program] = _named(program)
    return names


def _named(program: Program) -> dict[Key, str]:
    names: dict[Key, str] = {}
    taken: set[str] = set()
    for node in sorted(program.linker.activations.values(), key=_source_order):
        key = key_of(node)
        if key not in names:
            name = node.name
            if name in taken:
                name = f"{name}:{node.facts.line}"
            if name in taken:
                name = f"{name} ({node.module.path})"
            taken.add(name)
            names[key] = name
    return names


def key_of(node: Activation) -> Key:
    """What the contexts of one function have in common. A class body runs as part of what is around it."""
    while node.facts.kind == "class" and node.env is not None:
        node = node.env
    return (node.module.key, node.index)


def _source_order(node: Activation) -> tuple[bool, str, int, int, int]:
    return (node.module.library, *node.source_order)


class _Builder:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = node_names(program)
        self.graph = nx.DiGraph()
        self.replaying: dict[Activation, list[str]] = {}
        for engine, reach in program.reaches.items():
            for node in reach.nodes():
                self.replaying.setdefault(node, []).append(engine)

    def build(self) -> nx.DiGraph:
        nodes = sorted(self.program.linker.activations.values(), key=_source_order)
        for node in nodes:
            self._add(node)
        for node in nodes:
            source = self.names[key_of(node)]
            for position, target, kind in self._calls(node):
                self._edge(source, target, kind, node, position)
            self._effects(node, source)
        return self.graph

    def _add(self, node: Activation) -> None:
        name = self.names[key_of(node)]
        if name not in self.graph:
            self.graph.add_node(
                name, color=Color.PLAIN.value, engine="", path=node.module.path, line=node.facts.line,
                effects=(), label=node.facts.qualname or node.module.name,
            )  # fmt: skip
        color = self.program.color(node)
        if color is not Color.PLAIN and node.facts.kind != "class":
            self.graph.nodes[name].update(color=color.value, engine=self.program.engine(node))

    def _edge(self, source: str, target: str, kind: str, node: Activation, position: int) -> None:
        """One edge for each pair: the first call in the source, but an engine's before a plain one."""
        known: dict[str, Any] | None = self.graph.get_edge_data(source, target)
        if known is None or (known["kind"] == CALL and kind != CALL):
            place = self.program.place_of(node, position)
            self.graph.add_edge(source, target, kind=kind, path=place.path, line=place.line)

    def _effects(self, node: Activation, source: str) -> None:
        """External leaves, and the effects' names on the function itself."""
        for site in self.program.effects(node):
            engines = self.replaying.get(node, [])
            if engines and all(self.program.is_allowed(node, site, engine) for engine in engines):
                continue
            leaf, effect = shown_name(site.dotted), site.effect.value
            while leaf in self.graph and self.graph.nodes[leaf]["color"] != _EXTERNAL:
                leaf += " (external)"  # a project's own module of that name
            if leaf not in self.graph:
                self.graph.add_node(leaf, color=_EXTERNAL, engine="", path="", line=0, effects=(), label=leaf)
            for name in (leaf, source):
                effects = self.graph.nodes[name]["effects"]
                self.graph.nodes[name]["effects"] = tuple(sorted({*effects, effect}))
            self._edge(source, leaf, CALL, node, site.position)

    # -- calls ----------------------------------------------------------------------------------

    def _calls(self, node: Activation) -> Iterator[tuple[int, str, str]]:
        """The calls of a node: position, the callee's name, the kind of call."""
        for position in sorted({*node.targets, *node.operations}):
            for target in node.targets.get(position, ()):
                if target.facts.kind != "class":  # it runs as a part of what is around it
                    yield position, self.names[key_of(target)], CALL
            for operation in node.operations.get(position, {}).values():
                for target in operation.targets:
                    yield position, self.names[key_of(target)], self._kind(target)
                for func in self._registered(operation.engine, operation.names):
                    yield from self._to_function(position, func, CHILD)
        for position, op in self.program.ops(node):
            if isinstance(op, Call):
                yield from self._starts(node, position, op)

    def _kind(self, target: Activation) -> str:
        return {Color.WORKFLOW: CHILD, Color.STEP: STEP}.get(self.program.color(target), CALL)

    def _starts(self, node: Activation, position: int, op: Call) -> Iterator[tuple[int, str, str]]:
        """The workflows that a call of an engine's client starts."""
        for dotted in self.program.externals(node, position):
            for profile in self.program.linker.profiles:
                arguments = profile.started(profile.canonical(dotted)) if profile.owns(dotted) else None
                for slot in _given(op, arguments or ()):
                    for value in self.program.values(node, slot):
                        for func in self._functions(value, profile.name):
                            yield from self._to_function(position, func, START)

    def _to_function(self, position: int, func: Func, kind: str) -> Iterator[tuple[int, str, str]]:
        name = self.names.get(func.key)
        if name is not None:
            color = self.graph.nodes[name]["color"]
            yield position, name, STEP if kind == CHILD and color == Color.STEP else kind

    def _functions(self, value: Value, engine: str) -> Iterator[Func]:
        if isinstance(value, Func):
            yield value
        elif isinstance(value, Bound):
            yield value.func
        elif isinstance(value, Const) and isinstance(value.value, str):
            yield from self._registered(engine, (value.value,))
        elif isinstance(value, Class):
            yield from self._runs_of(value.info)

    def _registered(self, engine: str, names: Iterable[str]) -> Iterator[Func]:
        """The functions, and the classes' main functions, that are registered under those names."""
        colors = self.program.linker.colors
        for name in names:
            yield from colors.registered.get(engine, {}).get(name, ())
            for info, (profile, _) in colors.workflow_classes.items():
                if profile.name == engine and info.facts.name == name:
                    yield from self._runs_of(info)

    def _runs_of(self, info: ClassInfo) -> Iterator[Func]:
        """The functions that a workflow class is run by: those with the first of the entry decorators."""
        colors = self.program.linker.colors
        if info not in colors.workflow_classes:
            return
        _, source = colors.workflow_classes[info]
        main = source.entries[0].rpartition(".")[2] if source.entries else ""
        for func in colors.functions:
            names = [decorator.rpartition(".")[2] for decorator in func.facts.decorators]
            if func.env is info.activation and (main in names or not main):
                yield func


def _given(op: Call, arguments: tuple[int | str, ...]) -> Iterator[int]:
    """The slots of a call's arguments at those positions and keywords."""
    keywords = dict(op.keywords)
    for argument in arguments:
        if isinstance(argument, str):
            if argument in keywords:
                yield keywords[argument]
        elif argument < len(op.args):
            yield op.args[argument]
