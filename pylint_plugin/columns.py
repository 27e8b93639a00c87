"""Columns: astroid counts the bytes of a line, as Python's parser does, and the analyzer its characters."""

from __future__ import annotations

from functools import cached_property

from astroid import nodes

from color_checker.texts import lines_of, source_text


class Columns:
    """The columns of one module, counting from 0."""

    def __init__(self, module: nodes.Module) -> None:
        self._module = module

    def characters(self, line: int, offset: int) -> int:
        """How many characters the first bytes of a line are."""
        text = self._lines.get(line)
        return len(text.encode()[:offset].decode(errors="replace")) if text is not None else offset

    def bytes(self, line: int, column: int) -> int:
        """How many bytes the first characters of a line are."""
        text = self._lines.get(line)
        return len(text[:column].encode(errors="replace")) if text is not None else column

    @cached_property
    def _lines(self) -> dict[int, str]:
        """Those in which the two differ."""
        text = _text(self._module)
        if text.isascii():
            return {}
        lines = enumerate(lines_of(text), 1)
        return {number: line for number, line in lines if not line.isascii()}


def _text(module: nodes.Module) -> str:
    data = module.file_bytes  # what came in place of the file, encoded anew
    if data is not None:
        return data.decode(errors="replace") if isinstance(data, bytes) else str(data)
    return source_text(module.file) if module.file else ""
