"""Reads `catalog/*.toml` into one table of dotted names.

A file is named after the top-level module it describes. Its tables:

    module = "time"
    members = "pure"            # what every name below means that has no entry: "pure", an effect, or "unknown"

    [names]
    "time" = "clock"                                   # short form: the effect of calling it
    "gmtime" = { effect = "clock", unless = { arguments = 1 } }
    "environ" = { effect = "environment", on = "use" } # an effect as soon as it is used in any way

    # A class is an entry too. `effect` is what constructing it does, `members` what its
    # unlisted methods do; single methods have entries of their own.
    "Session" = { kind = "class", members = "network" }
    "Session.close" = "pure"

The key of an entry is relative to `module`, so `[names]` of `os.toml` has `"path.exists"`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from color_checker.findings import Effect

Members = Literal["pure", "unknown"] | Effect


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a call is deterministic although its entry has an effect. Any one that holds is enough.

    Attributes:
        arguments: at least this many arguments are given, by position or keyword.
        keywords: one of these keywords is given.
        positional: at least this many are given by position.
        numeric: the first argument is known to be a number, bool, None or enum member (for `hash`).
    """

    arguments: int | None = None
    keywords: tuple[str, ...] = ()
    positional: int | None = None
    numeric: bool = False


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one dotted name.

    Attributes:
        name: the full dotted name.
        effect: what calling it (or, with `on="use"`, using it at all) does; None for deterministic.
        kind: "function", "class", or "value" (module data such as `sys.argv`).
        on: "call" or "use".
        unless: the argument forms that are deterministic.
        returns: dotted name of the class of the result (awaited result for coroutines), or ""
            when unknown. "element" / "elements": an element / the same elements as the first
            argument (`next`, `list`). "argument": the first argument itself. "data": plain data,
            all of whose methods are deterministic (JSON, rows).
        calls: parameters it calls back: position from 0, or keyword. For methods, position 0 is
            the first argument after self.
        is_async: calling it gives an awaitable; the effect happens when it is awaited.
        members: for a class or module, the meaning of names below it that have no entry.
        bases: for a class, the dotted names of its base classes.
        advice: what to write instead, engine-independent, one clause; "" for the effect's own.
    """

    name: str = ""
    effect: Effect | None = None
    kind: Literal["function", "class", "value", "module"] = "function"
    on: Literal["call", "use"] = "call"
    unless: Condition | None = None
    returns: str = ""
    calls: tuple[int | str, ...] = ()
    is_async: bool = False
    members: Members | None = None
    bases: tuple[str, ...] = ()
    advice: str = ""


class CatalogError(Exception):
    """A catalog file is not valid; the message names file and key."""


class Catalog:
    """All entries, looked up by dotted name.

    `lookup("datetime.datetime.now")` gives its entry; a name without one gets an entry made from
    the `members` of its nearest listed parent (the class, through `bases`, or the module).
    None means: nothing is known, the module has no file here (or its members are "unknown").
    """

    def lookup(self, dotted: str) -> Entry | None:
        raise NotImplementedError

    def covers(self, module: str) -> bool:
        """Whether the top-level package of `module` is described here (so its source is not read)."""
        raise NotImplementedError


def load_catalog() -> Catalog:
    """The bundled catalog. Raises CatalogError."""
    raise NotImplementedError
