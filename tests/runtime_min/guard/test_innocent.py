"""What workflows may do freely is passed, on the first call as on later ones."""

# The lambdas are the workflows.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
import base64
import bisect
import collections
import contextlib
import contextvars
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gc
import hashlib
import heapq
import importlib
import inspect
import io
import ipaddress
import itertools
import json
import logging
import math
import operator
import os
import pathlib
import pickle
import pprint
import random
import re
import statistics
import string
import struct
import sys
import textwrap
import time
import traceback
import types
import typing
import urllib.parse
import uuid
import warnings
import weakref
import zlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from runtime_min.guard import Guard
from tests.runtime_min.guard.running import refused, run


class Plan(enum.Enum):
    FREE = "free"
    PRO = "pro"


class Point(NamedTuple):
    x: int
    y: int = 0


@dataclasses.dataclass(order=True, frozen=True)
class Order:
    number: int
    name: str = "an order"
    items: list[int] = dataclasses.field(default_factory=list)

    def __hash__(self) -> int:
        return hash((self.number, self.name))

    def __deepcopy__(self, memo: dict[int, Any]) -> Order:
        memo[id(self)] = self
        return self


class Event(msgspec.Struct):
    at: datetime.datetime
    amount: decimal.Decimal
    tags: list[str] = []


class Checked:
    """Descriptors, slots, class attributes, `super()`, abstract and generic bases."""

    count = 0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()

    def __init__(self, value: int) -> None:
        super().__init__()
        self.value = value

    @functools.cached_property
    def twice(self) -> int:
        return self.value * 2

    @property
    def once(self) -> int:
        return self.value

    @classmethod
    def make(cls) -> Checked:
        return cls(1)

    @staticmethod
    def helper(value: int) -> int:
        return value + 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checked) and self.value == other.value

    def __hash__(self) -> int:
        return hash(str(self.value))

    def __repr__(self) -> str:
        return f"<{super().__repr__()} {id(self)}>"


class Heir(Checked):
    def __init__(self) -> None:
        super().__init__(2)


class ShopError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)


@functools.cache
def squared(value: int) -> int:
    return value * value


@functools.lru_cache(maxsize=2)
def cubed(value: int) -> int:
    return value**3


@contextlib.contextmanager
def inside() -> Iterator[int]:
    yield 1


@contextlib.asynccontextmanager
async def inside_async() -> Any:
    yield 1


def raises() -> str:
    try:
        raise ShopError("no")  # noqa: TRY301
    except ShopError:
        return traceback.format_exc()


def dispatch() -> str:
    match Point(1, 2):
        case Point(x=1, y=y):
            return f"{y!r:>4} {Plan.PRO} {1.5:.2f}"
        case _:
            return ""


async def uses_asyncio() -> list[int]:
    queue: asyncio.Queue[int] = asyncio.Queue()
    queue.put_nowait(1)
    lock, event = asyncio.Lock(), asyncio.Event()
    event.set()
    async with lock, inside_async() as one:
        await event.wait()

    async def task(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async with asyncio.TaskGroup() as group:
        grouped = group.create_task(task(2))
    done, _ = await asyncio.wait([asyncio.create_task(task(3))])
    first = await next(iter(asyncio.as_completed([task(4)])))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(1)
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: None)
    loop.time()
    future: Awaitable[int] = asyncio.shield(asyncio.ensure_future(task(5)))
    waited = await asyncio.wait_for(task(6), 1)
    gathered = await asyncio.gather(task(7), task(8))
    return [
        one,
        queue.get_nowait(),
        grouped.result(),
        done.pop().result(),
        first,
        await future,
        waited,
        *gathered,
    ]


rng = random.Random(7)
variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=1)
log = logging.getLogger("shop")
day = datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC)
arguments = (0,)

INNOCENT: list[Callable[[], Any]] = [
    lambda: json.loads(json.dumps({"a": [1, 2.5, None]}, sort_keys=True)),
    lambda: dataclasses.replace(Order(1), number=2),
    lambda: dataclasses.asdict(Order(1)),
    lambda: sorted([Order(2), Order(1)]),
    lambda: {Order(1): 1}[Order(1)],
    lambda: copy.deepcopy({"order": Order(1), "list": [1]}),
    lambda: copy.copy([1]),
    lambda: re.sub(r"(\d)", lambda found: found[1] * 2, "a1"),
    lambda: re.compile("a+").fullmatch("aa"),
    lambda: day + datetime.timedelta(days=30) - day,
    lambda: datetime.datetime.fromisoformat("2024-01-01").isoformat(),
    lambda: datetime.datetime.fromtimestamp(0, datetime.UTC),
    lambda: datetime.datetime.fromtimestamp(0, tz=datetime.UTC),
    lambda: datetime.datetime.fromtimestamp(*arguments, datetime.UTC),
    lambda: datetime.datetime.strptime("2024", "%Y").replace(year=1),
    lambda: day.astimezone(datetime.UTC).strftime("%Y"),
    lambda: day.timestamp(),
    lambda: time.gmtime(0),
    lambda: time.gmtime(*arguments),
    lambda: time.strftime("%Y", time.gmtime(0)),
    lambda: random.Random(5).random(),
    lambda: random.Random(x=5).randint(1, 2),
    lambda: random.Random(*arguments).choice("ab"),
    lambda: [rng.random(), rng.choice("ab"), rng.sample([1, 2], 1), rng.randbytes(2), rng.gauss(0, 1)],
    lambda: rng.seed(7),
    lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "shop") == uuid.UUID(int=1),
    lambda: hash(5) + hash((1, 2.5)) + hash(None),
    lambda: hash(Order(1)),
    lambda: {1, 2, 3}.pop(),
    lambda: {"one"}.pop(),
    lambda: [1, 2].pop(),
    lambda: {"a": 1}.pop("a"),
    lambda: id(day),
    lambda: decimal.Decimal("1.10").quantize(decimal.Decimal("0.1")),
    lambda: decimal.getcontext().prec,
    lambda: fractions.Fraction(1, 3) + 1,
    lambda: (Plan("pro"), Plan["FREE"], list(Plan), Plan.PRO.value),
    dispatch,
    raises,
    lambda: list(itertools.chain(itertools.islice(itertools.count(), 3), [1])),
    lambda: itertools.groupby([1, 1], key=squared),
    lambda: squared(3) + cubed(2),
    lambda: functools.reduce(operator.add, [1, 2]),
    lambda: functools.partial(squared, 2)(),
    lambda: (Checked.make().twice, Heir().once, Heir.helper(1), repr(Heir()), {Heir(): 1}),
    lambda: Checked(1) == Heir(),
    lambda: Point(1)._replace(y=2)._asdict(),
    lambda: collections.Counter("aab").most_common(1),
    lambda: collections.OrderedDict(a=1).move_to_end("a"),
    lambda: collections.defaultdict(list, a=[1])["b"],
    lambda: collections.deque([1]).popleft(),
    lambda: collections.namedtuple("P", "x"),
    lambda: heapq.nsmallest(1, [2, 1]),
    lambda: bisect.bisect([1, 2], 1),
    lambda: statistics.mean([1, 2]),
    lambda: math.sqrt(4),
    lambda: struct.pack("<I", 1),
    lambda: hashlib.sha256(b"x").hexdigest(),
    lambda: zlib.crc32(b"x"),
    lambda: base64.b64encode(b"x").decode(),
    lambda: urllib.parse.urlencode({"a": 1}),
    lambda: urllib.parse.urlparse("http://example.com/a"),
    lambda: ipaddress.ip_address("10.0.0.1"),
    lambda: pathlib.PurePath("a") / "b",
    lambda: pathlib.Path("a").with_suffix(".py").as_posix(),
    lambda: os.path.join("a", "b"),
    lambda: os.fspath(pathlib.PurePath("a")),
    lambda: textwrap.dedent("  a"),
    lambda: string.Template("$a").substitute(a=1),
    lambda: pprint.pformat({"a": 1}),
    lambda: pickle.loads(pickle.dumps(Point(1))),
    lambda: io.StringIO("a").read(),
    lambda: io.BytesIO(b"a").getvalue(),
    lambda: variable.set(2),
    lambda: variable.get(),
    lambda: contextlib.ExitStack().enter_context(inside()),
    lambda: typing.cast("str", arguments),
    lambda: typing.get_type_hints(squared),
    lambda: inspect.signature(squared),
    lambda: inspect.iscoroutinefunction(uses_asyncio),
    lambda: types.SimpleNamespace(a=1),
    lambda: weakref.ref(Plan)(),
    lambda: gc.isenabled(),
    lambda: sys.exc_info(),
    lambda: sys.getsizeof(1),
    lambda: sys._getframe().f_lineno,
    lambda: importlib.import_module("json"),
    lambda: __import__("json"),
    lambda: log.isEnabledFor(10),
    lambda: msgspec.json.decode(msgspec.json.encode(Event(day, decimal.Decimal(1))), type=Event),
    lambda: msgspec.convert({"at": day, "amount": "1"}, Event),
    lambda: dict(zip("ab", map(str, filter(None, [1])), strict=False)),
    lambda: max([1, 2], key=lambda value: -value),
    lambda: any(value > 1 for value in {"a": 1}.values()),
    lambda: list[int]((1, 2)),
    lambda: type("Made", (), {})(),
    lambda: getattr(Plan.PRO, "value"),  # noqa: B009
    lambda: [isinstance(1, int), callable(len), issubclass(int, object)],
    lambda: "{:>3}".format(*["a", "b"]),
]


@pytest.mark.parametrize("function", INNOCENT, ids=lambda function: f"line{function.__code__.co_firstlineno}")
def test_innocent_code_is_passed(guard: Guard, function: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for _ in range(3):
            run(guard, function)


def test_asyncio_schedules_freely(guard: Guard) -> None:
    guard.watch(uses_asyncio)
    loop = asyncio.new_event_loop()
    try:
        with guard:
            assert loop.run_until_complete(uses_asyncio()) == [1, 1, 2, 3, 4, 5, 6, 7, 8]
    finally:
        loop.close()


def test_pydantic_validates_freely(guard: Guard) -> None:
    pydantic = pytest.importorskip("pydantic")

    class User(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        name: str
        since: datetime.date
        age: int = pydantic.Field(gt=0)

        @pydantic.field_validator("name")  # type: ignore[untyped-decorator]
        @classmethod
        def strip(cls, value: str) -> str:
            return value.strip()

    def flow() -> Any:
        user = User(name=" a ", since="2024-01-01", age=3)
        return User.model_validate_json(user.model_dump_json()).model_copy(update={"age": 4}).name

    assert run(guard, flow) == "a"


def test_an_import_inside_a_function_is_passed(guard: Guard) -> None:
    sys.modules.pop("tests.runtime_min.guard.imported_late", None)

    def flow() -> object:
        from tests.runtime_min.guard import imported_late

        return imported_late.AT

    assert isinstance(run(guard, flow), float)


def test_the_loggers_of_the_runtime_are_passed(guard: Guard) -> None:
    class Quiet(logging.LoggerAdapter[logging.Logger]):
        pass

    Quiet.__module__ = "runtime_min.primitives"
    adapter = Quiet(log, {})
    run(guard, lambda: adapter.info("said once"))


PACKAGE = """
import logging, os, threading, time, uuid

def passed():
    logging.getLogger("package").info("said")
    scope = {}
    exec("def made(): return 1", scope)
    return os.environ.get("HOME"), threading.Lock(), hash("text"), {"a", "b"}.pop(), scope["made"]()

def refused_clock():
    return time.time()

def refused_identity():
    return uuid.uuid4()

def refused_thread():
    return threading.Thread(target=passed)
"""


def test_installed_packages_may_log_configure_lock_and_generate_but_no_more(
    guard: Guard, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "site-packages"
    directory.mkdir()
    (directory / "package_of_this_test.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(directory))
    package = importlib.import_module("package_of_this_test")
    run(guard, lambda: package.passed())
    for name in ("clock", "identity", "thread"):
        function = getattr(package, f"refused_{name}")
        assert f"[{name}]" in refused(guard, lambda function=function: function())
    assert "[console]" in refused(guard, package.passed), "a workflow's own package is no exception"
