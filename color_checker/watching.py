"""Checks a project again whenever it changes, until it is interrupted."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import watchfiles

from color_checker.config import Config
from color_checker.errors import ColorCheckerError
from color_checker.findings import Report
from color_checker.session import Session
from color_checker.sources import State
from color_checker.surroundings import state_of_configuration

#: Changes that come within this many milliseconds belong together: editors write a file in several steps.
_STEP = 20

#: After so many milliseconds without a change, it is looked whether the configuration has changed. It may lie
#: in a directory above, which is not watched with all that is in it.
_IDLE = 500

#: What a file of this kind holds may change what is found.
_KINDS = (".py", ".toml", ".gitignore")

#: Exit code if the last that was said is that the configuration is wrong.
_FAILED = 2


class Front(NamedTuple):
    """What the command line does.

    Attributes:
        load: reads the configuration. Raises ColorCheckerError.
        open: starts the session for a configuration.
        paths: what is checked by that configuration.
        tell: shows a report on the files with these paths, and gives the exit code that it means.
        wait: says that the next change is waited for.
        complain: says in one line what is wrong.
    """

    load: Callable[[], Config]
    open: Callable[[Config], Session]
    paths: Callable[[Config], Iterable[str]]
    tell: Callable[[Report, Config, Iterable[str]], int]
    wait: Callable[[], None]
    complain: Callable[[str], None]


def watch(front: Front) -> int:
    """Check now and after every change; gives the last exit code when it is interrupted.

    Raises ColorCheckerError if the configuration is wrong from the start.
    """
    watched = _Watched(front)
    gc.enable()  # the process may live for days
    try:
        watched.show(watched.check())
        while True:
            for paths in _changes(watched.roots):
                watched.look_again(paths)
                if watched.has_moved:
                    break
    except KeyboardInterrupt:
        return watched.code


class _Watched:
    """The project as it was when it was last looked at."""

    def __init__(self, front: Front) -> None:
        self.code = 0
        self._front = front
        self._config = front.load()
        self._session = front.open(self._config)
        self._files: Mapping[str, bytes] = {}
        self._settings = self._stat_settings()
        self._problem = ""
        #: What is being watched.
        self.roots = self._wanted_roots()

    @property
    def has_moved(self) -> bool:
        """Whether the configuration names other paths than those that are watched."""
        before, self.roots = self.roots, self._wanted_roots()
        return before != self.roots

    def check(self) -> Report:
        """What is found now."""
        return self._session.check()

    def show(self, report: Report) -> None:
        """Show what was found."""
        self._files = dict(self._session.files)
        self._problem = ""
        self.code = self._front.tell(report, self._config, self._files)
        self._front.wait()
        self._session.tidy()

    def look_again(self, paths: Iterable[str]) -> None:
        """Check if something may have changed, and show what is found if something has."""
        settings = self._stat_settings()
        paths = [path for path in paths if self._counts(path)]
        if settings == self._settings and not paths:
            return
        self._settings = settings
        try:
            is_other = self._load()
            report = self.check()
            if is_other or self._problem or self._has_changed(paths):
                self.show(report)
        except ColorCheckerError as error:
            self.code = _FAILED
            if str(error) != self._problem:
                self._problem = str(error)
                self._front.complain(self._problem)

    def _has_changed(self, paths: Iterable[str]) -> bool:
        """Whether the check has taken other files, or the same ones in another state, or one was saved."""
        files = self._session.files
        return files != self._files or bool(self._session.changed) or any(path in files for path in paths)

    def _load(self) -> bool:
        """Read the configuration; whether it is another one now."""
        config = self._front.load()
        if config == self._config:
            return False
        self._session.close()
        self._config, self._session = config, self._front.open(config)
        return True

    def _counts(self, path: str) -> bool:
        if path.startswith(str(self._config.resolve(self._config.cache_dir)) + os.sep):
            return False
        # A directory that comes, goes or is renamed may take files with it, of which nothing is said.
        return path.endswith(_KINDS) or not os.path.isfile(path)

    def _stat_settings(self) -> tuple[State | None, ...]:
        """What tells whether a file with the configuration has changed, been made or been removed."""
        named = (self._config.file,) if self._config.file else ()
        return state_of_configuration(Path.cwd(), *named)

    def _wanted_roots(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(os.path.abspath(path) for path in self._front.paths(self._config)))


def _changes(roots: Iterable[str]) -> Iterator[set[str]]:
    """The paths of what has changed; also, again and again, an empty set.

    The first is not empty: what has changed before there was a watch on it has to be looked at.
    """
    # A file's directory is watched, since editors put a new file in the place of the old one.
    directories = dict.fromkeys(root if os.path.isdir(root) else os.path.dirname(root) for root in roots)
    existing = [directory for directory in directories if os.path.isdir(directory)]
    first = set(existing)
    for changes in watchfiles.watch(
        *existing, step=_STEP, rust_timeout=_IDLE, yield_on_timeout=True, ignore_permission_denied=True,
        recursive=any(os.path.isdir(root) for root in roots),
    ):  # fmt: skip
        yield {path for _, path in changes} | first
        first = set()
