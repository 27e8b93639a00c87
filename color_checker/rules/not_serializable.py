"""CC401: a type of which the engine cannot store values."""

from __future__ import annotations

from color_checker.rules.base import Example, TypedRule


class NotSerializable(TypedRule):
    """A parameter or the result of a workflow or step is of a type that the engine does not store as it is.

    ## What it does

    Takes the annotated types of parameters and results of workflows, steps, signals, queries and updates
    apart, down to the fields of dataclasses, models, named tuples and typed dicts. It holds each part against
    what the engine's converter really does with it: Temporal's default converter and its converter for
    pydantic, `pickle` in DBOS, and the JSON of the others, each with its own additions. A part is reported if
    its values cannot be written, cannot be read again, or come back as something else; the message names the
    way to it, as in `order.lines[].price`.

    It needs types, so only the mypy plugin reports it. Where a project gives the engine a converter that is
    not known (`Client.connect(data_converter=...)`, `DBOSConfig(serializer=...)`, `serde=...`), nothing is
    said. With `strict = true`, types that do not say what is stored (`Any`, `object`, protocols) are reported
    as well.

    ## Why is this bad

    The engine writes what workflows and steps are given and what they return into its history, and works with
    what it reads from there when it replays. What cannot be written fails when the call is made, often in a
    branch that no test runs; what comes back as something else fails later, somewhere else, and sometimes
    not at all.

    ## Use instead

    Types that the converter knows: for most engines strings, numbers, lists, dicts with string keys and
    dataclasses or pydantic models of these. Pass what identifies a connection, a client or a file and open it
    in the step.
    """

    code = "CC401"
    name = "not-serializable"

    bad = (
        Example(
            title="Temporal's default converter does not know `Decimal`, nor a session",
            files={
                "models.py": """\
from dataclasses import dataclass
from decimal import Decimal

import requests


@dataclass
class Line:
    sku: str
    price: Decimal


@dataclass
class Order:
    lines: list[Line]


@dataclass
class Shop:
    name: str
    session: requests.Session
""",
                "workflows.py": """\
from datetime import timedelta
from decimal import Decimal

from temporalio import activity, workflow
from temporalio.client import Client

from models import Line, Order, Shop


@activity.defn
async def charge(order: Order) -> str:  # expect: not-serializable
    return order.lines[0].sku


@activity.defn
async def visit(shop: Shop) -> str:  # expect: not-serializable
    return shop.name


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, sku: str) -> str:
        order = Order([Line(sku, Decimal(1))])
        return await workflow.execute_activity(charge, order, start_to_close_timeout=timedelta(minutes=1))


async def connect() -> Client:
    return await Client.connect("localhost:7233")
""",
            },
        ),
        Example(
            title="what comes back from Temporal is not what was sent",
            files={
                "activities.py": """\
from typing import NamedTuple

from temporalio import activity
from temporalio.client import Client


class Point(NamedTuple):
    x: float
    y: float


@activity.defn
async def locate(address: str) -> Point:  # expect: not-serializable
    return Point(0.0, float(len(address)))


@activity.defn
async def scale(
    factor: int | float,  # expect: not-serializable
) -> dict[int | str, float]:  # expect: not-serializable
    return {1: factor}


async def connect() -> Client:
    return await Client.connect("localhost:7233")
"""
            },
        ),
        Example(
            title="pickle, in DBOS, does not store what is open or locked",
            files={
                "app.py": """\
import threading
from io import TextIOWrapper

from dbos import DBOS


class Counter:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


@DBOS.step()
def read(path: str) -> TextIOWrapper:  # expect: not-serializable
    return open(path)


@DBOS.workflow()
def count(counter: Counter, path: str) -> int:  # expect: not-serializable
    read(path)
    return counter.count
"""
            },
        ),
    )
    good = (
        Example(
            title="plain types and dataclasses of them",
            files={
                "workflows.py": """\
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from temporalio import activity, workflow


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"


@dataclass
class Line:
    sku: str
    cents: int


@dataclass
class Order:
    id: UUID
    at: datetime
    status: Status = Status.OPEN
    lines: list[Line] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    size: tuple[int, int] | None = None


@activity.defn
async def charge(order: Order, retries: dict[int, str]) -> bytes:
    return order.id.bytes


@workflow.defn
class Payment:
    @workflow.run
    async def run(self, order: Order) -> bytes:
        return await workflow.execute_activity(
            charge, args=[order, {}], start_to_close_timeout=timedelta(minutes=1)
        )
"""
            },
        ),
        Example(
            title="the converter for pydantic knows more",
            files={
                "activities.py": """\
from decimal import Decimal

from temporalio import activity


@activity.defn
async def charge(price: Decimal) -> Decimal:
    return price
""",
                "worker.py": """\
from activities import charge
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker


async def main() -> None:
    client = await Client.connect("localhost:7233", data_converter=pydantic_data_converter)
    await Worker(client, task_queue="payments", activities=[charge]).run()
""",
            },
        ),
        Example(
            title="Restate: a model alone, DBOS: nearly everything",
            files={
                "handlers.py": """\
from decimal import Decimal

from pydantic import BaseModel
from restate import Context, Service

payments = Service("payments")


class Order(BaseModel):
    price: Decimal


def charge(order: Order) -> Order:
    return order


@payments.handler()
async def pay(ctx: Context, order: Order) -> Order:
    return await ctx.run_typed("charge", charge, order=order)
""",
                "app.py": """\
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dbos import DBOS


@dataclass
class Order:
    price: Decimal
    day: date | None = None


@DBOS.step()
def charge(order: Order) -> tuple[Order, set[int]]:
    return order, {1}


@DBOS.workflow()
def pay(order: Order) -> Order:
    return charge(order)[0]
""",
            },
        ),
    )
