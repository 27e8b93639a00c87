"""How each color looks: hues that color-blind people can tell apart, and a shape of its own as well."""

from __future__ import annotations

import msgspec


class Look(msgspec.Struct, frozen=True):
    """One way to draw a node.

    Attributes:
        title: what the legend says.
        fill, border: hues after Okabe and Ito, on white.
        dot_shape, dot_style: Graphviz attributes.
        mermaid: the brackets of the node's shape.
        mermaid_style: what the class adds to fill and stroke.
    """

    title: str
    fill: str
    border: str
    dot_shape: str
    dot_style: str
    mermaid: tuple[str, str]
    mermaid_style: str = "stroke-width:1px"


LOOKS = {
    "workflow": Look(
        "workflow", "#cfe5f5", "#0072b2", "hexagon", "filled,bold", ("{{", "}}"), "stroke-width:3px"
    ),
    "step": Look(
        "step", "#cdece2", "#009e73", "box", "filled,rounded,bold", ("([", "])"), "stroke-width:2px"
    ),
    "pure": Look("pure", "#faf3c0", "#8a7a00", "ellipse", "filled", ("[[", "]]")),
    "plain": Look("plain", "#eeeeee", "#777777", "box", "filled", ("[", "]")),
    "external": Look(
        "external", "#ffffff", "#999999", "box", "filled,dashed", ("[/", "/]"), "stroke-dasharray:4"
    ),
    "effect": Look(
        "external with an effect",
        "#fbdcc8",
        "#d55e00",
        "octagon",
        "filled,bold",
        (">", "]"),
        "stroke-width:3px",
    ),
}

# Edges by kind: Graphviz style, Mermaid arrow.
EDGES = {
    "call": ("solid", "-->"),
    "step": ("bold", "==>"),
    "child": ("bold", "==>"),
    "start": ("dashed", "-.->"),
}


def look_of(key: str) -> Look:
    """The look of a color; an unknown one is drawn as plain."""
    return LOOKS.get(key, LOOKS["plain"])


def edge_style(kind: str) -> tuple[str, str]:
    """The Graphviz style and Mermaid arrow of a kind of edge."""
    return EDGES.get(kind, EDGES["call"])
