"""What the analyzer says of the project, found once for all files that pylint checks."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.baseline import read_baseline
from color_checker.config import Config, load_config
from color_checker.findings import Finding, Report
from color_checker.session import Session
from color_checker.sources import by_path
from color_checker.surroundings import project_around
from color_checker.texts import source_lines
from pylint_plugin.remembering import Memory
from pylint_plugin.resolution import resolved, search_path

if TYPE_CHECKING:
    from astroid import nodes


class Settings(msgspec.Struct, frozen=True):
    """What pylint's own options say in place of `[tool.color-checker]`.

    Attributes:
        directory: where the project is: the one that pylint runs in, unless the files are elsewhere.
        config: the file to read the configuration from; "" to look for it.
        engines: names of the only engines to check for; empty: as configured.
        strict: unresolved calls are messages; None: as configured.
    """

    directory: str
    config: str = ""
    engines: tuple[str, ...] = ()
    strict: bool | None = None


class Found(msgspec.Struct, frozen=True):
    """What is found in the whole project: all that the processes of `--jobs` have to know.

    Attributes:
        files: the absolute paths of the files that were looked at.
        by_path: absolute path → what is found there.
    """

    settings: Settings
    files: frozenset[str]
    by_path: dict[str, tuple[Finding, ...]]


class Project:
    """The whole project, of which pylint may be given only some files."""

    def __init__(self, settings: Settings, found: Found | None = None) -> None:
        """Raises ColorCheckerError if the configuration is wrong. `found`: what is known already."""
        self.settings = settings
        config = load_config(Path(settings.directory), Path(settings.config) if settings.config else None)
        strict = config.strict if settings.strict is None else settings.strict
        self.config: Config = msgspec.structs.replace(config, strict=strict)
        self._paths = [str(config.resolve(path)) for path in config.paths] or [settings.directory]
        self._session = self._new_session()
        self._report = Report()
        self._files: Collection[str] = found.files if found is not None else ()
        self._by_path = found.by_path if found is not None else None
        self._unsaved: dict[str, nodes.Module] = {}

    def check(self) -> None:
        """Analyze the project. Raises ColorCheckerError if a name in the configuration is wrong."""
        self._by_path = None
        self._report = self._session.check()
        self._files = self._session.files

    def found(self, source_roots: Sequence[str]) -> Found:
        """What is found in all files, for other processes.

        `source_roots`: pylint's. The directories that it would look for modules in are not known yet.
        """
        if self._by_path is None:
            with search_path(self._report, source_roots):
                self._by_path = self._look()
        return Found(self.settings, frozenset(self._files), self._by_path)

    def findings(self, module: nodes.Module, unsaved: str | None) -> Sequence[Finding]:
        """What is found in a module that pylint is at. `unsaved`: the text that an editor has of it."""
        path = os.path.abspath(module.file)
        if unsaved is not None:
            self._unsaved[path] = module
            self._session.overlay(path, unsaved)
            self.check()
        if path not in self._files and os.path.isfile(path):
            # Not in the project's paths, or excluded there; but pylint was told to look at it.
            self._paths.append(path)
            self._session = self._new_session()
            self.check()
        if self._by_path is None:
            self._by_path = self._look()
        return self._by_path.get(path, ())

    def _look(self) -> dict[str, tuple[Finding, ...]]:
        return by_path(self._without_known(self._resolved()))

    def _new_session(self) -> Session:
        return Session(self._paths, config=self.config, engines=self.settings.engines)

    def _resolved(self) -> Sequence[Finding]:
        """What is found, also with what astroid knows; it is not asked if all calls are resolved."""
        if not self._report.gaps:
            return self._report.findings
        memory = Memory(self.config, self._report, self._session.files)
        findings = memory.recall() if not self._unsaved else None
        if findings is None:
            findings = resolved(self._report, self._session.analysis, self._unsaved)
            # What was learned stays in the analysis, so the next report must not come from it.
            self._session = self._new_session()
            if not self._unsaved:
                memory.keep(findings)
        return findings

    def _without_known(self, findings: Sequence[Finding]) -> Iterable[Finding]:
        """Those that are not in the baseline, if there is one in the configuration."""
        if not self.config.baseline or not findings:
            return findings
        return read_baseline(self.config.resolve(self.config.baseline)).split(findings, source_lines).new


_projects: dict[Settings, Project] = {}


def directory_of(file: str) -> str:
    """Where the project of a file is: where pylint runs, if there is a project and the file is in it."""
    here = Path.cwd()
    path = Path(file).absolute()
    if path.is_relative_to(here) and is_project(here):
        return str(here)
    return str(project_around(path.parent) or (here if is_project(here) else path.parent))


def is_project(folder: Path) -> bool:
    """Whether a folder is, or lies in, anything but a file system."""
    return project_around(folder) is not None


def start(settings: Settings) -> Project:
    """Look at the project at the start of a run. Raises ColorCheckerError as `Project` does.

    The project is no attribute of a checker: pylint would send it to every process of `--jobs`.
    """
    _projects.clear()
    return _begin(settings)


def _begin(settings: Settings) -> Project:
    begun = Project(settings)
    begun.check()
    _projects[settings] = begun
    return begun


def take(found: Found) -> None:
    """Go on with what another process has found."""
    _projects.clear()
    _projects[found.settings] = Project(found.settings, found)


def forget() -> None:
    """A new run begins, which will see what has changed."""
    _projects.clear()


def project(settings: Settings) -> Project:
    """The project of this run."""
    return _projects.get(settings) or _begin(settings)
