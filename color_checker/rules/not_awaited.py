"""CC105: the result of an engine call is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.awaits import Awaits
from color_checker.facts import Call
from color_checker.findings import Color, Finding
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class NotAwaited(Rule):
    """A step, timer or child workflow whose result is never awaited.

    ## What it does

    Finds calls of steps, timers, waits and child workflows whose result is dropped: an expression
    statement, or a local name that is never used again. Where a call of a step only binds its arguments
    (AWS), a bound step that is dropped was never run.

    Everything that passes the result on is fine: `await`, `yield`, `gather`, a task, a list, an argument,
    `return`, an attribute. `await workflow.start_child_workflow(…)` waits for the start and may drop the
    handle. Operations that are sent and not awaited (`ctx.service_send`, signals of Durable Task) are fine.

    ## Why is this bad

    A coroutine that nobody awaits never runs: the mail is not sent, and nobody is told. Where the call itself
    schedules the work, the workflow can end before it, and its failure is never seen. In Durable
    Task, an action that was not yielded shifts what the replay compares with its history.

    ## Use instead

    `await` it (or `yield` it). For work in parallel keep the tasks and wait for them before the end.
    """

    code = "CC105"
    name = "not-awaited"

    bad = (
        Example(
            title="a forgotten await in a Temporal workflow",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def mail(user: str) -> None:
    print(user)


@workflow.defn
class Welcome:
    @workflow.run
    async def run(self, user: str) -> None:
        limit = timedelta(seconds=5)
        workflow.execute_activity(mail, user, start_to_close_timeout=limit)  # expect: not-awaited
        workflow.sleep(60)  # expect: not-awaited
        await workflow.sleep(60)
"""
            },
        ),
        Example(
            title="a helper in another file starts the step and hands it back, the workflow drops it",
            files={
                "mails.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def mail(user: str) -> None:
    print(user)


async def greet(user: str) -> None:
    await workflow.execute_activity(mail, user, start_to_close_timeout=timedelta(seconds=5))


def start_greeting(user: str) -> workflow.ActivityHandle[None]:
    return workflow.start_activity(mail, user, start_to_close_timeout=timedelta(seconds=5))
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from mails import greet, start_greeting


@workflow.defn
class Welcome:
    @workflow.run
    async def run(self, user: str) -> None:
        greet(user)  # expect: not-awaited
        start_greeting(user)  # expect: not-awaited
""",
            },
        ),
        Example(
            title="names that are never used again, a child that is not started",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def mail(user: str) -> None:
    print(user)


@workflow.defn
class Child:
    @workflow.run
    async def run(self, user: str) -> None:
        handle = workflow.start_activity(  # expect: not-awaited
            mail, user, start_to_close_timeout=timedelta(seconds=5)
        )


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, user: str) -> None:
        workflow.start_child_workflow(Child.run, user, id="child")  # expect: not-awaited
"""
            },
        ),
        Example(
            title="steps of runtime_min, of Durable Task, of Restate and of AWS",
            files={
                "flows.py": """\
from runtime_min import step, workflow


@step
async def mail(user: str) -> None:
    print(user)


@workflow
async def welcome(user: str) -> None:
    mail(user)  # expect: not-awaited
""",
                "orchestrators.py": """\
from datetime import timedelta

from durabletask import task, worker


def mail(ctx: task.ActivityContext, user: str) -> None:
    print(user)


def welcome(ctx: task.OrchestrationContext, user: str):
    ctx.call_activity(mail, input=user)  # expect: not-awaited
    yield ctx.create_timer(timedelta(hours=1))


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(welcome)
    w.add_activity(mail)
""",
                "handlers.py": """\
from restate import Context, Service

welcomes = Service("welcomes")


def mail(user: str) -> None:
    print(user)


@welcomes.handler()
async def welcome(ctx: Context, user: str) -> str:
    ctx.run_typed("mail", mail, user=user)  # expect: not-awaited
    return user
""",
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step


@durable_step
def mail(step_context: StepContext, user: str) -> None:
    print(user)


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> None:
    mail(event["user"])  # expect: not-awaited
""",
            },
        ),
    )
    good = (
        Example(
            title="awaited at once, later, together",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def mail(user: str) -> str:
    return user


@workflow.defn
class Welcome:
    def __init__(self) -> None:
        self.pending: list[workflow.ActivityHandle[str]] = []

    @workflow.run
    async def run(self, users: list[str]) -> list[str]:
        limit = timedelta(seconds=5)
        first = workflow.start_activity(mail, users[0], start_to_close_timeout=limit)
        for user in users:
            self.pending.append(workflow.start_activity(mail, user, start_to_close_timeout=limit))
        timer = asyncio.create_task(workflow.sleep(60))
        await first
        await workflow.execute_activity(mail, users[0], start_to_close_timeout=limit)
        await timer
        return await asyncio.gather(*self.pending)
"""
            },
        ),
        Example(
            title="a child that is started and left alone",
            files={
                "workflows.py": """\
from temporalio import workflow
from temporalio.workflow import ParentClosePolicy


@workflow.defn
class Child:
    @workflow.run
    async def run(self, user: str) -> None:
        await workflow.sleep(60)


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, user: str) -> None:
        await workflow.start_child_workflow(
            Child.run, user, id="child", parent_close_policy=ParentClosePolicy.ABANDON
        )
"""
            },
        ),
        Example(
            title="passed on by a helper, returned, yielded, sent",
            files={
                "orchestrators.py": """\
from durabletask import task, worker


def mail(ctx: task.ActivityContext, user: str) -> None:
    print(user)


def send(ctx: task.OrchestrationContext, user: str) -> task.Task[None]:
    return ctx.call_activity(mail, input=user)


def welcome(ctx: task.OrchestrationContext, users: list[str]):
    yield send(ctx, users[0])
    yield task.when_all([send(ctx, user) for user in users])


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(welcome)
    w.add_activity(mail)
""",
                "handlers.py": """\
from restate import Context, Service

welcomes = Service("welcomes")


@welcomes.handler()
async def welcome(ctx: Context, user: str) -> str:
    return user


@welcomes.handler()
async def welcome_all(ctx: Context, users: list[str]) -> None:
    for user in users:
        ctx.service_send(welcome, arg=user)
""",
            },
        ),
        Example(
            title="the engine runs at once what a call has bound (AWS)",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import (
    DurableContext,
    StepContext,
    durable_execution,
    durable_step,
    durable_with_child_context,
)


@durable_step
def mail(step_context: StepContext, user: str) -> None:
    print(user)


@durable_with_child_context
def welcome(context: DurableContext, user: str) -> None:
    context.step(mail(user))


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> None:
    context.run_in_child_context(welcome(event["user"]), name="welcome")
    last = mail("last")
    context.step(last)
"""
            },
        ),
        Example(
            title="a call that runs at once has nothing to await",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def mail(user: str) -> None:
    print(user)


@DBOS.workflow()
def welcome(user: str) -> None:
    mail(user)
    DBOS.sleep(60)
"""
            },
        ),
    )

    @staticmethod
    def message(call: str, verb: str = "await") -> str:
        """What is wrong with dropping the result of `call`; `verb` is `await` or `yield`."""
        return (
            f"The result of `{call}` is dropped. The work may never run or never be waited for, and its "
            f"failure is lost. Use `{verb} {call}(...)`, or keep the result and wait for it later."
        )

    @staticmethod
    def message_for_bound(call: str, method: str = "step") -> str:
        """What is wrong with dropping what `call` binds to its arguments; `method` would run it."""
        return (
            f"`{call}(...)` only binds its arguments, and the result is dropped. Nothing of it ever runs. "
            f"Hand it to the engine: `context.{method}({call}(...))`."
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each call in replayed code of the project whose result is dropped."""
        awaits = Awaits(program)
        for node in program.replayed_nodes:
            unused = frozenset(node.body.unused)
            for position, op in program.ops(node) if unused and not node.module.library else ():
                if isinstance(op, Call) and op.dst in unused and awaits.is_lost(node, position, op):
                    call = program.shown(node, op.func)
                    message = self._message(awaits, node, op, call)
                    finding = program.replayed_finding(self, node, op.at, message, call)
                    if finding is not None:
                        yield finding

    def _message(self, awaits: Awaits, node: Activation, op: Call, call: str) -> str:
        bound = awaits.binds(node, op)
        if bound is not None:
            method = "step" if bound.color is Color.STEP else "run_in_child_context"
            return self.message_for_bound(call, method)
        return self.message(call, "yield" if awaits.is_orchestrator(node) else "await")
