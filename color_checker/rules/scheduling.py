"""CC209: workflow code depends on the order in which things happen to complete."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule, use_instead

#: These do not order tasks but wait for the time.
_TIMERS = frozenset(
    {"asyncio.sleep", "asyncio.timeout", "asyncio.timeout_at", "asyncio.wait_for"}
    | {"asyncio.AbstractEventLoop.call_at", "asyncio.AbstractEventLoop.call_later"}
)


class Scheduling(EffectRule):
    """Workflow code depends on an order of completion that the engine does not record.

    ## What it does

    Finds `asyncio.as_completed`, `asyncio.wait`, internals of the event loop and timeouts
    (`asyncio.timeout`, `wait_for`) in workflow or pure code, where the engine does not run workflows on
    a recorded event loop of its own. What each engine replays in order is fine there: timeouts and `gather`
    in Temporal, all of them in `runtime_min`.

    ## Why is this bad

    Which of two steps completes first depends on the machine's load. On replay both results are there at
    once, `as_completed` gives them in another order, and the code behind it asks for its steps in another
    order. `asyncio.wait` returns sets of tasks, whose order differs in each process.

    ## Use instead

    The engine's forms, which keep the recorded order: `workflow.as_completed` and `workflow.wait` in
    Temporal, `DBOS.asyncio_wait`, `restate.select`, `when_any` in Durable Task; or `gather`, which keeps
    the order of its arguments.
    """

    code = "CC209"
    name = "scheduling"
    effect = Effect.SCHEDULING
    does = "depends on the order in which tasks complete"
    harm = "A replay completes them in another order."
    instead = "wait with `gather`, which keeps the order of its arguments"

    bad = (
        Example(
            title="results in the order of completion, in a Temporal workflow",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def bid(dealer: str) -> int:
    return len(dealer)


@workflow.defn
class Auction:
    @workflow.run
    async def run(self, dealers: list[str]) -> int:
        bids = [
            asyncio.create_task(
                workflow.execute_activity(bid, dealer, start_to_close_timeout=timedelta(seconds=5))
            )
            for dealer in dealers
        ]
        for first in asyncio.as_completed(bids):  # expect: scheduling
            return await first
        return 0
"""
            },
        ),
        Example(
            title="a helper in another file waits for the first",
            files={
                "racing.py": """\
import asyncio
from collections.abc import Coroutine
from typing import Any


async def first(*racers: Coroutine[Any, Any, str]) -> str:
    tasks = [asyncio.ensure_future(racer) for racer in racers]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return min(task.result() for task in done)
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from racing import first


@activity.defn
async def fetch(mirror: str) -> str:
    return mirror


@workflow.defn
class Download:
    @workflow.run
    async def run(self, one: str, two: str) -> str:
        limit = timedelta(seconds=5)
        return await first(  # expect: scheduling
            workflow.execute_activity(fetch, one, start_to_close_timeout=limit),
            workflow.execute_activity(fetch, two, start_to_close_timeout=limit),
        )
""",
            },
        ),
        Example(
            title="a timeout that DBOS does not record",
            files={
                "app.py": """\
import asyncio

from dbos import DBOS


@DBOS.step()
async def quote(order: str) -> int:
    return len(order)


@DBOS.workflow()
async def price(order: str) -> int:
    try:
        return await asyncio.wait_for(quote(order), timeout=5)  # expect: scheduling
    except asyncio.TimeoutError:
        return 0
"""
            },
        ),
        Example(
            title="the event loop's own timers, in a Restate handler",
            files={
                "handlers.py": """\
import asyncio

from restate import Context, Service

reminders = Service("reminders")


@reminders.handler()
async def remind(ctx: Context, user: str) -> str:
    seen: list[str] = []
    loop = asyncio.get_running_loop()
    loop.call_later(60, seen.append, user)  # expect: scheduling
    return user
"""
            },
        ),
    )
    good = (
        Example(
            title="the engine's own wait, and a timeout on Temporal's recorded event loop",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def bid(dealer: str) -> int:
    return len(dealer)


@workflow.defn
class Auction:
    @workflow.run
    async def run(self, dealers: list[str]) -> int:
        bids = [
            workflow.start_activity(bid, dealer, start_to_close_timeout=timedelta(seconds=5))
            for dealer in dealers
        ]
        async with asyncio.timeout(60):
            done, _ = await workflow.wait(bids, return_when=asyncio.FIRST_COMPLETED)
        return sum(one.result() for one in done)
"""
            },
        ),
        Example(
            title="runtime_min replays asyncio in the recorded order",
            files={
                "flows.py": """\
import asyncio

from runtime_min import step, workflow


@step
async def bid(dealer: str) -> int:
    return len(dealer)


@workflow
async def auction(dealers: list[str]) -> int:
    async with asyncio.timeout(60):
        for first in asyncio.as_completed([bid(dealer) for dealer in dealers]):
            return await first
    return 0
"""
            },
        ),
        Example(
            title="a durable wait in DBOS, a recorded race in Restate",
            files={
                "app.py": """\
import asyncio

from dbos import DBOS


@DBOS.step()
async def quote(dealer: str) -> int:
    return len(dealer)


@DBOS.workflow()
async def cheapest(dealers: list[str]) -> int:
    done, _ = await DBOS.asyncio_wait([quote(dealer) for dealer in dealers], timeout=5)
    return min(task.result() for task in done)
""",
                "handlers.py": """\
from datetime import timedelta

import restate
from restate import Context, Service

orders = Service("orders")


@orders.handler()
async def confirm(ctx: Context, order: str) -> str:
    name, promise = ctx.awakeable(type_hint=str)
    match await restate.select(answer=promise, late=ctx.sleep(timedelta(days=1))):
        case ["answer", answer]:
            return str(answer)
    return f"{order} {name} is late"
""",
            },
        ),
        Example(
            title="a step may race as it likes",
            files={
                "activities.py": """\
import asyncio

from temporalio import activity


async def ask(mirror: str) -> str:
    await asyncio.sleep(0.1)
    return mirror


@activity.defn
async def fastest(mirrors: list[str]) -> str:
    for first in asyncio.as_completed([ask(mirror) for mirror in mirrors]):
        return await first
    return ""
"""
            },
        ),
    )

    @classmethod
    def message(cls, callee: str, replacement: str | None = None) -> str:
        """As of every effect, but timers are about time."""
        if callee not in _TIMERS:
            return super().message(callee, replacement)
        return (
            f"`{callee}` sets a timer that the engine does not record. Every replay sets it again from the "
            f"start. {use_instead(replacement or 'wait with a timer of the engine')}"
        )
