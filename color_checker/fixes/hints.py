"""Which type annotation a variable or an expression would have, in a function of its own.

Only what the source says is taken: annotations, literals, classes, what functions declare to return. What may
be something else, too, has no hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import libcst as cst

from color_checker.activation import Activation
from color_checker.classes import ClassInfo
from color_checker.facts import Call, Iterate, TypeExpr
from color_checker.fixes.code import Code, Function, dotted, walk
from color_checker.fixes.problem import Problem
from color_checker.fixes.scopes import (
    COMPREHENSIONS,
    bound,
    declarations,
    is_global,
    locals_of,
    names_in,
    own,
    parameter_nodes,
)
from color_checker.fixes.storing import JSON, Storing, type_name
from color_checker.modules import ModuleInfo
from color_checker.values import Class, ExtBound, Inst, Value

_WORD = re.compile(r"[A-Za-z_]\w*")

#: What is written of a type whose class is to be imported: `<module:name>`.
_NAMED = re.compile(r"<([\w.]+):(\w+)>")

#: Decorators after which a function still returns what it declares.
_HARMLESS = frozenset({"staticmethod", "classmethod"})

#: What iterating over these gives is their only, or first, argument.
_ITERABLES = frozenset({
    "list", "List", "Sequence", "Iterable", "Collection", "set", "Set", "frozenset", "FrozenSet",
    "AbstractSet", "dict", "Dict", "Mapping", "deque", "Iterator",
})  # fmt: skip

_BUILTINS = frozenset({
    "bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set", "str",
    "tuple", "type", "None",
})  # fmt: skip

#: These mean something only where they are written.
_LOCAL = frozenset({"typing.Self", "typing_extensions.Self"})

_DEPTH = 8


class Hints:
    """What is known of the types in one function and those around it.

    A hint is an annotation in which `<module:name>` stands for a class that may have to be imported. "" is
    given where none is known.
    """

    def __init__(
        self, problem: Problem, code: Code, node: Activation, storing: Storing, depth: int = 0
    ) -> None:
        self.problem = problem
        self.code = code
        self.path = problem.paths.get(node.module.path, "")
        self.storing = storing
        #: The same for what needs no type when it is stored.
        self.plain = problem.storing(code, node, json=JSON)
        self._depth = depth

    # -- variables ------------------------------------------------------------------------------

    def variable(self, name: str, at: cst.CSTNode) -> str:
        """The hint for a variable, as it can be read at a node."""
        for outer in self.code.around(at):
            if isinstance(outer, COMPREHENSIONS):
                found = self._looped(name, outer.for_in)
                if found is not None:
                    return found
            if isinstance(outer, Function) and name in locals_of(outer):
                return self._local(name, outer)
        return ""

    def attribute(self, owner: str, name: str, nodes: Iterable[cst.CSTNode]) -> str:
        """The hint for an attribute of `self`, which the nodes read."""
        for top in nodes:
            for node in walk(top):
                if isinstance(node, cst.Attribute) and dotted(node) == f"{owner}.{name}":
                    return self.expression(node)
        return ""

    def _looped(self, name: str, clause: cst.CompFor) -> str | None:
        loop: cst.CompFor | None = clause
        while loop is not None:
            if name in names_in(loop.target):
                return self._element(loop.iter) if isinstance(loop.target, cst.Name) else ""
            loop = loop.inner_for_in
        return None

    def _local(self, name: str, function: Function) -> str:
        for param in parameter_nodes(function):
            if param.name.value == name:
                is_plain = param.star in ("", None) or isinstance(param.star, cst.MaybeSentinel)
                return self._written(param.annotation, function) if is_plain else ""
        declared = declarations(function).get(name)
        if declared:
            return self._written(declared[0].annotation, function)
        return _joined(self._bindings(name, function))

    def _bindings(self, name: str, function: Function) -> Iterator[str]:
        for node in own(function.body):
            match node:
                case cst.Assign() if any(name in names_in(target.target) for target in node.targets):
                    is_plain = all(isinstance(target.target, cst.Name) for target in node.targets)
                    yield self.expression(node.value) if is_plain else ""
                case cst.NamedExpr() if name in names_in(node.target):
                    yield self.expression(node.value)
                case cst.For() if name in names_in(node.target):
                    yield self._element(node.iter) if isinstance(node.target, cst.Name) else ""
                case cst.AugAssign() | cst.For() | cst.WithItem() | cst.ExceptHandler() | cst.ImportAlias():
                    if name in bound(node):
                        yield ""
                case cst.FunctionDef() | cst.ClassDef() if node.name.value == name:
                    yield ""
                case cst.MatchAs() | cst.MatchStar() | cst.MatchMapping() if name in bound(node):
                    yield ""

    def _written(self, annotation: cst.Annotation | None, at: cst.CSTNode) -> str:
        """An annotation of this file, which can stand at its own level, too."""
        if annotation is None:
            return ""
        text = self.code.source(annotation.annotation)
        inner = text.strip("\"'")
        names = set(_WORD.findall(inner))
        return text if all(is_global(self.code, annotation, name) for name in names) else ""

    def returned(self, function: cst.FunctionDef) -> str:
        """What the function declares to return."""
        return self._written(function.returns, function)

    # -- expressions ----------------------------------------------------------------------------

    def result(self, node: cst.BaseExpression) -> str:
        """The hint for an expression, from what it is or else from what is done with it."""
        found = self.expression(node)
        parent = self.code.parent(node)
        function = self.code.function(node)
        if not found and isinstance(parent, cst.AnnAssign):
            found = self._written(parent.annotation, parent)
        if not found and isinstance(parent, cst.Assign) and isinstance(function, cst.FunctionDef):
            target = parent.targets[0].target
            if isinstance(target, cst.Name) and self._is_declared(target.value, function):
                found = self._local(target.value, function)
        if not found and isinstance(parent, cst.Return) and isinstance(function, cst.FunctionDef):
            found = self.returned(function)
        return found

    def _is_declared(self, name: str, function: cst.FunctionDef) -> bool:
        return name in declarations(function)

    def expression(self, node: cst.BaseExpression) -> str:
        """The hint for an expression, from what it is."""
        if self._depth >= _DEPTH:
            return ""
        self._depth += 1
        try:
            return self._expression(node)
        finally:
            self._depth -= 1

    def _expression(self, node: cst.BaseExpression) -> str:
        match node:
            case cst.Name(value="True" | "False"):
                return "bool"
            case cst.Name(value="None"):
                return "None"
            case cst.SimpleString() | cst.ConcatenatedString() | cst.FormattedString():
                return "bytes" if "b" in getattr(node, "prefix", "").lower() else "str"
            case cst.Integer():
                return "int"
            case cst.Float():
                return "float"
            case cst.Comparison() | cst.UnaryOperation(operator=cst.Not()):
                return "bool"
            case cst.Name():
                return self.variable(node.value, node)
            case cst.NamedExpr():
                return self.expression(node.value)
            case cst.Await(expression=cst.Call() as call):
                return self._call(call, awaited=True)
            case cst.Call():
                return self._call(node, awaited=False)
            case cst.IfExp():
                return _joined((self.expression(node.body), self.expression(node.orelse)))
            case cst.Attribute():
                return self._attribute(node)
            case cst.Subscript():
                return self._known(node) if self.expression(node.value) else ""
            case cst.BinaryOperation():
                return self._operation(node)
        return self._display(node)

    def _display(self, node: cst.BaseExpression) -> str:
        match node:
            case cst.ListComp():
                return _of("list", self.expression(node.elt))
            case cst.DictComp():
                return _of("dict", self.expression(node.key), self.expression(node.value))
            case cst.List() if all(isinstance(element, cst.Element) for element in node.elements):
                return _of("list", _joined(self.expression(element.value) for element in node.elements))
            case cst.Tuple() if all(isinstance(element, cst.Element) for element in node.elements):
                return _of("tuple", *(self.expression(element.value) for element in node.elements))
            case cst.Dict() if all(isinstance(element, cst.DictElement) for element in node.elements):
                pairs = [element for element in node.elements if isinstance(element, cst.DictElement)]
                keys = _joined(self.expression(element.key) for element in pairs)
                return _of("dict", keys, _joined(self.expression(element.value) for element in pairs))
        return ""

    def _operation(self, node: cst.BinaryOperation) -> str:
        left, right = self.expression(node.left), self.expression(node.right)
        numbers = {left, right} <= {"int", "float"}
        match node.operator:
            case cst.Add() if left == right == "str":
                return "str"
            case cst.Modulo() if left == "str":
                return "str"
            case cst.Add() | cst.Subtract() | cst.Multiply() if numbers:
                return "int" if left == right == "int" else "float"
            case cst.Divide() if numbers:
                return "float"
        return ""

    def _call(self, call: cst.Call, *, awaited: bool) -> str:
        """What a call gives: what all functions that it may call declare, or an object of a class."""
        found = set()
        for scope, position in self.storing.calls(call):
            op = scope.body.ops[position]
            assert isinstance(op, Call)
            targets = scope.targets.get(position, ())
            functions = list(self.problem.program.values(scope, op.func))
            if functions and all(isinstance(value, Class) for value in functions):
                found.add(self._known(call))
            elif not targets:
                # What the libraries' own annotations, and the catalog, say; without `await` at its end.
                found.add("" if awaited else self._known(call))
            for target in targets:
                if target.facts.name != "__init__":
                    found.add(self._declared(target, awaited=awaited))
        return found.pop() if len(found) == 1 else ""

    def _declared(self, target: Activation, *, awaited: bool) -> str:
        facts = target.facts
        if facts.is_generator or facts.is_async is not awaited or not set(facts.decorators) <= _HARMLESS:
            return ""
        if facts.returns is None:
            return self._inferred(target)
        return self.written_elsewhere(facts.returns, target.module)

    def _inferred(self, target: Activation) -> str:
        """What a function without annotation returns, if its `return` statements all say it plainly."""
        code = self.problem.code(self.problem.paths.get(target.module.path, ""))
        if code is None or target.module.library:
            return ""
        function = next(
            (
                node
                for node in walk(code.module)
                if isinstance(node, cst.FunctionDef)
                and code.lines.place(code.span(node.name)[0])[0] == target.facts.line
            ),
            None,
        )
        if function is None or not isinstance(function.body, cst.IndentedBlock):
            return ""
        storing = self.problem.storing(code, target)
        hints = Hints(self.problem, code, target, storing, self._depth)
        found = [
            hints.expression(node.value) if node.value is not None else "None"
            for node in own(function.body)
            if isinstance(node, cst.Return)
        ]
        if not _ends(function.body.body[-1]):
            found.append("None")
        hint = _joined(found)
        return hint if set(_WORD.findall(_NAMED.sub("", hint))) <= _BUILTINS else ""

    def _attribute(self, node: cst.Attribute) -> str:
        """A field of a known class, as the class declares it; the same of libraries."""
        values = list(self._objects(node.value))
        infos = {value.info for value in values if isinstance(value, Inst)}
        if len(infos) == 1 and len(infos) == len(values):
            return self._field(infos.pop(), node.attr.value)
        if values and self.expression(node.value) and not infos:
            return self._known(node)
        return ""

    def _objects(self, node: cst.BaseExpression) -> Iterator[Value]:
        """What an expression may be; of a variable, what the function is given for it, or assigns to it."""
        if not isinstance(node, cst.Name):
            yield from self.storing.values(node)
            return
        function = next(
            (o for o in self.code.around(node) if isinstance(o, Function) and node.value in locals_of(o)),
            None,
        )
        scope = self.storing.scope(function) if function is not None else None
        if function is None or scope is None:
            return
        for slot, param in enumerate(scope.facts.params):
            if param.name == node.value:
                yield from self.problem.program.values(scope, slot)
        for inner in own(function.body):
            if isinstance(inner, cst.Assign) and any(
                isinstance(target.target, cst.Name) and target.target.value == node.value
                for target in inner.targets
            ):
                yield from self.storing.values(inner.value)

    def _field(self, info: ClassInfo, name: str) -> str:
        for entry in info.mro():
            if isinstance(entry, str):
                return ""
            for field in entry.facts.fields:
                if field.name == name:
                    return self.written_elsewhere(field.annotation, entry.module)
            found = self._made(entry, name)
            if found is not None:
                return found
        return ""

    def _made(self, info: ClassInfo, name: str) -> str | None:
        """The hint for what `__init__`, in this file, gives to `self.name` first."""
        lines = [info.module.facts.functions[index].line for index in info.facts.methods.get("__init__", ())]
        if not lines or self.problem.paths.get(info.module.path) != self.path:
            return None
        for function in walk(self.code.module):
            if isinstance(function, cst.FunctionDef) and self._line(function) in lines:
                params = parameter_nodes(function)
                owner = params[0].name.value if params else ""
                for node in own(function.body):
                    if isinstance(node, cst.AnnAssign) and dotted(node.target) == f"{owner}.{name}":
                        return self._written(node.annotation, function)
                    if isinstance(node, cst.Assign) and dotted(node.targets[0].target) == f"{owner}.{name}":
                        return self.expression(node.value)
        return None

    def _line(self, function: cst.FunctionDef) -> int:
        return self.code.lines.place(self.code.span(function.name)[0])[0]

    def _known(self, node: cst.BaseExpression) -> str:
        """The type that all values have; only right where nothing unknown may be among them."""
        values = [value for value in self.storing.values(node) if not isinstance(value, ExtBound)]
        return type_name(values)

    def _element(self, iterable: cst.BaseExpression) -> str:
        hint = self.expression(iterable)
        if not hint:
            return ""
        values = type_name(self.storing.taken(iterable, Iterate))
        return values or _element_of(hint)

    # -- annotations of other files ---------------------------------------------------------------

    def written_elsewhere(self, annotation: TypeExpr, module: ModuleInfo) -> str:
        """An annotation as any file can write it."""
        name = annotation.name
        args = [self.written_elsewhere(arg, module) for arg in annotation.args]
        if not name or not all(args):
            return ""
        if name == "|":
            return " | ".join(args)
        if name == "[]":
            return f"[{', '.join(args)}]"
        base = self._class(name, module)
        if not base or not args:
            return base
        return f"{base}[{', '.join(args)}]"

    def _class(self, name: str, module: ModuleInfo) -> str:
        """A class, named in the module, as any file can write it."""
        if name in _BUILTINS or name == "...":
            return name
        path = self.problem.paths.get(module.path, "")
        code = self.problem.code(path)
        if code is None:
            return ""
        head, _, rest = name.partition(".")
        for statement in code.module.body:
            if isinstance(statement, cst.ClassDef) and statement.name.value == name:
                return f"<{module.name}:{name}>"
        target = self.problem.imports(code, path).names.get(head, "")
        full = _absolute(f"{target}.{rest}" if rest else target, module) if target else ""
        package, _, last = full.rpartition(".")
        return f"<{package}:{last}>" if package and full not in _LOCAL else ""

    # -- writing --------------------------------------------------------------------------------

    def placed(self, hint: str, module: str, top: cst.CSTNode) -> str:
        """The hint as it is written above a statement of the module; quoted if it names what stands below."""
        text = _NAMED.sub(lambda match: match[2] if match[1] == module else match[0], hint)
        if self._is_lazy() or text.startswith(('"', "'")):
            return text
        body = list(self.code.module.body)
        place = next((index for index, node in enumerate(body) if node is top), len(body))
        above = set().union(*(bound(node) for node in body[:place]))
        below = set().union(*(bound(node) for node in body[place:]))
        names = set(_WORD.findall(_NAMED.sub("", text)))
        return f'"{text}"' if names & (below - above) and "<" not in text else text

    def _is_lazy(self) -> bool:
        return any(
            isinstance(part, cst.ImportFrom)
            and part.module is not None
            and dotted(part.module) == "__future__"
            and not isinstance(part.names, cst.ImportStar)
            and any(alias.name.value == "annotations" for alias in part.names)
            for line in self.code.module.body
            if isinstance(line, cst.SimpleStatementLine)
            for part in line.body
        )


def _ends(statement: cst.CSTNode) -> bool:
    """Whether nothing comes after the statement."""
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(
        statement.body[-1], cst.Return | cst.Raise
    )


def _absolute(name: str, module: ModuleInfo) -> str:
    """A dotted name that an import of the module gave, without leading dots."""
    rest = name.lstrip(".")
    level = len(name) - len(rest)
    if not level:
        return name
    parts = module.name.split(".")
    if not module.path.endswith("__init__.py"):
        parts.pop()
    for _ in range(level - 1):
        if parts:
            parts.pop()
    return ".".join((*parts, rest))


def _joined(hints: Iterable[str]) -> str:
    """The hint for what has one of several, "" if one of them is not known."""
    found = list(dict.fromkeys(hints))
    if not all(found):
        return ""
    others = [hint for hint in found if hint != "None"]
    if len(others) == 1:
        return f"{others[0]} | None" if len(found) > 1 and not others[0].endswith("| None") else others[0]
    return "None" if found and not others else ""


def _of(kind: str, *arguments: str) -> str:
    return f"{kind}[{', '.join(arguments)}]" if arguments and all(arguments) else ""


def _element_of(hint: str) -> str:
    """What iterating over something with the hint gives."""
    try:
        written = cst.parse_expression(_NAMED.sub(r"\2", hint))
    except cst.ParserSyntaxError:
        return ""
    if hint == "str":
        return "str"
    if not isinstance(written, cst.Subscript) or "<" in hint:
        return ""
    kind = dotted(written.value).rpartition(".")[2]
    module = cst.Module(body=[])
    parts = [module.code_for_node(part.slice) for part in written.slice]
    if kind in _ITERABLES or (kind in ("tuple", "Tuple") and parts[1:] == ["..."]):
        return parts[0].strip()
    return ""
