"""What was found, as diagnostics."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import pairwise

from lsprotocol import types

from color_checker.findings import Finding, InputError
from color_checker.lsp.checked import Checked
from color_checker.lsp.configuration import Problem
from color_checker.lsp.documents import uri_of
from color_checker.lsp.positions import Text

SOURCE = "color-checker"

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}

_UNNECESSARY = frozenset({"unused-suppression"})


def diagnostics(checked: Checked, path: str) -> list[types.Diagnostic]:
    """All there is to say of a file."""
    problem = checked.problem_in(path)
    return [
        *([_problem(problem, checked)] if problem is not None else []),
        *(_error(error, checked, path) for error in checked.errors(path)),
        *(
            diagnostic(finding, checked)
            for finding in checked.findings(path)
            if checked.text(path).shows(finding.line, finding.end_line)
        ),
    ]


def diagnostic(finding: Finding, checked: Checked) -> types.Diagnostic:
    """One finding; the links of its witness are its related information, so that an editor can go there."""
    text = checked.text(os.path.abspath(finding.path))
    known = finding in checked.known
    return types.Diagnostic(
        range=text.span(finding.line, finding.column, finding.end_line, finding.end_column),
        message=f"{finding.message} (In the baseline.)" if known else finding.message,
        severity=types.DiagnosticSeverity.Hint if known else _SEVERITIES[finding.severity],
        code=finding.name,
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if finding.name in _UNNECESSARY else None,
        related_information=list(_witness(finding, checked)) or None,
        data={"code": finding.code, "fix": finding.fix},
    )


def is_among(finding: Finding, shown: Iterable[types.Diagnostic], text: Text) -> bool:
    """Whether a finding is one of the diagnostics that the editor has got."""
    start = text.position(finding.line, finding.column)
    return any(one.code == finding.name and one.range.start == start for one in shown)


def _witness(finding: Finding, checked: Checked) -> Iterator[types.DiagnosticRelatedInformation]:
    """The way to the cause, from where the finding stands."""
    for frame, following in pairwise(finding.witness):
        path = os.path.abspath(frame.path)
        if (frame.path, frame.line, frame.column) == (finding.path, finding.line, finding.column):
            continue  # that is where the reader is
        start = checked.text(path).position(frame.line, frame.column)
        yield types.DiagnosticRelatedInformation(
            location=types.Location(
                uri=uri_of(path, checked.documents), range=types.Range(start=start, end=start)
            ),
            message=f"{frame.function} reaches {following.function}",
        )


def _error(error: InputError, checked: Checked, path: str) -> types.Diagnostic:
    text = checked.text(path)
    # The place is one of the text as it is, and of no other.
    start = types.Position(line=error.line - 1, character=0)
    line = text.lines[error.line - 1] if error.line <= len(text.lines) else ""
    return types.Diagnostic(
        range=types.Range(start=start, end=types.Position(line=error.line - 1, character=len(line))),
        message=error.reason if text.is_analyzed else f"{error.reason}; findings are those from before it",
        severity=types.DiagnosticSeverity.Error,
        code="unreadable",
        source=SOURCE,
    )


def _problem(problem: Problem, checked: Checked) -> types.Diagnostic:
    return types.Diagnostic(
        range=checked.text(problem.path).line_range(problem.line),
        message=problem.message.removeprefix(f"{problem.path}:").lstrip(" "),
        severity=types.DiagnosticSeverity.Error,
        code="configuration",
        source=SOURCE,
    )
