"""CC204: workflow code reads the environment of its process."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Environment(EffectRule):
    """Workflow code reads the environment of its process.

    ## What it does

    Finds reads of environment variables, `sys.argv`, the working directory, locale, platform, time zone,
    host name and user that happen while the workflow runs. A constant that the module reads once, when it
    is imported, is not a finding: it belongs to the deployment, like the code itself.

    ## Why is this bad

    A workflow outlives its process. `os.environ["NEW_FLOW"]` was unset on the worker that ran it first; the
    worker that replays it next week has it set, takes the new branch, and does not find the steps it asks
    for.

    ## Use instead

    Pass the setting to the workflow as input, or read it in a step, so that it is recorded. To change code
    under running workflows, use the engine's own versioning (`workflow.patched("id")`).
    """

    code = "CC204"
    name = "environment"
    effect = Effect.ENVIRONMENT
    does = "reads the environment of the process"
    harm = "A replay on another worker, or after a deploy, may read something else and take another path."
    instead = "pass the value in as an argument, or read it in a step"

    bad = (
        Example(
            title="a Temporal workflow asks for a feature switch",
            files={
                "workflows.py": """\
import os

from temporalio import workflow


@workflow.defn
class Billing:
    @workflow.run
    async def run(self, amount: int) -> int:
        if os.environ.get("DISCOUNTS") == "on":  # expect: environment
            return amount - 1
        return amount
"""
            },
        ),
        Example(
            title="a time is shown in the time zone of the machine",
            files={
                "flows.py": """\
from runtime_min import now, workflow


@workflow
async def stamp() -> str:
    return now().astimezone().isoformat()  # expect: environment
"""
            },
        ),
        Example(
            title="a settings helper in another file reads variables when it is called",
            files={
                "settings.py": """\
import os
from os import getenv


def flag(name: str) -> bool:
    return getenv(name, "0") == "1"


class Settings:
    @property
    def discounts(self) -> bool:
        return "DISCOUNTS" in os.environ
""",
                "flows.py": """\
from runtime_min import workflow

from settings import Settings, flag


@workflow
async def billing(amount: int) -> int:
    if flag("ROUNDING"):  # expect: environment
        amount = round(amount, -1)
    return amount - 1


@workflow
async def pricing(amount: int) -> int:
    settings = Settings()
    if settings.discounts:  # expect: environment
        return amount - 1
    return amount
""",
            },
        ),
        Example(
            title="a value that is an effect without being called, under another name",
            files={
                "app.py": """\
import platform
from os import environ as env

from dbos import DBOS


@DBOS.workflow()
def route(order: str) -> str:
    region = env["REGION"]  # expect: environment
    return f"{region}/{platform.node()}/{order}"  # expect: environment
"""
            },
        ),
        Example(
            title="the command line and the working directory in a Restate handler",
            files={
                "handlers.py": """\
import os
import sys

from restate import Context, Service

jobs = Service("jobs")


@jobs.handler()
async def start(ctx: Context, name: str) -> str:
    if "--dry-run" in sys.argv:  # expect: environment
        return name
    return os.getcwd() + name  # expect: environment
"""
            },
        ),
    )
    good = (
        Example(
            title="a constant read once, when the module is imported",
            files={
                "settings.py": """\
import os

QUEUE = os.environ.get("QUEUE", "billing")
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from settings import QUEUE


@workflow.defn
class Billing:
    @workflow.run
    async def run(self, amount: int) -> str:
        return f"{QUEUE}: {amount}"
""",
            },
        ),
        Example(
            title="the setting is an argument of the workflow",
            files={
                "flows.py": """\
import os

from runtime_min import start, workflow


@workflow
async def billing(amount: int, discounts: bool) -> int:
    return amount - 1 if discounts else amount


async def main() -> None:
    await start(billing, 100, os.environ.get("DISCOUNTS") == "on")
"""
            },
        ),
        Example(
            title="a step reads it, and a dictionary that is only called environ",
            files={
                "app.py": """\
import os

from dbos import DBOS


@DBOS.step()
def region() -> str:
    return os.environ["REGION"]


@DBOS.workflow()
def route(order: str, environ: dict[str, str]) -> str:
    return f"{region()}/{environ.get('CITY')}/{order}"
"""
            },
        ),
        Example(
            title="paths are computed without looking at the machine",
            files={
                "workflows.py": """\
import os.path

from temporalio import workflow


@workflow.defn
class Export:
    @workflow.run
    async def run(self, folder: str, name: str) -> str:
        return os.path.join(folder, name + os.sep)
"""
            },
        ),
    )
