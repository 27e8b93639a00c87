"""What is found to be wrong with a type whose values an engine stores."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from mypy_plugin.storable.shapes import Shape
from mypy_plugin.storable.sources import Sources


class Outcome(StrEnum):
    """What becomes of a value that is not stored as it is."""

    #: It cannot be written.
    REFUSED = "refused"
    #: It can be written, and then not be read.
    UNREADABLE = "unreadable"
    #: It comes back as something that cannot be used in its place.
    CHANGED = "changed"
    #: It comes back as something that is nearly the same.
    ALIKE = "alike"
    #: The type does not say what the values are.
    UNSURE = "unsure"


class Trouble(msgspec.Struct, frozen=True):
    """One part of a type that is not stored as it is.

    Attributes:
        path: from the value that is stored to the part (`.lines[].price`).
        shape: the part's type.
        becomes: what comes back instead of it (`a list`), or why there is nothing.
        instead: what to write instead.
        key: the part is a key of the mapping at `path`.
    """

    outcome: Outcome
    path: str
    shape: Shape
    becomes: str = ""
    instead: str = ""
    key: bool = False


class Spot(msgspec.Struct, frozen=True):
    """Where in a type one is while it is taken apart.

    Attributes:
        path: from the value that is stored.
        seen: keys of the records that have been looked into.
        sources: what is written in the project's modules.
        written_only: what is read back is somebody else's business, only writing it may fail.
        key: in the key of a mapping.
        member: in a union.
        result: of what a function returns: who called it by its name reads it without a type.
    """

    seen: set[str]
    sources: Sources
    path: str = ""
    written_only: bool = False
    key: bool = False
    member: bool = False
    result: bool = False

    @property
    def is_too_deep(self) -> bool:
        """Whether the type contains itself, and nobody stores a value that deep."""
        return self.path.count("[") + self.path.count(".") > _DEEPEST

    def own(self, module: str) -> bool:
        """Whether a module is one of the project's."""
        return self.sources.is_own(module)

    @property
    def is_top(self) -> bool:
        """Whether values of this are stored themselves, not as parts of others."""
        return not self.path and not self.key

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole type."""
        return self.is_top and not self.member

    def field(self, name: str) -> Spot:
        """One of the fields of what is here."""
        return msgspec.structs.replace(self, path=f"{self.path}.{name}", key=False)

    def item(self, index: int | None = None) -> Spot:
        """The items of what is here, or one of them."""
        return msgspec.structs.replace(self, path=f"{self.path}[{'' if index is None else index}]", key=False)

    def keys(self) -> Spot:
        """The keys of the mapping that is here."""
        return msgspec.structs.replace(self, key=True)

    def members(self) -> Spot:
        """The members of the union that is here."""
        return msgspec.structs.replace(self, member=True)

    def writing(self) -> Spot:
        """The same place, where reading is no concern."""
        return msgspec.structs.replace(self, written_only=True)

    def enter(self, shape: Shape, how: str = "") -> bool:
        """Whether the inside of a type has still to be looked into; notes that it now is."""
        key = f"{how}:{self.written_only}:{shape.key}"
        if key in self.seen or len(self.seen) > _MOST:
            return False
        self.seen.add(key)
        return True

    def refused(self, shape: Shape, instead: str = "", why: str = "") -> Trouble:
        """It cannot be written."""
        return Trouble(Outcome.REFUSED, self.path, shape, why, instead, self.key)

    def unreadable(self, shape: Shape, instead: str = "", why: str = "") -> Trouble:
        """It can be written, but not read."""
        return Trouble(Outcome.UNREADABLE, self.path, shape, why, instead, self.key)

    def changed(self, shape: Shape, becomes: str, instead: str = "") -> Trouble:
        """It comes back as something else."""
        return Trouble(Outcome.CHANGED, self.path, shape, becomes, instead, self.key)

    def alike(self, shape: Shape, becomes: str, instead: str = "") -> Trouble:
        """It comes back as something nearly the same."""
        return Trouble(Outcome.ALIKE, self.path, shape, becomes, instead, self.key)

    def unsure(self, shape: Shape, instead: str = "") -> Trouble:
        """Values of this type may be anything."""
        return Trouble(Outcome.UNSURE, self.path, shape, "", instead, self.key)


#: How many types are looked into for one annotation; generic types can go on for ever.
_MOST = 500
_DEEPEST = 30
