# ruff: noqa: E501
"""What is said of a type is what the real converter of the engine does with a value of it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from mypy.build import BuildSource, build
from mypy.nodes import FuncDef
from mypy.options import Options
from mypy.types import CallableType

from mypy_plugin.storable.converters import Converter
from mypy_plugin.storable.registry import CONVERTERS
from mypy_plugin.storable.shapes import Shape
from mypy_plugin.storable.sources import Sources
from mypy_plugin.storable.troubles import Outcome, Spot

pytest.importorskip("google.protobuf", reason="needs the SDKs")

MODULE = "values_to_store"
DEFINITIONS = """
from __future__ import annotations
import collections, collections.abc, dataclasses, datetime, decimal, enum, fractions, io, ipaddress
import logging, pathlib, queue, re, socket, sqlite3, threading, types, uuid, zoneinfo
from typing import *
from typing import NamedTuple
import attrs, msgspec, pydantic, typing_extensions
from google.protobuf.duration_pb2 import Duration

T = TypeVar("T")
Cents = NewType("Cents", int)
Prices = list[decimal.Decimal]

class Plain:
    def __init__(self) -> None:
        self.name = "x"
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain)

class Holder:
    def __init__(self) -> None:
        self.name = "x"
        self.lock = threading.Lock()

class Careful:
    def __init__(self) -> None:
        self.lock = threading.Lock()
    def __getstate__(self) -> object:
        return {}
    def __setstate__(self, state: object) -> None:
        self.lock = threading.Lock()
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Careful)

class Color(enum.Enum):
    RED = "red"
class Level(enum.IntEnum):
    LOW = 1
class Status(enum.StrEnum):
    OPEN = "open"
class Kind(str, enum.Enum):
    A = "a"
class Ratio(float, enum.Enum):
    HALF = 0.5
class Flags(enum.IntFlag):
    A = 1
class Name(str): ...
class Count(int): ...
class Names(list[str]): ...
class Table(dict[str, int]): ...
class Point(NamedTuple):
    x: int
    y: int
class Row(typing_extensions.TypedDict):
    id: int
    at: typing_extensions.NotRequired[datetime.datetime]
class StdRow(TypedDict):
    id: int
    kind: Status
class PriceRow(typing_extensions.TypedDict):
    price: decimal.Decimal
class Named(Protocol):
    def name_it(self) -> str: ...
class Nameable:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nameable)
    def name_it(self) -> str:
        return "x"

@dataclasses.dataclass
class Line:
    sku: str
    count: int = 1
@dataclasses.dataclass
class Order:
    id: uuid.UUID
    lines: list[Line]
    at: datetime.datetime
@dataclasses.dataclass
class Basket:
    lines: list[Line]
    note: str | None = None
@dataclasses.dataclass
class Priced:
    price: decimal.Decimal
@dataclasses.dataclass
class Basket2:
    items: dict[str, Priced]
@dataclasses.dataclass
class Late:
    a: int
    b: complex = dataclasses.field(init=False, default=1j)
@dataclasses.dataclass
class Cold:
    a: int
    k: ClassVar[complex] = 1j
    i: dataclasses.InitVar[int] = 1
    @property
    def z(self) -> complex:
        return 1j
@dataclasses.dataclass
class Node:
    value: int
    children: list[Node] = dataclasses.field(default_factory=list)
@dataclasses.dataclass
class Box(Generic[T]):
    item: T
@dataclasses.dataclass
class Small:
    x: int
@dataclasses.dataclass
class Large:
    x: int
    y: int
@dataclasses.dataclass
class Child(Small):
    when: datetime.date
@dataclasses.dataclass
class Locked:
    lock: threading.Lock
    def __eq__(self, other: object) -> bool:
        return True
@dataclasses.dataclass
class Colored:
    color: Color
@dataclasses.dataclass
class Stated:
    status: Status
@dataclasses.dataclass
class Pointed:
    at: Point
@dataclasses.dataclass
class Paired:
    pair: tuple[int, str]
@dataclasses.dataclass
class Tabled:
    table: dict[str, Line]
@dataclasses.dataclass
class Numbered:
    table: dict[int, str]
@dataclasses.dataclass
class Either:
    one: Line | Color
@dataclasses.dataclass
class Hooked:
    x: complex
    def to_json(self) -> Any:
        return [self.x.real, self.x.imag]
    @classmethod
    def from_json(cls, data: Any) -> "Hooked":
        return cls(complex(*data))
class OnlyWritten:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnlyWritten)
    def to_json(self) -> Any:
        return 1
@dataclasses.dataclass
class Able:
    sku: str
    def double(self) -> str:
        return self.sku * 2

class Model(pydantic.BaseModel):
    id: int
    at: datetime.datetime | None = None
class PricedModel(pydantic.BaseModel):
    price: decimal.Decimal
class DatedModel(pydantic.BaseModel):
    day: datetime.date
class DeepModel(pydantic.BaseModel):
    model: Model
    tags: set[str] = set()
    pair: tuple[int, str] = (1, "a")
class GivingModel(pydantic.BaseModel):
    price: decimal.Decimal
    @pydantic.field_serializer("price")
    def write_price(self, value: decimal.Decimal) -> str:
        return str(value)
class PrivateModel(pydantic.BaseModel):
    id: int
    kind: ClassVar[complex] = 1j
    _cache: complex = 1j
@dataclasses.dataclass
class WithModel:
    model: Model
@dataclasses.dataclass
class WithPricedModel:
    model: PricedModel
class Record(msgspec.Struct):
    id: int
    at: datetime.datetime | None = None
@attrs.define
class Attrs:
    id: int

def local_class() -> Any:
    class Local:
        def __eq__(self, other: object) -> bool:
            return True
    return Local()
"""

#: annotation, a value of it.
ROWS = (
    ("None", "None"), ("int", "1"), ("str", "'a'"), ("float", "1.5"), ("bool", "True"),
    ("bytes", "b'\\xff'"), ("list[bytes]", "[b'\\xff']"), ("bytearray", "bytearray(b'a')"),
    ("complex", "1j"), ("datetime.datetime", "datetime.datetime(2024, 1, 2)"),
    ("datetime.date", "datetime.date(2024, 1, 2)"), ("datetime.time", "datetime.time(1)"),
    ("datetime.timedelta", "datetime.timedelta(1)"), ("decimal.Decimal", "decimal.Decimal('1.5')"),
    ("fractions.Fraction", "fractions.Fraction(1, 2)"), ("uuid.UUID", "uuid.UUID(int=1)"),
    ("pathlib.Path", "pathlib.Path('a')"), ("re.Pattern[str]", "re.compile('a')"),
    ("ipaddress.IPv4Address", "ipaddress.IPv4Address('1.1.1.1')"), ("zoneinfo.ZoneInfo", "zoneinfo.ZoneInfo('UTC')"),
    ("range", "range(3)"), ("memoryview", "memoryview(b'a')"), ("object", "1"), ("Any", "1"),
    ("list[int]", "[1]"), ("list", "[1]"), ("Sequence[int]", "[1]"), ("Iterable[int]", "[1]"),
    ("collections.abc.Collection[int]", "[1]"), ("list[complex]", "[1j]"), ("Prices", "[decimal.Decimal(1)]"),
    ("tuple[int, str]", "(1, 'a')"), ("tuple[int, ...]", "(1, 2)"), ("list[tuple[int, str]]", "[(1, 'a')]"),
    ("tuple[complex, int]", "(1j, 1)"), ("set[int]", "{1}"), ("frozenset[int]", "frozenset({1})"),
    ("collections.abc.Set[int]", "{1}"), ("collections.deque[int]", "collections.deque([1])"),
    ("Iterator[int]", "iter([1])"), ("Generator[int, None, None]", "(i for i in range(3))"),
    ("dict[str, int]", "{'a': 1}"), ("Mapping[str, int]", "{'a': 1}"), ("dict", "{'a': 1}"),
    ("dict[str, object]", "{'a': 1}"), ("dict[str, Any]", "{'a': 1}"), ("dict[int, str]", "{1: 'a'}"),
    ("dict[bool, str]", "{True: 'a'}"), ("dict[uuid.UUID, int]", "{uuid.UUID(int=1): 1}"),
    ("dict[datetime.date, int]", "{datetime.date(2024, 1, 1): 1}"), ("dict[tuple[int, int], int]", "{(1, 2): 3}"),
    ("dict[Status, int]", "{Status.OPEN: 1}"), ("dict[Color, int]", "{Color.RED: 1}"),
    ("dict[int | str, int]", "{1: 1}"), ("dict[str, decimal.Decimal]", "{'a': decimal.Decimal(1)}"),
    ("tuple[list[bytes], list[bytes]]", "([b'\\xff'], [b'\\xff'])"), ("dict[str, set[int]]", "{'a': {1}}"), ("collections.OrderedDict[str, int]", "collections.OrderedDict(a=1)"),
    ("collections.defaultdict[str, int]", "collections.defaultdict(int, a=1)"),
    ("collections.Counter[str]", "collections.Counter('a')"),
    ("int | None", "None"), ("Optional[str]", "'a'"), ("int | str", "'a'"), ("int | float", "1.5"),
    ("float | int", "1.5"), ("datetime.datetime | str", "datetime.datetime(2024, 1, 1)"),
    ("uuid.UUID | str", "uuid.UUID(int=1)"), ("str | uuid.UUID", "uuid.UUID(int=1)"), ("str | datetime.datetime", "datetime.datetime(2024, 1, 1)"),
    ("datetime.datetime | None", "datetime.datetime(2024, 1, 1)"), ("list[str] | str", "'abc'"),
    ("str | list[str]", "['abc']"), ("list[int] | str", "'abc'"), ("list[int] | set[int]", "{1}"),
    ("Small | Large", "Large(1, 2)"), ("Large | Small", "Small(1)"), ("Line | None", "Line('a')"),
    ("Literal['a', 'b']", "'a'"), ("Literal[Color.RED]", "Color.RED"), ("Cents", "Cents(1)"),
    ("Annotated[int, 'cents']", "1"), ("Color", "Color.RED"), ("Level", "Level.LOW"), ("Status", "Status.OPEN"),
    ("Kind", "Kind.A"), ("Ratio", "Ratio.HALF"), ("Flags", "Flags.A"), ("Name", "Name('abc')"),
    ("Count", "Count(1)"), ("Names", "Names(['a'])"), ("Table", "Table(a=1)"), ("Point", "Point(1, 2)"),
    ("Row", "{'id': 1, 'at': datetime.datetime(2024, 1, 1)}"), ("StdRow", "{'id': 1, 'kind': Status.OPEN}"), ("PriceRow", "{'price': decimal.Decimal(1)}"),
    ("Plain", "Plain()"), ("Holder", "Holder()"), ("Careful", "Careful()"), ("Named", "Nameable()"),
    ("Line", "Line('a')"), ("Order", "Order(uuid.UUID(int=1), [Line('a')], datetime.datetime(2024, 1, 1))"),
    ("Basket", "Basket([Line('a')])"),
    ("Priced", "Priced(decimal.Decimal(1))"), ("Basket2", "Basket2({'a': Priced(decimal.Decimal(1))})"),
    ("Late", "Late(1)"), ("Cold", "Cold(1)"), ("Node", "Node(1, [Node(2)])"), ("Box[int]", "Box(1)"),
    ("Child", "Child(1, datetime.date(2024, 1, 1))"), ("Locked", "Locked(threading.Lock())"),
    ("Colored", "Colored(Color.RED)"), ("Stated", "Stated(Status.OPEN)"), ("Pointed", "Pointed(Point(1, 2))"),
    ("Paired", "Paired((1, 'a'))"), ("Tabled", "Tabled({'a': Line('a')})"), ("Numbered", "Numbered({1: 'a'})"),
    ("Either", "Either(Color.RED)"), ("Hooked", "Hooked(1j)"), ("OnlyWritten", "OnlyWritten()"),
    ("Able", "Able('a')"), ("list[Line]", "[Line('a')]"), ("dict[str, Line]", "{'a': Line('a')}"),
    ("Line | str", "Line('a')"), ("list[Status]", "[Status.OPEN]"), ("list[list[Line]]", "[[Line('a')]]"),
    ("tuple[Line, ...]", "(Line('a'),)"),
    ("Model", "Model(id=1)"), ("Model | None", "Model(id=1)"), ("list[Model]", "[Model(id=1)]"),
    ("PricedModel", "PricedModel(price=decimal.Decimal(1))"),
    ("DatedModel", "DatedModel(day=datetime.date(2024, 1, 1))"), ("DeepModel", "DeepModel(model=Model(id=1))"),
    ("GivingModel", "GivingModel(price=decimal.Decimal(1))"), ("PrivateModel", "PrivateModel(id=1)"),
    ("WithModel", "WithModel(Model(id=1))"), ("WithPricedModel", "WithPricedModel(PricedModel(price=decimal.Decimal(1)))"),
    ("Record", "Record(1)"), ("Record | None", "Record(1)"), ("list[Record]", "[Record(1)]"), ("Attrs", "Attrs(1)"),
    ("Duration", "Duration(seconds=1)"), ("list[Duration]", "[Duration(seconds=1)]"),
    ("Callable[[], int]", "lambda: 1"), ("type[int]", "int"), ("logging.Logger", "logging.getLogger('a')"),
    ("threading.Lock", "threading.Lock()"), ("threading.Event", "threading.Event()"),
    ("queue.Queue[int]", "queue.Queue()"), ("socket.socket", "socket.socket()"),
    ("sqlite3.Connection", "sqlite3.connect(':memory:')"), ("io.TextIOWrapper", "open('/dev/null')"),
    ("io.StringIO", "io.StringIO('a')"), ("types.SimpleNamespace", "types.SimpleNamespace(a=1)"),
    ("types.ModuleType", "types"), ("Exception", "ValueError('a')"),
)  # fmt: skip
KEPT, REFUSED, CHANGED = "kept", "refused", "changed"

#: What a converter does to the value of a type: it gives what comes back, or raises.
Real = Callable[[Any, Any], Any]


def _temporal(hint: Any, value: Any) -> Any:
    import temporalio.converter

    return _through(temporalio.converter.default().payload_converter, hint, value)


def _temporal_pydantic(hint: Any, value: Any) -> Any:
    from temporalio.contrib.pydantic import PydanticPayloadConverter

    # A new one each time: it caches adapters by type, and takes `A | B` and `B | A` for the same.
    return _through(PydanticPayloadConverter(), hint, value)


def _through(converter: Any, hint: Any, value: Any) -> Any:
    return converter.from_payloads(converter.to_payloads([value]), [hint])[0]


def _dbos(hint: Any, value: Any) -> Any:
    from dbos._serialization import DBOSDefaultSerializer

    return DBOSDefaultSerializer.deserialize(DBOSDefaultSerializer.serialize(value))


def _restate_handler(hint: Any, value: Any) -> Any:
    from restate.handler import HandlerIO, update_handler_io_with_type_hints
    from restate.serde import DefaultSerde

    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
        for name, annotation in (("ctx", object), ("value", hint))
    ]
    given: Any = HandlerIO("application/json", "application/json", DefaultSerde(), DefaultSerde())
    update_handler_io_with_type_hints(given, inspect.Signature(parameters, return_annotation=hint))
    return given.input_serde.deserialize(given.output_serde.serialize(value))


def _restate_run(hint: Any, value: Any) -> Any:
    from restate.serde import DefaultSerde

    serde: Any = DefaultSerde().with_maybe_type(hint)
    return serde.deserialize(serde.serialize(value))


def _restate_run_typed(hint: Any, value: Any) -> Any:
    from restate.types import extract_core_type

    return _restate_run(extract_core_type(hint)[1], value)


def _aws_step(hint: Any, value: Any) -> Any:
    from aws_durable_execution_sdk_python.serdes import deserialize, serialize

    return deserialize(None, serialize(None, value, "", ""), "", "")


def _aws_event(hint: Any, value: Any) -> Any:
    import json

    return json.loads(json.dumps(value))


def _durabletask(hint: Any, value: Any) -> Any:
    from durabletask.internal.type_discovery import activity_input_type
    from durabletask.serialization import JsonDataConverter

    def activity(ctx: object, value: object) -> None: ...

    activity.__annotations__["value"] = hint
    converter = JsonDataConverter()
    return converter.deserialize(converter.serialize(value), activity_input_type(activity, converter))


def _azure(hint: Any, value: Any) -> Any:
    serialization: Any = importlib.import_module("azure.durable_functions.models.utils.df_serialization")
    return serialization.df_loads(serialization.df_dumps(value))


def _dapr_argument(hint: Any, value: Any) -> Any:
    from dapr.ext.workflow._model_protocol import coerce_to_model, resolve_input

    def activity(ctx: object, value: object) -> None: ...

    activity.__annotations__["value"] = hint
    activity.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=hint),
        ]
    )
    model = resolve_input(activity)[1]
    found = _dapr_result(hint, value)
    return found if model is None or isinstance(found, model) else coerce_to_model(found, model)


def _dapr_result(hint: Any, value: Any) -> Any:
    shared: Any = importlib.import_module("dapr.ext.workflow._durabletask.internal.shared")
    return shared.from_json(shared.to_json(value))


def _runtime_min(hint: Any, value: Any) -> Any:
    from runtime_min.codec import JsonCodec

    return JsonCodec().decode(JsonCodec().encode(value, hint), hint)


REAL: dict[str, Real] = {
    "temporal": _temporal, "temporal-pydantic": _temporal_pydantic, "dbos": _dbos,
    "restate": _restate_handler, "restate-run": _restate_run, "restate-run-typed": _restate_run_typed,
    "aws": _aws_step, "json": _aws_event, "durabletask": _durabletask, "azure": _azure,
    "dapr-argument": _dapr_argument, "dapr-result": _dapr_result, "runtime-min": _runtime_min,
}  # fmt: skip

#: Where nothing is said though the real converter does not store the value: it depends on the value, or is
#: not known for sure.
SILENT: dict[str, frozenset[str]] = {
    "dapr-argument": frozenset({"types.SimpleNamespace"}),
    "dapr-result": frozenset({"types.SimpleNamespace"}),
    # On Python 3.11, runtime_min does not know typing_extensions' TypedDict, and pydantic not typing's.
    "runtime-min": frozenset({"Row", "PriceRow", "Cold"}),
    "temporal-pydantic": frozenset(
        {
            "tuple[list[bytes], list[bytes]]",
            "list[bytes]",
            "list[int] | set[int]",
            "Literal[Color.RED]",
            "StdRow",
            "collections.abc.Set[int]",
        }
    ),
}


@pytest.fixture(scope="module")
def program() -> Iterator[types.ModuleType]:
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    exec(compile(DEFINITIONS, MODULE, "exec"), vars(module))
    yield module
    del sys.modules[MODULE]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shape]:
    source = DEFINITIONS + "".join(
        f"def takes_{index}(value: {annotation}) -> None: ...\n" for index, (annotation, _) in enumerate(ROWS)
    )
    path = Path(tmp_path_factory.mktemp("storable"), f"{MODULE}.py")
    path.write_text(source)
    options = Options()
    options.incremental = False
    options.preserve_asts = True
    options.follow_imports = "silent"
    result = build([BuildSource(str(path), MODULE)], options)
    assert not [error for error in result.errors if "error:" in error], result.errors
    names = result.files[MODULE].names
    found = {}
    for index, (annotation, _) in enumerate(ROWS):
        function = names[f"takes_{index}"].node
        assert isinstance(function, FuncDef)
        assert isinstance(function.type, CallableType)
        found[annotation] = Shape(function.type.arg_types[0])
    return found


@pytest.mark.parametrize("name", REAL)
def test_the_verdict_on_a_type_is_what_the_real_converter_does(
    name: str, shapes: dict[str, Shape], program: types.ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "values.py"
    path.write_text(DEFINITIONS)
    sources = Sources(lambda module: str(path) if module == MODULE else "")
    wrong = {}
    for annotation, value in ROWS:
        said = _said(CONVERTERS[name], shapes[annotation], sources)
        real = _real(REAL[name], annotation, value, program)
        if real is None or said == Outcome.UNSURE:
            continue
        if said == KEPT and annotation in SILENT.get(name, ()):
            assert real != KEPT, f"{annotation} is stored: it need not be listed"
        elif said != real:
            wrong[annotation] = f"said {said}, is {real}"
    assert not wrong, wrong


def _said(converter: Converter, shape: Shape, sources: Sources) -> str:
    troubles = list(converter.troubles(shape, Spot(seen=set(), sources=sources)))
    outcomes = {trouble.outcome for trouble in troubles}
    if outcomes & {Outcome.REFUSED, Outcome.UNREADABLE}:
        return REFUSED
    if outcomes & {Outcome.CHANGED, Outcome.ALIKE}:
        return CHANGED
    return Outcome.UNSURE if outcomes else KEPT


def _real(real: Real, annotation: str, value: str, program: types.ModuleType) -> str | None:
    sent = eval(value, vars(program))
    hint = _hint(annotation, program)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            back = real(hint, sent)
        except Exception as error:
            return None if "optional dependencies" in str(error) else REFUSED
    return KEPT if _same(sent, back) else CHANGED


def _hint(annotation: str, program: types.ModuleType) -> Any:
    """The annotation as the engines see it."""
    holder = types.SimpleNamespace(__annotations__={"value": annotation})
    return get_type_hints(holder, vars(program))["value"]


def _same(sent: Any, back: Any) -> bool:
    if type(sent) is not type(back):
        return False
    if isinstance(sent, list | tuple):
        return len(sent) == len(back) and all(map(_same, sent, back))
    if isinstance(sent, dict):
        keys = {(type(key), key) for key in back}
        return len(sent) == len(back) and all(
            (type(key), key) in keys and _same(sent[key], back[key]) for key in sent
        )
    if dataclasses.is_dataclass(sent):
        return all(
            _same(getattr(sent, one.name), getattr(back, one.name)) for one in dataclasses.fields(sent)
        )
    if isinstance(sent, Iterator):
        return list(sent) == list(back)
    return bool(sent == back) or repr(sent) == repr(back)
