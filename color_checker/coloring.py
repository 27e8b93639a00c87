"""Which code runs under which color, how a workflow gets to it, and by which shortest chain of calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from color_checker.findings import Color

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker


class Step(msgspec.Struct, frozen=True):
    """How a function is reached: `caller` calls it in the operation at `position`."""

    caller: Activation
    position: int


class CodeColor(msgspec.Struct, frozen=True):
    """The color of the code that a scope is, by itself or because it stands in a colored function."""

    color: Color
    engine: str
    owner: Activation


def code_colors(linker: Linker) -> dict[Activation, CodeColor]:
    """The colored code of the program: colored functions, and what is nested in them.

    A function that some call runs as a step is a step, wherever it stands.
    """
    colors = linker.colors
    result: dict[Activation, CodeColor] = {}
    for node in linker.activations.values():
        outer: Activation | None = node
        while outer is not None:
            func = colors.function_of(outer)
            coloring = colors.functions.get(func) if func is not None else None
            if coloring is not None:
                result[node] = CodeColor(coloring.color, coloring.engine, outer)
                break
            if func is not None and func in colors.run_as_step:
                result[node] = CodeColor(Color.STEP, colors.run_as_step[func], outer)
                break
            outer = outer.env
    return result


def calls_out(linker: Linker, node: Activation) -> Iterator[tuple[int, Activation]]:
    """The calls of a node that stay in its color: (position, callee), in source order."""
    for position in sorted(node.targets):
        for target in node.targets[position]:
            if not linker.colors.is_border(target):
                yield position, target


class Reach:
    """Everything that one kind of colored code reaches, with the shortest chain to each function.

    The chains come from one breadth-first search that starts at all colored functions at once, so their
    number of calls is least; ties go to what comes first in the source. That makes the result a function
    of the graph, whatever the order in which it was built, cycles included.
    """

    def __init__(
        self, linker: Linker, sources: Iterable[Activation], without: Container[tuple[Activation, int]] = ()
    ) -> None:
        """`without`: calls that are not followed, as (caller, position)."""
        self.sources = tuple(sorted(sources, key=lambda node: node.source_order))
        self.steps: dict[Activation, Step | None] = dict.fromkeys(self.sources)
        queue = deque(self.sources)
        while queue:
            node = queue.popleft()
            for position, target in calls_out(linker, node):
                if target not in self.steps and (node, position) not in without:
                    self.steps[target] = Step(node, position)
                    queue.append(target)

    def __contains__(self, node: Activation) -> bool:
        return node in self.steps

    def nodes(self) -> list[Activation]:
        """Every function reached, in source order."""
        return sorted(self.steps, key=lambda node: node.source_order)

    def chain(self, node: Activation) -> list[Step]:
        """The calls that lead to `node`, from the colored function on; empty for colored code itself."""
        chain = []
        step = self.steps[node]
        while step is not None:
            chain.append(step)
            step = self.steps[step.caller]
        return chain[::-1]


def reaching(
    linker: Linker, nodes: Iterable[Activation], names: dict[Activation, str]
) -> dict[Activation, tuple[str, ...]]:
    """For each node the names of the workflows that reach it.

    Sets are bit masks, passed down the strongly connected components in topological order (R. Tarjan,
    "Depth-First Search and Linear Graph Algorithms", 1972): every component is visited once.
    """
    nodes = list(nodes)
    edges = {node: [target for _, target in calls_out(linker, node)] for node in nodes}
    labels = sorted(set(names.values()))
    bit = {label: 1 << index for index, label in enumerate(labels)}
    masks = {node: bit.get(names.get(node, ""), 0) for node in nodes}
    for component in reversed(components(nodes, edges)):
        mask = 0
        for node in component:
            mask |= masks[node]
        for node in component:
            masks[node] = mask
            for target in edges[node]:
                if target in masks:
                    masks[target] |= mask
    members = {mask: tuple(_members(mask, labels)) for mask in set(masks.values())}
    return {node: members[masks[node]] for node in nodes}


def _members(mask: int, labels: list[str]) -> Iterator[str]:
    """The labels of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield labels[lowest.bit_length() - 1]
        mask ^= lowest


def components(nodes: list[Activation], edges: dict[Activation, list[Activation]]) -> list[list[Activation]]:
    """Strongly connected components, callees first; iterative, since call chains may be long."""
    index: dict[Activation, int] = {}
    low: dict[Activation, int] = {}
    on_stack: set[Activation] = set()
    stack: list[Activation] = []
    result: list[list[Activation]] = []
    for root in nodes:
        if root in index:
            continue
        work: list[tuple[Activation, Iterator[Activation]]] = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in edges:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(edges[target])))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    result.append(_pop_component(node, stack, on_stack))
    return result


def _pop_component(node: Activation, stack: list[Activation], on_stack: set[Activation]) -> list[Activation]:
    component = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        component.append(member)
        if member is node:
            return component
