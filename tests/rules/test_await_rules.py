"""Corners of the rules about awaiting, leaving and endless loops: CC105, CC601 and CC602."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import color_checker

Check = Callable[..., list[str]]

_APP = """\
import asyncio
import contextlib
import itertools
from datetime import timedelta

from temporalio import activity, workflow

LIMIT = timedelta(seconds=5)


@activity.defn
async def mail(user: str) -> str:
    return user


@workflow.defn
class Flow:
    def __init__(self) -> None:
        self.pending: list[workflow.ActivityHandle[str]] = []

    def start(self, user: str) -> workflow.ActivityHandle[str]:
        handle = workflow.start_activity(mail, user, start_to_close_timeout=LIMIT)
        {stored}
        return handle

    async def rounds(self) -> None:
        while True:
            await workflow.sleep(60)

    @workflow.run
    async def run(self, user: str) -> None:
"""


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The rules that fire for a workflow with a body, `stored` being a line of its helper."""

    def check(body: str, stored: str = "pass") -> list[str]:
        text = _APP.replace("{stored}", stored) + textwrap.indent(textwrap.dedent(body), " " * 8)
        (tmp_path / "app.py").write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        report = color_checker.check([tmp_path], cache=False)
        assert report.errors == ()
        return [finding.name for finding in report.findings]

    return check


def test_a_handle_that_its_helper_hands_back_must_be_awaited(names: Check) -> None:
    assert names("self.start(user)\n") == ["not-awaited"]


def test_a_handle_that_its_helper_has_kept_may_be_dropped(names: Check) -> None:
    assert (
        names("self.start(user)\nawait asyncio.gather(*self.pending)\n", "self.pending.append(handle)") == []
    )


def test_a_loop_on_the_side_is_fine_if_the_workflow_continues_as_new(names: Check) -> None:
    body = "task = asyncio.create_task(self.rounds())\nawait workflow.sleep(60)\ntask.cancel()\n"
    assert names(body) == ["unbounded-history"]
    assert names(body + "workflow.continue_as_new(user)\n") == []


def test_only_endless_iterators_make_a_for_loop_endless(names: Check) -> None:
    body = "for _ in itertools.{}:\n    await workflow.sleep(60)\n"
    assert names(body.format("cycle([1])")) == ["unbounded-history"]
    assert names(body.format("repeat(1, 3)")) == []


def test_a_cancellation_may_be_the_last_thing_that_a_workflow_handles(names: Check) -> None:
    body = "try:\n    await workflow.sleep(60)\nexcept asyncio.CancelledError:\n    print\n"
    assert names(body) == []
    assert names(body + "await workflow.sleep(5)\n") == ["swallows-control-flow"]
    in_loop = "for _ in range(3):\n" + textwrap.indent(body, "    ")
    assert names(in_loop) == ["swallows-control-flow"]


def test_a_clause_above_may_have_taken_what_the_engine_raises(names: Check) -> None:
    body = """\
    try:
        await workflow.sleep(60)
    except asyncio.CancelledError:
        raise
    except BaseException:
        workflow.logger.info("broken")
    """
    assert names(body) == []


def test_exceptions_in_a_constant_are_seen(names: Check) -> None:
    body = """\
    quiet = (ValueError, BaseException)
    try:
        await workflow.sleep(60)
    except quiet:
        workflow.logger.info("broken")
    """
    assert names(body) == ["swallows-control-flow"]


def test_suppressing_other_errors_is_fine(names: Check) -> None:
    body = "with contextlib.suppress({}):\n    await workflow.sleep(60)\n"
    assert names(body.format("ValueError")) == []
    assert names(body.format("BaseException")) == ["swallows-control-flow"]
