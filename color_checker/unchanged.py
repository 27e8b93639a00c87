"""Tells whether changed files still say what they said, so that an earlier result holds.

An analysis sees the heads of all files, the facts of those it asks for, and nothing else of them. So
a comment added at the end of a file or after a line, another layout inside a line that moves nothing, or
new code in a file that has nothing to do with workflows make no difference, but for the numbers of lines
and functions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from color_checker.facts import Head, ModuleFacts, decode_head, decode_module
from color_checker.inputs import Inputs
from color_checker.project import Encoded, extract_file, facts_key, head_key, rows
from color_checker.store import Values

#: With more changed files than this, one of them hardly ever says the same.
MOST_FILES = 8


class Growth(msgspec.Struct, frozen=True):
    """How many more lines and functions there are than before; there may be fewer."""

    lines: int = 0
    functions: int = 0


def growth(
    store: Values, inputs: Inputs, before: Mapping[str, bytes], asked: Collection[str]
) -> Growth | None:
    """What the files have grown by; None if any of them may say something else.

    Args:
        before: path → hash of the content at the time, of the same files.
        asked: paths of the files whose facts count, and not only their heads.
    """
    changed = [path for path, digest in inputs.hashes.items() if before.get(path) != digest]
    if len(changed) > MOST_FILES:
        return None
    lines = functions = 0
    for path in changed:
        old = _stored(store, before.get(path, b""))
        new = _stored(store, inputs.hashes[path]) or _extracted(store, inputs, path)
        if old is None or new is None:
            return None
        old_head, head = decode_head(old.head), decode_head(new.head)
        if _uncounted(old_head) != _uncounted(head):
            return None
        if path in asked and _unmeasured(old.facts) != _unmeasured(new.facts):
            return None
        lines += head.lines - old_head.lines
        functions += head.functions - old_head.functions
    return Growth(lines, functions)


def _uncounted(head: Head) -> Head:
    """All that a head says but how much there is."""
    return msgspec.structs.replace(head, lines=0, functions=0)


def _unmeasured(facts: bytes) -> ModuleFacts:
    """All that the facts say but how long the file is."""
    return msgspec.structs.replace(decode_module(facts), lines=0)


def _stored(store: Values, digest: bytes) -> Encoded | None:
    keys = (head_key(digest), facts_key(digest))
    found = store.get(keys)
    return Encoded(*(found[key] for key in keys)) if len(found) == len(keys) else None


def _extracted(store: Values, inputs: Inputs, path: str) -> Encoded | None:
    """What a file says now; also for the analysis, if there has to be one."""
    text = inputs.texts.get(path)
    result = extract_file(text) if text is not None else None
    if not isinstance(result, Encoded):
        return None
    store.put(rows(inputs.hashes[path], result))
    return result
