"""What a fix is: replaced ranges of text, and how they are applied."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Iterable

import msgspec

#: Gives the text of the file at an absolute path.
Read = Callable[[str], str]

#: Two fixes that need a new function may not give it the same name.
_DEFINED = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)

_LINE_END = re.compile(r"\r\n|\r|\n")

#: A line that an import has put in.
_FROM = re.compile(r"(\s*from [\w.]+ import )(\w+(?:, \w+)*)(\s*)")


#: A name that is put in before another one of an import.
_BEFORE = re.compile(r"\w+,\s+")


class Edit(msgspec.Struct, frozen=True, order=True):
    """A range of a file's text, and what stands there afterwards.

    Lines and columns count from 1, columns in characters; the end is exclusive. `path` is absolute.
    """

    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    text: str

    @property
    def start(self) -> tuple[int, int]:
        """Where the range begins."""
        return self.start_line, self.start_column

    @property
    def end(self) -> tuple[int, int]:
        """Where the range ends."""
        return self.end_line, self.end_column


class Fix(msgspec.Struct, frozen=True):
    """One way to make a finding go away.

    Attributes:
        title: what it does, as an order ("Use `workflow.now()`").
        rule: the name of the finding's rule.
        safe: the code means what it meant before; else somebody has to look at it.
        edits: do not overlap; in several files where the fix goes across files. Imports are included.
        in_helper: a helper uses the engine afterwards, and so can be part of no step any more.
    """

    title: str
    rule: str
    safe: bool
    edits: tuple[Edit, ...]
    in_helper: bool = False


class Lines:
    """Translates between offsets in a text and lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(self, line: int, column: int) -> int:
        """The offset of a place; the end of the text for places behind it."""
        if line > len(self.starts):
            return len(self.text)
        return min(self.starts[line - 1] + column - 1, len(self.text))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect.bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def edit(self, path: str, start: int, end: int, text: str) -> Edit:
        """The edit of a range of offsets."""
        return Edit(path, *self.place(start), *self.place(end), text)


def apply(edits: Iterable[Edit], read: Read) -> dict[str, str]:
    """The new texts of the files that the edits are about, by path.

    Of several equal edits one counts: fixes that are applied together may need the same import. Texts put
    in at the same place keep their order. Raises ValueError if edits overlap.
    """
    by_path: dict[str, list[Edit]] = {}
    for edit in dict.fromkeys(edits):
        by_path.setdefault(edit.path, []).append(edit)
    return {path: _applied(read(path), found) for path, found in by_path.items()}


class Moves:
    """Where places of a text are after edits of it."""

    def __init__(self, text: str, edits: Iterable[Edit]) -> None:
        """`edits` are those of one file, as for `apply`."""
        found = _with_one_import(sorted(dict.fromkeys(edits), key=_place))
        self._before = Lines(text)
        self._after = Lines(_applied(text, found))
        self._ranges = [(self._before.offset(*e.start), self._before.offset(*e.end)) for e in found]
        #: By how much what is behind each edit moves.
        self._moved = list(
            itertools.accumulate(
                len(edit.text) - (end - start) for edit, (start, end) in zip(found, self._ranges, strict=True)
            )
        )

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Line and column of the same code; where it was replaced, of what replaces it."""
        offset = self._before.offset(line, column)
        index = bisect.bisect_right(self._ranges, offset, key=lambda place: place[0]) - 1
        moved = self._moved[index] if index >= 0 else 0
        if index >= 0 and offset < self._ranges[index][1]:
            offset = self._ranges[index][0]
            moved = self._moved[index - 1] if index else 0
        return self._after.place(offset + moved)


def _applied(text: str, edits: list[Edit]) -> str:
    lines = Lines(text)
    parts = []
    last = 0
    for edit in _with_one_import(sorted(edits, key=_place)):
        start, end = lines.offset(*edit.start), lines.offset(*edit.end)
        if start < last:
            raise ValueError(f"edits overlap in {edit.path}:{edit.start_line}:{edit.start_column}")
        parts += [text[last:start], edit.text]
        last = end
    return "".join((*parts, text[last:]))


def _place(edit: Edit) -> tuple[object, ...]:
    """Where an edit is; names for one import are in order, as isort has them."""
    is_name = edit.start == edit.end and _BEFORE.fullmatch(edit.text) is not None
    name = edit.text.partition(",")[0] if is_name else ""
    return edit.start, edit.end, order(name), edit.text if is_name else ""


def order(name: str) -> tuple[int, str]:
    """As isort sorts names: constants, then classes, then the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower()


def _with_one_import(edits: Iterable[Edit]) -> list[Edit]:
    """The edits, in which `from a import b` and `from a import c`, put in at the same place, are one line."""
    found: list[Edit] = []
    places: dict[tuple[tuple[int, int], str], int] = {}
    for edit in edits:
        line = _FROM.fullmatch(edit.text) if edit.start == edit.end else None
        index = places.get((edit.start, line[1])) if line is not None else None
        if line is not None and index is None:
            places[edit.start, line[1]] = len(found)
        if line is None or index is None:
            found.append(edit)
            continue
        other = _FROM.fullmatch(found[index].text)
        assert other is not None
        names = sorted({*other[2].split(", "), *line[2].split(", ")}, key=str.lower)
        found[index] = msgspec.structs.replace(edit, text=f"{other[1]}{', '.join(names)}{other[3]}")
    return found


def defined(edits: Iterable[Edit]) -> set[str]:
    """The names of the functions that the edits put in."""
    return {name for edit in edits for name in _DEFINED.findall(edit.text)}


_Point = tuple[int, int]


class Taken:
    """Edits that are applied together, and whether others can be applied with them. Equal edits are one."""

    def __init__(self) -> None:
        self._edits: set[Edit] = set()
        #: Of each file, in order: the ranges that are replaced, and the points where something is put in.
        self._ranges: dict[str, list[tuple[_Point, _Point]]] = {}
        self._points: dict[str, list[_Point]] = {}
        self._defined: dict[tuple[str, _Point], set[str]] = {}

    def add(self, edits: Iterable[Edit]) -> None:
        """Edits that do not collide with those that are there."""
        for edit in edits:
            if edit in self._edits:
                continue
            self._edits.add(edit)
            if edit.start != edit.end:
                bisect.insort(self._ranges.setdefault(edit.path, []), (edit.start, edit.end))
                continue
            bisect.insort(self._points.setdefault(edit.path, []), edit.start)
            self._defined.setdefault((edit.path, edit.start), set()).update(defined((edit,)))

    def collides(self, edits: Iterable[Edit]) -> bool:
        """Whether any of the edits is in the way of one that is there.

        Texts put in at one point are not, but for functions of one name.
        """
        return any(self._collides(edit) for edit in edits if edit not in self._edits)

    def _collides(self, edit: Edit) -> bool:
        ranges = self._ranges.get(edit.path, [])
        index = bisect.bisect_left(ranges, edit.end, key=lambda place: place[0]) - 1
        if index >= 0 and edit.start < ranges[index][1]:
            return True
        if edit.start == edit.end:
            return bool(self._defined.get((edit.path, edit.start), set()) & defined((edit,)))
        points = self._points.get(edit.path, [])
        first = bisect.bisect_right(points, edit.start)
        return first < len(points) and points[first] < edit.end


def overlap(first: Iterable[Edit], second: Iterable[Edit]) -> bool:
    """Whether the two sets of edits cannot be applied together."""
    taken = Taken()
    taken.add(second)
    return taken.collides(first)
