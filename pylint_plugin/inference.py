"""What astroid infers of the expressions in a module, in the words of the analyzer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from astroid import bases, nodes
from astroid.util import UninferableBase

from color_checker.places import Kind, Known, Spot
from color_checker.sources import is_stdlib
from pylint_plugin.columns import Columns

#: Instances of these may be, or may call, anything.
_OPAQUE = frozenset({"builtins.object", "builtins.function", "builtins.type"})
_OPAQUE_MODULES = frozenset({"functools", "types", "_typeshed"})

_SETS = frozenset({"builtins.set", "builtins.frozenset"})

#: Of these nothing can be said that would help.
_UNKNOWN = (UninferableBase, nodes.Module, bases.Generator, bases.AsyncGenerator)


class _Use(NamedTuple):
    """An expression and what is done with it, in `place`."""

    kind: Kind
    expression: nodes.NodeNG
    place: nodes.NodeNG
    part: str = ""


def inferred(module: nodes.Module, spots: Collection[Spot]) -> dict[Spot, tuple[Known, ...]]:
    """What is known of those of the expressions of which astroid knows all that they may be."""
    wanted = set(spots)
    columns = Columns(module)
    result: dict[Spot, tuple[Known, ...]] = {}
    for use in _uses(module):
        spot = _spot(use, columns)
        if spot in wanted and spot not in result:
            known = _known(use)
            if known:
                result[spot] = known
    return result


# -- which expressions -------------------------------------------------------------------------------


def _uses(module: nodes.Module) -> Iterator[_Use]:
    todo: list[nodes.NodeNG] = [module]
    while todo:
        node = todo.pop()
        todo.extend(node.get_children())
        find = _USES.get(type(node))
        if find is not None:
            yield from find(node)


def _call(node: nodes.Call) -> Iterator[_Use]:
    yield _Use("callee", node.func, node)
    positional = (argument for argument in node.args if not isinstance(argument, nodes.Starred))
    for index, argument in enumerate(positional):
        yield _Use("argument", argument, node, str(index))
    for keyword in node.keywords:
        if keyword.arg is not None:
            yield _Use("argument", keyword.value, node, keyword.arg)


def _display(node: nodes.List | nodes.Tuple) -> Iterator[_Use]:
    stars = (item for item in node.elts if isinstance(item, nodes.Starred))
    for index, star in enumerate(stars):
        yield _Use("spread", star.value, node, str(index))


def _comparison(node: nodes.Compare) -> Iterator[_Use]:
    if len(node.ops) == 1 and not node.ops[0][0].startswith("is"):
        operator, right = node.ops[0]
        left = node.left
        if operator in ("in", "not in"):
            left, right = right, left
        yield _Use("left", left, node)
        yield _Use("right", right, node)


def _operator(node: nodes.BinOp) -> Iterator[_Use]:
    yield _Use("left", node.left, node)
    yield _Use("right", node.right, node)


def _with(node: nodes.With) -> Iterator[_Use]:
    for manager, _ in node.items:
        yield _Use("entered", manager, manager)


_USES: dict[type[nodes.NodeNG], Callable[..., Iterable[_Use]]] = {
    nodes.AssignAttr: lambda node: (_Use("receiver", node.expr, node),),
    nodes.AsyncFor: lambda node: (_Use("iterated", node.iter, node.iter),),
    nodes.AsyncWith: _with,
    nodes.Attribute: lambda node: (_Use("receiver", node.expr, node),),
    nodes.Await: lambda node: (_Use("awaited", node.value, node),),
    nodes.BinOp: _operator,
    nodes.Call: _call,
    nodes.Compare: _comparison,
    nodes.Comprehension: lambda node: (_Use("iterated", node.iter, node.iter),),
    nodes.For: lambda node: (_Use("iterated", node.iter, node.iter),),
    nodes.List: _display,
    nodes.Subscript: lambda node: (_Use("subscripted", node.value, node),),
    nodes.Tuple: _display,
    nodes.UnaryOp: lambda node: (_Use("left", node.operand, node),),
    nodes.With: _with,
}


def _spot(use: _Use, columns: Columns) -> Spot | None:
    place = use.place
    if place.lineno is None or place.end_lineno is None:
        return None
    column = columns.characters(place.lineno, place.col_offset or 0)
    end_column = columns.characters(place.end_lineno, place.end_col_offset or 0)
    return Spot(use.kind, place.lineno, column + 1, place.end_lineno, end_column + 1, use.part)


# -- what they are -----------------------------------------------------------------------------------


def _known(use: _Use) -> tuple[Known, ...]:
    """What an expression is; nothing if it may be anything else, too."""
    return _all(use.expression, use.kind) or ()


def _all(expression: nodes.NodeNG, kind: Kind) -> tuple[Known, ...] | None:
    """All that an expression may be; None if it may be anything."""
    try:
        members = [_describe(value, kind) for value in expression.infer()]
    except Exception:  # noqa: BLE001 - on odd code astroid raises what it likes, and then it does not know
        return None
    everything = [one for member in members if member is not None for one in member]
    return tuple(dict.fromkeys(everything)) if None not in members else None


def _describe(value: object, kind: Kind) -> tuple[Known, ...] | None:
    """None if it is not known what it is."""
    if isinstance(value, _UNKNOWN):
        return None
    if isinstance(value, nodes.FunctionDef | bases.UnboundMethod):
        return _function(value) if kind == "callee" else None
    if isinstance(value, nodes.ClassDef):
        return None if _is_made_up(value) else (Known(_name(value), "class"),)
    if isinstance(value, nodes.Const) and value.value is None:
        return ()
    cls = _class_of(value)
    if cls is None or _is_made_up(cls):
        return None
    known = _instance(cls, value)
    if kind == "callee" and known is not None and known.name.partition(".")[0] in ("builtins", "typing"):
        return None
    return (known,) if known is not None else None


def _function(value: nodes.FunctionDef | bases.UnboundMethod) -> tuple[Known, ...] | None:
    """A function or method by its name; None if the name does not say enough."""
    function = value
    while isinstance(function, bases.UnboundMethod):  # a bound one is around an unbound one
        function = function._proxied
    # Others are astroid's own, such as what `functools.partial` makes.
    if type(function) not in (nodes.FunctionDef, nodes.AsyncFunctionDef):
        return None
    if not isinstance(function.parent, nodes.Module | nodes.ClassDef):
        return None
    if isinstance(value, bases.BoundMethod) and not is_stdlib(function.root().name):
        return None  # what it is bound to would be lost
    return (Known(_name(function), "function"),)


def _class_of(value: object) -> nodes.ClassDef | None:
    cls = getattr(value, "_proxied", None)
    is_instance = isinstance(value, bases.Instance | nodes.Const | nodes.BaseContainer | nodes.Dict)
    return cls if is_instance and isinstance(cls, nodes.ClassDef) else None


def _is_made_up(cls: nodes.ClassDef) -> bool:
    """Whether it stands nowhere in the source: astroid makes classes for what `type()` and others make."""
    module = cls.root()
    return module.name.startswith("__astroid") or (module.pure_python and not cls.lineno)


def _instance(cls: nodes.ClassDef, value: object) -> Known | None:
    name = _name(cls)
    if name in _OPAQUE or name.partition(".")[0] in _OPAQUE_MODULES:
        return None
    if name in _SETS:
        return Known(name, elements=_elements(value))
    ancestors = (_name(ancestor) for ancestor in cls.mro()[1:])
    is_protocol = any(base.rpartition(".")[2] == "Protocol" for base in cls.basenames)
    return Known(name, bases=tuple(base for base in ancestors if base not in _OPAQUE), protocol=is_protocol)


def _elements(value: object) -> tuple[Known, ...]:
    """What is in a set; nothing if that is not known of all of it."""
    items = value.elts if isinstance(value, nodes.BaseContainer) else []
    members = [_all(item, "iterated") for item in items]
    everything = [one for member in members if member is not None for one in member]
    return tuple(dict.fromkeys(everything)) if None not in members else ()


def _name(node: nodes.ClassDef | nodes.FunctionDef) -> str:
    """Where it is defined; a class inside of a function is `module.Name@line`."""
    names = [node.name]
    scope = node.parent
    while scope is not None and not isinstance(scope, nodes.Module):
        if isinstance(scope, nodes.FunctionDef | nodes.Lambda):
            return f"{node.root().name}.{node.name}@{node.lineno}"
        if isinstance(scope, nodes.ClassDef):
            names.append(scope.name)
        scope = scope.parent
    return ".".join((node.root().name, *reversed(names)))
