"""Forms of Restate services that were reported wrongly once, beside mistakes that must be found."""

from __future__ import annotations

from pathlib import Path

import color_checker
from tests.real_code.checked import surprises


def test_handlers_may_be_static_methods_of_a_class_inside_a_method(tmp_path: Path) -> None:
    text = """\
import time

import restate


class Middleware:
    def __init__(self, name: str) -> None:
        self.services: list[object] = []
        self._build(name)

    def _build(self, name: str) -> None:
        tasks = restate.VirtualObject(name)
        self.services.append(tasks)

        class Tasks:
            @staticmethod
            @tasks.handler(kind="shared")
            async def title(ctx: restate.ObjectSharedContext) -> str:
                return ctx.key().strip()

            @staticmethod
            @tasks.handler()
            async def cancel(ctx: restate.ObjectContext, reason: str) -> str:
                return await Tasks.update(ctx, reason)  # expect: clock

            @staticmethod
            async def update(ctx: restate.ObjectContext, state: str) -> str:
                ctx.set("state", state)
                return f"{ctx.key()} {time.time()}"
"""
    assert surprises(tmp_path, app=text) == set()


def test_a_tool_runs_with_the_context_that_it_asks_for(tmp_path: Path) -> None:
    text = """\
from datetime import timedelta

import restate
from pydantic_ai import Agent
from restate.ext.pydantic import restate_context

agent = Agent("some:model")


@agent.tool_plain
async def approval(claim: str) -> str:
    key, answer = restate_context().awakeable(type_hint=str)
    first = await restate.select(answer=answer, late=restate_context().sleep(timedelta(hours=3)))
    return f"{key} {first}"


@agent.tool_plain
async def lost(claim: str) -> str:
    first = await restate.select(claim=claim)  # expect: primitive-outside-workflow
    return str(first)
"""
    assert surprises(tmp_path, app=text) == set()


def test_a_step_s_function_that_is_also_called_as_a_helper_is_no_workflow(tmp_path: Path) -> None:
    text = """\
import restate

letters = restate.Service("letters")


async def read(name: str) -> str:
    return open(name).read()


@letters.handler()
async def send(ctx: restate.Context, name: str) -> str:
    return await ctx.run_typed("read", read, name=name)


@letters.handler()
async def preview(ctx: restate.Context, name: str) -> str:
    return await read(name)
"""
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    (found,) = color_checker.check([tmp_path], cache=False).findings
    assert (found.name, found.workflows) == ("filesystem", ("app.preview",))
