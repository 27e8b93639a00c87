"""Code of client libraries that runs in workflows and outside, and asks which."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from tests.real_code.checked import surprises

_CLIENT = """\
import datetime
import urllib.request

import loguru
from temporalio import activity, workflow

LIMIT = datetime.timedelta(seconds=5)


def in_temporal_workflow():
    try:
        return workflow.in_workflow()
    except RuntimeError:
        return False


def has_workflow_loop() -> bool:
    try:
        workflow.logger.debug("looking")
        return bool(workflow.info().workflow_id)
    except Exception:
        return False


def now() -> datetime.datetime:
    return workflow.now() if workflow.in_workflow() else datetime.datetime.now()


def fetch(url: str) -> bytes:
    return urllib.request.urlopen(url).read()


class Messages:
    def __init__(self) -> None:
        self.opened = None

    @property
    def connection(self) -> str:
        self.opened = "yes"
        return self.opened

    async def create(self, url: str) -> bytes:
        if in_temporal_workflow():
            return await workflow.execute_activity("send", url, start_to_close_timeout=LIMIT)
        else:
            return fetch(self.connection)

    async def delete(self, url: str) -> bytes:
        if not has_workflow_loop():
            return fetch(url)
        return await workflow.execute_activity("send", url, start_to_close_timeout=LIMIT)

    async def update(self, url: str) -> bytes:
        if workflow.in_workflow():
            return await workflow.execute_activity("send", url, start_to_close_timeout=LIMIT)
        self.opened = url
        return fetch(url)


messages = Messages()


@activity.defn(name="send")
async def send(url: str) -> bytes:
    return fetch(url) if has_workflow_loop() else b""
"""

_FLOW = """\
from temporalio import workflow

from client import messages, now


@workflow.defn
class Chat:
    @workflow.run
    async def run(self, url: str) -> str:
        first = await messages.create(url)
        second = await messages.delete(url)
        third = await messages.update(url)
        return f"{first!r} {second!r} {third!r} {now()}"
"""


_LOGGER = """\
from loguru import logger as plain
from temporalio import workflow


def in_workflow_context() -> bool:
    try:
        return bool(workflow.info())
    except Exception:
        return False


class Logger:
    def chosen(self):
        if in_workflow_context():
            return workflow.logger
        return plain.bind(name="client")

    def info(self, text: str) -> None:
        self.chosen().info(text)


logger = Logger()


@workflow.defn
class Chat:
    @workflow.run
    async def run(self, url: str) -> None:
        logger.info(url)
"""


def findings(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> list[str]:
    """`path:line name` of everything that is found in the files."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    report = color_checker.check([folder], cache=False)
    assert report.errors == ()
    return [f"{Path(finding.path).name}:{finding.line} {finding.name}" for finding in report.findings]


def test_what_runs_only_outside_of_workflows_may_do_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(tmp_path, monkeypatch, client=_CLIENT, flows=_FLOW) == []


def test_a_function_that_answers_the_opposite_is_no_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _CLIENT.replace("return workflow.in_workflow()", "return not workflow.in_workflow()")
    assert "flows.py:10 network" in findings(tmp_path, monkeypatch, client=client, flows=_FLOW)


def test_the_side_that_workflows_take_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = _CLIENT.replace("workflow.now() if workflow", "datetime.datetime.now() if workflow")
    client = client.replace("if not has_workflow_loop()", "if has_workflow_loop()")
    assert findings(tmp_path, monkeypatch, client=client, flows=_FLOW) == [
        "flows.py:11 network",
        "flows.py:13 clock",
    ]


def test_a_logger_that_workflows_are_not_given_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(tmp_path, monkeypatch, chat=_LOGGER) == []
    always = _LOGGER.replace("if in_workflow_context():", "if self.quiet:")
    assert findings(tmp_path, monkeypatch, chat=always) == ["chat.py:29 console"]


def test_what_stands_behind_and_runs_only_if_the_question_is_answered_with_yes(tmp_path: Path) -> None:
    flow = """\
import time
from temporalio import activity, workflow


def replaying() -> bool:
    return workflow.in_workflow() and workflow.unsafe.is_replaying()


def elapsed() -> float:
    return workflow.in_workflow() or time.time()


@activity.defn
async def work() -> bool:
    return replaying()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> float:
        replaying()
        return elapsed()
"""
    assert surprises(tmp_path, flow=flow) == set()
