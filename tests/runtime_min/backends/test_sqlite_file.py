"""What `SqliteBackend` makes of the file it is given."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from runtime_min.backend import Filter
from runtime_min.errors import StorageError
from runtime_min.sqlite import SqliteBackend
from runtime_min.sqlite.file import APPLICATION_ID, FORMAT
from tests.runtime_min.backends.samples import new, owned


def refusal(path: Path) -> str:
    """Why the file is refused; always one line that names the path."""
    with pytest.raises(StorageError) as refused:
        SqliteBackend(path, timeout=0.1)
    text = str(refused.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_runs_are_there_when_the_file_is_opened_again(path: Path) -> None:
    first = SqliteBackend(path)
    run = owned(first)
    first.close()
    second = SqliteBackend(str(path), synchronous="NORMAL")
    assert second.find("order") == run
    second.close()


def test_the_file_says_what_it_is(sqlite: SqliteBackend, path: Path) -> None:
    connection = sqlite3.connect(path)
    pragmas = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode")
    ]
    connection.close()
    assert pragmas == [APPLICATION_ID, FORMAT, "wal"]


@pytest.mark.parametrize(("synchronous", "expected"), [("FULL", 2), ("NORMAL", 1)])
def test_a_commit_is_as_durable_as_asked_for(path: Path, synchronous: str, expected: int) -> None:
    backend = SqliteBackend(path, synchronous=synchronous)  # type: ignore[arg-type]
    assert backend._connection.execute("PRAGMA synchronous").fetchone() == (expected,)
    backend.close()


def test_an_empty_file_is_as_good_as_none(path: Path) -> None:
    path.touch()
    backend = SqliteBackend(path)
    owned(backend)
    backend.close()


def test_a_copy_made_by_another_tool_works(sqlite: SqliteBackend, path: Path, tmp_path: Path) -> None:
    owned(sqlite)
    copy = tmp_path / "copy.db"
    change(path, f"VACUUM INTO '{copy}'")
    backend = SqliteBackend(copy)
    assert backend.find("order") == sqlite.find("order")
    assert backend._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    backend.close()


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    change(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    assert "another program" in refusal(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(path: Path) -> None:
    SqliteBackend(path).close()
    change(path, f"PRAGMA user_version = {FORMAT + 1}")
    assert f"format {FORMAT + 1}" in refusal(path)


def test_what_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"a diary, not a database. " * 100)
    assert "not a database" in refusal(path)


def test_a_directory_and_a_path_to_nowhere_are_refused(tmp_path: Path) -> None:
    refusal(tmp_path)
    refusal(tmp_path / "missing" / "runs.db")


def test_a_file_that_cannot_have_a_log_is_refused() -> None:
    with pytest.raises(StorageError, match="write-ahead"):
        SqliteBackend(":memory:")


def test_damage_is_told_when_it_is_met(path: Path) -> None:
    backend = SqliteBackend(path)
    for number in range(300):
        backend.create(new(f"order {number}"))
    backend.close()
    intact = path.read_bytes()
    path.write_bytes(intact[:4096] + b"\xaa" * (len(intact) - 4096))
    backend = SqliteBackend(path)
    with pytest.raises(StorageError, match=f"{path}: damaged: ") as read:
        backend.runs(Filter())
    with pytest.raises(StorageError, match=f"{path}: damaged: "):
        backend.register("a:1:b", 1.0)
    assert "\n" not in str(read.value)
    assert not backend._connection.in_transaction
    backend.close()


def test_many_processes_may_be_the_first_to_open_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        for attempt in range(5):
            path = tmp_path / f"{attempt}.db"
            assert sum(pool.map(_open_and_create, [path] * 8, chunksize=1)) == 1
            backend = SqliteBackend(path)
            assert backend.counts()["running"] == 1
            backend.close()


def _open_and_create(path: Path) -> bool:
    backend = SqliteBackend(path)
    _, created = backend.create(new())
    backend.close()
    return created
