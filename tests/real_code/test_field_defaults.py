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
