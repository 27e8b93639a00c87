"""What an editor asks and tells, by its name in the protocol."""

from __future__ import annotations

import os

from lsprotocol import types

from color_checker.checking import Analysis
from color_checker.lsp import calls, decorations, hovers
from color_checker.lsp.actions import GO_TO, Action, actions
from color_checker.lsp.checked import Checked
from color_checker.lsp.diagnostics import is_among
from color_checker.lsp.documents import path_of, uri_of
from color_checker.lsp.positions import Text
from color_checker.lsp.server import ColorServer
from color_checker.lsp.view import View
from color_checker.sources import shown_path


def server() -> ColorServer:
    """A server with all its features."""
    ls = ColorServer()
    for add in (_add_life, _add_documents, _add_findings, _add_decorations, _add_calls):
        add(ls)
    return ls


def _add_life(ls: ColorServer) -> None:
    @ls.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await ls.start()

    @ls.feature(types.SHUTDOWN)
    def shutdown(params: None) -> None:
        ls.stop()

    @ls.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for removed in params.event.removed:
            ls.close_folder(path_of(removed.uri))
        for added in params.event.added:
            ls.open_folder(path_of(added.uri))

    @ls.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            _changed_on_disk(ls, path_of(change.uri))

    @ls.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        for project in ls.projects.values():
            project.reconfigure()


def _changed_on_disk(ls: ColorServer, path: str) -> None:
    """A configuration counts below its folder; everything else counts where it is checked."""
    if path.endswith((".toml", ".json")):
        above = os.path.dirname(path)
        for project in ls.projects.values():
            if project.holds(path) or f"{project.folder}{os.sep}".startswith(f"{above}{os.sep}"):
                project.reconfigure()
    else:
        for project in ls.holding(path):
            project.check_soon()


def _add_documents(ls: ColorServer) -> None:
    def changed(path: str) -> None:
        for project in ls.holding(path):
            project.check_soon(on_disk=False)

    @ls.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        path = ls.documents.open(params.text_document)
        if path.endswith(".py"):
            ls.open_around(path)
        changed(path)

    @ls.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(params: types.DidChangeTextDocumentParams) -> None:
        changed(ls.documents.change(params.text_document, params.content_changes))

    @ls.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        changed(ls.documents.close(params.text_document.uri))

    @ls.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        # Not every editor watches files: this is also the moment to see what has changed elsewhere.
        _changed_on_disk(ls, path_of(params.text_document.uri))


def _add_findings(ls: ColorServer) -> None:
    @ls.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        path = path_of(params.text_document.uri)
        project = ls.project(path)
        if project is None:
            return None

        def text(analysis: Analysis, checked: Checked) -> str:
            return hovers.hover(analysis, checked, path, *checked.text(path).place(params.position))

        value = await project.ask(text, exact=False)
        if not value:
            return None
        return types.Hover(contents=types.MarkupContent(kind=types.MarkupKind.Markdown, value=value))

    @ls.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    async def code_actions(params: types.CodeActionParams) -> list[Action] | None:
        path = path_of(params.text_document.uri)
        project = ls.project(path)
        only = params.context.only
        if project is None or (
            only and not {types.CodeActionKind.QuickFix, types.CodeActionKind.Empty} & {*only}
        ):
            return None

        def found(analysis: Analysis, checked: Checked) -> list[Action]:
            text = checked.text(path)
            findings = checked.findings_on(path, text.analyzed_lines(params.range))
            meant = [finding for finding in findings if is_among(finding, params.context.diagnostics, text)]
            return actions(meant or findings, analysis, checked, ls.editor)

        return await project.ask(found)

    @ls.command(GO_TO)
    async def go_to(uri: str, line: int, character: int) -> None:
        start = types.Position(line=line, character=character)
        place = types.Range(start=start, end=start)
        await ls.window_show_document_async(
            types.ShowDocumentParams(uri=uri, take_focus=True, selection=place)
        )


def _add_decorations(ls: ColorServer) -> None:
    async def seen(document: types.TextDocumentIdentifier) -> tuple[View, Text] | None:
        path = path_of(document.uri)
        project = ls.project(path)
        if project is None:
            return None
        return await project.view(path)

    @ls.feature(
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL,
        types.SemanticTokensLegend(token_types=decorations.TOKEN_TYPES, token_modifiers=[]),
    )
    async def semantic_tokens(params: types.SemanticTokensParams) -> types.SemanticTokens | None:
        found = await seen(params.text_document)
        return decorations.semantic_tokens(*found) if found is not None else None

    @ls.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hints(params: types.InlayHintParams) -> list[types.InlayHint] | None:
        found = await seen(params.text_document)
        if found is None:
            return None
        view, text = found
        return decorations.inlay_hints(view, text, text.analyzed_lines(params.range))

    @ls.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lenses(params: types.CodeLensParams) -> list[types.CodeLens] | None:
        found = await seen(params.text_document)
        return decorations.code_lenses(*found) if found is not None else None


def _add_calls(ls: ColorServer) -> None:
    def shown(item: calls.Item, checked: Checked) -> types.CallHierarchyItem:
        span = checked.text(item.path).line_range(item.line)
        return types.CallHierarchyItem(
            name=item.name, kind=types.SymbolKind.Function, uri=uri_of(item.path, checked.documents),
            range=span, selection_range=span, detail=item.detail, data=item.name,
        )  # fmt: skip

    @ls.feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    async def prepare(params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem] | None:
        path = path_of(params.text_document.uri)
        project = ls.project(path)
        if project is None:
            return None

        def items(analysis: Analysis, checked: Checked) -> list[types.CallHierarchyItem]:
            line, column = checked.text(path).place(params.position)
            found = calls.items_at(analysis.program, shown_path(path), line, column)
            return [shown(item, checked) for item in found if item.path]

        return await project.ask(items, exact=False)

    @ls.feature(types.CALL_HIERARCHY_OUTGOING_CALLS)
    async def outgoing(
        params: types.CallHierarchyOutgoingCallsParams,
    ) -> list[types.CallHierarchyOutgoingCall] | None:
        path, name = path_of(params.item.uri), str(params.item.data)
        project = ls.project(path)
        if project is None:
            return None

        def found(analysis: Analysis, checked: Checked) -> list[types.CallHierarchyOutgoingCall]:
            text = checked.text(path)  # the ranges are those of the calls, in the file of who calls
            return [
                types.CallHierarchyOutgoingCall(
                    to=shown(call.item, checked), from_ranges=[text.line_range(call.line)]
                )
                for call in calls.outgoing(analysis.program, name)
            ]

        return await project.ask(found, exact=False)

    @ls.feature(types.CALL_HIERARCHY_INCOMING_CALLS)
    async def incoming(
        params: types.CallHierarchyIncomingCallsParams,
    ) -> list[types.CallHierarchyIncomingCall] | None:
        project, name = ls.project(path_of(params.item.uri)), str(params.item.data)
        if project is None:
            return None

        def found(analysis: Analysis, checked: Checked) -> list[types.CallHierarchyIncomingCall]:
            return [
                types.CallHierarchyIncomingCall(
                    from_=shown(call.item, checked),
                    from_ranges=[checked.text(call.item.path).line_range(call.line)],
                )
                for call in calls.incoming(analysis.program, name)
            ]

        return await project.ask(found, exact=False)
