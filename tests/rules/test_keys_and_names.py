"""Corners of the rules about names and keys, and of workflow modules: CC106, CC305 and CC403."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_HEAD = """\
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow

LIMIT = timedelta(seconds=5)


@activity.defn{options}
async def charge(order: str) -> str:
    return order


@workflow.defn
class Child:
    @workflow.run
    async def run(self, order: str) -> str:
        return order

"""


def lines(
    directory: Path, monkeypatch: pytest.MonkeyPatch, code: str, rule: str, options: str = ""
) -> list[int]:
    """The lines of `code`, counted from 1, with findings of the rule."""
    head = _HEAD.format(options=options)
    (directory / "app.py").write_text(head + code, encoding="utf-8")
    monkeypatch.chdir(directory)
    report = color_checker.check([directory], cache=False)
    assert report.errors == ()
    return [f.line - head.count("\n") for f in report.findings if f.name == rule]


_CALLS = """
@workflow.defn
class Parent:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_activity("chrage", order, start_to_close_timeout=LIMIT)
"""


def test_an_activity_with_a_computed_name_may_have_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(tmp_path, monkeypatch, _CALLS, "unknown-name") == [6]
    assert lines(tmp_path, monkeypatch, _CALLS, "unknown-name", '(name=f"v{LIMIT}")') == []
    assert lines(tmp_path, monkeypatch, _CALLS, "unknown-name", "(name='chrage')") == []
    assert lines(tmp_path, monkeypatch, _CALLS, "unknown-name", "(dynamic=True)") == []


_KEYS = """
class Ids:
    boot = uuid4().hex


def made() -> str:
    return str(uuid4())


BOOT = made()
SEED = "a"


def child_id(order: str, boot: str = BOOT) -> str:
    return order + boot


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, order: str) -> None:
        await workflow.execute_child_workflow(Child.run, order, id=Ids.boot)
        await workflow.execute_child_workflow(Child.run, order, id="-".join([order, BOOT]))
        await workflow.execute_child_workflow(Child.run, order, id=child_id(order))
        await workflow.execute_child_workflow(Child.run, order, id=f"{SEED}-{order}")
        await workflow.execute_child_workflow(Child.run, order + BOOT, id=str(workflow.uuid4()))
"""


def test_keys_are_followed_through_classes_functions_and_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(tmp_path, monkeypatch, _KEYS, "unstable-key") == [22, 23, 24]


def test_helpers_in_a_workflow_module_may_do_what_their_engine_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flows.py").write_text(
        """\
# color: workflow
import asyncio
import time

from temporalio import workflow


async def pause() -> None:
    await asyncio.sleep(1)
    workflow.logger.info("%s", workflow.now())


def nobody_calls_it() -> float:
    return time.time()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> None:
        await pause()
""",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False)
    assert [(f.name, f.line, f.color, f.engine) for f in report.findings] == [
        ("clock", 14, "pure", "temporal")
    ]
    assert report.summary.workflows == 1


def test_a_handler_inside_of_a_workflow_counts_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flows.py").write_text(
        """\
from runtime_min import query, workflow


def made():
    @workflow
    async def order() -> str:
        @query
        def status() -> str:
            return "open"

        return status()

    @workflow
    async def other() -> str:
        return ""

    return order, other
""",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    assert color_checker.check([tmp_path], cache=False).summary.workflows == 2
