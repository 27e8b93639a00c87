"""Keeps decoded facts in memory from one analysis to the next within a process."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from color_checker.facts import Body, Head, ModuleFacts

T = TypeVar("T")


class Memory:
    """What is known of files by the hash of their content; nothing else makes a difference to it."""

    def __init__(self) -> None:
        self.heads: dict[bytes, Head] = {}
        self.modules: dict[bytes, ModuleFacts] = {}
        self._bodies: dict[bytes, dict[int, Body]] = {}
        self._derived: dict[bytes, dict[object, Any]] = {}
        self._from_bodies: dict[bytes, dict[object, Any]] = {}

    def bodies(self, digest: bytes) -> dict[int, Body]:
        """The decoded bodies of a file's functions, by index; to be filled by those who decode them."""
        return self._bodies.setdefault(digest, {})

    def from_bodies(self, digest: bytes) -> dict[object, Any]:
        """What was found out from single bodies of a file; see `ModuleInfo.derived`."""
        return self._from_bodies.setdefault(digest, {})

    def derived(self, digest: bytes, facts: ModuleFacts, make: Callable[[ModuleFacts], T]) -> T:
        """What `make` gives for the facts of a file, from an earlier call if there was one."""
        known = self._derived.setdefault(digest, {})
        if make not in known:
            known[make] = make(facts)
        result: T = known[make]
        return result

    def keep(self, digests: Collection[bytes]) -> None:
        """Forget all other files."""
        wanted = set(digests)
        for table in (self.heads, self.modules, self._bodies, self._derived, self._from_bodies):
            for digest in table.keys() - wanted:
                del table[digest]
