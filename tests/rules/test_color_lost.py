"""CC104 where its examples cannot go: next to findings of other rules."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_APP = """\
import asyncio
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS


@DBOS.step()
def charge(order: str) -> str:
    return order


@DBOS.workflow()
async def payment(order: str) -> str:
    {call}
"""


def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> list[str]:
    (tmp_path / "app.py").write_text(_APP.format(call=call), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return [finding.name for finding in color_checker.check([tmp_path]).findings]


def test_a_thread_that_takes_the_context_along_keeps_the_color_where_calls_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(tmp_path, monkeypatch, "return await asyncio.to_thread(charge, order)") == []


def test_a_pool_of_threads_loses_the_color_where_calls_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(tmp_path, monkeypatch, "return ThreadPoolExecutor().submit(charge, order).result()")
    assert "color-lost" in found
