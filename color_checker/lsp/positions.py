"""Places in the source, as the analyzer and as editors count them.

The analyzer counts lines and characters from 1; an editor counts both from 0, characters in the units that
were agreed on, mostly UTF-16.
"""

from __future__ import annotations

from functools import cached_property

from lsprotocol import types
from pygls.workspace import PositionCodec

from color_checker.texts import LINE_END, lines_of


class Text:
    """The text of a file as the editor has it, to translate places in it.

    Where another text was analyzed, since this one does not parse at the moment, places are those of the
    analyzed one. They stand where the lines above and below the edit are now; those in between are gone.
    """

    def __init__(self, text: str, codec: PositionCodec, analyzed: str | None = None) -> None:
        self.text = text
        self.is_analyzed = analyzed is None or analyzed == text
        self._codec = codec
        self._moves = _Moves([], []) if analyzed is None else _Moves(lines_of(analyzed), self.lines)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return lines_of(self.text)

    def shows(self, line: int, end_line: int) -> bool:
        """Whether lines that were analyzed are still there."""
        return bool(self._moves.now(line) and self._moves.now(end_line))

    def position(self, line: int, column: int) -> types.Position:
        """A place of the analyzer for the editor; one behind the end of the text is the end."""
        line = self._moves.now(line) or line
        if line > len(self.lines):
            last = len(self.lines)
            return types.Position(line=last - 1, character=self._units(self.lines[-1]))
        return types.Position(
            line=max(line - 1, 0), character=self._units(self.lines[line - 1][: max(column - 1, 0)])
        )

    def span(self, line: int, column: int, end_line: int, end_column: int) -> types.Range:
        """A range of the analyzer for the editor; the end is exclusive in both."""
        return types.Range(start=self.position(line, column), end=self.position(end_line, end_column))

    def line_range(self, line: int) -> types.Range:
        """The code on a line."""
        now = self._moves.now(line) or line
        code = self.lines[now - 1] if now <= len(self.lines) else ""
        return self.span(line, len(code) - len(code.lstrip()) + 1, line, len(code.rstrip()) + 1)

    def place(self, position: types.Position) -> tuple[int, int]:
        """A place of the editor for the analyzer: line and column; line 0 if it was not analyzed."""
        line = self._moves.before(position.line + 1)
        if position.line >= len(self.lines):
            return line, 1
        return line, self._index(self.lines[position.line], position.character) + 1

    def analyzed_lines(self, covered: types.Range) -> range:
        """The analyzed lines that the editor means by a range."""
        last = min(covered.end.line, len(self.lines))
        lines = (self._moves.before(line + 1) for line in range(covered.start.line, last + 1))
        known = [line for line in lines if line]
        return range(min(known), max(known) + 1) if known else range(0)

    def offset(self, position: types.Position) -> int:
        """How many characters of the text stand before a place of the editor."""
        if position.line >= len(self.lines):
            return len(self.text)
        return self._starts[position.line] + self._index(self.lines[position.line], position.character)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in LINE_END.finditer(self.text))]

    def _units(self, text: str) -> int:
        return len(text) if text.isascii() else self._codec.client_num_units(text)

    def _index(self, line: str, units: int) -> int:
        """The index of the character at so many units; the end of the line for those behind it."""
        if line.isascii():
            return min(units, len(line))
        passed = 0
        for index, character in enumerate(line):
            if passed >= units:
                return index
            passed += self._units(character)
        return len(line)


class _Moves:
    """Where the lines of one text stand in another one that begins and ends in the same way."""

    def __init__(self, before: list[str], now: list[str]) -> None:
        shorter = min(len(before), len(now))
        self._head = next((i for i in range(shorter) if before[i] != now[i]), shorter)
        rest = shorter - self._head
        self._tail = next((i for i in range(rest) if before[-1 - i] != now[-1 - i]), rest)
        self._before = len(before)
        self._now = len(now)

    def now(self, line: int) -> int:
        """The new number of a line, 0 if it is gone."""
        return self._moved(line, self._before, self._now)

    def before(self, line: int) -> int:
        """The old number of a line, 0 if it is new."""
        return self._moved(line, self._now, self._before)

    def _moved(self, line: int, size: int, other: int) -> int:
        if line <= self._head or not size:
            return line
        return line - size + other if line > size - self._tail else 0
