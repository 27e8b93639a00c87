"""Forms of Durable Task programs whose orchestrators were overlooked or reported wrongly once."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises


def test_a_worker_on_an_object_registers_what_a_method_makes(tmp_path: Path) -> None:
    text = """\
import time

from durabletask import task
from durabletask.worker import TaskHubGrpcWorker


class Workers:
    def __init__(self, worker: TaskHubGrpcWorker) -> None:
        self._worker = worker

    def add(self, names: list[str]) -> None:
        for name in names:
            self._add(name)

    def _add(self, name: str) -> None:
        def orchestrator(ctx: task.OrchestrationContext, order: str):
            time.sleep(1)  # expect: blocking
            yield ctx.call_activity(name, input=order)

        orchestrator.__name__ = name
        self._worker.add_orchestrator(orchestrator)
"""
    assert surprises(tmp_path, app=text) == set()


def test_a_logger_that_the_context_makes_is_quiet_on_replay(tmp_path: Path) -> None:
    text = """\
import logging

from durabletask import task, worker

logger = logging.getLogger("sequence")


def sequence(ctx: task.OrchestrationContext, order: str):
    quiet = ctx.create_replay_safe_logger(logger)
    quiet.info("starting")
    logger.info("loud")  # expect: console
    result = yield ctx.call_activity("ship", input=order)
    quiet.info("over")
    return result


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(sequence)
"""
    assert surprises(tmp_path, app=text) == set()
