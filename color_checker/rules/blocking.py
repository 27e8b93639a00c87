"""CC211: workflow code blocks its thread."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Blocking(EffectRule):
    """Workflow code blocks its thread.

    ## What it does

    Finds `time.sleep` and other calls that block the thread while they wait, in workflow or pure code and
    in what it reaches. Durable sleeps are fine.

    ## Why is this bad

    The engine does not record the wait: a replay waits once more, in full, for every such call behind it.
    A worker that sleeps for a month inside `time.sleep` runs nothing else, is taken for dead, and after a
    restart the month begins again.

    ## Use instead

    The engine's timer, which survives restarts: `await workflow.sleep(…)` in Temporal, `await sleep(…)` of
    `runtime_min`, `DBOS.sleep(…)`, `ctx.sleep(…)` in Restate, `ctx.create_timer(…)` in Durable Task.
    """

    code = "CC211"
    name = "blocking"
    effect = Effect.BLOCKING
    does = "blocks the worker's thread"
    harm = "The wait is not recorded, so a replay waits again from the start."
    instead = "sleep with the engine's timer"

    bad = (
        Example(
            title="a Temporal workflow sleeps in the thread",
            files={
                "workflows.py": """\
import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> None:
        time.sleep(days * 86400)  # expect: blocking
"""
            },
        ),
        Example(
            title="a retry loop in another file",
            files={
                "retrying.py": """\
from collections.abc import Callable
from time import sleep


def until(condition: Callable[[], bool], pause: float) -> None:
    while not condition():
        sleep(pause)
""",
                "flows.py": """\
from runtime_min import workflow

from retrying import until


@workflow
async def wait_for(flags: list[bool]) -> None:
    until(lambda: all(flags), 5)  # expect: blocking
""",
            },
        ),
        Example(
            title="under another name, in a DBOS workflow",
            files={
                "app.py": """\
from time import sleep as pause

from dbos import DBOS


@DBOS.step()
def remind(user: str) -> None:
    print(user)


@DBOS.workflow()
def trial(user: str) -> None:
    pause(60)  # expect: blocking
    remind(user)
"""
            },
        ),
        Example(
            title="in an AWS durable function, passed around as a value",
            files={
                "handler.py": """\
import time

from aws_durable_execution_sdk_python import DurableContext, durable_execution

WAITS = {"short": time.sleep}


@durable_execution
def handler(event: dict[str, int], context: DurableContext) -> str:
    WAITS["short"](event["seconds"])  # expect: blocking
    return "done"
"""
            },
        ),
    )
    good = (
        Example(
            title="durable sleeps",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> None:
        await workflow.sleep(timedelta(days=days))
        await asyncio.sleep(60)
"""
            },
        ),
        Example(
            title="the sleep of DBOS and of AWS",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.workflow()
def trial(days: int) -> None:
    DBOS.sleep(days * 86400)
""",
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event: dict[str, int], context: DurableContext) -> str:
    context.wait(Duration.from_days(event["days"]))
    return "done"
""",
            },
        ),
        Example(
            title="an activity may block",
            files={
                "activities.py": """\
import time

from temporalio import activity


@activity.defn
def settle(order: str) -> str:
    time.sleep(1)
    return order
"""
            },
        ),
        Example(
            title="a helper that only steps call",
            files={
                "retrying.py": """\
import time


def patiently(order: str) -> str:
    time.sleep(1)
    return order
""",
                "flows.py": """\
from runtime_min import sleep, step, workflow

from retrying import patiently


@step
async def settle(order: str) -> str:
    return patiently(order)


@workflow
async def pay(order: str) -> str:
    await sleep(30)
    return await settle(order)
""",
            },
        ),
    )
