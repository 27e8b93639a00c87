"""`isinstance` and `match` decide which of several classes an object has."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises

TOOLS = """
import time

from runtime_min import workflow


class Tool:
    def run(self) -> float:
        return time.time()


class Quiet(Tool):
    def run(self) -> float:
        return 1.0


TOOLS = {"loud": Tool(), "quiet": Quiet()}
"""


def test_a_test_for_the_type_leaves_only_its_instances(tmp_path: Path) -> None:
    flow = """
@workflow
async def flow(name: str) -> float:
    tool = TOOLS[name]
    if isinstance(tool, Quiet):
        return tool.run()
    return 0.0
"""
    assert surprises(tmp_path, flow=TOOLS + flow) == set()


def test_after_a_test_that_leaves_only_the_others_remain(tmp_path: Path) -> None:
    flow = """
@workflow
async def flow(name: str) -> float:
    tool = TOOLS[name]
    if not isinstance(tool, Quiet):
        return 0.0
    return tool.run()


@workflow
async def other(name: str) -> float:
    tool = TOOLS[name]
    if isinstance(tool, Quiet):
        return 0.0
    return tool.run()  # expect: clock
"""
    assert surprises(tmp_path, flow=TOOLS + flow) == set()


def test_a_class_pattern_and_an_assertion_narrow_too(tmp_path: Path) -> None:
    flow = """
@workflow
async def flow(name: str) -> float:
    match TOOLS[name]:
        case Quiet() as quiet:
            return quiet.run()
    return 0.0


@workflow
async def other(name: str) -> float:
    tool = TOOLS[name]
    assert isinstance(tool, Quiet)
    return tool.run()
"""
    assert surprises(tmp_path, flow=TOOLS + flow) == set()


def test_what_cannot_be_an_instance_as_far_as_is_known_is_a_gap_there(tmp_path: Path) -> None:
    flow = """
@workflow
async def flow(tool) -> float:
    if isinstance(tool, Tool):
        return tool.run()  # expect: gap
    return 0.0
"""
    assert surprises(tmp_path, flow=TOOLS + flow) == set()


def test_a_tuple_of_types_keeps_each_of_them(tmp_path: Path) -> None:
    flow = """
@workflow
async def flow(name: str) -> float:
    tool = TOOLS[name]
    if isinstance(tool, (Quiet, Tool)):
        return tool.run()  # expect: clock
    return 0.0
"""
    assert surprises(tmp_path, flow=TOOLS + flow) == set()


def test_a_method_of_more_subclasses_than_are_looked_at_is_a_gap(tmp_path: Path) -> None:
    classes = "".join(
        f"\n\nclass Tool{number}(Tool):\n    def run(self) -> float:\n        return {number}.0\n"
        for number in range(40)
    )
    flow = """

class Shop:
    tool: Tool


@workflow
async def flow(shop: Shop) -> float:
    return shop.tool.run()  # expect: clock, gap
"""
    assert surprises(tmp_path, flow=TOOLS + classes + flow) == set()


def test_a_union_of_builtin_types_is_a_test_for_any_of_them(tmp_path: Path) -> None:
    flow = """
from runtime_min import workflow


def plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def mixed(value: object) -> object:
    if isinstance(value, tuple | set):
        return [item for item in value]
    return value


@workflow
async def flow(name: str) -> object:
    mixed({"a", name})  # expect: unordered
    return plain(["b", {"a", name}])
"""
    assert surprises(tmp_path, flow=flow) == set()
