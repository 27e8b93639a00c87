"""One file as a concrete syntax tree in which nodes are found by their place."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from color_checker.fixes.edits import Edit, Lines

Function = cst.FunctionDef | cst.Lambda

_WORD = re.compile(r"[A-Za-z_]\w*")


class Code:
    """The tree of one text. Offsets count characters of the text."""

    def __init__(self, text: str) -> None:
        """Raises libcst.ParserSyntaxError."""
        self.text = text
        self.lines = Lines(text)
        self.module = cst.parse_module(text)
        wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
        self._ranges = wrapper.resolve(PositionProvider)
        self._parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self._by_span: dict[tuple[int, int], list[cst.BaseExpression]] = {}
        self._fill(self.module)

    def _fill(self, top: cst.CSTNode) -> None:
        pending = [top]
        while pending:
            node = pending.pop()
            for child in children(node):
                self._parents[child] = node
                pending.append(child)
            if isinstance(node, cst.BaseExpression):
                self._by_span.setdefault(self.span(node), []).append(node)

    @cached_property
    def words(self) -> frozenset[str]:
        """All that looks like a name."""
        return frozenset(_WORD.findall(self.text))

    # -- places ---------------------------------------------------------------------------------

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The offsets of a node, without the parentheses around it, as `ast` has them.

        A tuple has its own parentheses, and a function or class its decorators.
        """
        first = last = node
        if isinstance(node, cst.Tuple | cst.GeneratorExp) and node.lpar:
            first, last = node.lpar[-1], node.rpar[0]
        elif isinstance(node, cst.FunctionDef | cst.ClassDef) and node.decorators:
            first = node.decorators[0]
        start, end = self._range(first).start, self._range(last).end
        return self.lines.offset(start.line, start.column + 1), self.lines.offset(end.line, end.column + 1)

    def _range(self, node: cst.CSTNode) -> CodeRange:
        found = self._ranges[node]
        assert isinstance(found, CodeRange)
        return found

    def source(self, node: cst.CSTNode) -> str:
        """The text of a node, as written, without the parentheses around it."""
        start, end = self.span(node)
        return self.text[start:end]

    def expression(self, span: tuple[int, int, int, int], *kinds: type) -> cst.BaseExpression | None:
        """The outermost expression of one of the kinds at (line, column, end line, end column)."""
        offsets = self.lines.offset(*span[:2]), self.lines.offset(*span[2:])
        found = [node for node in self._by_span.get(offsets, ()) if not kinds or isinstance(node, kinds)]
        return found[0] if found else None

    def covering(self, start: int, end: int) -> cst.CSTNode | None:
        """The outermost expression of just these offsets, else the innermost node around them."""
        if found := self._by_span.get((start, end)):
            return found[0]
        best: cst.CSTNode | None = None
        node: cst.CSTNode | None = self.module
        while node is not None:
            best = node
            node = next((c for c in children(node) if self._is_around(c, start, end)), None)
        return best

    def _is_around(self, node: cst.CSTNode, start: int, end: int) -> bool:
        first, last = self.span(node)
        return first <= start and end <= last and first < last

    def edit(self, path: str, node: cst.CSTNode, text: str) -> Edit:
        """Put `text` in the place of a node."""
        return self.lines.edit(path, *self.span(node), text)

    def insert(self, path: str, offset: int, text: str) -> Edit:
        """Put `text` in at the offset."""
        return self.lines.edit(path, offset, offset, text)

    @property
    def newline(self) -> str:
        """How most lines of the file end."""
        return self.module.default_newline

    @property
    def indent(self) -> str:
        """What a level of the file is indented by."""
        return self.module.default_indent

    def line_start(self, offset: int) -> int:
        """The offset at which the line begins."""
        return self.lines.starts[self.lines.place(offset)[0] - 1]

    def next_line(self, offset: int) -> int:
        """The offset at which the next line begins."""
        line = self.lines.place(offset)[0]
        return self.lines.starts[line] if line < len(self.lines.starts) else len(self.text)

    def indentation(self, offset: int) -> str:
        """The white space before an offset, if there is nothing else on the line before it."""
        before = self.text[self.line_start(offset) : offset]
        return before if not before.strip() else ""

    # -- tree -----------------------------------------------------------------------------------

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node around; of the module itself the module."""
        return self._parents.get(node, self.module)

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around, from the inside."""
        while node is not self.module:
            node = self.parent(node)
            yield node

    def statement(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement (a line, or a compound one) that the node is in."""
        for outer in (node, *self.around(node)):
            if isinstance(outer, cst.BaseStatement):
                return outer
        return self.module

    def function(self, node: cst.CSTNode) -> Function | None:
        """The function whose body the node runs in.

        Decorators, defaults and annotations run in the scope around.
        """
        below = node
        for outer in self.around(node):
            if isinstance(outer, Function) and below is outer.body:
                return outer
            below = outer
        return None


@lru_cache(maxsize=32)
def parsed(text: str) -> Code | None:
    """The tree of the text; None if it cannot be parsed."""
    try:
        return Code(text)
    except (cst.ParserSyntaxError, RecursionError, ValueError):
        return None


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it, in source order."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(children(node))


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes directly below, in source order; without white space, commas and parentheses.

    Far faster than `node.children`, which copies the node.
    """
    found: list[cst.CSTNode] = []
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += value
    return found


#: What stands in another order in the class than in the source.
_ORDER = {
    cst.IfExp: ("body", "test", "orelse"),
    cst.FunctionDef: ("decorators", "name", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "name", "bases", "keywords", "body"),
    cst.Arg: ("keyword", "value"),
    cst.Param: ("name", "annotation", "default"),
    cst.MatchCase: ("pattern", "guard", "body"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.SimpleStatementLine: ("body",),
    cst.Module: ("body",),
    cst.IndentedBlock: ("body",),
}


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The attributes of such nodes that hold code."""
    if kind in _ORDER:
        return _ORDER[kind]
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if not field.name.startswith(
            ("whitespace", "leading", "lines_after", "lpar", "rpar", "header", "footer")
        )
        and field.name
        not in ("trailing_whitespace", "comma", "semicolon", "lbracket", "rbracket", "equal", "dot")
    )


def dotted(node: cst.CSTNode) -> str:
    """`a.b.c` for names and attributes of names, else ""."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr.value}" if head else ""
    return ""
