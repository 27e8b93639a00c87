"""Forms of DBOS programs that were reported wrongly once, beside mistakes that must be found."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises

_QUEUES = """\
from dbos import DBOS, Queue

transfers = Queue("transfers", concurrency=4)


@DBOS.step()
def copy(key: str) -> str:
    return open(key).read()


@DBOS.workflow()
def mirror(keys: list[str]) -> list[str]:
    started = [transfers.enqueue(copy, key) for key in keys]
    return [handle.get_result() for handle in started]
"""


def test_a_queue_may_be_given_a_step(tmp_path: Path) -> None:
    assert surprises(tmp_path, app=_QUEUES) == set()


def test_the_settings_of_a_queue_are_read_from_the_database(tmp_path: Path) -> None:
    changed = _QUEUES.replace(
        "    return [handle", "    transfers.set_concurrency(8)  # expect: network\n    return [handle"
    )
    assert surprises(tmp_path, app=changed) == set()


def test_schedules_are_recorded(tmp_path: Path) -> None:
    text = """\
from datetime import datetime

from dbos import DBOS


@DBOS.workflow()
def nightly(at: datetime, context: object) -> None:
    DBOS.logger.info("night")


@DBOS.workflow()
async def plan(name: str) -> int:
    await DBOS.create_schedule_async(schedule_name=name, workflow_fn=nightly, schedule="0 3 * * *")
    known = await DBOS.list_schedules_async()
    DBOS.pause_schedule(name)  # expect: network
    return len(known)
"""
    assert surprises(tmp_path, app=text) == set()


def test_the_result_of_a_child_is_not_the_handle(tmp_path: Path) -> None:
    text = """\
import asyncio

from dbos import DBOS


@DBOS.workflow()
async def child() -> int:
    return id(asyncio.get_running_loop())  # expect: identity


@DBOS.workflow()
async def parent() -> int:
    handle = await DBOS.enqueue_workflow_async("queue", child)
    return await handle.get_result()
"""
    assert surprises(tmp_path, app=text) == set()


def test_a_thread_may_run_a_sync_step_but_nothing_with_an_effect(tmp_path: Path) -> None:
    text = """\
import asyncio
import time

from dbos import DBOS


@DBOS.step()
def charge(order: str) -> float:
    return time.time()


def stamp(order: str) -> float:
    return time.time()


@DBOS.workflow()
async def pay(order: str) -> float:
    at = await asyncio.to_thread(charge, order)
    return at + await asyncio.to_thread(stamp, order)  # expect: clock
"""
    assert surprises(tmp_path, app=text) == set()
