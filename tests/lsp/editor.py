"""An editor for tests: a real server process behind pytest-lsp's client, with files on disk and open ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

#: Seconds after which an answer does not come any more, also on a busy machine.
PATIENCE = 60

WORKFLOW = """\
from temporalio import workflow
from helper import today

@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        today()
"""

HELPER = """\
import datetime

def today():
    return datetime.datetime.now()
"""

PURE_HELPER = """\
def today():
    return 1
"""


class Client(LanguageClient):
    """pytest-lsp's client that remembers all publications in order, and obeys the server."""

    def __init__(self) -> None:
        super().__init__(converter_factory=default_converter)
        self.published: list[types.PublishDiagnosticsParams] = []
        self.registered: list[types.Registration] = []
        self.refreshed: list[str] = []
        register_lsp_features(self)
        # pytest-lsp keeps the last publication of each file, without its version.
        self.protocol.fm.features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = self._take

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            self.registered += params.registrations

        for method in (
            types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
            types.WORKSPACE_INLAY_HINT_REFRESH,
            types.WORKSPACE_CODE_LENS_REFRESH,
        ):
            self._count(method)

    def _take(self, params: types.PublishDiagnosticsParams) -> None:
        self.published.append(params)
        self.diagnostics[params.uri] = params.diagnostics

    def _count(self, method: str) -> None:
        @self.feature(method)
        def refreshed(params: None) -> None:
            self.refreshed.append(method)


class Editor:
    """What a user does, and what there is to see. Files are named relative to the folder."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.capabilities = types.ServerCapabilities()
        self._texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}

    async def start(
        self, *folders: Path, like: str = "visual_studio_code",
        change: Callable[[types.ClientCapabilities], None] = lambda capabilities: None,
        root: Path | None = None, alone: bool = False,
    ) -> None:  # fmt: skip
        """Start with these folders (default: the one of the test), a root as old editors say it, or alone."""
        capabilities = client_capabilities(like)
        change(capabilities)
        opened = folders or (() if root or alone else (self.folder,))
        params = types.InitializeParams(
            capabilities=capabilities,
            root_uri=root.as_uri() if root else None,
            workspace_folders=[workspace_folder(folder) for folder in opened] or None,
        )
        self.capabilities = (await self._wait(self.client.initialize_session(params))).capabilities

    def uri(self, name: str) -> str:
        """The URI of a file."""
        return (self.folder / name).as_uri()

    def document(self, name: str) -> types.TextDocumentIdentifier:
        """A file as requests name it."""
        return types.TextDocumentIdentifier(uri=self.uri(name))

    # -- what a user does -------------------------------------------------------------------------

    def write(self, name: str, text: str) -> None:
        """Write a file by another program; nobody is told."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def tell(self, *names: str, kind: types.FileChangeType = types.FileChangeType.Changed) -> None:
        """Say that files have changed on disk."""
        changes = [types.FileEvent(uri=self.uri(name), type=kind) for name in names]
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes=changes))

    def open(self, name: str, text: str | None = None) -> None:
        """Open a file, with what it holds or with something that was not saved."""
        if text is None:
            text = (self.folder / name).read_bytes().decode()
        self._texts[name], self._versions[name] = text, 1
        item = types.TextDocumentItem(uri=self.uri(name), language_id="python", version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def text(self, name: str) -> str:
        """The text in the editor."""
        return self._texts[name]

    def type(self, name: str, text: str) -> int:
        """Replace the whole text; gives its version."""
        return self._change(name, text, types.TextDocumentContentChangeWholeDocument(text=text))

    def replace(self, name: str, old: str, new: str) -> int:
        """Replace the first occurrence of `old`, telling only that; gives the version."""
        text = self._texts[name]
        start = text.index(old)
        end = start + len(old)
        covered = types.Range(start=utf16_position(text, start), end=utf16_position(text, end))
        change = types.TextDocumentContentChangePartial(range=covered, text=new)
        return self._change(name, text[:start] + new + text[end:], change)

    def _change(self, name: str, text: str, change: types.TextDocumentContentChangeEvent) -> int:
        self._texts[name] = text
        self._versions[name] += 1
        identifier = types.VersionedTextDocumentIdentifier(uri=self.uri(name), version=self._versions[name])
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=identifier, content_changes=[change])
        )
        return self._versions[name]

    def save(self, name: str) -> None:
        """Write what is in the editor to the file."""
        self.write(name, self._texts[name])
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(text_document=self.document(name)))

    def close(self, name: str) -> None:
        """Close a file without saving it."""
        del self._texts[name]
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(text_document=self.document(name))
        )

    def apply(self, edit: types.WorkspaceEdit) -> None:
        """Do what a code action says, in files that are open or not."""
        for uri, edits in _edits(edit):
            name = next((name for name in self._texts if self.uri(name) == uri), None)
            path = Path(types_path(uri))
            text = self._texts[name] if name is not None else path.read_bytes().decode()
            changed = apply_edits(text, edits)
            if name is not None:
                self.type(name, changed)
            else:
                path.write_bytes(changed.encode())

    # -- what there is to see ---------------------------------------------------------------------

    async def settle(self, name: str = "flow.py") -> None:
        """Wait until all that was done is analyzed and told: fixes are offered for nothing older."""
        nothing = types.Range(types.Position(0, 0), types.Position(0, 0))
        context = types.CodeActionContext(diagnostics=[])
        params = types.CodeActionParams(text_document=self.document(name), range=nothing, context=context)
        await self._wait(self.client.text_document_code_action_async(params))

    async def found(self, name: str) -> list[tuple[int, str]]:
        """Line, from 1, and rule of each diagnostic of a file, when everything is told."""
        return [(one.range.start.line + 1, str(one.code)) for one in await self.diagnostics(name)]

    async def diagnostics(self, name: str) -> Sequence[types.Diagnostic]:
        """The diagnostics of a file, when everything is told."""
        await self.settle(name)
        return self.client.diagnostics.get(self.uri(name), ())

    async def lenses(self, name: str) -> list[tuple[int, str]]:
        """Line, from 1, and text of each code lens."""
        await self.settle(name)
        params = types.CodeLensParams(text_document=self.document(name))
        found = await self._wait(self.client.text_document_code_lens_async(params))
        return [(lens.range.start.line + 1, lens.command.title) for lens in found or () if lens.command]

    async def hover(self, name: str, word: str) -> str:
        """What is shown with the pointer on the first character of the first such word."""
        await self.settle(name)
        position = utf16_position(self.shown(name), self.shown(name).index(word))
        params = types.HoverParams(text_document=self.document(name), position=position)
        found = await self._wait(self.client.text_document_hover_async(params))
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def actions(self, name: str, line: int, only: str | None = None) -> list[types.CodeAction]:
        """What the editor offers to do with the cursor in a line."""
        return [one for one in await self.offers(name, line, only) if isinstance(one, types.CodeAction)]

    async def offers(
        self, name: str, line: int, only: str | None = None
    ) -> Sequence[types.CodeAction | types.Command]:
        """The same, with what only shows something."""
        covered = types.Range(types.Position(line - 1, 0), types.Position(line - 1, 0))
        await self.settle(name)
        context = types.CodeActionContext(diagnostics=[], only=[only] if only else None)
        params = types.CodeActionParams(text_document=self.document(name), range=covered, context=context)
        found: Sequence[types.CodeAction | types.Command] | None = await self._wait(
            self.client.text_document_code_action_async(params)
        )
        return found or ()

    async def tokens(self, name: str) -> list[tuple[str, str]]:
        """The colored pieces of text with their types."""
        await self.settle(name)
        params = types.SemanticTokensParams(text_document=self.document(name))
        found = await self._wait(self.client.text_document_semantic_tokens_full_async(params))
        options = self.capabilities.semantic_tokens_provider
        assert found is not None
        assert options is not None
        return list(_tokens(found.data, self.shown(name), options.legend.token_types))

    async def hints(self, name: str, first: int = 1, last: int = 1000) -> list[tuple[int, str]]:
        """Line and text of the inlay hints."""
        await self.settle(name)
        covered = types.Range(types.Position(first - 1, 0), types.Position(last - 1, 0))
        params = types.InlayHintParams(text_document=self.document(name), range=covered)
        found = await self._wait(self.client.text_document_inlay_hint_async(params))
        return [(hint.position.line + 1, str(hint.label)) for hint in found or ()]

    async def is_refreshed(self, method: str) -> None:
        """Wait until the server has asked the editor to ask again; it does so after its findings."""

        async def asked() -> None:
            while method not in self.client.refreshed:
                await asyncio.sleep(0.01)

        await self._wait(asked())

    def shown(self, name: str) -> str:
        """The text in the editor, or of a file that is not open."""
        return self._texts[name] if name in self._texts else (self.folder / name).read_text()

    async def _wait(self, answer: Any) -> Any:
        return await asyncio.wait_for(answer, PATIENCE)


def workspace_folder(folder: Path) -> types.WorkspaceFolder:
    """A folder as the protocol names it."""
    return types.WorkspaceFolder(uri=folder.as_uri(), name=folder.name)


def types_path(uri: str) -> str:
    """The path of a URI."""
    from pygls.uris import to_fs_path

    path = to_fs_path(uri)
    assert path is not None
    return path


def utf16_position(text: str, offset: int) -> types.Position:
    """A place in a text as editors count it, written without the code under test."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n")
    return types.Position(line, len(before.rpartition("\n")[2].encode("utf-16-le")) // 2)


def utf16_offset(text: str, position: types.Position) -> int:
    """The other way."""
    lines = text.replace("\r\n", "\n\x00").replace("\r", "\n").split("\n")
    start = sum(len(line) + 1 for line in lines[: position.line])
    line = lines[position.line]
    if line.startswith("\x00"):  # the second half of the line end before
        start, line = start + 1, line[1:]
    return start + len(line.encode("utf-16-le")[: position.character * 2].decode("utf-16-le"))


def apply_edits(text: str, edits: Iterable[types.TextEdit]) -> str:
    """The text after edits, all of which are about the text before."""
    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character))[::-1]:
        start, end = utf16_offset(text, edit.range.start), utf16_offset(text, edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text


def _edits(edit: types.WorkspaceEdit) -> Iterable[tuple[str, list[types.TextEdit]]]:
    if edit.changes:
        yield from ((uri, list(edits)) for uri, edits in edit.changes.items())
    for change in edit.document_changes or ():
        assert isinstance(change, types.TextDocumentEdit)
        edits = [one for one in change.edits if isinstance(one, types.TextEdit)]
        yield change.text_document.uri, edits


def _tokens(data: Sequence[int], text: str, names: Sequence[str]) -> Iterable[tuple[str, str]]:
    line = character = 0
    for index in range(0, len(data), 5):
        down, right, length, kind, _ = data[index : index + 5]
        line, character = line + down, right if down else character + right
        start = utf16_offset(text, types.Position(line, character))
        end = utf16_offset(text, types.Position(line, character + length))
        yield text[start:end], names[kind]
