"""The call of a modeled function, with what models do most often."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from color_checker.arguments import Args
from color_checker.solver import Var, Watcher
from color_checker.values import Box, Value

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.link import Linker


class ModelCall(msgspec.Struct, frozen=True, eq=False):
    """One call: where it stands, with which arguments, and where its result goes."""

    linker: Linker
    activation: Activation
    #: Of the operation in the activation's body.
    position: int
    args: Args
    dst: Var
    #: The object whose method is called.
    receiver: Value | None = None

    def give(self, value: Value) -> None:
        """The result may be `value`."""
        self.linker.solver.add(self.dst, value)

    def give_from(self, source: Var) -> None:
        """The result may be whatever `source` may be."""
        self.linker.solver.flow(source, self.dst)

    def watch(self, var: Var, watcher: Watcher) -> None:
        """Call `watcher` with each value of `var`."""
        self.linker.solver.watch(var, watcher)

    def watch_first(self, watcher: Watcher) -> None:
        """Call `watcher` with each value of the first argument, if there is one."""
        for var in self.args.positional[:1]:
            self.linker.solver.watch(var, watcher)

    def run(self, functions: Var, args: Args, dst: Var) -> None:
        """Call whatever `functions` may be."""
        self.linker.calls.call_all(self.activation, self.position, functions, args, dst)

    def box(self, kind: str, *key: object) -> Box:
        """A container that this call makes; `key` tells it from the others that it makes."""
        return self.linker.containers.box(self.activation, (self.position, *key), kind)

    def slot(self, box: Box, key: str | int) -> Var:
        """What is in the container under a constant key."""
        return self.linker.containers.slot(box, key)

    def iterate(self, iterable: Var, element: Var) -> None:
        """`element` may be each element of `iterable`."""
        self.linker.containers.iterate(self.activation, self.position, iterable, element, is_async=False)

    def iterate_value(self, iterable: Value, element: Var) -> None:
        """`element` may be each element of that one value."""
        self.linker.containers.iterate_value(
            self.activation, self.position, iterable, element, is_async=False
        )

    def elements(self, iterables: tuple[Var, ...]) -> tuple[Var, ...]:
        """What each of the iterables holds."""
        found = tuple(Var() for _ in iterables)
        for iterable, element in zip(iterables, found, strict=True):
            self.iterate(iterable, element)
        return found

    def give_iterator(self, what: str, elements: Var) -> None:
        """The result is an iterator over `elements`."""
        self.give(self.linker.calls.iterator(self.activation, self.position, what, elements))


Model = Callable[[ModelCall], None]
