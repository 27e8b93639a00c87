"""Programs that run on more than one engine, with a class for each."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_PROGRAM = """\
from dbos import DBOS
from temporalio import activity, workflow


@DBOS.step()
async def charge_on_dbos(order: str) -> str:
    return order


@activity.defn
async def charge(order: str) -> str:
    return order


class Backend:
    async def charge(self, order: str) -> str:
        raise NotImplementedError


class OnDbos(Backend):
    async def charge(self, order: str) -> str:
        return await charge_on_dbos(order)


class OnTemporal(Backend):
    async def charge(self, order: str) -> str:
        return await {call}


async def interpret(order: str, backend: Backend) -> str:
    return await backend.charge(order)


@DBOS.workflow()
async def order_on_dbos(order: str) -> str:
    return await interpret(order, OnDbos())


@DBOS.step()
async def order_in_a_step(order: str, backend: Backend) -> str:
    return await interpret(order, backend)


@workflow.defn
class Order:
    @workflow.run
    async def run(self, order: str, backend: Backend) -> str:
        return await interpret(order, backend)
"""


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        ("workflow.execute_activity(charge, order, schedule_to_close_timeout=None)", []),
        ("charge(order)", [48]),
    ],
)
def test_the_step_of_another_engine_s_backend_is_no_bypass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, lines: list[int]
) -> None:
    (tmp_path / "flows.py").write_text(_PROGRAM.format(call=call), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False)
    assert [f.line for f in report.findings if f.name == "step-bypasses-engine"] == lines
    assert {f.name for f in report.findings} <= {"step-bypasses-engine"}
