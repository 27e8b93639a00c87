"""Makes any string safe to write: control characters, lone surrogates, missing characters."""

from __future__ import annotations

import unicodedata
from typing import Any

# Cc: controls, which would drive a terminal. Cf: directional marks, which would reorder a line
# on the screen (a known way of hiding code). Zl, Zp: line breaks in disguise. Cs: cannot be encoded.
HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def visible(text: str, encoding: str = "utf-8") -> str:
    """`text` with everything that is not a visible character of `encoding` as a backslash escape."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(escape(char) if unicodedata.category(char) in HIDDEN else char for char in text)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def escape(char: str) -> str:
    """The escape a Python programmer would write for `char`."""
    return char.encode("unicode_escape").decode("ascii")


def encodable(value: Any) -> Any:
    """JSON data with lone surrogates (from undecodable file names) as backslash escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {key: encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encodable(item) for item in value]
    return value
