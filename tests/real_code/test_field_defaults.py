"""Fields whose default is made by a function: it is only called where the field is not given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_code.checked import surprises

_DATACLASS = """\
import time
import uuid
from dataclasses import dataclass, field


@dataclass
class Context:
    user: str
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.time)


@dataclass
class Order(Context):
    seats: int = 0
    code: str = field(init=False, default_factory=lambda: uuid.uuid4().hex)
"""

_PYDANTIC = """\
import time
import uuid

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Context(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    user: str
    run_id: str = Field(default_factory=lambda: str(uuid.uuid4()))
    started: float = Field(default_factory=time.time)


class Order(Context):
    seats: int = 0
"""


@pytest.mark.parametrize("models", [_DATACLASS, _PYDANTIC])
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('user="ann", run_id=info.run_id, started=1.0', ""),
        ('user="ann", run_id=info.run_id', "  # expect: clock"),
        ('user="ann", started=1.0', "  # expect: identity"),
        ('user="ann"', "  # expect: clock, identity"),
    ],
)
def test_the_function_is_not_called_where_the_field_is_given(
    tmp_path: Path, models: str, arguments: str, found: str
) -> None:
    text = f"""\
from temporalio import workflow

from models import Context


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        info = workflow.info()
        Context({arguments}){found}
"""
    assert surprises(tmp_path, models=models, flow=text) == set()


def test_fields_are_given_by_position_too_and_to_subclasses(tmp_path: Path) -> None:
    text = """\
from temporalio import workflow

from models import Context, Order


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        Context("ann", workflow.info().run_id, 1.0)
        Order("ann", workflow.info().run_id, 1.0, 2)  # expect: identity
"""
    assert surprises(tmp_path, models=_DATACLASS, flow=text) == set()


def test_a_field_that_is_no_parameter_is_not_given_by_position(tmp_path: Path) -> None:
    text = """\
import time
from dataclasses import dataclass, field

from temporalio import workflow


@dataclass
class Visit:
    started: float = field(init=False, default_factory=time.time)
    seats: int = 0


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        Visit(2)  # expect: clock
"""
    assert surprises(tmp_path, flow=text) == set()


def test_what_is_given_by_position_goes_past_fields_that_are_no_such_parameters(tmp_path: Path) -> None:
    text = """\
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from temporalio import workflow


def fixed() -> float:
    return 1.0


@dataclass
class Visit:
    kinds: ClassVar[int] = 3
    number: int = field(init=False, default=0)
    started: float = field(kw_only=True, default_factory=time.time)
    clock: Callable[[], float] = fixed


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        Visit(fixed)  # expect: clock
        Visit(fixed, started=1.0)
        return Visit(time.time, started=1.0).clock()  # expect: clock
"""
    assert surprises(tmp_path, flow=text) == set()


def test_an_alias_in_another_style_gives_the_field(tmp_path: Path) -> None:
    text = """\
from temporalio import workflow

from models import Order


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        Order(user="ann", runId=workflow.info().run_id, started=1.0)
"""
    assert surprises(tmp_path, models=_PYDANTIC, flow=text) == set()


def test_methods_that_check_or_make_fields_run_when_an_object_is_made(tmp_path: Path) -> None:
    models = """\
import time
import uuid
from datetime import date

import attrs
from pydantic import BaseModel, PrivateAttr, field_validator, model_validator


class Stay(BaseModel):
    first: date

    @field_validator("first")
    @classmethod
    def is_ahead(cls, value: date) -> date:
        if value < date.today():
            raise ValueError("too late")
        return value


class Offer(BaseModel):
    seats: int = 1
    until: float = 0.0

    @model_validator(mode="after")
    def ends(self) -> "Offer":
        self.until = time.time() + 60
        return self

    @property
    def is_over(self) -> bool:
        return self.until < time.time()


class Tagged(BaseModel):
    _tag: str = PrivateAttr(default_factory=lambda: uuid.uuid4().hex)


@attrs.define
class Entry:
    code: str = attrs.Factory(lambda: uuid.uuid4().hex)


@attrs.define
class Line:
    number: int
    made: float = attrs.field()

    @made.default
    def _made(self) -> float:
        return time.time()

    @number.validator
    def _check(self, attribute: object, value: int) -> None:
        if value < 0:
            raise ValueError("negative")
"""
    text = """\
from datetime import date

from temporalio import workflow

from models import Entry, Line, Offer, Stay, Tagged


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, first: date) -> None:
        Stay(first=first)  # expect: clock
        Offer(seats=2)  # expect: clock
        Tagged()  # expect: identity
        Entry()  # expect: identity
        Entry(code="a")
        Line(1)  # expect: clock
"""
    assert surprises(tmp_path, models=models, flow=text) == set()
