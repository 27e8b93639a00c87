"""CC305: the name or key of a step is built from an unstable value."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.facts import Call
from color_checker.findings import Finding
from color_checker.instability import Instability, Source, is_import_time
from color_checker.program import Program
from color_checker.registry import picked
from color_checker.rules.base import Example, Rule

_FORMS = ("decorator", "class-decorator", "registration")


class UnstableKey(Rule):
    """The name, key or id of a step or child workflow is built from a value that differs in each process.

    ## What it does

    Finds names of steps (`ctx.run("name", …)`, `@DBOS.step(name=…)`), ids of activities and child workflows
    and workflow ids set by a workflow (`SetWorkflowID(…)`) that are built from something which was computed
    outside the workflow, when a module was imported, from the clock, random numbers, an identity or the
    process: a module constant, a class attribute, a default argument, a decorator's argument.

    A key built from `uuid4()` *in* workflow code is already a finding of `identity`, one from the order of a
    set of `unordered`, and so on: they are not reported twice. Ids that a client makes for a new workflow are
    free to be random, and constants from the environment belong to the deployment.

    ## Why is this bad

    The engine finds a recorded result by its name or id. After a restart the constant has another value, the
    name does not match the history, and the workflow fails with a non-determinism error, or runs the step
    again.

    ## Use instead

    Build keys from the workflow's input, its id, a counter, or the engine's own ids.
    """

    code = "CC305"
    name = "unstable-key"

    bad = (
        Example(
            title="a constant made at import, in the name of a Restate step",
            files={
                "handlers.py": """\
from uuid import uuid4

from restate import Context, Service

payments = Service("payments")
RUN = uuid4().hex


def charge(order: str) -> str:
    return order


@payments.handler()
async def pay(ctx: Context, order: str) -> str:
    return await ctx.run_typed(f"charge-{RUN}", charge, order=order)  # expect: unstable-key
"""
            },
        ),
        Example(
            title="a constant of another file, in the id of a child workflow",
            files={
                "ids.py": """\
import time

STARTED = int(time.time())


def child_id(user: str) -> str:
    return f"{user}-{STARTED}"
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from ids import STARTED, child_id


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> str:
        return user


@workflow.defn
class Campaign:
    @workflow.run
    async def run(self, user: str) -> None:
        await workflow.execute_child_workflow(Trial.run, user, id=f"trial-{STARTED}")  # expect: unstable-key
        await workflow.execute_child_workflow(Trial.run, user, id=child_id(user))  # expect: unstable-key
""",
            },
        ),
        Example(
            title="the registered name of a step, and the id that a workflow sets",
            files={
                "app.py": """\
import os
import random

from dbos import DBOS, SetWorkflowID


class Run:
    number = random.randint(1, 1000)


@DBOS.step(name=f"charge-{os.getpid()}")  # expect: unstable-key
def charge(order: str) -> str:
    return order


@DBOS.workflow()
def payment(order: str) -> str:
    return charge(order)


@DBOS.workflow()
def payments(order: str) -> str:
    with SetWorkflowID(f"{order}-{Run.number}"):  # expect: unstable-key
        return payment(order)
"""
            },
        ),
    )
    good = (
        Example(
            title="keys from the input, a counter, the engine's ids",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> str:
        return user


@workflow.defn
class Campaign:
    @workflow.run
    async def run(self, users: list[str]) -> None:
        for number, user in enumerate(users):
            await workflow.execute_child_workflow(Trial.run, user, id=f"trial-{user}-{number}")
        await workflow.execute_child_workflow(Trial.run, "last", id=str(workflow.uuid4()))
        await workflow.execute_child_workflow(Trial.run, "own", id=f"{workflow.info().workflow_id}-own")
"""
            },
        ),
        Example(
            title="a uuid5 and constants that belong to the deployment",
            files={
                "handlers.py": """\
import os
import uuid

from restate import Context, Service

SHOP = os.environ.get("SHOP", "main")
SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "shop.example")
VERSION = 3
payments = Service("payments")


def charge(order: str) -> str:
    return order


@payments.handler()
async def pay(ctx: Context, order: str) -> str:
    first = await ctx.run_typed(f"charge-{SHOP}-{VERSION}", charge, order=order)
    return first + await ctx.run_typed(str(uuid.uuid5(SPACE, order)), charge, order=order)
"""
            },
        ),
        Example(
            title="a client makes ids as it likes",
            files={
                "app.py": """\
import time
from uuid import uuid4

from dbos import DBOS, SetWorkflowID

BOOT = time.time()


@DBOS.workflow()
def payment(order: str) -> str:
    return order


def pay(order: str) -> str:
    with SetWorkflowID(f"pay-{BOOT}-{uuid4()}"):
        return payment(order)
"""
            },
        ),
    )

    @staticmethod
    def message(operation: str, source: str) -> str:
        """What is wrong with the key of `operation`, built from `source` (`RUN, made by uuid.uuid4`)."""
        return (
            f"The key of `{operation}` is built from {source}, which differs in each process. A replay "
            "does not find the recorded result under it. Build keys from the workflow's input, its id or "
            "a counter."
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each call with an unstable key, or registration under an unstable name."""
        instability = Instability(program)
        for node in program.replayed_nodes:
            for op, dotted in _engine_calls(program, node):
                keys = [key for p in program.linker.profiles if p.owns(dotted) for key in p.key(dotted)]
                source = _unstable(instability, node, op, tuple(keys))
                if source is not None:
                    call = program.shown(node, op.func)
                    message = self.message(call, source.shown())
                    finding = program.replayed_finding(self, node, op.at, message, source.dotted)
                    if finding is not None:
                        yield finding
        for node in program.nodes:
            for op, dotted in _engine_calls(program, node) if is_import_time(node) else ():
                source = _unstable(instability, node, op, _name_arguments(program, dotted))
                if source is not None:
                    yield program.finding(
                        self.code, self.name, self.severity, node, program.place(node, op.at),
                        self.message(program.shown(node, op.func), source.shown()),
                        witness=program.witness((), source.node, source.at, source.dotted),
                    )  # fmt: skip


def _engine_calls(program: Program, node: Activation) -> Iterator[tuple[Call, str]]:
    if node.module.library:
        return
    for _, op, dotted in program.external_calls(node):
        if any(profile.owns(dotted) for profile in program.linker.profiles):
            yield op, dotted


def _name_arguments(program: Program, dotted: str) -> tuple[int | str, ...]:
    """The arguments of a decorator or registration that give a step or workflow its name."""
    return tuple(
        argument
        for profile in program.linker.profiles
        for arguments in (
            *(source.name_argument for form in _FORMS for source in profile.sources(dotted, form)),
            profile.renamed(dotted) or (),
        )
        for argument in arguments
    )


def _unstable(
    instability: Instability, node: Activation, op: Call, arguments: tuple[int | str, ...]
) -> Source | None:
    for slot in picked(op, arguments):
        source = instability.source(node, slot)
        if source is not None:
            return source
    return None
