"""Places in the source, as the analyzer and as editors count them.

The analyzer counts lines and characters from 1; an editor counts both from 0, characters in the units that
were agreed on, mostly UTF-16.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

# What the language server protocol and Python take for the end of a line: no form feed, unlike `splitlines`.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


class Text:
    """The text of a file, to translate places in it."""

    def __init__(self, text: str, codec: PositionCodec) -> None:
        self.lines: Sequence[str] = [line.rstrip("\r\n") for line in _LINE.findall(text)]
        self._codec = codec

    def position(self, line: int, column: int) -> types.Position:
        """A place of the analyzer for the editor; one behind the end of the text is the end."""
        if line > len(self.lines):
            return types.Position(line=len(self.lines), character=0)
        before = self.lines[line - 1][: max(column - 1, 0)]
        return types.Position(line=max(line - 1, 0), character=self._codec.client_num_units(before))

    def range(self, line: int, column: int, end_line: int, end_column: int) -> types.Range:
        """A range of the analyzer for the editor; the end is exclusive in both."""
        return types.Range(start=self.position(line, column), end=self.position(end_line, end_column))

    def place(self, position: types.Position) -> tuple[int, int]:
        """A place of the editor for the analyzer: line and column."""
        if position.line >= len(self.lines):
            return position.line + 1, 1
        units = 0
        line = self.lines[position.line]
        for index, character in enumerate(line):
            if units >= position.character:
                return position.line + 1, index + 1
            units += self._codec.client_num_units(character)
        return position.line + 1, len(line) + 1
