"""Reads the files of a run, before anything in them is parsed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import msgspec

from color_checker.errors import SourceError
from color_checker.findings import InputError
from color_checker.sources import Sources, content_hash, read_source

#: Gives the hash of a file's content, and the content itself if it had to be read. Raises SourceError.
Look = Callable[[str], tuple[bytes, bytes | None]]

#: Changes whenever the structures in `facts`, or what the extractor puts in them, change meaning. It stands
#: here because a run without changes never needs those.
FACTS_FORMAT = "12"

#: Part of every key: facts of another format, or of another Python's parser, are never looked at.
FACTS_VERSION = f"{FACTS_FORMAT}-{sys.version_info[0]}.{sys.version_info[1]}"


class Inputs(msgspec.Struct, frozen=True):
    """The files of a run with their content.

    Attributes:
        texts: absolute path → content, of the files that had to be read.
        hashes: absolute path → hash of the content, of all that could be read.
        errors: what could not be read, here or while looking for files.
        unsaved: paths of files of which an editor has a newer text, which is taken here.
    """

    sources: Sources
    texts: dict[str, bytes]
    hashes: dict[str, bytes]
    errors: tuple[InputError, ...]
    unsaved: frozenset[str] = frozenset()


def read_and_hash(path: str) -> tuple[bytes, bytes | None]:
    """The hash of a file's content, and the content. Raises SourceError."""
    data = read_source(path)
    return content_hash(data), data


def read_inputs(
    sources: Sources, advance: Callable[[int], None] = lambda count: None, look: Look = read_and_hash,
    overlays: Mapping[str, tuple[bytes, bytes]] | None = None,
) -> Inputs:  # fmt: skip
    """Read and hash all files, or those that `look` does not know. What cannot be read is an error.

    `overlays`: path → hash and content, in place of what the file holds.
    """
    texts: dict[str, bytes] = {}
    hashes: dict[str, bytes] = {}
    errors = list(sources.errors)
    for source in sources.files:
        try:
            given = overlays.get(source.path) if overlays else None
            hashes[source.path], data = given or look(source.path)
        except SourceError as error:
            errors.append(InputError(source.shown, error.line, error.column, error.reason))
        else:
            if data is not None:
                texts[source.path] = data
        advance(1)
    unsaved = overlays.keys() & hashes.keys() if overlays else frozenset[str]()
    return Inputs(sources, texts, hashes, tuple(errors), frozenset(unsaved))
