"""What the file system says of files and folders, in a short text that is the same while nothing changes.

Of a file that counts what `color_checker.stamps` goes by: device, number, size and both times. Of a folder,
that what a search for Python files sees in it.

Nothing of the analyzer is imported here: a run in which nothing has changed needs none of it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from stat import S_IFMT
from struct import Struct, error
from typing import NamedTuple

_STAMP = Struct("<QQqqq")

#: The files without Python in them that count for a search.
_OTHERS = frozenset({".gitignore", "pyproject.toml"})


class Places(NamedTuple):
    """What to look at; everything may be missing, which then is to stay so.

    Attributes:
        files: what they hold counts.
        kinds: it counts whether they are there, as a file or as a folder.
        listings: folders of which all names count.
        folders: folders of which that counts which leads to Python files.
        passed: the names of the folders in those that are never entered.
    """

    files: list[str]
    kinds: list[str]
    listings: list[str]
    folders: list[str]
    passed: list[str]


def print_of(places: Places) -> str:
    """What is to be seen at all these places. Raises ValueError if there is something odd."""
    digest = blake2b(digest_size=16)
    passed = frozenset(places.passed)
    for part in (
        b"".join(map(_stamp, places.files)),
        repr([_kind(path) for path in places.kinds]).encode(),
        repr([_names(path) for path in places.listings]).encode(errors="surrogatepass"),
        repr([_seen(path, passed) for path in places.folders]).encode(errors="surrogatepass"),
    ):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def newest(paths: Iterable[str]) -> int:
    """When anything has last happened to one of the files, in nanoseconds."""
    return max((time for path in paths for time in _times(path)), default=0)


def _times(path: str) -> Iterator[int]:
    try:
        status = os.stat(path)
    except OSError:
        return
    yield status.st_mtime_ns
    yield status.st_ctime_ns


def _stamp(path: str) -> bytes:
    try:
        status = os.stat(path)
    except OSError:
        return b"-"
    try:
        return _STAMP.pack(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )
    except error:
        raise ValueError(path) from None


def _kind(path: str) -> int:
    try:
        return S_IFMT(os.stat(path).st_mode)
    except OSError:
        return 0


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _seen(folder: str, passed: Collection[str]) -> list[str]:
    """What a search for Python files sees in a folder: names, and after a "/" what they are."""
    seen = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_symlink():
                    seen.append(f"{name}/{_target(entry.path)}")
                elif entry.is_dir(follow_symlinks=False):
                    if name not in passed:
                        seen.append(f"{name}/d")
                elif name.endswith(".py") or name in _OTHERS:
                    seen.append(f"{name}/{entry.is_file(follow_symlinks=False)}")
    except OSError as failure:
        return [f"/{failure.errno}"]
    seen.sort()
    return seen


def _target(link: str) -> str:
    """What a link leads to."""
    try:
        status = os.stat(link)
    except OSError as failure:
        return f"{failure.errno}"
    return f"{S_IFMT(status.st_mode)} {status.st_dev} {status.st_ino}"
