# ruff: noqa: E501  # messages stand beside the code
"""`color-lost` by types: what other packages ask for, what annotations hide, and the wrong color for an operation."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tests.mypy_plugin.runner import check
from tests.mypy_plugin.test_types import needs

EMPTY = 'disable_error_code = ["empty-body"]'

#: A package that knows no engine, beside the project.
PACKAGE = """\
from collections.abc import Callable
from typing import Any

def call_later(function: Callable[..., Any], *args: Any) -> None: ...
def describe(function: object) -> str: ...
def maybe(function: Callable[..., Any] | None = None, *, done: Callable[[], None] | None = None) -> None: ...

class Bus:
    handler: Callable[..., Any]
    def subscribe(self, topic: str, handler: Callable[..., Any]) -> None: ...
"""

#: One that works with the engine.
ADAPTER = """\
from collections.abc import Callable
from typing import Any

from temporalio.client import Client

def serve(client: Client, function: Callable[..., Any]) -> None: ...
"""

TEMPORAL = """\
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client

import adapter
import bus
from mypy_plugin.colors import Workflow

LIMIT = timedelta(seconds=5)

@activity.defn
async def charge(order: str) -> int: ...

class Shop:
    @activity.defn
    async def pack(self, order: str) -> int: ...

@workflow.defn
class Refund:
    @workflow.run
    async def run(self, order: str) -> int: ...

    @workflow.signal
    async def cancel(self, reason: str) -> None: ...

"""


def temporal(directory: Path, source: str) -> None:
    """Check a program beside which both packages are installed."""
    outside = directory / "outside"
    for name, text in (("bus", PACKAGE), ("adapter", ADAPTER)):
        package = outside / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(text)
        (package / "py.typed").touch()
    project = directory / "project"
    project.mkdir()
    check(project, TEMPORAL + dedent(source), mypy=f'{EMPTY}\nmypy_path = "{outside.as_posix()}"')


# -- what is given to other packages -----------------------------------------------------------------


@needs("temporalio")
def test_a_workflow_that_another_package_takes_as_a_callable_loses_its_color(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        def register(it: bus.Bus) -> None:
            bus.call_later(Refund.run, "a")  # E: color-lost "`bus.call_later` calls the workflow `Refund.run` past"
            it.subscribe("a", Refund.run)  # E: color-lost "`bus.Bus.subscribe` calls"
            it.subscribe(topic="a", handler=Refund().run)  # E: color-lost
            bus.maybe(Refund.run)  # E: color-lost
            bus.describe(Refund.run)
            bus.maybe(done=None)
        """,
    )


@needs("temporalio")
def test_a_step_loses_its_color_only_where_workflow_code_gives_it_away(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        def register(it: bus.Bus) -> None:
            it.subscribe("a", charge)

        @workflow.defn
        class Payment:
            @workflow.run
            async def run(self, order: str) -> int:
                bus.call_later(charge, order)  # E: color-lost "calls the activity `charge` past the engine"
                bus.describe(charge)
                return 1
        """,
    )


@needs("temporalio")
def test_packages_that_work_with_the_engine_and_handlers_of_running_workflows_are_no_findings(
    tmp_path: Path,
) -> None:
    temporal(
        tmp_path,
        """\
        def register(client: Client) -> None:
            adapter.serve(client, Refund.run)
            bus.call_later(Refund.cancel, "late")
        """,
    )


@needs("temporalio")
def test_project_functions_are_left_to_the_analysis_which_follows_the_value(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        def keep(function: Callable[..., Any]) -> str:
            return function.__name__

        NAME = keep(Refund.run)
        """,
    )


@needs("temporalio")
def test_receivers_of_which_only_their_types_are_known(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        def pools() -> dict[str, Executor]: ...

        def work(name: str) -> None:
            pools()[name].submit(Refund().run, "a")  # E: color-lost "`concurrent.futures."
        """,
    )


@needs("temporalio")
def test_functions_that_only_look_at_what_they_get_are_no_findings(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        import functools
        import inspect
        from unittest.mock import Mock

        def look() -> None:
            inspect.signature(Refund.run)
            inspect.iscoroutinefunction(Refund.run)
            functools.update_wrapper(charge, Refund.run)
            Mock(side_effect=Refund.run)
            print(callable(Refund.run), isinstance(Refund.run, object), sorted([Refund.run.__name__]))
        """,
    )


@needs("temporalio")
def test_tests_may_do_with_workflows_what_they_like(tmp_path: Path) -> None:
    (tmp_path / "bus").mkdir()
    (tmp_path / "bus" / "__init__.py").write_text(PACKAGE)
    project = tmp_path / "project"
    project.mkdir()
    check(
        project,
        {
            "flows.py": "from temporalio import workflow\n\n@workflow.defn\nclass Flow:\n"
            "    @workflow.run\n    async def run(self) -> None: ...\n",
            "tests/test_flows.py": "import bus\nfrom flows import Flow\n\nbus.call_later(Flow.run)\n",
        },
        mypy=f'{EMPTY}\nmypy_path = "{tmp_path.as_posix()}"',
        args=("flows.py", "tests/test_flows.py"),
    )


@needs("dbos")
def test_where_a_call_is_recorded_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "bus").mkdir()
    (tmp_path / "bus" / "__init__.py").write_text(PACKAGE)
    project = tmp_path / "project"
    project.mkdir()
    check(
        project,
        """\
from collections.abc import Callable
from typing import Any

import bus
from dbos import DBOS

@DBOS.step()
def charge(order: str) -> int: ...

@DBOS.workflow()
def payment(order: str) -> int:
    return charge(order)

bus.call_later(payment, "a")
held: Callable[..., Any] = payment
""",
        mypy=f'{EMPTY}\nmypy_path = "{tmp_path.as_posix()}"',
    )


# -- what annotations hide ---------------------------------------------------------------------------


@needs("temporalio")
def test_a_variable_attribute_or_result_declared_as_callable_hides_a_workflow(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        first: Callable[..., Any] = Refund.run  # E: color-lost "`first` is declared as a plain callable"
        second: Workflow[..., Any] = Refund.run
        third = Refund.run
        fourth: Any = Refund.run

        class Table:
            handler: Callable[..., Any] | None = None

            def fill(self, it: bus.Bus) -> None:
                self.handler = Refund.run  # E: color-lost "`handler` is declared as a plain callable"
                it.handler = Refund.run  # E: color-lost

        def choose() -> Callable[..., Any]:
            return Refund.run  # E: color-lost "The result of `choose` is declared as a plain callable"

        def choose_workflow() -> Workflow[..., Any]:
            return Refund.run
        """,
    )


@needs("temporalio")
def test_a_step_may_go_through_a_variable_on_its_way_to_the_engine(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        @activity.defn
        async def refund(what: str) -> int: ...

        @workflow.defn
        class Payment:
            @workflow.run
            async def run(self, order: str) -> int:
                step: Callable[[str], Awaitable[int]] = charge if order else refund
                step = charge
                return await workflow.execute_activity(step, order, start_to_close_timeout=LIMIT)
        """,
    )


def test_a_workflow_of_runtime_min_is_hidden_by_a_callable(tmp_path: Path) -> None:
    check(
        tmp_path,
        """\
from collections.abc import Callable
from typing import Any

from runtime_min import Workflow, step, workflow

@workflow
async def payment(order: str) -> int:
    return 1

@step
async def charge(order: str) -> int:
    return 1

hidden: Callable[[str], Any] = payment  # E: color-lost
seen: Workflow[[str], int] = payment
mixed: Workflow[[str], int] = charge  # M: assignment
""",
    )


@needs("aws_durable_execution_sdk_python")
def test_a_function_that_makes_a_handler_may_say_callable(tmp_path: Path) -> None:
    check(
        tmp_path,
        """\
from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.types import LambdaContext

def make() -> Callable[[Any, LambdaContext], Any]:
    @durable_execution
    def handler(event: Any, context: DurableContext) -> str:
        return ""

    return handler

lambda_handler: Callable[[Any, LambdaContext], Any] = make()
""",
    )


# -- the wrong color ---------------------------------------------------------------------------------


@needs("temporalio")
def test_a_workflow_where_temporal_takes_an_activity_and_the_other_way_round(tmp_path: Path) -> None:
    temporal(
        tmp_path,
        """\
        @workflow.defn
        class Payment:
            @workflow.run
            async def run(self, order: str) -> int:
                await workflow.execute_activity(Refund.run, args=[order], start_to_close_timeout=LIMIT)  # E: color-lost "`execute_activity` takes an activity, and `Refund.run` is a workflow."
                await workflow.execute_activity_method(Refund.run, order, start_to_close_timeout=LIMIT)  # E: color-lost "Write `await workflow.execute_child_workflow(Refund.run, ...)`"
                await workflow.execute_child_workflow(Shop.pack, order)  # E: color-lost "`execute_child_workflow` takes a workflow, and `Shop.pack` is an activity."
                await workflow.execute_child_workflow(Refund.run, order)
                return await workflow.execute_activity(charge, order, start_to_close_timeout=LIMIT)

        async def main(client: Client) -> None:
            await client.start_workflow(Shop.pack, "a", id="1", task_queue="q")  # E: color-lost "In a workflow, write `await workflow.execute_activity(Shop.pack"
            await client.start_workflow(Refund.run, "a", id="1", task_queue="q")
        """,
    )


@needs("dapr.ext.workflow")
def test_a_workflow_where_dapr_takes_an_activity_and_the_other_way_round(tmp_path: Path) -> None:
    check(
        tmp_path,
        """\
from typing import Any, Generator

from dapr.ext.workflow import DaprWorkflowClient, DaprWorkflowContext, WorkflowActivityContext, WorkflowRuntime

runtime = WorkflowRuntime()

@runtime.workflow
def payment(ctx: DaprWorkflowContext, order: str) -> Generator[Any, Any, int]:
    yield ctx.call_activity(refund, input=order)  # E: color-lost "`call_activity` takes an activity, and `refund` is a workflow"
    yield ctx.call_child_workflow(charge, input=order)  # E: color-lost
    yield ctx.call_activity(charge, input=order)
    yield ctx.call_child_workflow(refund, input=order)
    return 1

@runtime.workflow
def refund(ctx: DaprWorkflowContext, order: str) -> Generator[Any, Any, int]:
    yield ctx.call_activity(charge, input=order)
    return 1

@runtime.activity
def charge(ctx: WorkflowActivityContext, order: str) -> int: ...

DaprWorkflowClient().schedule_new_workflow(charge, input="a")  # E: color-lost
""",
        mypy=EMPTY,
    )


@needs("durabletask")
def test_functions_that_a_worker_registers_are_told_apart_too(tmp_path: Path) -> None:
    check(
        tmp_path,
        """\
from typing import Any

from durabletask import task, worker

def charge(ctx: task.ActivityContext, order: str) -> int: ...

def refund(ctx: task.OrchestrationContext, order: str) -> Any:
    yield ctx.call_activity(charge, input=order)

def payment(ctx: task.OrchestrationContext, order: str) -> Any:
    yield ctx.call_sub_orchestrator(refund, input=order)
    yield ctx.call_sub_orchestrator(charge, input=order)  # E: color-lost "`call_sub_orchestrator` takes a workflow"  # M: arg-type
    return 1

with worker.TaskHubGrpcWorker() as host:
    host.add_orchestrator(payment)
    host.add_orchestrator(refund)
    host.add_activity(charge)
""",
        mypy=EMPTY,
    )


@needs("temporalio")
def test_a_comment_of_mypy_suppresses_it(tmp_path: Path) -> None:
    temporal(tmp_path, 'bus.call_later(Refund.run, "a")  # type: ignore[color-lost]\n')
