"""Calls of one function that are told apart, and how far."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from color_checker import solver
from tests.real_code.checked import surprises

_LAYERS = """\
import time
from temporalio import workflow


class Tool:
    def call(self, what):
        return what()


class Layer:
    def __init__(self, inner):
        self.inner = inner

    def call(self, what):
        return self.inner.call(what)


class Guarded(Layer):
    def call(self, what):
        if what is None:
            return super().call(what)
        return super().call(what)


def now() -> float:
    return time.time()


def one() -> float:
    return 1.0


@workflow.defn
class Quiet:
    @workflow.run
    async def run(self) -> float:
        return Layer(Guarded(Layer(Layer(Tool())))).call(one)


@workflow.defn
class Clocked:
    @workflow.run
    async def run(self) -> float:
        return Layer(Guarded(Layer(Layer(Tool())))).call(now)
"""


def test_what_goes_through_many_layers_comes_from_the_call_of_the_outermost(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(_LAYERS, encoding="utf-8")
    report = color_checker.check([tmp_path], cache=False)
    assert [finding.workflows for finding in report.findings] == [("flow.Clocked.run",)]


def test_a_method_that_calls_two_others_of_its_name_tells_them_apart(tmp_path: Path) -> None:
    text = """\
import time
from temporalio import workflow


class Runner:
    def run(self, what):
        return what()


class Pair:
    def run(self, what):
        return self.first(what), Runner().run(lambda: 1), Runner().run(lambda: time.time())

    def first(self, what):
        return what()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> object:
        return Pair().run(lambda: 2)  # expect: clock


@workflow.defn
class Other:
    @workflow.run
    async def run(self) -> object:
        return Runner().run(lambda: 3)
"""
    assert surprises(tmp_path, flow=text) == set()


def test_each_of_many_decorated_functions_is_itself(tmp_path: Path) -> None:
    functions = "\n\n".join(f"@wrapped\ndef helper_{n}(x):\n    return x" for n in range(60))
    text = f"""\
import functools
import time
from temporalio import workflow


def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


{functions}


@wrapped
def now(x):
    return time.time()


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> float:
        return helper_58(1) + helper_59(2)


@workflow.defn
class Clocked:
    @workflow.run
    async def run(self) -> float:
        return now(1)  # expect: clock
"""
    assert surprises(tmp_path, flow=text) == set()


@pytest.mark.parametrize("much", [0, 10**6])
def test_a_program_that_takes_much_work_is_followed_less_far(
    much: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = "\n\n".join(f"class Part{n}:\n    def go(self): return {n}" for n in range(24))
    parts = ", ".join(f"Part{n}()" for n in range(24))
    text = f"""\
from temporalio import workflow


{classes}


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> list[int]:
        return [part.go() for part in [{parts}]]
"""
    (tmp_path / "flow.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(solver, "_MUCH_WORK", much)
    report = color_checker.check([tmp_path], cache=False)
    assert bool(report.gaps) == (much == 0)
