"""CC107: a step uses the engine as if it were a workflow."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.findings import Finding
from color_checker.outside import Outside, Use, step_word
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class NestedOperation(Rule):
    """A step starts a step, a timer or a child workflow through the engine.

    ## What it does

    Finds engine operations in the code of a step and in what it reaches: `workflow.execute_activity` or
    `workflow.sleep` in an activity, a use of the workflow's context inside `ctx.run(…)` or
    `context.step(…)`, a durable sleep in a step of `runtime_min`.

    Fine: a step that calls another step as a function, as part of itself; a step that starts a workflow
    through the engine's *client*, as any program may; heartbeats and other calls that are made for steps.

    ## Why is this bad

    A step is one entry in the history: what it starts has no place there. Temporal raises, Restate and AWS
    record the inner operation at a place where the replay, which skips the step's body, will not find
    it: the journal no longer matches.

    ## Use instead

    Return from the step, and let the workflow start the next operation with the result.
    """

    code = "CC107"
    name = "nested-operation"

    bad = (
        Example(
            title="an activity executes an activity",
            files={
                "activities.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def mail(user: str) -> None:
    print(user)


@activity.defn
async def charge(user: str) -> None:
    await workflow.execute_activity(  # expect: nested-operation
        mail, user, start_to_close_timeout=timedelta(seconds=5)
    )
"""
            },
        ),
        Example(
            title="a helper in another file sleeps durably, called by a step",
            files={
                "pauses.py": """\
from runtime_min import sleep


async def pause(attempt: int) -> None:
    await sleep(2**attempt)
""",
                "flows.py": """\
from runtime_min import step, workflow

from pauses import pause


@step
async def charge(order: str) -> str:
    for attempt in range(3):
        await pause(attempt)  # expect: nested-operation
    return order


@workflow
async def payment(order: str) -> str:
    await pause(1)
    return await charge(order)
""",
            },
        ),
        Example(
            title="the workflow's context inside a recorded lambda or function",
            files={
                "handlers.py": """\
from datetime import timedelta

from restate import Context, Service

payments = Service("payments")


@payments.handler()
async def charge(ctx: Context, order: str) -> str:
    return order


@payments.handler()
async def pay(ctx: Context, order: str) -> str:
    async def slowly() -> str:
        await ctx.sleep(timedelta(hours=1))  # expect: nested-operation
        return order

    await ctx.run_typed("slowly", slowly)
    return await ctx.run_typed(
        "charge",
        lambda: ctx.service_call(charge, arg=order),  # expect: nested-operation
    )
"""
            },
        ),
        Example(
            title="a durable step waits through the context it captured",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    def charge(step_context: object) -> str:
        context.wait(Duration.from_seconds(5))  # expect: nested-operation
        return event["order"]

    return context.step(charge)
"""
            },
        ),
    )
    good = (
        Example(
            title="a step calls another step as part of itself, and sleeps as it likes",
            files={
                "activities.py": """\
import asyncio

from temporalio import activity


@activity.defn
async def mail(user: str) -> None:
    activity.heartbeat(user)
    await asyncio.sleep(1)


@activity.defn
async def charge(user: str) -> None:
    await mail(user)
""",
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def mail(user: str) -> None:
    print(user)


@DBOS.step()
def charge(user: str) -> None:
    mail(user)
""",
            },
        ),
        Example(
            title="an activity starts a workflow through the client",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Audit:
    @workflow.run
    async def run(self, user: str) -> str:
        return user
""",
                "activities.py": """\
from temporalio import activity
from temporalio.client import Client

from workflows import Audit


class Starter:
    def __init__(self, client: Client) -> None:
        self.client = client

    @activity.defn
    async def begin(self, user: str) -> None:
        await self.client.start_workflow(Audit.run, user, id=f"audit-{user}", task_queue="audits")
""",
            },
        ),
        Example(
            title="operations side by side, and a child context of AWS",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import (
    DurableContext,
    StepContext,
    durable_execution,
    durable_step,
    durable_with_child_context,
)
from aws_durable_execution_sdk_python.config import Duration


@durable_step
def charge(step_context: StepContext, order: str) -> str:
    step_context.logger.info("charging")
    return order


@durable_with_child_context
def payment(child_context: DurableContext, order: str) -> str:
    child_context.wait(Duration.from_seconds(5))
    return child_context.step(charge(order))


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return context.run_in_child_context(payment(event["order"]))
""",
                "handlers.py": """\
from restate import Context, Service

payments = Service("payments")


@payments.handler()
async def pay(ctx: Context, order: str) -> str:
    key = str(ctx.uuid())
    return await ctx.run_typed("charge", lambda: f"{order} {key}")
""",
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each call by which a step comes to an operation."""
        for use in Outside(program).in_steps():
            if use.is_recorded:
                yield self._finding(program, use)

    def _finding(self, program: Program, use: Use) -> Finding:
        anchor, position = use.anchor
        step = program.workflow_name(anchor).rpartition(".")[2]
        return program.finding(
            self.code, self.name, self.severity, anchor, program.place_of(anchor, position),
            self.message(use.primitive, step, step_word(program, anchor)), engine=use.profile.name,
            witness=program.witness_of(use.node, use.position, use.primitive, use.chain),
        )  # fmt: skip

    @staticmethod
    def message(operation: str, step: str, step_word: str) -> str:
        """What is wrong with `operation` in `step`."""
        return (
            f"The {step_word} `{step}` uses `{operation}`, which belongs to the workflow. A replay skips the "
            f"{step_word}'s body, so the history no longer fits. Return first, and let the workflow do it."
        )
