"""What a type checker can say about expressions: which they are, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal[
    "receiver", "callee", "argument", "iterated", "spread", "subscripted", "entered", "awaited", "left",
    "right",
]  # fmt: skip


class Spot(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """An expression by its use.

    The place is that of the whole `x.name`, `x(...)`, `x[...]`, `await x` or `x + y`; for what a `for` loop
    or a `with` statement takes it is that of the expression itself. Lines and columns count from 1, the end
    is exclusive, as in `Place`.

    Attributes:
        part: which argument of a call, by position or keyword, and which of the parts with a star.
    """

    kind: Kind
    line: int
    column: int
    end_line: int
    end_column: int
    part: str = ""


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an expression is.

    Attributes:
        name: dotted, where it is defined; classes inside of functions are `module.Name@line`.
        what: an instance of the class of that name, the class itself, or a function or method.
        bases: of a class that is not the project's own, the names of those it inherits from, in order.
        elements: of a set, what is in it.
        protocol: it only says what the object can do, not what it is.
    """

    name: str
    what: Literal["instance", "class", "function"] = "instance"
    bases: tuple[str, ...] = ()
    elements: tuple[Known, ...] = ()
    protocol: bool = False


#: All that is known of a file; several for a union, none of which may be left out.
Types = Mapping[Spot, tuple[Known, ...]]
