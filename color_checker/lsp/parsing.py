"""Which texts of the editor can be analyzed, and what is analyzed in place of the others."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from color_checker.errors import SourceError
from color_checker.findings import InputError
from color_checker.lsp.checked import parse_error
from color_checker.lsp.documents import Document
from color_checker.sources import decode, encode, read_source


class Texts(msgspec.Struct, frozen=True):
    """What is open at one moment.

    Attributes:
        documents: as the editor has them.
        errors: path → why it does not parse, of those of which another text is known that does.
        analyzed: path → that other text.
        unsaved: path → what is to be analyzed, where that is not what is on disk.
    """

    documents: Mapping[str, Document] = {}
    errors: Mapping[str, InputError] = {}
    analyzed: Mapping[str, str] = {}
    unsaved: Mapping[str, str] = {}


class Parser:
    """Remembers of each open file the last text that could be parsed."""

    def __init__(self) -> None:
        self._parsed: dict[str, str] = {}
        self._broken: dict[str, tuple[str, InputError]] = {}

    def parse(self, documents: Mapping[str, Document]) -> Texts:
        """What is to be analyzed."""
        errors: dict[str, InputError] = {}
        analyzed: dict[str, str] = {}
        unsaved: dict[str, str] = {}
        self._parsed = {path: text for path, text in self._parsed.items() if path in documents}
        for path, document in documents.items():
            error = self._error(path, document.text) if path.endswith(".py") else None
            text = document.text
            if error is not None:
                if path not in self._parsed and (on_disk := _parsed_from_disk(path)) is not None:
                    self._parsed[path] = on_disk
                if path in self._parsed:
                    errors[path] = error
                    text = analyzed[path] = self._parsed[path]
            else:
                self._parsed[path] = text
            if not _is_saved(path, text):
                unsaved[path] = text
        return Texts(documents, errors, analyzed, unsaved)

    def _error(self, path: str, text: str) -> InputError | None:
        if text == self._parsed.get(path):
            return None
        known = self._broken.pop(path, None)
        error = known[1] if known is not None and known[0] == text else parse_error(path, text)
        if error is not None:
            self._broken[path] = text, error
        return error


def _parsed_from_disk(path: str) -> str | None:
    """What a file holds, if that can be parsed: it may have been broken right after it was opened."""
    try:
        text = decode(read_source(path))
    except SourceError:
        return None
    return text if parse_error(path, text) is None else None


def _is_saved(path: str, text: str) -> bool:
    try:
        return read_source(path) == encode(text)
    except SourceError:
        return False
