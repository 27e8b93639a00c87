"""Walks the syntax tree that mypy has of a module.

Plugins cannot inherit from mypy's own visitors, which are compiled.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from mypy.nodes import (
    Argument,
    BytesExpr,
    EllipsisExpr,
    FloatExpr,
    FuncItem,
    IntExpr,
    MypyFile,
    NameExpr,
    Node,
    PassStmt,
    StrExpr,
)


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


#: Most nodes are of these, and have nothing below them.
_LEAVES = frozenset({BytesExpr, EllipsisExpr, FloatExpr, IntExpr, NameExpr, PassStmt, StrExpr})

#: The same as `_CHILDREN`, last child first, for the classes that were met.
_KNOWN: dict[type[Node], tuple[str, ...]] = {}


def walk(file: MypyFile, wanted: Container[type[Node]] = _ANY) -> Iterator[tuple[Node, tuple[FuncItem, ...]]]:
    """Every statement and expression, parents first, with the functions around it, outermost first.

    A function's own node comes with the functions around it; its decorators and default values are not in it.

    Args:
        wanted: the classes of the nodes to yield; all if it is not given.
    """
    passed = frozenset(kind for kind in _LEAVES if kind not in wanted)
    pending: list[tuple[Node, tuple[FuncItem, ...]]] = [(file, ())]
    pop, push = pending.pop, pending.append
    while pending:
        node, around = pop()
        kind = type(node)
        if kind in wanted:
            yield node, around
        inside = (*around, node) if isinstance(node, FuncItem) else around
        for name in _KNOWN[kind] if kind in _KNOWN else _names_of(kind):
            child = getattr(node, name, None)
            if type(child) is list or type(child) is tuple:
                for each in reversed(child):
                    if type(each) in passed:
                        continue
                    if isinstance(each, Node):
                        push((each, around if isinstance(each, Argument) else inside))
                    elif each is not None:
                        pending.extend([(one, inside) for one in _nodes(each)][::-1])
            elif child is not None and type(child) not in passed and isinstance(child, Node):
                push((child, inside))


def _names_of(kind: type[Node]) -> tuple[str, ...]:
    names = _KNOWN[kind] = _CHILDREN.get(kind.__name__, ())[::-1]
    return names


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
