"""Where an object comes from: a module variable, a class attribute, a captured name, a parameter.

Values (`values.py`) say what an object may be, and instances of a class are all the same there. An origin
is a path by which an object was reached (`CONFIG.limits[…]`), which tells a module's object from one that
was made on the spot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from color_checker.activation import Activation
    from color_checker.classes import ClassInfo
    from color_checker.modules import ModuleInfo

#: Longer paths are cut off: what lies deeper counts as a part of what is named.
_LONGEST_PATH = 2

#: In a path: any element of a container.
ELEMENT = "[…]"


class Variable(msgspec.Struct, frozen=True):
    """A name of a module."""

    module: ModuleInfo
    name: str


class Member(msgspec.Struct, frozen=True):
    """An attribute of a class itself."""

    info: ClassInfo
    name: str


class External(msgspec.Struct, frozen=True):
    """Something in a module outside the analyzed code."""

    dotted: str


class Captured(msgspec.Struct, frozen=True):
    """A local name of a function around."""

    scope: Activation
    name: str


class Parameter(msgspec.Struct, frozen=True):
    """What a caller hands over."""

    scope: Activation
    slot: int


Root = Variable | Member | External | Captured | Parameter


class Origin(msgspec.Struct, frozen=True):
    """A root, and the attributes and elements on the way from it to the object."""

    root: Root
    path: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether it outlives a run of the workflow, and other runs see it."""
        return isinstance(self.root, Variable | Member | External)

    def child(self, *names: str) -> Origin:
        """What is below it."""
        path = self.path
        for name in names:
            if len(path) < _LONGEST_PATH and not (name == ELEMENT and path[-1:] == (ELEMENT,)):
                path = (*path, name)
        return Origin(self.root, path)

    def covers(self, other: Origin) -> bool:
        """Whether `other` is the same or below it."""
        return self.root == other.root and other.path[: len(self.path)] == self.path

    def text(self, reader: ModuleInfo | None = None) -> str:
        """As the user would write it; names of `reader` itself without the module."""
        match self.root:
            case Variable(module=module, name=name):
                base = name if module is reader else f"{module.name}.{name}"
            case Member(info=info, name=name):
                base = f"{info.facts.qualname}.{name}"
            case External(dotted=dotted):
                base = dotted
            case Captured(name=name):
                base = name
            case Parameter(scope=scope, slot=slot):
                base = scope.facts.params[slot].name
        return base + "".join(part if part == ELEMENT else f".{part}" for part in self.path)


Origins = frozenset[Origin]
