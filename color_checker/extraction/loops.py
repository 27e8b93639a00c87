"""Follows the loops of a body, whose names may change from one round to the next."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from color_checker.annotations import dotted_name
from color_checker.extraction.visitor import Visitor, own_statements
from color_checker.facts import NOTHING, Iterate, Loop, Merge
from color_checker.scopes import Env

#: Functions of `itertools` whose iterators may never end.
_ENDLESS = frozenset({"count", "cycle", "repeat"})

# Tuples: a union of types would be built anew at each use, and these are used for every node in a loop.
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NAMING = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
#: Nodes in which nothing is bound.
_LEAVES = (ast.expr_context, ast.Constant, ast.Lambda, ast.operator, ast.cmpop, ast.unaryop, ast.boolop)


class Loops(Visitor):
    """Visits loops and what leaves them."""

    def for_loop(self, node: ast.For | ast.AsyncFor) -> None:
        scope = self.scope
        iterable = self.expr(node.iter)
        element = scope.new()
        ordered = not all(_works_in_any_order(statement) for statement in node.body)
        self.emit(Iterate(element, iterable, isinstance(node, ast.AsyncFor), ordered, self.at(node.iter)))
        heads = self._loop_head([*node.body, ast.Assign(targets=[node.target], value=ast.Constant(None))])
        first = len(scope.ops)
        self.store(node.target, element)
        broken = self._loop(node.body, node.orelse, heads)
        if isinstance(node.iter, ast.Call) and dotted_name(node.iter.func).rpartition(".")[2] in _ENDLESS:
            leaves = broken or _leaves(node.body)
            scope.loops.append(Loop(first, len(scope.ops), leaves, self.at(node), iterable))

    def while_loop(self, node: ast.While) -> None:
        scope = self.scope
        heads = self._loop_head(node.body)
        first = len(scope.ops)
        self.test(node.test)
        broken = self._loop(node.body, node.orelse, heads)
        if isinstance(node.test, ast.Constant) and node.test.value:
            leaves = broken or _leaves(node.body)
            scope.loops.append(Loop(first, len(scope.ops), leaves, self.at(node)))
            if not broken:
                scope.dead = True

    def _loop(self, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], heads: dict[str, int]) -> bool:
        """Visit the body of a loop whose head is visited. Whether a `break` leaves it."""
        scope = self.scope
        entry = dict(scope.env)
        was_dead = scope.dead
        scope.breaks.append([])
        scope.continues.append([])
        self.block(body)
        ends = [scope.leave(), *scope.continues.pop()]
        self._loop_end(heads, ends)
        breaks = scope.breaks.pop()
        scope.dead = was_dead
        scope.join(entry, *ends)
        self.block(orelse)
        scope.join(None if scope.dead else scope.env, *breaks, entry)
        return bool(breaks)

    def _loop_head(self, body: Sequence[ast.stmt]) -> dict[str, int]:
        """A `Merge` for every name that the loop rebinds; `_loop_end` completes it."""
        scope = self.scope
        heads: dict[str, int] = {}
        for name in _rebound(body):
            before = scope.env.get(name)
            if before is not None:
                heads[name] = scope.new()
                scope.read.add(before)
                self.emit_merge(heads[name], before)
                scope.env[name] = heads[name]
        return heads

    def _loop_end(self, heads: dict[str, int], ends: Iterable[Env | None]) -> None:
        for name, head in heads.items():
            slots = {env.get(name, NOTHING) for env in ends if env is not None} - {head, NOTHING}
            if slots:
                self.scope.read.update(slots)
                self.emit(Merge(head, tuple(sorted(slots))))

    def break_statement(self, node: ast.Break) -> None:
        if self.scope.breaks and not self.scope.dead:
            self.scope.breaks[-1].append(dict(self.scope.env))
        self.scope.dead = True

    def continue_statement(self, node: ast.Continue) -> None:
        if self.scope.continues and not self.scope.dead:
            self.scope.continues[-1].append(dict(self.scope.env))
        self.scope.dead = True


def _leaves(statements: Sequence[ast.stmt]) -> bool:
    """Whether a `return` or `raise` can end the loop around `statements`."""
    return any(isinstance(node, ast.Return | ast.Raise) for node in own_statements(statements))


def _rebound(statements: Sequence[ast.stmt]) -> dict[str, None]:
    """The names that `statements` bind, without looking into other scopes."""
    names: dict[str, None] = {}
    todo: list[ast.AST] = list(statements)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names[node.id] = None
        elif isinstance(node, _DEFINITIONS):
            names[node.name] = None
        elif isinstance(node, ast.alias):
            names[node.asname or node.name.partition(".")[0]] = None
        elif isinstance(node, _NAMING):
            if node.name:
                names[node.name] = None
            todo.extend(ast.iter_child_nodes(node))
        elif not isinstance(node, _LEAVES):
            todo.extend(ast.iter_child_nodes(node))
    return names


def _works_in_any_order(statement: ast.stmt) -> bool:
    """Whether a loop may run the statement for its elements in any order: it takes away or adds to a set."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add" | "discard" | "remove"), args=[_])):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="pop"), args=[_, ast.Constant()])):
            return True
        case ast.Delete(targets=[ast.Subscript()]) | ast.Pass() | ast.Continue():
            return True
    return False
