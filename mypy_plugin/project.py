"""What the analyzer says of the project that mypy checks, wherever it works."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from color_checker.baseline import baseline_of, without_known
from color_checker.config import Config, load_config, validate_names
from color_checker.errors import ColorCheckerError
from color_checker.findings import Finding
from color_checker.places import Spot, Types
from color_checker.processors import available
from color_checker.result_cache import file_hash
from color_checker.sources import by_path
from color_checker.surroundings import configuration_for, project_around
from color_checker.worthwhile import is_worth_a_child
from mypy_plugin.analyzer.analyzed import Analyzed, Coloring, Known
from mypy_plugin.analyzer.registered import Registered
from mypy_plugin.circumstances import circumstances
from mypy_plugin.codes import CODES
from mypy_plugin.failures import Failures
from mypy_plugin.standing import TO_BE_ASKED, Standing

if TYPE_CHECKING:
    from color_checker.ahead import Child

_CHILD = "mypy_plugin.analyzer.analyzed:work_ahead"

_Stat = tuple[int, int]


class Project:
    """The project in and below the working directory, analyzed as `color-checker check` would.

    If no earlier result holds, a child process may analyze it while mypy reads the files and their libraries;
    what is found is waited for when it is first asked for. If the child fails, the same is done here.

    Paths are absolute here.
    """

    def __init__(self, failures: Failures, *, with_child: bool, config_file: str | None = None) -> None:
        """Looks at the project for the first time. Raises ColorCheckerError if the configuration is wrong.

        `config_file`: mypy's. Where mypy runs in no project at all, it is that file's which is analyzed.
        """
        self._failures = failures
        self._started = time.time_ns()
        self._config_file = config_file
        elsewhere = _project_elsewhere(config_file)
        self.config: Config = elsewhere or load_config(Path.cwd())
        self._baseline = baseline_of(self.config)
        self._analyzed = Analyzed(self.config, is_elsewhere=elsewhere is not None)
        self._child: Child | None = None
        #: None as long as the child is at work.
        self._known: Known | None = None
        self._files: Mapping[str, bytes] = {}
        self._by_path: dict[str, tuple[Finding, ...]] = {}
        self._learned: list[tuple[str, tuple[Spot, ...], Types]] = []
        self._has_news = False
        self._distrusted: set[str] = set()
        self._stats: dict[str, _Stat | None] = {}
        self._colors: dict[str, dict[int, Coloring]] = {}
        self._registered: Registered | None = None
        #: Why the last look at the project failed, "" if it did not.
        self.problem = ""
        self._circumstances = circumstances(self.config)
        with_child &= elsewhere is None and available() > 1
        if not (with_child and self._look_ahead()):
            self._check()
        if self.problem:
            raise ColorCheckerError(self.problem)

    # -- where the work is done -----------------------------------------------------------------

    def _look_ahead(self) -> bool:
        """Take an earlier result, or have a child work out a new one; False if neither is to be."""
        try:
            known = self._analyzed.recall()
        except Exception:  # noqa: BLE001 - the same happens again, and is reported, when it is checked here
            return False
        self._files = self._analyzed.files
        if known is not None:
            self._take(known)
            return True
        # A profile of the user's own may be wrong, which is to be said now, and shows when it is used.
        if self.config.engine_files or not is_worth_a_child(self._files):
            return False
        from color_checker import ahead
        from color_checker.engines import engines_by_package

        validate_names(self.config, sorted(CODES), sorted(set(engines_by_package().values())))
        try:
            self._child = ahead.Child(_CHILD)
        except OSError:
            return False
        return True

    @property
    def is_at_work(self) -> bool:
        """Whether what is asked of the analyzer has to be waited for."""
        return self._known is None and self._child is not None

    def _now(self) -> Known:
        if self._known is None and self._child is not None:
            from color_checker import ahead

            try:
                self._take(self._child.ask("known"))
                self._child.tell("prepare")
            except ahead.GoneError:
                self._do_without()
        return self._known or Known()

    def _ask(self, method: str, *arguments: object) -> Any:
        """What `Analyzed` says, here or in the child."""
        self._now()
        if self._child is not None:
            from color_checker import ahead

            try:
                return self._child.ask(method, *arguments)
            except ahead.GoneError:
                self._do_without()
        return getattr(self._analyzed, method)(*arguments)

    def _do_without(self) -> None:
        """Work out here what the child knew."""
        self._child = None
        self._check()
        if self.problem:
            raise ColorCheckerError(self.problem)
        for learned in self._learned:
            known = self._analyzed.learn(*learned)
            if known is not None:
                self._take(known)

    def _check(self) -> None:
        self.problem = ""
        self._failures.begin()
        self._registered, self._files = None, {}
        try:
            known = self._analyzed.check()
            self._files = self._analyzed.files
        except ColorCheckerError as error:
            self.problem = str(error)
            known = Known()
        except Exception as error:  # noqa: BLE001 - mypy has its own work to do, which does not need us
            self._failures.say(error)
            known = Known()
        self._take(known)

    def _take(self, known: Known) -> None:
        self._known, self._colors = known, {}
        self._by_path = by_path(without_known(known.findings, self._baseline))

    # -- what is asked --------------------------------------------------------------------------

    def holds(self, path: str) -> bool:
        """Whether the file is one of the project's, so that its findings are known."""
        return path in self._files

    @property
    def files(self) -> Iterable[str]:
        """The project's files."""
        return self._files

    def findings(self, path: str) -> tuple[Finding, ...]:
        """What the analyzer finds in one file, with what mypy has said of all files so far."""
        self._now()
        return self._by_path.get(path, ())

    def digest(self, path: str, *, is_check: bool) -> str:
        """A short text that changes when what is found in one of the project's files may change.

        With `is_check`, it is another one if mypy has to check the file to say what is asked about its types.
        """
        if not self.holds(path):
            return ""
        if is_check and path in self._now().unanswered:
            return TO_BE_ASKED
        if path in self._distrusted:
            return "to be checked again"
        parts = (self._circumstances, msgspec.json.encode(self.findings(path)))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    def keep_standing(self, cache_dir: str) -> None:
        """Keep what the digests are for mypy's next run; called before anything else is asked.

        Only if all of it was known when this run started.
        """
        if self._known is None or self._child is not None or self.problem:
            return
        digests = {path: self.digest(path, is_check=False) for path in self._files}
        standing = Standing(digests, self._known.unanswered)
        standing.keep(cache_dir, self._config_file, self._analyzed.places, self._started)

    def distrust(self, path: str) -> None:
        """Have mypy check the file in its next run, too: it was not checked with all that it depends on."""
        self._distrusted.add(path)

    def coloring(self, path: str, line: int) -> Coloring | None:
        """The color of the function that is defined at that line of the file, or is inside of such a one."""
        if path not in self._colors:
            self._colors[path] = self._ask("colors", path)
        return self._colors[path].get(line)

    @property
    def registered(self) -> Registered:
        """What the project registers with its engines."""
        if self._registered is None:
            self._registered = self._ask("registered")
        return self._registered

    def converters(self, path: str, engine: str, default: str) -> tuple[str, ...]:
        """The names of the converters that functions in a file may meet, by what the project chooses."""
        found: tuple[str, ...] = self._ask("converters", path, engine, default)
        return found

    def look_again(self, path: str) -> frozenset[str]:
        """Take up what has changed on disk, if this file has changed since mypy last read it.

        Returns the paths of the files in which other things are found than before.
        """
        stat = _stat(path)
        known = self._files.get(path)
        # The daemon may have had a file from mypy's cache until it has changed.
        same = self._stats[path] == stat if path in self._stats else known == file_hash(path)
        if known is not None and same:
            self._stats[path] = stat
            return frozenset()
        before = self._by_path
        self._check()
        self._stats[path] = stat
        return self._differing(before)

    def questions(self, path: str) -> tuple[Spot, ...]:
        """The places in a file of which mypy is to say what they are."""
        if path not in self._now().asked:
            return ()
        found: tuple[Spot, ...] = self._ask("questions", path)
        return found

    def learn(self, path: str, asked: tuple[Spot, ...], types: Types) -> frozenset[str]:
        """Take what mypy says of the places that it was asked about; there may be other questions then.

        Returns the paths of the files in which other things are found now.
        """
        self._has_news = True
        known: Known | None = self._ask("learn", path, asked, types)
        if known is None:
            return frozenset()
        if self._child is not None:
            self._learned.append((path, asked, types))
        before = self._by_path
        self._take(known)
        return self._differing(before)

    def keep(self) -> None:
        """Keep what was learned, for the next run."""
        if self._has_news:
            self._has_news = not self._ask("keep")

    def _differing(self, before: dict[str, tuple[Finding, ...]]) -> frozenset[str]:
        paths = before.keys() | self._by_path.keys()
        return frozenset(path for path in paths if before.get(path) != self._by_path.get(path))


def _project_elsewhere(config_file: str | None) -> Config | None:
    """The configuration of the project around mypy's, if the working directory is in none."""
    here = Path.cwd()
    folder = os.path.dirname(os.path.abspath(config_file)) if config_file else ""
    if not folder or project_around(here) is not None or project_around(Path(folder)) is None:
        return None
    return configuration_for([folder], here).config


def _stat(path: str) -> _Stat | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
