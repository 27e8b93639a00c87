"""What the analyzer says of the project that mypy checks."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config, load_config
from color_checker.errors import ColorCheckerError
from color_checker.findings import Color, Finding, Report
from color_checker.places import Spot, Types
from color_checker.result_cache import file_hash
from color_checker.session import Session
from color_checker.sources import by_path
from mypy_plugin.circumstances import circumstances
from mypy_plugin.failures import Failures
from mypy_plugin.resolution import Resolution

if TYPE_CHECKING:
    from color_checker.checking import Analysis

_Stat = tuple[int, int]


class Coloring(msgspec.Struct, frozen=True):
    """The color of a function, and the engine that it has it from."""

    color: Color
    engine: str


class Project:
    """The project in and below the working directory, analyzed as `color-checker check` would.

    Paths are absolute here.
    """

    def __init__(self, failures: Failures) -> None:
        """Looks at the project for the first time. Raises ColorCheckerError if the configuration is wrong."""
        self._failures = failures
        self.config: Config = load_config(Path.cwd())
        self._session = Session(self.config.default_paths())
        self._resolution = Resolution(self.config)
        self._report = Report()
        self._by_path: dict[str, tuple[Finding, ...]] = {}
        self._stats: dict[str, _Stat | None] = {}
        self._coloring: dict[str, dict[int, Coloring]] | None = None
        #: Why the last look at the project failed, "" if it did not.
        self.problem = ""
        self._circumstances = circumstances(self.config)
        self._check()
        if self.problem:
            raise ColorCheckerError(self.problem)

    def holds(self, path: str) -> bool:
        """Whether the file is one of the project's, so that its findings are known."""
        return path in self._session.files

    def findings(self, path: str) -> tuple[Finding, ...]:
        """What the analyzer finds in one file, with what mypy has said of all files so far."""
        return self._by_path.get(path, ())

    def digest(self, path: str, *, is_check: bool) -> str:
        """A short text that changes when what is found in one of the project's files may change.

        With `is_check`, it is another one if mypy has to check the file to say what is asked about its types.
        """
        if not self.holds(path):
            return ""
        if is_check and not self._resolution.is_answered(path):
            return "to be asked"
        parts = (self._circumstances, msgspec.json.encode(self.findings(path)))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    @property
    def analysis(self) -> Analysis:
        """The whole linked program; made when it is asked for, if the findings came from the cache."""
        return self._session.analysis

    def coloring(self, path: str, line: int) -> Coloring | None:
        """The color of the function that is defined at that line of the file, or is inside of such a one."""
        if self._coloring is None:
            self._coloring = _colorings(self.analysis)
        return self._coloring.get(path, {}).get(line)

    def look_again(self, path: str) -> frozenset[str]:
        """Take up what has changed on disk, if this file has changed since mypy last read it.

        Returns the paths of the files in which other things are found than before.
        """
        stat = _stat(path)
        known = self._session.files.get(path)
        # The daemon may have had a file from mypy's cache until it has changed.
        same = self._stats[path] == stat if path in self._stats else known == file_hash(path)
        if known is not None and same:
            self._stats[path] = stat
            return frozenset()
        before = self._by_path
        self._check()
        self._stats[path] = stat
        return self._differing(before)

    def _check(self) -> None:
        self.problem = ""
        self._failures.begin()
        try:
            self._report = self._session.check()
        except ColorCheckerError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - mypy has its own work to do, which does not need us
            self._failures.say(error)
        self._coloring = None
        hashes = self._session.files if not self.problem else {}
        self._resolution.start(self._report, hashes, lambda: self._session.analysis, self._analyze_anew)
        self._sort()

    def _analyze_anew(self) -> Analysis:
        self._session = Session(self.config.default_paths())
        self._session.check()
        return self._session.analysis

    def questions(self, path: str) -> tuple[Spot, ...]:
        """The places in a file of which mypy is to say what they are."""
        return self._resolution.questions(path)

    def learn(self, path: str, asked: tuple[Spot, ...], types: Types) -> frozenset[str]:
        """Take what mypy says of the places that it was asked about; there may be other questions then.

        Returns the paths of the files in which other things are found now.
        """
        if not self._resolution.learn(path, asked, types):
            return frozenset()
        before = self._by_path
        self._coloring = None
        self._sort()
        return self._differing(before)

    def keep(self) -> None:
        """Keep what was learned, for the next run."""
        self._resolution.keep()

    def _differing(self, before: dict[str, tuple[Finding, ...]]) -> frozenset[str]:
        paths = before.keys() | self._by_path.keys()
        return frozenset(path for path in paths if before.get(path) != self._by_path.get(path))

    def _sort(self) -> None:
        self._by_path = by_path(self._resolution.findings)


def _stat(path: str) -> _Stat | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _colorings(analysis: Analysis) -> dict[str, dict[int, Coloring]]:
    table: dict[str, dict[int, Coloring]] = {}
    for node, code in analysis.program.code.items():
        if node.facts.kind in ("function", "lambda"):
            lines = table.setdefault(node.module.source.path, {})
            lines[node.facts.line] = Coloring(code.color, code.engine)
    return table
