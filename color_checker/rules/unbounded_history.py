"""CC602: an endless loop lets the history grow without bound."""

from __future__ import annotations

from color_checker.rules.base import Example, Rule


class UnboundedHistory(Rule):
    """An endless loop of steps, timers or waits never continues as new.

    ## What it does

    Finds loops without an end (`while True`, `for … in itertools.count()`) in workflow code and in what it
    reaches, that add to the history in every round, under engines that can continue a workflow with a fresh
    one, where nothing in the loop does so.

    A loop that is left by `break` or `return` is fine, and so are loops over a condition or a collection.

    ## Why is this bad

    Each round makes the history longer, and each resume replays all of it. It gets slower by the day, until
    the engine ends the workflow at its limit (Temporal: 51,200 events or 50 MB).

    ## Use instead

    Continue as new after a number of rounds, with the state as input: `workflow.continue_as_new(…)` when
    `workflow.info().is_continue_as_new_suggested()`, `ctx.continue_as_new(…)` in Durable Task.
    """

    code = "CC602"
    name = "unbounded-history"
    severity = "warning"

    bad = (
        Example(
            title="a Temporal workflow polls forever",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def poll(feed: str) -> None:
    print(feed)


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, feed: str) -> None:
        while True:  # expect: unbounded-history
            await workflow.execute_activity(poll, feed, start_to_close_timeout=timedelta(seconds=5))
            await workflow.sleep(60)
"""
            },
        ),
        Example(
            title="the round is a helper in another file",
            files={
                "rounds.py": """\
from temporalio import workflow


async def pause(minutes: int) -> None:
    await workflow.sleep(minutes * 60)
""",
                "workflows.py": """\
from temporalio import workflow

from rounds import pause


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, feed: str) -> None:
        rounds = 0
        while 1:  # expect: unbounded-history
            rounds += 1
            await pause(rounds)
""",
            },
        ),
        Example(
            title="a loop over a count, with a break that only leaves the loop inside",
            files={
                "orchestrators.py": """\
import itertools
from datetime import timedelta

from durabletask import task, worker


def poll(ctx: task.ActivityContext, feed: str) -> list[str]:
    return [feed]


def feed(ctx: task.OrchestrationContext, name: str):
    for number in itertools.count():  # expect: unbounded-history
        entries = yield ctx.call_activity(poll, input=f"{name} {number}")
        for entry in entries:
            if entry == "end":
                break
        yield ctx.create_timer(timedelta(minutes=1))


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(feed)
    w.add_activity(poll)
"""
            },
        ),
    )
    good = (
        Example(
            title="continues as new",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def poll(feed: str) -> None:
    print(feed)


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, feed: str) -> None:
        while True:
            await workflow.execute_activity(poll, feed, start_to_close_timeout=timedelta(seconds=5))
            await workflow.sleep(60)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(feed)
"""
            },
        ),
        Example(
            title="loops that end",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def paid(order: str) -> bool:
    return bool(order)


@workflow.defn
class Order:
    def __init__(self) -> None:
        self.closed = False

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.run
    async def run(self, order: str) -> str:
        limit = timedelta(seconds=5)
        while True:
            if await workflow.execute_activity(paid, order, start_to_close_timeout=limit):
                break
            await workflow.sleep(60)
        while not self.closed:
            await workflow.sleep(60)
        for _ in range(3):
            await workflow.sleep(60)
        while True:
            if await workflow.execute_activity(paid, order, start_to_close_timeout=limit):
                return "paid"
"""
            },
        ),
        Example(
            title="a helper continues as new, a loop adds nothing to the history",
            files={
                "workflows.py": """\
from temporalio import workflow


def renew(rounds: int) -> None:
    if rounds > 1000:
        workflow.continue_as_new(0)


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, rounds: int) -> int:
        total = 0
        while True:
            total += 1
            if total > 10:
                break
        while True:
            await workflow.sleep(60)
            rounds += 1
            renew(rounds)
"""
            },
        ),
        Example(
            title="DBOS has no history to renew",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def poll(feed: str) -> None:
    print(feed)


@DBOS.workflow()
def feed(name: str) -> None:
    while True:
        poll(name)
        DBOS.sleep(60)
"""
            },
        ),
    )

    @staticmethod
    def message(operation: str, instead: str) -> str:
        """What is wrong with an endless loop around `operation`; `instead` continues as new."""
        return (
            f"This loop never ends, and each round adds `{operation}` to the history. Every resume replays "
            f"all of it, until the engine's limit ends the workflow. Call `{instead}` after a number of "
            "rounds."
        )
