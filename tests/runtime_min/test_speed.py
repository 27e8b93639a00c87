"""What keeps the runtime fast; its benchmark still runs, and what that measures is read by people."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from runtime_min import Runtime, start, workflow
from tests.runtime_min.driving import Driver


def test_the_short_form_of_the_benchmark_runs(root: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.benchmarks.runtime",
        "--short",
        "--folder",
        tmp_path,
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (
        "one workflow",
        "1,000 workflows",
        "guard error",
        "list 100: state failed",
        "signal to result",
    ):
        assert name in done.stdout
    assert "Temporal dev server (not measured: the short form installs nothing" in done.stdout
    assert not list(tmp_path.iterdir())


def test_tasks_of_different_runs_hash_differently(runtime: Driver) -> None:
    # Asyncio keeps all of them in one set, which takes the longer the more of its members hash alike.
    @workflow
    async def flow() -> int:
        return hash(asyncio.current_task())

    async def work(_: Runtime) -> list[int]:
        handles = [await start(flow) for _ in range(20)]
        return [await handle.result() for handle in handles]

    assert len(set(runtime.run(work))) == 20
