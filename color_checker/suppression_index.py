"""Which findings the comments in the source suppress, and which comments suppressed none."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.suppressions import Ignore, Problem


class Suppressions:
    """All `# color: ignore` comments of a run."""

    def __init__(self) -> None:
        self._by_line: dict[tuple[str, int], list[Ignore]] = {}
        self._used: dict[tuple[str, Ignore], set[str]] = {}
        self.suppressed = 0
        #: Comments that were meant for color-checker and are wrong, by path.
        self.problems: dict[str, tuple[Problem, ...]] = {}

    def add(self, path: str, ignores: tuple[Ignore, ...], problems: tuple[Problem, ...] = ()) -> None:
        """Take the comments of the file shown as `path`."""
        if problems:
            self.problems[path] = problems
        for ignore in ignores:
            self._by_line.setdefault((path, ignore.target), []).append(ignore)
            self._used.setdefault((path, ignore), set())

    def covers(self, path: str, line: int, name: str, *, bare: bool = True) -> bool:
        """Whether a finding of rule `name` on that line is suppressed; the comment then counts as used.

        Without `bare`, only a comment that names the rule counts.
        """
        covered = False
        for ignore in self._by_line.get((path, line), ()):
            if name in ignore.names or (bare and not ignore.names):
                self._used[path, ignore].add(name)
                covered = True
        self.suppressed += covered
        return covered

    def unused(self) -> Iterator[tuple[str, Ignore, tuple[str, ...]]]:
        """Comments that suppressed nothing (with no names), and names in them that did not."""
        for (path, ignore), used in self._used.items():
            if not used:
                yield path, ignore, ()
            else:
                left = tuple(name for name in ignore.names if name not in used)
                if left:
                    yield path, ignore, left
