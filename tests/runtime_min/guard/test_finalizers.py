"""The garbage of plain code that is collected while a workflow runs."""

from __future__ import annotations

import gc
import os

from runtime_min.guard import Guard

finalized: list[int] = []


class Plain:
    """Garbage that only the collector finds, since it refers to itself."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        finalized.append(os.getpid())


def flow() -> int:
    # Enough objects for the collector to run in here.
    return len([[number] for number in range(100_000)])


def test_a_finalizer_of_plain_code_runs_undisturbed_while_a_workflow_runs() -> None:
    finalized.clear()
    guard = Guard("error")
    guard.watch(flow)
    thresholds = gc.get_threshold()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            Plain()
        gc.set_threshold(5000, 1, 1)
        gc.enable()
        with guard:
            assert flow() == 100_000
        gc.collect()
    finally:
        gc.set_threshold(*thresholds)
        gc.enable()
        guard.close()
    assert len(finalized) == 10


def collected(phase: str, info: dict[str, int]) -> None:
    finalized.append(os.getpid())


def test_what_others_have_the_collector_call_runs_undisturbed_while_a_workflow_runs() -> None:
    finalized.clear()
    guard = Guard("error")
    guard.watch(flow)
    thresholds = gc.get_threshold()
    gc.set_threshold(5000, 1, 1)
    gc.callbacks.append(collected)
    try:
        with guard:
            assert flow() == 100_000
    finally:
        gc.callbacks.remove(collected)
        gc.set_threshold(*thresholds)
        guard.close()
    assert len(finalized) >= 2
