"""CC202: workflow code draws random numbers."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Random(EffectRule):
    """Workflow code draws random numbers.

    ## What it does

    Finds draws from a generator that a replay cannot repeat: the functions of `random`, `secrets`,
    `os.urandom`, `random.Random()` without a seed, `random.SystemRandom`, `numpy.random` without a seed.
    A generator with a seed of its own (`random.Random(order_id)`) is deterministic and fine.

    ## Why is this bad

    `if random.random() < 0.1` picks the new offer when the workflow runs first. After a restart the replay
    draws again, picks the old offer, and asks for a step that the history does not have at this place.

    ## Use instead

    The engine's generator, which is seeded from the workflow: `workflow.random()` in Temporal, `random()`
    of `runtime_min`, `ctx.random()` in Restate. Or draw in a step, or seed a `random.Random` from the input.
    """

    code = "CC202"
    name = "random"
    effect = Effect.RANDOM
    does = "draws a random value"
    harm = "A replay draws another one and may take another path."
    instead = "draw it in a step, or seed a `random.Random` from the workflow's input"

    bad = (
        Example(
            title="a Temporal workflow throws a die",
            files={
                "workflows.py": """\
import random

from temporalio import workflow


@workflow.defn
class Offer:
    @workflow.run
    async def run(self, user: str) -> str:
        if random.random() < 0.1:  # expect: random
            return "new"
        return "old"
"""
            },
        ),
        Example(
            title="a backoff helper in another file adds jitter",
            files={
                "backoff.py": """\
from random import uniform


def delay(attempt: int) -> float:
    return min(60.0, 2.0**attempt) + jitter()


def jitter() -> float:
    return uniform(0.0, 1.0)
""",
                "flows.py": """\
from runtime_min import sleep, step, workflow

from backoff import delay


@step
async def ping(host: str) -> bool:
    return host.endswith(".example")


@workflow
async def watch(host: str) -> None:
    for attempt in range(5):
        if await ping(host):
            return
        await sleep(delay(attempt))  # expect: random
""",
            },
        ),
        Example(
            title="a generator without a seed, and a token, in a DBOS workflow",
            files={
                "app.py": """\
import random
import secrets

from dbos import DBOS


@DBOS.workflow()
def invite(users: list[str]) -> tuple[str, str]:
    dice = random.Random()  # expect: random
    token = secrets.token_hex(16)  # expect: random
    return dice.choice(users), token
"""
            },
        ),
        Example(
            title="random bytes in a lambda that the workflow calls",
            files={
                "handlers.py": """\
import os

from restate import Context, Service

tokens = Service("tokens")


@tokens.handler()
async def issue(ctx: Context, user: str) -> str:
    make = lambda: os.urandom(8).hex()  # expect: random
    return user + make()
"""
            },
        ),
    )
    good = (
        Example(
            title="the engine's generator",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Offer:
    @workflow.run
    async def run(self, users: list[str]) -> str:
        return workflow.random().choice(users)
"""
            },
        ),
        Example(
            title="a generator seeded from the input",
            files={
                "app.py": """\
from random import Random

from dbos import DBOS


def pick(users: list[str], seed: int) -> str:
    generator = Random(seed)
    generator.shuffle(users)
    return users[0]


@DBOS.workflow()
def raffle(users: list[str], seed: int) -> str:
    return pick(list(users), seed)
"""
            },
        ),
        Example(
            title="a step draws, the workflow uses the recorded result",
            files={
                "handlers.py": """\
import random

from restate import Context, Service

raffle = Service("raffle")


def draw(users: list[str]) -> str:
    return random.choice(users)


@raffle.handler()
async def winner(ctx: Context, users: list[str]) -> str:
    seed = ctx.random().randint(1, 6)
    name = await ctx.run_typed("draw", draw, users=users)
    return f"{name} {seed}"
"""
            },
        ),
        Example(
            title="a project module named like the standard one",
            files={
                "shop/__init__.py": "",
                "shop/random.py": """\
def choice(users: list[str]) -> str:
    return min(users)
""",
                "shop/workflows.py": """\
from temporalio import workflow

from . import random


@workflow.defn
class Offer:
    @workflow.run
    async def run(self, users: list[str]) -> str:
        return random.choice(users)
""",
            },
        ),
    )
