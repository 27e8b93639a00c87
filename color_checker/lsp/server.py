"""The server: its folders with their projects, and what the editor is told of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from collections.abc import Collection, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from color_checker.lsp.actions import Editor
from color_checker.lsp.checked import Checked
from color_checker.lsp.diagnostics import diagnostics
from color_checker.lsp.documents import Document, Documents, path_of, uri_of
from color_checker.lsp.project import Project
from color_checker.lsp.protocol import Protocol
from color_checker.lsp.worker import Worker
from color_checker.surroundings import project_around

#: What a change of may change the findings.
_WATCHED = ("**/*.py", "**/*.toml", "**/.gitignore", "**/color-checker-baseline.json")


class ColorServer(LanguageServer):
    """The server with its projects."""

    def __init__(self) -> None:
        super().__init__("color-checker", f"v{version('color-checker')}", protocol_cls=Protocol)
        self.documents = Documents()
        self.projects: dict[str, Project] = {}
        self.was_shut_down = False
        self._worker = Worker("checks")
        self._answerer = Worker("answers")
        self._said: dict[str, _Said] = {}
        self._problems: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- folders --------------------------------------------------------------------------------------

    def open_folder(self, folder: str) -> None:
        """Analyze a folder, or a single file, from now on."""
        if folder and folder not in self.projects:
            project = Project(folder, self.documents, self._worker, self._answerer, self)
            self.projects[folder] = project
            project.check_soon()
            self._keep(self._show_progress(project))

    def close_folder(self, folder: str) -> None:
        """Forget a folder, and what was said of it. What lies in another one as well belongs to that now."""
        project = self.projects.pop(folder, None)
        if project is None:
            return
        project.close()
        self._problems.pop(folder, None)
        for path in [path for path, said in self._said.items() if said.project is project]:
            self._say(path, None)
        for other in self.projects.values():
            self._publish(other, other.checked.paths)

    def open_around(self, path: str) -> None:
        """Without any folder in the workspace: analyze what a single file belongs to."""
        if not self.projects:
            self.open_folder(_around(path))

    def project(self, path: str) -> Project | None:
        """The project that a file belongs to: of the innermost folder around it."""
        around = [project for project in self.projects.values() if project.holds(path)]
        return max(around, key=lambda project: len(project.folder), default=None)

    def holding(self, path: str) -> Iterator[Project]:
        """All projects that a file is of interest to: those of outer folders, too, check it."""
        return (project for project in self.projects.values() if project.holds(path))

    @property
    def editor(self) -> Editor:
        """What the editor can do."""
        window, workspace = self.client_capabilities.window, self.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace is not None else None
        shows = window.show_document if window is not None else None
        return Editor(
            versioned_edits=edits is not None and bool(edits.document_changes),
            shows_documents=shows is not None and bool(shows.support),
        )

    # -- what projects tell ---------------------------------------------------------------------------

    def checked(self, project: Project) -> None:
        """Tell the editor all findings of a project, and of which files there are none any more."""
        self._publish(project, {*project.checked.paths, *self._said, *project.checked.documents})
        problem = project.checked.problem.message if project.checked.problem is not None else ""
        if problem and problem != self._problems.get(project.folder):
            self.window_show_message(types.ShowMessageParams(type=types.MessageType.Error, message=problem))
        self._problems[project.folder] = problem

    def broken(self, project: Project, paths: Iterable[str]) -> None:
        """Tell the editor where the findings are now, in files that do not parse."""
        self._publish(project, paths)

    def glanced(self, project: Project, paths: Iterable[str]) -> None:
        """Tell the editor what a glance at its files has shown."""
        self._publish(project, paths)

    def repainted(self) -> None:
        """Let the editor ask again for colors."""
        workspace = self.client_capabilities.workspace
        if workspace is None:
            return
        if workspace.semantic_tokens is not None and workspace.semantic_tokens.refresh_support:
            self.workspace_semantic_tokens_refresh(None)
        if workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    def failed(self, message: str) -> None:
        """Write what should not have happened to the editor's log."""
        self.window_log_message(types.LogMessageParams(type=types.MessageType.Error, message=message))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Errors outside of requests, which have an answer of their own, go to the log, too."""
        del source
        self.failed("".join(traceback.format_exception(error)))

    # -- publications ---------------------------------------------------------------------------------

    def _publish(self, project: Project, paths: Iterable[str]) -> None:
        for path in sorted(paths):
            owner = self.project(path)
            if owner is None and path in self._said:
                owner = self._said[path].project
            if owner in (project, None):
                self._say(path, project)

    def _say(self, path: str, project: Project | None) -> None:
        """Publish what there is to say of a file, unless that has been said of the same text."""
        said = _Said(project, path) if project is not None else None
        before = self._said.get(path)
        if said is None or said.is_nothing:
            self._said.pop(path, None)
            if before is None:
                return
        else:
            if before is not None and before.is_same(said):
                return
            self._said[path] = said
        document = self.documents.get(path)
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                uri=uri_of(path, self.documents.all),
                version=document.version if document is not None else None,
                diagnostics=diagnostics(project.checked, path) if project is not None else [],
            )
        )

    # -- life -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the folders of the workspace, or the one that older editors give."""
        self.documents.codec = self.workspace.position_codec
        folders = [path_of(folder.uri) for folder in self.workspace.folders.values()]
        if not folders and self.workspace.root_uri:
            folders = [path_of(self.workspace.root_uri)]
        for folder in folders:
            self.open_folder(folder)
        self._keep(self._watch())

    def stop(self) -> None:
        """Let go of the projects."""
        self.was_shut_down = True
        for project in self.projects.values():
            project.close()

    def _keep(self, work: Any) -> None:
        """Do something beside the answers; asyncio itself would forget it."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        workspace = self.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is None or not watching.dynamic_registration:
            return
        watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
        registration = types.Registration(
            id="color-checker/files", method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
        )  # fmt: skip
        with contextlib.suppress(Exception):  # an editor that cannot do what it promised
            await self.client_register_capability_async(
                types.RegistrationParams(registrations=[registration])
            )

    async def _show_progress(self, project: Project) -> None:
        """A progress bar for the first analysis, which may take seconds."""
        window = self.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        token = f"color-checker/{project.folder}"
        with contextlib.suppress(Exception):
            if token not in self.work_done_progress.tokens:
                await self.work_done_progress.create_async(token)
            begin = types.WorkDoneProgressBegin(
                title="color-checker", message=f"analyzing {os.path.basename(project.folder)}"
            )
            self.work_done_progress.begin(token, begin)
            await project.settled()
            self.work_done_progress.end(token, types.WorkDoneProgressEnd(message=_summary(project.checked)))


class _Said:
    """What was told of a file, to see whether there is anything new to tell."""

    def __init__(self, project: Project, path: str) -> None:
        checked = project.checked
        self.project = project
        self._document: Document | None = checked.documents.get(path)
        self._text = (
            checked.findings(path), checked.errors(path), checked.problem_in(path),
            [finding in checked.known for finding in checked.findings(path)] if checked.known else (),
        )  # fmt: skip

    @property
    def is_nothing(self) -> bool:
        """Whether all is well."""
        return not any(self._text[:3])

    def is_same(self, other: _Said) -> bool:
        """Whether the other says the same of the same state of the file.

        After an edit it is said again in any case: the editor may have lost its marks on the way.
        """
        return self._document == other._document and self._text == other._text


def _summary(checked: Checked) -> str:
    summary = checked.report.summary
    return f"{summary.files} files, {summary.workflows} workflows, {len(checked.report.findings)} findings"


def _around(path: str) -> str:
    """The folder to analyze for a single file: with its pyproject.toml or .git, else its own.

    Nobody wants to have a whole home directory analyzed: there it is the file alone.
    """
    folder = Path(path).parent
    project = project_around(folder)
    if project is not None:
        return str(project)
    return path if _is_too_wide(folder) else str(folder)


def _is_too_wide(folder: Path, homes: Collection[str] = ("~", "/", "~/Desktop", "~/Downloads")) -> bool:
    import tempfile

    return str(folder) in {*(os.path.expanduser(home) for home in homes), tempfile.gettempdir()}
