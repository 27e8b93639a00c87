"""Findings as diagnostics."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise

from lsprotocol import types
from pygls import uris

from color_checker.findings import Finding
from color_checker.lsp.positions import Text

SOURCE = "color-checker"

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}

#: The text of a file by its absolute path.
Read = Callable[[str], Text]


def diagnostic(finding: Finding, read: Read) -> types.Diagnostic:
    """One finding; the links of its witness are its related information, so that an editor can go there."""
    text = read(os.path.abspath(finding.path))
    return types.Diagnostic(
        range=text.range(finding.line, finding.column, finding.end_line, finding.end_column),
        message=finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.name,
        source=SOURCE,
        related_information=_witness(finding, read) or None,
        data={"code": finding.code, "fix": finding.fix},
    )


def _witness(finding: Finding, read: Read) -> list[types.DiagnosticRelatedInformation]:
    related = []
    for frame, following in pairwise(finding.witness):
        path = os.path.abspath(frame.path)
        start = read(path).position(frame.line, frame.column)
        location = types.Location(
            uri=uris.from_fs_path(path) or "", range=types.Range(start=start, end=start)
        )
        message = f"{frame.function} reaches {following.function}"
        related.append(types.DiagnosticRelatedInformation(location=location, message=message))
    return related
