"""The modules of a program while it is being linked."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from color_checker.facts import Body, ModuleFacts, decode_body
from color_checker.solver import Solver, Var
from color_checker.sources import SourceFile

if TYPE_CHECKING:
    from color_checker.activation import Activation

T = TypeVar("T")

BUILTINS = frozenset(dir(builtins)) | {"ExceptionGroup", "BaseExceptionGroup", "aiter", "anext"}


class ModuleInfo:
    """A module: its facts, and a variable for each of its names."""

    __slots__ = (
        "_bodies", "_derived", "activation", "facts", "key", "library", "name", "names", "outer", "source",
        "stored", "submodules",
    )  # fmt: skip

    def __init__(
        self, source: SourceFile, facts: ModuleFacts, bodies: dict[int, Body], derived: dict[object, Any],
        *, library: bool,
    ) -> None:  # fmt: skip
        """`bodies` keeps the decoded bodies of the functions, by index, `derived` what they tell."""
        self.source = source
        self.facts = facts
        self.name = source.module
        self.key = source.path
        self.library = library
        #: Functions with a function inside.
        self.outer = frozenset(inner.parent for inner in facts.functions if inner.kind == "function")
        self.activation: Activation | None = None
        self.names: dict[str, Var] = {}
        self._bodies = bodies
        self._derived = derived
        self.submodules: dict[str, ModuleInfo | None] = {}
        #: Names that functions rebind with `global`, or other modules by assignment.
        self.stored: set[str] = set()

    def replace(self, facts: ModuleFacts, bodies: dict[int, Body], derived: dict[object, Any]) -> None:
        """The file says the same in other places, as far as anybody has looked."""
        self.facts = facts
        self._bodies = bodies
        self._derived = derived

    @property
    def path(self) -> str:
        """As shown to users."""
        return self.source.shown

    def body(self, index: int) -> Body:
        """What a function of the module does: one object for all contexts."""
        body = self._bodies.get(index)
        if body is None:
            body = self._bodies[index] = decode_body(self.facts.functions[index].raw)
        return body

    def derived(self, index: int, make: Callable[[Body], T]) -> T:
        """What `make` finds out from the body of a function, kept as long as the body is."""
        key = (make, index)
        if key not in self._derived:
            self._derived[key] = make(self.body(index))
        found: T = self._derived[key]
        return found

    def defines(self, name: str) -> bool:
        """Whether the module's own body binds `name`."""
        return self.activation is not None and name in self.activation.body.cells

    def var(self, name: str, solver: Solver) -> Var:
        """The variable of a name of this module itself (star imports aside)."""
        var = self.names.get(name)
        if var is None:
            var = self.names[name] = Var()
            if self.activation is not None:
                solver.flow(self.activation.cell(name, solver), var)
        return var

    def package(self, level: int) -> str:
        """The package that `level` leading dots stand for."""
        parts = self.name.split(".")
        drop = level - 1 if self.source.package else level
        return ".".join(parts[: len(parts) - drop]) if drop < len(parts) else ""
