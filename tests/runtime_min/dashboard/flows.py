"""The workflows that the dashboard's tests look at."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runtime_min import (
    Retry,
    Runtime,
    child,
    continue_as_new,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

approved = signal("approved", bool)
note = signal("note", str)
_calls = 0


@step
async def charge(user: str, amount: int) -> str:
    return f"receipt of {user}"


@step(retry=Retry(attempts=3, delay=0.05, jitter=0))
async def mail(user: str) -> str:
    global _calls
    _calls += 1
    if _calls % 2:
        raise ConnectionError(f"the server of {user} is away")
    return "sent"


@step
async def decline() -> None:
    raise ValueError(HOSTILE)


@workflow
async def ship(order: str) -> str:
    return await charge(order, 1)


@workflow
async def trial(user: str) -> str:
    """Attempts, a child, and a wait of 30 days beside steps of milliseconds."""
    await charge(user, 499)
    await mail(user)
    await child(ship, user)
    await sleep(30 * 86400)
    return "over"


@workflow
async def approval(user: str) -> bool:
    await charge(user, 1)
    answer = await wait_signal(approved)
    await mail(user)
    return answer


@workflow
async def listen(greeting: str) -> str:
    return greeting + await wait_signal(note)


@workflow
async def fail() -> None:
    await decline()


@workflow
async def count(number: int) -> int:
    await charge("counter", number)
    if number < 2:
        continue_as_new(number + 1)
    return number


@workflow
async def many(number: int) -> int:
    for index in range(number):
        await charge("many", index)
    return number


def fill(database: Path) -> None:
    """A database with some of each, left by a worker that has ended."""

    async def work() -> None:
        async with Runtime(database) as runtime:
            await start(trial.options(id="trial-1"), "ada")
            await start(approval.options(id="approval-1"), "bob")
            hostile = await start(listen.options(id=HOSTILE), HOSTILE)
            await hostile.signal(note, HOSTILE)
            await hostile.result()
            await start(fail.options(id="fail-1"))
            await (await start(count.options(id="count-1"), 0)).result()
            for number in range(60):
                await (await start(ship.options(id=f"ship-{number:02}"), str(number))).result()
            await (await start(many.options(id="many-1"), 600)).result()
            # Until one waits for its signal, and the other for its timer.
            async with asyncio.timeout(20):
                while runtime.backend.counts()["running"] > 2 or runtime.run_of("trial-1").events < 9:
                    await asyncio.sleep(0.02)

    asyncio.run(work())
