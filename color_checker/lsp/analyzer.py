"""The part of a project that works on the analysis: all of it runs on the worker's thread, in turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from pygls.workspace import PositionCodec

from color_checker.baseline import baseline_of
from color_checker.checking import Analysis
from color_checker.config import Config
from color_checker.errors import ColorCheckerError
from color_checker.findings import Finding, InputError, Report
from color_checker.interruption import Interrupted, interruptible
from color_checker.lsp.checked import Checked
from color_checker.lsp.configuration import (
    Problem,
    configuration_of,
    open_session,
    problem_of,
    state_of_files,
)
from color_checker.lsp.parsing import Texts
from color_checker.lsp.view import View, view
from color_checker.session import Session
from color_checker.sources import shown_path

T = TypeVar("T")

#: So many files are looked at after an edit, and no more.
_MOST_GLANCES = 8


class OutdatedError(Exception):
    """A file on disk has changed since the check."""


class UnknownError(Exception):
    """There is no analysis that can be asked at once."""


class Analyzer:
    """The session of a folder, and what was made from its last check."""

    def __init__(self, folder: str) -> None:
        #: May be set to False by another thread.
        self.is_configured = False
        self._folder = folder
        self._session: Session | None = None
        self._config = Config()
        self._configuration: object = None
        self._last: Checked | None = None
        self._files: Mapping[str, bytes] = {}
        self._problem: Problem | None = None
        self._overlaid: frozenset[str] = frozenset()
        self._views: dict[str, View] = {}
        self._viewed: Analysis | None = None
        self._seen: dict[str, View] = {}
        self._linked: dict[str, frozenset[str]] = {}

    def checks(self, path: str) -> bool:
        """Whether a file was among those of the last check. Other threads may ask, too."""
        return path in self._files

    def check(self, texts: Texts, codec: PositionCodec, is_unwanted: Callable[[], bool]) -> Checked:
        """Check the folder with the texts of the editor. Raises Interrupted as soon as that is unwanted."""
        is_configured, configuration = self.is_configured, self._configuration
        try:
            with interruptible(is_unwanted):
                report = self._report(texts.unsaved)
        except Interrupted:
            # What has changed in the configuration is to be seen by the next check again.
            self.is_configured &= is_configured
            self._configuration = configuration
            raise
        except ColorCheckerError as error:
            self._problem, self.is_configured = problem_of(str(error)), False
            return self._as_before(texts, codec)
        except Exception:
            self._drop()
            self.is_configured = False
            raise
        checked = Checked(
            report, codec, documents=texts.documents, analyzed=texts.analyzed, errors=self._errors(texts)
        )
        checked.known = self._known(checked)
        checked.problem = self._problem
        checked.analysis = self._session.known if self._session is not None else None
        self._last = checked
        return checked

    def _as_before(self, texts: Texts, codec: PositionCodec) -> Checked:
        """What the last check has found, as long as a profile or a baseline cannot be read any more."""
        before = self._last if self._last is not None else Checked(Report(), codec)
        checked = before.moved(texts.documents, self._errors(texts))
        checked.problem = self._problem
        self._last = checked
        return checked

    def _errors(self, texts: Texts) -> dict[str, InputError]:
        return {path: error for path, error in texts.errors.items() if path in self._files}

    def glance(
        self, before: Checked, texts: Texts, errors: Mapping[str, InputError], is_unwanted: Callable[[], bool]
    ) -> Checked:
        """What there is to say until these texts are checked: some are looked at, each for itself.

        Those that have changed come first, then others that are open and depend on them, until it
        `is_unwanted`.
        """
        found: dict[str, tuple[Finding, ...]] = {}
        changed = {
            path
            for path, document in texts.documents.items()
            if path not in texts.errors and before.source(path) != document.text
        }
        if changed and self._session is not None and self.is_configured:
            self._overlay(self._session, texts.unsaved)
            depending = (
                path for path in texts.documents if path not in changed and self._depends(path, changed)
            )
            for path in [*changed, *depending][:_MOST_GLANCES]:
                glance = self._session.glance(path)
                if glance is not None and path not in texts.errors:
                    found[path], self._linked[path] = glance.findings, glance.linked
                if is_unwanted():
                    break
        glanced = before.glanced(texts, errors, found)
        glanced.known = self._known(glanced)
        return glanced

    def _depends(self, path: str, changed: Collection[str]) -> bool:
        """Whether one of the changed files took part in what was found in a file, as far as is known."""
        linked = self._linked.get(path)
        return linked is None or not linked.isdisjoint(changed)

    def ask(self, work: Callable[[Analysis, Checked], T], checked: Checked) -> T | None:
        """Ask the analysis from which the findings come, which may have to be made. Raises OutdatedError."""
        if self._session is None:
            return None
        try:
            analysis = self._session.analysis
        except ColorCheckerError:
            return None
        if analysis.project.hashes != self._session.files:
            raise OutdatedError
        checked.analysis = analysis
        with self._session.guard:
            return work(analysis, checked)

    def ask_at_once(self, work: Callable[[Analysis, Checked], T], checked: Checked) -> T:
        """The same on any thread, also while a check is under way. Raises UnknownError."""
        session, analysis = self._session, checked.analysis
        if session is None or analysis is None:
            raise UnknownError
        with session.guard:
            if session.known is not analysis:
                raise UnknownError
            return work(analysis, checked)

    def view(self, path: str, analysis: Analysis, checked: Checked) -> View:
        """What there is to show of a file."""
        if self._viewed is not analysis:
            self._views, self._viewed = {}, analysis
        if path not in self._views:
            found = view(analysis.program, shown_path(path), checked.findings(path))
            self._views[path] = found
            self._seen.setdefault(path, found)
        return self._views[path]

    def look_again(self, paths: set[str], checked: Checked) -> list[str]:
        """Which of the files look different now. After the first check this makes the analysis."""

        def differing(analysis: Analysis, checked: Checked) -> list[str]:
            before = self._seen
            self._seen = {path: self.view(path, analysis, checked) for path in sorted(paths)}
            return [path for path, found in self._seen.items() if before.get(path) != found]

        try:
            return self.ask(differing, checked) or []
        except OutdatedError:
            return []

    def tidy(self) -> None:
        """Free memory while nobody waits."""
        if self._session is not None:
            self._session.tidy()

    def close(self) -> None:
        """Let go of everything."""
        self._drop()

    # -- checks ---------------------------------------------------------------------------------------

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._views, self._viewed, self._last = {}, None, None
        self._overlaid = frozenset()
        if session is not None:
            session.close()

    def _report(self, texts: Mapping[str, str]) -> Report:
        """The report of the configuration as it is now; if it is wrong, of the last one that was not."""
        configuration = self._state_of_configuration()
        if not self.is_configured or configuration != self._configuration:
            self.is_configured, self._configuration = True, configuration
            try:
                return self._reconfigure(texts)
            except ColorCheckerError as error:
                self._problem = problem_of(str(error))
                # The file with the problem may be another one than those that were looked at.
                self._configuration = (*configuration[:-1], self._state_of_configuration()[-1])
        return self._check(self._session, texts) if self._session is not None else Report()

    def _state_of_configuration(self) -> tuple[object, ...]:
        return state_of_files(self._folder, self._problem.path if self._problem is not None else "")

    def _reconfigure(self, texts: Mapping[str, str]) -> Report:
        """The report of a new session, unless nothing has changed. Raises ConfigError, with all as it was."""
        config = configuration_of(self._folder)
        if self._session is not None and config == self._config:
            report = self._check(self._session, texts)
        else:
            before = self._session, self._overlaid
            self._session, self._overlaid = open_session(self._folder, config), frozenset()
            try:
                report = self._check(self._session, texts)
            except (ColorCheckerError, Interrupted):
                self._session, self._overlaid = before
                raise
            self._config = config
            if before[0] is not None:
                before[0].close()
        self._problem = None
        return report

    def _check(self, session: Session, unsaved: Mapping[str, str]) -> Report:
        """A check with these texts. One that is the same on disk counts as saved: its result can be kept."""
        self._overlay(session, unsaved)
        report = session.check()
        self._files = session.files
        return report

    def _overlay(self, session: Session, unsaved: Mapping[str, str]) -> None:
        for path in self._overlaid - unsaved.keys():
            session.overlay(path, None)
        for path, text in unsaved.items():
            session.overlay(path, text)
        self._overlaid = frozenset(unsaved)

    def _known(self, checked: Checked) -> frozenset[Finding]:
        """The findings that are in the baseline of the configuration, if it names one."""
        findings = checked.every_finding
        if not findings:
            return frozenset()

        def lines(path: str) -> Sequence[str]:
            return checked.source(os.path.abspath(path)).splitlines()

        try:
            baseline = baseline_of(self._config)
        except ColorCheckerError as error:
            self._problem = problem_of(str(error))
            return frozenset()
        return frozenset(baseline.split(findings, lines).known if baseline is not None else ())
