"""Walks the syntax tree that mypy has of a module.

Plugins cannot inherit from mypy's own visitors, which are compiled.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from mypy.nodes import Argument, FuncItem, MypyFile, Node


class _Anything:
    def __contains__(self, item: object) -> bool:
        return True


_ANY = _Anything()

#: Class of node → where its children are, in the order of the source where there is one.
_CHILDREN: dict[str, tuple[str, ...]] = {
    "Argument": ("initializer",),
    "AsPattern": ("pattern",),
    "AssertStmt": ("expr", "msg"),
    "AssertTypeExpr": ("expr",),
    "AssignmentExpr": ("target", "value"),
    "AssignmentStmt": ("lvalues", "rvalue"),
    "AwaitExpr": ("expr",),
    "Block": ("body",),
    "CallExpr": ("callee", "args"),
    "CastExpr": ("expr",),
    "ClassDef": ("decorators", "base_type_exprs", "metaclass", "defs"),
    "ClassPattern": ("class_ref", "positionals", "keyword_values"),
    "ComparisonExpr": ("operands",),
    "ConditionalExpr": ("if_expr", "cond", "else_expr"),
    "Decorator": ("decorators", "func"),
    "DelStmt": ("expr",),
    "DictExpr": ("items",),
    "DictionaryComprehension": ("key", "value", "indices", "sequences", "condlists"),
    "ExpressionStmt": ("expr",),
    "ForStmt": ("index", "expr", "body", "else_body"),
    "FuncDef": ("arguments", "body"),
    "GeneratorExpr": ("left_expr", "indices", "sequences", "condlists"),
    "IfStmt": ("expr", "body", "else_body"),
    "IndexExpr": ("base", "index"),
    "LambdaExpr": ("arguments", "body"),
    "ListComprehension": ("generator",),
    "ListExpr": ("items",),
    "MappingPattern": ("keys", "values", "rest"),
    "MatchStmt": ("subject", "patterns", "guards", "bodies"),
    "MemberExpr": ("expr",),
    "MypyFile": ("defs",),
    "OpExpr": ("left", "right"),
    "OperatorAssignmentStmt": ("lvalue", "rvalue"),
    "OrPattern": ("patterns",),
    "OverloadedFuncDef": ("items", "impl"),
    "RaiseStmt": ("expr", "from_expr"),
    "ReturnStmt": ("expr",),
    "RevealExpr": ("expr",),
    "SequencePattern": ("patterns",),
    "SetComprehension": ("generator",),
    "SetExpr": ("items",),
    "SliceExpr": ("begin_index", "end_index", "stride"),
    "StarExpr": ("expr",),
    "StarredPattern": ("capture",),
    "TemplateStrExpr": ("items",),
    "TryStmt": ("body", "vars", "types", "handlers", "else_body", "finally_body"),
    "TupleExpr": ("items",),
    "TypeApplication": ("expr",),
    "UnaryExpr": ("expr",),
    "ValuePattern": ("expr",),
    "WhileStmt": ("expr", "body", "else_body"),
    "WithStmt": ("expr", "target", "body"),
    "YieldExpr": ("expr",),
    "YieldFromExpr": ("expr",),
}


def walk(file: MypyFile, wanted: Container[type[Node]] = _ANY) -> Iterator[tuple[Node, tuple[FuncItem, ...]]]:
    """Every statement and expression, parents first, with the functions around it, outermost first.

    A function's own node comes with the functions around it; its decorators and default values are not in it.

    Args:
        wanted: the classes of the nodes to yield; all if it is not given.
    """
    pending: list[tuple[Node, tuple[FuncItem, ...]]] = [(file, ())]
    pop, push = pending.pop, pending.append
    while pending:
        node, around = pop()
        kind = type(node)
        if kind in wanted:
            yield node, around
        names = _CHILDREN.get(kind.__name__, ())
        if not names:
            continue
        inside = (*around, node) if isinstance(node, FuncItem) else around
        start = len(pending)
        for name in names:
            child = getattr(node, name, None)
            if isinstance(child, Node):
                push((child, around if isinstance(child, Argument) else inside))
            elif child:
                for each in _nodes(child):
                    push((each, around if isinstance(each, Argument) else inside))
        pending[start:] = reversed(pending[start:])


def children_of(node: Node) -> Iterator[Node]:
    """The nodes directly below one."""
    for name in _CHILDREN.get(type(node).__name__, ()):
        yield from _nodes(getattr(node, name, None))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _nodes(item)
