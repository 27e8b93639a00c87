"""Arguments are counted at the instruction that calls."""

# The lambdas are the workflows.
# ruff: noqa: PLW0108

from __future__ import annotations

import dis
import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest

from color_checker.catalog import Condition
from runtime_min.guard.sites import Arguments, arguments_at, excuses, global_calls

f: Any = dict
values: tuple[int, ...] = ()
named: dict[str, int] = {}

CALLS: list[tuple[Callable[[], Any], Arguments | None]] = [
    (lambda: f(), Arguments(0)),
    (lambda: f(1, 2), Arguments(2)),
    (lambda: f(1, tz=2), Arguments(2, ("tz",))),
    (lambda: f(a=1, b=f), Arguments(2, ("a", "b"))),
    (lambda: f.method(1), Arguments(1)),
    (lambda: f.method(1, b=2), Arguments(2, ("b",))),
    (lambda: f(*values), None),
    (lambda: f(1, **named), None),
]


def last_call(function: Callable[[], Any]) -> int:
    calls = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
    return [found.offset for found in dis.get_instructions(function) if found.opname in calls][-1]


@pytest.mark.parametrize(("function", "arguments"), CALLS)
def test_arguments_are_counted(function: Callable[[], Any], arguments: Arguments | None) -> None:
    assert arguments_at(function.__code__, last_call(function)) == arguments


def test_an_offset_without_a_call_says_nothing() -> None:
    assert arguments_at(CALLS[0][0].__code__, 0) is None
    assert arguments_at(CALLS[0][0].__code__, 9999) is None


@pytest.mark.parametrize(
    ("condition", "arguments", "excused"),
    [
        (Condition(arguments=1), Arguments(1), True),
        (Condition(arguments=1), Arguments(1, ("a",)), True),
        (Condition(arguments=2), Arguments(1), False),
        (Condition(positional=1), Arguments(1, ("a",)), False),
        (Condition(positional=1), Arguments(2, ("a",)), True),
        (Condition(keywords=("tz",)), Arguments(1, ("tz",)), True),
        (Condition(keywords=("tz",)), Arguments(1, ("a",)), False),
        (Condition(arguments=2), None, True),
    ],
)
def test_a_condition_excuses_calls(condition: Condition, arguments: Arguments | None, excused: bool) -> None:
    assert excuses(condition, arguments) is excused


def calls_in_many_forms(local: Any) -> None:
    f(1)
    math.floor(math.sqrt(4)) + 1
    f()(2)
    f().method()
    local()
    local.method()
    (f or local)()
    await_me = [f(x) for x in values]
    f(await_me, key=lambda: math.sqrt)


def test_calls_of_global_names_are_found_and_no_others() -> None:
    code = calls_in_many_forms.__code__
    found = set(global_calls(code).items())
    for constant in code.co_consts:
        if inspect.iscode(constant):
            found |= global_calls(constant).items()
    names = sorted(name for _, name in found)
    assert names == [("f",)] * 5 + [("math", "floor"), ("math", "sqrt")]
