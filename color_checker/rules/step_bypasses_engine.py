"""CC102: workflow code runs a step's body past the engine."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.coloring import Reach
from color_checker.crossings import Crossing, direct_calls, partials_made, steps_handed_out
from color_checker.engines import Profile
from color_checker.findings import Color, Finding
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class StepBypassesEngine(Rule):
    """Workflow code runs a step's body in a way that the engine does not record.

    ## What it does

    Finds calls of a step in workflow code, and in helpers that it reaches, under engines where a direct call
    is only a call: in Temporal and Durable Task. Under DBOS and `runtime_min` calling a step is how it is
    recorded, in AWS it binds the arguments for `context.step`: no finding there.

    Steps may call each other, tests may call them, and a function without a color is a helper. What the step
    does (network, clock …) is not reported again.

    ## Why is this bad

    The body runs in the workflow: without retries, without a timeout, and again at every replay. The mail
    goes out each time the workflow resumes, and its result is not the recorded one.

    ## Use instead

    `await workflow.execute_activity(charge, order, start_to_close_timeout=…)` in Temporal,
    `yield ctx.call_activity(charge, input=order)` in Durable Task.
    """

    code = "CC102"
    name = "step-bypasses-engine"

    bad = (
        Example(
            title="a Temporal workflow awaits an activity",
            files={
                "activities.py": """\
import httpx
from temporalio import activity


@activity.defn
async def charge(order: str) -> str:
    async with httpx.AsyncClient() as client:
        answer = await client.post("https://pay.example", json={"order": order})
    return answer.text
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import charge


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        return await charge(order)  # expect: step-bypasses-engine
""",
            },
        ),
        Example(
            title="a helper in another file calls what it is given",
            files={
                "activities.py": """\
from temporalio import activity


class Mail:
    def __init__(self, sender: str) -> None:
        self.sender = sender

    @activity.defn
    async def send(self, user: str) -> None:
        print(self.sender, user)
""",
                "helpers.py": """\
from activities import Mail


async def greet(user: str) -> None:
    mail = Mail("us")
    await mail.send(user)
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from helpers import greet


@workflow.defn
class Welcome:
    @workflow.run
    async def run(self, user: str) -> None:
        await greet(user)  # expect: step-bypasses-engine
""",
            },
        ),
        Example(
            title="inside gather, and out of a dictionary",
            files={
                "workflows.py": """\
import asyncio

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
    async def run(self, users: list[str], channel: str) -> None:
        await asyncio.gather(*(mail(user) for user in users))  # expect: step-bypasses-engine
        await CHANNELS[channel](users[0])  # expect: step-bypasses-engine
"""
            },
        ),
        Example(
            title="an orchestrator calls an activity",
            files={
                "orchestrators.py": """\
from durabletask import task, worker


def charge(ctx: task.ActivityContext, order: str) -> str:
    return f"charged {order}"


def payment(ctx: task.OrchestrationContext, order: str):
    first = yield ctx.call_activity(charge, input=order)
    second = charge(ctx, order)  # expect: step-bypasses-engine
    return first + second


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(payment)
    w.add_activity(charge)
"""
            },
        ),
    )
    good = (
        Example(
            title="through the engine, by name, as a method, with retries",
            files={
                "activities.py": """\
from temporalio import activity


@activity.defn
async def charge(order: str) -> str:
    return order


class Mail:
    @activity.defn
    async def send(self, user: str) -> None:
        print(user)
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities import Mail, charge


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        limit = timedelta(seconds=30)
        paid = await workflow.execute_activity(
            charge, order, start_to_close_timeout=limit, retry_policy=RetryPolicy(maximum_attempts=3)
        )
        await workflow.execute_activity_method(Mail.send, order, start_to_close_timeout=limit)
        await workflow.execute_local_activity("charge", order, start_to_close_timeout=limit)
        return paid
""",
            },
        ),
        Example(
            title="under DBOS and runtime_min a call of a step is recorded",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def charge(order: str) -> str:
    return order


@DBOS.workflow()
def payment(order: str) -> str:
    return charge(order)
""",
                "flows.py": """\
from runtime_min import step, workflow


@step
async def charge(order: str) -> str:
    return order


async def charge_all(orders: list[str]) -> list[str]:
    return [await charge(order) for order in orders]


@workflow
async def payments(orders: list[str]) -> list[str]:
    return await charge_all(orders)
""",
            },
        ),
        Example(
            title="in AWS a call of a step binds its arguments",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step


@durable_step
def charge(step_context: StepContext, order: str) -> str:
    return order


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    bound = charge(event["order"])
    return context.step(bound, name="charge") + context.step(charge("again"))
"""
            },
        ),
        Example(
            title="activities call each other, tests call them, helpers carry on the engine's call",
            files={
                "activities.py": """\
from temporalio import activity


@activity.defn
async def charge(order: str) -> str:
    return order


@activity.defn
async def charge_all(orders: list[str]) -> list[str]:
    return [await charge(order) for order in orders]
""",
                "test_activities.py": """\
from activities import charge


async def test_an_order_is_charged() -> None:
    assert await charge("book") == "book"
""",
                "workflows.py": """\
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import charge


async def patiently(act: Callable[[str], Awaitable[str]], order: str) -> str:
    return await workflow.execute_activity(act, order, start_to_close_timeout=timedelta(hours=1))


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        return await patiently(charge, order)
""",
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each call that leaves the workflow's code for a step's."""
        for engine, reach in program.reaches.items():
            profile = program.profile(engine)
            if profile is None or profile.direct_step_call == "recorded":
                continue
            nodes = reach.nodes()
            handed = partials_made(program, (c for node in nodes for c in steps_handed_out(program, node)))
            for node in nodes:
                for call in direct_calls(program, node, Color.STEP, handed):
                    # A helper with a backend for each of several engines has one for this engine, too.
                    if node not in program.code and call.coloring.engine not in ("", engine):
                        continue
                    yield self._finding(program, profile, reach, call)

    def _finding(self, program: Program, profile: Profile, reach: Reach, call: Crossing) -> Finding:
        chain = reach.chain(call.node)
        anchor, position = program.anchor(chain, call.node, call.position)
        return program.finding(
            self.code, self.name, self.severity, anchor, program.place_of(anchor, position),
            self.message(call.name, profile.step_word, profile.advice("step", call.name)),
            engine=profile.name, workflows=program.workflows_reaching[call.node],
            witness=program.witness_of(call.node, call.position, call.dotted, chain),
        )  # fmt: skip

    @staticmethod
    def message(step: str, step_word: str, instead: str) -> str:
        """What is wrong with calling `step`; `instead` is code that runs it, or only its name."""
        advice = f"Use `{instead}`." if instead != step else "Let the engine run it."
        return (
            f"The {step_word} `{step}` is called past the engine. Its result is not recorded, so every "
            f"replay runs it again. {advice}"
        )
