"""`serve` as a process of its own, and beside workers that write all the time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runtime_min.backend import Commit, NewRun
from runtime_min.dashboard import Dashboard, DashboardError, serve
from runtime_min.journal import Resolved, Scheduled, Started, encode
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.dashboard.conftest import Client
from tests.runtime_min.driving import ROOT

PROGRAM = "import sys; from runtime_min.dashboard import serve; serve(sys.argv[1], port=0)"


def test_the_printed_address_works_until_the_process_is_interrupted(database: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(database)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([\w-]{40,})\n", line)
        assert found is not None, line
        client = Client.__new__(Client)
        client.dashboard = Dashboard.__new__(Dashboard)
        client.dashboard.port, client.dashboard.token = int(found[1]), found[2]
        client.host = f"127.0.0.1:{found[1]}"
        assert client.get("/api/run?id=trial-1").status == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert errors == ""


def test_a_module_that_cannot_be_imported_is_named(database: Path) -> None:
    with pytest.raises(DashboardError, match="nowhere_to_be_found: ModuleNotFoundError"):
        serve(str(database), apps=["nowhere_to_be_found"], port=0)


def test_the_browser_is_shown_the_token_by_a_file_that_is_its_owners_alone(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[str, int, str]] = []

    def shown(address: str) -> None:
        path = Path(address.removeprefix("file://"))
        seen.append((address, path.stat().st_mode & 0o777, path.read_text("utf-8")))
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", shown)
    serve(str(database), port=0, open_browser=True)
    printed = capsys.readouterr().out.strip()
    ((address, mode, text),) = seen
    assert "token" not in address
    assert mode == 0o600
    assert printed in text
    assert not Path(address.removeprefix("file://")).exists()


def test_it_answers_beside_a_worker_that_writes_at_full_speed(
    database: Path, dashboard: Dashboard, client: Client
) -> None:
    stop = threading.Event()
    writes: list[int] = []
    writer = threading.Thread(target=_write, args=(database, stop, writes), daemon=True)
    writer.start()
    try:
        times: list[float] = []
        lengths: list[int] = []
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline or len(times) < 20:
            begin = time.monotonic()
            answer = client.get("/api/run?id=busy&first=0")
            if answer.status == 200:
                lengths.append(answer.content["total"])
            assert client.get("/api/runs").status == 200
            times.append(time.monotonic() - begin)
        assert (
            client.post("/api/signal", {"id": "approval-1", "name": "approved", "value": "true"}).status
            == 200
        )
    finally:
        stop.set()
        writer.join(10)
    assert writes[0] > 100
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]
    # Nobody waits for a lock: reading goes on beside writing.
    assert sorted(times)[len(times) // 2] < 1


def _write(database: Path, stop: threading.Event, writes: list[int]) -> None:
    """One commit after the other, as a worker with a long sequence of steps makes them."""
    backend = SqliteBackend(database, synchronous="NORMAL")
    owner, now = f"elsewhere:1:{id(stop)}", time.time()
    backend.register(owner, now + 1e6)
    started = encode(Started("busy", "", b"[]", 1, now))
    run, _ = backend.create(NewRun("busy", "busy", "", started, now), owner)
    position = 0
    while not stop.is_set():
        step = encode(Scheduled(position, "step", "work", b"", b"[]", where="app:1", line="await work()"))
        events = step, encode(Resolved(position, time.time(), b"1"))
        (outcome,) = backend.commit([Commit(run.number, run.token, 1 + 2 * position, events)])
        assert outcome.stored
        position += 1
    writes.append(position)
    backend.close()
