"""Whether what code computes is data: something that an engine can store and hand to a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import libcst as cst

from color_checker.activation import Activation
from color_checker.facts import Enter, Iterate, Op
from color_checker.fixes.code import Code, Function, walk
from color_checker.fixes.scopes import locals_of, names_in, parameter_nodes
from color_checker.program import Program
from color_checker.values import DATA, LOST, NONE, Box, Const, ExtInst, Inst, Marker, Value

#: What JSON has; tuples become lists, which can be unpacked like them.
_STORED_CLASSES = frozenset({
    "builtins.bool", "builtins.dict", "builtins.float", "builtins.int", "builtins.list", "builtins.str",
    "builtins.tuple",
})  # fmt: skip

#: Stands for the project's own dataclasses among what an engine stores.
_DATACLASS = "dataclass"

_STORED_BOXES = frozenset({"list", "tuple", "dict"})

#: Containers in containers are looked into so far.
_DEPTH = 4

_DATA_NODES = (
    cst.SimpleString, cst.ConcatenatedString, cst.FormattedString, cst.Integer, cst.Float, cst.Comparison,
    cst.UnaryOperation,
)  # fmt: skip


class Storing:
    """What is known of the values in one function and those around it."""

    def __init__(self, program: Program, code: Code, node: Activation, stored: Iterable[str]) -> None:
        """`stored`: classes whose objects the engine can store, beside those of JSON."""
        self.program = program
        self.stored = _STORED_CLASSES | set(stored)
        self.code = code
        self._scopes: dict[int, Activation] = {}
        scope: Activation | None = node
        while scope is not None:
            self._scopes[scope.facts.line] = scope
            scope = scope.env
        self._slots: dict[Activation, dict[tuple[int, int], list[Op]]] = {}
        self._visiting: set[tuple[str, int]] = set()

    def is_data(self, expression: cst.BaseExpression) -> bool:
        """Whether the value of the expression can be stored, as far as is known."""
        match expression:
            case cst.Lambda() | cst.GeneratorExp() | cst.Set() | cst.SetComp():
                return False
            case cst.Name(value="True" | "False" | "None"):
                return True
            case cst.IfExp():
                return self.is_data(expression.body) and self.is_data(expression.orelse)
            case cst.BooleanOperation():
                return self.is_data(expression.left) and self.is_data(expression.right)
            case cst.NamedExpr():
                return self.is_data(expression.value)
            case cst.ListComp():
                return self.is_data(expression.elt)
            case cst.Name() if (function := self._local(expression, expression.value)) is not None:
                return self.is_stored(expression.value, function)
        if isinstance(expression, _DATA_NODES):
            return True
        values = list(self.values(expression))
        return all(
            self._can_store(value) for value in values if not (isinstance(value, Marker) and DATA in values)
        )

    def _can_store(self, value: Value) -> bool:
        return is_data(value, self.stored)

    def values(self, expression: cst.BaseExpression) -> Iterator[Value]:
        """What the expression may be."""
        for scope, ops in self._at(expression):
            for op in ops:
                if not isinstance(op, Iterate | Enter):
                    yield from self.program.values(scope, getattr(op, "dst", -1))

    def is_stored(self, name: str, function: Function) -> bool:
        """Whether all that the function binds to the name is data."""
        key = (name, id(function))
        if key in self._visiting:
            return True
        self._visiting.add(key)
        try:
            return all(self._bindings(name, function))
        finally:
            self._visiting.discard(key)

    def _bindings(self, name: str, function: Function) -> Iterator[bool]:
        scope = self.scope(function)
        for slot, param in enumerate(scope.facts.params if scope is not None else ()):
            if param.name == name and scope is not None:
                yield all(self._can_store(value) for value in self.program.values(scope, slot))
        for node in walk(function.body):
            match node:
                case cst.Assign() if any(name in names_in(t.target) for t in node.targets):
                    yield self.is_data(node.value)
                case cst.AnnAssign() if node.value is not None and name in names_in(node.target):
                    yield self.is_data(node.value)
                case cst.NamedExpr() if name in names_in(node.target):
                    yield self.is_data(node.value)
                case cst.For() | cst.CompFor() if name in names_in(node.target):
                    yield all(self._can_store(value) for value in self._taken(node.iter, Iterate))
                case cst.WithItem() if node.asname is not None and name in names_in(node.asname.name):
                    yield all(self._can_store(value) for value in self._taken(node.item, Enter))
                case cst.FunctionDef() | cst.ClassDef() if node.name.value == name:
                    yield False
                case cst.ExceptHandler() if node.name is not None and name in names_in(node.name.name):
                    yield False
                case cst.ImportAlias() if name in self.code.source(node).replace(".", " ").split():
                    yield False

    def annotation(self, name: str, function: Function) -> str:
        """The type that the parameter's annotation gives, as written; "" without one."""
        for param in parameter_nodes(function):
            if param.name.value == name and param.annotation is not None:
                return self.code.source(param.annotation.annotation)
        return ""

    def scope(self, function: Function) -> Activation | None:
        """The function, as the analysis knows it."""
        if isinstance(function, cst.Lambda):
            line = self.code.lines.place(self.code.span(function)[0])[0]
        else:
            line = self.code.lines.place(self.code.span(function.name)[0])[0]
        return self._scopes.get(line)

    def _local(self, node: cst.CSTNode, name: str) -> Function | None:
        for outer in self.code.around(node):
            if isinstance(outer, Function) and name in locals_of(outer):
                return outer
        return None

    def _taken(self, expression: cst.BaseExpression, kind: type) -> Iterator[Value]:
        for scope, ops in self._at(expression):
            for op in ops:
                if isinstance(op, kind):
                    yield from self.program.values(scope, getattr(op, "dst", -1))

    def _at(self, expression: cst.BaseExpression) -> Iterator[tuple[Activation, list[Op]]]:
        span = self.code.span(expression)
        for scope in self._scopes.values():
            if span in (found := self._ops(scope)):
                yield scope, found[span]

    def _ops(self, scope: Activation) -> dict[tuple[int, int], list[Op]]:
        if scope not in self._slots:
            found: dict[tuple[int, int], list[Op]] = {}
            for _, op in self.program.ops(scope):
                at = getattr(op, "at", -1)
                if at >= 0:
                    place = self.program.place(scope, at)
                    start = self.code.lines.offset(place.line, place.column)
                    end = self.code.lines.offset(place.end_line, place.end_column)
                    found.setdefault((start, end), []).append(op)
            self._slots[scope] = found
        return self._slots[scope]


def is_data(value: Value, stored: Set[str], depth: int = _DEPTH) -> bool:
    """Whether the value can be stored; what is not known is taken for it."""
    match value:
        case _ if value in (DATA, LOST, NONE):
            return True
        case Const():
            return True
        case ExtInst():
            return value.dotted in stored
        case Inst():
            return _DATACLASS in stored and (value.info.is_dataclass or bool(value.info.external_bases()))
        case Box():
            if value.kind not in _STORED_BOXES:
                return False
            return depth == 0 or all(is_data(inner, stored, depth - 1) for inner in _inside(value))
    return False


def _inside(box: Box) -> Iterable[Value]:
    for var in (box.elements, *box.keyed.values()):
        yield from var.values


def type_name(values: Iterable[Value], depth: int = _DEPTH) -> str:
    """The type that all values have, as in templates, "" if they have several, or none is known."""
    names = {_type_name(value, depth) for value in values}
    return names.pop() if len(names) == 1 else ""


def _type_name(value: Value, depth: int) -> str:
    match value:
        case Const():
            return value.kind
        case ExtInst() if value.dotted.startswith("builtins."):
            return value.dotted.removeprefix("builtins.")
        case ExtInst():
            module, _, name = value.dotted.rpartition(".")
            return f"<{module}:{name}>"
        case Inst() if "." not in value.info.facts.qualname:
            return f"<{value.info.module.name}:{value.info.facts.qualname}>"
        case Box(kind="list") if depth > 0 and not value.keyed:  # a list may hold itself
            inner = type_name(value.elements.values, depth - 1)
            return f"list[{inner}]" if inner else ""
    return ""
