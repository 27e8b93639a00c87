"""step-arguments with the other engines, each by the forms in which it hands on arguments."""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mypy_plugin.runner import MYPY, check


def test_dbos_workflows_that_are_enqueued_by_name(tmp_path: Path) -> None:
    check(tmp_path, """\
from dbos import DBOS, DBOSClient, EnqueueOptions
from sqlalchemy.orm import Session


@DBOS.workflow()
def pay(order: str, amount: int = 1) -> str:
    return order


@DBOS.workflow(name="refund-v2")
async def refund(order: str, *, reason: str) -> list[bytes]:
    return [order.encode()]


class Bank:
    @staticmethod
    @DBOS.workflow()
    def close(day: str) -> None:
        DBOS.logger.info(day)


async def start(client: DBOSClient, session: Session) -> None:
    options: EnqueueOptions = {"queue_name": "q", "workflow_name": "pay"}
    reveal_type(client.enqueue(options, "book", 3))  # R: WorkflowHandle[str]
    reveal_type(client.enqueue({"queue_name": "q", "workflow_name": "refund-v2"}, "book", reason="late"))  # R: WorkflowHandle[list[bytes]]
    await client.enqueue_async({"queue_name": "q", "workflow_name": "pay"}, "book", amount=3)
    client.enqueue({"queue_name": "q", "workflow_name": "Bank.close"}, "monday")
    DBOS.enqueue_workflow_with_options({"queue_name": "q", "workflow_name": "unknown"}, 1, 2, 3)
    client.enqueue(options, 3)  # E: step-arguments "`pay` takes `str` as `order`, and is given `int`."
    client.enqueue(options)  # E: step-arguments "takes 1 to 2 arguments (order: str, amount: int = ...), and is given none"
    client.enqueue(options, "book", 1, 2)  # E: step-arguments "and is given 3"
    await client.enqueue_async({"queue_name": "q", "workflow_name": "pay"}, "book", amount="3")  # E: step-arguments "`int` as `amount`"
    client.enqueue({"queue_name": "q", "workflow_name": "pay"}, "book", count=3)  # E: step-arguments "is given one named `count`"
    client.enqueue({"queue_name": "q", "workflow_name": "refund-v2"}, "book")  # E: step-arguments
    client.enqueue({"queue_name": "q", "workflow_name": "Bank.close"}, 1)  # E: step-arguments
    client.enqueue_in_transaction(session, {"queue_name": "q", "workflow_name": "pay"}, 1)  # E: step-arguments
    DBOS.enqueue_workflow_with_options({"queue_name": "q", "workflow_name": "pay"}, 1)  # E: step-arguments
    await DBOS.enqueue_workflow_with_options_async({"queue_name": "q", "workflow_name": "pay"}, 1)  # E: step-arguments
""")  # fmt: skip


def test_dbos_itself_checks_what_is_started_by_the_function(tmp_path: Path) -> None:
    check(tmp_path, """\
from dbos import DBOS, Queue

queue = Queue("q")


@DBOS.workflow()
def pay(order: str, amount: int) -> str:
    return order


@DBOS.step()
def store(order: str) -> None:
    DBOS.logger.info(order)


@DBOS.workflow()
def parent() -> None:
    DBOS.start_workflow(pay, "book", 3)
    queue.enqueue(pay, "book", 3)
    DBOS.start_workflow(pay, "book")  # M: call-arg
    queue.enqueue(pay, 3, 3)  # M: arg-type
    DBOS.run_step(None, store, 3)  # M: call-overload
""")  # fmt: skip


def test_restate_steps_with_their_arguments(tmp_path: Path) -> None:
    check(tmp_path, """\
from dataclasses import dataclass

import restate

payments = restate.Service("payments")


@dataclass
class Order:
    id: str


async def charge(order: Order, attempts: int) -> str:
    return order.id


def clear() -> None:
    print("clear")


@payments.handler()
async def refund(ctx: restate.Context, order: str) -> str:
    return order


@payments.handler()
async def ping(ctx: restate.Context) -> str:
    return "pong"


@payments.handler()
async def pay(ctx: restate.Context, name: str) -> str:
    order = Order(name)
    await ctx.run("clear", clear)
    await ctx.run("charge", lambda: charge(order, 1))
    await ctx.run("charge", charge, args=(order, 3))
    await ctx.run_typed("charge", charge, order=order, attempts=3)
    await ctx.service_call(refund, arg=name)
    await ctx.service_call(ping, arg=None)
    await ctx.run("charge", charge)  # E: step-arguments "`charge` takes 2 arguments (order: Order, attempts: int), and is given none. The engine hands arguments on without a check, and the run block fails whenever it is tried. Pass `args=(order, attempts)`."
    await ctx.run("charge", charge, args=(order.id, 3))  # E: step-arguments "`charge` takes `Order` as `order`, and is given `str`."
    await ctx.run("charge", charge, args=({"id": "a"}, 3))  # E: step-arguments
    await ctx.run("clear", clear, args=(order,))  # E: step-arguments "takes no arguments"
    await ctx.service_call(refund, arg=3)  # M: arg-type
    return order.id
""")  # fmt: skip


DURABLE = """\
from dataclasses import dataclass
from typing import Any

from durabletask import client, task, worker


@dataclass
class Order:
    id: str


def charge(ctx: task.ActivityContext, order: Order) -> int:
    return 1


def ping(ctx: task.ActivityContext, _: str) -> str:
    return "pong"


def free(ctx: task.ActivityContext, order: str | None) -> str:
    return order or ""


def child(ctx: task.OrchestrationContext, order: Order) -> Any:
    yield ctx.create_timer(ctx.current_utc_datetime)
    return order.id


def register(host: worker.TaskHubGrpcWorker) -> None:
    host.add_activity(charge)
    host.add_activity(ping)
    host.add_activity(free)
    host.add_orchestrator(child)
    host.add_orchestrator(parent)

"""


@pytest.mark.skipif(MYPY < (2, 0), reason="mypy 1.18 itself crashes on durabletask")
def test_durable_task_hands_on_none_where_nothing_is_given(tmp_path: Path) -> None:
    check(tmp_path, DURABLE + """
def parent(ctx: task.OrchestrationContext, order: Order) -> Any:
    yield ctx.call_activity(charge, input=order)
    yield ctx.call_activity("charge", input=order)
    yield ctx.call_activity("charge", input={"id": "a"})
    yield ctx.call_activity(ping)
    yield ctx.call_activity(free)
    yield ctx.call_activity("free")
    yield ctx.call_sub_orchestrator(child, input=order)
    reveal_type(ctx.call_activity("charge", input=order))  # R: CompletableTask[int]
    yield ctx.call_activity(charge)  # E: step-arguments "`charge` takes 1 argument (order: Order), and is given none, so that it gets `None`. The engine hands arguments on without a check, and the activity fails whenever it is tried. Pass `input=order`."
    yield ctx.call_activity("charge")  # E: step-arguments
    yield ctx.call_activity("charge", input=5)  # E: step-arguments "is given `int`"
    yield ctx.call_activity(charge, input=5)  # M: arg-type
    yield ctx.call_sub_orchestrator(child)  # E: step-arguments "the workflow cannot run. Pass `input=order`."
    yield ctx.call_sub_orchestrator("child", input=[order])  # E: step-arguments
    ctx.continue_as_new(order)
    ctx.continue_as_new(5)  # E: step-arguments "`parent` takes `Order` as `order`, and is given `int`."
    return order.id


def start(host: client.TaskHubGrpcClient, order: Order) -> None:
    host.schedule_new_orchestration(child, input=order)
    host.schedule_new_orchestration("child", input=order)
    host.schedule_new_orchestration(child)  # E: step-arguments
    host.schedule_new_orchestration("child", input=5)  # E: step-arguments
""")  # fmt: skip


def test_dapr_activities_and_workflows(tmp_path: Path) -> None:
    check(tmp_path, """\
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import dapr.ext.workflow as wf

runtime = wf.WorkflowRuntime()


@dataclass
class Order:
    id: str


@runtime.activity(name="notify-v2")
def notify(ctx: wf.WorkflowActivityContext, text: str) -> str:
    return text


@runtime.activity
def ping(ctx: wf.WorkflowActivityContext) -> str:
    return "pong"


@runtime.activity
def add(ctx: wf.WorkflowActivityContext, one: int, two: int) -> int:
    return one + two


@runtime.workflow
def child(ctx: wf.DaprWorkflowContext, order: Order) -> Generator[Any, Any, str]:
    yield ctx.call_activity(notify, input=order.id)
    return order.id


@runtime.workflow
def parent(ctx: wf.DaprWorkflowContext, order: Order) -> Generator[Any, Any, str]:
    yield ctx.call_activity(ping, input=order)
    yield ctx.call_activity("notify-v2", input=order.id)
    yield ctx.call_child_workflow(child, input=order)
    yield ctx.call_activity(notify, input=order)  # E: step-arguments "`notify` takes `str` as `text`, and is given `Order`."
    yield ctx.call_activity("notify-v2", input=order)  # E: step-arguments
    yield ctx.call_activity(notify)  # E: step-arguments "so that it gets `None`"
    yield ctx.call_activity(add, input=1)  # E: step-arguments "It hands on one argument: put what belongs together into one object, such as a dataclass."
    yield ctx.call_child_workflow(child, input=5)  # E: step-arguments
    yield ctx.call_child_workflow("child")  # E: step-arguments
    ctx.continue_as_new(5)  # E: step-arguments "`parent` takes `Order`"
    return order.id


def start(client: wf.DaprWorkflowClient, order: Order) -> None:
    client.schedule_new_workflow(parent, input=order)
    client.schedule_new_workflow(parent, input=5)  # E: step-arguments
    client.schedule_new_workflow(workflow="parent")  # E: step-arguments
""", strict=False)  # fmt: skip


AZURE = """\
from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="order")
def charge(order: str) -> str:
    return order


@app.function_name("SayHello")
@app.activity_trigger(input_name="name")
def hello(name: str) -> str:
    return name


@app.activity_trigger(input_name="order")
@app.blob_input(arg_name="blob", path="a", connection="b")
def stored(order: str, blob: bytes) -> str:
    return order


@app.orchestration_trigger(context_name="context")
def payment(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    yield context.call_activity("charge", "book")
    yield context.call_activity("charge", input_="book")
    yield context.call_activity("charge")
    yield context.call_activity("stored", 5)
    yield context.call_activity("charge", 5)  # E: step-arguments "`charge` takes `str` as `order`, and is given `int`."
    yield context.call_activity(charge, 5)  # E: step-arguments
    yield context.call_activity("SayHello", [1])  # E: step-arguments "`SayHello` takes `str` as `name`"
    yield context.call_activity_with_retry("charge", df.RetryOptions(1, 1), 5)  # E: step-arguments
    return ""
"""


def test_azure_activities_without_the_types_of_the_sdk(tmp_path: Path) -> None:
    check(tmp_path, AZURE, strict=False, mypy="ignore_missing_imports = true")


def test_azure_activities_with_the_types_of_the_sdk(tmp_path: Path) -> None:
    check(tmp_path, AZURE, strict=False, mypy="follow_untyped_imports = true")


def test_aws_itself_checks_what_a_step_is_given(tmp_path: Path) -> None:
    check(tmp_path, """\
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step


@durable_step
def charge(ctx: StepContext, order: str) -> str:
    return order


@durable_execution
def payment(event: dict[str, Any], context: DurableContext) -> str:
    context.step(charge("book"))
    context.step(charge(5))  # M: arg-type
    context.step(charge())  # M: call-arg
    return "done"
""", strict=False)  # fmt: skip


def test_runtime_min_checks_its_own(tmp_path: Path) -> None:
    check(tmp_path, """\
from runtime_min import child, start, step, workflow


@step
async def charge(order: str) -> str:
    return order


@workflow
async def payment(order: str) -> str:
    return await charge(order)


@workflow
async def parent() -> None:
    await child(payment, "book")
    await child(payment, 5)  # M: arg-type
    await charge(5)  # M: arg-type


async def main() -> None:
    await start(payment)  # M: call-arg
""")  # fmt: skip
