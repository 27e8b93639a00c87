"""Draws the colored call graph around workflows, as DOT, Mermaid or one self-contained HTML page."""

from color_checker.drawing.dot import dot
from color_checker.drawing.mermaid import mermaid
from color_checker.drawing.page import html

__all__ = ["FORMATS", "dot", "html", "mermaid"]

FORMATS: tuple[str, ...] = ("dot", "mermaid", "html")
