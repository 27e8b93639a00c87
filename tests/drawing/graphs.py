"""Graphs to draw: a small one with every color and kind of edge, hostile names, any shape."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
from hypothesis import strategies as st

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"]; evil [label="x',
    "back\\slash\\",
    "&amp;<b>&#65;",
    "end",
    "{{script}}",
    "two\nlines\r\x00",
    "#quot;`x`|y|",
    "日本語.関数",
    "\u2028\u202e",
)


def small() -> nx.DiGraph:
    """Two functions of a workflow, one of which reads the clock, and a plain caller."""
    graph = nx.DiGraph()
    graph.add_node(
        "app.Trial.run", color="workflow", engine="temporal", path="app.py", line=3, label="Trial.run"
    )
    graph.add_node("app.mail", color="step", engine="temporal", path="app.py", line=9)
    graph.add_node("app.price", color="pure", path="app.py", line=12)
    graph.add_node("app.quote", color="plain", path="app.py", line=20, effects=("clock",))
    graph.add_node("datetime.datetime.now", color="external", effects=("clock",))
    graph.add_node("json.loads", color="external")
    graph.add_node("main.main", path="main.py", line=1)
    for source, target, kind in (
        ("app.Trial.run", "app.mail", "step"),
        ("app.Trial.run", "app.quote", "call"),
        ("app.quote", "datetime.datetime.now", "call"),
        ("app.quote", "app.price", "call"),
        ("app.mail", "json.loads", "call"),
        ("main.main", "app.Trial.run", "start"),
    ):
        graph.add_edge(source, target, kind=kind, path="app.py", line=4)
    return graph


def hostile() -> nx.DiGraph:
    """Every hostile string as a name, a label and in each other attribute; a chain of calls."""
    graph = nx.DiGraph()
    for text in HOSTILE:
        graph.add_node(text, label=text, color="external", engine=text, path=text, effects=(text,))
    for source, target in pairwise(HOSTILE):
        graph.add_edge(source, target, kind=source, path=source, line=1)
    return graph


def any_graph(size: int = 25) -> st.SearchStrategy[nx.DiGraph]:
    """Graphs of any shape, with cycles, loops and lonely nodes."""
    numbers = st.integers(0, size - 1)
    colors = st.sampled_from(["workflow", "step", "pure", "plain", "external"])
    return st.builds(
        build,
        st.lists(colors, min_size=1, max_size=size),
        st.lists(st.tuples(numbers, numbers), max_size=3 * size),
    )


def build(colors: list[str], calls: list[tuple[int, int]]) -> nx.DiGraph:
    """A graph with a node for each color; calls to nodes that it has not are left out."""
    graph = nx.DiGraph()
    for number, color in enumerate(colors):
        graph.add_node(f"f{number:03}", color=color, label="f" * (1 + number % 30))
    graph.add_edges_from((f"f{a:03}", f"f{b:03}") for a, b in calls if max(a, b) < len(colors))
    return graph
