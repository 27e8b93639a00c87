"""Activations: a scope analyzed in one context, with a variable for each of its slots.

A context tells callers apart where mixing them would blur the result: the class of the receiver for
inherited methods (type sensitivity), the last two call sites for functions that hand a parameter on
(call-site sensitivity, Shivers' 2-CFA, restricted to them), and the closure for nested functions. Where
wrappers hand the same operation on to each other, the call of the outermost one counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from color_checker.facts import NOTHING, Body, FunctionFacts, Op
from color_checker.slots import makers
from color_checker.solver import Solver, Var
from color_checker.values import Box

if TYPE_CHECKING:
    from color_checker.classes import ClassInfo
    from color_checker.modules import ModuleInfo
    from color_checker.values import Coro, Func, Gen, Value

#: Where a call is: module key, index of the scope, position of the operation.
Site = tuple[str, int, int]


class Operation:
    """What a call does through an engine: which callables it runs as steps or children, and its name."""

    __slots__ = ("dotted", "engine", "names", "targets")

    def __init__(self, engine: str, dotted: str) -> None:
        self.engine = engine
        self.dotted = dotted
        self.targets: dict[Activation, None] = {}
        self.names: dict[str, None] = {}


class Activation:
    """One scope in one context."""

    __slots__ = (
        "body", "boxes", "cells", "coroutine", "deep", "deferred", "env", "external", "facts", "func",
        "generator", "index", "module", "number", "operations", "read_from", "returns", "self_class", "sites",
        "skipped", "slots", "targets", "yields",
    )  # fmt: skip

    def __init__(
        self, module: ModuleInfo, index: int, env: Activation | None, self_class: ClassInfo | None,
        sites: tuple[Site, ...], number: int, func: Func | None = None,
    ) -> None:  # fmt: skip
        self.module = module
        self.index = index
        self.facts: FunctionFacts = module.facts.functions[index]
        self.body: Body = module.body(index)
        self.env = env
        #: The function that is activated, if the scope is one.
        self.func = func
        self.self_class = self_class
        self.sites = sites
        self.number = number
        self.slots = [Var() for _ in range(self.body.slots)]
        self.cells: dict[str, Var] = {}
        self.returns = Var()
        self.yields = Var()
        self.boxes: dict[tuple[object, ...], Box] = {}
        self.coroutine: Coro | None = None
        self.generator: Gen | None = None
        self.deep = False
        #: Whether its body was not looked at, because the program takes too much work.
        self.skipped = False
        self.deferred: list[Callable[[], None]] = []
        #: Activations that the op at this position of the body calls.
        self.targets: dict[int, dict[Activation, None]] = {}
        #: External names that the op calls, beside what its function variable holds.
        self.external: dict[int, dict[str, None]] = {}
        self.operations: dict[int, dict[str, Operation]] = {}
        #: Objects with a name of their own, known by their type, of which the op reads an attribute or item.
        self.read_from: dict[int, dict[Value, None]] = {}

    def var(self, slot: int) -> Var:
        """The variable of a slot."""
        return self.slots[slot]

    def vars(self, slots: tuple[int, ...]) -> tuple[Var, ...]:
        """The variables of several slots."""
        return tuple([self.slots[slot] for slot in slots]) if slots else ()

    def cell(self, name: str, solver: Solver) -> Var:
        """The variable of a name that other scopes see: every value it is ever bound to."""
        var = self.cells.get(name)
        if var is None:
            var = self.cells[name] = Var()
            for slot in self.body.cells.get(name, ()):
                solver.flow(self.slots[slot], var)
        return var

    def maker(self, slot: int) -> tuple[int, Op | None]:
        """The operation that gives a slot its value, after its position; None if it is a parameter's."""
        position = self.module.derived(self.index, makers).get(slot, NOTHING)
        return position, self.body.ops[position] if position != NOTHING else None

    def call(self, position: int, target: Activation) -> None:
        """Note that the op at `position` calls `target`."""
        self.targets.setdefault(position, {})[target] = None

    @property
    def source_order(self) -> tuple[str, int, int, int]:
        """Sorts activations as their definitions stand in the source."""
        return (self.module.path, self.facts.line, self.index, self.number)

    @property
    def name(self) -> str:
        """Dotted name of the scope."""
        if not self.facts.qualname:
            return self.module.name
        return f"{self.module.name}.{self.facts.qualname}"

    def __repr__(self) -> str:
        return f"<{self.name} #{self.number}>"
