"""The project as the analyzer sees it: what it finds, and what it asks astroid.

All that goes in and out are plain data, so that it may be in another process, which needs no pylint, and
astroid only if there is something to ask it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config
from color_checker.findings import Finding, Report
from color_checker.places import Spot, Types
from color_checker.session import Session
from color_checker.worthwhile import is_more
from pylint_plugin.settings import Settings, configuration

if TYPE_CHECKING:
    from color_checker.resolving import Resolver
    from pylint_plugin.astroid_state import AstroidState

#: A child parses no more code than this, in bytes, for astroid, which the process that runs pylint has mostly
#: parsed already: it takes time and memory.
_MOST_PARSED = 2_000_000


class Checked(msgspec.Struct, frozen=True):
    """What is found without astroid.

    Attributes:
        files: absolute path → hash of the content, of all the project's files.
    """

    report: Report
    files: Mapping[str, bytes]


class Question(msgspec.Struct, frozen=True):
    """The places in a file of which it matters what they are, and is not known.

    Attributes:
        module: the name of the file's module.
    """

    module: str
    spots: tuple[Spot, ...]


#: Absolute path → what is asked about the file.
Questions = dict[str, Question]


class Analyzed:
    """One project. What is learned stays in it until it is checked again."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._settings = settings
        self._config = config
        self._paths = [str(config.resolve(path)) for path in config.paths] or [settings.directory]
        self._overlays: dict[str, str] = {}
        self._session = self._new_session()
        self._report = Report()
        self._resolver: Resolver | None = None

    def _new_session(self) -> Session:
        session = Session(self._paths, config=self._config, engines=self._settings.engines)
        for path, text in self._overlays.items():
            session.overlay(path, text)
        return session

    @property
    def files(self) -> Mapping[str, bytes]:
        """Those that were looked at last, as in `Checked`."""
        return self._session.files

    def recall(self) -> Checked | None:
        """What is found, if it is known from an earlier run; else None, and nothing but `files` is known."""
        report = self._session.recall()
        return self._begin(report) if report is not None else None

    def check(self) -> Checked:
        """What is found now. Raises ColorCheckerError if a name in the configuration is wrong."""
        if self._resolver is not None:
            # What was learned stays in the analysis, so the next report must not come from it.
            self._session = self._new_session()
        return self._begin(self._session.check())

    def _begin(self, report: Report) -> Checked:
        self._report, self._resolver = report, None
        return Checked(report, self.files)

    def overlay(self, path: str, text: str) -> None:
        """Take `text` for what the file holds."""
        self._overlays[path] = text
        self._session.overlay(path, text)

    def add(self, paths: Iterable[str]) -> None:
        """Count files to the project that are not in its paths, or are excluded there."""
        self._paths += dict.fromkeys(paths)
        self._session = self._new_session()
        self._resolver = None

    # -- what astroid knows ---------------------------------------------------------------------

    def questions(self) -> Questions:
        """What is to be known about the files with gaps that are left."""
        resolver = self._learning()
        sources = {source.path: source for source in self._session.analysis.project.files}
        paths = [path for path in files_with(resolver.gaps) if path in sources]
        return {path: Question(sources[path].module, resolver.unknowns(path)) for path in paths}

    def learn(self, types: Mapping[str, Types]) -> Questions:
        """Take all that is known about the files; what is asked then."""
        self._learning().learn_all(types)
        return self.questions()

    def findings(self) -> tuple[Finding, ...]:
        """All findings of all files, with what was learned."""
        return self._learning().findings

    def _learning(self) -> Resolver:
        if self._resolver is None:
            from color_checker.resolving import Resolver  # not needed as long as a stored result holds

            self._resolver = Resolver(self._session.analysis, self._report.findings, self._report.gaps)
        return self._resolver


def files_with(gaps: tuple[Finding, ...]) -> list[str]:
    """The files in which calls are not resolved, which are not always those in which that is reported."""
    return sorted({os.path.abspath(frame.path) for gap in gaps for frame in gap.witness[-1:]})


class Ahead:
    """What a child process has: the project, as soon as it is told which."""

    _config: Config
    _analyzed: Analyzed
    _checked: Checked
    _questions: Questions
    _findings: tuple[Finding, ...] | None = None

    def check(self, settings: Settings) -> None:
        """Find out all that may be asked first."""
        self._config = configuration(settings)
        self._analyzed = Analyzed(settings, self._config)
        self._checked = self._analyzed.check()
        self._questions = self._analyzed.questions() if self._checked.report.gaps else {}

    def infer(self, state: AstroidState) -> None:
        """Ask the astroid of this process, if it can know the same, and has not too much to parse."""
        if is_more(self._questions, _MOST_PARSED):
            return
        if not self._questions:
            self._findings = self._checked.report.findings
            return
        from pylint_plugin.astroid_state import as_in, is_alike
        from pylint_plugin.resolution import findings_of

        if is_alike(state):
            with as_in(state):
                self._findings = findings_of(self._config, self._checked, self, {})

    def checked(self) -> Checked:
        """What is found without astroid."""
        return self._checked

    def inferred(self) -> tuple[Finding, ...] | None:
        """What is found with it, if it was asked here."""
        return self._findings

    def questions(self) -> Questions:
        """As `Analyzed` has them at first."""
        return self._questions

    def learn(self, types: Mapping[str, Types]) -> Questions:
        """As `Analyzed` does."""
        return self._analyzed.learn(types)

    def findings(self) -> tuple[Finding, ...]:
        """As `Analyzed` has them."""
        return self._analyzed.findings()
