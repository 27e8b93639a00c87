"""CC103: a primitive that only works in a workflow is used outside of one."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.findings import Finding
from color_checker.outside import Outside, Use, step_in_words
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class PrimitiveOutsideWorkflow(Rule):
    """A primitive that only works in a workflow is used in step or plain code.

    ## What it does

    Finds durable sleeps, the workflow's clock, ids and random numbers, signal waits and step calls through
    the engine in code that runs outside a workflow: in steps, at module level, and in plain functions that
    are reached from there, or that are decorated or passed on by something that is not the engine.

    A helper that workflows reach is fine, and so is one that nothing in the checked files calls, or that goes
    into a container: its callers may be workflows. Code under `if workflow.in_workflow():` is fine
    everywhere. Steps, timers and child workflows that a *step* starts are `nested-operation`.

    ## Why is this bad

    There is no workflow to record the primitive: it raises ("not in workflow event loop"), or waits
    forever, or hands out values that no replay will see again.

    ## Use instead

    The ordinary library in plain and step code: `asyncio.sleep`, `datetime.now(UTC)`, `uuid.uuid4()`. Or
    move the code into the workflow.
    """

    code = "CC103"
    name = "primitive-outside-workflow"

    bad = (
        Example(
            title="an activity asks for the workflow's clock",
            files={
                "activities.py": """\
from temporalio import activity, workflow


@activity.defn
async def stamp() -> str:
    return workflow.now().isoformat()  # expect: primitive-outside-workflow
"""
            },
        ),
        Example(
            title="a helper in another file, called by a step and by a workflow",
            files={
                "deadlines.py": """\
from datetime import datetime, timedelta

from temporalio import workflow


def deadline(days: int) -> datetime:
    return workflow.now() + timedelta(days=days)
""",
                "activities.py": """\
from temporalio import activity

from deadlines import deadline


@activity.defn
async def remind(days: int) -> str:
    return f"until {deadline(days)}"  # expect: primitive-outside-workflow
""",
                "workflows.py": """\
from temporalio import workflow

from deadlines import deadline


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> str:
        return deadline(days).isoformat()
""",
            },
        ),
        Example(
            title="the main program sleeps durably, a constant is drawn at import",
            files={
                "main.py": """\
import asyncio

from runtime_min import sleep, uuid4

RUN = uuid4()  # expect: primitive-outside-workflow


async def main() -> None:
    await sleep(5)  # expect: primitive-outside-workflow


if __name__ == "__main__":
    asyncio.run(main())
"""
            },
        ),
        Example(
            title="a web handler waits for a message",
            files={
                "app.py": """\
from dbos import DBOS
from fastapi import FastAPI

api = FastAPI()


@api.get("/payment")
def payment() -> str:
    return str(DBOS.recv("payment"))  # expect: primitive-outside-workflow
"""
            },
        ),
    )
    good = (
        Example(
            title="a helper that only workflows reach",
            files={
                "deadlines.py": """\
from datetime import datetime, timedelta

from temporalio import workflow


def deadline(days: int) -> datetime:
    return workflow.now() + timedelta(days=days)


async def rest(days: int) -> None:
    await workflow.sleep(timedelta(days=days))
""",
                "workflows.py": """\
from temporalio import workflow

from deadlines import deadline, rest


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> str:
        await rest(days)
        return deadline(days).isoformat()
""",
            },
        ),
        Example(
            title="a helper whose callers are not in sight",
            files={
                "library.py": """\
from temporalio import workflow


async def pause(minutes: int) -> None:
    await workflow.sleep(minutes * 60)
"""
            },
        ),
        Example(
            title="code that asks first, and names that work everywhere",
            files={
                "activities.py": """\
from datetime import datetime, timezone

from temporalio import activity, workflow


def now() -> datetime:
    if workflow.in_workflow():
        return workflow.now()
    return datetime.now(timezone.utc)


@activity.defn
async def stamp() -> str:
    activity.logger.info("stamping")
    return now().isoformat()
"""
            },
        ),
        Example(
            title="what a client may do from anywhere",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.workflow()
def trial(user: str) -> str:
    return user + str(DBOS.recv("paid"))


def begin(user: str) -> str:
    handle = DBOS.start_workflow(trial, user)
    DBOS.send(handle.get_workflow_id(), "yes", "paid")
    return handle.get_result()
"""
            },
        ),
        Example(
            title="a test that has made itself a context",
            files={
                "test_context.py": """\
import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration


@pytest.mark.parametrize("seconds", [1, 2])
def test_a_wait_ends_the_invocation(seconds: int, made: DurableContext) -> None:
    made.wait(Duration.from_seconds(seconds))
"""
            },
        ),
        Example(
            title="a handler that a framework calls on the workflow's object",
            files={
                "workflows.py": """\
from agent_framework import Agent
from temporalio import workflow

agent = Agent()


class Player:
    @agent.accepts
    async def play(self, game: str) -> str:
        return f"{game} {workflow.uuid4()}"
"""
            },
        ),
        Example(
            title="a tool that the workflow gives to an agent",
            files={
                "workflows.py": """\
from agents import Agent, Runner, function_tool
from temporalio import workflow


@function_tool
def draw(limit: int) -> int:
    return workflow.random().randint(0, limit)


@workflow.defn
class Game:
    @workflow.run
    async def run(self, question: str) -> str:
        player = Agent(name="player", tools=[draw])
        result = await Runner.run(player, input=question)
        return str(result.final_output)
"""
            },
        ),
        Example(
            title="a tool that asks for the context of the handler which has started the agent",
            files={
                "claims.py": """\
from datetime import timedelta

import restate
from pydantic_ai import Agent
from restate.ext.pydantic import RestateAgent, restate_context

agent = Agent("some:model")


@agent.tool_plain
async def approval(claim: str) -> str:
    key, answer = restate_context().awakeable(type_hint=str)
    await restate_context().run_typed("ask", print, claim=claim, key=key)
    first = await restate.select(answer=answer, late=restate_context().sleep(timedelta(hours=3)))
    return str(first[0])


service = restate.Service("claims")
durable = RestateAgent(agent)


@service.handler()
async def decide(ctx: restate.Context, claim: str) -> str:
    answer = await durable.run(claim)
    return str(answer.output)
"""
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """In steps at the call that leads to the primitive, in plain code at the primitive."""
        outside = Outside(program)
        for use in outside.in_steps():
            if not use.is_recorded:
                yield self._finding(program, use, step_in_words(program, use))
        for use in outside.in_plain_code():
            yield self._finding(program, use, "plain code")

    def _finding(self, program: Program, use: Use, where: str) -> Finding:
        anchor, position = use.anchor
        return program.finding(
            self.code, self.name, self.severity, anchor, program.place_of(anchor, position),
            self.message(use.primitive, where), engine=use.profile.name,
            witness=program.witness_of(use.node, use.position, use.primitive, use.chain),
        )  # fmt: skip

    @staticmethod
    def message(primitive: str, where: str) -> str:
        """What is wrong with `primitive` in `where` ("an activity", "plain code")."""
        return (
            f"`{primitive}` only works in a workflow, and this is {where}. There is no history to record "
            "it, so it raises or waits forever. Use the ordinary library here, or move the code into the "
            "workflow."
        )
