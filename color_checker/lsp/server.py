"""The server: what an editor asks and tells, handed on to the projects of its folders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from importlib.metadata import version

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from color_checker.findings import Finding
from color_checker.lsp import calls, decorations, hovers
from color_checker.lsp.actions import actions
from color_checker.lsp.diagnostics import diagnostic
from color_checker.lsp.positions import Text
from color_checker.lsp.project import Project
from color_checker.sources import shown_path

#: What a change of may change the findings.
_WATCHED = ("**/*.py", "**/pyproject.toml", "**/.gitignore")
_CONFIGURATION = frozenset({"pyproject.toml", ".gitignore"})

_TOKEN = "color-checker/analysis"


class ColorServer(LanguageServer):
    """The server with its projects."""

    def __init__(self) -> None:
        super().__init__("color-checker", f"v{version('color-checker')}")
        self.projects: dict[str, Project] = {}
        self._published: dict[Project, frozenset[str]] = {}

    # -- folders --------------------------------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Analyze a folder from now on."""
        if folder not in self.projects:
            project = self.projects[folder] = Project(folder, self.publish)
            project.check_soon()

    def close_folder(self, folder: str) -> None:
        """Forget a folder, and what was said of it."""
        project = self.projects.pop(folder, None)
        if project is not None:
            project.close()
            for path in self._published.pop(project, frozenset()):
                self._say(path, [])

    def project(self, uri: str) -> Project | None:
        """The project that a file belongs to: of the innermost folder around it."""
        path = self.path(uri)
        around = [project for project in self.projects.values() if project.holds(path)]
        return max(around, key=lambda project: len(project.folder), default=None)

    # -- files ----------------------------------------------------------------------------------------

    def path(self, uri: str) -> str:
        """The absolute path of a document."""
        return os.path.abspath(uris.to_fs_path(uri) or "")

    def source(self, path: str) -> str:
        """The text of a file: the editor's if it is open there."""
        try:
            return self.workspace.get_text_document(uris.from_fs_path(path) or "").source
        except (OSError, UnicodeDecodeError):
            return ""

    def text(self, path: str) -> Text:
        """The text of a file, to translate places in it."""
        return Text(self.source(path), self.workspace.position_codec)

    # -- findings -------------------------------------------------------------------------------------

    async def publish(self, project: Project) -> None:
        """Tell the editor all findings of a project, and of which files there are none any more."""
        texts: dict[str, Text] = {}

        def read(path: str) -> Text:
            if path not in texts:
                texts[path] = self.text(path)
            return texts[path]

        paths = project.paths()
        for path in sorted(paths | self._published.get(project, frozenset())):
            self._say(path, [diagnostic(finding, read) for finding in project.findings(path)])
        self._published[project] = paths
        if project.problem:
            self.window_show_message(
                types.ShowMessageParams(type=types.MessageType.Error, message=project.problem)
            )
        self._refresh()

    def findings_at(self, project: Project, path: str, lines: range) -> list[Finding]:
        """The findings of a file on these lines."""
        return [
            finding
            for finding in project.findings(path)
            if finding.line < lines.stop and lines.start <= finding.end_line
        ]

    def _say(self, path: str, diagnostics: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uris.from_fs_path(path) or "", diagnostics=diagnostics)
        )

    def _refresh(self) -> None:
        """Let the editor ask again for what depends on other files, too."""
        workspace = self.client_capabilities.workspace
        if workspace is None:
            return
        if workspace.semantic_tokens is not None and workspace.semantic_tokens.refresh_support:
            self.workspace_semantic_tokens_refresh(None)
        if workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)


def server() -> ColorServer:
    """A server with all its features."""
    ls = ColorServer()
    for add in (_add_life, _add_documents, _add_findings, _add_decorations, _add_calls):
        add(ls)
    return ls


def _add_life(ls: ColorServer) -> None:
    @ls.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        for folder in _folders(ls):
            ls.open_folder(folder)
        await _watch(ls)
        await _show_progress(ls)

    @ls.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for removed in params.event.removed:
            ls.close_folder(ls.path(removed.uri))
        for added in params.event.added:
            ls.open_folder(ls.path(added.uri))

    @ls.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            project = ls.project(change.uri)
            if project is None:
                continue
            if os.path.basename(ls.path(change.uri)) in _CONFIGURATION:
                project.reconfigure()
            else:
                project.check_soon()

    @ls.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        for project in ls.projects.values():
            project.reconfigure()

    @ls.feature(types.SHUTDOWN)
    def shutdown(params: None) -> None:
        for project in ls.projects.values():
            project.close()


def _folders(ls: ColorServer) -> Iterator[str]:
    """The folders of the workspace, or the one that older editors give."""
    if ls.workspace.folders:
        yield from (ls.path(folder.uri) for folder in ls.workspace.folders.values())
    elif ls.workspace.root_uri:
        yield ls.path(ls.workspace.root_uri)


async def _watch(ls: ColorServer) -> None:
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
    registration = types.Registration(
        id="color-checker/files", method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
        register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
    )  # fmt: skip
    await ls.client_register_capability_async(types.RegistrationParams(registrations=[registration]))


async def _show_progress(ls: ColorServer) -> None:
    """A progress bar for the first analysis, which may take seconds."""
    window = ls.client_capabilities.window
    if window is None or not window.work_done_progress:
        return
    await ls.work_done_progress.create_async(_TOKEN)
    ls.work_done_progress.begin(
        _TOKEN, types.WorkDoneProgressBegin(title="color-checker", message="analyzing")
    )
    await asyncio.gather(*(project.settled() for project in ls.projects.values()))
    ls.work_done_progress.end(_TOKEN, types.WorkDoneProgressEnd())


def _add_documents(ls: ColorServer) -> None:
    def changed(uri: str, text: str | None) -> None:
        project = ls.project(uri)
        if project is not None:
            project.change(ls.path(uri), text)

    @ls.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        uri = params.text_document.uri
        if ls.project(uri) is None and not ls.projects:
            ls.open_folder(os.path.dirname(ls.path(uri)))
        changed(uri, params.text_document.text)

    @ls.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        changed(uri, ls.workspace.get_text_document(uri).source)

    @ls.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        changed(params.text_document.uri, None)

    @ls.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        if os.path.basename(ls.path(params.text_document.uri)) in _CONFIGURATION:
            project = ls.project(params.text_document.uri)
            if project is not None:
                project.reconfigure()


def _add_findings(ls: ColorServer) -> None:
    @ls.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        project, path = ls.project(params.text_document.uri), ls.path(params.text_document.uri)
        if project is None:
            return None
        view = await project.view(path)
        line, column = ls.text(path).place(params.position)
        parts = [
            hovers.finding_hover(
                finding
                for finding in ls.findings_at(project, path, range(line, line + 1))
                if (finding.line, finding.column) <= (line, column) <= (finding.end_line, finding.end_column)
            )
        ]
        use, function = view.use_at(line, column), view.function_at(line)
        target = ""
        if use is not None and use.kind in ("workflow", "step", "pure"):
            target = use.what[0]
        elif function is not None and function.place.line == line:
            target = function.name
        if target:
            parts.append(
                await project.run(lambda analysis: hovers.function_hover(analysis.program, target)) or ""
            )
        text = "\n\n---\n\n".join(part for part in parts if part)
        if not text:
            return None
        return types.Hover(contents=types.MarkupContent(kind=types.MarkupKind.Markdown, value=text))

    @ls.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        project, path = ls.project(params.text_document.uri), ls.path(params.text_document.uri)
        if project is None:
            return None
        await project.settled()
        lines = range(params.range.start.line + 1, params.range.end.line + 2)
        findings = ls.findings_at(project, path, lines)
        return await project.run(lambda analysis: actions(findings, analysis, ls.source, ls.text))


def _add_decorations(ls: ColorServer) -> None:
    @ls.feature(
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL,
        types.SemanticTokensLegend(token_types=decorations.TOKEN_TYPES, token_modifiers=[]),
    )
    async def semantic_tokens(params: types.SemanticTokensParams) -> types.SemanticTokens | None:
        project, path = ls.project(params.text_document.uri), ls.path(params.text_document.uri)
        if project is None:
            return None
        return decorations.semantic_tokens(await project.view(path), ls.text(path))

    @ls.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hints(params: types.InlayHintParams) -> list[types.InlayHint] | None:
        project, path = ls.project(params.text_document.uri), ls.path(params.text_document.uri)
        if project is None:
            return None
        lines = range(params.range.start.line + 1, params.range.end.line + 2)
        return decorations.inlay_hints(await project.view(path), ls.text(path), lines)

    @ls.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lenses(params: types.CodeLensParams) -> list[types.CodeLens] | None:
        project, path = ls.project(params.text_document.uri), ls.path(params.text_document.uri)
        if project is None:
            return None
        return decorations.code_lenses(await project.view(path), ls.text(path))


def _add_calls(ls: ColorServer) -> None:
    def shown(item: calls.Item) -> types.CallHierarchyItem:
        start = types.Position(line=item.line - 1, character=0)
        span = types.Range(start=start, end=start)
        return types.CallHierarchyItem(
            name=item.name, kind=types.SymbolKind.Function, uri=uris.from_fs_path(item.path) or "",
            range=span, selection_range=span, detail=item.detail, data=item.name,
        )  # fmt: skip

    def on_line(line: int) -> types.Range:
        start = types.Position(line=line - 1, character=0)
        return types.Range(start=start, end=start)

    @ls.feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    async def prepare(params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem] | None:
        project, path = ls.project(params.text_document.uri), ls.path(params.text_document.uri)
        if project is None:
            return None
        line = params.position.line + 1
        item = await project.run(lambda analysis: calls.item_at(analysis.program, shown_path(path), line))
        return [shown(item)] if item is not None else None

    @ls.feature(types.CALL_HIERARCHY_OUTGOING_CALLS)
    async def outgoing(
        params: types.CallHierarchyOutgoingCallsParams,
    ) -> list[types.CallHierarchyOutgoingCall] | None:
        project, name = ls.project(params.item.uri), str(params.item.data)
        if project is None:
            return None
        found = await project.run(lambda analysis: calls.outgoing(analysis.program, name))
        return [
            types.CallHierarchyOutgoingCall(to=shown(call.item), from_ranges=[on_line(call.line)])
            for call in found or ()
        ]

    @ls.feature(types.CALL_HIERARCHY_INCOMING_CALLS)
    async def incoming(
        params: types.CallHierarchyIncomingCallsParams,
    ) -> list[types.CallHierarchyIncomingCall] | None:
        project, name = ls.project(params.item.uri), str(params.item.data)
        if project is None:
            return None
        found = await project.run(lambda analysis: calls.incoming(analysis.program, name))
        return [
            types.CallHierarchyIncomingCall(from_=shown(call.item), from_ranges=[on_line(call.line)])
            for call in found or ()
        ]
