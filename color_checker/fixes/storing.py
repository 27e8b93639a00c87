"""Whether what code computes is data: something that an engine can store and hand to a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import libcst as cst

from color_checker.activation import Activation
from color_checker.classes import ClassInfo
from color_checker.facts import Await, Call, Enter, Iterate, Merge, Op, Raise, Return
from color_checker.findings import Effect
from color_checker.fixes.code import Code, Function, walk
from color_checker.fixes.scopes import givers, locals_of, names_in, parameter_nodes
from color_checker.program import Program
from color_checker.values import DATA, LOST, NONE, Box, Class, Const, ExtInst, Inst, Marker, Value

#: What JSON has; tuples become lists, which can be unpacked like them.
JSON_CLASSES = frozenset({
    "builtins.bool", "builtins.dict", "builtins.float", "builtins.int", "builtins.list", "builtins.str",
    "builtins.tuple",
})  # fmt: skip

#: What comes back from JSON as it was, without a type that says so.
JSON = JSON_CLASSES - {"builtins.tuple"}

#: Stands for the project's own dataclasses among what an engine stores.
_DATACLASS = "dataclass"

_STORED_BOXES = {"list": "builtins.list", "tuple": "builtins.tuple", "dict": "builtins.dict"}

_Spans = dict[tuple[int, int], list[Op]]

#: Containers in containers are looked into so far.
_DEPTH = 4

#: What gives modules, or containers that are more than what is in them.
_OBJECTS = frozenset({
    "importlib.import_module", "builtins.__import__", "__import__", "collections.defaultdict",
    "collections.deque", "collections.ChainMap",
})  # fmt: skip

_DATA_NODES = (
    cst.SimpleString, cst.ConcatenatedString, cst.FormattedString, cst.Integer, cst.Float, cst.Comparison,
    cst.UnaryOperation,
)  # fmt: skip


class Storing:
    """What is known of the values in one function and those around it."""

    def __init__(
        self, program: Program, code: Code, node: Activation, stored: Iterable[str], json: frozenset[str],
        spans: dict[Activation, _Spans],
    ) -> None:  # fmt: skip
        """
        Args:
            stored: classes whose objects the engine can store, beside those of JSON.
            spans: what is known of functions of the same analysis; more is added.
        """
        self.program = program
        self.stored = json | set(stored)
        self.code = code
        self._scopes: dict[int, Activation] = {}
        scope: Activation | None = node
        while scope is not None:
            self._scopes[scope.facts.line] = scope
            scope = scope.env
        self._slots = spans
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
            case cst.List() | cst.Tuple() if not all(self.is_data(e.value) for e in expression.elements):
                return False
            case cst.Name() if (function := self._local(expression, expression.value)) is not None:
                return self.is_stored(expression.value, function)
        if isinstance(expression, _DATA_NODES):
            return True
        if any(self._is_object(scope, op) for scope, ops in self._at(expression) for op in ops):
            return False
        values = list(self.values(expression))
        return all(
            self._can_store(value) for value in values if not (isinstance(value, Marker) and DATA in values)
        )

    def _can_store(self, value: Value) -> bool:
        return is_data(value, self.stored)

    def _is_object(self, node: Activation, op: Op, depth: int = _DEPTH) -> bool:
        """Whether the operation gives an object that only this process has, such as a lock or a module.

        Their classes are not known; who made them is.
        """
        match op:
            case Call():
                position = node.body.ops.index(op)
                names = self.program.externals(node, position)
                if not _OBJECTS.isdisjoint(names):
                    return True
                if any(self._makes_object(name) for name in names):
                    return all(
                        value is DATA or (isinstance(value, ExtInst) and value.dotted not in self.stored)
                        for value in self.program.values(node, op.dst)
                    )
                if any(isinstance(value, Inst) for value in self.program.values(node, op.dst)):
                    return any(self._is_object_in(node, slot, depth) for slot in op.args) or (
                        self._has_objects(node, op, depth)
                    )
                return depth > 0 and any(
                    self._returns_object(target, depth - 1) for target in node.targets.get(position, ())
                )
            case Await():
                return self._is_object_in(node, op.obj, depth)
            case Merge():
                return any(self._is_object_in(node, slot, depth) for slot in op.sources)
        return False

    def cannot_be_raised(self, raised: cst.Raise) -> bool:
        """Whether what is raised is another thing, or nothing, after it was stored, as far as is known."""
        values = self.values(raised.exc) if raised.exc is not None else ()
        is_other = any(_is_made_otherwise(v.info) for v in values if isinstance(v, Class | Inst))
        return is_other or self._is_made_of_objects(raised)

    def _is_made_of_objects(self, raised: cst.Raise) -> bool:
        """Whether such objects are made for an exception: it cannot be stored with them."""
        found = [(scope, op) for node in walk(raised) for scope, ops in self._at(node) for op in ops]
        return any(self._is_object(scope, op) or self._has_objects(scope, op) for scope, op in found)

    def _has_objects(self, node: Activation, op: Op, depth: int = _DEPTH) -> bool:
        """Whether a constructor makes such objects; that of a class is called where it is raised, too."""
        if not isinstance(op, Call | Raise):
            return False
        return depth > 0 and any(
            self._is_object(target, inner, depth - 1)
            for target in node.targets.get(node.body.ops.index(op), ())
            if target.facts.name == "__init__"
            for inner in target.body.ops
        )

    def _makes_object(self, name: str) -> bool:
        entry = self.program.catalog.lookup(name)
        return entry is not None and entry.effect in (Effect.THREAD, Effect.INTERPRETER, Effect.SCHEDULING)

    def _returns_object(self, target: Activation, depth: int) -> bool:
        return target.facts.returns is None and any(
            self._is_object_in(target, op.value, depth) for op in target.body.ops if isinstance(op, Return)
        )

    def _is_object_in(self, node: Activation, slot: int, depth: int) -> bool:
        """The same for what is in a slot."""
        return depth > 0 and any(
            self._is_object(node, op, depth - 1) for op in node.body.ops if getattr(op, "dst", -1) == slot
        )

    def values(self, expression: cst.BaseExpression) -> Iterator[Value]:
        """What the expression may be."""
        for scope, ops in self._at(expression):
            for op in ops:
                if not isinstance(op, Iterate | Enter):
                    yield from self.program.values(scope, getattr(op, "dst", -1))

    def calls(self, expression: cst.BaseExpression) -> Iterator[tuple[Activation, int]]:
        """The calls that the expression is, by function and position."""
        span = self.code.span(expression)
        for scope in self._scopes.values():
            for position, op in self.program.ops(scope):
                if isinstance(op, Call):
                    place = self.program.place(scope, op.at)
                    start = self.code.lines.offset(place.line, place.column)
                    if (start, self.code.lines.offset(place.end_line, place.end_column)) == span:
                        yield scope, position

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

    def is_alias(self, name: str, function: Function) -> bool:
        """Whether the function binds to the name what has another name, too."""
        return any(
            isinstance(node, cst.Assign)
            and any(name in names_in(target.target) for target in node.targets)
            and isinstance(node.value, cst.Name | cst.Attribute | cst.Subscript)
            for node in walk(function.body)
        )

    def is_taken(self, name: str, clause: cst.CompFor) -> bool:
        """Whether all that the loops of a comprehension bind to the name is data."""
        loop: cst.CompFor | None = clause
        while loop is not None:
            if name in names_in(loop.target) and not self._are_data(loop.iter):
                return False
            loop = loop.inner_for_in
        return True

    def _are_data(self, iterable: cst.BaseExpression) -> bool:
        return all(self._can_store(value) for value in self.taken(iterable, Iterate))

    def _bindings(self, name: str, function: Function) -> Iterator[bool]:
        scope = self.scope(function)
        for slot, param in enumerate(scope.facts.params if scope is not None else ()):
            if param.name == name and scope is not None:
                yield all(self._can_store(value) for value in self.program.values(scope, slot))
        for node in givers(function).get(name, ()):
            match node:
                case cst.Assign() if any(name in names_in(t.target) for t in node.targets):
                    yield self.is_data(node.value)
                case cst.AnnAssign() if node.value is not None and name in names_in(node.target):
                    yield self.is_data(node.value)
                case cst.NamedExpr() if name in names_in(node.target):
                    yield self.is_data(node.value)
                case cst.For() | cst.CompFor() if name in names_in(node.target):
                    yield self._are_data(node.iter)
                case cst.WithItem() if node.asname is not None and name in names_in(node.asname.name):
                    yield all(self._can_store(value) for value in self.taken(node.item, Enter))
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

    def taken(self, expression: cst.BaseExpression, kind: type) -> Iterator[Value]:
        """What iterating over the expression, or entering it, gives."""
        for scope, ops in self._at(expression):
            for op in ops:
                if isinstance(op, kind):
                    yield from self.program.values(scope, getattr(op, "dst", -1))

    def _at(self, expression: cst.CSTNode) -> Iterator[tuple[Activation, list[Op]]]:
        span = self.code.span(expression)
        for scope in self._scopes.values():
            if span in (found := self._ops(scope)):
                yield scope, found[span]

    def _ops(self, scope: Activation) -> _Spans:
        if scope not in self._slots:
            found: _Spans = {}
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
            is_known = value.info.is_dataclass or bool(value.info.external_bases())
            return _DATACLASS in stored and is_known and _are_data(value.info, stored, depth)
        case Box():
            if _STORED_BOXES.get(value.kind) not in stored or _has_numbers_as_keys(value):
                return False
            return depth == 0 or all(is_data(inner, stored, depth - 1) for inner in _inside(value))
    return False


def _is_made_otherwise(info: ClassInfo) -> bool:
    """Whether an exception has a constructor of its own: pickle calls it with what the base was given."""
    methods = {name for entry in info.mro() if not isinstance(entry, str) for name in entry.facts.methods}
    return "__init__" in methods and not methods & {"__reduce__", "__reduce_ex__"}


def _are_data(info: ClassInfo, stored: Set[str], depth: int) -> bool:
    """Whether what is known to be in the fields of such objects can be stored."""
    fields = [info.instance_vars.get(field.name) for field in info.facts.fields]
    return depth == 0 or all(
        is_data(value, stored, depth - 1) for var in fields if var is not None for value in var.values
    )


def _has_numbers_as_keys(box: Box) -> bool:
    """Whether it is a dict that has other keys when it comes back from JSON."""
    return any(isinstance(value, Const) and value.kind != "str" for value in box.dict_keys.values)


def _inside(box: Box) -> Iterable[Value]:
    for var in (box.elements, *box.keyed.values()):
        yield from var.values


def type_name(values: Iterable[Value], depth: int = _DEPTH) -> str:
    """The type that all values have, as in templates, "" if they have several, or none is known."""
    names = {_type_name(value, depth) for value in values}
    others = names - {"None"}
    if len(others) != 1 or "" in names:
        return ""
    return " | ".join((others.pop(), *(names & {"None"})))


def _type_name(value: Value, depth: int) -> str:
    match value:
        case _ if value is NONE:
            return "None"
        case Const():
            return value.kind
        case ExtInst() if value.dotted.startswith("builtins."):
            return value.dotted.removeprefix("builtins.")
        case ExtInst():
            module, _, name = value.dotted.rpartition(".")
            return f"<{module}:{name}>"
        case Inst() if "." not in value.info.facts.qualname:
            return f"<{value.info.module.name}:{value.info.facts.qualname}>"
        case Box() if depth > 0:  # a list may hold itself
            return _box_name(value, depth - 1)
    return ""


def _box_name(box: Box, depth: int) -> str:
    elements = type_name(box.elements.values, depth)
    match box.kind:
        case "list" | "set" | "frozenset" if elements and not box.keyed:
            return f"{box.kind}[{elements}]"
        case "tuple" if elements and not box.keyed:
            return f"tuple[{elements}, ...]"
        case "tuple" if not box.elements.values and set(box.keyed) == set(range(len(box.keyed))):
            parts = [type_name(box.keyed[index].values, depth) for index in range(len(box.keyed))]
            return f"tuple[{', '.join(parts)}]" if parts and all(parts) else ""
        case "dict":
            keys = type_name(box.dict_keys.values, depth)
            values = type_name((v for var in (box.elements, *box.keyed.values()) for v in var.values), depth)
            return f"dict[{keys}, {values}]" if keys and values else ""
    return ""
