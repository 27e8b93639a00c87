"""Reads and writes JSON, which nothing here nests deeper than it can be read back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

DEEPEST = 100
encode_json = msgspec.json.Encoder().encode
decode_json = msgspec.json.Decoder().decode


def check_depth(plain: object) -> None:
    """Refuse what could be written here, and then not be read where the stack is deeper."""
    level, depth = [plain], 0
    while level := [item for outer in level for item in _items(outer)]:
        depth += 1
        if depth > DEEPEST:
            raise RecursionError


def _items(plain: object) -> Iterable[object]:
    if type(plain) is list:
        return plain
    return plain.values() if type(plain) is dict else ()
