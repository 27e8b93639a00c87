"""CC214: workflow code runs code that is chosen at run time."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class DynamicCode(EffectRule):
    """Workflow code runs code that is chosen at run time.

    ## What it does

    Finds `eval`, `exec`, `compile`, `__import__`, `importlib.import_module` and the like in workflow or pure
    code and in what it reaches. An `import` statement inside a function names what it imports and is fine.

    ## Why is this bad

    Nothing can be said of code that is a string: it may read the clock. And what the string or the module
    name stands for changes with the deploy, while the workflow's history stays: the replay runs other code
    against it.

    ## Use instead

    A dictionary of functions, or a step that runs the dynamic code and returns a value.
    """

    code = "CC214"
    name = "dynamic-code"
    severity = "warning"
    effect = Effect.DYNAMIC_CODE
    does = "runs code that is chosen at run time"
    harm = "A replay may run other code against the same history, and nothing can check it."
    instead = "choose from a dictionary of functions, or run it in a step"

    bad = (
        Example(
            title="a Temporal workflow evaluates a formula",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Price:
    @workflow.run
    async def run(self, formula: str, seats: int) -> int:
        return int(eval(formula, {"seats": seats}))  # expect: dynamic-code
"""
            },
        ),
        Example(
            title="a plug-in loader in another file",
            files={
                "plugins.py": """\
from importlib import import_module


def load(name: str) -> str:
    module = import_module(f"plugins_{name}")
    return str(module)
""",
                "flows.py": """\
from runtime_min import workflow

from plugins import load


@workflow
async def extend(name: str) -> str:
    return load(name)  # expect: dynamic-code
""",
            },
        ),
        Example(
            title="by the name of the built-in functions",
            files={
                "app.py": """\
import builtins

from dbos import DBOS

run = builtins.exec


@DBOS.workflow()
def script(source: str) -> None:
    run(source)  # expect: dynamic-code
    __import__("json")  # expect: dynamic-code
"""
            },
        ),
    )
    good = (
        Example(
            title="a dictionary of functions",
            files={
                "workflows.py": """\
from temporalio import workflow


def single(seats: int) -> int:
    return seats * 100


def group(seats: int) -> int:
    return seats * 80


TARIFFS = {"single": single, "group": group}


@workflow.defn
class Price:
    @workflow.run
    async def run(self, tariff: str, seats: int) -> int:
        return TARIFFS[tariff](seats)
"""
            },
        ),
        Example(
            title="literals, patterns and JSON are data, not code",
            files={
                "flows.py": """\
import ast
import json
import re

from runtime_min import workflow


@workflow
async def parse(text: str) -> int:
    pattern = re.compile(r"\\d+")
    value = ast.literal_eval(text)
    return len(pattern.findall(text)) + len(json.loads(text)) + len(str(value))
"""
            },
        ),
        Example(
            title="a method that is called eval, and an import inside the function",
            files={
                "app.py": """\
from dbos import DBOS


class Model:
    def __init__(self) -> None:
        self.training = True

    def eval(self) -> "Model":
        self.training = False
        return self


@DBOS.workflow()
def predict(value: int) -> int:
    from math import gcd

    model = Model().eval()
    return gcd(value, 12) if not model.training else 0
"""
            },
        ),
    )
