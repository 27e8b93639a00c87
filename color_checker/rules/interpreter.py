"""CC213: workflow code looks into the interpreter."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Interpreter(EffectRule):
    """Workflow code looks into the interpreter.

    ## What it does

    Finds `gc`, weak references, stack frames, tracing hooks and other internals of `sys` in workflow or
    pure code and in what it reaches.

    ## Why is this bad

    When an object is collected, who stands on the stack, how many references there are: all of it depends on
    the process, its memory and its debugger, none of it is recorded. A weak reference that was alive when the
    workflow ran is dead in the replay, and the replay takes the other branch.

    ## Use instead

    Keep what the workflow decides by in its own variables, arguments and step results.
    """

    code = "CC213"
    name = "interpreter"
    severity = "warning"
    effect = Effect.INTERPRETER
    does = "looks into the interpreter"
    harm = "Its state is another one when the workflow is replayed."
    instead = "decide by the workflow's own variables and recorded results"

    bad = (
        Example(
            title="a Temporal workflow asks the garbage collector",
            files={
                "workflows.py": """\
import gc

from temporalio import workflow


@workflow.defn
class Report:
    @workflow.run
    async def run(self) -> int:
        return gc.collect()  # expect: interpreter
"""
            },
        ),
        Example(
            title="a cache in another file holds weak references",
            files={
                "cache.py": """\
import weakref


class Node:
    def __init__(self, name: str) -> None:
        self.name = name


def remember(name: str) -> str:
    node = Node(name)
    reference = weakref.ref(node)
    del node
    return "kept" if reference() else "lost"
""",
                "flows.py": """\
from runtime_min import workflow

from cache import remember


@workflow
async def visit(name: str) -> str:
    return remember(name)  # expect: interpreter
""",
            },
        ),
        Example(
            title="the caller's frame, and a trace hook",
            files={
                "app.py": """\
import sys

from dbos import DBOS


@DBOS.workflow()
def whoami() -> str:
    sys.settrace(None)  # expect: interpreter
    return sys._getframe().f_code.co_name  # expect: interpreter
"""
            },
        ),
        Example(
            title="frames through inspect, in an orchestrator",
            files={
                "orchestrators.py": """\
import inspect

from durabletask import task, worker


def trace(ctx: task.OrchestrationContext, name: str):
    frame = inspect.currentframe()  # expect: interpreter
    yield ctx.wait_for_external_event(name)
    return frame is None


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(trace)
"""
            },
        ),
    )
    good = (
        Example(
            title="the worker tunes its collector",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Report:
    @workflow.run
    async def run(self, name: str) -> str:
        return name
""",
                "main.py": """\
import gc

from temporalio.client import Client
from temporalio.worker import Worker

from workflows import Report


async def main() -> None:
    gc.freeze()
    client = await Client.connect("localhost:7233")
    await Worker(client, task_queue="reports", workflows=[Report]).run()
""",
            },
        ),
        Example(
            title="a step measures memory",
            files={
                "flows.py": """\
import gc

from runtime_min import step, workflow


@step
async def objects() -> int:
    return len(gc.get_objects())


@workflow
async def measure() -> int:
    return await objects()
"""
            },
        ),
        Example(
            title="type checks and copies look at values, not at the interpreter",
            files={
                "app.py": """\
import copy
import dataclasses

from dbos import DBOS


@dataclasses.dataclass
class Order:
    item: str
    seats: int = 1


@DBOS.workflow()
def double(item: str) -> int:
    order = Order(item)
    other = dataclasses.replace(order, seats=2)
    again = copy.deepcopy(other)
    return again.seats if isinstance(again, Order) else 0
"""
            },
        ),
    )
