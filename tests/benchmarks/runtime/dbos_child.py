"""The same workloads on DBOS: `python dbos_child.py URL STEPS WORKFLOWS`, in an environment that has dbos.

Prints JSON: steps a second by the name of the workload.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import json
import logging
import sys
import time
from collections.abc import Callable

url, steps, workflows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if url.startswith("sqlite"):
    # DBOS uses what SQLite has only since 3.42.
    sys.modules["sqlite3"] = importlib.import_module("pysqlite3")

from dbos import DBOS  # noqa: E402 - the module above has to be replaced before

DBOS(config={"name": "speed", "system_database_url": url, "log_level": "ERROR"})
_STEPS_EACH = 20


@DBOS.step()
def add(a: int, b: int) -> int:
    return a + b


@DBOS.workflow()
def sequential(count: int) -> int:
    total = 0
    for number in range(count):
        total = add(total, number)
    return total


@DBOS.step()
async def add_async(a: int, b: int) -> int:
    return a + b


@DBOS.workflow()
async def sequential_async(count: int) -> int:
    total = 0
    for number in range(count):
        total = await add_async(total, number)
    return total


def concurrent() -> None:
    handles = [DBOS.start_workflow(sequential, _STEPS_EACH) for _ in range(workflows)]
    for handle in handles:
        handle.get_result()


async def concurrent_async() -> None:
    handles = [await DBOS.start_workflow_async(sequential_async, _STEPS_EACH) for _ in range(workflows)]
    for handle in handles:
        await handle.get_result()


def rate(number: int, act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return number / (time.perf_counter() - start)


def main() -> None:
    logging.disable(logging.ERROR)
    DBOS.launch()
    sequential(3)
    asyncio.run(sequential_async(3))
    concurrently = workflows * _STEPS_EACH
    rates = {
        "sequential steps": rate(steps, lambda: sequential(steps)),
        "sequential steps, async": rate(steps, lambda: asyncio.run(sequential_async(steps))),
        f"{workflows} workflows": rate(concurrently, concurrent),
        f"{workflows} workflows, async": rate(concurrently, lambda: asyncio.run(concurrent_async())),
    }
    print(json.dumps({"version": f"dbos {importlib.metadata.version('dbos')}", "rates": rates}))
    DBOS.destroy()


if __name__ == "__main__":
    main()
