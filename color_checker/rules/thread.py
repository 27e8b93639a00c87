"""CC208: workflow code uses threads, processes, executors or their locks."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Thread(EffectRule):
    """Workflow code uses threads, processes, executors or their locks.

    ## What it does

    Finds `threading`, `multiprocessing`, `concurrent.futures`, `asyncio.to_thread` and
    `loop.run_in_executor` in workflow or pure code, and what it reaches. The primitives of asyncio (`Lock`,
    `Event`, `Queue`, `TaskGroup`) are fine where the engine runs workflows on its own event loop.

    ## Why is this bad

    Threads run in an order that nobody records: the replay sees another interleaving and asks for its
    steps in another order. The engine's context does not follow into the thread, so calls made there are
    not recorded; and a thread lock that is held over a wait stops the whole worker.

    ## Use instead

    Start several steps and wait for them together (`asyncio.gather`, `when_all`): the engine runs them in
    parallel. Move the computation that needs a thread into a step.
    """

    code = "CC208"
    name = "thread"
    effect = Effect.THREAD
    does = "leaves the workflow's own thread of control"
    harm = "The order in which threads run is not recorded, so a replay goes another way."
    instead = "do the work in steps and wait for them together"

    bad = (
        Example(
            title="a Temporal workflow computes in a thread",
            files={
                "workflows.py": """\
import asyncio

from temporalio import workflow


def total(numbers: list[int]) -> int:
    return sum(numbers)


@workflow.defn
class Sum:
    @workflow.run
    async def run(self, numbers: list[int]) -> int:
        return await asyncio.to_thread(total, numbers)  # expect: thread
"""
            },
        ),
        Example(
            title="a helper in another file starts a thread",
            files={
                "background.py": """\
import threading


def refresh(name: str) -> None:
    worker = threading.Thread(target=name.upper)
    worker.start()
""",
                "flows.py": """\
from runtime_min import workflow

from background import refresh


@workflow
async def update(name: str) -> None:
    refresh(name)  # expect: thread
""",
            },
        ),
        Example(
            title="a pool as a context manager in a DBOS workflow",
            files={
                "app.py": """\
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS


def square(number: int) -> int:
    return number * number


@DBOS.workflow()
def squares(numbers: list[int]) -> list[int]:
    with ThreadPoolExecutor() as pool:  # expect: thread
        return sorted(pool.map(square, numbers))
"""
            },
        ),
        Example(
            title="the executor of the running loop, and a thread lock, reported where it is made",
            files={
                "handlers.py": """\
import asyncio
import threading

from restate import Context, Service

sums = Service("sums")


@sums.handler()
async def total(ctx: Context, numbers: list[int]) -> int:
    loop = asyncio.get_running_loop()
    lock = threading.Lock()  # expect: thread
    with lock:
        return await loop.run_in_executor(None, sum, numbers)  # expect: thread
"""
            },
        ),
    )
    good = (
        Example(
            title="several activities at once",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def square(number: int) -> int:
    return number * number


@workflow.defn
class Squares:
    @workflow.run
    async def run(self, numbers: list[int]) -> list[int]:
        return await asyncio.gather(
            *(
                workflow.execute_activity(square, number, start_to_close_timeout=timedelta(seconds=5))
                for number in numbers
            )
        )
"""
            },
        ),
        Example(
            title="a step uses a pool",
            files={
                "app.py": """\
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS


def square(number: int) -> int:
    return number * number


@DBOS.step()
def squares(numbers: list[int]) -> list[int]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(square, numbers))


@DBOS.workflow()
def total(numbers: list[int]) -> int:
    return sum(squares(numbers))
"""
            },
        ),
        Example(
            title="locks, events and queues of asyncio on the workflow's own loop",
            files={
                "workflows.py": """\
import asyncio

from temporalio import workflow


@workflow.defn
class Turns:
    @workflow.init
    def __init__(self, names: list[str]) -> None:
        self.lock = asyncio.Lock()
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    @workflow.run
    async def run(self, names: list[str]) -> str:
        async with self.lock:
            for name in names:
                self.queue.put_nowait(name)
        return await self.queue.get()
"""
            },
        ),
        Example(
            title="the worker's program hands its activities a pool",
            files={
                "workflows.py": """\
from temporalio import activity, workflow


@activity.defn
def square(number: int) -> int:
    return number * number


@workflow.defn
class Squares:
    @workflow.run
    async def run(self, number: int) -> int:
        return number
""",
                "main.py": """\
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.worker import Worker

from workflows import Squares, square


async def main() -> None:
    client = await Client.connect("localhost:7233")
    with ThreadPoolExecutor() as pool:
        worker = Worker(
            client, task_queue="squares", workflows=[Squares], activities=[square], activity_executor=pool
        )
        await worker.run()
""",
            },
        ),
    )
