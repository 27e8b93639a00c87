"""Keeps facts on disk, by the hash of what they were made from.

A cache, so nothing in here is an error for the user: a file that is corrupt or not ours is thrown
away and built anew; a directory that cannot be written, a lock that is not released or a full disk
turns the store into one that keeps nothing, and `warning` says why. Every value has a checksum, so a
flipped bit is a miss. Several processes may use one directory at the same time.

Keys are made by the caller and hold all that a value depends on: content, format, Python version.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, Self

#: Facts that nobody asked for in this time are dropped.
MAX_AGE_DAYS = 14
#: Above this size, the facts used longest ago are dropped.
MAX_BYTES = 512 * 1024 * 1024
#: So many whole results are kept, the newest.
MAX_RESULTS = 8

_APPLICATION_ID = 0x436F4368
_BUSY_SECONDS = 3.0
_CHUNK = 500  # SQLite of old allowed 999 parameters

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key BLOB PRIMARY KEY, day INTEGER, checksum INTEGER, value BLOB);
CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY, key BLOB UNIQUE, checksum INTEGER, value BLOB);
"""
_CACHEDIR_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This directory is a cache of color-checker.\n"


class Values(Protocol):
    """What an analysis wants of a store."""

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are known."""

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values."""

    def get_result(self, key: bytes) -> bytes | None:
        """A whole result."""

    def put_result(self, key: bytes, value: bytes) -> None:
        """Keep a whole result."""


def file_of(directory: Path, format_version: str) -> Path:
    """The store's file in a directory."""
    return directory / f"facts-v{re.sub(r'[^A-Za-z0-9._]', '_', format_version)}.sqlite"


class Store:
    """Facts and results by key. Not to be shared between threads or carried over a fork."""

    def __init__(self, path: Path | None, connection: sqlite3.Connection | None, warning: str = "") -> None:
        self.path = path
        self.warning = warning
        self._connection = connection
        self._file = _file_number(path)

    @classmethod
    def open(cls, directory: Path | None, format_version: str) -> Store:
        """The store in `directory`, which is made if need be; None gives one that keeps nothing."""
        if directory is None:
            return cls(None, None)
        path = file_of(directory, format_version)
        try:
            _prepare(directory)
            return cls(path, _connect_or_rebuild(path))
        except (sqlite3.Error, OSError) as error:
            return cls(path, None, f"no cache: {path}: {_reason(error)}")

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are known."""
        today = _today()
        found: dict[bytes, bytes] = {}
        aged: list[bytes] = []
        with self._guard() as connection:
            for chunk in _chunks(keys) if connection else ():
                assert connection is not None
                query = f"SELECT key, day, checksum, value FROM facts WHERE key IN ({_marks(chunk)})"
                for key, day, checksum, value in connection.execute(query, chunk):
                    if _is_intact(key, value, checksum):
                        found[key] = value
                        if day != today:
                            aged.append(key)
        self._touch(aged, today)
        return found

    def put(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values; all of them or, if they cannot be written, none."""
        today = _today()
        rows = [(key, today, _checksum(key, value), value) for key, value in items]
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", rows)

    def get_result(self, key: bytes) -> bytes | None:
        """A whole result, kept by `put_result`."""
        with self._guard() as connection:
            row = (
                connection
                and connection.execute("SELECT checksum, value FROM results WHERE key = ?", (key,)).fetchone()
            )
            if row and _is_intact(key, row[1], row[0]):
                return bytes(row[1])
        return None

    def put_result(self, key: bytes, value: bytes) -> None:
        """Keep a whole result, and forget all but the newest few."""
        row = (key, _checksum(key, value), value)
        self._write("INSERT OR REPLACE INTO results (key, checksum, value) VALUES (?, ?, ?)", [row])
        oldest_kept = "SELECT id FROM results ORDER BY id DESC LIMIT 1 OFFSET ?"
        self._write(f"DELETE FROM results WHERE id < ({oldest_kept})", [(MAX_RESULTS - 1,)])

    def prune(self, max_age_days: int = MAX_AGE_DAYS, max_bytes: int = MAX_BYTES) -> None:
        """Drop what was not used for long, then what was used longest ago while there is too much."""
        self._write("DELETE FROM facts WHERE day < ?", [(_today() - max_age_days,)])
        with self._guard() as connection:
            if connection:
                _shrink(connection, max_bytes)
        if self.path is not None and self._connection is not None:
            _remove_old_files(self.path, max_age_days)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; once a day, prune it first."""
        with self._guard() as connection:
            due = connection and _pragma(connection, "user_version") != _today()
        if due and self._connection is not None:
            self.prune()
            self._run(f"PRAGMA user_version = {_today()}")
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _touch(self, keys: list[bytes], today: int) -> None:
        for chunk in _chunks(keys):
            self._write(f"UPDATE facts SET day = {today} WHERE key IN ({_marks(chunk)})", [chunk])

    def _write(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        with self._guard() as connection:
            if connection and rows:
                _execute(connection, statement, rows)

    def _run(self, statement: str) -> None:
        with self._guard() as connection:
            if connection:
                connection.execute(statement)

    @contextlib.contextmanager
    def _guard(self) -> Iterator[sqlite3.Connection | None]:
        """The connection, as long as there is one. What goes wrong with it ends here."""
        try:
            yield self._connection
        except sqlite3.Error as error:
            self._recover(error)

    def _recover(self, error: sqlite3.Error) -> None:
        """A broken file is built anew; anything else (full, locked, read-only) ends the store's use."""
        assert self.path is not None
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        if _is_broken(error):
            self.warning = f"the cache was damaged and is built anew: {self.path}"
            try:
                self._connection = _rebuild(self.path, self._file)
                self._file = _file_number(self.path)
                return
            except (sqlite3.Error, OSError) as second:
                error = second if isinstance(second, sqlite3.Error) else sqlite3.OperationalError(str(second))
        self.warning = f"no cache: {self.path}: {_reason(error)}"


def _execute(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    """One statement for many rows, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _shrink(connection: sqlite3.Connection, max_bytes: int) -> None:
    (used,) = connection.execute("SELECT coalesce(sum(length(value)), 0) FROM facts").fetchone()
    doomed: list[tuple[int]] = []
    if used > max_bytes:
        for rowid, size in connection.execute("SELECT rowid, length(value) FROM facts ORDER BY day, rowid"):
            if used <= max_bytes:
                break
            doomed.append((rowid,))
            used -= size
    if doomed:
        _execute(connection, "DELETE FROM facts WHERE rowid = ?", doomed)
    if _pragma(connection, "freelist_count") * 2 > _pragma(connection, "page_count"):
        with contextlib.suppress(sqlite3.OperationalError):  # another process is using the file: next time
            connection.execute("VACUUM")


def _prepare(directory: Path) -> None:
    """Make the directory. Only one that is new or marked as a cache gets files of its own in it."""
    tag = directory / "CACHEDIR.TAG"
    if tag.exists():
        return
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        if any(directory.iterdir()):
            return  # perhaps the project itself, which a `.gitignore` of `*` would hide from git
    (directory / ".gitignore").write_text("*\n")
    tag.write_text(_CACHEDIR_TAG)


def _connect_or_rebuild(path: Path) -> sqlite3.Connection:
    file = _file_number(path)
    try:
        return _connect(path)
    except sqlite3.Error as error:
        if not _is_broken(error):
            raise
        return _rebuild(path, file)


def _rebuild(path: Path, broken: int) -> sqlite3.Connection:
    """Throw the broken file away, unless another process has done that and made a new one."""
    if _file_number(path) == broken:
        _remove(path)
    return _connect(path)


def _file_number(path: Path | None) -> int:
    try:
        return path.stat().st_ino if path else 0
    except OSError:
        return 0


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.text_factory = bytes  # a damaged file may have text where we wrote blobs
    try:
        _set_up(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")  # one look at both, as another process may be making the tables just now
    owner, schema = _pragma(connection, "application_id"), _pragma(connection, "schema_version")
    connection.execute("COMMIT")
    if owner == _APPLICATION_ID:
        connection.execute("PRAGMA synchronous = OFF")
    else:
        if schema:
            raise _ForeignFile
        _create(connection)


class _ForeignFile(sqlite3.DatabaseError):
    """A database of somebody else, under our name."""


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables. Another process may be doing the same."""
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.strip().splitlines():
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_today()}")
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute("COMMIT")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for a lock when it changes the journal's mode, so this does."""
    end = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _is_broken(error: sqlite3.Error) -> bool:
    """Whether the file is no database, not ours, or lacks our tables: nothing that waiting would help."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    broken = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
    return isinstance(error, _ForeignFile) or primary in broken


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _remove_old_files(path: Path, max_age_days: int) -> None:
    """Drop the files of other formats that no version of this program has used for long."""
    limit = time.time() - max_age_days * 86400
    with contextlib.suppress(OSError):
        for other in sorted(path.parent.glob("facts-v*.sqlite")):
            if other != path and other.stat().st_mtime < limit:
                _remove(other)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _checksum(key: bytes, value: bytes) -> int:
    """Of key and value together, so that a value under another's key is a miss, too."""
    return zlib.crc32(value, zlib.crc32(key))


def _is_intact(key: object, value: object, checksum: object) -> bool:
    return isinstance(key, bytes) and isinstance(value, bytes) and _checksum(key, value) == checksum


def _today() -> int:
    return int(time.time() // 86400)


def _chunks(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _marks(chunk: Sequence[bytes]) -> str:
    return ",".join("?" * len(chunk))
