"""Follows the branches of a body: what holds where they part and where they meet."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from color_checker.annotations import dotted_name
from color_checker.extraction.expressions import ORDER_FREE
from color_checker.extraction.visitor import Visitor, end_line, own_statements
from color_checker.facts import INSTANTIATE, NOTHING, Enter, Handler, Merge, Operate, Raise, Region, Return
from color_checker.scopes import Env

#: Tests that may ask an engine where the code runs.
_GUARDS = (ast.Call, ast.Attribute, ast.Name, ast.UnaryOp)

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Branches(Visitor):
    """Visits statements that control which others run."""

    def block(self, statements: Sequence[ast.stmt]) -> None:
        visitors = self.statements
        singles = self.scope.singles
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.Assign | ast.AnnAssign) and index + 1 < len(statements):
                self._order_forgotten_next(statement, statements[index + 1])
            visitors[type(statement)](self, statement)
            if index + 1 == len(statements):
                break
            if isinstance(statement, ast.If) and not statement.orelse:
                self._region_after(statement, statements[index + 1 :])
                if isinstance(statement.body[-1], _LEAVES):
                    self.scope.singles = self.scope.singles | _with_one_element(statement.test, ast.NotEq)
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                self._sorted_next(statement, statements[index + 1])
        self.scope.singles = singles

    def _order_forgotten_next(self, node: ast.Assign | ast.AnnAssign, after: ast.stmt) -> None:
        """`names = [… for … in found]`, and then `return sorted(names)`, or the like."""
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if not isinstance(target, ast.Name) or not isinstance(node.value, ast.ListComp):
            return
        match after:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="sort"))):
                forgotten = name == target.id
            case (
                ast.Return(value=ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)]))
                | ast.Assign(
                    targets=[ast.Name()],
                    value=ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)]),
                )
            ):
                forgotten = name == target.id and function in ORDER_FREE
            case _:
                forgotten = False
        if forgotten and _mentions(after, target.id) == (2 if isinstance(after, ast.Assign) else 1):
            self.scope.any_order.add(node.value)

    def _sorted_next(self, node: ast.Assign | ast.AnnAssign, after: ast.stmt) -> None:
        """`names = list(found)`, and then `names.sort()`: the order at first is not looked at."""
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        match target, after:
            case (
                ast.Name(id=name),
                ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=sorted_name), attr="sort"))),
            ) if name == sorted_name and name in self.scope.env:
                self.scope.orderless.append(self.scope.env[name])

    def expression_statement(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        slot = self.expr(node.value)
        if isinstance(node.value, ast.Call):
            self.scope.unused.append(slot)

    def return_statement(self, node: ast.Return) -> None:
        value = self.expr(node.value) if node.value is not None else self.const("None", None)
        self.scope.hand_on(value)
        self.emit(Return(value))
        self.scope.dead = True

    def raise_statement(self, node: ast.Raise) -> None:
        value = self.expr(node.exc) if node.exc is not None else NOTHING
        if node.cause is not None:
            self.expr(node.cause)
        self.emit(Raise(value, self.at(node)))
        self.scope.raises += 1
        self.scope.dead = True

    def assert_statement(self, node: ast.Assert) -> None:
        self.test(node.test)
        if node.msg is not None:
            self.expr(node.msg)
        self._narrow(node.test, holds=True)

    def if_statement(self, node: ast.If) -> None:
        scope = self.scope
        ends: list[Env | None] = []
        branch: ast.If | None = node
        alternative: Sequence[ast.stmt] = ()
        # An `elif` chain may have a thousand branches: a loop, not recursion.
        while branch is not None:
            test = self.test(branch.test)
            base, was_dead = scope.env, scope.dead
            self._regions_of_if(branch, test)
            scope.env = dict(base)
            self._narrow(branch.test, holds=True)
            singles = scope.singles
            scope.singles = singles | _with_one_element(branch.test, ast.Eq)
            self.block(branch.body)
            scope.singles = singles
            ends.append(scope.leave())
            scope.env, scope.dead = dict(base), was_dead
            self._narrow(branch.test, holds=False)
            alternative = branch.orelse
            branch = alternative[0] if len(alternative) == 1 and isinstance(alternative[0], ast.If) else None
        self.block(alternative)
        ends.append(scope.leave())
        before = scope.env
        scope.join(*ends)
        if scope.dead:
            scope.env = before

    def _narrow(self, test: ast.expr, *, holds: bool) -> None:
        """What a test that holds, or does not, says about the types of local variables."""
        match test:
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kind]):
                self._narrow_name(name, kind, holds=holds)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._narrow(operand, holds=not holds)
            case ast.BoolOp(op=operator, values=values) if isinstance(operator, ast.And) is holds:
                for value in values:
                    self._narrow(value, holds=holds)

    def _narrow_name(self, name: str, kind: ast.expr, *, holds: bool) -> None:
        scope = self.scope
        slot = scope.env.get(name)
        if slot is None or "isinstance" in scope.env:
            return
        dst = scope.new()
        scope.read.add(slot)
        self.emit(Merge(dst, (slot,), self.expr(kind), not holds))
        scope.env[name] = dst
        if slot in scope.param_slots:
            scope.param_slots[dst] = scope.param_slots[slot]

    def _regions_of_if(self, node: ast.If, test: int) -> None:
        regions = self.scope.regions
        body = _lines(node.body)
        if dotted_name(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            regions.append(Region("type-checking", NOTHING, *body))
        elif _is_main_test(node.test):
            regions.append(Region("main", NOTHING, *body))
        elif isinstance(node.test, _GUARDS):
            slot, negated = self.guard(node.test, test)
            regions.append(Region("if", slot, *body, negated))
            if node.orelse:
                regions.append(Region("if", slot, *_lines(node.orelse), not negated))

    def _region_after(self, node: ast.If, rest: Sequence[ast.stmt]) -> None:
        """What follows a branch that leaves runs only if its test is false."""
        if not isinstance(node.body[-1], _LEAVES):
            return
        body = _lines(node.body)
        for region in reversed(self.scope.regions):
            if region.kind == "if" and (region.line, region.end_line) == body:
                self.scope.regions.append(Region("if", region.slot, *_lines(rest), not region.negated))
                return

    def if_expression(self, node: ast.IfExp) -> int:
        test = self.test(node.test)
        ops = self.scope.ops
        start = len(ops)
        body = self.expr(node.body)
        middle = len(ops)
        alternative = self.expr(node.orelse)
        if isinstance(node.test, _GUARDS):
            slot, negated = self.guard(node.test, test)
            lines = (node.lineno, node.end_lineno or node.lineno)
            self.scope.regions += [
                Region("either", slot, *lines, negated, start, middle),
                Region("either", slot, *lines, not negated, middle, len(ops)),
            ]
        return self.scope.merge([body, alternative])

    def with_statement(self, node: ast.With | ast.AsyncWith) -> None:
        is_async = isinstance(node, ast.AsyncWith)
        for item in node.items:
            manager = self.expr(item.context_expr)
            dst = self.scope.new()
            self.emit(Enter(dst, manager, is_async, self.at(item.context_expr)))
            self.scope.regions.append(Region("with", manager, *_lines(node.body)))
            if item.optional_vars is not None:
                self.store(item.optional_vars, dst)
        self.block(node.body)

    def try_statement(self, node: ast.Try | ast.TryStar) -> None:
        scope = self.scope
        base = dict(scope.env)
        mark = len(scope.log)
        ends = self._until_finally(node, base, mark)
        before = scope.env
        scope.join(*ends)
        was_dead = scope.dead
        if was_dead:
            scope.env = scope.defined_since(mark, base) if node.finalbody else before
            scope.dead = False
        self.block(node.finalbody)
        self._returns_in_finally(node)
        scope.dead = scope.dead or was_dead

    def _until_finally(self, node: ast.Try | ast.TryStar, base: Env, mark: int) -> list[Env | None]:
        """Visit the body, the `else` and the handlers; how each of these ways ends."""
        scope = self.scope
        self.block(node.body)
        body_end = scope.leave()
        handler_env = scope.defined_since(mark, base)
        ends: list[Env | None] = []
        if body_end is not None or node.orelse:
            scope.env, scope.dead = dict(body_end or handler_env), body_end is None
            self.block(node.orelse)
            ends.append(scope.leave())
        earlier: list[int] = []
        for handler in node.handlers:
            scope.start(handler_env)
            earlier += self._handler(handler, node, tuple(earlier))
            ends.append(scope.leave())
        return ends

    def _returns_in_finally(self, node: ast.Try | ast.TryStar) -> None:
        for statement in own_statements(node.finalbody):
            if isinstance(statement, ast.Return):
                self.scope.handlers.append(
                    Handler(
                        types=(), bare=False, raises=False, try_line=node.body[0].lineno,
                        try_end_line=node.finalbody[0].lineno - 1, earlier=(), at=self.at(statement),
                        leaves=True, end_line=end_line(node.finalbody), in_finally=True,
                    )
                )  # fmt: skip

    def _handler(
        self, node: ast.ExceptHandler, outer: ast.Try | ast.TryStar, earlier: tuple[int, ...]
    ) -> list[int]:
        """Visit an `except` clause; the slots of the types that it catches."""
        scope = self.scope
        types = self._caught_types(node)
        raises = scope.raises
        self.block(node.body)
        leaves = any(isinstance(inner, ast.Return | ast.Break) for inner in own_statements(node.body))
        scope.handlers.append(
            Handler(
                types=tuple(types), bare=node.type is None, raises=scope.raises > raises,
                try_line=outer.body[0].lineno, try_end_line=end_line(outer.body), earlier=earlier,
                at=self.at(node), leaves=leaves, in_loop=bool(scope.breaks), end_line=end_line(node.body),
            )
        )  # fmt: skip
        return types

    def _caught_types(self, node: ast.ExceptHandler) -> list[int]:
        """Visit the line with `except`."""
        types: list[int] = []
        if node.type is not None:
            exprs = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            types = [self.expr(expr) for expr in exprs]
        if node.name:
            caught = self.scope.new()
            for kind in types:
                self.emit(Operate(caught, INSTANTIATE, kind, NOTHING, self.at(node)))
            self.scope.bind(node.name, caught)
        return types


def _lines(statements: Sequence[ast.stmt]) -> tuple[int, int]:
    """The first and the last line of a block."""
    return statements[0].lineno, end_line(statements)


def _with_one_element(test: ast.expr, operator: type[ast.cmpop]) -> frozenset[str]:
    """What `len(names) == 1` says of `names`, with that operator."""
    match test:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="len"), args=[counted]),
            ops=[found],
            comparators=[ast.Constant(value=1)],
        ) if isinstance(found, operator):
            return frozenset({dotted_name(counted)} - {""})
    return frozenset()


def _is_main_test(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
    return False


def _mentions(node: ast.AST, name: str) -> int:
    return sum(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))
