"""Code actions: the fixes of a finding, the way to its cause, and a comment that suppresses it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from lsprotocol import types

from color_checker.checking import Analysis
from color_checker.findings import Finding, Frame
from color_checker.fixes import Edit, apply, fixes_for
from color_checker.lsp.checked import Checked, parse_error
from color_checker.lsp.diagnostics import diagnostic
from color_checker.lsp.documents import uri_of
from color_checker.suppressions import scan

#: Shows the place where a finding comes from: takes a URI, a line and a character.
GO_TO = "color-checker.goTo"


Action = types.CodeAction | types.Command


class Editor(msgspec.Struct, frozen=True):
    """What an editor can do."""

    versioned_edits: bool = False
    shows_documents: bool = False


def actions(
    findings: Sequence[Finding], analysis: Analysis, checked: Checked, editor: Editor
) -> list[Action]:
    """What can be done about findings."""
    return [action for finding in findings for action in _actions(finding, analysis, checked, editor)]


def _actions(finding: Finding, analysis: Analysis, checked: Checked, editor: Editor) -> Iterator[Action]:
    shown = [diagnostic(finding, checked)]
    for position, fix in enumerate(fixes_for(finding, analysis, checked.source)):
        if _fits(fix.edits, checked):
            yield types.CodeAction(
                title=fix.title if fix.safe else f"{fix.title} (check the result)",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=shown,
                is_preferred=fix.safe and position == 0,
                edit=_edit(fix.edits, checked, editor),
            )
    cause = _cause(finding)
    if cause is not None and editor.shows_documents:
        yield _go_to(cause, checked)
    suppression = _suppression(finding, checked)
    if suppression is not None:
        yield types.CodeAction(
            title=f"Suppress {finding.name} on this line",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=shown,
            edit=_edit([suppression], checked, editor),
        )


def _fits(edits: Iterable[Edit], checked: Checked) -> bool:
    """Whether the edits are about the texts that the editor has: not while one of them does not parse."""
    return all(checked.text(edit.path).is_analyzed for edit in edits)


def _cause(finding: Finding) -> Frame | None:
    """Where the last function of the witness has its effect, if that is elsewhere."""
    frame = finding.witness[-1] if finding.witness else None
    if frame is None or (frame.path, frame.line) == (finding.path, finding.line):
        return None
    return frame


def _go_to(frame: Frame, checked: Checked) -> types.Command:
    path = os.path.abspath(frame.path)
    start = checked.text(path).position(frame.line, frame.column)
    return types.Command(
        title=f"Go to the cause: {frame.function} in {os.path.basename(path)}",
        command=GO_TO,
        arguments=[uri_of(path, checked.documents), start.line, start.character],
    )


def _suppression(finding: Finding, checked: Checked) -> Edit | None:
    """A comment for the finding's line: added to one that is there already, behind the code, or above it."""
    path = os.path.abspath(finding.path)
    text = checked.text(path)
    if not text.is_analyzed or finding.line > len(text.lines):
        return None
    for ignore in scan(text.text).ignores:
        if ignore.target == finding.line and ignore.names:
            column = ignore.end_column - 1  # before the bracket
            return Edit(path, ignore.line, column, ignore.line, column, f", {finding.name}")
    code = text.lines[finding.line - 1]
    comment = f"# color: ignore[{finding.name}]"
    behind, indent = len(code.rstrip()) + 1, code[: len(code) - len(code.lstrip())]
    end = "\r\n" if "\r\n" in text.text else "\n"
    candidates = (
        Edit(path, finding.line, behind, finding.line, len(code) + 1, f"  {comment}"),
        Edit(path, finding.line, 1, finding.line, 1, f"{indent}{comment}{end}"),
    )
    return next((edit for edit in candidates if _suppresses(edit, text.text, finding)), None)


def _suppresses(edit: Edit, text: str, finding: Finding) -> bool:
    """Whether the comment is read as one. In a string of several lines, or behind a backslash, it is not."""
    changed = apply([edit], lambda path: text)[edit.path]
    if parse_error(edit.path, changed) is not None:
        return False
    moved = finding.line + edit.text.count("\n")
    return any(finding.name in ignore.names and ignore.target == moved for ignore in scan(changed).ignores)


def _edit(edits: Sequence[Edit], checked: Checked, editor: Editor) -> types.WorkspaceEdit:
    """The edits of each file; with its version where the editor can see from it that they come too late."""
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        covered = checked.text(edit.path).span(
            edit.start_line, edit.start_column, edit.end_line, edit.end_column
        )
        changes.setdefault(edit.path, []).append(types.TextEdit(range=covered, new_text=edit.text))
    documents = checked.documents
    if not editor.versioned_edits:
        return types.WorkspaceEdit(
            changes={uri_of(path, documents): found for path, found in changes.items()}
        )
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                text_document=types.OptionalVersionedTextDocumentIdentifier(
                    uri=uri_of(path, documents),
                    version=documents[path].version if path in documents else None,
                ),
                edits=list(found),
            )
            for path, found in changes.items()
        ]
    )
