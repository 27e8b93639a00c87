"""Keeps in memory what one process takes from the store on disk again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from color_checker.store import Store


class Memory:
    """Values by key, over a store on disk that is asked for the others."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._results: dict[bytes, bytes] = {}
        self._disk: Store | None = None

    @contextmanager
    def over(self, disk: Store) -> Iterator[Memory]:
        """This memory, over a store that is closed in the end."""
        self._disk = disk
        try:
            yield self
        finally:
            self._disk = None
            disk.close()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are known."""
        missing = [key for key in keys if key not in self._values]
        if missing and self._disk is not None:
            self._values.update(self._disk.get(missing))
        return {key: self._values[key] for key in keys if key in self._values}

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values, here and on disk."""
        items = list(items)
        self._values.update(items)
        if self._disk is not None:
            self._disk.put(items)

    def get_result(self, key: bytes) -> bytes | None:
        """A whole result."""
        known = self._results.get(key)
        if known is None and self._disk is not None:
            known = self._disk.get_result(key)
        return known

    def put_result(self, key: bytes, value: bytes) -> None:
        """Keep the newest result, here and on disk."""
        self._results = {key: value}
        if self._disk is not None:
            self._disk.put_result(key, value)
