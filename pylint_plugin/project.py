"""What the analyzer says of the project, found once for all files that pylint checks in a process."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from color_checker.config import Config, load_config
from color_checker.findings import Finding
from color_checker.session import Session


class Settings(msgspec.Struct, frozen=True):
    """What pylint's own options say in place of `[tool.color-checker]`.

    Attributes:
        config: the file to read the configuration from; "" to look for it.
        engines: names of the only engines to check for; empty: as configured.
        strict: unresolved calls are messages; None: as configured.
    """

    config: str = ""
    engines: tuple[str, ...] = ()
    strict: bool | None = None


class Project:
    """The whole project, of which pylint may be given only some files."""

    def __init__(self, settings: Settings) -> None:
        """Raises ColorCheckerError if the configuration is wrong."""
        self.settings = settings
        self.config: Config = load_config(Path.cwd(), Path(settings.config) if settings.config else None)
        self._paths = list(self.config.default_paths())
        self.session = self._session()
        self._by_path: dict[str, list[Finding]] | None = None

    def findings(self, path: str, unsaved: str | None = None) -> list[Finding]:
        """What is found in a file, by its absolute path, or in the text that an editor has of it."""
        if unsaved is not None:
            self.session.overlay(path, unsaved)
            self._by_path = None
        if self._by_path is None:
            self._by_path = self._check()
        if path not in self.session.files and os.path.isfile(path):
            # Not in the project's paths, or excluded there; but pylint was told to look at it.
            self._paths.append(path)
            self.session = self._session()
            self._by_path = self._check()
        return self._by_path.get(path, [])

    def _session(self) -> Session:
        return Session(
            self._paths, config=self.config, engines=self.settings.engines, strict=self.settings.strict
        )

    def _check(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in self.session.check().findings:
            found.setdefault(os.path.abspath(finding.path), []).append(finding)
        return found


_project: Project | None = None


def project(settings: Settings) -> Project:
    """The project of this process. Raises ColorCheckerError if the configuration is wrong.

    It is no attribute of a checker: pylint would send it to every process that it starts. Those that are
    forked have it already.
    """
    global _project  # noqa: PLW0603
    if _project is None or _project.settings != settings:
        _project = Project(settings)
    return _project
