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
