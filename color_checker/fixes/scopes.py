"""Which names a piece of code binds and reads, function by function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from functools import lru_cache
from typing import TypeVar

import libcst as cst

from color_checker.fixes.code import Code, Function, children, walk

N = TypeVar("N", bound=cst.CSTNode)

COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


@lru_cache(maxsize=2048)
def bound(node: cst.CSTNode) -> frozenset[str]:
    """The names that running the node binds in the scope that it stands in."""
    return frozenset(name for inner in own(node) for name in bindings(inner))


@lru_cache(maxsize=256)
def binders(function: Function) -> dict[str, list[cst.CSTNode]]:
    """The nodes that run in the function and bind a name themselves, by name."""
    return _by_name(own(function.body), bindings)


@lru_cache(maxsize=256)
def declarations(function: Function) -> dict[str, list[cst.AnnAssign]]:
    """The annotations of the function's variables, by name."""
    found = (node for node in own(function.body) if isinstance(node, cst.AnnAssign))
    return _by_name(found, lambda node: names_in(node.target))


@lru_cache(maxsize=256)
def givers(function: Function) -> dict[str, list[cst.CSTNode]]:
    """The nodes in the function, also in functions inside, that give something to a name, by name."""
    return _by_name(walk(function.body), _given)


def _by_name(nodes: Iterable[N], names: Callable[[N], Iterable[str]]) -> dict[str, list[N]]:
    found: dict[str, list[N]] = {}
    for node in nodes:
        for name in set(names(node)):
            found.setdefault(name, []).append(node)
    return found


def _given(node: cst.CSTNode) -> Iterator[str]:
    match node:
        case cst.Assign():
            for target in node.targets:
                yield from names_in(target.target)
        case cst.AnnAssign() | cst.NamedExpr() | cst.For() | cst.CompFor():
            yield from names_in(node.target)
        case cst.WithItem(asname=cst.AsName() as alias) | cst.ExceptHandler(name=cst.AsName() as alias):
            yield from names_in(alias.name)
        case cst.FunctionDef() | cst.ClassDef():
            yield node.name.value
        case cst.ImportAlias():
            yield from (inner.value for inner in walk(node) if isinstance(inner, cst.Name))


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters."""
    return [node.name.value for node in parameter_nodes(function)]


def parameter_nodes(function: Function) -> list[cst.Param]:
    """A function's parameters."""
    params = function.params
    stars = [star for star in (params.star_arg, params.star_kwarg) if isinstance(star, cst.Param)]
    return [*params.posonly_params, *params.params, *params.kwonly_params, *stars]


@lru_cache(maxsize=2048)
def locals_of(function: Function) -> frozenset[str]:
    """The names that are local to the function."""
    names = set(parameters(function)) | bound(function.body)
    for node in own(function.body):
        if isinstance(node, cst.Global | cst.Nonlocal):
            names -= {item.name.value for item in node.names}
    return frozenset(names)


@lru_cache(maxsize=2048)
def reads(node: cst.CSTNode) -> frozenset[str]:
    """The names that the node reads from around it, those of functions inside included."""
    return frozenset(_reads(node))


def own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes that run in the scope that `node` stands in, in source order.

    Of functions and classes inside: decorators, defaults and bases; their own node comes, too.
    """
    yield node
    if isinstance(node, cst.FunctionDef):
        for part in (*node.decorators, *_defaults(node)):
            yield from own(part)
    elif isinstance(node, cst.ClassDef):
        for part in (*node.decorators, *node.bases, *node.keywords):
            yield from own(part)
    elif isinstance(node, cst.Lambda):
        for part in _defaults(node):
            yield from own(part)
    else:
        for child in children(node):
            yield from own(child)


def is_global(code: Code, node: cst.CSTNode, name: str) -> bool:
    """Whether `name`, read at the node, is the module's."""
    return not any(name in names for names in _scopes_around(code, node))


def _scopes_around(code: Code, node: cst.CSTNode) -> Iterator[Set[str]]:
    below = node
    direct = True  # a class body hides its names from functions inside
    for outer in code.around(node):
        if isinstance(outer, Function) and below is outer.body:
            yield locals_of(outer)
            direct = False
        elif isinstance(outer, cst.ClassDef) and below is outer.body and direct:
            yield bound(outer.body)
        elif isinstance(outer, COMPREHENSIONS):
            yield set(targets(outer.for_in))
        below = outer


def bindings(node: cst.CSTNode) -> Iterator[str]:
    """The names that the node itself binds."""
    match node:
        case cst.FunctionDef() | cst.ClassDef():
            yield node.name.value
        case cst.AssignTarget():
            yield from names_in(node.target)
        case cst.AnnAssign() if node.value is not None:
            yield from names_in(node.target)
        case cst.AugAssign() | cst.For() | cst.NamedExpr():
            yield from names_in(node.target)
        case cst.AsName():
            yield from names_in(node.name)
        case cst.ImportAlias() if node.asname is None:
            yield _first_name(node.name)
        case cst.MatchAs() if node.name is not None:
            yield node.name.value
        case cst.MatchStar() if node.name is not None:
            yield node.name.value
        case cst.MatchMapping() if node.rest is not None:
            yield node.rest.value
        case cst.Del():
            yield from names_in(node.target)


def names_in(target: cst.CSTNode) -> Iterator[str]:
    """The names that an assignment to the target binds."""
    match target:
        case cst.Name():
            yield target.value
        case cst.Tuple() | cst.List():
            for element in target.elements:
                yield from names_in(element.value)
        case cst.StarredElement():
            yield from names_in(target.value)


def _first_name(node: cst.Name | cst.Attribute) -> str:
    while isinstance(node, cst.Attribute):
        assert isinstance(node.value, cst.Name | cst.Attribute)
        node = node.value
    return node.value


def _defaults(function: Function) -> Iterator[cst.CSTNode]:
    for param in parameter_nodes(function):
        if param.default is not None:
            yield param.default
        if param.annotation is not None:
            yield param.annotation


def targets(clause: cst.CompFor) -> Iterator[str]:
    """The names that the loops of a comprehension bind."""
    yield from names_in(clause.target)
    if clause.inner_for_in is not None:
        yield from targets(clause.inner_for_in)


def _reads(node: cst.CSTNode) -> Iterator[str]:
    match node:
        case cst.Name():
            yield node.value
        case cst.Attribute():
            yield from _reads(node.value)
        case cst.Arg():
            yield from _reads(node.value)
        case cst.ImportFrom() | cst.Import() | cst.Global() | cst.Nonlocal():
            return
        case cst.AssignTarget() | cst.AnnAssign() | cst.For() | cst.NamedExpr() | cst.AsName():
            for child in children(node):
                if child is getattr(node, "target", None) or isinstance(node, cst.AsName):
                    yield from _read_in_target(child)
                else:
                    yield from _reads(child)
        case cst.FunctionDef():
            for part in (*node.decorators, *_defaults(node)):
                yield from _reads(part)
            if node.returns is not None:
                yield from _reads(node.returns)
            yield from reads(node.body) - locals_of(node)
        case cst.Lambda():
            for part in _defaults(node):
                yield from _reads(part)
            yield from reads(node.body) - locals_of(node)
        case cst.ClassDef():
            for part in (*node.decorators, *node.bases, *node.keywords):
                yield from _reads(part)
            yield from reads(node.body) - bound(node.body)
        case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
            found: set[str] = set()
            for child in children(node):
                found.update(_reads(child))
            yield from found - set(targets(node.for_in))
        case cst.CompFor():
            for child in children(node):
                if child is not node.target:
                    yield from _reads(child)
        case _:
            for child in children(node):
                yield from _reads(child)


def _read_in_target(target: cst.CSTNode) -> Iterator[str]:
    """What is read to assign to the target: of `a[i].b` both names, of `a` none."""
    match target:
        case cst.Name():
            return
        case cst.Tuple() | cst.List():
            for element in target.elements:
                yield from _read_in_target(element.value)
        case cst.StarredElement():
            yield from _read_in_target(target.value)
        case _:
            yield from _reads(target)
