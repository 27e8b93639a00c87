"""Keeps decoded facts in memory from one analysis to the next within a process."""

from __future__ import annotations

from collections.abc import Collection

from color_checker.facts import Body, Head, ModuleFacts


class Memory:
    """What is known of files by the hash of their content; nothing else makes a difference to it."""

    def __init__(self) -> None:
        self.heads: dict[bytes, Head] = {}
        self.modules: dict[bytes, ModuleFacts] = {}
        self._bodies: dict[bytes, dict[int, Body]] = {}

    def bodies(self, digest: bytes) -> dict[int, Body]:
        """The decoded bodies of a file's functions, by index; to be filled by those who decode them."""
        return self._bodies.setdefault(digest, {})

    def keep(self, digests: Collection[bytes]) -> None:
        """Forget all other files."""
        wanted = set(digests)
        for table in (self.heads, self.modules, self._bodies):
            for digest in table.keys() - wanted:
                del table[digest]
