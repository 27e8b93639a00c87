"""Tells whether changed files still say what they said, so that an earlier result holds.

An analysis sees the heads of all files, the facts of those it asks for, and nothing else of them. So
a comment added at the end of a file or after a line, another layout inside a line that moves nothing, or
a new body in a file that has nothing to do with workflows make no difference, but for the number of lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

import msgspec

from color_checker.facts import Head, ModuleFacts, decode_head, decode_module
from color_checker.inputs import Inputs
from color_checker.project import Encoded, extract_file, facts_key, head_key, rows
from color_checker.store import Store

#: With more changed files than this, one of them hardly ever says the same.
_MOST_FILES = 8

F = TypeVar("F", Head, ModuleFacts)


def lines_added(
    store: Store, inputs: Inputs, before: Mapping[str, bytes], asked: Collection[str]
) -> int | None:
    """How many more lines there are than before; None if any file may say something else.

    Args:
        before: path → hash of the content at the time, of the same files.
        asked: paths of the files whose facts count, and not only their heads.
    """
    changed = [path for path, digest in inputs.hashes.items() if before.get(path) != digest]
    if len(changed) > _MOST_FILES:
        return None
    total = 0
    for path in changed:
        old = _stored(store, before.get(path, b""))
        new = _stored(store, inputs.hashes[path]) or _extracted(store, inputs, path)
        if old is None or new is None:
            return None
        before_head, head = decode_head(old.head), decode_head(new.head)
        if not _same(before_head, head):
            return None
        if path in asked and not _same(decode_module(old.facts), decode_module(new.facts)):
            return None
        total += head.lines - before_head.lines
    return total


def _same(one: F, other: F) -> bool:
    return msgspec.structs.replace(one, lines=0) == msgspec.structs.replace(other, lines=0)


def _stored(store: Store, digest: bytes) -> Encoded | None:
    keys = (head_key(digest), facts_key(digest))
    found = store.get(keys)
    return Encoded(*(found[key] for key in keys)) if len(found) == len(keys) else None


def _extracted(store: Store, inputs: Inputs, path: str) -> Encoded | None:
    """What a file says now; also for the analysis, if there has to be one."""
    text = inputs.texts.get(path)
    result = extract_file(text) if text is not None else None
    if not isinstance(result, Encoded):
        return None
    store.put(rows(inputs.hashes[path], result))
    return result
