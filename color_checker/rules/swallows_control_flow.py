"""CC601: an exception handler hides the engine's own signals."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.awaits import Awaits
from color_checker.facts import Attr, Await, Call, Handler, Region, Yield
from color_checker.findings import Finding
from color_checker.program import Program
from color_checker.rules.base import Example, Rule
from color_checker.values import Box, Class, Ext, Value

_EVERYTHING = frozenset({"builtins.BaseException"})
_CANCELLED = frozenset({"asyncio.CancelledError", "temporalio.exceptions.CancelledError"})
_SUPPRESS = "contextlib.suppress"


class SwallowsControlFlow(Rule):
    """An exception handler in workflow code hides the exceptions by which the engine steers the workflow.

    ## What it does

    Finds, around something that waits for the engine: a bare `except` or `except BaseException` that does not
    raise again, `except CancelledError` after which the workflow goes on as if nothing had happened,
    `contextlib.suppress` of these, and a `return` in `finally`. In workflow code and in helpers that it
    reaches.

    Fine: `except Exception`; handlers that raise; a `CancelledError` that the workflow answers with a
    `return`; the error of a task that the same function cancelled itself; code that calls nothing of the
    engine.

    ## Why is this bad

    Engines cancel, suspend, evict and continue a workflow by raising in the `await`. Who swallows that
    goes on with a workflow that should have stopped: it cannot be cancelled, runs twice, or stays in the
    worker's memory.

    ## Use instead

    `except Exception`, or a `raise` at the end of the handler.
    """

    code = "CC601"
    name = "swallows-control-flow"
    severity = "warning"

    bad = (
        Example(
            title="a bare except around an activity",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def charge(order: str) -> str:
    return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        try:
            return await workflow.execute_activity(
                charge, order, start_to_close_timeout=timedelta(seconds=5)
            )
        except:  # expect: swallows-control-flow
            return "failed"
"""
            },
        ),
        Example(
            title="a helper in another file makes everything quiet",
            files={
                "quiet.py": """\
from collections.abc import Awaitable


async def quietly(work: Awaitable[str]) -> str:
    try:
        return await work
    except BaseException:
        return ""
""",
                "flows.py": """\
from runtime_min import step, workflow

from quiet import quietly


@step
async def charge(order: str) -> str:
    return order


@workflow
async def payment(order: str) -> str:
    return await quietly(charge(order))  # expect: swallows-control-flow
""",
            },
        ),
        Example(
            title="a cancellation that is passed over, suppressed, or lost in finally",
            files={
                "workflows.py": """\
import asyncio
import contextlib

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> str:
        try:
            await workflow.sleep(days * 86400)
        except (ValueError, asyncio.CancelledError):  # expect: swallows-control-flow
            workflow.logger.info("cancelled")
        with contextlib.suppress(BaseException):  # expect: swallows-control-flow
            await workflow.sleep(60)
        try:
            await workflow.sleep(60)
        finally:
            return "over"  # expect: swallows-control-flow
"""
            },
        ),
        Example(
            title="an AWS function hides that it was suspended",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    try:
        context.wait(Duration.from_days(1))
    except BaseException as error:  # expect: swallows-control-flow
        return type(error).__name__
    return "done"
"""
            },
        ),
    )
    good = (
        Example(
            title="errors are handled, cancellation goes through",
            files={
                "workflows.py": """\
import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ActivityError


@activity.defn
async def charge(order: str) -> str:
    return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        limit = timedelta(seconds=5)
        try:
            await workflow.execute_activity(charge, order, start_to_close_timeout=limit)
        except ActivityError:
            return "failed"
        except Exception:
            return "broken"
        try:
            await workflow.sleep(60)
        except asyncio.CancelledError:
            try:
                await asyncio.shield(workflow.sleep(5))
            except asyncio.CancelledError:
                workflow.logger.info("cancelled again")
            raise
        try:
            await workflow.sleep(60)
        except BaseException as error:
            workflow.logger.info("leaving: %s", error)
            raise
        return "paid"
"""
            },
        ),
        Example(
            title="a cancellation that the workflow answers, a task that it cancelled itself",
            files={
                "workflows.py": """\
import asyncio
import contextlib

from temporalio import workflow


@workflow.defn
class Trial:
    def __init__(self) -> None:
        self.paid = False

    @workflow.signal
    def pay(self) -> None:
        self.paid = True

    @workflow.run
    async def run(self, days: int) -> str:
        timer = asyncio.create_task(workflow.sleep(days * 86400))
        await workflow.wait_condition(lambda: self.paid or timer.done())
        timer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await timer
        other = asyncio.create_task(workflow.sleep(60))
        other.cancel()
        try:
            await other
        except asyncio.CancelledError:
            pass
        try:
            await workflow.sleep(60)
        except asyncio.CancelledError:
            return "cancelled"
        return "over"
"""
            },
        ),
        Example(
            title="code around which nothing of the engine happens",
            files={
                "flows.py": """\
from runtime_min import sleep, workflow


def number(text: str) -> int:
    try:
        return int(text)
    except:
        return 0


@workflow
async def wait(text: str) -> int:
    try:
        seconds = number(text)
    except BaseException:
        seconds = 1
    await sleep(seconds)
    return seconds
"""
            },
        ),
        Example(
            title="a step handles what it likes",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def charge(order: str) -> str:
    try:
        return order.upper()
    except BaseException:
        return ""


@DBOS.workflow()
def payment(order: str) -> str:
    try:
        return charge(order)
    except Exception:
        return "failed"
"""
            },
        ),
    )

    @staticmethod
    def message(handler: str) -> str:
        """What is wrong with `handler` (`except BaseException`, `contextlib.suppress(...)`)."""
        return (
            f"`{handler}` hides the exceptions by which the engine cancels or suspends the workflow. It "
            "goes on when it should have stopped, and a replay goes another way. Catch `Exception`, or "
            "raise again."
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each handler around something that waits for the engine."""
        awaits = Awaits(program)
        for node in program.replayed_nodes:
            if node.module.library:
                continue
            look = _Look(program, awaits, node)
            for at, what in (*look.handlers(), *look.suppressions()):
                finding = program.replayed_finding(self, node, at, self.message(what), what)
                if finding is not None:
                    yield finding


class _Look:
    """What hides exceptions in one function."""

    def __init__(self, program: Program, awaits: Awaits, node: Activation) -> None:
        self.program = program
        self.awaits = awaits
        self.node = node
        profile = program.profile(program.way_to(node)[0])
        self.control = frozenset(profile.control_exceptions if profile is not None else ()) | _CANCELLED

    def handlers(self) -> Iterator[tuple[int, str]]:
        """Place and name of each `except` clause, or `return` in `finally`, that hides control flow."""
        for handler in self.node.body.handlers:
            what = "" if self._is_on_the_way_out(handler) else self._hidden_by(handler)
            if what and self.awaits.waits_between(self.node, handler.try_line, handler.try_end_line):
                yield handler.at, what

    def _hidden_by(self, handler: Handler) -> str:
        if handler.in_finally:
            return "return in finally"
        if handler.raises:
            return ""
        names = self._names(handler.types)
        earlier = self._names(handler.earlier)
        if (handler.bare or names & _EVERYTHING) and not self._are_handled(earlier):
            return "except BaseException" if names else "except"
        hidden = (names & self.control) - earlier
        if hidden <= _CANCELLED and (self._ends(handler) or self._cancels()):
            return ""
        return f"except {_shown(min(hidden))}" if hidden else ""

    def _is_on_the_way_out(self, handler: Handler) -> bool:
        """Whether it stands in a clause that raises: the workflow is being left there already."""
        line = self.program.place(self.node, handler.at).line
        return any(
            other.raises and self.program.place(self.node, other.at).line < line <= other.end_line
            for other in self.node.body.handlers
        )

    def _are_handled(self, earlier: frozenset[str]) -> bool:
        """Whether the clauses above have taken all that the engine may raise."""
        return bool(earlier & _EVERYTHING) or "asyncio.CancelledError" in earlier

    def _ends(self, handler: Handler) -> bool:
        """Whether the function is left by the clause, or has nothing to do behind it."""
        if handler.leaves:
            return True
        return not handler.in_loop and not any(
            self.program.place_of(self.node, position).line > handler.end_line
            for position, op in self.program.ops(self.node)
            if isinstance(op, Await | Yield | Call)
        )

    def _cancels(self) -> bool:
        """Whether the function cancels something itself, and so expects the error."""
        body = self.node.body
        methods = {op.dst for op in body.ops if isinstance(op, Attr) and op.name == "cancel"}
        return any(isinstance(op, Call) and op.func in methods for op in body.ops)

    def suppressions(self) -> Iterator[tuple[int, str]]:
        """The same for `with contextlib.suppress(...)`."""
        for region in self.node.body.regions:
            call = self._suppressing(region)
            if call is None or not self.awaits.waits_between(self.node, region.line, region.end_line):
                continue
            hidden = self._names(call.args) & (self.control | _EVERYTHING)
            if hidden and not (hidden <= _CANCELLED and self._cancels()):
                yield call.at, f"{_SUPPRESS}({_shown(min(hidden))})"

    def _suppressing(self, region: Region) -> Call | None:
        if region.kind != "with" or _SUPPRESS not in self.program.names_behind(self.node, region.slot):
            return None
        _, op = self.node.maker(region.slot)
        return op if isinstance(op, Call) else None

    def _names(self, slots: tuple[int, ...]) -> frozenset[str]:
        """The dotted names of the exception classes in the slots."""
        names: set[str] = set()
        todo: list[Value] = [value for slot in slots for value in self.program.values(self.node, slot)]
        seen: set[Value] = set()
        while todo:
            value = todo.pop()
            if value in seen:
                continue
            seen.add(value)
            match value:
                case Ext():
                    names.add(value.dotted)
                case Class():
                    names.add(value.info.dotted)
                case Box():
                    todo += [*value.elements.values, *(v for var in value.keyed.values() for v in var.values)]
        return frozenset(names)


def _shown(dotted: str) -> str:
    return dotted.removeprefix("builtins.")
