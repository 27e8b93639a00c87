"""Remembers the hashes of files by what the file system says of them, so that only changed files are read.

A file is taken for unchanged if device, number, size and both times (of its content and of its entry) are
as they were, much as git does it. A file that had just been written when it was read could be written
again within one tick of the file system's clock: it is not remembered, and read again next time.
"""

from __future__ import annotations

import os
import time

import msgspec

from color_checker.sources import Sources, content_hash, read_with_status
from color_checker.store import Values

#: The coarsest clock of a file system that is in use (FAT) ticks every two seconds.
TICK = 2_000_000_000


class Stamp(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the file system says of a file, and the hash of what the file held then."""

    device: int
    number: int
    size: int
    written: int
    changed: int
    hash: bytes

    def fits(self, status: os.stat_result) -> bool:
        """Whether the file is as it was."""
        return (
            self.written == status.st_mtime_ns
            and self.changed == status.st_ctime_ns
            and self.size == status.st_size
            and self.number == status.st_ino
            and self.device == status.st_dev
        )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, Stamp])


class Stamps:
    """The hashes of files, from an earlier run where nothing has happened to the file since."""

    def __init__(self, store: Values, sources: Sources, earlier: Stamps | None = None) -> None:
        """`store` keeps what is remembered, for runs over the same files; `earlier` are of this process."""
        self._store = store
        self._key = _key(sources)
        self._known = earlier._seen if earlier is not None else _load(store, self._key)
        self._seen: dict[str, Stamp] = {}
        self._has_news = False

    def look(self, path: str) -> tuple[bytes, bytes | None]:
        """The hash of a file's content; and the content, if it had to be read. Raises SourceError."""
        stamp = self._known.get(path)
        if stamp is not None and _fits(stamp, path):
            self._seen[path] = stamp
            return stamp.hash, None
        now = time.time_ns()  # before the file is read, since it may be written again while it is
        data, status = read_with_status(path)
        digest = content_hash(data)
        if max(status.st_mtime_ns, status.st_ctime_ns) < now - TICK:
            self._learn(path, status, digest)
        return digest, data

    def save(self) -> None:
        """Remember the files that were looked at in this run, unless that is known already."""
        if self._has_news:
            try:
                self._store.put([(self._key, _encoder.encode(self._seen))])
            except UnicodeEncodeError:
                return  # a name that is not valid UTF-8: such trees are rare enough to be read each time

    def _learn(self, path: str, status: os.stat_result, digest: bytes) -> None:
        self._seen[path] = Stamp(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest
        )
        self._has_news = True


def _key(sources: Sources) -> bytes:
    paths = "\0".join(["stamps", *(source.path for source in sources.files)])
    return content_hash(paths.encode(errors="surrogatepass"))


def _load(store: Values, key: bytes) -> dict[str, Stamp]:
    data = store.get([key]).get(key)
    try:
        return _decoder.decode(data) if data is not None else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _fits(stamp: Stamp, path: str) -> bool:
    try:
        return stamp.fits(os.stat(path))
    except (OSError, ValueError):
        return False
