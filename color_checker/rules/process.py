"""CC207: workflow code runs, signals or ends processes."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Process(EffectRule):
    """Workflow code runs, signals or ends processes.

    ## What it does

    Finds subprocesses, `os.system`, signals and their handlers, process ids, `sys.exit` and `os._exit` that
    workflow or pure code can reach.

    ## Why is this bad

    The command runs again at every replay, and its output, the process id and the exit code differ. An
    exit ends the worker and every other workflow on it, and the next worker replays up to the same exit.

    ## Use instead

    Run commands in a step. To end a workflow, return from it or raise the engine's failure
    (`ApplicationError` in Temporal, `TerminalError` in Restate).
    """

    code = "CC207"
    name = "process"
    effect = Effect.PROCESS
    does = "runs, inspects or ends a process"
    harm = "A replay does it again, in another process."
    instead = "do it in a step; end a workflow by returning or raising"

    bad = (
        Example(
            title="a Temporal workflow runs a command",
            files={
                "workflows.py": """\
import subprocess

from temporalio import workflow


@workflow.defn
class Convert:
    @workflow.run
    async def run(self, name: str) -> int:
        return subprocess.run(["convert", name]).returncode  # expect: process
"""
            },
        ),
        Example(
            title="a helper in another file gives up by leaving the process",
            files={
                "checks.py": """\
import sys


def require(condition: bool, reason: str) -> None:
    if not condition:
        fail(reason)


def fail(reason: str) -> None:
    sys.exit(reason)
""",
                "flows.py": """\
from runtime_min import workflow

import checks


@workflow
async def order(amount: int) -> int:
    checks.require(amount > 0, "nothing to pay")  # expect: process
    return amount
""",
            },
        ),
        Example(
            title="the process id, and a shell behind an alias",
            files={
                "app.py": """\
import os

from dbos import DBOS

shell = os.system


@DBOS.workflow()
def backup(name: str) -> str:
    shell(f"cp {name} /backup")  # expect: process
    return f"{name}-{os.getpid()}"  # expect: process
"""
            },
        ),
        Example(
            title="a subprocess of asyncio",
            files={
                "workflows.py": """\
import asyncio

from temporalio import workflow


@workflow.defn
class Convert:
    @workflow.run
    async def run(self, name: str) -> None:
        await asyncio.create_subprocess_exec("convert", name)  # expect: process
"""
            },
        ),
    )
    good = (
        Example(
            title="the command runs in an activity",
            files={
                "workflows.py": """\
import subprocess
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
def convert(name: str) -> int:
    return subprocess.run(["convert", name]).returncode


@workflow.defn
class Convert:
    @workflow.run
    async def run(self, name: str) -> int:
        return await workflow.execute_activity(
            convert, name, start_to_close_timeout=timedelta(minutes=5)
        )
"""
            },
        ),
        Example(
            title="a workflow ends by raising; commands are only quoted",
            files={
                "flows.py": """\
import shlex

from runtime_min import workflow


@workflow
async def command(name: str) -> str:
    if not name:
        raise ValueError("no name")
    return shlex.join(["convert", name])
"""
            },
        ),
        Example(
            title="methods that are called run, exit and kill",
            files={
                "app.py": """\
from dbos import DBOS


class Game:
    def __init__(self) -> None:
        self.players: list[str] = []

    def run(self, name: str) -> None:
        self.players.append(name)

    def kill(self, name: str) -> None:
        self.players.remove(name)

    def exit(self) -> int:
        return len(self.players)


@DBOS.workflow()
def play(name: str) -> int:
    game = Game()
    game.run(name)
    game.kill(name)
    return game.exit()
"""
            },
        ),
        Example(
            title="the worker's own program handles signals",
            files={
                "orchestrators.py": """\
import signal
import sys

from durabletask import task, worker


def double(ctx: task.OrchestrationContext, number: int):
    yield ctx.create_timer(ctx.current_utc_datetime)
    return number * 2


def serve(w: worker.TaskHubGrpcWorker) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    w.add_orchestrator(double)
    w.start()
"""
            },
        ),
    )
