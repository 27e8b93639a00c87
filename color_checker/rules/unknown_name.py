"""CC403: a step or child workflow is called by a name that nothing defines."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from color_checker.activation import Activation, Operation
from color_checker.engines import Profile
from color_checker.facts import Call
from color_checker.findings import Color, Finding
from color_checker.program import Program
from color_checker.registry import Registry, constant_texts, picked
from color_checker.rules.base import Example, Rule

#: Arguments that send the call to workers which may belong to another project.
_ELSEWHERE = frozenset({"task_queue", "app_id"})


class UnknownName(Rule):
    """A step or child workflow is called by a string name that nothing in the project defines.

    ## What it does

    Compares constant names in calls of steps and child workflows with the names that the project registers
    under the same engine, explicit ones (`@activity.defn(name="charge")`) or those of the functions
    and classes.

    There is no finding where the project cannot know: it defines no step (or no workflow, for children) of
    this engine at all; it has a dynamic one, which takes any name, or registers one under a name that is no
    constant or stands in another file; the call names another task queue or app; or the name is computed.

    ## Why is this bad

    The engine accepts the name, finds no worker for it, and retries: the workflow waits, without an error
    in sight, until somebody looks.

    ## Use instead

    The function itself, which also gives types to arguments and result. Where a name is needed, the
    registered one.
    """

    code = "CC403"
    name = "unknown-name"
    severity = "warning"

    bad = (
        Example(
            title="a misspelled activity",
            files={
                "activities.py": """\
from temporalio import activity


@activity.defn
async def charge(order: str) -> str:
    return order
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(  # expect: unknown-name
            "chrage", order, start_to_close_timeout=timedelta(seconds=5)
        )
""",
            },
        ),
        Example(
            title="a constant of another file, and a function whose registered name is another one",
            files={
                "names.py": """\
CHARGE = "charge"
TRIAL = "Trail"
""",
                "activities.py": """\
from temporalio import activity


@activity.defn(name="charge-v2")
async def charge(order: str) -> str:
    return order
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import names


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, order: str) -> str:
        return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        limit = timedelta(seconds=5)
        await workflow.start_activity(names.CHARGE, start_to_close_timeout=limit)  # expect: unknown-name
        await workflow.execute_child_workflow(names.TRIAL, order, id="trial")  # expect: unknown-name
""",
            },
        ),
        Example(
            title="an Azure orchestrator",
            files={
                "function_app.py": """\
import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="order")
def charge(order: str) -> str:
    return order


@app.orchestration_trigger(context_name="context")
def payment(context: df.DurableOrchestrationContext):
    result = yield context.call_activity("Charge", "book")  # expect: unknown-name
    return result
"""
            },
        ),
    )
    good = (
        Example(
            title="names that are registered",
            files={
                "activities.py": """\
from temporalio import activity


@activity.defn(name="charge-v2")
async def charge(order: str) -> str:
    return order


class Mail:
    @activity.defn
    async def send(self, user: str) -> None:
        print(user)
""",
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn(name="trial")
class Trial:
    @workflow.run
    async def run(self, order: str) -> str:
        return order


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        limit = timedelta(seconds=5)
        await workflow.execute_activity("charge-v2", order, start_to_close_timeout=limit)
        await workflow.execute_activity("send", order, start_to_close_timeout=limit)
        await workflow.execute_child_workflow("trial", order, id="trial")
""",
            },
        ),
        Example(
            title="another task queue, a computed name",
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
    async def run(self, order: str, kind: str) -> None:
        limit = timedelta(seconds=5)
        await workflow.execute_activity(
            "ChargeInGo", order, task_queue="go", start_to_close_timeout=limit
        )
        await workflow.execute_activity(f"charge-{kind}", order, start_to_close_timeout=limit)
        await workflow.execute_child_workflow("GoChild", order, id="c", task_queue="go")
"""
            },
        ),
        Example(
            title="the project has no steps of its own",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_activity("charge", order, start_to_close_timeout=timedelta(seconds=5))
"""
            },
        ),
        Example(
            title="names that stand in function.json (Azure's first programming model)",
            files={
                "Parent/__init__.py": """\
import azure.durable_functions as df


def orchestrate(context: df.DurableOrchestrationContext):
    result = yield context.call_sub_orchestrator("Child", "book")
    return result


main = df.Orchestrator.create(orchestrate)
"""
            },
        ),
        Example(
            title="a dynamic activity takes any name",
            files={
                "workflows.py": """\
from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RawValue


@activity.defn(dynamic=True)
async def anything(args: Sequence[RawValue]) -> str:
    return activity.info().activity_type


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_activity("charge", order, start_to_close_timeout=timedelta(seconds=5))
"""
            },
        ),
    )

    @staticmethod
    def message(called: str, word: str, similar: str | None = None) -> str:
        """What is wrong with the name `called` of a `word` ("activity"); `similar` is one that exists."""
        hint = (
            f"Did you mean `{similar}`?" if similar else "Pass the function itself, or its registered name."
        )
        return (
            f"Nothing in the project registers the {word} `{called}`. The engine finds no worker for it, "
            f"and the workflow waits without an error. {hint}"
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each name in a call of replayed code that nothing registers."""
        registries: dict[str, Registry] = {}
        for node in program.replayed_nodes:
            for position, op in program.ops(node) if not node.module.library else ():
                if isinstance(op, Call):
                    for record in program.operations(node, position):
                        yield from self._check(program, registries, node, op, record)

    def _check(
        self, program: Program, registries: dict[str, Registry], node: Activation, op: Call, record: Operation
    ) -> Iterator[Finding]:
        profile = program.profile(record.engine)
        operation = profile.operation(record.dotted) if profile is not None else None
        if profile is None or operation is None or not operation.string_target:
            return
        if op.double_stars or any(name in _ELSEWHERE for name, _ in op.keywords):
            return
        registry = _registry(program, registries, profile)
        color = Color.STEP if operation.kind == "step" else Color.WORKFLOW
        for called in () if registry.is_open(color) else _names(program, node, op, operation.target):
            if called not in registry.names(color):
                word = profile.step_word if color is Color.STEP else "workflow"
                similar = get_close_matches(called, sorted(registry.names(color)), n=1)
                message = self.message(called, word, *similar)
                finding = program.replayed_finding(self, node, op.at, message, called)
                if finding is not None:
                    yield finding


def _registry(program: Program, registries: dict[str, Registry], profile: Profile) -> Registry:
    if profile.name not in registries:
        registries[profile.name] = Registry(program, profile)
    return registries[profile.name]


def _names(program: Program, node: Activation, op: Call, target: tuple[int | str, ...]) -> Iterator[str]:
    """The constant names that the call may mean; none if it may be computed."""
    for slot in picked(op, target):
        texts, is_whole = constant_texts(program.values(node, slot))
        yield from texts if is_whole else ()
