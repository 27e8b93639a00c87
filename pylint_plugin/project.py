"""What the analyzer says of the project, found once for all files that pylint checks."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.baseline import read_baseline
from color_checker.config import Config, load_config
from color_checker.errors import SourceError
from color_checker.findings import Finding, Report
from color_checker.session import Session
from color_checker.sources import decode, read_source

if TYPE_CHECKING:
    from astroid import nodes

_LINE_ENDS = re.compile(r"\r\n|\r|\n")


class Settings(msgspec.Struct, frozen=True):
    """What pylint's own options say in place of `[tool.color-checker]`.

    Attributes:
        directory: the one that pylint runs in.
        config: the file to read the configuration from; "" to look for it.
        engines: names of the only engines to check for; empty: as configured.
        strict: unresolved calls are messages; None: as configured.
    """

    directory: str
    config: str = ""
    engines: tuple[str, ...] = ()
    strict: bool | None = None


class Project:
    """The whole project, of which pylint may be given only some files."""

    def __init__(self, settings: Settings) -> None:
        """Raises ColorCheckerError if the configuration is wrong."""
        self.settings = settings
        #: The process that has looked at the files. Those that are forked from it need not do so again.
        self.process = os.getpid()
        config = load_config(Path.cwd(), Path(settings.config) if settings.config else None)
        strict = config.strict if settings.strict is None else settings.strict
        self.config: Config = msgspec.structs.replace(config, strict=strict)
        self._paths = list(self.config.default_paths())
        self._session = self._new_session()
        self._report = Report()
        self._files: Container[str] = ()
        self._unsaved: dict[str, nodes.Module] = {}
        self._by_path: dict[str, list[Finding]] | None = None

    def check(self) -> None:
        """Analyze the project, with all that is needed to go on from there.

        Raises ColorCheckerError if a name in the configuration is wrong.
        """
        self._by_path = None
        self._report = self._session.check()
        self._files = self._session.files
        if self._report.gaps:
            _ = self._session.analysis  # which is only made on demand if the report is known from before

    def findings(self, module: nodes.Module, unsaved: str | None) -> list[Finding]:
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
            self._by_path = _by_path(self._without_known(self._resolved()))
        return self._by_path.get(path, [])

    def _new_session(self) -> Session:
        return Session(self._paths, config=self.config, engines=self.settings.engines)

    def _resolved(self) -> Sequence[Finding]:
        """What is found, also with what astroid knows; it is not asked if all calls are resolved."""
        if not self._report.gaps:
            return self._report.findings
        from pylint_plugin.resolution import resolved

        findings = resolved(self._report, self._session.analysis, self._unsaved)
        # What was learned stays in the analysis, so the next report must not come from it.
        self._session = self._new_session()
        return findings

    def _without_known(self, findings: Sequence[Finding]) -> Iterable[Finding]:
        """Those that are not in the baseline, if there is one in the configuration."""
        if not self.config.baseline or not findings:
            return findings
        return read_baseline(self.config.resolve(self.config.baseline)).split(findings, _lines).new


def _by_path(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(os.path.abspath(finding.path), []).append(finding)
    return found


def _lines(shown: str) -> Sequence[str]:
    try:
        return _LINE_ENDS.split(decode(read_source(os.path.abspath(shown))))
    except SourceError:
        return ()


_project: Project | None = None


def start(settings: Settings) -> None:
    """Look at the project at the start of a run of pylint. Raises ColorCheckerError as `Project` does.

    The project is no attribute of a checker: pylint would send it to every process that it starts for
    `--jobs`. Those that are forked have it already.
    """
    global _project  # noqa: PLW0603
    if _project is None or _project.settings != settings or _project.process == os.getpid():
        _project = Project(settings)
        _project.check()


def project(settings: Settings) -> Project:
    """The project of this run."""
    if _project is None or _project.settings != settings:
        start(settings)
    assert _project is not None
    return _project
