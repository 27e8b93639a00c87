"""Places the nodes of a call graph in layers, callers left of callees, with few crossings.

The steps are Sugiyama's: cut cycles, layer by longest path, bend long edges at dummies, order each
layer by barycenter, then place each layer as close to its neighbors as its order allows. A layer of
hundreds is folded into several lanes, so that the drawing fits a screen. All of it is
deterministic: ties are broken by the order of the drawing's nodes, which is by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

import msgspec

from color_checker.drawing.model import Drawing

COLUMN_GAP = 90.0
LANE_GAP = 24.0
ROW_GAP = 12.0
NODE_HEIGHT = 26.0
BEND_GAP = 8.0
CHAR_WIDTH = 7.2
PADDING = 30.0
WIDEST_LABEL = 44
SWEEPS = 12
# A longer edge is drawn as one curve: bends would be many, and of no help at that length.
LONGEST_BENT = 12
# Height by width of a drawing that need not be folded.
TALLEST = 0.7


class Box(msgspec.Struct, frozen=True):
    """The place of a node: its left edge, its middle, its width and height."""

    x: float
    y: float
    width: float
    height: float


class Layout(msgspec.Struct, frozen=True):
    """Boxes by node, and for each edge the points that it passes between its ends."""

    boxes: tuple[Box, ...]
    bends: tuple[tuple[tuple[float, float], ...], ...]


def lay_out(drawing: Drawing) -> Layout:
    """The places of all nodes and edges of `drawing`."""
    forward = acyclic(drawing)
    layer_of = layers(forward, fixed=[node.color == "workflow" for node in drawing.nodes])
    grid = Grid(drawing, layer_of)
    grid.order()
    grid.place()
    return grid.layout()


def acyclic(drawing: Drawing) -> list[list[int]]:
    """The callees of each node without the calls that close a cycle, as seen from the workflows."""
    callees, callers = drawing.neighbors()
    roots = sorted(
        range(len(drawing.nodes)),
        key=lambda node: (drawing.nodes[node].color != "workflow", bool(callers[node]), node),
    )
    forward: list[list[int]] = [[] for _ in drawing.nodes]
    done = [False] * len(drawing.nodes)
    on_path = [False] * len(drawing.nodes)
    for root in roots:
        path = [] if done[root] else [(root, iter(callees[root]))]
        done[root] = on_path[root] = True
        while path:
            node, rest = path[-1]
            target = next(rest, None)
            if target is None:
                on_path[node] = False
                path.pop()
            elif not on_path[target]:
                forward[node].append(target)
                if not done[target]:
                    done[target] = on_path[target] = True
                    path.append((target, iter(callees[target])))
        on_path[root] = False
    return forward


def layers(forward: Sequence[Sequence[int]], fixed: Sequence[bool]) -> list[int]:
    """The longest distance of each node from a root.

    A root that is not `fixed` to the left edge stands beside its nearest callee.
    """
    count = len(forward)
    waiting = [0] * count
    for targets in forward:
        for target in targets:
            waiting[target] += 1
    is_root = [number == 0 for number in waiting]
    ready = [node for node in range(count) if is_root[node]]
    layer_of = [0] * count
    for node in ready:
        for target in forward[node]:
            layer_of[target] = max(layer_of[target], layer_of[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for node in range(count):
        if is_root[node] and forward[node] and not fixed[node]:
            layer_of[node] = min(layer_of[target] for target in forward[node]) - 1
    return layer_of


class Grid:
    """Nodes and dummies in layers, while they are ordered and placed.

    A dummy stands where an edge crosses a layer, so that nodes make room for it.
    """

    def __init__(self, drawing: Drawing, layer_of: Sequence[int]) -> None:
        self.drawing = drawing
        self.layer_of = list(layer_of)
        self.left: list[list[int]] = [[] for _ in drawing.nodes]
        self.right: list[list[int]] = [[] for _ in drawing.nodes]
        self.dummies: list[list[int]] = [self.connect(edge.source, edge.target) for edge in drawing.edges]
        self.columns: list[list[int]] = [[] for _ in range(max(self.layer_of, default=-1) + 1)]
        for item in self.first_order():
            self.columns[self.layer_of[item]].append(item)
        self.widths = [width_of(node.label) for node in drawing.nodes]
        self.column_widths = [
            max((self.widths[item] for item in column if self.is_node(item)), default=0.0)
            for column in self.columns
        ]
        self.lanes = self.fold()
        self.y = [0.0] * len(self.layer_of)

    def is_node(self, item: int) -> bool:
        """Whether `item` is a node and not a dummy."""
        return item < len(self.drawing.nodes)

    def fold(self) -> list[int]:
        """In how many lanes each column stands: as few as give the drawing its shape."""
        heights = [sum(map(self.room, column)) for column in self.columns]
        allowed = max(heights, default=0.0)
        while True:
            lanes = [max(1, math.ceil(height / allowed)) for height in heights]
            width = sum(
                lane * (wide + LANE_GAP) for lane, wide in zip(lanes, self.column_widths, strict=True)
            )
            if allowed <= TALLEST * (width + COLUMN_GAP * len(lanes)):
                return lanes
            allowed *= 0.95

    def connect(self, source: int, target: int) -> list[int]:
        """Link two nodes through dummies in the layers between; gives these from source to target."""
        if self.layer_of[source] == self.layer_of[target]:
            return []
        near, far = sorted((source, target), key=lambda node: self.layer_of[node])
        between = range(self.layer_of[near] + 1, self.layer_of[far])
        if len(between) > LONGEST_BENT:
            between = range(0)
        chain = [near]
        for layer in between:
            self.layer_of.append(layer)
            self.left.append([])
            self.right.append([])
            chain.append(len(self.layer_of) - 1)
        chain.append(far)
        for first, second in pairwise(chain):
            self.right[first].append(second)
            self.left[second].append(first)
        inner = chain[1:-1]
        return inner if near == source else inner[::-1]

    def first_order(self) -> list[int]:
        """Depth first from the left, so that what belongs together starts together."""
        order: list[int] = []
        seen = [False] * len(self.layer_of)
        for root in sorted(range(len(self.layer_of)), key=lambda item: (self.layer_of[item], item)):
            stack = [root]
            while stack:
                item = stack.pop()
                if not seen[item]:
                    seen[item] = True
                    order.append(item)
                    stack.extend(reversed(self.right[item]))
        return order

    def order(self) -> None:
        """Reorder layer by layer by the mean place of the neighbors, from left and right in turn."""
        place = [0.0] * len(self.layer_of)
        for column in self.columns:
            renumber(column, place)
        for sweep in range(SWEEPS):
            rightward = sweep % 2 == 0
            neighbors = self.left if rightward else self.right
            for column in self.columns if rightward else reversed(self.columns):
                # sort is stable: items without neighbors on that side keep their place.
                column.sort(key=lambda item: mean(place, neighbors[item], place[item]))
                renumber(column, place)

    def place(self) -> None:
        """Move every layer as close to its neighbors as order and gaps allow."""
        for column in self.columns:
            offsets = self.offsets(column)
            for item, offset in zip(column, offsets, strict=True):
                self.y[item] = offset - offsets[-1] / 2
        for sweep in range(SWEEPS):
            rightward = sweep % 2 == 0
            for column in self.columns if rightward else reversed(self.columns):
                self.settle(column, self.left if rightward else self.right)
        both = [left + right for left, right in zip(self.left, self.right, strict=True)]
        for column in self.columns:
            self.settle(column, both)

    def settle(self, column: Sequence[int], neighbors: Sequence[Sequence[int]]) -> None:
        """Give each item the y nearest to its neighbors' mean, in least squares, order kept.

        With offsets that hold the smallest distances taken off, this is isotonic regression, which
        pooling adjacent violators solves exactly.
        """
        offsets = self.offsets(column)
        pools: list[tuple[float, int]] = []
        for item, offset in zip(column, offsets, strict=True):
            total, size = mean(self.y, neighbors[item], self.y[item]) - offset, 1
            while pools and pools[-1][0] / pools[-1][1] >= total / size:
                earlier, items = pools.pop()
                total, size = total + earlier, size + items
            pools.append((total, size))
        bases = [total / size for total, size in pools for _ in range(size)]
        for item, base, offset in zip(column, bases, offsets, strict=True):
            self.y[item] = base + offset

    def offsets(self, column: Sequence[int]) -> list[float]:
        """How far below the first item each item of a column stands at least.

        In a column of n lanes a node keeps its distance to the n-th one above it, its neighbor in
        the lane; the ones between are staggered, which leaves room for edges.
        """
        lanes = self.lanes[self.layer_of[column[0]]]
        result = [0.0]
        for above, item in pairwise(column):
            result.append(result[-1] + (self.room(above) + self.room(item)) / 2 / lanes)
        return result

    def room(self, item: int) -> float:
        """What `item` needs of its column's height."""
        return NODE_HEIGHT + ROW_GAP if self.is_node(item) else BEND_GAP

    def layout(self) -> Layout:
        """The finished places."""
        spans = [
            lanes * wide + (lanes - 1) * LANE_GAP
            for lanes, wide in zip(self.lanes, self.column_widths, strict=True)
        ]
        starts = list(accumulate((span + COLUMN_GAP for span in spans), initial=0.0))
        boxes = [Box(0.0, 0.0, 0.0, 0.0)] * len(self.drawing.nodes)
        for start, column, lanes, wide in zip(
            starts, self.columns, self.lanes, self.column_widths, strict=False
        ):
            for position, node in enumerate(filter(self.is_node, column)):
                x = start + position % lanes * (wide + LANE_GAP)
                boxes[node] = Box(round(x, 1), round(self.y[node], 1), self.widths[node], NODE_HEIGHT)
        middles = [start + span / 2 for start, span in zip(starts, spans, strict=False)]
        bends = tuple(tuple(self.point(dummy, middles) for dummy in dummies) for dummies in self.dummies)
        return Layout(tuple(boxes), bends)

    def point(self, dummy: int, middles: Sequence[float]) -> tuple[float, float]:
        """Where an edge passes through a layer."""
        return (round(middles[self.layer_of[dummy]], 1), round(self.y[dummy], 1))


def renumber(column: Sequence[int], place: list[float]) -> None:
    """Write the relative position of each item of a column; columns of all sizes span the same."""
    for position, item in enumerate(column):
        place[item] = (position + 0.5) / len(column)


def mean(values: Sequence[float], items: Sequence[int], default: float) -> float:
    """The mean of the items' values."""
    return sum(values[item] for item in items) / len(items) if items else default


def width_of(label: str) -> float:
    """The width of a node's box; the page cuts longer labels."""
    return round(min(len(label), WIDEST_LABEL) * CHAR_WIDTH + PADDING, 1)
