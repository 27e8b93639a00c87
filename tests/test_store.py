"""The store keeps what it is given, shares it between processes and survives whatever happens to its file."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from color_checker import store as store_module
from color_checker.store import MAX_RESULTS, Store

ROOT = Path(__file__).parents[1]


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def items(count: int, size: int = 100) -> dict[bytes, bytes]:
    return {key(number): bytes([number % 256]) * size for number in range(count)}


def database(directory: Path) -> Path:
    return directory / "facts-v1.sqlite"


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "cache", "1")
    first.put(items(1200).items())
    first.close()
    second = Store.open(tmp_path / "cache", "1")
    assert second.get([*items(1200), key(5000)]) == items(1200)
    assert second.get([]) == {}
    assert second.warning == ""


def test_a_new_value_replaces_the_old_one(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    store.put([(key(1), b"old")])
    store.put([(key(1), b"new"), (key(2), b"")])
    assert store.get([key(1), key(2)]) == {key(1): b"new", key(2): b""}


def test_another_format_has_a_file_of_its_own(tmp_path: Path) -> None:
    Store.open(tmp_path, "1").put([(key(1), b"x")])
    assert Store.open(tmp_path, "2/../b").get([key(1)]) == {}
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == [
        "facts-v1.sqlite",
        "facts-v2_.._b.sqlite",
    ]


def test_without_a_directory_nothing_is_kept() -> None:
    store = Store.open(None, "1")
    store.put([(key(1), b"x")])
    store.put_result(key(1), b"x")
    store.prune()
    assert (store.get([key(1)]), store.get_result(key(1)), store.warning) == ({}, None, "")
    store.close()


def test_a_new_directory_is_marked_as_a_cache_that_git_ignores(tmp_path: Path) -> None:
    Store.open(tmp_path / "deep" / "cache", "1").close()
    assert (tmp_path / "deep" / "cache" / ".gitignore").read_text() == "*\n"
    assert (
        (tmp_path / "deep" / "cache" / "CACHEDIR.TAG")
        .read_text()
        .startswith("Signature: 8a477f597d28d172789f")
    )


def test_a_directory_in_use_is_not_hidden_from_git(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    Store.open(tmp_path, "1").put([(key(1), b"x")])
    assert sorted(path.name for path in tmp_path.iterdir() if "sqlite" not in path.name) == ["main.py"]


def test_the_newest_results_are_kept(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    for number in range(MAX_RESULTS + 3):
        store.put_result(key(number), b"%d" % number)
    store.put_result(key(3), b"again")
    kept = {number: store.get_result(key(number)) for number in range(MAX_RESULTS + 3)}
    assert [number for number, value in kept.items() if value is not None] == list(range(3, MAX_RESULTS + 3))
    assert kept[3] == b"again"


def test_facts_out_of_use_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path, "1")
    store.put(items(4).items())
    today = store_module._today()
    monkeypatch.setattr(store_module, "_today", lambda: today + 10)
    store.get([key(1), key(2)])
    monkeypatch.setattr(store_module, "_today", lambda: today + 20)
    store.close()  # prunes, as it was not done today
    assert set(Store.open(tmp_path, "1").get(list(items(4)))) == {key(1), key(2)}


def test_too_much_is_cut_down_to_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path, "1")
    store.put(items(100, 10_000).items())
    size = database(tmp_path).stat().st_size + Path(f"{database(tmp_path)}-wal").stat().st_size
    today = store_module._today()
    monkeypatch.setattr(store_module, "_today", lambda: today + 1)
    store.get([key(7), key(8)])
    store.prune(max_bytes=50_000)
    assert set(store.get(list(items(100)))) == {key(7), key(8), key(97), key(98), key(99)}
    store.close()
    assert size > 1_000_000 > 200_000 > database(tmp_path).stat().st_size


def test_files_of_old_formats_are_dropped_once_nobody_uses_them(tmp_path: Path) -> None:
    for name, age in {"facts-v0.sqlite": 30, "facts-v2.sqlite": 1, "other.sqlite": 30}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age * 86400,) * 2)
    Store.open(tmp_path, "1").prune()
    assert not (tmp_path / "facts-v0.sqlite").exists()
    assert (tmp_path / "facts-v2.sqlite").exists()
    assert (tmp_path / "other.sqlite").exists()


def test_a_flipped_byte_is_a_miss(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    store.put([(key(1), b"A" * 50 + b"needle"), (key(2), b"good")])
    store.put_result(key(3), b"B" * 50 + b"needle")
    store.close()
    data = database(tmp_path).read_bytes()
    assert data.count(b"needle") == 2
    database(tmp_path).write_bytes(data.replace(b"needle", b"noodle"))
    store = Store.open(tmp_path, "1")
    assert store.get([key(1), key(2)]) == {key(2): b"good"}
    assert store.get_result(key(3)) is None
    store.put([(key(1), b"new")])
    assert store.get([key(1)]) == {key(1): b"new"}


def test_a_value_under_the_key_of_another_is_a_miss(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    store.put([(key(1), b"one")])
    store.close()
    with sqlite3.connect(database(tmp_path)) as connection:
        connection.execute("UPDATE facts SET key = ?", (key(2),))
    connection.close()
    assert Store.open(tmp_path, "1").get([key(2)]) == {}


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_is_never_an_error_nor_a_wrong_value(tmp_path: Path, seed: int) -> None:
    expected = items(60, 300)
    store = Store.open(tmp_path, "1")
    store.put(expected.items())
    store.put_result(key(1), b"result")
    store.close()
    chance = random.Random(seed)
    data = bytearray(database(tmp_path).read_bytes())
    if seed % 4 == 0:
        del data[chance.randrange(len(data)) :]
    for _ in range(chance.choice([1, 5, 200])):
        if data:
            data[chance.randrange(min(len(data), chance.choice([100, 4096, 10**9])))] = chance.randrange(256)
    database(tmp_path).write_bytes(data)
    store = Store.open(tmp_path, "1")
    assert store.get(list(expected)).items() <= expected.items()
    assert store.get_result(key(1)) in (None, b"result")
    store.put(expected.items())
    store.put_result(key(2), b"x")
    assert store.get(list(expected)).items() <= expected.items()
    store.prune()
    store.close()


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 200]
)
def test_a_file_that_is_no_database_is_built_anew(tmp_path: Path, content: bytes) -> None:
    database(tmp_path).write_bytes(content)
    Store.open(tmp_path, "1").put([(key(1), b"x")])
    assert Store.open(tmp_path, "1").get([key(1)]) == {key(1): b"x"}


@pytest.mark.parametrize("schema", ["CREATE TABLE other (x)", "CREATE TABLE facts (key, value)"])
def test_a_database_of_somebody_else_is_built_anew(tmp_path: Path, schema: str) -> None:
    with sqlite3.connect(database(tmp_path)) as connection:
        connection.execute(schema)
    connection.close()
    Store.open(tmp_path, "1").put([(key(1), b"x")])
    assert Store.open(tmp_path, "1").get([key(1)]) == {key(1): b"x"}


def test_a_table_that_vanished_is_built_anew_while_in_use(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    with sqlite3.connect(database(tmp_path)) as connection:
        connection.execute("DROP TABLE facts")
    connection.close()
    assert store.get([key(1)]) == {}
    assert "built anew" in store.warning
    store.put([(key(1), b"x")])
    assert store.get([key(1)]) == {key(1): b"x"}


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dir" / "facts-v1.sqlite").mkdir(parents=True)
    for directory, reason in {"file": "", "file/cache": "not a directory", "dir": "unable to open"}.items():
        store = Store.open(tmp_path / directory, "1")
        assert store.warning.startswith("no cache: ")
        assert reason in store.warning
        store.put([(key(1), b"x")])
        assert store.get([key(1)]) == {}
        store.close()


def test_a_full_disk_ends_the_stores_use(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count = 20")
    store.put(items(100, 3000).items())
    assert store.warning.endswith("database or disk is full")
    assert store.get(list(items(100))) == {}
    assert Store.open(tmp_path, "1").get(list(items(100))) == {}


def test_a_lock_that_is_not_released_ends_the_stores_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(tmp_path, "1").put([(key(1), b"x")])
    monkeypatch.setattr(store_module, "_BUSY_SECONDS", 0.05)
    blocker = sqlite3.connect(database(tmp_path), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store = Store.open(tmp_path, "1")
    assert store.get([key(1)]) == {key(1): b"x"}  # readers do not wait
    store.put([(key(2), b"y")])
    assert store.warning.endswith("database is locked")
    blocker.execute("ROLLBACK")
    blocker.close()
    assert Store.open(tmp_path, "1").get([key(1), key(2)]) == {key(1): b"x"}


WORKER = """
import sys
from pathlib import Path
from color_checker.store import Store
directory, number = Path(sys.argv[1]), int(sys.argv[2])
for turn in range(20):
    store = Store.open(directory, "1")
    mine = [(b"%d-%d-%d" % (number, turn, i), b"%d" % i * 500) for i in range(20)]
    store.put(mine)
    store.put([(b"shared-%d" % i, b"shared %d" % i) for i in range(20)])
    store.put_result(b"result-%d" % turn, b"result")
    assert store.get([key for key, _ in mine]) == dict(mine), "lost"
    assert store.get_result(b"result-%d" % turn) in (b"result", None)
    if turn % 7 == 0:
        store.prune()
    store.close()
    assert store.warning == "", store.warning
"""


def test_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path / "cache")]
    workers = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(6)]
    assert [worker.wait(timeout=60) for worker in workers] == [0] * 6
    store = Store.open(tmp_path / "cache", "1")
    keys = [b"%d-%d-%d" % (number, turn, i) for number in range(6) for turn in range(20) for i in range(20)]
    assert len(store.get(keys)) == len(keys)
    assert store.get([b"shared-3"]) == {b"shared-3": b"shared 3"}


OPENER = """
import sys
from pathlib import Path
from color_checker.store import Store
base, key = Path(sys.argv[1]), sys.argv[2].encode()
print("ready", flush=True)
sys.stdin.readline()
for turn in range(40):
    store = Store.open(base / str(turn), "1")
    store.put([(key, b"x")])
    assert store.get([key]) == {key: b"x"}, "lost"
    assert store.warning == "", store.warning
    store.close()
"""


def test_processes_may_make_the_file_at_the_same_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENER, str(tmp_path)]
    openers = [
        subprocess.Popen(
            [*command, str(n)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    for opener in openers:
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        opener.communicate("go\n", timeout=60)
    assert [opener.returncode for opener in openers] == [0] * 4


def test_a_file_that_another_process_has_built_anew_is_left_alone(tmp_path: Path) -> None:
    first = Store.open(tmp_path, "1")
    (tmp_path / "old").mkdir()
    for path in list(tmp_path.glob("facts-v1*")):
        path.rename(tmp_path / "old" / path.name)  # so that its number is not used again
    other = Store.open(tmp_path, "1")
    other.put([(key(1), b"other's")])
    assert first._connection is not None
    first._connection.execute("DROP TABLE facts")
    assert first.get([key(1)]) == {}
    assert first.get([key(1)]) == {key(1): b"other's"}
    assert other.get([key(1)]) == {key(1): b"other's"}


def test_a_process_killed_while_it_writes_does_no_harm(tmp_path: Path) -> None:
    Store.open(tmp_path, "1").put(items(50).items())
    endless = (
        "import os, sys; from pathlib import Path; from color_checker.store import Store\n"
        "store = Store.open(Path(sys.argv[1]), '1'); print('ready', flush=True)\n"
        "while True: store.put([(os.urandom(16), os.urandom(3000)) for _ in range(50)])"
    )
    for _ in range(3):
        worker = subprocess.Popen(
            [sys.executable, "-c", endless, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(0.05)
        worker.kill()
        worker.wait()
        worker.stdout.close()
        store = Store.open(tmp_path, "1")
        assert store.get(list(items(50))) == items(50)
        store.put([(key(1000), b"after")])
        assert (store.get([key(1000)]), store.warning) == ({key(1000): b"after"}, "")
        store.close()


def test_more_facts_are_read_at_once_than_a_statement_has_parameters(tmp_path: Path) -> None:
    store = Store.open(tmp_path, "1")
    expected = {key(number): number.to_bytes(4, "big") for number in range(40_000)}
    store.put(expected.items())
    assert store.get(list(expected)) == expected
