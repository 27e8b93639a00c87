"""The functions that a project registers with its engines, by name and by where they are defined."""

from __future__ import annotations

import os

import msgspec

#: More functions than these make a name useless.
_TOO_MANY = 20

#: A path, and a dotted name in the module there.
Place = tuple[str, str]


class Definition(msgspec.Struct, frozen=True):
    """Where a registered function is defined.

    Attributes:
        module: as the analyzer calls it.
        path: absolute path of the file.
        owner: the dotted name, within the module, of the class that has it; "" if none.
        name: of the function.
        local: it is defined inside of a function, where no other module can see it.
    """

    module: str
    path: str
    owner: str
    name: str
    local: bool = False

    @property
    def qualname(self) -> str:
        """The dotted name within the module."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


class EngineCall(msgspec.Struct, frozen=True):
    """What the analyzer knows of one call: the SDK's name of what is called, and the names it may give."""

    engine: str
    dotted: str
    names: tuple[str, ...] = ()


class Registered(msgspec.Struct, frozen=True):
    """What one program registers.

    Attributes:
        names: (engine, decorator or color, name) → what it stands for.
        decorated: function with a color → its engine, and its decorators as written.
        mains: class or function that is a workflow → its engine, and where it begins.
        calls: path → line and column, from 1, of a call of an engine.
    """

    names: dict[tuple[str, str, str], tuple[Definition, ...]]
    decorated: dict[Place, tuple[str, tuple[str, ...]]]
    mains: dict[Place, tuple[str, Definition]]
    calls: dict[str, dict[tuple[int, int], EngineCall]]

    def named(self, engine: str, to: str, name: str, path: str) -> tuple[Definition, ...]:
        """What code in a file means by a name: of a step, a workflow, or what the decorator `to` registers.

        Many applications may stand side by side and use one name each for their own: what stands in the
        file, or else next to it, comes before what stands elsewhere. Nothing if there is so much of it that
        the name says little: each module that calls it would depend on all.
        """
        found = self.names.get((engine, to, name), ())
        here = [one for one in found if one.path == path]
        beside = [one for one in found if os.path.dirname(one.path) == os.path.dirname(path)]
        if here or beside:
            return tuple(here or beside)
        return found if len(found) <= _TOO_MANY else ()

    def decorators(self, path: str, qualname: str) -> tuple[str, tuple[str, ...]] | None:
        """The engine and the decorators, as written, of a function with a color."""
        return self.decorated.get((path, qualname))

    def main(self, path: str, qualname: str) -> tuple[str, Definition] | None:
        """The engine, and where the workflow begins, of a class or function that is one."""
        return self.mains.get((path, qualname))

    def call(self, path: str, line: int, column: int) -> EngineCall | None:
        """What the analyzer takes the call for that starts there; lines and columns count from 1."""
        return self.calls.get(path, {}).get((line, column))
