"""What all visitors of a file share: its places, its scopes, and the way from a node to its visitor."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from color_checker.facts import NOTHING, ClassFacts, Const, FunctionFacts, ImportFact, Merge, Op, Operate
from color_checker.scopes import Scope

# Tuples: a union of types would be built anew at each use, and these are used for every node.
#: Their objects may have a method that is asked for their truth.
_TESTED = (ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Await)
#: Nodes that contain no statements of the same scope.
_CLOSED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)


class Visitor(ABC):
    """The state of one visit, in which each scope is visited after the one around it."""

    expressions: ClassVar[Mapping[type[ast.expr], Callable[..., int]]]
    statements: ClassVar[Mapping[type[ast.stmt], Callable[..., None]]]

    def __init__(self, source: str) -> None:
        self.source = source
        self.has_nonlocal = "nonlocal" in source
        self.lines = None if source.isascii() else [line.encode() for line in source.split("\n")]
        self.spans: list[int] = []
        self.functions: list[FunctionFacts | None] = [None]
        self.classes: list[ClassFacts | None] = []
        self.imports: list[ImportFact] = []
        self.stars: list[tuple[str, int]] = []
        self.exports: list[str] | None = None
        self.class_of_scope: dict[int, int] = {}
        self.later: list[Callable[[], None]] = []
        self.scope = Scope("module", "", "", 0, None)

    # -- from a node to its visitor -------------------------------------------------------------

    def expr(self, node: ast.expr) -> int:
        """Visit an expression; the slot that holds its value."""
        return self.expressions[type(node)](self, node)

    def test(self, node: ast.expr) -> int:
        """An expression whose truth is asked for: an object may have a method that answers."""
        slot = self.expr(node)
        if isinstance(node, _TESTED):
            self.emit(Operate(self.scope.new(), "__bool__", slot, NOTHING, self.at(node)))
        return slot

    @abstractmethod
    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Visit statements that follow each other."""

    @abstractmethod
    def store(self, target: ast.expr, value: int, source: ast.expr | None = None) -> None:
        """Assign the slot `value`, from the expression `source`, to a target of any form."""

    @abstractmethod
    def store_name(
        self, name: str, value: int, node: ast.expr | ast.stmt, source: ast.expr | None = None
    ) -> None:
        """Assign the slot `value`, from the expression `source`, to a name; `node` says where."""

    # -- operations -----------------------------------------------------------------------------

    def emit(self, op: Op) -> None:
        """The next operation of the scope."""
        self.scope.ops.append(op)

    def emit_merge(self, dst: int, source: int) -> None:
        """`dst` holds what `source` holds."""
        self.emit(Merge(dst, (source,)))

    def const(self, kind: str, value: str | int | None) -> int:
        """The slot of a constant, which is one for all that are equal in a scope."""
        key = (kind, value)
        slot = self.scope.constants.get(key)
        if slot is None:
            slot = self.scope.constants[key] = self.scope.new()
            if isinstance(value, str) and not value.isprintable():
                # Lone surrogates cannot be encoded, and nobody names a function like this.
                value = None
            self.emit(Const(slot, kind, value))
        return slot

    # -- scopes ---------------------------------------------------------------------------------

    def run(self, scope: Scope, visit: Callable[[], None]) -> None:
        """Visit one scope, then the scopes inside it, which need to know all names it binds."""
        outer, outer_later = self.scope, self.later
        self.scope, self.later = scope, []
        visit()
        scope.settle()
        inner, self.later = self.later, []
        for work in inner:
            work()
        self.scope, self.later = outer, outer_later

    # -- places ---------------------------------------------------------------------------------

    def at(self, node: ast.expr | ast.stmt | ast.ExceptHandler | ast.arg | ast.pattern) -> int:
        """The number of a node's place."""
        line, column = node.lineno, node.col_offset
        return self.place(line, column, node.end_lineno or line, node.end_col_offset or column)

    def place(self, line: int, column: int, end_line: int, end_column: int) -> int:
        """The number of a new place; columns are offsets in bytes, as `ast` has them."""
        index = len(self.spans) // 4
        if self.lines is not None:
            column = self._characters(line, column)
            end_column = self._characters(end_line, end_column)
        self.spans += (line, column + 1, end_line, end_column + 1)
        return index

    def _characters(self, line: int, offset: int) -> int:
        assert self.lines is not None
        if line > len(self.lines):
            return offset
        before = self.lines[line - 1][:offset]
        return len(before if before.isascii() else before.decode("utf-8", "replace"))

    def guard(self, condition: ast.expr, test: int) -> tuple[int, bool]:
        """The slot whose truth decides, and whether it does the other way: the operand behind `not`."""
        if not isinstance(condition, ast.UnaryOp):
            return test, False
        for op in reversed(self.scope.ops):
            if isinstance(op, Operate) and op.dst == test:
                return op.left, True
        return test, True


def end_line(statements: Sequence[ast.stmt]) -> int:
    """The last line of a block."""
    last = statements[-1]
    return last.end_lineno or last.lineno


def own_statements(statements: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """`statements` and all that they contain, without what stands in other scopes."""
    todo: list[ast.AST] = list(statements)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, _CLOSED):
            todo.extend(ast.iter_child_nodes(node))
