"""Turns functions and classes into scopes of their own."""

from __future__ import annotations

import ast

from color_checker.annotations import dotted_name, type_expr
from color_checker.extraction.visitor import Visitor
from color_checker.facts import (
    KEYWORD_ONLY,
    KWARG,
    NOTHING,
    POSITIONAL,
    POSITIONAL_ONLY,
    VARARG,
    Call,
    ClassFacts,
    Field,
    FunctionFacts,
    MakeClass,
    MakeFunction,
    Param,
    Return,
    TypeExpr,
)
from color_checker.scopes import Scope

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
DefinitionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Definitions(Visitor):
    """Visits definitions; their bodies come later."""

    def function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self.expr(decorator) for decorator in node.decorator_list]
        slot = self.make_function(node, node.name)
        self.store_name(node.name, self._decorated(slot, node, decorators), node)

    def _decorated(self, slot: int, node: DefinitionNode, decorators: list[int]) -> int:
        """What the name means in the end: the decorators are called from the inside out."""
        for decorator, function in reversed(list(zip(node.decorator_list, decorators, strict=True))):
            dst = self.scope.new()
            self.emit(Call(dst, function, (slot,), (), (), (), self.at(decorator)))
            slot = dst
        return slot

    def lambda_expression(self, node: ast.Lambda) -> int:
        self.scope.lambdas += 1
        return self.make_function(node, f"<lambda{self.scope.lambdas}>")

    def make_function(self, node: FunctionNode, name: str) -> int:
        index = len(self.functions)
        self.functions.append(None)
        arguments = node.args
        defaults = [self.expr(default) for default in arguments.defaults]
        defaults += [NOTHING if default is None else self.expr(default) for default in arguments.kw_defaults]
        dst = self.scope.new()
        self.emit(MakeFunction(dst, index, tuple(defaults)))
        outer = self.scope
        self.later.append(lambda: self._visit_function(node, name, index, outer))
        return dst

    def _visit_function(self, node: FunctionNode, name: str, index: int, outer: Scope) -> None:
        kind = "lambda" if isinstance(node, ast.Lambda) else "function"
        scope = Scope(kind, name, _qualname(outer, name), index, outer)
        params: list[Param] = []
        self.run(scope, lambda: self._visit_body(node, params))
        decorators = _decorators(node)
        self.functions[index] = FunctionFacts(
            name=name, qualname=scope.qualname, kind=kind, parent=outer.index,
            owner=self.class_of_scope.get(outer.index, NOTHING),
            is_async=isinstance(node, ast.AsyncFunctionDef), is_generator=scope.yields, params=tuple(params),
            returns=_returns(node), decorators=decorators, higher_order=scope.higher_order,
            stores_self=tuple(scope.stores_self), abstract=_is_abstract(node, decorators),
            first_line=_first_line(node), line=node.lineno, end_line=node.end_lineno or node.lineno,
            at=self._name_place(node, name), raw=scope.finish(),
        )  # fmt: skip

    def _visit_body(self, node: FunctionNode, params: list[Param]) -> None:
        """Visit what stands in a function; its parameters are added to `params`."""
        params += self._params(node.args)
        if isinstance(node, ast.Lambda):
            value = self.expr(node.body)
            self.scope.hand_on(value)
            self.emit(Return(value))
        else:
            self.block(node.body)

    def _params(self, arguments: ast.arguments) -> list[Param]:
        params = self._positional_params(arguments)
        if arguments.vararg is not None:
            params.append(self._param(arguments.vararg, VARARG, NOTHING, None))
        offset = len(arguments.defaults)
        for index, (arg, value) in enumerate(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)):
            default = NOTHING if value is None else offset + index
            params.append(self._param(arg, KEYWORD_ONLY, default, value))
        if arguments.kwarg is not None:
            params.append(self._param(arguments.kwarg, KWARG, NOTHING, None))
        return params

    def _positional_params(self, arguments: ast.arguments) -> list[Param]:
        """Of these, the last ones have the defaults."""
        positional = [*arguments.posonlyargs, *arguments.args]
        first_default = len(positional) - len(arguments.defaults)
        params = []
        for index, arg in enumerate(positional):
            kind = POSITIONAL_ONLY if index < len(arguments.posonlyargs) else POSITIONAL
            default = index - first_default if index >= first_default else NOTHING
            value = arguments.defaults[default] if default != NOTHING else None
            params.append(self._param(arg, kind, default, value))
        return params

    def _param(self, arg: ast.arg, kind: int, default: int, value: ast.expr | None) -> Param:
        """Declare a parameter; parameters are the first slots of their function, in order."""
        slot = self.scope.new()
        self.scope.bind(arg.arg, slot)
        self.scope.param_slots[slot] = arg.arg
        annotation = type_expr(arg.annotation) if arg.annotation is not None else None
        return Param(arg.arg, kind, annotation, default, _is_mutable(value), self.at(arg))

    def class_definition(self, node: ast.ClassDef) -> None:
        scope = self.scope
        decorators = [self.expr(decorator) for decorator in node.decorator_list]
        bases = tuple(self.expr(base) for base in node.bases)
        metaclass = NOTHING
        for keyword in node.keywords:
            slot = self.expr(keyword.value)
            if keyword.arg == "metaclass":
                metaclass = slot
        index = len(self.classes)
        self.classes.append(None)
        body = len(self.functions)
        self.functions.append(None)
        slot = scope.new()
        self.emit(MakeClass(slot, index, bases, metaclass))
        self.later.append(lambda: self._visit_class(node, index, body, scope))
        self.store_name(node.name, self._decorated(slot, node, decorators), node)

    def _visit_class(self, node: ast.ClassDef, index: int, body: int, outer: Scope) -> None:
        scope = Scope("class", node.name, _qualname(outer, node.name), body, outer)
        self.class_of_scope[body] = index
        first = len(self.functions)
        self.run(scope, lambda: self.block(node.body))
        at = self._name_place(node, node.name)
        self.functions[body] = FunctionFacts(
            name=node.name, qualname=scope.qualname, kind="class", parent=outer.index, owner=NOTHING,
            is_async=False, is_generator=False, params=(), returns=None, decorators=(),
            higher_order=False, stores_self=(), abstract=False, first_line=_first_line(node),
            line=node.lineno, end_line=node.end_lineno or node.lineno, at=at, raw=scope.finish(),
        )  # fmt: skip
        self.classes[index] = ClassFacts(
            name=node.name, qualname=scope.qualname, scope=body,
            bases=tuple(dotted_name(base) for base in node.bases), decorators=_decorators(node),
            fields=_fields(node), methods=self._methods(first, index), line=node.lineno, at=at,
        )  # fmt: skip

    def _methods(self, first: int, owner: int) -> dict[str, tuple[int, ...]]:
        methods: dict[str, tuple[int, ...]] = {}
        for position in range(first, len(self.functions)):
            function = self.functions[position]
            if function is not None and function.owner == owner and function.kind == "function":
                methods[function.name] = (*methods.get(function.name, ()), position)
        return methods

    def _name_place(self, node: FunctionNode | ast.ClassDef, name: str) -> int:
        """The place of the name in a `def` or `class` line, which is where a reader looks."""
        if isinstance(node, ast.Lambda):
            return self.at(node)
        keyword = {ast.FunctionDef: 4, ast.AsyncFunctionDef: 10, ast.ClassDef: 6}[type(node)]
        column = node.col_offset + keyword
        return self.place(node.lineno, column, node.lineno, column + len(name.encode()))


def _qualname(outer: Scope, name: str) -> str:
    return f"{outer.qualname}.{name}" if outer.qualname else name


def _decorators(node: FunctionNode | ast.ClassDef) -> tuple[str, ...]:
    if isinstance(node, ast.Lambda):
        return ()
    return tuple(dotted_name(decorator) for decorator in node.decorator_list)


def _returns(node: FunctionNode) -> TypeExpr | None:
    if isinstance(node, ast.Lambda) or node.returns is None:
        return None
    return type_expr(node.returns)


def _first_line(node: FunctionNode | ast.ClassDef) -> int:
    if isinstance(node, ast.Lambda) or not node.decorator_list:
        return node.lineno
    return min(decorator.lineno for decorator in node.decorator_list)


def _is_mutable(default: ast.expr | None) -> bool:
    match default:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="list" | "dict" | "set" | "bytearray" | "defaultdict" | "deque")):
            return True
    return False


def _is_abstract(node: FunctionNode, decorators: tuple[str, ...]) -> bool:
    """Nothing but a docstring, `...` or `raise NotImplementedError`, or declared abstract."""
    if isinstance(node, ast.Lambda):
        return False
    if any(name.rpartition(".")[2] in ("abstractmethod", "overload") for name in decorators):
        return True
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        if len(body) == 1:
            return True
        body = body[1:]
    if len(body) != 1:
        return False
    match body[0]:
        case ast.Raise(
            exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError"))
        ):
            return True
        case ast.Expr(value=ast.Constant(value=value)):
            return value is Ellipsis
    return False


def _fields(node: ast.ClassDef) -> tuple[Field, ...]:
    return tuple(
        Field(statement.target.id, type_expr(statement.annotation), statement.value is not None)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    )
