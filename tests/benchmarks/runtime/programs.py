"""The workflows that are measured."""

from __future__ import annotations

import asyncio
import time

from runtime_min import signal, sleep, step, uuid4, wait_signal, workflow

go_on = signal("go_on", int)


@step
async def add(a: int, b: int) -> int:
    return a + b


@step
async def clock() -> float:
    return time.time()


@workflow
async def sequential(count: int) -> int:
    """Steps one after another that do nothing."""
    total = 0
    for number in range(count):
        total = await add(total, number)
    return total


@workflow
async def busy(count: int) -> int:
    """The same, with some work in Python between the steps."""
    total = 0
    for number in range(count):
        total = await add(total, digit_sum(number))
    return total


def digit_sum(number: int) -> int:
    """A helper that calls another one, and C functions."""
    return sum(digit(text) for text in sorted(str(number * 1_234_567_891)))


def digit(text: str) -> int:
    return max(int(text), 0)


@workflow
async def mixed(rounds: int) -> str:
    """Of all kinds, 19 events a round: five steps at once, a timer, one step with a timeout."""
    last = ""
    for number in range(rounds):
        await asyncio.gather(*(add(number, other) for other in range(5)))
        async with asyncio.timeout(3600):
            await add(number, number)
        await sleep(0)
        last = str(uuid4())
    return last


@workflow
async def paused(count: int) -> int:
    """Steps, and then a wait for a signal."""
    for number in range(count):
        await add(number, number)
    return await wait_signal(go_on)


@workflow
async def nothing() -> int:
    return 0


@workflow
async def ask_time() -> float:
    """When a worker got to it."""
    return await clock()


@workflow
async def echo() -> int:
    return await wait_signal(go_on)


@workflow
async def sleeper(seconds: float) -> None:
    await sleep(seconds)


__all__ = [
    "add",
    "ask_time",
    "busy",
    "echo",
    "go_on",
    "mixed",
    "nothing",
    "paused",
    "sequential",
    "sleeper",
]
