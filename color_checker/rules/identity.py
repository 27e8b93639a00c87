"""CC203: workflow code makes identities that differ between runs."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Identity(EffectRule):
    """Workflow code makes an identity that differs from run to run.

    ## What it does

    Finds `uuid.uuid1`, `uuid4` and `uuid7`, `id(x)`, and `hash(x)` of strings, bytes and objects, whose
    hash is salted in each process or comes from a memory address. `uuid.uuid5` and `uuid3` compute from
    their arguments, `hash` of a number is the same everywhere: both are fine.

    ## Why is this bad

    The key `str(uuid4())` that was sent to the payment service differs after each replay: the retry does
    not look like a retry, and the customer is charged twice. Ids that steps have stored no longer match.

    ## Use instead

    The engine's own ids: `workflow.uuid4()` in Temporal, `uuid4()` of `runtime_min`, `ctx.uuid()` in
    Restate, `ctx.new_uuid()` in Durable Task. Or `uuid.uuid5(namespace, workflow_id)`, or make the id in a
    step. For a stable digest use `hashlib`, not `hash`.
    """

    code = "CC203"
    name = "identity"
    effect = Effect.IDENTITY
    does = "gives a value that differs in each process"
    harm = "A replay gets another one, and what was stored under the first no longer matches."
    instead = "make the id in a step, or derive it with `uuid.uuid5` from the workflow's id"

    bad = (
        Example(
            title="a payment key made in a Temporal workflow",
            files={
                "workflows.py": """\
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow


@activity.defn
async def charge(key: str) -> str:
    return key


@workflow.defn
class Payment:
    @workflow.run
    async def run(self) -> str:
        key = str(uuid4())  # expect: identity
        return await workflow.execute_activity(charge, key, start_to_close_timeout=timedelta(seconds=9))
"""
            },
        ),
        Example(
            title="a model in another file makes its own id",
            files={
                "models.py": """\
import uuid


class Order:
    def __init__(self, item: str) -> None:
        self.item = item
        self.id = uuid.uuid4().hex
""",
                "workflows.py": """\
from temporalio import workflow

from models import Order


@workflow.defn
class Purchase:
    @workflow.run
    async def run(self, item: str) -> str:
        order = Order(item)  # expect: identity
        return order.id
""",
            },
        ),
        Example(
            title="the hash of a string picks a shard, the address of an object a key",
            files={
                "flows.py": """\
from runtime_min import step, workflow


@step
async def store(shard: int, user: str) -> None:
    print(shard, user)


@workflow
async def signup(user: str) -> int:
    shard = hash(user) % 16  # expect: identity
    await store(shard, user)
    marker = object()
    return id(marker)  # expect: identity
"""
            },
        ),
        Example(
            title="an Azure orchestrator makes an id in a comprehension",
            files={
                "function_app.py": """\
import uuid

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.activity_trigger(input_name="key")
def ship(key: str) -> str:
    return key


@app.orchestration_trigger(context_name="context")
def shipping(context: df.DurableOrchestrationContext):
    keys = [str(uuid.uuid1()) for _ in range(3)]  # expect: identity
    for key in keys:
        yield context.call_activity("ship", key)
"""
            },
        ),
    )
    good = (
        Example(
            title="the engine's ids",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Payment:
    @workflow.run
    async def run(self) -> str:
        return str(workflow.uuid4())
"""
            },
        ),
        Example(
            title="ids computed from the input, hashes of numbers",
            files={
                "app.py": """\
import hashlib
import uuid

from dbos import DBOS


@DBOS.workflow()
def payment(order: str, number: int) -> tuple[str, int, str]:
    key = uuid.uuid5(uuid.NAMESPACE_URL, order)
    bucket = hash(4711) % 16
    digest = hashlib.sha256(order.encode()).hexdigest()
    return str(key), bucket + number, digest
"""
            },
        ),
        Example(
            title="names and attributes that are called id or hash",
            files={
                "flows.py": """\
from dataclasses import dataclass

from runtime_min import workflow


@dataclass
class Order:
    id: str
    hash: str


@workflow
async def label(order: Order, id: str) -> str:
    return f"{order.id} {order.hash} {id}"
"""
            },
        ),
        Example(
            title="a client makes the workflow id",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: str) -> str:
        return order
""",
                "client.py": """\
from uuid import uuid4

from temporalio.client import Client

from workflows import Payment


async def pay(client: Client, order: str) -> str:
    return await client.execute_workflow(Payment.run, order, id=f"pay-{uuid4()}", task_queue="pay")
""",
            },
        ),
    )
