"""Workflows for `verify`, right and wrong; another process imports this module."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import os
import random as chance
import time
from pathlib import Path
from typing import ClassVar

from runtime_min import (
    JsonCodec,
    SealedCodec,
    Signal,
    child,
    continue_as_new,
    now,
    patched,
    random,
    signal,
    sleep,
    start,
    step,
    uuid4,
    wait_signal,
    workflow,
)

sealed = SealedCodec(JsonCodec(), seal=lambda data: b"\xff" + data[::-1], open=lambda data: data[:0:-1])
NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
go: Signal[str] = signal("verified_go", str)
_numbers = itertools.count()


@step
async def named(name: str) -> str:
    return name


@step
async def names() -> list[str]:
    return NAMES


@step
def mail(to: str) -> str:
    raise AssertionError("verify sent a real mail")


# Right ones.


@workflow
async def sorted_set() -> list[str]:
    return [await named(name) for name in sorted(set(await names()))]


@workflow
async def sets_of_tasks() -> list[str]:
    """The sets that `asyncio.wait` gives are in the order in which the tasks were made."""
    found: list[str] = []
    pending: set[asyncio.Future[str]] = {asyncio.ensure_future(named(name)) for name in NAMES}
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        found += [await named(one.result()) for one in done]
    return found


@workflow
async def everything(to: str) -> list[str]:
    found = [await mail(to), str(now()), str(uuid4()), str(random().random())]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(sleep(day * 86400.0)) for day in range(3)]
    found.append(str(len(tasks)))
    try:
        async with asyncio.timeout(60):
            await wait_signal(go)
            await wait_signal(go)
    except TimeoutError:
        found.append("timeout")
    if patched("more"):
        found.append(await child(sorted_set_of, 3))
    other = await start(generations, 2)
    found.append(await other.result())
    return found


@workflow
async def sorted_set_of(count: int) -> str:
    return " ".join([await named(name) for name in sorted(NAMES[:count])])


@workflow
async def generations(left: int) -> str:
    await sleep(1)
    if left:
        continue_as_new(left - 1)
    return str(now())


class Trial:
    @step
    async def pay(self, amount: int) -> int:
        raise AssertionError("verify paid")

    @workflow
    async def run(self, amount: int) -> int:
        return await self.pay(amount)


@workflow
async def always_failing() -> None:
    raise ValueError(f"as it should, at {id(object())}")


@workflow
async def harmless_look_at_the_clock() -> str:
    time.time()
    return await named("alpha")


# Wrong ones.


@workflow
async def order_of_a_set() -> None:
    for name in set(await names()):
        await named(name)


@workflow
async def dict_from_a_set() -> dict[str, int]:
    return dict.fromkeys(set(NAMES), 1)


@workflow
async def clock() -> str:
    return await named(str(time.time()))


@workflow
async def day_by_datetime() -> str:
    return await named(str(datetime.datetime.now(datetime.UTC).date()))


@workflow
async def day_of_today() -> str:
    return str(datetime.date.today())


@workflow
async def day_by_strftime() -> str:
    return time.strftime("%Y-%m", time.gmtime())


@workflow
async def hash_of_text() -> None:
    await named(str(hash("text")))


@workflow
async def address() -> None:
    await named(str(id(object())))


@workflow
async def randomness() -> str:
    return await named(str(chance.random()))


@workflow
async def random_wait() -> None:
    await asyncio.sleep(chance.random())


@workflow
async def order_of_the_environment() -> str:
    return await named(" ".join(list(os.environ)[:3]))


@workflow
async def counter_in_the_module() -> str:
    return await named(str(next(_numbers)))


class Remembering:
    seen: ClassVar[list[str]] = []

    @workflow
    async def run(self) -> None:
        self.seen.append(await named("alpha"))
        if len(self.seen) < 2:
            await named("beta")


@workflow
async def results_of_tasks_as_a_set() -> None:
    """The set of tasks has an order; that of their results has not."""
    done, _ = await asyncio.wait([asyncio.ensure_future(named(name)) for name in NAMES])
    for name in {one.result() for one in done}:
        await named(name)


@workflow
async def local_hour() -> int:
    return time.localtime(86400.0 * 15000).tm_hour


@workflow
async def working_directory() -> str:
    return await named(str(Path.cwd()))


@workflow
async def wrong_child() -> None:
    await sleep(60)
    await child(working_directory)


@workflow
async def waiting_for_go() -> str:
    return await wait_signal(go)
