"""CC601: an exception handler hides the engine's own signals."""

from __future__ import annotations

from color_checker.rules.base import Example, Rule


class SwallowsControlFlow(Rule):
    """An exception handler in workflow code hides the exceptions by which the engine steers the workflow.

    ## What it does

    Finds, around something that waits for the engine: a bare `except` or `except BaseException` that does not
    raise again, `except CancelledError` after which the workflow goes on as if nothing had happened,
    `contextlib.suppress` of these, and a `return` in `finally`. In workflow code and in helpers that it
    reaches.

    Fine: `except Exception`; handlers that raise; a `CancelledError` that the workflow answers with a
    `return`; the error of a task that the same function cancelled itself; code that calls nothing of the
    engine.

    ## Why is this bad

    Engines cancel, suspend, evict and continue a workflow by raising in the `await`. Who swallows that
    goes on with a workflow that should have stopped: it cannot be cancelled, runs twice, or stays in the
    worker's memory.

    ## Use instead

    `except Exception`, or a `raise` at the end of the handler.
    """

    code = "CC601"
    name = "swallows-control-flow"
    severity = "warning"

    bad = (
        Example(
            title="a bare except around an activity",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def charge(order: str) -> str:
    return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        try:
            return await workflow.execute_activity(
                charge, order, start_to_close_timeout=timedelta(seconds=5)
            )
        except:  # expect: swallows-control-flow
            return "failed"
"""
            },
        ),
        Example(
            title="a helper in another file makes everything quiet",
            files={
                "quiet.py": """\
from collections.abc import Awaitable


async def quietly(work: Awaitable[str]) -> str:
    try:
        return await work
    except BaseException:
        return ""
""",
                "flows.py": """\
from runtime_min import step, workflow

from quiet import quietly


@step
async def charge(order: str) -> str:
    return order


@workflow
async def payment(order: str) -> str:
    return await quietly(charge(order))  # expect: swallows-control-flow
""",
            },
        ),
        Example(
            title="a cancellation that is passed over, suppressed, or lost in finally",
            files={
                "workflows.py": """\
import asyncio
import contextlib

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> str:
        try:
            await workflow.sleep(days * 86400)
        except (ValueError, asyncio.CancelledError):  # expect: swallows-control-flow
            workflow.logger.info("cancelled")
        with contextlib.suppress(BaseException):  # expect: swallows-control-flow
            await workflow.sleep(60)
        try:
            await workflow.sleep(60)
        finally:
            return "over"  # expect: swallows-control-flow
"""
            },
        ),
        Example(
            title="an AWS function hides that it was suspended",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    try:
        context.wait(Duration.from_days(1))
    except BaseException as error:  # expect: swallows-control-flow
        return type(error).__name__
    return "done"
"""
            },
        ),
    )
    good = (
        Example(
            title="errors are handled, cancellation goes through",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ActivityError


@activity.defn
async def charge(order: str) -> str:
    return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        limit = timedelta(seconds=5)
        try:
            await workflow.execute_activity(charge, order, start_to_close_timeout=limit)
        except ActivityError:
            return "failed"
        except Exception:
            return "broken"
        try:
            await workflow.sleep(60)
        except asyncio.CancelledError:
            workflow.logger.info("cancelled")
            raise
        try:
            await workflow.sleep(60)
        except BaseException as error:
            workflow.logger.info("leaving: %s", error)
            raise
        return "paid"
"""
            },
        ),
        Example(
            title="a cancellation that the workflow answers, a task that it cancelled itself",
            files={
                "workflows.py": """\
import asyncio
import contextlib

from temporalio import workflow


@workflow.defn
class Trial:
    def __init__(self) -> None:
        self.paid = False

    @workflow.signal
    def pay(self) -> None:
        self.paid = True

    @workflow.run
    async def run(self, days: int) -> str:
        timer = asyncio.create_task(workflow.sleep(days * 86400))
        await workflow.wait_condition(lambda: self.paid or timer.done())
        timer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await timer
        other = asyncio.create_task(workflow.sleep(60))
        other.cancel()
        try:
            await other
        except asyncio.CancelledError:
            pass
        try:
            await workflow.sleep(60)
        except asyncio.CancelledError:
            return "cancelled"
        return "over"
"""
            },
        ),
        Example(
            title="code around which nothing of the engine happens",
            files={
                "flows.py": """\
from runtime_min import sleep, workflow


def number(text: str) -> int:
    try:
        return int(text)
    except:
        return 0


@workflow
async def wait(text: str) -> int:
    try:
        seconds = number(text)
    except BaseException:
        seconds = 1
    await sleep(seconds)
    return seconds
"""
            },
        ),
        Example(
            title="a step handles what it likes",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def charge(order: str) -> str:
    try:
        return order.upper()
    except BaseException:
        return ""


@DBOS.workflow()
def payment(order: str) -> str:
    try:
        return charge(order)
    except Exception:
        return "failed"
"""
            },
        ),
    )

    @staticmethod
    def message(handler: str) -> str:
        """What is wrong with `handler` (`except BaseException`, `contextlib.suppress(...)`)."""
        return (
            f"`{handler}` hides the exceptions by which the engine cancels or suspends the workflow. It "
            "goes on when it should have stopped, and a replay goes another way. Catch `Exception`, or "
            "raise again."
        )
