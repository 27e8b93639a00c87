"""CC101: a workflow is called like a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from color_checker.crossings import (
    Crossing,
    direct_calls,
    is_driven,
    is_inline,
    is_invoked,
    is_main,
    is_super,
    is_tested,
    partials_made,
    workflows_handed_out,
)
from color_checker.findings import Color, Finding
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class WorkflowCalledDirectly(Rule):
    """A workflow is called like a function instead of being started through the engine.

    ## What it does

    Finds calls of a workflow's main function (Temporal: the `@workflow.run` method) from plain, step or
    workflow code, under engines where such a call does not start a workflow. Under DBOS it does, and in
    Restate a handler may call another as a helper in its own invocation: no finding there. In Durable Task,
    `yield from` runs another orchestrator's code as part of this one and is fine.

    Calls of `super().run(…)`, of uncolored methods through `self`, and of signal, query and update handlers
    (in unit tests, or from the workflow itself) are fine, and so is an orchestrator's generator that a unit
    test keeps to drive it by hand.

    ## Why is this bad

    Nothing is recorded and nothing is durable: the call runs in this process, fails at the first durable
    primitive ("not in workflow event loop"), and if it has none, is lost with the process. Within a
    workflow, the callee's steps and timers would mix into the caller's history, and it has no id, no
    history and no retry of its own.

    ## Use instead

    Start it: `client.start_workflow(Trial.run, …)` in Temporal, `await start(trial, …)` of `runtime_min`,
    `client.schedule_new_orchestration(trial, …)` in Durable Task. Within a workflow, run it as a child:
    `workflow.execute_child_workflow(…)`, `await child(trial, …)`, `ctx.call_sub_orchestrator(…)`. What is
    only a helper need not be a workflow: take its decorator away.
    """

    code = "CC101"
    name = "workflow-called-directly"

    bad = (
        Example(
            title="a client runs a Temporal workflow as a method",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> str:
        return user
""",
                "client.py": """\
from workflows import Trial


async def begin(user: str) -> str:
    return await Trial().run(user)  # expect: workflow-called-directly
""",
            },
        ),
        Example(
            title="a helper in another file, on the way from one workflow to the next",
            files={
                "children.py": """\
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> str:
        await workflow.sleep(60)
        return user
""",
                "helpers.py": """\
from children import Trial


async def try_out(users: list[str]) -> list[str]:
    trial = Trial()
    return [await trial.run(user) for user in users]  # expect: workflow-called-directly
""",
                "workflows.py": """\
from temporalio import workflow

from helpers import try_out


@workflow.defn
class Campaign:
    @workflow.run
    async def run(self, users: list[str]) -> list[str]:
        return await try_out(users)
""",
            },
        ),
        Example(
            title="workflow, step and plain code of runtime_min call a workflow",
            files={
                "flows.py": """\
from runtime_min import sleep, step, workflow


@workflow
async def trial(user: str) -> str:
    await sleep(60)
    return user


@workflow
async def campaign(users: list[str]) -> None:
    for user in users:
        await trial(user)  # expect: workflow-called-directly


@step
async def again(user: str) -> str:
    return await trial(user)  # expect: workflow-called-directly


async def main() -> None:
    begin = trial
    await begin("ann")  # expect: workflow-called-directly
"""
            },
        ),
        Example(
            title="where it is defined, and with an engine's decorator that has options",
            files={
                "flows.py": """\
from runtime_min import workflow


async def main() -> None:
    @workflow(name="trial")
    async def trial(user: str) -> str:
        return user

    await trial("ann")  # expect: workflow-called-directly
"""
            },
        ),
        Example(
            title="the generator of an orchestrator is made and never run",
            files={
                "orchestrators.py": """\
from durabletask import task, worker


def approval(ctx: task.OrchestrationContext, order: str):
    answer = yield ctx.wait_for_external_event("approved")
    return answer


def purchase(ctx: task.OrchestrationContext, order: str):
    approved = approval(ctx, order)  # expect: workflow-called-directly
    yield ctx.create_timer(ctx.current_utc_datetime)
    return bool(approved)


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(approval)
    w.add_orchestrator(purchase)
"""
            },
        ),
    )
    good = (
        Example(
            title="the client starts it, a workflow runs it as a child",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> str:
        return user


@workflow.defn
class Campaign:
    @workflow.run
    async def run(self, users: list[str]) -> None:
        for user in users:
            await workflow.execute_child_workflow(Trial.run, user, id=f"trial-{user}")
""",
                "client.py": """\
from temporalio.client import Client

from workflows import Campaign


async def begin(client: Client, users: list[str]) -> None:
    await client.start_workflow(Campaign.run, users, id="campaign", task_queue="trials")
""",
            },
        ),
        Example(
            title="DBOS starts a workflow when it is called",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.workflow()
def trial(user: str) -> str:
    DBOS.sleep(60)
    return user


@DBOS.workflow()
def campaign(users: list[str]) -> list[str]:
    return [trial(user) for user in users]


def main() -> None:
    DBOS.launch()
    campaign(["ann"])
    DBOS.start_workflow(trial, "bob")
"""
            },
        ),
        Example(
            title="helpers through self, and the run of the base class",
            files={
                "workflows.py": """\
from temporalio import workflow


class Base:
    async def run(self, user: str) -> str:
        return user


@workflow.defn
class Trial(Base):
    @workflow.run
    async def run(self, user: str) -> str:
        await self.wait(60)
        return await super().run(user)

    async def wait(self, seconds: float) -> None:
        await workflow.sleep(seconds)
"""
            },
        ),
        Example(
            title="signal and query handlers, called by a unit test and by the workflow itself",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Cart:
    def __init__(self) -> None:
        self.items: list[str] = []

    @workflow.signal
    def add(self, item: str) -> None:
        self.items.append(item)

    @workflow.query
    def size(self) -> int:
        return len(self.items)

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.size() > 2)
        return self.size()
""",
                "test_workflows.py": """\
from workflows import Cart


def test_a_cart_counts_its_items() -> None:
    cart = Cart()
    cart.add("book")
    assert cart.size() == 1
""",
            },
        ),
        Example(
            title="a worker that a library makes for the workflow",
            files={
                "flows.py": """\
from platform_tools import new_worker
from temporalio import workflow
from temporalio.client import Client


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> str:
        return "over"


async def main(client: Client) -> None:
    worker = new_worker(client, Trial)
    await worker.run()
"""
            },
        ),
        Example(
            title="a decorator of somebody else's is given the workflow and applied to a test",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return event["order"]
""",
                "test_handler.py": """\
import pytest

from handler import handler


@pytest.mark.durable_execution(handler=handler)
def test_an_order_comes_back(durable_runner) -> None:
    assert durable_runner.run(input="book").result == "book"
""",
            },
        ),
        Example(
            title="a unit test drives the generator of an orchestrator",
            files={
                "orchestrators.py": """\
from durabletask import task, worker


def approval(ctx: task.OrchestrationContext, order: str):
    answer = yield ctx.wait_for_external_event("approved")
    return answer


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(approval)
""",
                "test_orchestrators.py": """\
from unittest.mock import Mock

from orchestrators import approval


def test_an_order_waits_for_its_approval() -> None:
    ctx = Mock()
    ctx.wait_for_external_event.return_value = "waiting"
    assert next(approval(ctx, "book")) == "waiting"
""",
            },
        ),
        Example(
            title="a Restate handler as a helper, an orchestrator as part of another",
            files={
                "handlers.py": """\
from restate import Context, Service

greeter = Service("greeter")


@greeter.handler()
async def greet(ctx: Context, name: str) -> str:
    return f"Hello {name}"


@greeter.handler()
async def greet_all(ctx: Context, names: list[str]) -> list[str]:
    return [await greet(ctx, name) for name in names]
""",
                "orchestrators.py": """\
from durabletask import task, worker


def approval(ctx: task.OrchestrationContext, order: str):
    answer = yield ctx.wait_for_external_event("approved")
    return answer


def purchase(ctx: task.OrchestrationContext, order: str):
    approved = yield from approval(ctx, order)
    again = yield ctx.call_sub_orchestrator(approval, input=order)
    return bool(approved and again)


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(approval)
    w.add_orchestrator(purchase)
""",
            },
        ),
        Example(
            title="a test calls a handler as the engine would",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return event["order"]
""",
                "test_handler.py": """\
from handler import handler


def test_an_invocation_gives_its_result(invocation, lambda_context) -> None:
    assert handler(invocation, lambda_context)["Status"] == "SUCCEEDED"
""",
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each call, where it stands."""
        nodes = program.nodes
        handed = partials_made(program, (c for node in nodes for c in workflows_handed_out(program, node)))
        for node in nodes:
            for call in direct_calls(program, node, Color.WORKFLOW, handed):
                if self._is_wrong(program, call):
                    yield self._finding(program, call)

    @staticmethod
    def _is_wrong(program: Program, call: Crossing) -> bool:
        profile = program.profile(call.coloring.engine)
        if profile is None or profile.direct_workflow_call == "start" or call.func.facts.name == "__init__":
            return False
        if not is_main(program, call.coloring) or is_super(program, call):
            return False
        if program.runs_replayed(call.node):
            return not is_inline(program, call)
        return not (is_driven(call) or is_tested(call) or is_invoked(program, call))

    def _finding(self, program: Program, call: Crossing) -> Finding:
        profile = program.profiles[call.coloring.engine]
        form: Literal["child", "start"] = "child" if program.runs_replayed(call.node) else "start"
        return program.finding(
            self.code, self.name, self.severity, call.node, program.place_of(call.node, call.position),
            self.message(call.name, profile.advice(form, call.name)), engine=profile.name,
            witness=program.witness_of(call.node, call.position, call.dotted),
        )  # fmt: skip

    @staticmethod
    def message(workflow: str, instead: str) -> str:
        """What is wrong with calling `workflow`; `instead` is code that starts it, or only its name."""
        code = f": `{instead}`" if instead != workflow else ""
        return (
            f"Workflow `{workflow}` is called like a function. Nothing of the call is recorded, so it does "
            f"not survive a restart and its primitives fail. Start it through the engine{code}."
        )
