"""step-arguments with Temporal: activities, child workflows, signals, queries, updates, schedules."""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

from tests.mypy_plugin.runner import check, configure, run_mypy, write

ACTIVITIES = """\
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypedDict
from uuid import UUID

from temporalio import activity, workflow
from temporalio.client import Client, ScheduleActionStartWorkflow, WithStartWorkflowOperation
from temporalio.common import RawValue, WorkflowIDConflictPolicy

LIMIT = timedelta(seconds=5)


@dataclass
class Order:
    id: str
    amount: int


@activity.defn
async def charge(order: Order, attempts: int) -> str:
    return f"{order.id}: {attempts}"


@activity.defn
def log(text: str) -> None:
    activity.heartbeat(text)


@activity.defn
async def nothing() -> int:
    return 1

"""


def test_arguments_in_a_list_are_compared_with_the_activity(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> None:
        both = (order, 3)
        await workflow.execute_activity(charge, args=[order, 3], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=both, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(nothing, args=[], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=[order], start_to_close_timeout=LIMIT)  # E: step-arguments "`charge` takes 2 arguments (order: Order, attempts: int), and is given 1. The engine hands arguments on without a check, and the activity fails whenever it is tried. Pass `args=[order, attempts]`."
        await workflow.execute_activity(charge, args=(3, order), start_to_close_timeout=LIMIT)  # E: step-arguments "`charge` takes `Order` as `order`, and is given `int`."
        await workflow.start_activity(charge, args=[order, "3"], start_to_close_timeout=LIMIT)  # E: step-arguments "`charge` takes `int` as `attempts`, and is given `str`."
        await workflow.execute_local_activity(charge, args=[order, 3, 4], start_to_close_timeout=LIMIT)  # E: step-arguments "and is given 3."
        await workflow.start_local_activity(log, args=[], start_to_close_timeout=LIMIT)  # E: step-arguments "is given none. "
        await workflow.start_activity(nothing, args=[order], start_to_close_timeout=LIMIT)  # E: step-arguments "`nothing` takes no arguments, and is given 1."
""")  # fmt: skip


def test_what_the_types_of_the_sdk_refuse_is_not_reported_twice(tmp_path: Path) -> None:
    program = (
        ACTIVITIES
        + """
@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> None:
        await workflow.execute_activity(log, order, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, order, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(log, start_to_close_timeout=LIMIT)
        await workflow.execute_child_workflow(Payment.run, 5, id="x")
"""
    )
    write(tmp_path, {"app.py": program})
    configure(tmp_path)
    result = run_mypy(tmp_path, ".")
    assert [error.line for error in result.errors] == [40, 41, 42, 43], result.stdout
    assert not result.ours


def test_a_name_stands_for_the_activity_that_is_registered_under_it(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
@activity.defn(name="refund-v2")
async def refund(order: Order, reason: str = "") -> None:
    activity.heartbeat()


@activity.defn(dynamic=True)
async def anything(args: Sequence[RawValue]) -> str:
    return activity.info().activity_type


CHARGE = "charge"


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order, name: str) -> None:
        await workflow.execute_activity("log", "text", start_to_close_timeout=LIMIT)
        await workflow.execute_activity("refund-v2", order, start_to_close_timeout=LIMIT)
        await workflow.execute_activity("refund-v2", args=[order, "late"], start_to_close_timeout=LIMIT)
        await workflow.execute_activity("something else", 1, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(name, 1, start_to_close_timeout=LIMIT)
        await workflow.execute_activity("log", 5, start_to_close_timeout=LIMIT)  # E: step-arguments "`log` takes `str` as `text`, and is given `int`."
        await workflow.execute_activity("log", start_to_close_timeout=LIMIT)  # E: step-arguments "is given none"
        await workflow.execute_activity("refund-v2", start_to_close_timeout=LIMIT)  # E: step-arguments "takes 1 to 2 arguments (order: Order, reason: str = ...)"
        await workflow.execute_activity("charge", [order, 3], start_to_close_timeout=LIMIT)  # E: step-arguments "A list is one argument: pass its items in `args=[...]`."
        await workflow.execute_activity(CHARGE, order, start_to_close_timeout=LIMIT)  # E: step-arguments
""")  # fmt: skip


def test_a_name_means_what_another_module_defines(tmp_path: Path) -> None:
    check(tmp_path, {
        "names.py": 'CHARGE = "charge"\n',
        "activities.py": """\
from temporalio import activity


class Bank:
    @activity.defn
    async def charge(self, order: str, amount: int) -> str:
        return order
""",
        "app.py": """\
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import names


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_activity("charge", args=[order, 1], start_to_close_timeout=timedelta(1))
        await workflow.execute_activity("charge", order, start_to_close_timeout=timedelta(1))  # E: step-arguments
        await workflow.execute_activity(names.CHARGE, order, start_to_close_timeout=timedelta(1))  # E: step-arguments
""",
    })  # fmt: skip


def test_one_of_several_functions_of_a_name_may_be_meant(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
class Test:
    @activity.defn(name="log")
    async def log(self, text: str, level: int) -> None:
        activity.heartbeat(text)


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> None:
        await workflow.execute_activity("log", "text", start_to_close_timeout=LIMIT)
        await workflow.execute_activity("log", args=["text", 1], start_to_close_timeout=LIMIT)
        await workflow.execute_activity("log", args=["text", 1, 2], start_to_close_timeout=LIMIT)  # E: step-arguments
""")  # fmt: skip


def test_what_can_be_read_as_the_type_of_the_parameter_fits(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
class Kind(str, Enum):
    BOOK = "book"


class Row(TypedDict):
    id: str
    amount: int


class Short(TypedDict):
    id: str


@dataclass
class Twin:
    id: str
    amount: int


@activity.defn
async def store(
    kind: Kind, when: datetime, key: UUID, rates: list[float], rows: dict[str, Order], pair: tuple[int, str],
    more: Any, maybe: str | None,
) -> None:
    activity.heartbeat()


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, row: Row, twin: Twin, short: Short, numbers: list[int], some: str | None) -> None:
        await workflow.execute_activity(charge, args=[row, 3], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=[twin, True], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=[{"id": "a", "amount": 1}, 3], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(
            store, args=["book", "2024-01-01", "0", numbers, {"a": row}, [1, "a"], row, some],
            start_to_close_timeout=LIMIT,
        )
        await workflow.execute_activity(charge, args=[short, 3], start_to_close_timeout=LIMIT)  # E: step-arguments "is given `Short`"
        await workflow.execute_activity(charge, args=[row, 3.5], start_to_close_timeout=LIMIT)  # E: step-arguments "is given `float`"
        await workflow.execute_activity(charge, args=[[row], 3], start_to_close_timeout=LIMIT)  # E: step-arguments "is given `list[Any]`"
        await workflow.execute_activity(log, args=[some], start_to_close_timeout=LIMIT)  # E: step-arguments "and is given `str | None`."
        await workflow.execute_activity(log, args=[numbers], start_to_close_timeout=LIMIT)  # E: step-arguments
""")  # fmt: skip


def test_a_text_or_both_forms_in_place_of_the_list(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
@workflow.defn
class Payment:
    @workflow.run
    async def run(self, text: str) -> None:
        await workflow.execute_activity(log, args=text, start_to_close_timeout=LIMIT)  # E: step-arguments "`args` is a str here: `log` gets each of its characters as an argument of its own. Pass `args=[text]`."
        await workflow.execute_activity("log", args=("text"), start_to_close_timeout=LIMIT)  # E: step-arguments "Pass `args=[...]`."
        await workflow.execute_activity("log", text, args=[text], start_to_close_timeout=LIMIT)  # E: step-arguments "without `arg`"
""")  # fmt: skip


def test_what_the_source_does_not_show_is_not_guessed(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
@activity.defn
async def many(first: str, *others: int) -> None:
    activity.heartbeat()


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order, rest: list[Any], options: dict[str, Any]) -> None:
        await workflow.execute_activity(charge, args=rest, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=[order, *rest], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=[*rest], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=rest + [1], start_to_close_timeout=LIMIT)
        await workflow.execute_activity("charge", **options)
        await workflow.execute_activity(many, args=["a", 1, 2, 3], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(many, args=["a", 1, "2"], start_to_close_timeout=LIMIT)  # E: step-arguments "`int` as `others`"
        await workflow.execute_activity(charge, args=[1, *rest], start_to_close_timeout=LIMIT)  # E: step-arguments "is given `int`"
        await workflow.execute_activity(charge, args=[order, 1, 2, *rest], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.execute_activity("log", 1, **options)  # E: step-arguments
""")  # fmt: skip


def test_methods_and_classes_as_activities(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
class Mail:
    @activity.defn
    async def send(self, user: str, text: str) -> None:
        activity.heartbeat()

    @staticmethod
    @activity.defn
    async def plain(user: str) -> None:
        activity.heartbeat()


@activity.defn
class Audit:
    async def __call__(self, user: str, level: int) -> None:
        activity.heartbeat()


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, user: str) -> None:
        mail = Mail()
        await workflow.execute_activity_method(Mail.send, args=[user, "hi"], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(mail.send, args=[user, "hi"], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(Mail.plain, args=[user], start_to_close_timeout=LIMIT)
        await workflow.execute_activity_class(Audit, args=[user, 1], start_to_close_timeout=LIMIT)
        await workflow.execute_activity("send", args=[user, "hi"], start_to_close_timeout=LIMIT)
        await workflow.execute_activity_method(Mail.send, args=[user], start_to_close_timeout=LIMIT)  # E: step-arguments "`Mail.send` takes 2 arguments (user: str, text: str), and is given 1."
        await workflow.start_activity_method(Mail.send, args=[user, 1], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.execute_local_activity_method(Mail.send, args=[], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.execute_activity(mail.send, args=[user], start_to_close_timeout=LIMIT)  # E: step-arguments "`mail.send` takes 2"
        await workflow.execute_activity(Mail.plain, args=[], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.execute_activity_class(Audit, args=[user], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.start_activity_class(Audit, args=[1, 1], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.execute_activity("send", user, start_to_close_timeout=LIMIT)  # E: step-arguments
""")  # fmt: skip


HANDLERS = (
    ACTIVITIES
    + """
@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str, days: int) -> str:
        await workflow.wait_condition(lambda: days > 3)
        return user

    @workflow.signal
    async def stop(self, reason: str, days: int) -> None:
        workflow.logger.info(reason)

    @workflow.signal(name="go-on")
    def resume(self) -> None:
        workflow.logger.info("on")

    @workflow.query
    def count(self, kind: str, least: int) -> int:
        return least

    @workflow.update
    async def extend(self, days: int, reason: str) -> int:
        return days

    @workflow.update
    async def end(self) -> None:
        workflow.logger.info("end")


@workflow.defn
class Other:
    @workflow.run
    async def run(self) -> None:
        workflow.logger.info("other")

    @workflow.signal
    async def stop(self) -> None:
        workflow.logger.info("stop")

"""
)


def test_child_workflows_and_their_signals(tmp_path: Path) -> None:
    check(tmp_path, HANDLERS + """
@workflow.defn
class Parent:
    @workflow.run
    async def run(self, user: str) -> None:
        child = await workflow.start_child_workflow(Trial.run, args=[user, 3], id="a")
        await child.signal(Trial.stop, args=["late", 3])
        await child.signal("stop", args=["late", 3])
        await child.signal("go-on")
        await child.signal(Trial.stop, args=["late"])  # E: step-arguments "`Trial.stop` takes 2 arguments (reason: str, days: int), and is given 1. The engine hands arguments on without a check, and the signal fails in the workflow that gets it."
        await child.signal("stop")  # E: step-arguments
        await child.signal("go-on", 1)  # E: step-arguments "takes no arguments"
        await workflow.execute_child_workflow(Trial.run, args=[user], id="a")  # E: step-arguments "and the workflow cannot run"
        await workflow.execute_child_workflow("Trial", user, id="a")  # E: step-arguments "`Trial` takes 2 arguments"
        await workflow.start_child_workflow("Trial", args=[3, user], id="a")  # E: step-arguments
        named = await workflow.start_child_workflow("Trial", args=[user, 3], id="a")
        await named.signal("stop")  # E: step-arguments
        outside = workflow.get_external_workflow_handle_for(Other.run, "a")
        await outside.signal("stop")
        await outside.signal("stop", "late")  # E: step-arguments
        unknown = workflow.get_external_workflow_handle("a")
        await unknown.signal("stop")
        await unknown.signal("stop", args=["late", 3])
        await unknown.signal("stop", "late")  # E: step-arguments
        await unknown.signal("nobody knows", "late")
""")  # fmt: skip


def test_a_workflow_that_continues_as_new_gets_its_own_arguments(tmp_path: Path) -> None:
    check(tmp_path, HANDLERS + """
@workflow.defn
class Loop:
    @workflow.run
    async def run(self, user: str, count: int = 0) -> None:
        await workflow.sleep(5)
        if count < 5:
            workflow.continue_as_new(args=[user, count + 1])
        if count < 6:
            workflow.continue_as_new(user)
        if count < 7:
            workflow.continue_as_new(args=[user, 3], workflow=Trial.run)
        if count < 8:
            self.again(user)
        if count < 9:
            workflow.continue_as_new(args=[user], workflow=Trial.run)  # E: step-arguments "`Trial.run` takes 2"
        workflow.continue_as_new()  # E: step-arguments "`Loop.run` takes 1 to 2 arguments"

    def again(self, user: str) -> None:
        workflow.continue_as_new(args=[5, user])  # E: step-arguments


def helper(user: str) -> None:
    workflow.continue_as_new(1)
""")  # fmt: skip


def test_what_clients_start_signal_query_and_update(tmp_path: Path) -> None:
    check(tmp_path, HANDLERS + """
async def start(client: Client, user: str) -> None:
    handle = await client.start_workflow(Trial.run, args=[user, 3], id="a", task_queue="q")
    await client.execute_workflow("Trial", args=[user, 3], id="a", task_queue="q")
    await handle.signal(Trial.stop, args=["late", 3])
    await handle.query(Trial.count, args=["late", 3])
    await handle.execute_update(Trial.extend, args=[3, "late"])
    await handle.execute_update(Trial.end)
    await handle.execute_update("end")
    await client.start_workflow(Trial.run, args=[user], id="a", task_queue="q")  # E: step-arguments
    await client.execute_workflow(Trial.run, args=[3, user], id="a", task_queue="q")  # E: step-arguments
    await client.execute_workflow("Trial", user, id="a", task_queue="q")  # E: step-arguments
    await handle.signal(Trial.stop, args=["late"])  # E: step-arguments
    await handle.signal("stop", "late")  # E: step-arguments
    await handle.query(Trial.count, args=["late"])  # E: step-arguments "the query fails in the workflow that gets it"
    await handle.query("count", 1)  # E: step-arguments
    await handle.execute_update(Trial.extend, args=["late", 3])  # E: step-arguments "`Trial.extend` takes `int` as `days`"
    await handle.execute_update("extend", 3)  # E: step-arguments "the update fails"
    await handle.execute_update("end", 3)  # E: step-arguments
    unknown = client.get_workflow_handle("a")
    await unknown.signal("stop")
    await unknown.signal("stop", "late")  # E: step-arguments


async def signal_with_start(client: Client, user: str) -> None:
    await client.start_workflow(
        Trial.run, args=[user, 3], id="a", task_queue="q", start_signal="stop", start_signal_args=["late", 3]
    )
    await client.start_workflow(Other.run, id="a", task_queue="q", start_signal="stop")
    await client.start_workflow(Trial.run, args=[user, 3], id="a", task_queue="q", start_signal="stop")  # E: step-arguments "`stop` takes 2"
    await client.start_workflow(Other.run, id="a", task_queue="q", start_signal="stop", start_signal_args=[1])  # E: step-arguments
    await client.start_workflow("Other", id="a", task_queue="q", start_signal="stop", start_signal_args=[1])  # E: step-arguments


async def update_with_start(client: Client, user: str) -> None:
    operation = WithStartWorkflowOperation(
        Trial.run, args=[user, 3], id="a", task_queue="q",
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await client.execute_update_with_start_workflow(
        Trial.extend, args=[3, "late"], start_workflow_operation=operation
    )
    await client.execute_update_with_start_workflow(  # E: step-arguments
        Trial.extend, args=[3], start_workflow_operation=operation
    )
    WithStartWorkflowOperation(  # E: step-arguments
        Trial.run, args=[user], id="a", task_queue="q", id_conflict_policy=WorkflowIDConflictPolicy.FAIL
    )


def schedule(user: str) -> None:
    ScheduleActionStartWorkflow(Trial.run, args=[user, 3], id="a", task_queue="q")
    ScheduleActionStartWorkflow("Trial", args=[user, 3], id="a", task_queue="q")
    ScheduleActionStartWorkflow(Trial.run, args=[user], id="a", task_queue="q")  # E: step-arguments
    ScheduleActionStartWorkflow("Trial", user, id="a", task_queue="q")  # E: step-arguments
""")  # fmt: skip


def test_a_workflow_has_the_name_that_it_is_registered_under(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
@workflow.defn(name="trial-v2")
class Trial:
    @workflow.run
    async def begin(self, user: str) -> None:
        workflow.logger.info(user)


async def start(client: Client) -> None:
    await client.start_workflow("trial-v2", "eve", id="a", task_queue="q")
    await client.start_workflow("Trial", 1, id="a", task_queue="q")
    await client.start_workflow("trial-v2", 1, id="a", task_queue="q")  # E: step-arguments
""")  # fmt: skip


def test_generic_and_decorated_activities(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
from collections.abc import Awaitable, Callable, Coroutine
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def with_bank(call: Callable[Concatenate[Order, P], Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    raise NotImplementedError


def untyped(call: Any) -> Any:
    return call


@activity.defn
@with_bank
async def pay(bank: Order, amount: int) -> int:
    return amount


@activity.defn
@untyped
async def free(amount: int) -> int:
    return amount


@activity.defn
async def echo(value: T, times: int) -> T:
    return value


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> None:
        await workflow.execute_activity(pay, args=[1], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(free, args=[order, 1], start_to_close_timeout=LIMIT)
        await workflow.execute_activity("free", order, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(echo, args=[order, 1], start_to_close_timeout=LIMIT)
        await workflow.execute_activity(pay, args=[order, 1], start_to_close_timeout=LIMIT)  # E: step-arguments
        await workflow.execute_activity(echo, args=[order, "x"], start_to_close_timeout=LIMIT)  # E: step-arguments
""")  # fmt: skip


def test_the_result_of_what_is_called_by_name(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
@activity.defn
async def order_of(id: str) -> Order:
    return Order(id, 1)


@activity.defn
async def orders_of(id: str) -> dict[str, list[int]]:
    return {id: [1]}


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> int:
        return 1

    @workflow.query
    def count(self) -> int:
        return 1


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order, name: str) -> None:
        reveal_type(await workflow.execute_activity("charge", args=[order, 1], start_to_close_timeout=LIMIT))  # R: "str"
        reveal_type(await workflow.execute_local_activity("orders_of", "a", start_to_close_timeout=LIMIT))  # R: "dict[str, list[int]]"
        reveal_type(await workflow.execute_activity("order_of", "a", start_to_close_timeout=LIMIT))  # R: "Any"
        reveal_type(await workflow.execute_activity("order_of", "a", result_type=Order, start_to_close_timeout=LIMIT))  # R: "Any"
        reveal_type(await workflow.execute_activity(name, "a", start_to_close_timeout=LIMIT))  # R: "Any"
        reveal_type(workflow.start_activity("charge", args=[order, 1], start_to_close_timeout=LIMIT))  # R: ActivityHandle[str]
        reveal_type(await workflow.execute_child_workflow("Trial", name, id="a"))  # R: "int"
        reveal_type(await workflow.start_child_workflow("Trial", name, id="a"))  # R: ChildWorkflowHandle[app.Trial, int]
        reveal_type(await workflow.execute_activity(charge, args=[order, 1], start_to_close_timeout=LIMIT))  # R: "str"


async def start(client: Client) -> None:
    handle = await client.start_workflow("Trial", "eve", id="a", task_queue="q")
    reveal_type(handle)  # R: WorkflowHandle[app.Trial, int]
    reveal_type(await handle.query("count"))  # R: "int"
    wrong: str = await client.execute_workflow("Trial", "eve", id="a", task_queue="q")  # M: assignment
""")  # fmt: skip


def test_of_several_applications_each_means_its_own_functions(tmp_path: Path) -> None:
    bank = """\
from temporalio import activity


@activity.defn
async def charge(order: {}) -> None:
    activity.heartbeat(order)
"""
    flow = """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_activity("charge", order, start_to_close_timeout=timedelta(seconds=5)){}
"""
    check(tmp_path, {
        "one/__init__.py": "",
        "one/bank.py": bank.format("str"),
        "one/flow.py": flow.format(""),
        "two/__init__.py": "",
        "two/bank.py": bank.format("int"),
        "two/flow.py": flow.format("  # E: step-arguments"),
        "flow.py": flow.format(""),
    })  # fmt: skip


def test_a_raw_payload_may_be_anything(tmp_path: Path) -> None:
    check(tmp_path, ACTIVITIES + """
def made() -> RawValue:
    raise NotImplementedError


@workflow.defn
class Payment:
    @workflow.run
    async def run(self) -> None:
        raw = made()
        await workflow.execute_activity("log", raw, start_to_close_timeout=LIMIT)
        await workflow.execute_activity(charge, args=[raw, raw], start_to_close_timeout=LIMIT)
""")  # fmt: skip
