"""Draws a call graph in Graphviz' DOT language."""

from __future__ import annotations

from collections.abc import Mapping

from color_checker.drawing.look import edge_style, look_of
from color_checker.drawing.model import Drawing, Edge, Graph, Node, read
from color_checker.report.safe import visible

HEAD = """digraph "color-checker" {
  rankdir=LR;
  node [fontname="Helvetica", fontsize=11];
  edge [fontname="Helvetica", fontsize=9, color="#666666"];
"""


def dot(graph: Graph) -> str:
    """`graph` as a DOT document; nodes keep their dotted names as ids."""
    drawing = read(graph)
    lines = [*map(node_line, drawing.nodes), *(edge_line(edge, drawing) for edge in drawing.edges)]
    return HEAD + "".join(f"  {line}\n" for line in lines) + "}\n"


def node_line(node: Node) -> str:
    """The statement of one node."""
    look = look_of(node.look)
    label = [text(node.label)]
    if node.color == "external" and node.effects:
        label.append(text("! " + ", ".join(node.effects)))
    described = {
        "label": '"' + r"\n".join(label) + '"',
        "shape": look.dot_shape,
        "style": quoted(look.dot_style),
        "fillcolor": quoted(look.fill),
        "color": quoted(look.border),
        "tooltip": quoted(" ".join(filter(None, [node.engine, node.color, place(node.path, node.line)]))),
    }
    return f"{quoted(node.name)} [{attributes(described)}];"


def edge_line(edge: Edge, drawing: Drawing) -> str:
    """The statement of one edge."""
    described = {"style": edge_style(edge.kind)[0]}
    if edge.kind != "call":
        described["label"] = quoted(edge.kind)
    if edge.path:
        described["tooltip"] = quoted(place(edge.path, edge.line))
    ends = f"{quoted(drawing.nodes[edge.source].name)} -> {quoted(drawing.nodes[edge.target].name)}"
    return f"{ends} [{attributes(described)}];"


def attributes(values: Mapping[str, str]) -> str:
    """`label="x", shape=box`."""
    return ", ".join(f"{key}={value}" for key, value in values.items())


def quoted(value: str) -> str:
    """`value` as a DOT string that shows as it is."""
    return f'"{text(value)}"'


def text(value: str) -> str:
    """The inside of a DOT string: no escape sequence, entity or quote of `value` is left to Graphviz."""
    return visible(value).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def place(path: str, line: int) -> str:
    """`path:line`, or nothing."""
    return f"{path}:{line}" if path else ""
