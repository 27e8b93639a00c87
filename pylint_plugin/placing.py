"""Finds the astroid node at a place in the source."""

from __future__ import annotations

from astroid import nodes

from color_checker.findings import Finding
from pylint_plugin.columns import Columns

_Place = tuple[int, int]


class Places:
    """The nodes of one module by their places."""

    def __init__(self, module: nodes.Module) -> None:
        self._module = module
        self._columns = Columns(module)

    def node_at(self, finding: Finding) -> nodes.NodeNG:
        """The node that a finding is about: the innermost one that covers it, or the module.

        Comments that suppress a message in a function or a block count for the nodes inside of it.
        """
        start = (finding.line, self._columns.bytes(finding.line, finding.column - 1))
        end = (finding.end_line, self._columns.bytes(finding.end_line, finding.end_column - 1))
        found: nodes.NodeNG = self._module
        while True:
            inner = next((child for child in found.get_children() if _covers(child, start, end)), None)
            if inner is None:
                return found
            found = inner


def _covers(node: nodes.NodeNG, start: _Place, end: _Place) -> bool:
    first, last = _range(node)
    return first is not None and last is not None and first <= start and end <= last


def _range(node: nodes.NodeNG) -> tuple[_Place | None, _Place | None]:
    """Start and end of a node; those of helper nodes without a place are of what is in them."""
    if node.lineno is None or node.end_lineno is None:
        ranges = [_range(child) for child in node.get_children()]
        starts = [first for first, _ in ranges if first is not None]
        ends = [last for _, last in ranges if last is not None]
        return min(starts, default=None), max(ends, default=None)
    first = (node.lineno, node.col_offset or 0)
    decorators = getattr(node, "decorators", None)
    if decorators is not None:
        first = min(first, (decorators.lineno, decorators.col_offset))
    return first, (node.end_lineno, node.end_col_offset or 0)
