"""Answers whether the gitignore patterns of one file have something to say of a path.

The patterns' meaning is pathspec's. What is added is speed: a pattern is compiled only once a name
turns up that its last segment can match, so a tree with the usual `.gitignore` (a hundred names that
no Python file has) compiles nothing and does not even import pathspec.

Directories are expected to be asked for before what is in them, and not to be entered when ignored:
a pattern is only ever matched against the entry itself, the last one that matches decides, as in git.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Patterns:
    """The patterns of one `.gitignore`, or of one configuration key."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Lines that are not valid patterns are without effect, as in git."""
        self._literals: dict[str, list[_Pattern]] = {}
        self._globs: list[_Pattern] = []
        for rank, line in enumerate(lines):
            pattern = _parse(line, rank)
            if pattern is None:
                continue
            if pattern.literal:
                self._literals.setdefault(pattern.head, []).append(pattern)
            else:
                self._globs.append(pattern)
        self._file_globs = [pattern for pattern in self._globs if pattern.fits_python_files()]

    def verdict(self, path: str, name: str, is_directory: bool) -> bool | None:
        """True: ignored; False: brought back by `!`; None: no pattern matches.

        Args:
            path: relative to the directory of the patterns, with "/".
            name: its last segment.
            is_directory: False for a file, whose name must then end in `.py`.
        """
        globs = self._globs if is_directory else self._file_globs
        found = [
            pattern for pattern in globs if name.startswith(pattern.head) and name.endswith(pattern.tail)
        ]
        if name in self._literals:
            found += self._literals[name]
        if not found:
            return None
        found.sort(key=lambda pattern: pattern.rank, reverse=True)
        return next(
            (not pattern.negated for pattern in found if pattern.matches(path, name, is_directory)), None
        )


class _Pattern:
    """One line. Its last segment begins with `head`, ends with `tail`, and is just `head` if literal."""

    __slots__ = ("_spec", "body", "depth", "directories_only", "head", "literal", "negated", "rank", "tail")

    def __init__(self, rank: int, body: str, negated: bool) -> None:
        self.rank = rank
        self.body = body
        self.negated = negated
        self.directories_only = body.endswith("/")
        segments = body.strip("/").split("/")
        last = segments[-1]
        # A backslash makes it hard to say what the text of the name is: such a pattern is just tried.
        wild = re.split(r"[*?\[\]]", last) if "\\" not in body else ["", ""]
        self.literal = len(wild) == 1
        self.head, self.tail = wild[0], wild[-1]
        self.depth = self._depth(segments)
        self._spec: GitIgnoreSpec | None = None

    def _depth(self, segments: list[str]) -> int:
        """How many segments a path needs to match: 0 if only its name counts, -1 if any number will do."""
        if any("**" in segment for segment in segments):
            return -1
        return len(segments) if "/" in self.body.rstrip("/") else 0

    def fits_python_files(self) -> bool:
        """Whether a file whose name ends in `.py` can match."""
        tail = self.tail
        return not self.directories_only and (tail.endswith(".py") or ".py".endswith(tail))

    def matches(self, path: str, name: str, is_directory: bool) -> bool:
        if self.directories_only and not is_directory:
            return False
        if self.depth == 0:
            path = name
        elif self.depth > 0 and path.count("/") + 1 != self.depth:
            return False
        return self._compiled().match_file(path)

    def _compiled(self) -> GitIgnoreSpec:
        if self._spec is None:
            from pathspec import GitIgnoreSpec  # takes 20 ms, and is often not needed

            # What is a directory was looked at already, so the slash at the end can go.
            body = self.body.removesuffix("/")
            escaped = "\\" + body if body[0] in "!#" else body
            try:
                self._spec = GitIgnoreSpec.from_lines([escaped])
            except ValueError:
                self._spec = GitIgnoreSpec([])
        return self._spec


def _parse(line: str, rank: int) -> _Pattern | None:
    body = line.rstrip("\r\n")
    while body.endswith(" ") and not body.endswith("\\ "):
        body = body[:-1]
    negated = body.startswith("!")
    if negated:
        body = body[1:]
    elif body.startswith("#"):
        return None
    return _Pattern(rank, body, negated) if body.strip("/") else None
