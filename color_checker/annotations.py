"""Turns annotations and decorators, as written, into dotted names."""

from __future__ import annotations

import ast

from color_checker.facts import TypeExpr

_UNKNOWN = TypeExpr("")

#: A quoted annotation longer than this is a document, not a type.
_LONGEST_QUOTED = 500


def dotted_name(node: ast.expr | None) -> str:
    """`a.b.c` for such an expression, also behind a call or a subscript; "" for any other."""
    parts: list[str] = []
    while True:
        match node:
            case ast.Attribute(value=value, attr=attr):
                parts.append(attr)
                node = value
            case ast.Name(id=name):
                parts.append(name)
                return ".".join(reversed(parts))
            case ast.Call(func=func):
                node = func
            case ast.Subscript(value=value):
                node = value
            case _:
                return ""


def type_expr(node: ast.expr | None) -> TypeExpr:
    """The type that an annotation names; quoted parts are parsed."""
    match node:
        case ast.Name() | ast.Attribute():
            return TypeExpr(dotted_name(node))
        case ast.Subscript(value=value, slice=inner):
            return _subscript(type_expr(value).name, inner)
        case ast.BinOp(op=ast.BitOr()):
            return _union(node)
        case ast.Constant(value=None):
            return TypeExpr("None")
        case ast.Constant(value=str(text)) if len(text) <= _LONGEST_QUOTED:
            return _quoted(text)
        case ast.List(elts=elements):
            return TypeExpr("[]", tuple(type_expr(element) for element in elements))
    return _UNKNOWN


def _subscript(name: str, inner: ast.expr) -> TypeExpr:
    if name.rpartition(".")[2] in ("Literal", "LiteralString"):
        return TypeExpr(name)
    elements = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    return TypeExpr(name, tuple(type_expr(element) for element in elements))


def _union(node: ast.BinOp) -> TypeExpr:
    members: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.BitOr):
        members.append(left.right)
        left = left.left
    members.append(left)
    return TypeExpr("|", tuple(type_expr(member) for member in reversed(members)))


def _quoted(text: str) -> TypeExpr:
    try:
        return type_expr(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _UNKNOWN
