"""Keeps what followed from astroid's inference, so that a run in which nothing has changed has no need of it.

What astroid infers depends on the files of the project, on where it looks for others, and on what those hold.
Where it looks is known beforehand. The files are those of all modules that it has read by then; they are kept
with what was found, and compared when it is taken up again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

import astroid
import msgspec

from color_checker.config import Config
from color_checker.findings import Finding, Report
from color_checker.inputs import FACTS_VERSION
from color_checker.result_cache import untimed
from color_checker.sources import content_hash
from color_checker.store import Store

#: To be changed whenever what is kept changes its meaning.
_FORMAT = "1"

_Stamp = tuple[int, int]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What was found, and the files outside of the project that astroid had read."""

    findings: tuple[Finding, ...]
    files: dict[str, _Stamp]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Kept)


class Memory:
    """What is kept for one state of the project."""

    def __init__(self, config: Config, report: Report, files: Mapping[str, bytes]) -> None:
        """`files`: absolute path → hash, of all the project's files."""
        self._directory = config.resolve(config.cache_dir)
        self._files = files
        self._key = _key(report, files)

    def recall(self) -> tuple[Finding, ...] | None:
        """The findings; None if something may be different now."""
        with Store.open(self._directory, FACTS_VERSION) as store:
            data = store.get([self._key]).get(self._key)
        try:
            kept = _decoder.decode(data) if data is not None else None
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None
        if kept is None or any(_stamp(path) != stamp for path, stamp in kept.files.items()):
            return None
        return kept.findings

    def keep(self, findings: Sequence[Finding]) -> None:
        """Keep what was found in this state."""
        read = {module.file for module in astroid.MANAGER.astroid_cache.values() if module.file}
        stamps = {path: _stamp(path) for path in read if os.path.abspath(path) not in self._files}
        kept = _Kept(tuple(findings), {path: stamp for path, stamp in stamps.items() if stamp is not None})
        with Store.open(self._directory, FACTS_VERSION) as store:
            store.put([(self._key, _encoder.encode(kept))])


def _key(report: Report, files: Mapping[str, bytes]) -> bytes:
    versions = (_FORMAT, FACTS_VERSION, astroid.__version__, sys.version)
    parts = [
        b"pylint",
        *(version.encode() for version in versions),
        _encoder.encode(untimed(report)),
        *(os.fsencode(name) for path in _foreign(sys.path, files) for name in (path, *_names(path))),
        *(part for path, digest in sorted(files.items()) for part in (os.fsencode(path), digest)),
    ]
    return content_hash(b"\0".join(parts))


def _foreign(directories: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
    """Those in which modules are looked for and none of the project's are."""
    own = {os.path.dirname(path) for path in files}
    return [
        path
        for path in map(os.path.abspath, directories)
        if not any(folder == path or folder.startswith(path + os.sep) for folder in own)
    ]


def _names(directory: str) -> list[str]:
    """What is installed there: another version of a package has another directory with its metadata."""
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith((".", "__pycache__")))
    except OSError:
        return []


def _stamp(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
