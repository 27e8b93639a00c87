"""What is particular to our own runtime: classes with a workflow method, and functions with options."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises

STEPS = """
import time
import uuid

from runtime_min import Retry, child, query, start, step, workflow

BOOT = uuid.uuid4()


@step(retry=Retry(attempts=3))
async def charge(amount: int) -> int:
    return int(time.time()) + amount


@workflow
async def sub(amount: int) -> int:
    return amount
"""


def test_a_class_with_a_workflow_method_is_made_anew_for_each_replay(tmp_path: Path) -> None:
    flow = f"""{STEPS}

class Trial:
    def __init__(self) -> None:
        self.began = time.time()  # expect: clock

    @workflow
    async def run(self, amount: int) -> float:
        await self.note(3)
        self.note(4)  # expect: not-awaited
        return await charge(amount) + time.time()  # expect: clock

    @step
    def note(self, number: int) -> None:
        print(number)

    @query
    def age(self) -> float:
        return time.time() - self.began  # expect: clock


class Plain:
    def __init__(self) -> None:
        self.began = time.time()
"""
    assert surprises(tmp_path, flow=flow) == set()


def test_a_step_or_workflow_with_options_is_that_step_or_workflow(tmp_path: Path) -> None:
    flow = f"""{STEPS}

@workflow
async def more(amount: int) -> int:
    charge.options(timeout=5)(amount)  # expect: not-awaited
    paid = await charge.options(timeout=5)(amount)
    await start(sub.options(id=f"sub-{{amount}}"), amount)
    return paid + await child(sub.options(id=f"{{BOOT}}"), amount)  # expect: unstable-key


async def main() -> None:
    await start(sub.options(id="sub"), 1)
    await sub.options(id="sub")(1)  # expect: workflow-called-directly
"""
    assert surprises(tmp_path, flow=flow) == set()


def test_the_options_of_a_step_that_is_a_method_keep_its_object(tmp_path: Path) -> None:
    flow = f"""{STEPS}

class Trial:
    def __init__(self) -> None:
        self.total = 0

    @workflow
    async def run(self, amount: int) -> int:
        return await self.note.options(timeout=5)(amount)

    @step
    def note(self, number: int) -> int:
        return number
"""
    assert surprises(tmp_path, flow=flow) == set()
