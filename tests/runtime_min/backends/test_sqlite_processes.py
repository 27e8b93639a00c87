"""Several connections and processes on one file, some of which are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_min.backend import Commit, Filter
from runtime_min.processes import HOST
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.backends.samples import ANN, BOB, FOREVER, claim, inbox, message, new, owned, stored

ROOT = Path(__file__).resolve().parents[3]

# Each commit appends two events, starts a run, and tells it its number; what is stored is then acknowledged.
WRITER = """
import sys
from runtime_min.backend import Commit, Message, NewRun
from runtime_min.sqlite import SqliteBackend

backend = SqliteBackend(sys.argv[1])
[claimed] = backend.claim(sys.argv[2], ["buy"], 1e9, 1)
run, first = claimed.run, claimed.run.events
print(first, flush=True)
while True:
    start = NewRun(f"child {first}", "child", "v1", b"started", 1.0)
    told = Message(b"%d" % first, 1.0, id=start.id)
    events = (b"%d" % first, b"%d" % (first + 1))
    commit = Commit(run.number, run.token, first, events, starts=(start,), messages=(told,))
    [outcome] = backend.commit([commit])
    assert outcome.stored and not outcome.undelivered
    first += 2
    print(first, flush=True)
"""

# Claims what it can get, ends it, and says what that was.
ENDER = """
import sys
from runtime_min.backend import Closing, Commit
from runtime_min.sqlite import SqliteBackend

backend = SqliteBackend(sys.argv[1])
backend.register(sys.argv[2], 1e12)
while claimed := backend.claim(sys.argv[2], ["buy"], 1e9, 3):
    end = Closing("completed", 1.0)
    ends = [Commit(one.run.number, one.run.token, 1, (b"end",), closing=end) for one in claimed]
    assert all(outcome.stored for outcome in backend.commit(ends))
    print(*[one.run.id for one in claimed], flush=True)
"""

# Commits as fast as it can.
HOG = """
import sys
from runtime_min.backend import Commit
from runtime_min.sqlite import SqliteBackend

backend = SqliteBackend(sys.argv[1])
[claimed] = backend.claim(sys.argv[2], ["buy"], 1e9, 1)
run, first = claimed.run, 1
print("go", flush=True)
while backend.commit([Commit(run.number, run.token, first, (b"event",))])[0].stored:
    first += 1
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def other(sqlite: SqliteBackend, path: Path) -> Iterator[SqliteBackend]:
    """A second connection to the same file."""
    made = SqliteBackend(path, timeout=0.2)
    yield made
    made.close()


def test_changes_of_others_are_noticed_once(sqlite: SqliteBackend, other: SqliteBackend) -> None:
    assert not sqlite.changed()
    other.create(new())
    assert sqlite.changed()
    assert not sqlite.changed()
    assert not other.changed()


def test_messages_of_others_arrive(sqlite: SqliteBackend, other: SqliteBackend) -> None:
    owned(sqlite)
    other.send(message("hello", id="order"))
    assert inbox(sqlite, ANN) == [b"hello"]


def test_a_run_goes_to_one_of_them(sqlite: SqliteBackend, other: SqliteBackend) -> None:
    sqlite.create(new())
    sqlite.register(ANN, FOREVER)
    other.register(BOB, FOREVER)
    assert len(claim(sqlite, ANN)) == 1
    assert claim(other, BOB) == []


def test_a_suspended_worker_that_lost_its_lease_changes_nothing(
    sqlite: SqliteBackend, other: SqliteBackend
) -> None:
    kept = owned(sqlite, "kept")
    sqlite.register(ANN, 50.0)
    lost, _ = sqlite.create(new("lost"), ANN)
    other.register(BOB, FOREVER)
    assert {one.run.id for one in claim(other, BOB, now=60.0, limit=1)} == {"kept"}
    [taken] = claim(other, BOB, now=60.0)
    outcomes = sqlite.commit([Commit(run.number, 1, 1, (b"late",)) for run in (kept, lost)])
    assert [outcome.stored for outcome in outcomes] == [False, False]
    stored(other, Commit(lost.number, taken.run.token, 1, (b"in time",)))
    assert sqlite.history(lost.number) == [b"started lost", b"in time"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere only the expiry tells")
def test_the_runs_of_a_process_that_is_gone_need_not_wait(sqlite: SqliteBackend) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name, host, process in [
        ("gone", HOST, gone.pid),
        ("alive", HOST, os.getpid()),
        ("unknown", "elsewhere", gone.pid),
    ]:
        owned(sqlite, name, f"{host}:{process}:0a1b")
    [claimed] = claim(sqlite, ANN)
    assert (claimed.run.id, claimed.lost) == ("gone", True)


def test_a_worker_with_an_odd_name_lives_until_it_expires(sqlite: SqliteBackend) -> None:
    for number, name in enumerate(["", "x", f"{HOST}:x:y", f"{HOST}:{10**30}:y"]):
        owned(sqlite, str(number), name)
    assert claim(sqlite, ANN) == []


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_while_it_commits_it_loses_nothing_and_leaves_nothing_half_done(
    sqlite: SqliteBackend, path: Path
) -> None:
    run, _ = sqlite.create(new())
    for attempt in range(4):
        with start(WRITER, path, f"{HOST}:{2**22 + 1 + attempt}:x") as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(20 + 37 * attempt)]
            # At a different moment of a commit each time.
            time.sleep(attempt * 0.00037)
            writer.send_signal(signal.SIGKILL)
            acknowledged = max(map(int, [*lines, *writer.stdout.read().split()]))
        found = sqlite.run(run.number)
        assert found is not None
        assert acknowledged <= found.events <= acknowledged + 2
        assert found.token == attempt + 1
        firsts = range(1, found.events, 2)
        assert sqlite.history(run.number)[1:] == [b"%d" % number for number in range(1, found.events)]
        children = sqlite.runs(Filter(workflow="child", limit=10_000))
        assert [child.id for child in reversed(children)] == [f"child {first}" for first in firsts]
    told = [one.inbox[0].data for one in claim(sqlite, ANN, "child", limit=10_000)]
    assert told == [b"%d" % first for first in firsts]
    assert sqlite._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_process_that_commits_all_the_time_does_not_keep_the_others_out(
    sqlite: SqliteBackend, path: Path
) -> None:
    sqlite.create(new())
    patient = SqliteBackend(path, timeout=10.0)
    with start(HOG, path, ANN) as hog:
        assert hog.stdout is not None
        hog.stdout.readline()
        before = time.monotonic()
        for number in range(20):
            patient.register(BOB, float(number))
        taken = time.monotonic() - before
        hog.kill()
    assert taken < 3.0
    patient.close()


def test_two_processes_share_the_work_and_do_none_of_it_twice(sqlite: SqliteBackend, path: Path) -> None:
    ids = [f"order-{number}" for number in range(150)]
    for one in ids:
        sqlite.create(new(one))
    processes = [start(ENDER, path, worker) for worker in (ANN, BOB)]
    ended = [one for process in processes for one in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(ended) == sorted(ids)
    assert sqlite.counts()["completed"] == len(ids)
