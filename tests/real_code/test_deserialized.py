"""What a workflow gets as its arguments has been deserialized: `Any` in their types is plain data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_code.checked import surprises


@pytest.mark.parametrize(
    "annotation",
    ["dict", "dict[str, Any]", "Dict[str, Any] | None", "dict[str, list[Any]]", "Mapping[str, object]"],
)
def test_elements_of_untyped_containers_in_arguments_are_data(tmp_path: Path, annotation: str) -> None:
    text = f"""\
from collections.abc import Mapping
from typing import Any, Dict

from temporalio import workflow


@workflow.defn
class Report:
    @workflow.run
    async def run(self, data: {annotation}) -> list[str]:
        rows = data.get("rows", [])
        return [row.get("name") for row in rows] + [row.get("title") for row in data["titles"]]

    @workflow.signal
    def add(self, data: {annotation}) -> None:
        for name in data["names"]:
            name.strip()
"""
    assert surprises(tmp_path, report=text) == set()


def test_fields_of_argument_classes_are_data_too(tmp_path: Path) -> None:
    text = """\
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from temporalio import workflow


class Page(BaseModel):
    parts: list[Any]
    meta: dict[str, Any] = {}


@dataclass
class Request:
    pages: list[Page]
    options: dict[str, Any] = field(default_factory=dict)


@workflow.defn
class Report:
    @workflow.run
    async def run(self, request: Request) -> int:
        for option in request.options.values():
            option.get("name")
        for page in request.pages:
            for part in page.parts:
                part.get("text")
            page.meta["author"].strip()
        return 0
"""
    assert surprises(tmp_path, report=text) == set()


@pytest.mark.parametrize("annotation", ["Any", "Any | None", "Optional[Any]", "object"])
def test_a_field_or_parameter_of_which_nothing_is_said_is_data(tmp_path: Path, annotation: str) -> None:
    text = f"""\
from dataclasses import dataclass
from typing import Any, Optional

from temporalio import workflow


@dataclass
class Request:
    payload: {annotation}


@workflow.defn
class Report:
    @workflow.run
    async def run(self, request: Request, more: {annotation}) -> str:
        return request.payload.get("name").strip() + more.get("name").strip()
"""
    assert surprises(tmp_path, report=text) == set()


def test_what_the_project_puts_into_such_a_field_is_still_seen(tmp_path: Path) -> None:
    text = """\
import time
from dataclasses import dataclass
from typing import Any

from temporalio import workflow


@dataclass
class Table:
    handlers: dict[str, Any]


def now(request: str) -> float:
    return time.time()


def call(table: Table, name: str) -> float:
    return table.handlers[name](name)


@workflow.defn
class Report:
    @workflow.run
    async def run(self, name: str) -> float:
        return call(Table({"now": now}), name)  # expect: clock
"""
    assert surprises(tmp_path, report=text) == set()
