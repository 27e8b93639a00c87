"""CC303: a step changes state of the workflow."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.facts import Attr
from color_checker.findings import Finding
from color_checker.mutations import Write
from color_checker.origins import ELEMENT, Captured, Parameter
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class CapturedWrite(Rule):
    """A step changes state that it captured from the workflow.

    ## What it does

    Finds steps defined inside a workflow (functions and lambdas given to `ctx.run`, `context.step`,
    `DBOS.run_step`) that rebind a `nonlocal` name or mutate a captured object, and step methods that
    change attributes of an object whose class also has a workflow method.

    Reading what was captured is fine. So is a step object with state of its own, such as a connection, if no
    workflow lives on it, and mutating what the step itself made.

    ## Why is this bad

    A replay does not run the step, it takes the recorded result: the list stays empty, the total zero. The
    workflow then goes on with other values than when it ran first.

    ## Use instead

    Return the value from the step and change the workflow's state with what came back.
    """

    code = "CC303"
    name = "captured-write"

    bad = (
        Example(
            title="a recorded function adds to a captured total",
            files={
                "handlers.py": """\
from restate import Context, Service

orders = Service("orders")


@orders.handler()
async def total(ctx: Context, prices: list[int]) -> int:
    result = 0

    def add() -> None:
        nonlocal result
        result += sum(prices)  # expect: captured-write

    await ctx.run_typed("add", add)
    return result
"""
            },
        ),
        Example(
            title="a helper in another file changes the list that the step hands it",
            files={
                "collecting.py": """\
def collect(rows: list[str], row: str) -> None:
    rows.append(row)
""",
                "app.py": """\
from dbos import DBOS

from collecting import collect


@DBOS.workflow()
def report(names: list[str]) -> list[str]:
    rows: list[str] = []
    for name in names:
        DBOS.run_step(None, lambda: collect(rows, name))  # expect: captured-write
    return rows
""",
            },
        ),
        Example(
            title="a lambda appends, in an AWS durable function",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> list[str]:
    seen: list[str] = []
    state = {"count": 0}

    def count(step_context: object) -> None:
        state["count"] += 1  # expect: captured-write

    context.step(lambda _: seen.append(event["order"]))  # expect: captured-write
    context.step(count)
    return seen
"""
            },
        ),
        Example(
            title="a step method changes the object on which its workflow runs",
            files={
                "app.py": """\
from dbos import DBOS, DBOSConfiguredInstance


@DBOS.dbos_class()
class Shop(DBOSConfiguredInstance):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.token = ""

    @DBOS.step()
    def log_in(self, user: str) -> None:
        self.token = f"token of {user}"  # expect: captured-write

    @DBOS.workflow()
    def order(self, user: str) -> str:
        self.log_in(user)
        return self.token
"""
            },
        ),
    )
    good = (
        Example(
            title="the step returns, the workflow keeps",
            files={
                "handlers.py": """\
from restate import Context, Service

orders = Service("orders")


@orders.handler()
async def total(ctx: Context, prices: list[int]) -> int:
    results: list[int] = []
    for price in prices:
        results.append(await ctx.run_typed("price", lambda: price * 2))
    return sum(results)
"""
            },
        ),
        Example(
            title="a step changes what it made itself",
            files={
                "handler.py": """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> list[str]:
    names = [event["user"]]

    def load(step_context: object) -> list[str]:
        rows: list[str] = []
        for name in names:
            rows.append(name)
        copied = list(names)
        copied.append("last")
        return rows + copied

    return context.step(load)
"""
            },
        ),
        Example(
            title="activities keep their connection on their own object",
            files={
                "activities.py": """\
from temporalio import activity


class Mailer:
    def __init__(self) -> None:
        self.sent = 0

    @activity.defn
    async def mail(self, user: str) -> int:
        self.sent += 1
        return self.sent
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import Mailer


@workflow.defn
class Welcome:
    def __init__(self) -> None:
        self.sent = 0

    @workflow.run
    async def run(self, user: str) -> int:
        self.sent = await workflow.execute_activity_method(
            Mailer.mail, user, start_to_close_timeout=timedelta(seconds=5)
        )
        return self.sent
""",
            },
        ),
        Example(
            title="a step method counts its calls, and the workflow does not look",
            files={
                "app.py": """\
from dbos import DBOS, DBOSConfiguredInstance


@DBOS.dbos_class()
class Shop(DBOSConfiguredInstance):
    charges = 0

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.last = ""

    @DBOS.step()
    def charge(self, user: str) -> str:
        self.last = user
        return f"charged {user}"

    @classmethod
    @DBOS.step()
    def count(cls, user: str) -> str:
        cls.charges += 1
        return user

    @DBOS.workflow()
    def order(self, user: str) -> str:
        return self.charge(Shop.count(user))
"""
            },
        ),
        Example(
            title="a nested function that is no step may change the workflow's state",
            files={
                "flows.py": """\
from runtime_min import step, workflow


@step
async def price(item: str) -> int:
    return len(item)


@workflow
async def total(items: list[str]) -> int:
    result = 0

    async def add(item: str) -> None:
        nonlocal result
        result += await price(item)

    for item in items:
        await add(item)
    return result
"""
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each operation of a step that changes what belongs to the workflow."""
        for node, scopes in program.inner_steps.items():
            for write in program.mutations.of(node):
                if not _belongs_to_workflow(scopes, node, write) or _is_reported_below(program, node, write):
                    continue
                if not _is_own(node, write) or _is_read(program, node, write):
                    yield self._finding(program, node, write)

    def _finding(self, program: Program, node: Activation, write: Write) -> Finding:
        profile = program.profile(program.engine(node))
        target = write.target.text(node.module)
        return program.finding(
            self.code, self.name, self.severity, node, program.place_of(node, write.position),
            self.message(target, profile.step_word if profile is not None else "step"),
            witness=program.witness(write.via, write.node, write.at, f"change of {target}"),
        )  # fmt: skip

    @staticmethod
    def message(target: str, step_word: str) -> str:
        """What is wrong with changing `target`, a name or attribute of the workflow."""
        return (
            f"The {step_word} changes `{target}`, which belongs to the workflow. A replay takes the "
            f"recorded result without running the {step_word}, so the change is lost. Return the value and "
            "keep it in the workflow."
        )


def _belongs_to_workflow(scopes: frozenset[Activation], step: Activation, write: Write) -> bool:
    root = write.target.root
    if not isinstance(root, Captured | Parameter) or root.scope not in scopes:
        return False
    is_self = isinstance(root, Parameter) and root.slot == 0 and bool(write.target.path)
    return root.scope is not step or is_self


def _is_own(step: Activation, write: Write) -> bool:
    """Whether the step changes the object whose method it is."""
    root = write.target.root
    return isinstance(root, Parameter) and root.scope is step


def _is_read(program: Program, step: Activation, write: Write) -> bool:
    """Whether a workflow method of the step's class looks at what the step changes on their object.

    Counters, caches and clients there are nobody's loss.
    """
    name = next((part for part in reversed(write.target.path) if part != ELEMENT), "")
    return any(
        isinstance(op, Attr) and op.name == name
        for node in program.replayed_nodes
        if node.env is step.env
        for op in node.body.ops
    )


def _is_reported_below(program: Program, node: Activation, write: Write) -> bool:
    """Whether the change is in, or nearer to, another function inside the same step."""
    if not write.via:
        return False
    callee = write.via[1].caller if len(write.via) > 1 else write.node
    code = program.code.get(callee)
    return code is not None and code.owner is program.code[node].owner
