"""Draws a call graph as one HTML file that needs no network: pan, zoom, search, click for details."""

from __future__ import annotations

import base64
import hashlib
import html as markup
import re
from importlib import resources
from typing import Any

import msgspec

from color_checker.drawing.layout import lay_out
from color_checker.drawing.look import LOOKS
from color_checker.drawing.model import Drawing, Graph, read
from color_checker.report.safe import visible

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
# Characters that could end the data's script element or a line of it, as JSON escapes.
ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def html(graph: Graph, title: str) -> str:
    """`graph` as a page. Open it with `#q=name` to select the first node with that name."""
    script, style = asset("page.js"), asset("page.css")
    parts = {
        "title": markup.escape(visible(title)),
        "style": style,
        "style_hash": content_hash(style),
        "script": script,
        "script_hash": content_hash(script),
        "data": script_data(page_data(read(graph))),
    }
    return PLACEHOLDER.sub(lambda match: parts[match.group(1)], asset("page.html"))


def asset(name: str) -> str:
    """A file that comes with this package."""
    return resources.files("color_checker.drawing").joinpath(name).read_text("utf-8")


def content_hash(text: str) -> str:
    """The form in which a content security policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def script_data(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return msgspec.json.encode(data).decode().translate(ESCAPES)


def page_data(drawing: Drawing) -> dict[str, Any]:
    """What the page's script draws from: places, looks, and the words of its panel."""
    layout = lay_out(drawing)
    return {
        "looks": {key: look.title for key, look in LOOKS.items()},
        "nodes": [
            {
                "name": visible(node.name),
                "label": node.label,
                "look": node.look if node.look in LOOKS else "plain",
                "engine": visible(node.engine),
                "path": visible(node.path),
                "line": node.line,
                "effects": [visible(effect) for effect in node.effects],
                "box": [box.x, box.y, box.width, box.height],
            }
            for node, box in zip(drawing.nodes, layout.boxes, strict=True)
        ],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "kind": visible(edge.kind),
                "path": visible(edge.path),
                "line": edge.line,
                "bends": bends,
            }
            for edge, bends in zip(drawing.edges, layout.bends, strict=True)
        ],
    }
