"""Opens the database file, or makes it, and says in one line why it cannot be used."""

from __future__ import annotations

import sqlite3
import time
from typing import Literal, TypeAlias

from runtime_min.errors import StorageError, StorageUnavailable
from runtime_min.sqlite.statements import read

Synchronous: TypeAlias = Literal["FULL", "NORMAL"]

APPLICATION_ID = 0x72746D6E  # "rtmn", where file(1) and others look for it
FORMAT = 1

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Room that a WAL which once grew large, say beside a long reader, need not keep.
_WAL_LIMIT = 64 * 1024 * 1024


def open_file(path: str, synchronous: Synchronous, timeout: float) -> sqlite3.Connection:
    """A connection to the file at `path`, which is made if it does not exist or is empty.

    Opening waits for `timeout` seconds while the file is locked; what comes after does not wait.

    Raises:
        StorageError: not a database, not one of ours, of a newer format, damaged, or out of reach.
    """
    try:
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {error}") from error
    try:
        _prepare(connection, path, timeout)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA busy_timeout = 0")
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise StorageError(f"{path}: {error}") from error
        raise
    return connection


def explained(error: sqlite3.Error, path: str) -> StorageError:
    """The same as an error of ours."""
    if _code(error) in _DAMAGE:
        return StorageError(f"{path}: damaged: {error}")
    if isinstance(error, sqlite3.OperationalError):
        return StorageUnavailable(f"{path}: {error}")
    return StorageError(f"{path}: {error}")


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: sqlite3.Error) -> int:
    """SQLite's result code; 0 for errors of the Python module."""
    # The low byte is the error, the others refine it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _prepare(connection: sqlite3.Connection, path: str, timeout: float) -> None:
    """Look at what the file is before anything of it is changed."""
    if _is_empty(connection):
        _use_wal(connection, path, timeout)
        _create(connection)
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if application != APPLICATION_ID:
        raise StorageError(f"{path}: is a database of another program")
    if version != FORMAT:
        raise StorageError(
            f"{path}: has format {version}, and this version of runtime_min reads format {FORMAT}: update it"
        )
    _use_wal(connection, path, timeout)


def _is_empty(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not (tables or _pragma(connection, "application_id") or _pragma(connection, "user_version"))


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection):
            for statement in _split(read("schema.sql")):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _split(script: str) -> list[str]:
    """The statements of a script; `executescript` would commit before the first one."""
    statements = [""]
    for line in script.splitlines(keepends=True):
        statements[-1] += line
        if sqlite3.complete_statement(statements[-1]):
            statements.append("")
    return [statement for statement in statements if statement.strip()]


def _use_wal(connection: sqlite3.Connection, path: str, timeout: float) -> None:
    """Switch to write-ahead logging; where another process is in the way, SQLite itself does not wait."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
    if mode != "wal":
        raise StorageError(f"{path}: cannot use write-ahead logging there (journal mode {mode})")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


__all__ = ["Synchronous", "explained", "is_locked", "open_file"]
