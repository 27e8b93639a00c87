"""Finds the piece of a workflow around an effect that can become a step of its own.

It begins with the expression that has the effect and grows until all that goes in and comes out is data:
over the expressions around it, then over statements before and after it, then over the blocks around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import libcst as cst
import msgspec

from color_checker.engines.rewriting import Extraction
from color_checker.fixes.code import Code, Function, children, dotted, walk
from color_checker.fixes.hints import Hints
from color_checker.fixes.scopes import (
    COMPREHENSIONS,
    binders,
    bindings,
    bound,
    locals_of,
    own,
    parameter_nodes,
    reads,
    targets,
)
from color_checker.fixes.storing import Storing
from color_checker.fixes.templates import may_await, may_yield, waits

_SCOPES = (cst.FunctionDef, cst.Lambda, cst.ClassDef)

#: Growing ends after so many steps.
_MOST_STEPS = 60


class Region(msgspec.Struct, frozen=True):
    """An expression, or statements that follow each other in one block.

    Attributes:
        inputs: the names of variables that it reads.
        outputs: the names of variables that it binds and others read.
        attributes: of `self`, that it reads.
        waits: it awaits something.
        returns: it ends with the function's `return`.
    """

    nodes: tuple[cst.CSTNode, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    waits: bool = False
    returns: bool = False

    @property
    def expression(self) -> cst.BaseExpression | None:
        """The expression that it is; None if it consists of statements."""
        first = self.nodes[0]
        return first if isinstance(first, cst.BaseExpression) else None


class _Grow(msgspec.Struct, frozen=True):
    """What to look at next; None if there is nothing."""

    nodes: tuple[cst.CSTNode, ...] | None


class Search:
    """Looks for a region in one function."""

    def __init__(
        self, code: Code, storing: Storing, hints: Hints, extraction: Extraction,
        spans: Sequence[tuple[int, int]], context: str | None = None,
    ) -> None:  # fmt: skip
        """`spans` are calls of the engine: they cannot be in a step, nor can its `context`."""
        self.code = code
        self.storing = storing
        self.hints = hints
        self.extraction = extraction
        self.spans = spans
        self.context = context
        self._origin: cst.CSTNode = code.module

    def around(self, node: cst.CSTNode) -> Region | None:
        """The smallest region around the node that can become a step."""
        self._origin = node
        nodes: tuple[cst.CSTNode, ...] | None = (node,)
        for _ in range(_MOST_STEPS):
            if nodes is None:
                return None
            if not isinstance(nodes[0], cst.BaseExpression | cst.BaseStatement):
                nodes = self._outer(nodes[0])
                continue
            found = self._look(nodes)
            if isinstance(found, Region):
                return found
            nodes = found.nodes
        return None

    # -- one candidate --------------------------------------------------------------------------

    def _look(self, nodes: tuple[cst.CSTNode, ...]) -> Region | _Grow:
        first = nodes[0]
        function = self.code.function(first)
        if not isinstance(function, cst.FunctionDef):
            return self._climb(first) if len(nodes) == 1 else _Grow(None)
        if self._is_engines(nodes):
            return _Grow(None)
        if isinstance(first, cst.BaseExpression):
            return self._expression(first, function)
        return self._statements(nodes, function)

    def _expression(self, node: cst.BaseExpression, function: cst.FunctionDef) -> Region | _Grow:
        parent = self.code.parent(node)
        outer = _Grow(self._outer(node))
        if isinstance(
            parent, cst.Expr | cst.FormattedStringExpression | cst.NameItem | cst.Decorator
        ) or self._is_target(node):
            return outer
        if not self._can_call(node) or isinstance(node, cst.Yield | cst.GeneratorExp | cst.Lambda):
            return outer
        if bound(node) or not self.storing.is_data(node) or is_caught(self.code, node, self.extraction):
            return outer
        if self.extraction.typed and not (self.hints.plain.is_data(node) or self.hints.result(node)):
            return outer
        awaits = _awaits(node)
        if awaits and not self._may_wait:
            return _Grow(None)
        inputs = self._inputs((node,), function)
        if self._is_changed(inputs, (node,), function):
            return outer
        if not self.extraction.nested:
            names, attributes = self._through_self(inputs, (node,), function)
            if names is None or not all(self._is_stored(name, node) for name in names):
                return outer
            return Region((node,), names, (), attributes, awaits)
        return Region((node,), (), (), (), awaits)

    def _statements(self, nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef) -> Region | _Grow:
        climbed = self._climb(nodes[0])
        if not self._is_in_block(nodes[0]) or not self._can_call(nodes[0]):
            return climbed
        if is_caught(self.code, nodes[0], self.extraction):
            return climbed
        if self.extraction.fails == "same" and any(map(self.storing.cannot_be_raised, _raised(nodes))):
            return climbed
        returns = _always_returns(nodes[-1])
        jump = _leaves(nodes, may_return=returns)
        if jump == "return" or not all(self.storing.is_data(value) for value in _returned(nodes)):
            return _Grow(None)
        if jump:
            return climbed
        awaits = any(_awaits(node) for node in nodes)
        if awaits and not self._may_wait:
            return _Grow(None)
        made = set().union(*(bound(node) for node in nodes))
        if made - locals_of(function):
            return _Grow(None)
        read = (name for name in _in_order(nodes, made) if self._is_read_outside(name, nodes, function))
        outputs = () if returns else tuple(read)
        for name in outputs:
            if not self._is_stored(name, nodes[0]):
                return self._with_readers(name, nodes) or climbed
        unsure = {name for name in outputs if not any(name in _surely_bound(node) for node in nodes)}
        if not all(self._is_bound_before(name, nodes[0], function) for name in unsure):
            return climbed
        inputs = tuple(_in_order(nodes, {*self._inputs(nodes, function), *unsure}))
        if self._is_changed(inputs, nodes, function):
            return climbed
        if self.extraction.nested:
            again = tuple(name for name in inputs if name in made)
            if not all(self._is_bound_before(name, nodes[0], function) for name in again):
                return climbed
            return Region(nodes, again, outputs, (), awaits, returns)
        names, attributes = self._through_self(inputs, nodes, function)
        if names is None:
            return climbed
        for name in names:
            if not self._is_stored(name, nodes[0]):
                return self._with_binding(name, nodes) or climbed
            if not self._is_bound_before(name, nodes[0], function):
                return climbed
        return Region(nodes, names, outputs, attributes, awaits, returns)

    @property
    def _may_wait(self) -> bool:
        if self.extraction.nested:
            return bool(self.extraction.call_async)
        return self.extraction.step != "sync"

    def _can_call(self, node: cst.CSTNode) -> bool:
        """Whether the engine's call can stand in the place of the node."""
        word = waits(self.extraction.call.replace("$", ""))
        if word == "await":
            return may_await(self.code, node)
        if word == "yield":
            return may_yield(self.code, node)
        return isinstance(self.code.function(node), cst.FunctionDef)

    def _is_engines(self, nodes: tuple[cst.CSTNode, ...]) -> bool:
        if self.context is not None and any(self.context in reads(node) for node in nodes):
            return True
        start, end = self.code.span(nodes[0])[0], self.code.span(nodes[-1])[1]
        return any(start <= first and last <= end for first, last in self.spans)

    def _is_target(self, node: cst.BaseExpression) -> bool:
        """Whether something is assigned to the expression, or it is deleted."""
        below: cst.CSTNode = node
        for outer in self.code.around(node):
            if isinstance(outer, cst.AssignTarget | cst.Del):
                return True
            if isinstance(outer, cst.AugAssign | cst.AnnAssign | cst.For | cst.CompFor | cst.NamedExpr):
                return below is outer.target
            if isinstance(outer, cst.BaseStatement):
                return False
            below = outer
        return False

    def _is_in_block(self, node: cst.CSTNode) -> bool:
        return isinstance(self.code.parent(node), cst.IndentedBlock)

    # -- names ----------------------------------------------------------------------------------

    def _inputs(self, nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef) -> tuple[str, ...]:
        """The variables of functions around that the nodes read before they bind them."""
        known: set[str] = set()
        scope: Function | None = function
        while scope is not None:
            known |= locals_of(scope)
            scope = self.code.function(scope)
        for outer in self.code.around(nodes[0]):
            if outer is function:
                break
            if isinstance(outer, COMPREHENSIONS):
                known |= set(targets(outer.for_in))
        needed: set[str] = set()
        made: set[str] = set()
        for node in nodes:
            needed |= reads(node) - made
            made |= _surely_bound(node)
        inside = set().union(*(bound(node) for node in nodes))
        outside = {
            name
            for name in needed & known
            if name not in inside or self._is_bound_outside(name, nodes, function)
        }
        return tuple(_in_order(nodes, outside))

    def _is_bound_outside(self, name: str, nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef) -> bool:
        if any(param.name.value == name for param in parameter_nodes(function)):
            return True
        inside = {id(node) for top in nodes for node in walk(top)}
        return any(id(node) not in inside for node in binders(function).get(name, ()))

    def _is_stored(self, name: str, node: cst.CSTNode) -> bool:
        if not self._holds_data(name, node, self.storing):
            return False
        is_plain = not self.extraction.typed or self._holds_data(name, node, self.hints.plain)
        return is_plain or bool(self.hints.variable(name, node))

    def _holds_data(self, name: str, node: cst.CSTNode, storing: Storing) -> bool:
        for outer in self.code.around(node):
            if isinstance(outer, COMPREHENSIONS) and name in targets(outer.for_in):
                return storing.is_taken(name, outer.for_in)
            if isinstance(outer, Function) and name in locals_of(outer):
                return storing.is_stored(name, outer)
        return True

    def _is_read_outside(self, name: str, nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef) -> bool:
        return any(name in reads(part) for part in self._rest(nodes, function))

    def _rest(self, nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef) -> Iterator[cst.CSTNode]:
        """The statements, and heads of statements, of the function that are not in the region."""
        pending: list[cst.CSTNode] = [function.body]
        path = {id(outer) for outer in self.code.around(nodes[0])}
        inside = {id(node) for node in nodes}
        while pending:
            node = pending.pop()
            if id(node) in inside:
                continue
            if id(node) in path:
                pending += children(node)
            else:
                yield node

    def _is_bound_before(self, name: str, node: cst.CSTNode, function: cst.FunctionDef) -> bool:
        """Whether the variable surely has a value when the node begins."""
        below = node
        for outer in self.code.around(node):
            if isinstance(outer, Function):
                if any(param.name.value == name for param in parameter_nodes(outer)):
                    return True
                if name not in locals_of(outer):
                    below = outer
                    continue
            if isinstance(outer, cst.IndentedBlock):
                for statement in outer.body:
                    if statement is below:
                        break
                    if name in _surely_bound(statement):
                        return True
            elif name in _bound_at_its_head(outer):
                return True
            below = outer
        return False

    def _through_self(
        self, inputs: tuple[str, ...], nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef
    ) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """The inputs without `self`, and its attributes in its place; None where that is not possible."""
        first = self_name(self.code, function)
        if first not in inputs:
            return inputs, ()
        attributes: dict[str, None] = {}
        for top in nodes:
            for node in walk(top):
                if isinstance(node, cst.Name) and node.value == first:
                    parent = self.code.parent(node)
                    is_property = parent is self._origin  # reading it is the effect
                    if not isinstance(parent, cst.Attribute) or parent.value is not node or is_property:
                        return None, ()
                    around = self.code.parent(parent)
                    if self._is_target(parent) or (isinstance(around, cst.Call) and around.func is parent):
                        return None, ()
                    if not self.storing.is_data(parent):
                        return None, ()
                    attributes[parent.attr.value] = None
        names = set().union(*(reads(node) | bound(node) for node in nodes))
        if names & set(attributes):
            return None, ()
        return tuple(name for name in inputs if name != first), tuple(attributes)

    def _is_changed(
        self, names: tuple[str, ...], nodes: tuple[cst.CSTNode, ...], function: cst.FunctionDef
    ) -> bool:
        """Whether the region changes an object that others see: the step would change a copy."""
        changed = {name for node in nodes for name in _changed_in(node)} & set(names)
        in_loop = any(isinstance(outer, cst.For | cst.While) for outer in self.code.around(nodes[0]))
        return bool(changed) and (
            in_loop
            or self_name(self.code, function) in changed
            or any(self._is_read_outside(name, nodes, function) for name in changed)
            or any(self.storing.is_alias(name, function) for name in changed)
        )

    # -- growing --------------------------------------------------------------------------------

    def _outer(self, node: cst.CSTNode) -> tuple[cst.CSTNode, ...] | None:
        """The expression or statement around."""
        for outer in self.code.around(node):
            if isinstance(outer, cst.BaseExpression | cst.BaseStatement):
                return (outer,)
        return None

    def _climb(self, node: cst.CSTNode) -> _Grow:
        """The statement around the block, or expression around the function, that the node is in."""
        for outer in self.code.around(node):
            if isinstance(outer, cst.FunctionDef | cst.Lambda | cst.ClassDef):
                inner = self.code.function(outer)
                return _Grow((outer,) if inner is not None else None)
            if isinstance(outer, cst.BaseStatement) or (
                isinstance(outer, cst.BaseExpression) and isinstance(node, cst.BaseExpression)
            ):
                return _Grow((outer,))
        return _Grow(None)

    def _with_binding(self, name: str, nodes: tuple[cst.CSTNode, ...]) -> _Grow | None:
        """The same with the statements from the last one before on that binds the name."""
        block = self.code.parent(nodes[0])
        assert isinstance(block, cst.IndentedBlock)
        body: list[cst.CSTNode] = list(block.body)
        start = body.index(nodes[0])
        for index in range(start - 1, -1, -1):
            if name in bound(body[index]):
                return _Grow((*body[index:start], *nodes))
        return None

    def _with_readers(self, name: str, nodes: tuple[cst.CSTNode, ...]) -> _Grow | None:
        """The same with the statements up to the last one that reads the name."""
        block = self.code.parent(nodes[0])
        assert isinstance(block, cst.IndentedBlock)
        body: list[cst.CSTNode] = list(block.body)
        end = body.index(nodes[-1])
        last = max((i for i in range(end + 1, len(body)) if name in reads(body[i])), default=None)
        if last is None:
            return None
        return _Grow((*nodes, *body[end + 1 : last + 1]))


#: Exceptions by which engines steer workflows; what a step does raises others.
_CONTROL = frozenset({
    "CancelledError", "ContinueAsNew", "ContinueAsNewError", "GeneratorExit", "KeyboardInterrupt",
})  # fmt: skip


def is_caught(code: Code, node: cst.CSTNode, extraction: Extraction) -> bool:
    """Whether an exception handler around would not see what it sees now, if the node were a step."""
    if extraction.fails == "same":
        return False
    below = node
    for outer in code.around(node):
        if isinstance(outer, Function):
            break
        if isinstance(outer, cst.Try | cst.TryStar) and below is outer.body:
            waits_now = _awaits(outer.body)
            if not all(_sees_steps(handler.type, extraction, waits_now) for handler in outer.handlers):
                return True
        elif isinstance(outer, cst.With) and below is outer.body:
            calls = [item.item for item in outer.items if isinstance(item.item, cst.Call)]
            if any(dotted(call.func).rpartition(".")[2] == "suppress" for call in calls):
                return True
        below = outer
    return False


def _sees_steps(caught: cst.BaseExpression | None, extraction: Extraction, waits_now: bool) -> bool:
    """Whether an `except` clause is for what steps raise as much as for what functions do.

    One for the engine's own signals gets to see them once a step is called.
    """
    if caught is None:
        return False
    parts = [element.value for element in caught.elements] if isinstance(caught, cst.Tuple) else [caught]
    names = {dotted(part).rpartition(".")[2] for part in parts}
    others = names - _CONTROL
    return (waits_now or others == names) and (
        not others or (extraction.fails == "other" and others == {"Exception"})
    )


#: Methods by which lists, dicts, sets and their like are changed.
_CHANGING = frozenset({
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft",
    "remove", "reverse", "setdefault", "sort", "update",
})  # fmt: skip


def _changed_in(top: cst.CSTNode) -> Iterator[str]:
    """The variables in whose objects something is changed, as far as can be seen."""
    for node in walk(top):
        match node:
            case cst.Call(func=cst.Attribute() as method) if method.attr.value in _CHANGING:
                yield from _root(method.value)
            case cst.AssignTarget() | cst.AugAssign() | cst.AnnAssign() | cst.For():
                yield from _changed_target(node.target)
            case cst.Del():
                yield from _changed_target(node.target)


def _changed_target(target: cst.BaseExpression) -> Iterator[str]:
    match target:
        case cst.Attribute() | cst.Subscript():
            yield from _root(target.value)
        case cst.Tuple() | cst.List():
            for element in target.elements:
                yield from _changed_target(element.value)


def _root(node: cst.BaseExpression) -> Iterator[str]:
    while isinstance(node, cst.Attribute | cst.Subscript):
        node = node.value
    if isinstance(node, cst.Name):
        yield node.value


def _bound_by(node: cst.CSTNode) -> Set[str]:
    """What the node itself binds, without what is in it."""
    return set(bindings(node))


def _bound_at_its_head(node: cst.CSTNode) -> Set[str]:
    """What a loop or a `with` binds before its body runs."""
    if isinstance(node, cst.For):
        return _bound_by(node)
    return set().union(*(bound(item) for item in node.items)) if isinstance(node, cst.With) else set()


def _surely_bound(node: cst.CSTNode) -> Set[str]:
    """What a statement binds whatever happens, if it comes to its end."""
    match node:
        case cst.SimpleStatementLine() | cst.FunctionDef() | cst.ClassDef():
            return bound(node)
        case cst.With():
            inner = set().union(*(_surely_bound(line) for line in node.body.body))
            return inner | set().union(*(bound(item) for item in node.items))
        case cst.If() if node.orelse is not None:
            other = node.orelse.body if isinstance(node.orelse, cst.Else) else None
            second = (
                set().union(*(_surely_bound(line) for line in other.body))
                if other is not None
                else _surely_bound(node.orelse)
            )
            return set().union(*(_surely_bound(line) for line in node.body.body)) & second
        case cst.Try():
            found = _bound_in(node.body) | _bound_in(node.orelse)
            for handler in node.handlers:
                found = found if _never_ends(handler.body) else found & _bound_in(handler.body)
            return found | _bound_in(node.finalbody)
    return set()


def _bound_in(node: cst.Else | cst.Finally | cst.BaseSuite | None) -> Set[str]:
    """What a block binds whatever happens, if it comes to its end."""
    block = node.body if isinstance(node, cst.Else | cst.Finally) else node
    return set().union(*(_surely_bound(line) for line in block.body)) if block is not None else set()


def _returned(nodes: tuple[cst.CSTNode, ...]) -> Iterator[cst.BaseExpression]:
    """What the nodes return from the function that they stand in."""
    for top in nodes:
        for node in own(top):
            if isinstance(node, cst.Return) and node.value is not None:
                yield node.value


def _raised(nodes: tuple[cst.CSTNode, ...]) -> Iterator[cst.Raise]:
    """What the nodes raise, but for what they may handle themselves."""
    pending: list[cst.CSTNode] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, cst.Raise):
            yield node
        elif isinstance(node, cst.Try | cst.TryStar) and node.handlers:
            pending += (child for child in children(node) if child is not node.body)
        elif not isinstance(node, _SCOPES):
            pending += children(node)


def _always_returns(node: cst.CSTNode) -> bool:
    """Whether the statement returns from the function, or raises, whatever happens; not only raises."""
    return _never_ends(node) and any(isinstance(inner, cst.Return) for inner in own(node))


def _never_ends(node: cst.CSTNode | None) -> bool:
    """Whether nothing that comes after the statement, or block, runs."""
    match node:
        case cst.SimpleStatementLine():
            return isinstance(node.body[-1], cst.Return | cst.Raise)
        case cst.IndentedBlock():
            return _never_ends(node.body[-1])
        case cst.With() | cst.Else():
            return _never_ends(node.body)
        case cst.If():
            return _never_ends(node.body) and _never_ends(node.orelse)
        case cst.Try() if node.finalbody is None:
            main = _never_ends(node.body) or _never_ends(node.orelse)
            return main and all(_never_ends(handler.body) for handler in node.handlers)
    return False


def _awaits(node: cst.CSTNode) -> bool:
    return any(
        isinstance(inner, cst.Await)
        or (isinstance(inner, cst.For | cst.With | cst.CompFor) and inner.asynchronous is not None)
        for inner in own(node)
    )


def _leaves(nodes: tuple[cst.CSTNode, ...], *, may_return: bool) -> str:
    """How the statements may go elsewhere than to their end: "return", "loop", or ""."""
    found = ""
    for top in nodes:
        pending: list[tuple[cst.CSTNode, bool]] = [(top, False)]
        while pending:
            node, in_loop = pending.pop()
            if isinstance(node, cst.Return) and may_return:
                continue
            if isinstance(node, cst.Return | cst.Yield | cst.Global | cst.Nonlocal):
                return "return"
            if isinstance(node, cst.Break | cst.Continue) and not in_loop:
                found = "loop"
            if isinstance(node, _SCOPES):
                continue
            in_loop = in_loop or isinstance(node, cst.For | cst.While)
            pending += [(child, in_loop) for child in children(node)]
    return found


def _in_order(nodes: tuple[cst.CSTNode, ...], names: set[str]) -> list[str]:
    """The names in the order in which they occur."""
    order = [node.value for top in nodes for node in walk(top) if isinstance(node, cst.Name)]
    return [name for name in dict.fromkeys(order) if name in names]


def self_name(code: Code, function: cst.FunctionDef) -> str:
    """The first parameter of the method around; "" if there is none."""
    scope: Function | None = function
    while scope is not None:
        parent = code.parent(code.parent(scope))
        if isinstance(scope, cst.FunctionDef) and isinstance(parent, cst.ClassDef):
            params = parameter_nodes(scope)
            return params[0].name.value if params else ""
        scope = code.function(scope)
    return ""
