"""A file is not read again as long as the file system says that it is as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from color_checker.config import Config
from color_checker.errors import SourceError
from color_checker.inputs import FACTS_VERSION, read_inputs
from color_checker.sources import Sources, content_hash, discover, read_with_status
from color_checker.stamps import TICK, Stamps
from color_checker.store import Store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.py"
    path.write_text("one = 1\n")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "cache", FACTS_VERSION)
    yield store
    store.close()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock says that all files were written long ago."""
    now = time.time_ns
    monkeypatch.setattr("color_checker.stamps.time.time_ns", lambda: now() + 2 * TICK)


def found(file: Path) -> Sources:
    return discover([file.parent], Config(), file.parent)


def read(file: Path, store: Store) -> set[str]:
    """The names of the files that had to be read in a run."""
    stamps = Stamps(store, found(file))
    inputs = read_inputs(stamps_sources := found(file), look=stamps.look)
    stamps.save()
    for source in stamps_sources.files:
        if source.path in inputs.hashes:
            assert inputs.hashes[source.path] == content_hash(Path(source.path).read_bytes())
    return {os.path.basename(path) for path in inputs.texts}


@pytest.mark.usefixtures("later")
def test_a_file_is_read_once(file: Path, store: Store) -> None:
    assert [read(file, store) for _ in range(3)] == [{"one.py"}, set(), set()]


def test_a_file_that_was_just_written_is_read_again(file: Path, store: Store) -> None:
    assert [read(file, store) for _ in range(2)] == [{"one.py"}] * 2


def test_a_file_that_was_just_written_and_is_read_slowly_is_read_again(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0]
    now = time.time_ns
    monkeypatch.setattr("color_checker.stamps.time.time_ns", lambda: now() + passed[0])

    def slowly(path: str) -> tuple[bytes, os.stat_result]:
        passed[0] += 2 * TICK
        return read_with_status(path)

    monkeypatch.setattr("color_checker.stamps.read_with_status", slowly)
    assert read(file, store) == {"one.py"}
    passed[0] = 0
    assert read(file, store) == {"one.py"}


@pytest.mark.usefixtures("later")
def test_a_file_that_was_written_or_replaced_is_read_again(file: Path, store: Store) -> None:
    read(file, store)
    status = file.stat()
    file.write_text("one = 2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert read(file, store) == {"one.py"}
    other = file.with_suffix(".new")
    other.write_text("one = 3\n")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    other.replace(file)
    assert read(file, store) == {"one.py"}
    assert read(file, store) == set()


@pytest.mark.usefixtures("later")
def test_only_what_changed_is_read(file: Path, store: Store) -> None:
    two = file.with_name("two.py")
    two.write_text("two = 2\n")
    assert read(file, store) == {"one.py", "two.py"}
    two.write_text("two = 22\n")
    assert read(file, store) == {"two.py"}
    assert read(file, store) == set()


@pytest.mark.usefixtures("later")
def test_a_file_that_is_gone_is_an_error(file: Path, store: Store) -> None:
    sources = found(file)
    stamps = Stamps(store, sources)
    stamps.look(str(file))
    stamps.save()
    file.unlink()
    with pytest.raises(SourceError):
        Stamps(store, sources).look(str(file))


@pytest.mark.usefixtures("later")
def test_a_damaged_memory_is_no_memory(file: Path, store: Store) -> None:
    read(file, store)
    stamps = Stamps(store, found(file))
    store.put([(stamps._key, b"\xc1")])
    assert read(file, store) == {"one.py"}
