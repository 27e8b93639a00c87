"""Draws a call graph as a Mermaid flowchart, which GitHub, GitLab and many wikis show in place."""

from __future__ import annotations

import re

from color_checker.drawing.look import LOOKS, edge_style, look_of
from color_checker.drawing.model import Drawing, Edge, Graph, Node, read

# What a quoted label may hold as it is. All else becomes a numeric entity, which Mermaid decodes
# after it has parsed the line.
UNSAFE = re.compile(r"[^A-Za-z0-9_.,:/ ()-]")


def mermaid(graph: Graph) -> str:
    """`graph` as a Mermaid document."""
    drawing = read(graph)
    lines = [*classes(drawing)]
    lines += [node_line(number, node) for number, node in enumerate(drawing.nodes)]
    lines += [edge_line(edge) for edge in drawing.edges]
    return "flowchart LR\n" + "".join(f"  {line}\n" for line in lines)


def classes(drawing: Drawing) -> list[str]:
    """The class definitions that the drawing needs."""
    used = {class_of(node) for node in drawing.nodes}
    return [
        f"classDef {key} fill:{look.fill},stroke:{look.border},color:#000000,{look.mermaid_style}"
        for key, look in LOOKS.items()
        if key in used
    ]


def node_line(number: int, node: Node) -> str:
    """The statement of one node."""
    left, right = look_of(node.look).mermaid
    label = text(node.label)
    if node.color == "external" and node.effects:
        label += "<br/>" + text("! " + ", ".join(node.effects))
    return f'n{number}{left}"{label}"{right}:::{class_of(node)}'


def edge_line(edge: Edge) -> str:
    """The statement of one edge."""
    label = "" if edge.kind == "call" else f'|"{text(edge.kind)}"|'
    return f"n{edge.source} {edge_style(edge.kind)[1]}{label} n{edge.target}"


def class_of(node: Node) -> str:
    """The name of the class that colors `node`."""
    return node.look if node.look in LOOKS else "plain"


def text(value: str) -> str:
    """A label that no character of `value` can end."""
    return UNSAFE.sub(lambda match: f"#{ord(match.group())};", value)
