"""CC201: workflow code reads the clock."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Clock(EffectRule):
    """Workflow code reads the clock.

    ## What it does

    Finds every read of the wall clock or of a monotonic clock that workflow or pure code can reach:
    `datetime.now()`, `date.today()`, `time.time()`, `time.monotonic()`, `time.gmtime()` without an
    argument. Conversions of a given time (`datetime.fromtimestamp(ts, UTC)`, `time.gmtime(ts)`,
    `strptime`) read no clock and are fine.

    ## Why is this bad

    The workflow runs again from its first line each time it resumes. `if datetime.now() < deadline`
    was true when it ran first and is false when it is replayed a month later: the replay takes the
    other branch, asks for a step that the history does not have at this place, and the workflow is stuck.

    ## Use instead

    The engine's clock, which gives a replay the same time again: `workflow.now()` in Temporal,
    `now()` of `runtime_min`, `await ctx.time()` in Restate, `ctx.current_utc_datetime` in Durable
    Task. Where there is none, read the clock in a step.
    """

    code = "CC201"
    name = "clock"
    effect = Effect.CLOCK
    does = "reads the clock"
    harm = "A replay gets another time and may take another path."
    instead = "read the time in a step and use its recorded result"

    bad = (
        Example(
            title="a Temporal workflow compares with the wall clock",
            files={
                "workflows.py": """\
from datetime import datetime, timezone

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, ends: datetime) -> str:
        if datetime.now(timezone.utc) < ends:  # expect: clock
            return "running"
        return "over"
"""
            },
        ),
        Example(
            title="a helper in another file asks for today's date",
            files={
                "rates.py": """\
import datetime

BASE = 100


def today() -> datetime.date:
    return datetime.date.today()


def quote(seats: int) -> int:
    discount = 10 if today().month == 12 else 0
    return seats * (BASE - discount)
""",
                "workflows.py": """\
from temporalio import workflow

from rates import quote


@workflow.defn
class Order:
    @workflow.run
    async def run(self, seats: int) -> int:
        return quote(seats)  # expect: clock
""",
            },
        ),
        Example(
            title="the clock hides behind a default factory of a dataclass",
            files={
                "models.py": """\
import time
from dataclasses import dataclass, field


@dataclass
class Note:
    text: str
    created: float = field(default_factory=time.time)
""",
                "flows.py": """\
from runtime_min import step, workflow

from models import Note


@step
async def save(text: str, created: float) -> None:
    print(text, created)


@workflow
async def remember(text: str) -> None:
    note = Note(text)  # expect: clock
    await save(note.text, note.created)
""",
            },
        ),
        Example(
            title="an alias made at module level, in a DBOS workflow",
            files={
                "app.py": """\
import time

from dbos import DBOS

clock = time.monotonic


@DBOS.step()
def charge(order: str) -> str:
    return f"charged {order}"


@DBOS.workflow()
def checkout(order: str) -> float:
    started = clock()  # expect: clock
    charge(order)
    return clock() - started  # expect: clock
"""
            },
        ),
        Example(
            title="functions that are declared pure are checked, whoever calls them",
            files={
                "pricing.py": """\
from datetime import datetime

from runtime_min import pure


@pure
def season(month: int | None = None) -> int:
    return month or datetime.now().month  # expect: clock


def quarter() -> int:  # color: pure
    return season() // 4 + datetime.today().month  # expect: clock
"""
            },
        ),
        Example(
            title="a Durable Task orchestrator formats the current time",
            files={
                "orchestrators.py": """\
import time

from durabletask import task, worker


def audit(ctx: task.ActivityContext, entry: str) -> None:
    print(entry)


def approval(ctx: task.OrchestrationContext, order: str):
    stamp = time.strftime("%Y-%m-%d")  # expect: clock
    yield ctx.call_activity(audit, input=f"{stamp} {order}")


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(approval)
    w.add_activity(audit)
    w.start()
"""
            },
        ),
    )
    good = (
        Example(
            title="the engine's clock",
            files={
                "workflows.py": """\
from datetime import datetime, timedelta

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> datetime:
        ends = workflow.now() + timedelta(days=days)
        await workflow.sleep(timedelta(days=days))
        return ends
"""
            },
        ),
        Example(
            title="conversions of a given time read no clock",
            files={
                "flows.py": """\
import time
from datetime import date, datetime, timezone

from runtime_min import now, workflow


@workflow
async def report(stamp: float) -> list[str]:
    moment = datetime.fromtimestamp(stamp, timezone.utc)
    day = date(2024, 1, 31)
    year = time.gmtime(stamp).tm_year
    return [moment.isoformat(), day.isoformat(), str(year), now().isoformat()]
"""
            },
        ),
        Example(
            title="a step may read the clock, and so may the program around the workflow",
            files={
                "activities.py": """\
from datetime import datetime, timezone

from temporalio import activity


@activity.defn
async def stamp() -> str:
    return datetime.now(timezone.utc).isoformat()
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import stamp


@workflow.defn
class Audit:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(stamp, start_to_close_timeout=timedelta(seconds=5))
""",
                "main.py": """\
import time

from temporalio.client import Client

from workflows import Audit


async def main() -> None:
    client = await Client.connect("localhost:7233")
    started = time.perf_counter()
    print(await client.execute_workflow(Audit.run, id="audit", task_queue="audits"))
    print(time.perf_counter() - started)
""",
            },
        ),
        Example(
            title="methods and names that only look like the clock",
            files={
                "workflows.py": """\
from temporalio import workflow


class Ledger:
    def __init__(self) -> None:
        self.entries: list[str] = []

    def now(self) -> int:
        return len(self.entries)


def time(entries: int) -> int:
    return entries * 60


@workflow.defn
class Bookkeeping:
    @workflow.run
    async def run(self) -> int:
        ledger = Ledger()
        return time(ledger.now())
"""
            },
        ),
    )
