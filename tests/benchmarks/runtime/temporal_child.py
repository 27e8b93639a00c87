"""The same workloads on Temporal: `python temporal_child.py ADDRESS STEPS WORKFLOWS`, where temporalio is.

Prints JSON: steps, or events of replays, a second by the name of the workload.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import sys
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

_STEPS_EACH = 20
_TIMEOUT = timedelta(seconds=60)


@activity.defn
async def add(a: int, b: int) -> int:
    return a + b


@workflow.defn
class Sequential:
    @workflow.run
    async def run(self, count: int, local: bool) -> int:
        total = 0
        for number in range(count):
            if local:
                total = await workflow.execute_local_activity(
                    add, args=[total, number], start_to_close_timeout=_TIMEOUT
                )
            else:
                total = await workflow.execute_activity(
                    add, args=[total, number], start_to_close_timeout=_TIMEOUT
                )
        return total


async def sequential(client: Client, count: int, local: bool) -> tuple[float, WorkflowHistory]:
    start = time.perf_counter()
    handle = await client.start_workflow(
        Sequential.run, args=[count, local], id=f"{local}-{start}", task_queue="speed"
    )
    await handle.result()
    return count / (time.perf_counter() - start), await handle.fetch_history()


async def concurrent(client: Client, workflows: int, local: bool) -> float:
    start = time.perf_counter()
    handles = [
        await client.start_workflow(
            Sequential.run, args=[_STEPS_EACH, local], id=f"{local}-{number}-{start}", task_queue="speed"
        )
        for number in range(workflows)
    ]
    for handle in handles:
        await handle.result()
    return workflows * _STEPS_EACH / (time.perf_counter() - start)


async def replayed(history: WorkflowHistory, sandboxed: bool) -> float:
    """Events a second, the best of three."""
    runner = SandboxedWorkflowRunner() if sandboxed else UnsandboxedWorkflowRunner()
    best = 0.0
    for _ in range(3):
        replayer = Replayer(workflows=[Sequential], workflow_runner=runner)
        start = time.perf_counter()
        await replayer.replay_workflow(history)
        best = max(best, len(history.events) / (time.perf_counter() - start))
    return best


async def main() -> None:
    address, steps, workflows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    client = await Client.connect(address)
    rates = {}
    async with Worker(client, task_queue="speed", workflows=[Sequential], activities=[add]):
        await sequential(client, 3, False)
        rates["sequential activities"], history = await sequential(client, steps, False)
        rates["sequential local activities"], local_history = await sequential(client, 5 * steps, True)
        rates[f"{workflows} workflows, activities"] = await concurrent(client, workflows, False)
        rates[f"{workflows} workflows, local activities"] = await concurrent(client, workflows, True)
    events = len(history.events)
    rates[f"replayed events of {events}, sandboxed"] = await replayed(history, True)
    rates[f"replayed events of {events}, unsandboxed"] = await replayed(history, False)
    events = len(local_history.events)
    rates[f"replayed events of {events}, local, sandboxed"] = await replayed(local_history, True)
    rates[f"replayed events of {events}, local, unsandboxed"] = await replayed(local_history, False)
    print(json.dumps({"version": f"temporalio {importlib.metadata.version('temporalio')}", "rates": rates}))


if __name__ == "__main__":
    asyncio.run(main())
