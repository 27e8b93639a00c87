"""Latencies: a signal to a waiting workflow in the same process, and a worker in another process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from runtime_min import Runtime, start
from runtime_min.sqlite import SqliteBackend
from tests.benchmarks.runtime import measuring, programs
from tests.benchmarks.runtime.measuring import MODES, Setting

_WORKER = """
import asyncio, sys
from runtime_min import Runtime
from tests.benchmarks.runtime import programs

async def main():
    async with Runtime(sys.argv[1]):
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


def measure_signals(setting: Setting) -> None:
    """From sending to the result, in one process."""
    measuring.latency_heading("signal, in one process")
    for synchronous in MODES:
        with setting.backend("signals", synchronous) as backend:
            seconds = asyncio.run(_round_trips(backend, setting.size(500, 5)))
        measuring.show_latencies(f"signal to result, {synchronous}", seconds)


async def _round_trips(backend: SqliteBackend, number: int) -> list[float]:
    seconds = []
    async with Runtime(backend):
        for _ in range(number):
            handle = await start(programs.echo)
            while (await handle.describe()).events < 1:
                await asyncio.sleep(0)
            await asyncio.sleep(0.002)  # until it waits
            begin = time.perf_counter()
            await handle.signal(programs.go_on, 7)
            assert await handle.result() == 7
            seconds.append(time.perf_counter() - begin)
    return seconds


def measure_wakeup(setting: Setting) -> None:
    """A worker process with nothing to do, and a process that starts runs and sends signals."""
    path = setting.file("wakeup")
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, path], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        begun, results, signals = asyncio.run(_across(path, setting.size(100, 3)))
        worker.stdin.close()
    measuring.remove(path)
    measuring.latency_heading("worker in another process, FULL")
    measuring.show_latencies("start to the first step's begin", begun)
    measuring.show_latencies("start to result", results)
    measuring.show_latencies("signal to result", signals)


async def _across(path: Path, number: int) -> tuple[list[float], list[float], list[float]]:
    begun, results, signals = [], [], []
    async with Runtime(path, work=False):
        for index in range(number):
            # Not in step with the worker's looks at the file.
            await asyncio.sleep(0.05 + 0.0137 * (index % 11))
            before = time.time()
            at = await (await start(programs.ask_time)).result()
            begun.append(at - before)
            results.append(time.time() - before)
            waiting = await start(programs.echo)
            await asyncio.sleep(0.15 + 0.0137 * (index % 7))
            before = time.time()
            await waiting.signal(programs.go_on, 7)
            assert await waiting.result() == 7
            signals.append(time.time() - before)
    return begun, results, signals
