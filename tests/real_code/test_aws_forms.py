"""Forms of AWS durable functions that were reported wrongly once, beside mistakes that must be found."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises


def test_branches_of_a_map_have_a_context_of_their_own(tmp_path: Path) -> None:
    text = """\
import random
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: Any, context: DurableContext) -> list[int]:
    name = event.get("name", "none")
    context.logger.info("started for %s", name)
    return context.map(
        inputs=[1, 2, 3],
        func=lambda ctx, item, index, _: ctx.step(lambda _: item * random.random(), name=f"{name} {index}"),
    ).get_results()


@durable_execution
def careless(event: Any, context: DurableContext) -> list[float]:
    return context.map(
        inputs=[1, 2, 3],
        func=lambda ctx, item, index, _: item * random.random(),  # expect: random
    ).get_results()
"""
    assert surprises(tmp_path, app=text) == set()


def test_a_serializer_touches_the_disk_only_when_it_is_used(tmp_path: Path) -> None:
    text = """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import StepConfig
from aws_durable_execution_sdk_python.filesystem_serdes import FileSystemSerDes


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    stored = FileSystemSerDes("/mnt/results")
    return context.step(lambda _: event["order"], name="order", config=StepConfig(serdes=stored))
"""
    assert surprises(tmp_path, app=text) == set()


def test_what_hands_a_handler_the_engines_own_input_stands_for_the_engine(tmp_path: Path) -> None:
    text = """\
from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.execution import DurableExecutionInvocationInput as Invocation


class InProcess:
    def __init__(self, handler: Callable[..., dict[str, Any]]) -> None:
        self.handler = handler

    def invoke(self, invocation: Invocation, lambda_context: object) -> str:
        return self.handler(invocation, lambda_context)["Status"]

    def restart(self, event: dict[str, Any], lambda_context: object) -> str:
        made = Invocation.from_dict(event)
        return self.handler(made, lambda_context)["Status"]

    def shortcut(self, event: dict[str, Any], lambda_context: object) -> str:
        return self.handler(event, lambda_context)["Status"]  # expect: workflow-called-directly


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return event["order"]


def runner() -> InProcess:
    return InProcess(handler)
"""
    assert surprises(tmp_path, app=text) == set()


def test_a_test_may_call_a_handler_and_the_program_may_not(tmp_path: Path) -> None:
    handler = """\
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: dict[str, str], context: DurableContext) -> str:
    return event["order"]
"""
    calls = """\
from handler import handler


def order(event, lambda_context):
    return handler(event, lambda_context)
"""
    wrong = calls.replace("_context)\n", "_context)  # expect: workflow-called-directly\n").replace(
        "_context):  # expect: workflow-called-directly", "_context):"
    )
    assert surprises(tmp_path, handler=handler, test_handler=calls, caller=wrong) == set()
