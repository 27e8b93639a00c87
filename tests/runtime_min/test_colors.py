"""Workflows, steps and queries: what may be called from where."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest

from runtime_min import (
    ColorError,
    Info,
    NotStorable,
    Runtime,
    StepFailed,
    WorkflowBlocked,
    WorkflowFailed,
    WorkflowNotFound,
    child,
    continue_as_new,
    info,
    now,
    patched,
    pure,
    query,
    random,
    signal,
    sleep,
    start,
    step,
    uuid4,
    wait_signal,
    workflow,
)
from runtime_min.colors import Step, workflows
from runtime_min.journal import Closed, Scheduled, Started
from tests.runtime_min.driving import Driver, scheduled

approved = signal("approved", bool)


@step
async def double(x: int) -> int:
    return 2 * x


@step
def thread_name() -> str:
    return threading.current_thread().name


class Account:
    """A class with steps that is no workflow."""

    def __init__(self, balance: int) -> None:
        self.balance = balance

    @step
    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    @step
    async def withdraw(self, amount: int) -> int:
        self.balance -= amount
        return self.balance

    @staticmethod
    @step
    def rate() -> int:
        return 3


class Purchase:
    """A workflow with state, steps and queries."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @workflow
    async def run(self, count: int) -> list[str]:
        for number in range(count):
            self.lines.append(await self.price(number))
        self.lines.append(await self.total(count, factor=2))
        self.lines.append(str(await Purchase.tax(7)))
        return self.lines

    @step
    async def price(self, number: int) -> str:
        return f"line {number}"

    @step
    def total(self, count: int, *, factor: int) -> str:
        return f"total {count * factor}"

    @staticmethod
    @step
    def tax(amount: int) -> int:
        return amount + 1

    @query
    def line(self, index: int, upper: bool = False) -> str:
        return self.lines[index].upper() if upper else self.lines[index]


def test_a_workflow_called_from_plain_code_says_to_start_it() -> None:
    @workflow
    async def flow(x: int) -> int:
        return x

    with pytest.raises(ColorError, match=r"await start\(flow, \.\.\.\)"):
        flow(1)


def test_a_workflow_called_from_a_workflow_says_to_use_child_and_blocks_the_run(runtime: Driver) -> None:
    @workflow
    async def inner() -> int:
        return 1

    @workflow
    async def outer() -> int:
        return await inner()

    with pytest.raises(WorkflowBlocked, match=r"await child\(inner, \.\.\.\)"):
        runtime.result(outer)


def test_a_workflow_called_from_a_step_fails_the_step(runtime: Driver) -> None:
    @workflow
    async def inner() -> int:
        return 1

    @step
    async def calls() -> int:
        return await inner()

    @workflow
    async def outer() -> str:
        try:
            await calls()
        except StepFailed as error:
            return f"{error.is_a(ColorError)} {error.text}"
        return "no error"

    assert runtime.result(outer).startswith("True a workflow is started, not called")


def test_a_step_may_start_a_workflow_and_wait_for_it(runtime: Driver) -> None:
    @workflow
    async def inner(x: int) -> int:
        return await double(x)

    @step
    async def starts() -> int:
        return await (await start(inner, 4)).result()

    @workflow
    async def outer() -> int:
        return await starts()

    assert runtime.result(outer) == 8


def test_a_function_that_is_not_async_cannot_be_a_workflow() -> None:
    with pytest.raises(ColorError, match="async def"):

        @workflow  # type: ignore[arg-type]
        def flow() -> int:
            return 1


def test_two_workflows_of_one_name_are_refused() -> None:
    @workflow(name="same")
    async def first() -> None: ...

    with pytest.raises(ColorError, match=r"two workflows are named `same`.*first.*second.*name="):

        @workflow(name="same")
        async def second() -> None: ...


def test_two_workflows_of_one_function_name_in_two_files_are_refused(tmp_path: Any) -> None:
    source = "from runtime_min import workflow\n@workflow\nasync def main() -> None: ...\n"

    def load(name: str) -> None:
        file = tmp_path / f"{name}.py"
        file.write_text(source)
        exec(compile(source, str(file), "exec"), {"__name__": name})

    load("one")
    load("one")  # a module that is loaded again is no other one
    with pytest.raises(ColorError, match=r"one\.main.*two\.main"):
        load("two")


def test_versions_of_one_workflow_live_side_by_side(runtime: Driver) -> None:
    @workflow(name="flow", version="1")
    async def old() -> str:
        return "old"

    @workflow(name="flow", version="2")
    async def new() -> str:
        return "new"

    assert old.key == "flow@1"
    assert [runtime.result(old), runtime.result(new)] == ["old", "new"]


def test_names_are_what_the_options_say(runtime: Driver) -> None:
    @step(name="twice")
    async def some_step(x: int) -> int:
        return 2 * x

    @workflow(name="the flow", version="v3")
    async def some_flow() -> int:
        return await some_step(2)

    assert runtime.result(some_flow) == 4
    started, asked = runtime.only_history()[:2]
    assert isinstance(started, Started)
    assert (started.workflow, started.version) == ("the flow@v3", "v3")
    assert isinstance(asked, Scheduled)
    assert asked.name == "twice"


def test_decorators_take_empty_parentheses(runtime: Driver) -> None:
    @step()
    async def one() -> int:
        return 1

    @workflow()
    async def flow() -> int:
        return await one()

    assert runtime.result(flow) == 1


@pytest.mark.parametrize("wrong", [double, lambda: None, "flow", None])
def test_only_workflows_can_be_started(runtime: Driver, wrong: Any) -> None:
    async def work(_: Runtime) -> None:
        await start(wrong, 1)

    with pytest.raises(
        ColorError, match=r"decorate it with `@workflow`|a workflow calls it: `await double\(\.\.\.\)`"
    ):
        runtime.run(work)


@pytest.mark.parametrize("by", [start, child])
def test_only_workflows_can_be_started_by_workflows(runtime: Driver, by: Any) -> None:
    @workflow
    async def flow() -> None:
        await by(double, 1)

    with pytest.raises(
        WorkflowBlocked, match=r"decorate it with `@workflow`|a workflow calls it: `await double\(\.\.\.\)`"
    ):
        runtime.result(flow)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing a required argument: 'x'"),
        ((1, 2), {}, "too many positional arguments"),
        ((1,), {"y": 2}, "unexpected keyword argument 'y'"),
        ((1,), {"x": 2}, "multiple values for argument 'x'"),
    ],
)
def test_starting_with_arguments_that_do_not_fit_is_a_type_error_and_starts_nothing(
    runtime: Driver, args: Any, kwargs: Any, message: str
) -> None:
    @workflow
    async def flow(x: int) -> int:
        return x

    async def work(_: Runtime) -> None:
        await start(flow, *args, **kwargs)

    with pytest.raises(TypeError, match=message):
        runtime.run(work)
    assert runtime.ids() == []


def test_starting_with_a_value_of_another_type_names_the_argument_and_starts_nothing(runtime: Driver) -> None:
    @workflow
    async def flow(x: int) -> int:
        return x

    with pytest.raises(NotStorable, match="x"):
        runtime.result(flow, "seven")
    assert runtime.ids() == []


def test_a_step_called_in_plain_code_is_the_function_that_it_was() -> None:
    account = Account(10)
    assert thread_name() == threading.current_thread().name
    assert asyncio.run(double(4)) == 8
    assert account.deposit(5) == 15
    assert asyncio.run(account.withdraw(1)) == 14
    assert (Account.rate(), account.rate()) == (3, 3)
    assert Account.deposit(account, 1) == 15
    assert double.__name__ == "double"
    assert double.fn(1).close() is None


def test_a_step_called_by_a_step_is_a_plain_call(runtime: Driver) -> None:
    @step
    async def quadruple(x: int) -> int:
        return await double(await double(x))

    @workflow
    async def flow() -> int:
        return await quadruple(2)

    assert runtime.result(flow) == 8
    assert scheduled(runtime.only_history()) == [quadruple.name]


def test_synchronous_steps_run_off_the_loop(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        return await thread_name()

    assert runtime.result(flow).startswith("runtime_min step")


def test_a_pure_function_stays_what_it_is() -> None:
    @pure
    def add(x: int, y: int) -> int:
        return x + y

    assert add(1, 2) == 3


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("now", now),
        ("random", random),
        ("uuid4", uuid4),
        ("sleep", lambda: sleep(1)),
        ("wait_signal", lambda: wait_signal(approved)),
        ("child", lambda: child(Purchase.run, 1)),
        ("patched", lambda: patched("x")),
        ("continue_as_new", lambda: continue_as_new(1)),
        ("info", info),
    ],
)
def test_primitives_are_refused_outside_of_workflows_by_name(name: str, call: Any) -> None:
    with pytest.raises(ColorError, match=name):
        call()


def test_primitives_in_a_step_fail_the_step_by_name(runtime: Driver) -> None:
    @step
    async def sleeps() -> None:
        await sleep(1)

    @workflow
    async def flow() -> None:
        await sleeps()

    with pytest.raises(WorkflowFailed, match="`sleep` works in workflow code only") as caught:
        runtime.result(flow)
    assert caught.value.is_a(ColorError)


def test_a_call_that_is_never_awaited_warns_and_does_nothing(
    runtime: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    @workflow
    async def other() -> None: ...

    @workflow
    async def flow() -> str:
        double(1)
        sleep(5)
        child(other)
        gc.collect()
        return "done"

    assert runtime.result(flow) == "done"
    assert scheduled(runtime.only_history()) == []
    warnings = [record.message for record in caplog.records if "never awaited" in record.message]
    assert len(warnings) == 3
    assert "double" in warnings[0]


def test_awaiting_a_call_twice_is_refused(runtime: Driver) -> None:
    @workflow
    async def flow() -> str:
        call = double(1)
        await call
        try:
            await call
        except RuntimeError as error:
            return str(error)
        return "twice"

    assert runtime.result(flow) == "cannot reuse already awaited coroutine"
    assert len(scheduled(runtime.only_history())) == 1


def test_info_tells_workflow_and_step_code_where_it_runs(runtime: Driver) -> None:
    @step
    async def asynchronous() -> list[Any]:
        return [info().id, info().workflow, info().step, info().position, info().attempt, info().key]

    @step
    def synchronous() -> list[Any]:
        return [info().id, info().workflow, info().step, info().position, info().attempt, info().key]

    @workflow(name="told")
    async def flow() -> list[Any]:
        here = info()
        assert here == Info(here.id, "told")
        return [await asynchronous(), await synchronous()]

    async def work(_: Runtime) -> Any:
        return await (await start(flow.options(id="a run"))).result()

    assert runtime.run(work) == [
        ["a run", "told", asynchronous.name, 0, 1, "a run/0"],
        ["a run", "told", synchronous.name, 1, 1, "a run/1"],
    ]


def test_a_class_has_its_workflow_steps_and_queries_as_methods(runtime: Driver) -> None:
    async def work(_: Runtime) -> Any:
        handle = await start(Purchase.run, 2)
        result = await handle.result()
        return result, await handle.query(Purchase.line, 0), await handle.query("line", 1, upper=True)

    result, first, second = runtime.run(work)
    assert result == ["line 0", "line 1", "total 4", "8"]
    assert (first, second) == ("line 0", "LINE 1")
    assert scheduled(runtime.only_history()) == [
        "Purchase.price",
        "Purchase.price",
        "Purchase.total",
        "Purchase.tax",
    ]


def test_each_run_has_an_instance_of_its_own(runtime: Driver) -> None:
    async def work(_: Runtime) -> Any:
        handles = [await start(Purchase.run, 1) for _ in range(5)]
        return [await handle.result() for handle in handles]

    assert runtime.run(work) == [["line 0", "total 2", "8"]] * 5


class Base:
    """Steps and helpers to inherit."""

    @step
    async def greet(self, name: str) -> str:
        return f"{self.greeting()} {name}"

    @step
    async def part(self) -> str:
        return "base part"

    def greeting(self) -> str:
        return "hello"


class Polite(Base):
    """Inherits one step, overrides another."""

    @workflow
    async def run(self) -> list[str]:
        return [await self.greet("you"), await self.part(), await super().part()]

    @step
    async def part(self) -> str:
        return "polite part"

    def greeting(self) -> str:
        return "good day"


class MorePolite(Polite):
    """Inherits the workflow itself."""

    def greeting(self) -> str:
        return "good day, dear"


def test_steps_are_inherited_and_overridden(runtime: Driver) -> None:
    assert runtime.result(Polite.run) == ["good day you", "polite part", "base part"]
    assert scheduled(runtime.only_history()) == ["Base.greet", "Polite.part", "Base.part"]


def test_an_inherited_workflow_is_not_started_as_that_of_its_base_class(runtime: Driver) -> None:
    with pytest.raises(ColorError, match=r"`Polite\.run`.*MorePolite.*define"):
        runtime.result(MorePolite.run)
    assert runtime.ids() == []


def test_a_static_method_is_a_workflow_without_an_instance(runtime: Driver) -> None:
    class Box:
        @staticmethod
        @workflow
        async def run(x: int) -> int:
            return x + 1

        @workflow
        async def bare(x: int) -> int:
            return x + 2

    assert runtime.result(Box.run, 1) == 2
    assert runtime.result(Box.bare, 1) == 3  # type: ignore[arg-type]


def test_a_class_method_is_refused() -> None:
    with pytest.raises(ColorError, match="class method"):

        class Box:
            @step
            def make(cls) -> None: ...


def test_the_class_of_a_workflow_needs_no_arguments_else_the_run_fails(runtime: Driver) -> None:
    class Needy:
        def __init__(self, needed: int) -> None: ...

        @workflow
        async def run(self) -> None: ...

    with pytest.raises(WorkflowFailed, match="needed"):
        runtime.result(Needy.run)


def test_a_step_of_an_object_of_the_workflow_is_called_with_it(runtime: Driver) -> None:
    @workflow
    async def flow() -> list[int]:
        account = Account(10)
        return [await account.deposit(5), await account.withdraw(3), await account.rate()]

    assert runtime.result(flow) == [15, 12, 3]


def test_starting_an_id_twice_starts_once(runtime: Driver) -> None:
    calls: list[int] = []

    @step
    async def note(x: int) -> int:
        calls.append(x)
        return x

    @workflow
    async def flow(x: int) -> int:
        return await note(x)

    async def work(_: Runtime) -> list[int]:
        first = await start(flow.options(id="one"), 1)
        second = await start(flow.options(id="one"), 2)
        results = [await first.result(), await second.result()]
        third = await start(flow.options(id="one"), 3)
        return [*results, await third.result()]

    assert runtime.run(work) == [1, 1, 1]
    assert calls == [1]


def test_options_leave_the_workflow_and_the_step_as_they_are() -> None:
    assert Purchase.run.options(id="x").id == "x"
    assert Purchase.run.id is None
    assert double.options(timeout=3).timeout == 3
    assert double.timeout is None


def test_a_worker_runs_only_the_workflows_it_is_told(runtime: Driver) -> None:
    @workflow
    async def mine() -> int:
        return 1

    @workflow
    async def theirs() -> int:
        return 2

    async def work(_: Runtime) -> str:
        other = await start(theirs)
        assert await (await start(mine)).result() == 1
        await asyncio.sleep(0.1)
        return (await other.describe()).state

    assert runtime.run(work, only=[mine]) == "running"


def test_a_handle_of_an_unknown_run_says_so(runtime: Driver) -> None:
    async def work(opened: Runtime) -> None:
        handle = opened.handle("nobody")
        for call in (handle.result, handle.describe, handle.cancel):
            with pytest.raises(WorkflowNotFound, match="nobody"):
                await call()
        with pytest.raises(WorkflowNotFound, match="nobody"):
            await handle.signal(approved, True)
        with pytest.raises(WorkflowNotFound, match="nobody"):
            await handle.query("x")

    runtime.run(work)


def test_a_closed_runtime_says_how_to_open_it(runtime: Driver) -> None:
    async def work() -> None:
        await Runtime(runtime.path).start(Purchase.run, 1)

    with pytest.raises(Exception, match="async with Runtime"):
        asyncio.run(work())


def test_without_a_runtime_start_opens_the_default_database(
    runtime: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_MIN_DB", str(runtime.path))

    async def work() -> Any:
        return await (await start(Purchase.run, 1)).result()

    assert asyncio.run(work()) == ["line 0", "total 2", "8"]


def test_unicode_names_and_values_pass_through(runtime: Driver) -> None:
    @step(name="größe ☃ 'quoted' \n line")
    async def sized(text: str) -> str:
        return text + "☃"

    @workflow(name="поток 🌊")
    async def flow(text: str) -> str:
        return await sized(text)

    async def work(_: Runtime) -> str:
        return await (await start(flow.options(id="идентификатор ü/..%00?"), "żółć")).result()

    assert runtime.run(work) == "żółć☃"


def test_registered_workflows_can_be_listed() -> None:
    assert workflows()["Purchase.run"] is Purchase.run
    assert isinstance(double, Step)


def test_a_result_that_cannot_be_stored_fails_the_workflow(runtime: Driver) -> None:
    @workflow
    async def flow() -> int:
        return "text"  # type: ignore[return-value]

    with pytest.raises(WorkflowFailed, match="int") as caught:
        runtime.result(flow)
    assert caught.value.is_a(NotStorable)
    assert isinstance(runtime.only_history()[-1], Closed)
