"""Code actions: the fixes of a finding, and a comment that suppresses it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from lsprotocol import types
from pygls import uris

from color_checker.checking import Analysis
from color_checker.findings import Finding
from color_checker.fixes import Edit, fixes_for
from color_checker.lsp.diagnostics import diagnostic
from color_checker.lsp.positions import Text


def actions(
    findings: Sequence[Finding], analysis: Analysis, read: Callable[[str], str], text: Callable[[str], Text]
) -> list[types.CodeAction]:
    """What can be done about findings of one file."""
    return [action for finding in findings for action in _actions(finding, analysis, read, text)]


def _actions(
    finding: Finding, analysis: Analysis, read: Callable[[str], str], text: Callable[[str], Text]
) -> Iterator[types.CodeAction]:
    shown = [diagnostic(finding, text)]
    for position, fix in enumerate(fixes_for(finding, analysis, read)):
        yield types.CodeAction(
            title=fix.title if fix.safe else f"{fix.title} (check the result)",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=shown,
            is_preferred=fix.safe and position == 0,
            edit=_edit(fix.edits, text),
        )
    yield types.CodeAction(
        title=f"Suppress {finding.name} on this line",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=shown,
        edit=_edit(_suppression(finding, text), text),
    )


def _suppression(finding: Finding, text: Callable[[str], Text]) -> tuple[Edit, ...]:
    """A comment at the end of the line: added to one that is there already."""
    path = os.path.abspath(finding.path)
    line = text(path).lines[finding.line - 1]
    known = line.rfind("# color: ignore[")
    if known >= 0 and line.rstrip().endswith("]"):
        column, added = len(line.rstrip()), f", {finding.name}"
    else:
        column, added = len(line.rstrip()) + 1, f"  # color: ignore[{finding.name}]"
    return (Edit(path, finding.line, column, finding.line, column, added),)


def _edit(edits: Sequence[Edit], text: Callable[[str], Text]) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        covered = text(edit.path).range(edit.start_line, edit.start_column, edit.end_line, edit.end_column)
        uri = uris.from_fs_path(edit.path) or ""
        changes.setdefault(uri, []).append(types.TextEdit(range=covered, new_text=edit.text))
    return types.WorkspaceEdit(changes=changes)
