"""Values that are mixed up on the way are told apart again where an annotation says what arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_code.checked import surprises

_HEAD = """\
import time
from dataclasses import dataclass
from typing import Any

from temporalio import workflow


class Clock:
    def show(self) -> str:
        return str(time.time())

    def title(self) -> str:
        return str(time.time())

    def kind(self) -> str:
        return "clock"


class Order:
    def __init__(self, number: int) -> None:
        self.number = number

    def show(self) -> str:
        return "order"

    def kind(self) -> str:
        return "order"


class Point:
    x: int = 0

    def __eq__(self, other: object) -> bool:
        return time.time() > 0

    def move(self) -> float:
        return time.time()


def now() -> float:
    return time.time()

"""


def test_a_text_is_none_of_the_functions_beside_it(tmp_path: Path) -> None:
    flow = """
def label(name: str, clock=None) -> str:
    return name.title()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, key: str) -> str:
        given = {"name": "a", "clock": Clock()}
        given[key] = Clock()
        return label(**given)
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_a_text_may_be_of_a_class_of_texts(tmp_path: Path) -> None:
    flow = """
class Stamped(str):
    def title(self) -> str:
        return str(time.time())


def label(name: str | None, other: int = 0) -> str:
    return name.title() if name else ""


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> str:
        return label(Stamped("a"))  # expect: clock
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_an_object_is_of_a_class_that_has_something_in_common_with_the_declared_one(tmp_path: Path) -> None:
    flow = """
def moved(order: Order, other=None) -> bool:
    return order == 1


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, key: str) -> bool:
        given = {key: Point(), key + "2": Order(1)}
        return moved(**given)
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_a_stand_in_for_the_declared_class_is_followed(tmp_path: Path) -> None:
    flow = """
def shown(order: Order) -> str:
    return order.show()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> str:
        return shown(Clock())  # expect: clock
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_what_has_all_of_the_declared_class_is_a_stand_in_whatever_else_it_has(tmp_path: Path) -> None:
    flow = """
class Fixed:
    def read(self) -> float:
        return 1.0


class System:
    zone: str = "UTC"
    drift: float = 0.0

    def read(self) -> float:
        return time.time()

    def adjust(self) -> None: ...


def shown(clock: Fixed) -> float:
    return clock.read()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> float:
        return shown(System())  # expect: clock
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_what_a_protocol_or_a_type_variable_stands_for_is_followed(tmp_path: Path) -> None:
    flow = """
import random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Now(Protocol):
    def __call__(self) -> float: ...


def called(clock: Now) -> float:
    return clock()


def draw() -> float:
    return random.random()


def kept(thing: T) -> T:
    return thing


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> float:
        called(now)  # expect: clock
        return kept(draw)()  # expect: random
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_defaults_of_fields_are_not_the_fields_own_type(tmp_path: Path) -> None:
    flow = """
from dataclasses import field


@dataclass
class Basket:
    goods: list[str] = field(default_factory=list)
    clock: Any = field(default=now)


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> float:
        basket = Basket()
        basket.goods.append("apple")
        return basket.clock()  # expect: clock
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_a_field_of_a_dataclass_is_of_its_instances_whatever_the_decorator_is_called(tmp_path: Path) -> None:
    flow = """
from dataclasses import dataclass as record


@record
class Basket:
    goods: dict[str, Any] | None = None


def fill(basket: Basket) -> None:
    if basket.goods is not None:
        basket.goods["apple"] = 1


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, basket: Basket) -> None:
        fill(basket)
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_a_name_for_several_types_means_each_of_them(tmp_path: Path) -> None:
    flow = """
from typing import Annotated, Optional, Union

Shown = Annotated[Union[Clock, Order], "by kind"]
Either = Clock | Order
Maybe = Optional[Clock]


def first(thing: Shown) -> str:
    return thing.title()


def second(thing: Either) -> str:
    return thing.title()


def third(thing: Maybe) -> str:
    return thing.title() if thing is not None else ""


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, one: Shown, two: Either, three: Maybe) -> None:
        first(one)  # expect: clock
        second(two)
        third(three)
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_of_one_family_only_the_declared_branch_arrives(tmp_path: Path) -> None:
    flow = """
class Tool:
    def call(self) -> float:
        raise NotImplementedError


class ClockTool(Tool):
    def call(self) -> float:
        return time.time()


class FixedTool(Tool):
    def call(self) -> float:
        return 1.0


class FixedFasterTool(FixedTool):
    pass


def called(tool: FixedTool) -> float:
    return tool.call()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, tool: Tool, key: str) -> float:
        given = {key: ClockTool(), key + "2": FixedFasterTool()}
        return called(tool) + called(**given)
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


_RECORDS = """
class Context:
    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number

    def send(self) -> None: ...


class Event:
    source: str = ""
    detail: str = ""

    @property
    def name(self) -> str:
        return str(time.time())


class Refused(Exception):
    @property
    def name(self) -> str:
        return str(time.time())


def label(context: Context, other: object = None) -> str:
    return context.name


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, key: str) -> str:
        given = {key: OTHER, key + "2": Context("a", 1)}
        return label(**given)
"""


@pytest.mark.parametrize("other", ["Event()", "Refused()"])
def test_a_name_in_common_makes_a_record_no_stand_in(other: str, tmp_path: Path) -> None:
    assert surprises(tmp_path, flow=_HEAD + _RECORDS.replace("OTHER", other)) == set()


def test_an_object_of_a_library_is_none_of_a_class_of_the_project(tmp_path: Path) -> None:
    flow = """
from pathlib import Path


class Page:
    def read_text(self) -> str:
        return "page"


def text(page: Page | None, other: object = None) -> str:
    return page.read_text() if page else ""


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, key: str) -> str:
        given = {key: Path("a"), key + "2": Page()}
        return text(**given)
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()


def test_a_cast_says_what_something_is_not(tmp_path: Path) -> None:
    flow = """
from typing import Protocol, cast


class Shown(Protocol):
    def show(self) -> str: ...


class Receipt:
    def total(self) -> float:
        return 1.0

    def sum(self) -> float:
        return 1.0


class Stopwatch:
    def total(self) -> float:
        return time.time()

    def start(self) -> None: ...

    def stop(self) -> None: ...


@workflow.defn
class Flow:
    @workflow.run
    async def run(self, key: str) -> float:
        thing = {key: Stopwatch(), key + "2": Receipt()}[key]
        return cast(Receipt, thing).total()


@workflow.defn
class Shows:
    @workflow.run
    async def run(self) -> str:
        return cast(Shown, Clock()).show() + cast("Clock", Clock()).title()  # expect: clock
"""
    assert surprises(tmp_path, flow=_HEAD + flow) == set()
