"""Runs that were blocked by the code: tried again when a process starts, whose code may be mended."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from runtime_min import Runtime, WorkflowBlocked, start, workflow
from tests.runtime_min.driving import Driver

broken = {"yes": False}


@workflow
async def picky() -> str:
    return f"broken at {time.time()}" if broken["yes"] else "fine"


@workflow
async def unrelated() -> None: ...


@pytest.fixture(autouse=True)
def mended_afterwards() -> Iterator[None]:
    yield
    broken["yes"] = False


async def result(_: Runtime) -> str:
    return await (await start(picky.options(id="x"))).result()


def block(runtime: Driver) -> None:
    broken["yes"] = True
    with pytest.raises(WorkflowBlocked, match=r"time\.time"):
        runtime.run(result)


def test_a_blocked_run_goes_on_at_once_when_a_process_with_mended_code_starts(runtime: Driver) -> None:
    block(runtime)
    broken["yes"] = False
    began = time.monotonic()
    assert runtime.run(result) == "fine"
    assert time.monotonic() - began < 10


def test_a_blocked_run_is_blocked_again_when_the_code_is_not_mended(runtime: Driver) -> None:
    block(runtime)
    block(runtime)


def test_who_waits_in_a_process_that_does_not_run_the_workflow_is_told_why_it_is_blocked(
    runtime: Driver,
) -> None:
    block(runtime)
    for options in ({"only": [unrelated]}, {"work": False}):
        with pytest.raises(WorkflowBlocked, match=r"time\.time"):
            runtime.run(result, **options)
