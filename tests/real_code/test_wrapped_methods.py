"""Methods that a project's own decorator wraps before, or while, the engine's colors them."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from tests.real_code.checked import surprises

_RUN_WITH_CONTEXT = """\
def run_with_context(func):
    @workflow.run
    @functools.wraps(func)
    async def wrapper(*args, **kwargs):
        return await func(*args, **kwargs)

    return wrapper
"""

_LOGGED = """\
def logged(func):
    @functools.wraps(func)
    async def wrapper(*args, **kwargs):
        return await func(*args, **kwargs)

    return wrapper
"""

_TRACKED = """\
def tracked(func):
    @functools.wraps(func)
    async def wrapper(self, param):
        return await func(self, param)

    return run_with_context(wrapper)
"""


@pytest.mark.parametrize(
    ("decorators", "applied"),
    [
        (_RUN_WITH_CONTEXT, "@run_with_context"),
        (_LOGGED, "@workflow.run\n    @logged"),
        (_LOGGED, "@workflow.run\n    @logged\n    @logged"),
        (_RUN_WITH_CONTEXT + _TRACKED, "@tracked"),
    ],
)
def test_a_wrapped_method_knows_the_workflow_that_it_belongs_to(
    tmp_path: Path, decorators: str, applied: str
) -> None:
    text = f"""\
import functools
import time

from temporalio import workflow

{decorators}

@workflow.defn
class Order:
    {applied}
    async def run(self, number: int) -> None:
        await self.charge(number)  # expect: clock

    async def charge(self, number: int) -> None:
        time.time()
"""
    assert surprises(tmp_path, order=text) == set()


def test_a_wrapper_hands_the_context_that_the_engine_passes_on(tmp_path: Path) -> None:
    text = """\
import functools
import time

import restate

orders = restate.Service("orders")


def logged(handler):
    @functools.wraps(handler)
    async def wrapper(*args):
        return await handler(*args)

    return wrapper


@orders.handler()
@logged
async def order(ctx, number):
    await ctx.run("charge", lambda: time.time())
    return time.time()  # expect: clock
"""
    assert surprises(tmp_path, orders=text) == set()


def test_each_class_with_a_wrapped_method_counts_as_a_workflow(tmp_path: Path) -> None:
    text = "import functools\n\nfrom temporalio import workflow\n\n" + _RUN_WITH_CONTEXT
    for name in ("Charge", "Refund", "Remind"):
        text += f"""

@workflow.defn
class {name}:
    @run_with_context
    async def run(self) -> None:
        pass

    @workflow.signal
    def stop(self) -> None:
        pass
"""
    (tmp_path / "flows.py").write_text(text, encoding="utf-8")
    assert color_checker.check([tmp_path], cache=False).summary.workflows == 3
