"""The texts of files as Python reads them, and their lines as the parser counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from color_checker.errors import SourceError
from color_checker.sources import decode, read_source

#: What Python's parser, and editors, take for the end of a line: no form feed, unlike `splitlines`.
LINE_END = re.compile(r"\r\n|\r|\n")


def source_text(path: str) -> str:
    """The text of a file; nothing if it cannot be read."""
    try:
        return decode(read_source(path))
    except SourceError:
        return ""


def lines_of(text: str) -> list[str]:
    """The lines of a text, without their ends."""
    return LINE_END.split(text)


def source_lines(path: str) -> Sequence[str]:
    """The lines of a file; none if it cannot be read."""
    try:
        return lines_of(decode(read_source(path)))
    except SourceError:
        return ()
