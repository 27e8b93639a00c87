"""Turns expressions into operations on slots."""

from __future__ import annotations

import ast
from itertools import pairwise

from color_checker.annotations import dotted_name
from color_checker.extraction.visitor import Visitor
from color_checker.facts import (
    NOTHING,
    Attr,
    Await,
    Build,
    BuildDict,
    Call,
    Collect,
    Format,
    Item,
    Iterate,
    Operate,
    Region,
    Yield,
)

#: Longer strings are never a name that somebody could look up.
_LONGEST_KEPT_STRING = 200

#: What they give does not depend on the order of their first argument.
ORDER_FREE = frozenset({"sorted", "set", "frozenset", "sum", "any", "all", "min", "max", "len", "bool"})

BINARY = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.MatMult: "__matmul__",
    ast.Div: "__truediv__", ast.Mod: "__mod__", ast.Pow: "__pow__", ast.LShift: "__lshift__",
    ast.RShift: "__rshift__", ast.BitOr: "__or__", ast.BitXor: "__xor__", ast.BitAnd: "__and__",
    ast.FloorDiv: "__floordiv__",
}  # fmt: skip

_COMPARE = {
    ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__",
    ast.GtE: "__ge__", ast.In: "__contains__", ast.NotIn: "__contains__",
}  # fmt: skip

_UNARY = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__", ast.Not: "__bool__"}


class Expressions(Visitor):
    """Visits expressions."""

    def name(self, node: ast.Name) -> int:
        slot = self.scope.env.get(node.id)
        if slot is not None:
            self.scope.read.add(slot)
            return slot
        return self.scope.lookup(node.id, self.at(node))

    def constant(self, node: ast.Constant) -> int:
        value = node.value
        kind = type(value).__name__
        if kind == "str":
            return self.const("str", value if len(value) <= _LONGEST_KEPT_STRING else None)  # type: ignore[arg-type]
        if kind == "int":
            return self.const("int", value if abs(value) < 1 << 31 else None)  # type: ignore[arg-type]
        return self.const("None" if value is None else kind, None)

    def attribute(self, node: ast.Attribute) -> int:
        obj = self.expr(node.value)
        dst = self.scope.new()
        if obj in self.scope.param_slots and obj != next(iter(self.scope.param_slots)):
            self.scope.hand_on(obj)
        self.emit(Attr(dst, obj, node.attr, self.at(node)))
        return dst

    def call(self, node: ast.Call) -> int:
        function = self.expr(node.func)
        self.scope.hand_on(function)
        args, stars = self._arguments(node)
        keywords, double_stars = self._keywords(node)
        dst = self.scope.new()
        self.emit(Call(dst, function, args, keywords, stars, double_stars, self.at(node)))
        if self._takes_the_only_element(node):
            self.scope.orderless.append(dst)
        return dst

    def _takes_the_only_element(self, node: ast.Call) -> bool:
        """`next(iter(names))`, where a test has shown that there is one name."""
        match node:
            case ast.Call(func=ast.Name(id="iter"), args=[only]):
                return dotted_name(only) in self.scope.singles
        return False

    def _arguments(self, node: ast.Call) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The slots of positional arguments, and of those behind `*`."""
        ordered = not (isinstance(node.func, ast.Name) and node.func.id in ORDER_FREE)
        args: list[int] = []
        stars: list[int] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                slot = self.expr(arg.value)
                stars.append(slot)
            else:
                slot = self.expr(arg) if ordered else self._unordered_argument(arg)
                args.append(slot)
            self.scope.hand_on(slot)
        return tuple(args), tuple(stars)

    def _keywords(self, node: ast.Call) -> tuple[tuple[tuple[str, int], ...], tuple[int, ...]]:
        """The names and slots of keyword arguments, and the slots of those behind `**`."""
        keywords: list[tuple[str, int]] = []
        double_stars: list[int] = []
        for keyword in node.keywords:
            slot = self.expr(keyword.value)
            self.scope.hand_on(slot)
            if keyword.arg is None:
                double_stars.append(slot)
            else:
                keywords.append((keyword.arg, slot))
        return tuple(keywords), tuple(double_stars)

    def _unordered_argument(self, node: ast.expr) -> int:
        """An argument of `sorted`, `sum` …: the order in which it is made cannot be seen."""
        if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):
            return self.comprehension(node, ordered=False)
        slot = self.expr(node)
        if isinstance(node, ast.Call):
            self.scope.orderless.append(slot)
        return slot

    def subscript(self, node: ast.Subscript) -> int:
        obj = self.expr(node.value)
        key = self.expr(node.slice)
        dst = self.scope.new()
        self.emit(Item(dst, obj, key, self.at(node)))
        return dst

    def slice(self, node: ast.Slice) -> int:
        text = _constant_slice(node)
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self.expr(part)
        return self.const("slice", text)

    def binary_operation(self, node: ast.BinOp) -> int:
        # `a + b + c + …` nests to the left, thousands of levels deep in generated code.
        chain: list[ast.BinOp] = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        left = self.expr(chain[-1].left)
        for part in reversed(chain):
            right = self.expr(part.right)
            dst = self.scope.new()
            self.emit(Operate(dst, BINARY[type(part.op)], left, right, self.at(part)))
            left = dst
        return left

    def unary_operation(self, node: ast.UnaryOp) -> int:
        operand = self.expr(node.operand)
        dst = self.scope.new()
        self.emit(Operate(dst, _UNARY[type(node.op)], operand, NOTHING, self.at(node)))
        return dst

    def bool_operation(self, node: ast.BoolOp) -> int:
        """`a and b`: what stands behind a call runs only if that was true, behind `or` if it was not."""
        ops = self.scope.ops
        slots, guards = [], []
        for value in node.values:
            slots.append(self.test(value))
            operand = value.operand if isinstance(value, ast.UnaryOp) else value
            if isinstance(operand, ast.Call) and value is not node.values[-1]:
                slot, negated = self.guard(value, slots[-1])
                guards.append((slot, negated == isinstance(node.op, ast.And), len(ops)))
        lines = (node.lineno, node.end_lineno or node.lineno)
        self.scope.regions += [
            Region("either", slot, *lines, negated, start, len(ops)) for slot, negated, start in guards
        ]
        return self.scope.merge(slots)

    def compare(self, node: ast.Compare) -> int:
        slots = [self.expr(node.left), *(self.expr(operand) for operand in node.comparators)]
        results = []
        for operator, (left, right) in zip(node.ops, pairwise(slots), strict=True):
            method = _COMPARE.get(type(operator))
            if method is None:
                continue
            if method == "__contains__":
                left, right = right, left
            results.append(self.scope.new())
            self.emit(Operate(results[-1], method, left, right, self.at(node)))
        return results[-1] if results else self.const("bool", None)

    def display(self, node: ast.List | ast.Tuple | ast.Set) -> int:
        items = []
        stars = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                stars.append(self.expr(element.value))
            else:
                items.append(self.expr(element))
        dst = self.scope.new()
        kind = type(node).__name__.lower()
        self.emit(Build(dst, kind, tuple(items), tuple(stars), self.at(node)))
        self.scope.displays[dst] = 0
        return dst

    def dict_display(self, node: ast.Dict) -> int:
        pairs = []
        stars = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                stars.append(self.expr(value))
            else:
                pairs.append((self.expr(key), self.expr(value)))
        dst = self.scope.new()
        self.emit(BuildDict(dst, tuple(pairs), tuple(stars), self.at(node)))
        self.scope.displays[dst] = 0
        return dst

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, *, ordered: bool = True
    ) -> int:
        scope = self.scope
        is_forgotten = not ordered or node in scope.any_order or isinstance(node, ast.SetComp)
        ordered = not is_forgotten or _awaits(node)
        outer = dict(scope.env)
        for generator in node.generators:
            self._generator(generator, ordered)
        key = NOTHING
        if isinstance(node, ast.DictComp):
            key = self.expr(node.key)
            value = self.expr(node.value)
        else:
            value = self.expr(node.elt)
        dst = scope.new()
        self.emit(Collect(dst, _COLLECTIONS[type(node)], key, value))
        inner, scope.env = scope.env, outer
        for name, slot in inner.items():
            # Only `:=` changes names outside a comprehension.
            if name in outer and slot not in scope.hidden.get(name, ()):
                outer[name] = slot
        return dst

    def _generator(self, generator: ast.comprehension, ordered: bool) -> None:
        """One `for … in …` of a comprehension, with its conditions."""
        iterable = self.expr(generator.iter)
        element = self.scope.new()
        at = self.at(generator.iter)
        self.emit(Iterate(element, iterable, bool(generator.is_async), ordered, at))
        self._bind_hidden(generator.target, element)
        for condition in generator.ifs:
            self.test(condition)

    def _bind_hidden(self, target: ast.expr, value: int) -> None:
        """Bind a comprehension's variable, which no statement of the scope sees."""
        if isinstance(target, ast.Name):
            self.scope.env[target.id] = value
            self.scope.hidden.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            for index, element in enumerate(target.elts):
                dst = self.scope.new()
                self.emit(Item(dst, value, self.const("int", index), self.at(element)))
                self._bind_hidden(element, dst)
        elif isinstance(target, ast.Starred):
            self._bind_hidden(target.value, value)
        else:
            self.store(target, value)

    def joined(self, node: ast.JoinedStr) -> int:
        parts = tuple(self.expr(value) for value in node.values if not isinstance(value, ast.Constant))
        dst = self.scope.new()
        self.emit(Format(dst, parts, self.at(node)))
        return dst

    def formatted(self, node: ast.FormattedValue) -> int:
        value = self.expr(node.value)
        if node.format_spec is not None:
            self.expr(node.format_spec)
        return value

    def await_expression(self, node: ast.Await) -> int:
        obj = self.expr(node.value)
        dst = self.scope.new()
        self.emit(Await(dst, obj, self.at(node)))
        return dst

    def yield_expression(self, node: ast.Yield | ast.YieldFrom) -> int:
        scope = self.scope
        scope.yields = scope.yields or scope.kind == "function"
        value = self.expr(node.value) if node.value is not None else self.const("None", None)
        scope.hand_on(value)
        dst = scope.new()
        self.emit(Yield(dst, value, isinstance(node, ast.YieldFrom), self.at(node)))
        return dst

    def starred(self, node: ast.Starred) -> int:
        return self.expr(node.value)


_COLLECTIONS = {
    ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict", ast.GeneratorExp: "generator",
}  # fmt: skip


def _constant_slice(node: ast.Slice) -> str | None:
    """The text `1:3` of such a slice; None if a bound is not a constant from the front."""
    texts = []
    for bound in (node.lower, node.upper):
        match bound:
            case None:
                texts.append("")
            case ast.Constant(value=int(value)):
                texts.append(str(value))
            case _:
                return None
    return ":".join(texts) if node.step is None else None


def _awaits(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    """Whether a comprehension waits for each element: then what runs when depends on their order."""
    first = set(ast.walk(node.generators[0].iter))
    return any(isinstance(part, ast.Await) and part not in first for part in ast.walk(node))
