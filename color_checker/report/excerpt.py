"""Shows a source line with a caret under exact columns, however wide its characters are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import msgspec

from color_checker.report.options import Lines
from color_checker.report.safe import visible

TAB = 4


class Excerpt(msgspec.Struct, frozen=True):
    """One line and the underline below it, both ready to print in a monospaced font."""

    source: str
    underline: str


class Cell(msgspec.Struct, frozen=True):
    """One character of the source as it is shown."""

    shown: str
    width: int


def source_line(lines: Lines, path: str, line: int) -> str:
    """Line `line` of `path` without its line break; "" when the file has vanished or shrunk."""
    try:
        known = lines(path)
        return known[line - 1].rstrip("\r\n") if 0 < line <= len(known) else ""
    except (OSError, ValueError):
        return ""


def excerpt(
    text: str,
    column: int,
    end_column: int | None,
    *,
    width: int,
    encoding: str,
    cell_len: Callable[[str], int] = len,
) -> Excerpt | None:
    """`text` with columns `column` to before `end_column` underlined (None: to its end).

    A line wider than `width` is cut around the underlined part. None for an empty line.
    """
    text = text.rstrip()
    if not text:
        return None
    first = min(max(column - 1, 0), len(text))
    last = len(text) if end_column is None else min(end_column - 1, len(text))
    last = max(last, first + 1)
    indent = len(text) - len(text.lstrip())
    drop = min(indent, first)
    cells = show(text[drop:], encoding, cell_len)
    return window(cells, first - drop, last - drop, width, "…" if encodes("…", encoding) else "...")


def show(text: str, encoding: str, cell_len: Callable[[str], int]) -> list[Cell]:
    """The characters of `text`, tabs expanded and the unprintable escaped."""
    cells: list[Cell] = []
    offset = 0
    for char in text:
        shown = " " * (TAB - offset % TAB) if char == "\t" else visible(char, encoding)
        cells.append(Cell(shown, cell_len(shown)))
        offset += cells[-1].width
    return cells


def window(cells: list[Cell], first: int, last: int, width: int, mark: str) -> Excerpt:
    """The part of `cells` around `first` to `last` that fits into `width`."""
    edges = [0, *accumulate(cell.width for cell in cells)]
    left, right = 0, len(cells)
    if edges[-1] > width:
        left, right = fit(edges, first, last, max(1, width - 2 * len(mark)))
    before = mark if left else ""
    after = mark if right < len(cells) else ""
    start = len(before) + edges[min(first, right)] - edges[left]
    underlined = edges[min(last, right)] - edges[min(first, right)]
    return Excerpt(
        source=before + "".join(cell.shown for cell in cells[left:right]) + after,
        underline=" " * start + "^" * max(1, underlined),
    )


def fit(edges: list[int], first: int, last: int, room: int) -> tuple[int, int]:
    """The slice of characters to show: the underlined ones with some context, within `room` cells."""
    count = len(edges) - 1
    first, last = min(first, count), min(last, count)
    spare = max(0, room - (edges[last] - edges[first]))
    left = first
    while left > 0 and edges[first] - edges[left - 1] <= spare // 2:
        left -= 1
    right = left
    while right < count and edges[right + 1] - edges[left] <= room:
        right += 1
    # At the end of the line the room that is left over belongs to what stands before.
    while right == count and left > 0 and edges[right] - edges[left - 1] <= room:
        left -= 1
    return left, right


def encodes(char: str, encoding: str) -> bool:
    """Whether `encoding` has `char`."""
    return visible(char, encoding) == char
