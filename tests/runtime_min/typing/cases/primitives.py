"""What workflow code uses in place of the clock, randomness and waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import reveal_type

from runtime_min import (
    Info,
    continue_as_new,
    info,
    logger,
    now,
    patched,
    pure,
    random,
    sleep,
    step,
    uuid4,
    workflow,
)


@pure
def total(amounts: Sequence[int]) -> int:
    return sum(amounts)


@pure
async def later(amount: int) -> int:
    return amount


@workflow
async def use_them(page: int) -> str:
    reveal_type(now())  # is: datetime
    reveal_type(random())  # is: Random
    reveal_type(random().randint(1, 6))  # is: int
    reveal_type(uuid4())  # is: UUID
    reveal_type(await sleep(1))  # is: None
    reveal_type(await sleep(0.5))  # is: None
    reveal_type(await sleep(timedelta(days=30)))  # is: None
    reveal_type(patched("new-letters"))  # is: bool
    reveal_type(info())  # is: Info
    reveal_type(total([1]))  # is: int
    reveal_type(await later(1))  # is: int
    logger.info("page %s", page)
    await sleep("30 days")  # error:
    sleep(1)  # error[mypy, pyright, pyrefly]:
    patched(1)  # error: str
    total(["1"])  # error: int
    if page < 10:
        reveal_type(continue_as_new(page + 1))  # is: Never
    return "done"


reveal_type(total)  # is: (amounts: Sequence[int]) -> int


@step
async def look_around() -> Info:
    here = info()
    reveal_type(here.key)  # is: str
    reveal_type(here.attempt)  # is: int
    reveal_type(here.position)  # is: int
    return here
