"""CC104: a colored function is handed to code that does not see its color."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from color_checker.coloring import Step
from color_checker.crossings import Crossing, steps_handed_out, workflows_handed_out
from color_checker.findings import Color, Finding
from color_checker.program import Program, shown_name
from color_checker.rules.base import Example, Rule


class ColorLost(Rule):
    """A workflow or step is handed to code that will call it without the engine.

    ## What it does

    Finds workflows, and in workflow code also steps, that are passed to a function outside the project that
    calls them back: `functools.partial`, `map`, `asyncio.to_thread`, `executor.submit`,
    `threading.Thread(target=…)`, `loop.call_later`.

    Not findings: the engine's own functions and workers; project functions, into which the analysis follows
    the value; containers, where the call that takes the value out is checked (`step-bypasses-engine`,
    `workflow-called-directly`); uses that do not call (`isinstance`, `inspect.signature`, `__name__`).
    Where a direct call is recorded (DBOS, `runtime_min`), `partial` and `map` keep the color, and only what
    leads into another thread or process loses it (`asyncio.to_thread` does not: it takes the context along).

    ## Why is this bad

    The receiver sees an ordinary callable and calls it: past the engine, without a record, often in another
    thread. A replay does it all again. Temporal also refuses a `partial` of an activity, since it no longer
    carries the activity's definition.

    ## Use instead

    Pass the function itself to the engine's call, with its arguments beside it, or write a lambda that
    makes the engine's call: `lambda: workflow.execute_activity(charge, order, …)`.
    """

    code = "CC104"
    name = "color-lost"

    bad = (
        Example(
            title="a partial of an activity",
            files={
                "workflows.py": """\
from datetime import timedelta
from functools import partial

from temporalio import activity, workflow


@activity.defn
async def charge(order: str, amount: int) -> str:
    return f"{order} {amount}"


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        charge_order = partial(charge, order)  # expect: color-lost
        return await workflow.execute_activity(
            charge_order, 100, start_to_close_timeout=timedelta(seconds=5)
        )
"""
            },
        ),
        Example(
            title="a helper in another file maps over what it is given",
            files={
                "helpers.py": """\
from collections.abc import Callable


def on_each(function: Callable[[str], str], values: list[str]) -> list[str]:
    return list(map(function, values))
""",
                "workflows.py": """\
from temporalio import activity, workflow

from helpers import on_each


@activity.defn
def charge(order: str) -> str:
    return order


@workflow.defn
class Payments:
    @workflow.run
    async def run(self, orders: list[str]) -> list[str]:
        return on_each(charge, orders)  # expect: color-lost
""",
            },
        ),
        Example(
            title="plain code hands a workflow to an executor",
            files={
                "handler.py": """\
from concurrent.futures import ThreadPoolExecutor

from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return event["order"]


def replay_all(events: list[dict[str, str]]) -> None:
    with ThreadPoolExecutor() as pool:
        for event in events:
            pool.submit(handler, event, None)  # expect: color-lost
"""
            },
        ),
        Example(
            title="a workflow as a callback of the event loop and of a partial",
            files={
                "flows.py": """\
import asyncio
from functools import partial

from runtime_min import workflow


@workflow
async def trial(user: str) -> str:
    return user


async def main() -> None:
    later = partial(trial, "ann")  # expect: color-lost
    await later()
"""
            },
        ),
    )
    good = (
        Example(
            title="workers, clients and engine calls take colored functions",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def mail(user: str) -> str:
    return user


@activity.defn
async def text(user: str) -> str:
    return user


CHANNELS = {"mail": mail, "text": text}


@workflow.defn
class Notify:
    @workflow.run
    async def run(self, users: list[str], channel: str) -> list[str]:
        limit = timedelta(seconds=5)
        return await asyncio.gather(
            *(workflow.execute_activity(CHANNELS[channel], u, start_to_close_timeout=limit) for u in users)
        )
""",
                "main.py": """\
from temporalio.client import Client
from temporalio.worker import Worker

from workflows import CHANNELS, Notify, mail


async def main() -> None:
    client = await Client.connect("localhost:7233")
    activities = list(CHANNELS.values())
    async with Worker(client, task_queue="q", workflows=[Notify], activities=[mail, *activities]):
        await client.execute_workflow(Notify.run, args=[["ann"], "mail"], id="n", task_queue="q")
""",
            },
        ),
        Example(
            title="project functions and lambdas that make the engine's call",
            files={
                "workflows.py": """\
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from temporalio import activity, workflow


@activity.defn
async def charge(order: str) -> str:
    return order


async def twice(call: Callable[[], Awaitable[str]]) -> str:
    await call()
    return await call()


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        limit = timedelta(seconds=5)
        first = partial(workflow.execute_activity, charge, order, start_to_close_timeout=limit)
        await twice(lambda: workflow.execute_activity(charge, order, start_to_close_timeout=limit))
        return await twice(first)
"""
            },
        ),
        Example(
            title="where a direct call is recorded, map and partial keep the color",
            files={
                "app.py": """\
from functools import partial

from dbos import DBOS


@DBOS.step()
def charge(customer: str, order: str) -> str:
    return f"{customer} {order}"


@DBOS.workflow()
def payments(customer: str, orders: list[str]) -> list[str]:
    return list(map(partial(charge, customer), orders))
"""
            },
        ),
        Example(
            title="uses that do not call, and steps that plain code hands on",
            files={
                "app.py": """\
import inspect
from concurrent.futures import ThreadPoolExecutor

from temporalio import activity, workflow


@activity.defn
def charge(order: str) -> str:
    return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        return order


def describe() -> list[str]:
    return [charge.__name__, str(inspect.signature(charge)), str(callable(Payment.run))]


def import_old_orders(orders: list[str]) -> list[str]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(charge, orders))
"""
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """Workflows wherever they are handed out; steps where workflow code does it."""
        for node in program.nodes:
            for crossing in workflows_handed_out(program, node):
                yield self._finding(program, crossing, crossing.coloring.engine, ())
        for engine, reach in program.reaches.items():
            for node in reach.nodes():
                for crossing in steps_handed_out(program, node):
                    yield self._finding(program, crossing, engine, reach.chain(node))

    def _finding(self, program: Program, crossing: Crossing, engine: str, chain: Sequence[Step]) -> Finding:
        node, color = crossing.node, crossing.coloring.color
        anchor, position = program.anchor(chain, node, crossing.position)
        return program.finding(
            self.code, self.name, self.severity, anchor, program.place_of(anchor, position),
            self.message(crossing.name, self._word(program, crossing), shown_name(crossing.receiver)),
            engine=engine, workflows=program.workflows_reaching.get(node, ()) if color is Color.STEP else (),
            witness=program.witness_of(node, crossing.position, crossing.dotted, chain),
        )  # fmt: skip

    @staticmethod
    def _word(program: Program, crossing: Crossing) -> str:
        profile = program.profile(crossing.coloring.engine)
        if crossing.coloring.color is Color.STEP and profile is not None:
            return profile.step_word
        return crossing.coloring.color.value

    @staticmethod
    def message(function: str, color: str, receiver: str) -> str:
        """What is wrong with passing `function`, a workflow or step, to `receiver`."""
        return (
            f"`{receiver}` calls the {color} `{function}` past the engine. The call is not recorded, so a "
            "replay runs it again. Pass a lambda that makes the engine's call, or give the function to "
            "the engine itself."
        )
