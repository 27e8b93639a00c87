"""What one check has found, with the texts that it is about."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pygls.workspace import PositionCodec

from color_checker.findings import Finding, InputError, Report
from color_checker.lsp.configuration import Problem
from color_checker.lsp.documents import Document
from color_checker.lsp.positions import Text
from color_checker.project import Failed, extract_file
from color_checker.sources import by_path, encode, shown_path
from color_checker.texts import source_text

if TYPE_CHECKING:
    from color_checker.checking import Analysis
    from color_checker.lsp.parsing import Texts


class Checked:
    """The result of a check. Paths are absolute here."""

    def __init__(
        self, report: Report, codec: PositionCodec, *, documents: Mapping[str, Document] | None = None,
        analyzed: Mapping[str, str] | None = None, errors: Mapping[str, InputError] | None = None,
    ) -> None:  # fmt: skip
        """Take what was found.

        Args:
            documents: what is open in the editor.
            analyzed: the texts that were analyzed instead of open ones.
            errors: path → why a text that is open does not parse; in place of the report's.
        """
        self.report = report
        self.documents: Mapping[str, Document] = documents or {}
        #: The findings that the project's baseline contains.
        self.known: frozenset[Finding] = frozenset()
        #: What is wrong with the configuration.
        self.problem: Problem | None = None
        #: From which the findings come; None if they come from the disk.
        self.analysis: Analysis | None = None
        self._findings = by_path(report.findings)
        self._errors = {
            **by_path(report.errors),
            **{path: (error,) for path, error in (errors or {}).items()},
        }
        self._analyzed: Mapping[str, str] = analyzed or {}
        self._codec = codec
        self._texts: dict[str, Text] = {}

    def moved(self, documents: Mapping[str, Document], errors: Mapping[str, InputError]) -> Checked:
        """The same findings for other texts; `errors` of those of them that do not parse."""
        analyzed = {
            path: source
            for path, document in documents.items()
            if (source := self.source(path)) is not document.text and source != document.text
        }
        moved = Checked(self.report, self._codec, documents=documents, analyzed=analyzed, errors=errors)
        moved.known, moved.problem, moved.analysis = self.known, self.problem, self.analysis
        moved._findings = self._findings
        return moved

    def glanced(
        self, texts: Texts, errors: Mapping[str, InputError], found: Mapping[str, tuple[Finding, ...]]
    ) -> Checked:
        """The same for newer texts, in some of which this was found by a look at them alone."""
        glanced = self.moved(texts.documents, errors)
        glanced._findings = {**self._findings, **found}
        glanced._analyzed = {path: text for path, text in glanced._analyzed.items() if path not in found}
        return glanced

    @property
    def every_finding(self) -> list[Finding]:
        """What was found in all files."""
        return [finding for findings in self._findings.values() for finding in findings]

    @property
    def paths(self) -> frozenset[str]:
        """The files of which there is something to say."""
        problem = {self.problem.path} if self.problem is not None and self.problem.path else set()
        return frozenset(self._findings.keys() | self._errors.keys() | problem)

    def findings(self, path: str) -> tuple[Finding, ...]:
        """What was found in a file."""
        return self._findings.get(path, ())

    def findings_on(self, path: str, lines: range) -> list[Finding]:
        """What was found in a file on some of its lines."""
        return [
            finding
            for finding in self.findings(path)
            if finding.line < lines.stop and lines.start <= finding.end_line
        ]

    def errors(self, path: str) -> tuple[InputError, ...]:
        """Why a file could not be read or parsed."""
        return self._errors.get(path, ())

    def problem_in(self, path: str) -> Problem | None:
        """The problem with the configuration, if it is in that file."""
        return self.problem if self.problem is not None and self.problem.path == path else None

    def text(self, path: str) -> Text:
        """The text of a file, to translate places in it."""
        if path not in self._texts:
            document = self.documents.get(path)
            current = document.text if document is not None else source_text(path)
            self._texts[path] = Text(current, self._codec, self._analyzed.get(path))
        return self._texts[path]

    def source(self, path: str) -> str:
        """The text of a file as it was analyzed."""
        return self._analyzed[path] if path in self._analyzed else self.text(path).text


def parse_error(path: str, text: str) -> InputError | None:
    """Why a text cannot be parsed; None if it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        failed = extract_file(encode(text))  # says it as reports do
        if isinstance(failed, Failed):
            return InputError(shown_path(path), failed.line, failed.column, failed.reason)
    return None
