# ruff: noqa: E501
"""not-serializable: which types of which functions are reported, where, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker.rules.base import Example
from color_checker.rules.not_serializable import NotSerializable
from tests.mypy_plugin.runner import MYPY, Program, check

TEMPORAL = """\
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NewType, Optional, Protocol, TypeVar

from temporalio import activity, workflow
from temporalio.client import Client

async def connect() -> Client:
    return await Client.connect("localhost:7233")

"""


def _run(directory: Path, program: Program, color: str = "", mypy: str = "") -> None:
    only = "" if "select" in color else 'select = ["not-serializable"]\n'
    check(directory, program, color=only + color, mypy=mypy)


@pytest.mark.parametrize(
    "example", [*NotSerializable.bad, *NotSerializable.good], ids=lambda example: str(example.title)
)
def test_the_examples_of_the_rule_are_what_mypy_reports(tmp_path: Path, example: Example) -> None:
    _run(
        tmp_path,
        {
            path: source.replace("# expect: not-serializable", "# E: not-serializable")
            for path, source in example.files.items()
        },
    )


def test_temporal_stores_parameters_and_results_of_all_that_clients_and_workflows_call(
    tmp_path: Path,
) -> None:
    _run(
        tmp_path,
        TEMPORAL
        + """\
@activity.defn
def price(
    name: str,
    day: date,  # E: not-serializable "Parameter `day` is of the type `datetime.date`"
) -> Decimal:  # E: not-serializable "The result of `price` is of the type `decimal.Decimal`"
    return Decimal(1)

class Shop:
    @activity.defn(name="visit")
    async def visit(self, when: date) -> None:  # E: not-serializable "Parameter `when`"
        ...

@workflow.defn
class Payment:
    @workflow.init
    def __init__(self, start: date) -> None: ...

    @workflow.run
    async def run(self, start: date) -> None:  # E: not-serializable "Parameter `start`"
        ...

    @workflow.signal
    def pay(self, amount: Decimal) -> None:  # E: not-serializable "Parameter `amount`"
        ...

    @workflow.query
    def total(self) -> Decimal:  # E: not-serializable "The result of `total`"
        return Decimal(1)

    @workflow.update
    async def change(self, amount: Decimal) -> None:  # E: not-serializable "Parameter `amount`"
        ...

    @change.validator
    def check(self, amount: Decimal) -> None: ...

    def helper(self, amount: Decimal) -> Decimal:
        return amount

def plain(amount: Decimal) -> Decimal:
    return amount
""",
    )


def test_the_message_names_the_way_into_the_type(tmp_path: Path) -> None:
    _run(
        tmp_path,
        TEMPORAL
        + """\
@dataclass
class Line:
    price: complex
    more: dict[str, tuple[int, complex]] = field(default_factory=dict)

@dataclass
class Order:
    lines: list[Line]
    first: Line | None = None

@dataclass
class Special(Order):
    gift: bool = False

@activity.defn
def charge(order: Order) -> None:  # E: not-serializable "`order.lines[].price` is of the type `complex`, which Temporal's default converter cannot store: the call fails. Use a pair of `float`, or pass `data_converter=pydantic_data_converter` (`temporalio.contrib.pydantic`) to `Client.connect`. See also `order.lines[].more[][1]`"
    ...

@activity.defn
def find(ids: list[int]) -> dict[str, Special]:  # E: not-serializable "`find(...)[].lines[].price`"
    return {}

@activity.defn
def table() -> dict[tuple[int, int], str]:  # E: not-serializable "A key of the result of `table` is of the type `tuple[int, int]`, which Temporal's default converter cannot store (keys have to be strings or numbers)"
    return {}

@dataclass
class Tables:
    one: dict[date, str]

@activity.defn
def tables() -> Tables:  # E: not-serializable "A key of `tables(...).one` is of the type `datetime.date`"
    return Tables({})
""",
    )


def test_types_are_seen_through_what_stands_for_them(tmp_path: Path) -> None:
    _run(
        tmp_path,
        TEMPORAL
        + """\
Price = NewType("Price", Decimal)
Cents = NewType("Cents", int)
Prices = list[Decimal]

class Named(Protocol):
    @property
    def name(self) -> str: ...

@dataclass
class Node:
    value: int
    children: "list[Node]"

@dataclass
class BadNode:
    children: "dict[str, Optional[BadNode]]"
    price: Decimal

@activity.defn
def good(cents: Cents, node: Node, more: Sequence[Node] | None = None) -> "Node":
    return node

@activity.defn
def one(price: Price) -> None:  # E: not-serializable "`decimal.Decimal`"
    ...

@activity.defn
def two(prices: Prices) -> None:  # E: not-serializable "`prices[]`"
    ...

@activity.defn
def three(node: BadNode) -> None:  # E: not-serializable "`node.price`"
    ...

@activity.defn
def four(named: Named) -> None:  # E: not-serializable "`Named`"
    ...

@activity.defn
def five(then: Callable[[], int]) -> None:  # E: not-serializable "`Callable`"
    ...
""",
    )


def test_an_object_can_be_given_by_an_activity_that_is_called_by_name_but_not_taken(tmp_path: Path) -> None:
    _run(
        tmp_path,
        TEMPORAL
        + """\
@activity.defn
def gives() -> dict[str, object]:
    return {}

@activity.defn
def takes(what: dict[str, object]) -> None:  # E: not-serializable "`what[]` is of the type `object`, which Temporal's default converter can store but not read"
    ...
""",
    )


def test_types_that_contain_themselves_come_to_an_end(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from typing import Union

from pydantic import BaseModel, JsonValue
from temporalio import activity
from temporalio.client import Client

Json = Union[dict[str, "Json"], list["Json"], str, int, None]
Nested = list["Nested"]
Wrong = Union[dict[str, "Wrong"], complex]

class Model(BaseModel):
    value: JsonValue

@activity.defn
def good(one: Json, two: Nested, three: Model) -> None: ...

@activity.defn
def bad(wrong: Wrong) -> None:  # E: not-serializable "complex"
    ...

async def connect() -> Client:
    return await Client.connect("localhost:7233")
""",
    )


def test_any_and_what_is_not_annotated_is_reported_under_strict_only(tmp_path: Path) -> None:
    program = (
        TEMPORAL
        + """\
T = TypeVar("T")

@activity.defn
def loose(one: Any, two: dict[str, Any]) -> list[Any]:{}
    return []

@activity.defn
def generic(one: T) -> T:
    return one

@activity.defn
def bare(one, two=1):{}
    return one
"""
    )
    lenient = {"app.py": program.replace("{}", "")}
    _run(tmp_path, lenient, mypy="disallow_untyped_defs = false\ndisallow_untyped_decorators = false")
    strict = program.replace("{}", '  # E: not-serializable "Parameter `one` is of the type `Any`"', 1)
    strict = strict.replace("{}", '  # E: not-serializable "`one`, `two`"')
    (tmp_path / "strict").mkdir()
    _run(
        tmp_path / "strict",
        strict,
        color="strict = true",
        mypy="disallow_untyped_defs = false\ndisallow_untyped_decorators = false",
    )


ACTIVITIES = """\
from dataclasses import dataclass
from decimal import Decimal

from temporalio import activity


@dataclass
class Plain:
    price: Decimal


class Session:
    pass


@activity.defn
async def charge(plain: Plain) -> None:{decimal}
    ...


@activity.defn
async def visit(session: Session) -> None:{session}
    ...
"""
BOTH = {
    "decimal": '  # E: not-serializable "`plain.price`"',
    "session": '  # E: not-serializable "`Session`"',
}
ONLY_SESSION = {**BOTH, "decimal": ""}
NOTHING = {"decimal": "", "session": ""}


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ('Client.connect("x")', BOTH),
        ('Client.connect("x", data_converter=converter.default())', BOTH),
        ('Client.connect("x", data_converter=converter.DataConverter.default)', BOTH),
        ('Client.connect("x", data_converter=converter.DataConverter(payload_codec=codec))', BOTH),
        ('Client.connect("x", data_converter=replace(converter.default(), payload_codec=codec))', BOTH),
        ('Client.connect("x", data_converter=pydantic_data_converter)', ONLY_SESSION),
        (
            'Client.connect("x", data_converter=replace(pydantic_data_converter, payload_codec=codec))',
            ONLY_SESSION,
        ),
        (
            'Client.connect("x", data_converter=converter.DataConverter(payload_converter_class=Mine))',
            NOTHING,
        ),
        ('Client.connect("x", data_converter=from_somewhere())', NOTHING),
        ('Client.connect("x", data_converter=mine)', NOTHING),
        ('Client.connect("x", data_converter=theirs)', ONLY_SESSION),
        ('Client.connect("x", plugins=[UnknownPlugin()])', NOTHING),
    ],
)
def test_the_converter_that_the_project_gives_its_client_decides(
    tmp_path: Path, client: str, expected: dict[str, str]
) -> None:
    worker = f"""\
# mypy: ignore-errors
from dataclasses import replace

from activities import charge, visit
from temporalio import converter
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

mine = Mine()
theirs = pydantic_data_converter


async def main():
    client = await {client}
    await Worker(client, task_queue="payments", activities=[charge, visit]).run()
"""
    _run(tmp_path, {"activities.py": _filled(ACTIVITIES, expected), "worker.py": worker})


def test_a_client_that_is_made_in_another_file_counts_for_what_is_used_together_with_it(
    tmp_path: Path,
) -> None:
    connecting = """\
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter


async def connect() -> Client:
    return await Client.connect("localhost:7233"{})
"""
    worker = """\
from {0}.activities import charge, visit
from {0}.connecting import connect
from temporalio.worker import Worker


async def main() -> None:
    await Worker(await connect(), task_queue="payments", activities=[charge, visit]).run()
"""
    files: dict[str, str] = {}
    for package, arguments, expected in (
        ("one", "", BOTH),
        ("two", ", data_converter=pydantic_data_converter", ONLY_SESSION),
    ):
        files |= {
            f"{package}/__init__.py": "",
            f"{package}/activities.py": _filled(ACTIVITIES, expected),
            f"{package}/connecting.py": connecting.replace("{}", arguments),
            f"{package}/worker.py": worker.replace("{0}", package),
        }
    _run(tmp_path, files)


def test_without_a_client_only_what_no_usual_converter_stores_is_reported(tmp_path: Path) -> None:
    _run(tmp_path, {"activities.py": _filled(ACTIVITIES, ONLY_SESSION)})


def test_a_field_that_a_pydantic_model_writes_in_its_own_way_is_left_alone(tmp_path: Path) -> None:
    _run(
        tmp_path,
        TEMPORAL
        + """\
from typing import Annotated
from pydantic import BaseModel, Field, PlainSerializer, field_serializer

Money = Annotated[Decimal, PlainSerializer(str)]

class Written(BaseModel):
    price: Annotated[Decimal, PlainSerializer(str)]
    other: Money | None = None
    hidden: complex = Field(1j, exclude=True)

class Order(BaseModel):
    price: Decimal
    @field_serializer("price")
    def write(self, price: Decimal) -> str:
        return str(price)

class Plain(BaseModel):
    price: Decimal
    _cache: complex = 1j

@activity.defn
def charge(order: Order, written: Written) -> None: ...

@activity.defn
def refund(order: Plain) -> None:  # E: not-serializable "`order.price`"
    ...
""",
    )


def test_a_comment_or_the_configuration_silences_it(tmp_path: Path) -> None:
    program = (
        TEMPORAL
        + """\
@activity.defn
def charge(price: Decimal) -> None:  # color: ignore[not-serializable]
    ...

@activity.defn
def refund(price: Decimal) -> None:  # type: ignore[not-serializable]
    ...
"""
    )
    _run(tmp_path, program)
    (tmp_path / "ignored").mkdir()
    _run(
        tmp_path / "ignored",
        TEMPORAL + "@activity.defn\ndef charge(price: Decimal) -> None: ...\n",
        color='select = []\nignore = ["not-serializable"]',
    )


def test_dbos_pickles_arguments_of_workflows_and_results(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
import threading
from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Callable

from dbos import DBOS, Queue

@dataclass
class Order:
    price: Decimal
    lock: threading.Lock

class Careful:
    def __init__(self) -> None:
        self.lock = threading.Lock()
    def __getstate__(self) -> dict[str, Any]:
        return {}

@DBOS.step()
def good(lock: threading.Lock) -> set[Decimal]:
    return set()

@DBOS.step()
def numbers() -> Generator[int, None, None]:  # E: not-serializable "Collect the items in a list"
    yield 1

@DBOS.workflow()
def pay(order: Order, careful: Careful, then: Callable[[], int]) -> None:  # E: not-serializable "`order.lock` is of the type `threading.Lock`, which pickle cannot store"
    ...

def save() -> threading.Event:  # E: not-serializable "The result of `save`"
    return threading.Event()

def run() -> None:
    DBOS.run_step(None, save)

def outer() -> None:
    class Local:
        pass

    @DBOS.workflow()
    def inner(local: Local) -> None:  # E: not-serializable "its class is defined inside of a function"
        ...
""",
    )


def test_with_a_serializer_of_its_own_nothing_is_said_of_dbos(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
import threading
from typing import Any

from dbos import DBOS, DBOSConfig

def configure(serializer: Any) -> DBOSConfig:
    return {"name": "shop", "serializer": serializer}

@DBOS.workflow()
def pay(lock: threading.Lock) -> None: ...
""",
    )


def test_restate_knows_models_only_as_the_whole_type(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from dataclasses import dataclass
from datetime import datetime

import msgspec
from pydantic import BaseModel
from restate import Context, Service, VirtualObject, ObjectContext
from restate.serde import PydanticJsonSerde

payments = Service("payments")
carts = VirtualObject("carts")

class Order(BaseModel):
    at: datetime

class Item(msgspec.Struct):
    at: datetime

@dataclass
class Line:
    sku: str

def orders() -> list[Order]:
    return []

def order() -> Order:
    return Order(at=datetime.min)

def line() -> Line:
    return Line("a")

@payments.handler()
async def pay(ctx: Context, order: Order) -> Item | None:
    return None

@carts.handler("add")
async def add(ctx: ObjectContext, line: Line) -> None:  # E: not-serializable "Parameter `line` is of the type `Line`, which Restate's default serde cannot store"
    ...

@payments.handler(output_serde=PydanticJsonSerde(Order))
async def given(ctx: Context, name: str) -> Order:
    return await ctx.run_typed("order", order)

@payments.handler()
async def all_orders(ctx: Context) -> list[Order]:  # E: not-serializable "`all_orders(...)[]` is of the type `Order`, which Restate's default serde cannot store (it knows such classes only as the whole type)"
    await ctx.run_typed("line", line)
    await ctx.run("order", lambda: order(), type_hint=Order)
    return []

@payments.handler()
async def now(ctx: Context, at: datetime) -> int:  # E: not-serializable "Parameter `at`"
    found = await ctx.run_typed("orders", orders)
    return len(found)
""".replace(
            "def orders() -> list[Order]:",
            'def orders() -> list[Order]:  # E: not-serializable "`orders(...)[]`"',
        ),
        mypy="disallow_untyped_calls = false",
    )


def test_aws_stores_results_of_steps_with_tags_and_its_own_result_as_json(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step

@dataclass
class Order:
    price: Decimal

@durable_step
def charge(ctx: StepContext, order: Order) -> tuple[Decimal, datetime]:
    return order.price, datetime.min

@durable_step
def bad(ctx: StepContext, order: Order) -> Order:  # E: not-serializable "`Order`, which the default SerDes cannot store"
    return order

@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> timedelta:  # E: not-serializable "AWS Lambda"
    return timedelta(1)

@durable_execution
def typed(event: Order, context: DurableContext) -> str:  # E: not-serializable "Parameter `event`"
    return ""
""",
    )


@pytest.mark.skipif(MYPY < (1, 19), reason="mypy 1.18 crashes on the SDK, also without the plugin")
def test_durable_task_makes_dataclasses_again_where_they_stand_alone(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from durabletask.task import ActivityContext, OrchestrationContext, Task
from durabletask.worker import TaskHubGrpcWorker

class Color(Enum):
    RED = "red"

@dataclass
class Line:
    sku: str
    color: Color = Color.RED

def good(ctx: ActivityContext, lines: list[Line]) -> dict[str, Line]:
    return {}

def bad(ctx: ActivityContext, lines: dict[str, Line]) -> None:  # E: not-serializable "`lines[]` is of the type `Line`, and comes back from Durable Task's default converter as a dict"
    ...

def colored(ctx: ActivityContext, color: Color) -> datetime:  # E: not-serializable "its plain value"
    return datetime.min

def flow(ctx: OrchestrationContext, at: datetime) -> Generator[Task[Any], Any, Any]:  # E: not-serializable "Parameter `at`"
    yield ctx.call_activity(good, input=[])

def configure(worker: TaskHubGrpcWorker) -> None:
    worker.add_activity(good)
    worker.add_activity(bad)
    worker.add_activity(colored)
    worker.add_orchestrator(flow)
""",
    )


def test_azure_stores_what_has_to_json_and_from_json(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df

app = df.DFApp()

@dataclass
class Line:
    sku: str

class Order:
    def to_json(self) -> str:
        return ""
    @staticmethod
    def from_json(text: str) -> "Order":
        return Order()

class Half:
    def to_json(self) -> str:
        return ""

@app.activity_trigger(input_name="order")
def good(order: Order, connection: Line) -> list[Order]:
    return []

@app.activity_trigger(input_name="line")
def bad(line: Line) -> str:  # E: not-serializable "Parameter `line` is of the type `Line`, which Azure Durable Functions cannot store"
    return ""

@app.activity_trigger(input_name="half")
def half(half: Half) -> str:  # E: not-serializable "can store but not read"
    return ""
""",
        mypy="disallow_untyped_decorators = false\nignore_missing_imports = true",
    )


def test_dapr_makes_models_again_where_they_are_the_whole_parameter(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from typing import Any

from dapr.ext.workflow import DaprWorkflowContext, WorkflowActivityContext, WorkflowRuntime
from pydantic import BaseModel

runtime = WorkflowRuntime()

class Order(BaseModel):
    day: date

@dataclass
class Line:
    sku: str

@dataclass
class Cart:
    lines: list[Line]

@runtime.activity(name="good")
def good(ctx: WorkflowActivityContext, order: Order | None) -> Order | None:
    return order

@runtime.activity
def fields(ctx: WorkflowActivityContext, line: Line) -> Line:
    return line

@runtime.activity(name="bad")
def bad(ctx: WorkflowActivityContext, orders: list[Order]) -> date:  # E: not-serializable "as a dict"
    return date.min

@runtime.activity(name="nested")
def nested(ctx: WorkflowActivityContext, cart: Cart) -> None:  # E: not-serializable "`cart.lines[]`"
    ...

@runtime.workflow(name="flow")
def flow(ctx: DaprWorkflowContext, day: date) -> Generator[Any, Any, None]:  # E: not-serializable "Parameter `day`"
    yield ctx.call_activity(good, input=None)
""",
        mypy="disallow_untyped_decorators = false\nwarn_unused_ignores = false",
    )


def test_runtime_min_refuses_what_would_not_come_back(tmp_path: Path) -> None:
    _run(
        tmp_path,
        """\
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from runtime_min import step, workflow

class Color(Enum):
    RED = 1

@dataclass
class Order:
    price: Decimal
    color: Color
    points: tuple[set[int], ...]

class Plain:
    pass

@step
async def good(order: Order) -> dict[Color, Order]:
    return {}

@step
async def bad(order: Order) -> OrderedDict[str, int]:  # E: not-serializable "`runtime_min` cannot store"
    return OrderedDict()

@workflow
async def flow(plain: Plain) -> None:  # E: not-serializable "Parameter `plain` is of the type `Plain`"
    ...
""",
    )


def _filled(source: str, markers: dict[str, str]) -> str:
    for name, marker in markers.items():
        source = source.replace(f"{{{name}}}", marker)
    return source
