"""What mypy knows of the expressions in a module, in the words of the analyzer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    AwaitExpr,
    CallExpr,
    ComparisonExpr,
    Decorator,
    Expression,
    ForStmt,
    FuncDef,
    GeneratorExpr,
    IndexExpr,
    ListExpr,
    MemberExpr,
    MypyFile,
    Node,
    OpExpr,
    OverloadedFuncDef,
    RefExpr,
    StarExpr,
    SuperExpr,
    TupleExpr,
    TypeInfo,
    UnaryExpr,
    WithStmt,
)
from mypy.types import (
    CallableType,
    Instance,
    LiteralType,
    NoneType,
    Overloaded,
    ProperType,
    TupleType,
    TypedDictType,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from color_checker.places import Kind, Known, Spot
from mypy_plugin.walk import walk

#: The type of an expression; None if mypy has none.
TypeOf = Callable[[Expression], ProperType | None]

_SETS = frozenset({"builtins.set", "builtins.frozenset"})

#: Instances of these may be, or may call, anything.
_OPAQUE = frozenset({"builtins.object", "builtins.function", "builtins.type", "types.ModuleType"})
_OPAQUE_MODULES = frozenset({"functools", "types", "mypy_plugin", "_typeshed"})

_BOOLEAN = frozenset({"and", "or", "not"})


class _Use:
    """An expression and what is done with it."""

    __slots__ = ("expression", "kind", "part", "place")

    def __init__(self, kind: Kind, expression: Expression, place: Node, part: str = "") -> None:
        self.kind = kind
        self.expression = expression
        self.place = place
        self.part = part


def types_at(
    spots: Collection[Spot] | None, file: MypyFile, type_of: TypeOf, lines: Sequence[bytes] | None
) -> dict[Spot, tuple[Known, ...]]:
    """What is known of these places, or of all (None), inside of functions; without those it is not known of.

    `lines`: of the file, if it has other characters than those of ASCII: mypy counts bytes.
    """
    reader = _Reader()
    wanted = None if spots is None else frozenset(spots)
    on_lines = frozenset(spot.line for spot in spots or ())
    result: dict[Spot, tuple[Known, ...]] = {}
    for node, around in walk(file):
        if around and type(node) in _USES:
            for use in _USES[type(node)](node):
                if wanted is None or use.place.line in on_lines:
                    spot = _spot(use, lines)
                    if (wanted is None or spot in wanted) and (known := reader.known(use, type_of)):
                        result[spot] = known
    return result


def _spot(use: _Use, lines: Sequence[bytes] | None) -> Spot:
    place = use.place
    line, end_line = place.line, place.end_line or place.line
    column, end_column = place.column, place.end_column or place.column
    if lines is not None:
        column, end_column = _characters(lines, line, column), _characters(lines, end_line, end_column)
    return Spot(use.kind, line, column + 1, end_line, end_column + 1, use.part)


def _characters(lines: Sequence[bytes], line: int, offset: int) -> int:
    if line > len(lines):
        return offset
    return len(lines[line - 1][:offset].decode("utf-8", "replace"))


# -- which expressions ----------------------------------------------------------------------------


def _member(node: MemberExpr) -> Iterator[_Use]:
    if not (isinstance(node.expr, RefExpr) and isinstance(node.expr.node, MypyFile)):
        yield _Use("receiver", node.expr, node)


def _call(node: CallExpr) -> Iterator[_Use]:
    if not isinstance(node.callee, SuperExpr):
        yield _Use("callee", node.callee, node)
    position = 0
    for argument, kind, name in zip(node.args, node.arg_kinds, node.arg_names, strict=True):
        if kind is ARG_POS:
            yield _Use("argument", argument, node, str(position))
            position += 1
        elif kind is ARG_NAMED and name is not None:
            yield _Use("argument", argument, node, name)


def _display(node: ListExpr | TupleExpr) -> Iterator[_Use]:
    stars = (item for item in node.items if isinstance(item, StarExpr))
    for index, star in enumerate(stars):
        yield _Use("spread", star.expr, node, str(index))


def _operator(node: OpExpr) -> Iterator[_Use]:
    if node.op not in _BOOLEAN:
        yield _Use("left", node.left, node)
        yield _Use("right", node.right, node)


def _comparison(node: ComparisonExpr) -> Iterator[_Use]:
    if len(node.operands) == 2 and not node.operators[0].startswith("is"):
        left, right = node.operands
        if node.operators[0] in ("in", "not in"):
            left, right = right, left
        yield _Use("left", left, node)
        yield _Use("right", right, node)


_USES: dict[type[Node], Callable[..., Iterator[_Use]]] = {
    AwaitExpr: lambda node: iter((_Use("awaited", node.expr, node),)),
    CallExpr: _call,
    ComparisonExpr: _comparison,
    ForStmt: lambda node: iter((_Use("iterated", node.expr, node.expr),)),
    GeneratorExpr: lambda node: (_Use("iterated", sequence, sequence) for sequence in node.sequences),
    IndexExpr: lambda node: iter((_Use("subscripted", node.base, node),)),
    ListExpr: _display,
    MemberExpr: _member,
    OpExpr: _operator,
    TupleExpr: _display,
    UnaryExpr: lambda node: iter((_Use("left", node.expr, node),)),
    WithStmt: lambda node: (_Use("entered", manager, manager) for manager in node.expr),
}


# -- what they are --------------------------------------------------------------------------------


class _Reader:
    """Reads types; remembers what it has said of a class."""

    def __init__(self) -> None:
        self._instances: dict[TypeInfo, Known | None] = {}

    def known(self, use: _Use, type_of: TypeOf) -> tuple[Known, ...]:
        """What an expression is; nothing if it may be anything else, too."""
        if use.kind == "callee":
            return self._callee(use.expression, type_of)
        found = type_of(use.expression)
        return (found is not None and self._known(found)) or ()

    def _callee(self, callee: Expression, type_of: TypeOf) -> tuple[Known, ...]:
        if isinstance(callee, RefExpr) and isinstance(callee.node, FuncDef | Decorator | OverloadedFuncDef):
            of_module = not isinstance(callee, MemberExpr) or isinstance(_node(callee.expr), MypyFile)
            named = of_module and "." in callee.fullname
            return (Known(callee.fullname, "function"),) if named else ()
        found = type_of(callee)
        known = (found is not None and self._known(found)) or ()
        if isinstance(callee, MemberExpr) and any(one.what == "class" for one in known):
            # A class that is read from an object is looked up there.
            return ()
        return known if all(one.what == "class" or _may_be_called(one) for one in known) else ()

    def _known(self, found: ProperType) -> tuple[Known, ...] | None:
        """None if it is not known what the type's values are."""
        match found:
            case NoneType():
                return ()
            case Instance(type=info):
                return self._instance(found, info)
            case UnionType(items=items):
                members = [self._known(get_proper_type(item)) for item in items]
                everything = [one for member in members if member is not None for one in member]
                return tuple(dict.fromkeys(everything)) if None not in members else None
            case TupleType():
                return self._known(found.partial_fallback)
            case TypedDictType() | LiteralType():
                return self._known(found.fallback)
            case TypeVarType(values=[], upper_bound=bound):
                return self._known(get_proper_type(bound))
            case TypeType(item=Instance(type=info)):
                return (Known(info.fullname, "class"),)
            case CallableType() if found.is_type_obj():
                return (Known(found.type_object().fullname, "class"),)
            case Overloaded() if found.is_type_obj():
                return (Known(found.type_object().fullname, "class"),)
        return None

    def _instance(self, found: Instance, info: TypeInfo) -> tuple[Known, ...] | None:
        if info.fullname in _SETS:
            elements = self._known(get_proper_type(found.args[0])) if found.args else None
            return (Known(info.fullname, elements=elements or ()),)
        if info not in self._instances:
            self._instances[info] = _describe(info)
        known = self._instances[info]
        return (known,) if known is not None else None


def _describe(info: TypeInfo) -> Known | None:
    name = info.fullname
    if name in _OPAQUE or name.partition(".")[0] in _OPAQUE_MODULES:
        return None
    bases = tuple(base.fullname for base in info.mro[1:] if base.fullname != "builtins.object")
    return Known(name, protocol=info.is_protocol, bases=bases)


def _may_be_called(known: Known) -> bool:
    return known.name.partition(".")[0] not in ("builtins", "typing", "collections")


def _node(expression: Expression) -> object:
    return expression.node if isinstance(expression, RefExpr) else None
