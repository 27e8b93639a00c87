"""CC212: workflow code prints, asks or logs past the engine."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Console(EffectRule):
    """Workflow code prints, asks or logs past the engine.

    ## What it does

    Finds `print`, `input` and the calls of plain `logging` loggers in workflow or pure code and in what it
    reaches. The engine's logger is fine, and so is output under a check that the workflow is not replaying.

    ## Why is this bad

    The line is written again at every replay: a log that says "order shipped" forty times for one shipment
    misleads whoever reads it at night, and every alarm that counts lines. `input` asks again and may get
    another answer.

    ## Use instead

    The engine's logger, which is silent during replay: `workflow.logger` in Temporal, `logger` of
    `runtime_min`, `ctx.create_replay_safe_logger(…)` in Durable Task, `context.logger` in AWS; `DBOS.logger`
    in DBOS.
    """

    code = "CC212"
    name = "console"
    severity = "warning"
    effect = Effect.CONSOLE
    does = "writes past the engine"
    harm = "Every replay repeats the line."
    instead = "use the engine's logger, or write it in a step"

    bad = (
        Example(
            title="a Temporal workflow prints and logs",
            files={
                "workflows.py": """\
import logging

from temporalio import workflow

logger = logging.getLogger(__name__)


@workflow.defn
class Order:
    @workflow.run
    async def run(self, item: str) -> str:
        print("ordering", item)  # expect: console
        logger.info("ordered %s", item)  # expect: console
        return item
"""
            },
        ),
        Example(
            title="a helper in another file logs, with a logger of its class",
            files={
                "pricing.py": """\
import logging


class Pricing:
    def __init__(self) -> None:
        self.log = logging.getLogger("pricing")

    def quote(self, seats: int) -> int:
        self.log.debug("quoting %d seats", seats)
        return seats * 100
""",
                "flows.py": """\
from runtime_min import workflow

from pricing import Pricing


@workflow
async def order(seats: int) -> int:
    return Pricing().quote(seats)  # expect: console
""",
            },
        ),
        Example(
            title="a decorator in another file prints around the helper it wraps",
            files={
                "tracing.py": """\
import functools
from collections.abc import Callable


def traced(function: Callable[[int], int]) -> Callable[[int], int]:
    @functools.wraps(function)
    def wrapper(value: int) -> int:
        print("calling", function)
        return function(value)

    return wrapper
""",
                "app.py": """\
from dbos import DBOS

from tracing import traced


@traced
def double(value: int) -> int:
    return value * 2


@DBOS.workflow()
def compute(value: int) -> int:
    return double(value)  # expect: console
""",
            },
        ),
        Example(
            title="a workflow asks on the terminal",
            files={
                "flows.py": """\
from runtime_min import workflow


@workflow
async def confirm(order: str) -> bool:
    return input(f"Ship {order}? ") == "y"  # expect: console
"""
            },
        ),
    )
    good = (
        Example(
            title="the engine's logger",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Order:
    @workflow.run
    async def run(self, item: str) -> str:
        workflow.logger.info("ordered %s", item)
        return item
"""
            },
        ),
        Example(
            title="output only while not replaying",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Order:
    @workflow.run
    async def run(self, item: str) -> str:
        if not workflow.unsafe.is_replaying():
            print("ordering", item)
        return item
""",
                "orchestrators.py": """\
from durabletask import task, worker


def order(ctx: task.OrchestrationContext, item: str):
    if not ctx.is_replaying:
        print("ordering", item)
    yield ctx.wait_for_external_event("paid")


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(order)
""",
            },
        ),
        Example(
            title="making a logger, formatting text and writing into a buffer prints nothing",
            files={
                "flows.py": """\
import io
import logging
import pprint

from runtime_min import workflow

logger = logging.getLogger(__name__)


@workflow
async def order(items: list[str]) -> str:
    buffer = io.StringIO()
    buffer.writelines(items)
    return buffer.getvalue() + pprint.pformat(items)
"""
            },
        ),
        Example(
            title="loggers that a filter keeps quiet on replay",
            files={
                "app.py": """\
import contextvars
import logging

import dapr.ext.workflow as wf

replaying: contextvars.ContextVar[bool] = contextvars.ContextVar("replaying", default=False)


class ReplayFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not replaying.get()


def quiet(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    if not logger.filters:
        logger.addFilter(ReplayFilter())
    return logger


logger = quiet(__name__)
other = logging.getLogger("other")
other.addFilter(ReplayFilter())
runtime = wf.WorkflowRuntime()


@runtime.workflow
def order(ctx: wf.DaprWorkflowContext, item: str) -> str:
    logger.info("order %s", item)
    other.info("order %s", item)
    return item
"""
            },
        ),
        Example(
            title="steps and the program around the workflow may print",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def ship(item: str) -> None:
    print("shipping", item)


@DBOS.workflow()
def order(item: str) -> None:
    DBOS.logger.info(f"ordering {item}")
    ship(item)


if __name__ == "__main__":
    DBOS.launch()
    print(order("book"))
"""
            },
        ),
    )
