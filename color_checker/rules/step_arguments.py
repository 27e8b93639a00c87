"""CC402: arguments that do not fit the signature of the step or workflow that gets them."""

from __future__ import annotations

from color_checker.rules.base import Example, TypedRule


class StepArguments(TypedRule):
    """Arguments do not fit the signature of the step or workflow that the engine hands them to.

    ## What it does

    Compares what a call hands on with the signature of the step, workflow, signal, query or update that gets
    it, in number and in type, where the SDK's own types say nothing: in `args=[...]`, where a name stands in
    place of the function, and where the engine passes `None` if nothing is given. Needs types, so it is the
    mypy plugin that reports it.

    An argument that the engine stores as data may be of another type than the parameter, if it can be read as
    one: a dict becomes a dataclass. A name that stands for several functions is reported if no one of them
    takes the arguments; one in the same file or directory is meant rather than one elsewhere.

    ## Why is this bad

    The engine stores the arguments and calls the function later, on another machine. Only there does it turn
    out that they do not fit. A step fails then, is retried, and fails again; a workflow does not get past its
    first line, and a signal is lost.

    ## Use instead

    As many arguments as the function takes, and of its types. Passing the function itself, not its name, and
    one dataclass, not several arguments, lets every type checker see that.
    """

    code = "CC402"
    name = "step-arguments"

    bad = (
        Example(
            title="arguments in a list, and a name in place of the activity",
            files={
                "activities.py": """\
from dataclasses import dataclass

from temporalio import activity


@dataclass
class Order:
    id: str
    amount: int


@activity.defn
async def charge(order: Order, attempts: int) -> str:
    return f"{order.id}: {attempts}"
""",
                "payment.py": """\
from datetime import timedelta

from temporalio import workflow

from activities import Order, charge


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> None:
        limit = timedelta(seconds=5)
        await workflow.execute_activity(  # expect: step-arguments
            charge, args=[order], start_to_close_timeout=limit
        )
        await workflow.execute_activity(  # expect: step-arguments
            charge, args=[order.id, 3], start_to_close_timeout=limit
        )
        await workflow.execute_activity(  # expect: step-arguments
            "charge", order, start_to_close_timeout=limit
        )
""",
            },
        ),
        Example(
            title="a signal of another workflow, and the workflow's own next run",
            files={
                "trial.py": """\
from temporalio import workflow


@workflow.defn
class Mail:
    @workflow.run
    async def run(self, user: str) -> None:
        await workflow.wait_condition(lambda: True)

    @workflow.signal
    async def stop(self, reason: str, days: int) -> None:
        workflow.logger.info(reason)


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str, days: int) -> None:
        mail = await workflow.start_child_workflow(Mail.run, user, id="mail")
        await mail.signal(Mail.stop, args=["over"])  # expect: step-arguments
        workflow.continue_as_new(args=[days, user])  # expect: step-arguments
""",
            },
        ),
        Example(
            title="an activity of Durable Task that is called without its input",
            files={
                "payment.py": """\
from collections.abc import Generator
from typing import Any

from durabletask import task


def charge(context: task.ActivityContext, order: str) -> str:
    return order


def payment(context: task.OrchestrationContext, order: str) -> Generator[task.Task[Any], Any, str]:
    receipt: str = yield context.call_activity(charge)  # expect: step-arguments
    return receipt
""",
            },
        ),
        Example(
            title="arguments of a step in Restate",
            files={
                "payment.py": """\
import restate

payments = restate.Service("payments")


async def charge(order: str, attempts: int) -> str:
    return f"{order}: {attempts}"


@payments.handler()
async def pay(ctx: restate.Context, order: str) -> str:
    return await ctx.run("charge", charge, args=(order,))  # expect: step-arguments
""",
            },
        ),
    )
    good = (
        Example(
            title="what has a default value need not be passed, nor anything to a signal without parameters",
            files={
                "trial.py": """\
from temporalio import workflow
from temporalio.client import Client


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str, days: int = 30) -> None:
        await workflow.wait_condition(lambda: days > 0)

    @workflow.signal
    async def stop(self) -> None:
        workflow.logger.info("stopped")


async def begin(client: Client) -> None:
    handle = await client.start_workflow("Trial", args=["ada"], id="ada", task_queue="trials")
    await handle.signal("stop")
"""
            },
        ),
        Example(
            title="as many arguments as the activity takes, and of its types",
            files={
                "payment.py": """\
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow


@dataclass
class Order:
    id: str
    amount: int


@activity.defn
async def charge(order: Order, attempts: int = 1) -> str:
    return f"{order.id}: {attempts}"


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> None:
        limit = timedelta(seconds=5)
        await workflow.execute_activity(charge, args=[order, 3], start_to_close_timeout=limit)
        await workflow.execute_activity("charge", order, start_to_close_timeout=limit)
        await workflow.execute_activity(
            "charge", args=[{"id": order.id, "amount": 1}, 3], start_to_close_timeout=limit
        )
""",
            },
        ),
        Example(
            title="a handler, and a step with its arguments in Restate",
            files={
                "payment.py": """\
import restate

payments = restate.Service("payments")


async def charge(order: str, attempts: int) -> str:
    return f"{order}: {attempts}"


@payments.handler()
async def refund(ctx: restate.Context, order: str) -> str:
    return order


@payments.handler()
async def pay(ctx: restate.Context, order: str) -> str:
    await ctx.service_call(refund, arg=order)
    return await ctx.run("charge", charge, args=(order, 3))
""",
            },
        ),
    )
