"""When the disk is full, the file is locked or something raises: all or nothing, and usable afterwards."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime_min.backend import Closing, Commit, Filter
from runtime_min.errors import StorageError, StorageUnavailable
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.backends.samples import ANN, message, new, owned, stored

BIG = os.urandom(50_000)


def everything(backend: SqliteBackend) -> list[tuple[object, ...]]:
    """All rows of all tables."""
    tables = ("run", "event", "inbox", "worker", "tally")
    return [row for table in tables for row in backend._connection.execute(f"SELECT * FROM {table}")]


def batch(*numbers: int) -> list[Commit]:
    """Commits that touch every table, and need much room."""
    return [
        Commit(
            *(number, 1, 1, (b"small", BIG)),
            starts=(new(f"child {number}"),),
            messages=(message("hello", id=f"child {number}"),),
            closing=Closing("continued", 50.0, next=new(), carry=(BIG,)) if number % 2 else None,
        )
        for number in numbers
    ]


def fails(backend: SqliteBackend, work: Callable[[], object], reason: str) -> None:
    """It raises, and nothing has changed."""
    before = everything(backend)
    with pytest.raises(StorageUnavailable, match=reason):
        work()
    assert everything(backend) == before
    assert not backend._connection.in_transaction


def test_a_full_database_changes_nothing_and_works_again_with_room(sqlite: SqliteBackend) -> None:
    numbers = [owned(sqlite, f"order {index}").number for index in range(6)]
    pages = sqlite._connection.execute("PRAGMA page_count").fetchone()[0]
    for room in (1, 5, 20, 40):
        sqlite._connection.execute(f"PRAGMA max_page_count = {pages + room}")
        fails(sqlite, lambda: sqlite.commit(batch(*numbers)), "full")
    stored(sqlite, Commit(numbers[0], 1, 1, wake=7.0))
    sqlite._connection.execute("PRAGMA max_page_count = 100000")
    stored(sqlite, *batch(*numbers))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=640k", "tmpfs", str(directory)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a small disk")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def test_a_full_disk_changes_nothing_and_works_again_with_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    backend = SqliteBackend(small_disk / "runs.db", timeout=0.1)
    numbers = [owned(backend, f"order {index}").number for index in range(6)]
    ballast.write_bytes(bytes(250_000))
    fails(backend, lambda: backend.commit(batch(*numbers)), "full|disk I/O")
    fails(backend, lambda: backend.create(new("x" * 300_000)), "full|disk I/O")
    ballast.unlink()
    stored(backend, *batch(*numbers[:2]))
    assert backend._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    backend.close()


def test_a_file_locked_by_another_for_too_long_is_told_and_retried(sqlite: SqliteBackend, path: Path) -> None:
    number = owned(sqlite).number
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fails(sqlite, lambda: sqlite.commit(batch(number)), "locked")
    fails(sqlite, lambda: sqlite.create(new("another")), "locked")
    fails(sqlite, lambda: sqlite.send(message("a", id="order")), "locked")
    # Looking needs no lock.
    assert sqlite.create(new("order"))[1] is False
    assert sqlite.claim(ANN, ["buy"], 100.0, 10) == []
    assert len(sqlite.runs(Filter())) == 1
    other.execute("ROLLBACK")
    other.close()
    stored(sqlite, *batch(number))


def test_what_cannot_be_stored_takes_the_whole_batch_with_it(sqlite: SqliteBackend) -> None:
    first, second = owned(sqlite, "a").number, owned(sqlite, "b").number
    before = everything(sqlite)
    wrong = Commit(second, 1, 1, (b"fine", object()))  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        sqlite.commit([*batch(first), wrong])
    assert everything(sqlite) == before
    stored(sqlite, *batch(first, second))


def test_an_interrupt_in_the_middle_changes_nothing(
    sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = owned(sqlite).number
    before = everything(sqlite)
    with monkeypatch.context() as patched:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(sqlite, "_send", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sqlite.commit(batch(number))
    assert everything(sqlite) == before
    stored(sqlite, *batch(number))
