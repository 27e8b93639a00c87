# ruff: noqa: E501  # what mypy prints is long
"""Colored functions have colored types, on every engine, and remain all that they were to mypy."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest
from mypy.nodes import CallExpr, FuncItem, NameExpr, Node

from mypy_plugin import imports, module_check
from mypy_plugin.coloring import color_of, origin_of
from mypy_plugin.visit import Visit
from tests.mypy_plugin.runner import MYPY, Daemon, assert_as_announced, check, configure, run_mypy, write

#: mypy's code for a decorator without types.
UNTYPED = "untyped-decorator" if MYPY >= (1, 19) else "misc"


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skips a test where an SDK is not installed."""
    missing = [module for module in modules if not _is_installed(module)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def run(directory: Path, source: str, *, mypy: str = 'disable_error_code = ["empty-body"]') -> None:
    """Check an annotated program in which the analyzer has nothing to find."""
    check(directory, dedent(source).replace("untyped-decorator", UNTYPED), mypy=mypy)


# -- what each engine's decorators make --------------------------------------------------------------


@needs("temporalio")
def test_temporal_activities_are_steps_and_run_methods_are_workflows(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from temporalio import activity, workflow

        @activity.defn
        async def charge(order: str) -> int: ...

        @activity.defn(name="mail it")
        def mail(user: str, text: str) -> None: ...

        class Shop:
            @activity.defn
            async def pack(self, order: str) -> bool: ...

            @activity.defn(name="send it")
            def send(self, order: str) -> bool: ...

        @workflow.defn
        class Payment:
            @workflow.init
            def __init__(self, order: str) -> None:
                self.order = order

            @workflow.run
            async def run(self, order: str) -> int:
                return 1

            @workflow.signal
            async def cancel(self, reason: str) -> None: ...

            @workflow.query
            def state(self) -> str:
                return self.order

        reveal_type(charge)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
        reveal_type(mail)  # R: Step[[user: str, text: str], None]
        reveal_type(Shop.pack)  # R: Step[[self: app.Shop, order: str], typing.Coroutine[Any, Any, bool]]
        reveal_type(Shop().pack)  # R: Step[[order: str], typing.Coroutine[Any, Any, bool]]
        reveal_type(Shop().send)  # R: Step[[order: str], bool]
        reveal_type(Payment.run)  # R: Workflow[[self: app.Payment, order: str], typing.Coroutine[Any, Any, int]]
        reveal_type(Payment("a").run)  # R: Workflow[[order: str], typing.Coroutine[Any, Any, int]]
        reveal_type(Payment.cancel)  # R: Workflow[[self: app.Payment, reason: str], typing.Coroutine[Any, Any, None]]
        reveal_type(Payment.state)  # R: Workflow[[self: app.Payment], str]
        reveal_type(Payment)  # R: def (order: str) -> app.Payment
        """,
    )


@needs("temporalio")
def test_temporals_own_functions_take_colored_functions_and_give_their_results(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from datetime import timedelta

        from temporalio import activity, workflow
        from temporalio.client import Client
        from temporalio.worker import Worker

        LIMIT = timedelta(seconds=5)

        @activity.defn
        async def charge(order: str) -> int: ...

        @activity.defn(name="mail it")
        def mail(user: str, text: str) -> bytes: ...

        class Shop:
            @activity.defn
            def pack(self, order: str) -> bool: ...

        @workflow.defn
        class Payment:
            @workflow.run
            async def run(self, order: str) -> float:
                reveal_type(await workflow.execute_activity(charge, order, schedule_to_close_timeout=LIMIT))  # R: int
                sent = await workflow.execute_activity(mail, args=[order, ""], start_to_close_timeout=LIMIT)
                reveal_type(sent)  # R: bytes
                packed = await workflow.execute_activity_method(Shop.pack, order, start_to_close_timeout=LIMIT)
                reveal_type(packed)  # R: bool
                reveal_type(await workflow.start_activity(charge, order, start_to_close_timeout=LIMIT))  # R: int
                reveal_type(await workflow.execute_child_workflow(Payment.run, order))  # R: float
                return 1.0

            @workflow.signal
            async def cancel(self, reason: str) -> None: ...

            @workflow.query
            def state(self) -> str:
                return ""

            @workflow.update
            async def change(self, amount: int) -> bytes:
                return b""

            @change.validator
            def check_change(self, amount: int) -> None: ...

        async def main() -> None:
            client = await Client.connect("localhost:7233")
            result = await client.execute_workflow(Payment.run, "a", id="1", task_queue="q")
            reveal_type(result)  # R: float
            handle = await client.start_workflow(Payment.run, "a", id="1", task_queue="q")
            reveal_type(await handle.result())  # R: float
            await handle.signal(Payment.cancel, "late")
            await handle.signal(Payment.cancel, 1)  # M: call-overload
            reveal_type(await handle.query(Payment.state))  # R: str
            reveal_type(await handle.execute_update(Payment.change, 1))  # R: bytes
            Worker(client, task_queue="q", workflows=[Payment], activities=[charge, mail, Shop().pack])
        """,
    )


@needs("dbos")
def test_dbos_workflows_and_steps_as_functions_and_as_methods(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from dbos import DBOS, DBOSConfiguredInstance, Queue

        @DBOS.step()
        def charge(order: str) -> int: ...

        @DBOS.step(name="mail it", retries_allowed=True)
        async def mail(user: str) -> bool: ...

        @DBOS.workflow()
        def payment(order: str) -> float:
            reveal_type(charge(order))  # R: int
            charge(1)  # M: arg-type "Argument 1 to \\"charge\\""
            return 1.0

        @DBOS.workflow(name="later")
        async def later(order: str) -> float:
            reveal_type(await mail(order))  # R: bool
            return 1.0

        @DBOS.dbos_class()
        class Shop(DBOSConfiguredInstance):
            @DBOS.workflow()
            def pay(self, order: str) -> float:
                return float(self.pack(order))

            @DBOS.step()
            def pack(self, order: str) -> int: ...

            @staticmethod
            @DBOS.workflow()
            def close(day: int) -> str: ...

            @classmethod
            @DBOS.step()
            def count(cls, day: int) -> str: ...

            @DBOS.required_roles(["clerk"])
            @DBOS.workflow()
            def cancel(self, order: str) -> bool: ...

        class Market(Shop):
            @DBOS.workflow()
            def pay(self, order: str) -> float:
                return super().pay(order)

        shop = Shop("shop")
        reveal_type(charge)  # R: Step[[order: str], int]
        reveal_type(mail)  # R: Step[[user: str], typing.Coroutine[Any, Any, bool]]
        reveal_type(payment)  # R: Workflow[[order: str], float]
        reveal_type(later)  # R: Workflow[[order: str], typing.Coroutine[Any, Any, float]]
        reveal_type(Shop.pay)  # R: Workflow[[self: app.Shop, order: str], float]
        reveal_type(shop.pay)  # R: Workflow[[order: str], float]
        reveal_type(shop.pack)  # R: Step[[order: str], int]
        reveal_type(Shop.close)  # R: Workflow[[day: int], str]
        reveal_type(shop.close)  # R: Workflow[[day: int], str]
        reveal_type(Shop.count)  # R: Step[[day: int], str]
        reveal_type(shop.count)  # R: Step[[day: int], str]
        reveal_type(shop.cancel)  # R: Workflow[[order: str], bool]
        reveal_type(Market("m").pay)  # R: Workflow[[order: str], float]

        handle = DBOS.start_workflow(payment, "a")
        reveal_type(handle.get_result())  # R: float
        DBOS.start_workflow(payment, 1)  # M: arg-type
        reveal_type(DBOS.start_workflow(shop.pay, "a").get_result())  # R: float
        reveal_type(Queue("q").enqueue(payment, "a").get_result())  # R: float
        reveal_type(list(map(charge, ["a"])))  # R: list[int]

        async def main() -> None:
            handle = await DBOS.start_workflow_async(later, "a")
            reveal_type(await handle.get_result())  # R: float
        """,
    )


@needs("dbos", "sqlalchemy")
def test_dbos_transactions_are_steps_with_and_without_arguments(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from dbos import SQLAlchemyDatasource

        def declare(source: SQLAlchemyDatasource) -> None:
            @source.transaction
            def charge(order: str) -> int: ...

            @source.transaction(name="refund it")
            def refund(order: str) -> int: ...

            reveal_type(charge)  # R: Step[[order: str], int]
            reveal_type(refund)  # R: Step[[order: str], int]
        """,
    )


@needs("restate")
def test_restate_handlers_are_workflows(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        import restate
        from restate import Context, ObjectContext, Service, VirtualObject, WorkflowContext, WorkflowSharedContext

        shop = Service("shop")
        cart = VirtualObject("cart")
        signup = restate.Workflow("signup")

        def price(order: str) -> int:
            return 1

        @shop.handler()
        async def pay(ctx: Context, order: str) -> int:
            reveal_type(await ctx.service_call(pay, "a"))  # R: int
            reveal_type(await ctx.object_call(add, "key", 1))  # R: bytes
            reveal_type(await ctx.workflow_call(run, "key", "ann"))  # R: str
            reveal_type(await ctx.run_typed("price", price, order=order))  # R: int
            ctx.service_send(pay, "a")
            await ctx.service_call(pay, 1)  # M: arg-type
            return 1

        @cart.handler("add it", kind="exclusive")
        async def add(ctx: ObjectContext, amount: int) -> bytes: ...  # E: not-serializable

        @signup.main()
        async def run(ctx: WorkflowContext, user: str) -> str: ...

        @signup.handler()
        async def confirm(ctx: WorkflowSharedContext, code: str) -> None: ...

        reveal_type(pay)  # R: Workflow[[ctx: restate.context.Context, order: str], typing.Coroutine[Any, Any, int]]
        reveal_type(add)  # R: Workflow[[ctx: restate.context.ObjectContext, amount: int],
        reveal_type(run)  # R: Workflow[[ctx: restate.context.WorkflowContext, user: str],
        reveal_type(confirm)  # R: Workflow[[ctx: restate.context.WorkflowSharedContext, code: str],
        app = restate.app([shop, cart, signup])
        """,
    )


@needs("aws_durable_execution_sdk_python")
def test_aws_functions_are_what_the_sdk_makes_of_them_with_a_color(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from aws_durable_execution_sdk_python import (
            DurableContext, StepContext, durable_execution, durable_step, durable_with_child_context,
        )

        @durable_step
        def charge(ctx: StepContext, order: str) -> int: ...

        @durable_with_child_context
        def refund(ctx: DurableContext, order: str) -> bool: ...

        @durable_execution
        def handler(event: dict[str, str], context: DurableContext) -> str:
            reveal_type(context.step(charge("a")))  # R: int
            reveal_type(context.run_in_child_context(refund("a")))  # R: bool
            context.step(charge(1))  # M: arg-type
            return ""

        reveal_type(charge)  # R: Step[[order: str], def (aws_durable_execution_sdk_python.types.StepContext) -> int]
        reveal_type(refund)  # R: Workflow[[order: str], def (
        reveal_type(handler)  # R: Workflow[[Any, aws_durable_execution_sdk_python.types.LambdaContext], Any]
        bound = charge("a")
        reveal_type(bound)  # R: Step[[aws_durable_execution_sdk_python.types.StepContext], int]
        """,
    )


@needs("azure.durable_functions")
def test_azure_decorators_without_types_give_a_color_and_stay_as_lenient_as_any(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from typing import Any, Generator

        import azure.durable_functions as df

        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context")  # M: untyped-decorator
        def payment(context: df.DurableOrchestrationContext) -> Generator[Any, Any, int]:
            yield context.call_activity(charge, "a")
            yield context.call_activity("charge", "a")
            return 1

        @bp.activity_trigger(input_name="order")  # M: untyped-decorator
        def charge(order: str) -> int: ...

        reveal_type(payment)  # R: Workflow[[context: azure.durable_functions.models.
        reveal_type(charge)  # R: Step[[order: str], int]
        payment.build().get_user_function().orchestrator_function()
        """,
        mypy='disable_error_code = ["empty-body"]\n'
        '[[tool.mypy.overrides]]\nmodule = "azure.*"\nfollow_untyped_imports = true',
    )


@needs("dapr.ext.workflow")
def test_dapr_decorators_with_and_without_arguments(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from typing import Any, Generator

        from dapr.ext.workflow import (
            DaprWorkflowClient, DaprWorkflowContext, WorkflowActivityContext, WorkflowRuntime,
        )

        runtime = WorkflowRuntime()

        @runtime.workflow
        def payment(ctx: DaprWorkflowContext, order: str) -> Generator[Any, Any, int]:
            yield ctx.call_activity(charge, input=order)
            yield ctx.call_activity(tick)
            yield ctx.call_child_workflow(refund, input=order)
            return 1

        @runtime.workflow(name="refund it")  # M: untyped-decorator
        def refund(ctx: DaprWorkflowContext, order: str) -> Generator[Any, Any, int]:
            yield ctx.call_activity(charge, input=order)
            return 1

        @runtime.activity(name="charge it")  # M: untyped-decorator
        def charge(ctx: WorkflowActivityContext, order: str) -> int: ...

        @runtime.activity
        def tick(ctx: WorkflowActivityContext) -> None: ...

        reveal_type(payment)  # R: Workflow[[ctx: dapr.ext.workflow.dapr_workflow_context.DaprWorkflowContext,
        reveal_type(refund)  # R: Workflow[[ctx: dapr.ext.workflow.dapr_workflow_context.DaprWorkflowContext,
        reveal_type(charge)  # R: Step[[ctx: dapr.ext.workflow.workflow_activity_context.WorkflowActivityContext,
        reveal_type(tick)  # R: Step[[ctx: dapr.ext.workflow.workflow_activity_context.WorkflowActivityContext],
        DaprWorkflowClient().schedule_new_workflow(payment, input="a")
        """,
    )


@needs("durabletask")
def test_durable_task_functions_stay_what_they_are_since_only_a_call_registers_them(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from typing import Any, Generator

        from durabletask import task, worker

        def charge(ctx: task.ActivityContext, order: str) -> int: ...

        def payment(ctx: task.OrchestrationContext, order: str) -> Generator[task.Task[Any], Any, int]:
            result: int = yield ctx.call_activity(charge, input=order)
            return result

        with worker.TaskHubGrpcWorker() as host:
            host.add_orchestrator(payment)  # M: arg-type
            host.add_activity(charge)
        reveal_type(charge)  # R: def (ctx: durabletask.task.ActivityContext, order: str) -> int
        """,
    )


def test_runtime_min_has_types_of_its_own(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from runtime_min import child, start, step, workflow

        @step
        async def charge(order: str) -> int: ...

        @step(name="mail it")
        def mail(user: str) -> bool: ...

        @workflow
        async def payment(order: str) -> float:
            reveal_type(await charge(order))  # R: int
            reveal_type(await child(payment, order))  # R: float
            return 1.0

        reveal_type(charge)  # R: runtime_min.colors.Step[[order: str], int]
        reveal_type(mail)  # R: runtime_min.colors.Step[[user: str], bool]
        reveal_type(payment)  # R: runtime_min.colors.Workflow[[order: str], float]
        """,
    )


# -- what a colored function is good for -------------------------------------------------------------

STEPS = """\
from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from temporalio import activity, workflow

from mypy_plugin.colors import Step, Workflow

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

@activity.defn
async def charge(order: str) -> int: ...

@activity.defn
async def refund(what: str) -> int: ...

@activity.defn
def mail(user: str, text: str) -> bool: ...

def plain(order: str) -> int: ...

@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> float: ...

"""


def with_steps(directory: Path, source: str) -> None:
    """Check a program that has the functions above."""
    if not _is_installed("temporalio"):
        pytest.skip("not installed: temporalio")
    check(directory, STEPS + dedent(source), mypy='disable_error_code = ["empty-body"]')


def test_a_call_is_checked_as_before(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        async def test() -> None:
            reveal_type(await charge("a"))  # R: int
            charge("a")  # M: unused-coroutine
            await charge(1)  # M: arg-type "Argument 1 to \\"charge\\" has incompatible type"
            await charge()  # M: call-arg "Missing positional argument \\"order\\" in call to \\"charge\\""
            await charge(order="a")
            await charge(what="a")  # M: call-arg "Unexpected keyword argument \\"what\\" for \\"charge\\""
        """,
    )


def test_it_has_what_functions_have(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        reveal_type(charge.__name__)  # R: str
        reveal_type(charge.__code__)  # R: types.CodeType
        reveal_type(charge.__defaults__)  # R: tuple[Any, ...] | None
        print(charge.__qualname__, charge.__module__, charge.__doc__, charge.__dict__, charge.__annotations__)
        reveal_type(Payment.run.__name__)  # R: str
        print(charge.what)  # M: attr-defined
        given: Step[..., Any] = charge
        reveal_type(given.__name__)  # R: str
        hash(charge), {charge: 1}, callable(charge), isinstance(charge, object)
        """,
    )


def test_functions_that_ask_for_a_color_get_it_with_parameters_and_result(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        def of_step(step: Step[P, R]) -> Callable[P, R]: ...
        def of_workflow(flow: Workflow[P, R]) -> Callable[P, R]: ...

        reveal_type(of_step(charge))  # R: def (order: str) -> typing.Coroutine[Any, Any, int]
        of_workflow(charge)  # M: arg-type
        of_step(Payment.run)  # M: arg-type
        of_workflow(Payment.run)
        of_workflow(Payment().run)
        of_step(plain)  # M: arg-type
        """,
    )


def test_variables_and_fields_hold_a_color(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        Charge: TypeAlias = Step[[str], Awaitable[int]]

        @dataclass
        class Plan:
            step: Charge
            call: Callable[[str], Awaitable[int]]
            others: dict[str, Step[..., Any]] = field(default_factory=dict)

        plan = Plan(charge, charge, {"a": charge, "b": mail})
        reveal_type(plan.step)  # R: Step[[str], typing.Awaitable[int]]
        reveal_type(plan.step("a"))  # R: typing.Awaitable[int]
        reveal_type(plan.others["a"])  # R: Step[..., Any]
        plan.step(1)  # M: arg-type
        plan.step = refund
        plan.step = mail  # M: assignment
        plan.step = plain  # M: assignment
        held: Callable[[str], Awaitable[int]] = charge
        reveal_type(held)  # R: def (str) -> typing.Awaitable[int]
        """,
    )


def test_what_several_have_in_common_can_be_called_as_before(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        both = [charge, refund]
        reveal_type(both)  # R: list[mypy_plugin.colors.Step[[str], typing.Coroutine[Any, Any, int]]]
        reveal_type({"a": charge, "b": charge})  # R: dict[str, mypy_plugin.colors.Step[[order: str],
        for one in both:
            reveal_type(one)  # R: Step[[str], typing.Coroutine[Any, Any, int]]
            one(1)  # M: arg-type, unused-coroutine
        for any_function in [charge, mail]:
            reveal_type(any_function.__name__)  # R: str
        every: list[Callable[..., Any]] = [charge, refund, mail, plain, Payment.run]

        @activity.defn
        def sync(what: str) -> int: ...

        mixed = [plain, sync]
        reveal_type(mixed)  # R: list[def (str) -> int]

        def choose(flag: bool) -> None:
            reveal_type(charge if flag else refund)  # R: Step[[
            reveal_type(charge if flag else mail)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]] |
            (charge if flag else refund)("a")  # M: unused-coroutine
        """,
    )


def test_wrappers_see_parameters_and_result(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        def same(f: Callable[P, R]) -> Callable[P, R]: ...
        def bound(f: Callable[Concatenate[str, P], R]) -> Callable[P, R]: ...
        def result(f: Callable[..., Awaitable[R]]) -> R: ...

        reveal_type(same(charge))  # R: def (order: str) -> typing.Coroutine[Any, Any, int]
        reveal_type(bound(mail))  # R: def (text: str) -> bool
        reveal_type(result(charge))  # R: int
        reveal_type(functools.partial(mail, "a")("b"))  # R: bool
        functools.partial(mail, "a")(1)  # M: arg-type
        functools.partial(mail, 1)  # M: arg-type
        """,
    )


def test_methods_fit_base_classes_and_protocols_as_before(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        class Base(ABC):
            @abstractmethod
            async def pack(self, order: str) -> object: ...

        class Shop(Base):
            @activity.defn
            async def pack(self, order: str) -> int: ...

        class Market(Shop):
            @activity.defn
            async def pack(self, order: str) -> bool: ...

        class Wrong(Shop):
            @activity.defn
            async def pack(self, order: int) -> int: ...  # M: override, override

        class Packs(Protocol):
            async def pack(self, order: str) -> int: ...

        class PacksInStep(Protocol):
            @property
            def pack(self) -> Step[..., Any]: ...

        class PacksInWorkflow(Protocol):
            @property
            def pack(self) -> Workflow[..., Any]: ...

        one: Packs = Shop()
        two: PacksInStep = Market()
        three: PacksInWorkflow = Shop()  # M: assignment

        class Box(Generic[T]):
            @activity.defn
            async def put(self, what: T) -> T: ...

            @staticmethod
            @activity.defn
            def empty(what: str) -> bool: ...

            @classmethod
            @activity.defn
            def label(cls, what: str) -> bool: ...

        reveal_type(Box[int]().put)  # R: Step[[what: int], typing.Coroutine[Any, Any, int]]
        reveal_type(Box.empty)  # R: Step[[what: str], bool]
        reveal_type(Box[int].label)  # R: Step[[what: str], bool]
        """,
    )


def test_generic_and_overloaded_functions_keep_their_types(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        @activity.defn
        def echo(what: T) -> T: ...

        @overload
        def parse(what: str) -> int: ...
        @overload
        def parse(what: bytes) -> float: ...
        @activity.defn
        def parse(what: str | bytes) -> int | float: ...

        def of_step(step: Step[..., Any]) -> None: ...
        def of_workflow(step: Workflow[..., Any]) -> None: ...

        reveal_type(echo(1))  # R: int
        reveal_type(echo)  # R: Step[[what: T
        reveal_type(parse("a"))  # R: int
        reveal_type(parse(b"a"))  # R: float
        of_step(echo)
        of_step(parse)
        of_workflow(echo)  # M: arg-type
        of_workflow(parse)  # M: arg-type
        """,
    )


def test_decorators_above_keep_the_color_if_what_they_give_takes_the_same(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        def timed(f: Callable[P, R]) -> Callable[P, R]: ...
        def retried(times: int) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
        def typed(f: T) -> T: ...
        def loose(f: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]: ...
        def text(f: Callable[P, object]) -> Callable[P, str]: ...

        @timed
        def first(order: str) -> int: ...

        @timed
        @activity.defn
        async def second(order: str) -> int: ...

        @typed
        @retried(3)
        @activity.defn(name="third one")
        async def third(order: str) -> int: ...

        @loose
        @activity.defn
        async def fourth(order: str) -> int: ...

        @text
        @activity.defn
        async def fifth(order: str) -> int: ...

        @activity.defn
        @text
        @timed
        async def sixth(order: str) -> int: ...

        reveal_type(first)  # R: "def (order: str) -> int"
        reveal_type(second)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
        reveal_type(third)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
        reveal_type(fourth)  # R: Step[[order: str], typing.Awaitable[int]]
        reveal_type(fifth)  # R: "def (order: str) -> str"
        reveal_type(sixth)  # R: Step[[order: str], str]
        """,
    )


def test_what_mypy_itself_knows_of_calls_is_left_alone(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        from collections.abc import Iterator
        from contextlib import contextmanager
        from typing import TypedDict

        class App:
            def get(self, path: str) -> Callable[[T], T]: ...

        class Row(TypedDict, total=False):
            name: str

        app = App()

        @app.get("/")
        @activity.defn
        async def home(order: str) -> int: ...

        @contextmanager
        @functools.wraps(plain)
        def opened(name: str) -> Iterator[int]: ...

        reveal_type(home)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
        row: Row = {}
        reveal_type(row.get("name", ""))  # R: str
        reveal_type({"a": plain}.get("a", plain))  # R: def (order: str) -> int
        """,
    )


def test_decorators_can_be_applied_as_functions_and_kept_in_variables(tmp_path: Path) -> None:
    with_steps(
        tmp_path,
        """\
        named = activity.defn(name="some one")

        @named
        async def one(order: str) -> int: ...

        reveal_type(one)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
        step = activity.defn(name="plain one")(plain)
        reveal_type(step)  # R: Step[[order: str], int]
        other = activity.defn(plain)
        reveal_type(other)  # R: Step[[order: str], int]
        """,
    )


@needs("temporalio")
def test_a_color_is_seen_in_other_modules(tmp_path: Path) -> None:
    check(
        tmp_path,
        {
            "steps.py": """\
from temporalio import activity

@activity.defn
async def charge(order: str) -> int:
    return 1
""",
            "again.py": "from steps import charge as charge\n\npay = charge\n",
            "main.py": """\
import again
from again import pay

reveal_type(pay)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
reveal_type(again.charge)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
""",
        },
    )


def test_reveal_type_shows_all_else_as_ever(tmp_path: Path) -> None:
    run(
        tmp_path,
        """\
        from runtime_min import workflow

        def nothing() -> None: ...

        @workflow
        async def flow(a: int) -> int:
            return a

        numbers = [1]
        reveal_type(numbers)  # R: list[int]
        reveal_type(nothing())  # R: None
        reveal_type(None)  # R: None
        reveal_type((1, flow))  # R: tuple[
        reveal_type({})  # R: dict[Never, Never]
        reveal_type(lambda a: a)  # R: def (a: Any) -> Any
        text: str = reveal_type("a")  # R: Literal['a']?
        """,
    )


# -- what the types say to other checks --------------------------------------------------------------


@needs("temporalio")
def test_a_type_says_its_color_and_where_that_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []

    def look(visit: Visit, node: Node, around: tuple[FuncItem, ...]) -> None:
        if isinstance(node, CallExpr) and isinstance(node.callee, NameExpr) and node.callee.name == "show":
            typ = visit.type_of(node.args[0])
            color, origin = color_of(typ), origin_of(typ)
            seen.append((color.value if color else "", f"{origin.engine} {origin.by}" if origin else ""))

    monkeypatch.setattr(module_check, "_CHECKS_OF", {CallExpr: [look]})
    with_steps(
        tmp_path,
        """\
        from runtime_min import step

        def show(what: object) -> None: ...

        @step
        async def own(order: str) -> int: ...

        def looks(
            flag: bool, held: Step[..., Any], flow: Workflow[..., Any], either: Step[..., Any] | Workflow[..., Any],
            kind: type[Step[..., Any]],
        ) -> None:
            show(charge)
            show(Payment().run)
            show(charge if flag else mail)
            show(charge if flag else Payment.run)
            show(held)
            show(flow)
            show(either)
            show(kind)
            show(own)
            show(plain)
            show(Payment)
            show(1)
        """,
    )
    activity, run = ("step", "temporal temporalio.activity.defn"), "temporal temporalio.workflow.run"
    assert seen == [
        activity, ("workflow", run), activity, ("", ""), ("step", ""), ("workflow", ""), ("", ""), ("step", ""),
        ("step", "runtime_min runtime_min.step"), ("", ""), ("", ""), ("", ""),
    ]  # fmt: skip


@needs("temporalio")
def test_where_the_types_are_not_installed_functions_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "finds_module", lambda name, options: False)
    run(
        tmp_path,
        """\
        from temporalio import activity

        @activity.defn(name="charge it")
        async def charge(order: str) -> int: ...

        reveal_type(charge)  # R: "def (order: str) -> typing.Coroutine[Any, Any, int]"
        """,
    )


@needs("dbos")
def test_colors_come_when_their_types_are_installed_also_with_a_cache_from_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """\
from dbos import DBOS

@DBOS.step()
def charge(order: str) -> int:
    return 1

reveal_type(charge)
"""
    write(tmp_path, {"app.py": source})
    configure(tmp_path)
    with monkeypatch.context() as missing:
        missing.setattr(imports, "finds_module", lambda name, options: False)
        assert "Step[" not in run_mypy(tmp_path, ".").stdout
    assert "colors.Step[" in run_mypy(tmp_path, ".").stdout


@needs("dbos")
def test_reveal_type_shows_the_color_also_when_only_an_imported_module_has_changed(tmp_path: Path) -> None:
    app = """\
from steps import charge

reveal_type(charge)  # R: Step[[order: ORDER], int]

def show() -> None:
    reveal_type([charge])  # R: list[mypy_plugin.colors.Step[[order: ORDER], int]]
"""
    steps = "from dbos import DBOS\n\n@DBOS.step()\ndef charge(order: ORDER) -> int:\n    return 1\n"
    write(tmp_path, {"app.py": app})
    configure(tmp_path)
    for order in ("str", "int", "bytes"):
        write(tmp_path, {"steps.py": steps.replace("ORDER", order)})
        assert_as_announced(run_mypy(tmp_path, "."), app.replace("ORDER", order))


@needs("temporalio")
def test_a_color_comes_back_from_mypys_cache(tmp_path: Path) -> None:
    steps = """\
from temporalio import activity

step = activity.defn(name="charge it")

@activity.defn
async def charge(order: str) -> int:
    return 1

class Shop:
    @activity.defn(name="pack it")
    async def pack(self, order: str) -> bool:
        return True
"""
    app = """\
from steps import Shop, charge, step

@step
async def mail(user: str) -> str:
    return user

reveal_type(charge)  # R: Step[[order: str], typing.Coroutine[Any, Any, int]]
reveal_type(Shop().pack)  # R: Step[[order: str], typing.Coroutine[Any, Any, bool]]
reveal_type(mail)  # R: Step[[user: str], typing.Coroutine[Any, Any, str]]
"""
    configure(tmp_path)
    for source in (app, f"{app}number = 1\n"):
        write(tmp_path, {"app.py": source})
        if source is app:
            write(tmp_path, {"steps.py": steps})
        assert_as_announced(run_mypy(tmp_path, ".", cache=tmp_path / ".cache"), source)


@needs("temporalio")
@pytest.mark.slow
def test_the_daemon_sees_another_decorator_on_a_function_of_another_module(tmp_path: Path) -> None:
    steps = """\
from typing import TypeVar

from temporalio import activity

T = TypeVar("T")

def same(function: T) -> T:
    return function

@DECORATOR
async def charge(order: str) -> int:
    return 1
"""
    app = """\
from typing import Any

from mypy_plugin.colors import Step
from steps import charge

def main() -> Step[..., Any]:
    return charge
"""
    configure(tmp_path)
    write(tmp_path, {"app.py": app, "steps.py": steps.replace("DECORATOR", "activity.defn")})
    with Daemon(tmp_path) as daemon:
        assert not daemon.check().errors
        write(tmp_path, {"steps.py": steps.replace("DECORATOR", "same")})
        assert [error.place for error in daemon.check().errors] == [("app.py", 7, "return-value")]
        write(tmp_path, {"steps.py": steps.replace("DECORATOR", "activity.defn(name='charge it')")})
        assert not daemon.check().errors
