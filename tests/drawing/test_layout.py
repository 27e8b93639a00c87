"""The layered layout: nothing overlaps, callers stand left of callees, large graphs fit a screen."""

from __future__ import annotations

import time
from itertools import combinations

import networkx as nx
from hypothesis import given, settings

from color_checker.drawing.layout import Box, Layout, lay_out
from color_checker.drawing.model import Drawing, read
from tests.drawing.graphs import any_graph, small


def laid_out(graph: nx.DiGraph) -> tuple[Drawing, Layout]:
    drawing = read(graph)
    return drawing, lay_out(drawing)


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not beside and abs(one.y - other.y) < (one.height + other.height) / 2


def boxes_by_name(graph: nx.DiGraph) -> dict[str, Box]:
    drawing, layout = laid_out(graph)
    return {node.name: box for node, box in zip(drawing.nodes, layout.boxes, strict=True)}


@settings(deadline=None, max_examples=40)
@given(any_graph())
def test_no_two_nodes_overlap(graph: nx.DiGraph) -> None:
    _, layout = laid_out(graph)
    assert not any(overlap(one, other) for one, other in combinations(layout.boxes, 2))


@settings(deadline=None, max_examples=40)
@given(any_graph())
def test_callers_stand_left_of_callees_where_no_cycle_forbids_it(graph: nx.DiGraph) -> None:
    boxes = boxes_by_name(graph)
    component = {
        node: number for number, nodes in enumerate(nx.strongly_connected_components(graph)) for node in nodes
    }
    for source, target in graph.edges:
        if component[source] != component[target]:
            assert boxes[source].x < boxes[target].x


@settings(deadline=None, max_examples=40)
@given(any_graph())
def test_the_layout_does_not_depend_on_the_order_of_building(graph: nx.DiGraph) -> None:
    backwards = nx.DiGraph()
    backwards.add_nodes_from(reversed(list(graph.nodes(data=True))))
    backwards.add_edges_from(reversed(list(graph.edges(data=True))))
    assert laid_out(backwards) == laid_out(graph)


def test_a_long_edge_bends_around_the_layers_between() -> None:
    graph = nx.DiGraph([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])
    drawing, layout = laid_out(graph)
    (bends,) = [
        bends
        for edge, bends in zip(drawing.edges, layout.bends, strict=True)
        if drawing.nodes[edge.target].name == "d" and drawing.nodes[edge.source].name == "a"
    ]
    assert len(bends) == 2
    assert layout.boxes[0].x < bends[0][0] < bends[1][0] < layout.boxes[3].x


def test_crossings_are_undone() -> None:
    # Taken as they come, w1 to w4 stand in this order, z above a, and w3 and w4 cross the edge to a.
    graph = nx.DiGraph([("w1", "z"), ("w2", "a"), ("w3", "z"), ("w4", "z")])
    for name in ("w1", "w2", "w3", "w4"):
        graph.nodes[name]["color"] = "workflow"
    boxes = boxes_by_name(graph)
    crossings = [
        (one, other)
        for one, other in combinations(graph.edges, 2)
        if (boxes[one[0]].y - boxes[other[0]].y) * (boxes[one[1]].y - boxes[other[1]].y) < 0
    ]
    assert crossings == []


def test_a_caller_from_outside_stands_beside_what_it_calls() -> None:
    graph = nx.path_graph(["w", "a", "b", "c"], create_using=nx.DiGraph)
    graph.nodes["w"]["color"] = "workflow"
    graph.add_edge("main", "c")
    boxes = boxes_by_name(graph)
    assert boxes["main"].x == boxes["b"].x


def test_two_thousand_nodes_take_the_shape_of_a_screen_within_seconds() -> None:
    graph = nx.DiGraph()
    for number in range(1, 2000):
        graph.add_edge(f"f{number // 7}", f"f{number}")
    started = time.perf_counter()
    _, layout = laid_out(graph)
    assert time.perf_counter() - started < 5
    width = max(box.x + box.width for box in layout.boxes)
    height = max(box.y for box in layout.boxes) - min(box.y for box in layout.boxes)
    assert 0.2 < height / width < 1.2


def test_a_deep_chain_needs_no_deep_recursion() -> None:
    _, layout = laid_out(nx.path_graph([f"f{number:05}" for number in range(5000)], create_using=nx.DiGraph))
    assert all(one.x < other.x for one, other in zip(layout.boxes, layout.boxes[1:], strict=False))


def test_an_empty_graph_has_an_empty_layout() -> None:
    assert laid_out(nx.DiGraph())[1] == Layout((), ())


def test_missing_attributes_make_a_plain_node() -> None:
    (node,) = [node for node in read(small()).nodes if node.name == "main.main"]
    assert (node.color, node.label, node.effects) == ("plain", "main.main", ())
