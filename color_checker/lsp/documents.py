"""The texts that are open in the editor, kept up to date by its edits.

Not left to pygls, for which a line also ends at a form feed and at Unicode's separators: an edit below one
would go to the wrong place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import msgspec
from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from color_checker.lsp.positions import Text


class Document(msgspec.Struct, frozen=True):
    """One state of an open file. `uri` is how the editor writes the path."""

    path: str
    uri: str
    version: int
    text: str


class Documents:
    """The open files by absolute path."""

    def __init__(self) -> None:
        self.codec = PositionCodec()
        self._open: dict[str, Document] = {}

    @property
    def all(self) -> Mapping[str, Document]:
        """As they are now; no later edit changes this."""
        return dict(self._open)

    def get(self, path: str) -> Document | None:
        """The open file at a path."""
        return self._open.get(path)

    def open(self, item: types.TextDocumentItem) -> str:
        """Take what the editor has opened; gives its path, "" if it is no file."""
        path = path_of(item.uri)
        if path:
            self._open[path] = Document(path, item.uri, item.version, item.text)
        return path

    def change(
        self, identifier: types.VersionedTextDocumentIdentifier,
        changes: Iterable[types.TextDocumentContentChangeEvent],
    ) -> str:  # fmt: skip
        """Apply edits, each to the result of the one before; gives the path, "" if it is not open."""
        path = path_of(identifier.uri)
        document = self._open.get(path)
        if document is None:
            return ""
        text = document.text
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                before = Text(text, self.codec)
                start, end = before.offset(change.range.start), before.offset(change.range.end)
                text = text[:start] + change.text + text[max(start, end) :]
            else:
                text = change.text
        self._open[path] = msgspec.structs.replace(document, version=identifier.version, text=text)
        return path

    def close(self, uri: str) -> str:
        """Forget a file; gives its path, "" if it was not open."""
        path = path_of(uri)
        return path if self._open.pop(path, None) is not None else ""


def path_of(uri: str) -> str:
    """The absolute path of what the editor names, "" if that is no file."""
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return os.path.abspath(path) if path else ""


def uri_of(path: str, documents: Mapping[str, Document]) -> str:
    """A path as the editor names it."""
    known = documents.get(path)
    return known.uri if known is not None else uris.from_fs_path(path) or ""
