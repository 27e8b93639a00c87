"""`verify` finds what differs from process to process, and leaves right workflows alone."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from runtime_min import (
    NonDeterminismError,
    RuntimeMinError,
    Workflow,
    WorkflowFailed,
    verification,
    workflow,
)
from runtime_min.codec import JsonCodec
from runtime_min.testing import verify
from tests.runtime_min import verified

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def without_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for the cause takes ten processes more, and has its own tests."""
    monkeypatch.setattr(verification, "_causes", lambda *_: "not looked for")


@pytest.mark.parametrize(
    "flow", [verified.sorted_set, verified.sets_of_tasks, verified.harmless_look_at_the_clock]
)
def test_a_right_workflow_passes(flow: Workflow[[], Any]) -> None:
    verify(flow)


def test_everything_that_is_recorded_passes_with_children_and_generations() -> None:
    verify(
        verified.everything,
        "ada",
        steps={verified.mail: lambda to: f"to {to}"},
        signals=[(verified.go, "first")],
        runs=3,
    )


def test_a_method_passes_with_its_step_replaced() -> None:
    verify(verified.Trial.run, 499, steps={verified.Trial.pay: lambda trial, amount: amount}, runs=1)


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        (verified.order_of_a_set, "await named(name)"),
        (verified.dict_from_a_set, 'completed: {"'),
        (verified.clock, "await named(str(time.time()))"),
        (verified.day_by_datetime, "datetime.datetime.now"),
        (verified.day_of_today, 'completed: "2'),
        (verified.day_by_strftime, 'completed: "2'),
        (verified.hash_of_text, 'await named(str(hash("text")))'),
        (verified.address, "await named(str(id(object())))"),
        (verified.randomness, "await named(str(chance.random()))"),
        (verified.random_wait, "timer at position 0, due 2030-01-01T00:00:00."),
        (verified.order_of_the_environment, "list(os.environ)"),
        (verified.counter_in_the_module, "await named(str(next(_numbers)))"),
        (verified.Remembering.run, "  + completed: null"),
        (verified.results_of_tasks_as_a_set, "await named(name)"),
        (verified.local_hour, "completed: "),
        (verified.working_directory, "await named(str(Path.cwd()))"),
        (verified.wrong_child, "workflow `working_directory`"),
    ],
)
def test_a_wrong_workflow_is_found_with_both_sides(
    flow: Workflow[[], Any], line: str, without_causes: None
) -> None:
    with pytest.raises(NonDeterminismError) as caught:
        verify(flow)
    message = str(caught.value)
    assert "is not deterministic: replayed in another process" in message
    assert line in message
    recorded, ran = message.splitlines()[1:3]
    assert recorded.startswith("  recorded: ")
    assert ran.startswith("  ran:      ")
    assert recorded.partition(": ")[2].strip() != ran.partition(": ")[2].strip()


@pytest.mark.parametrize(
    ("flow", "cause"),
    [
        (verified.order_of_a_set, "PYTHONHASHSEED"),
        (verified.day_of_today, "the clock"),
        (verified.randomness, "the seed of `random`"),
        (verified.address, "what no two processes share"),
        (verified.counter_in_the_module, "what a replay leaves behind in its process"),
    ],
)
def test_the_cause_is_named(flow: Workflow[[], Any], cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "_numbers", itertools.count())
    with pytest.raises(NonDeterminismError, match=f"cause: +{cause}"):
        verify(flow, runs=1)


def test_a_difference_is_told_even_if_the_search_for_its_cause_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = verification._replay

    def replay_few(*given: Any) -> list[verification.Report]:
        if len(given[1]) > 1:
            raise RuntimeMinError("verify: a replay did not end within 1 s")
        return replay(*given)

    monkeypatch.setattr(verification, "_replay", replay_few)
    with pytest.raises(NonDeterminismError, match=r"cause: +not found out \(verify: a replay did not end"):
        verify(verified.working_directory, runs=1)


def test_how_the_run_ended_is_raised_when_it_is_deterministic() -> None:
    with pytest.raises(WorkflowFailed, match="ValueError: as it should"):
        verify(verified.always_failing, runs=1)


def test_a_signal_that_nobody_sends_is_an_error() -> None:
    with pytest.raises(RuntimeMinError, match=r"waits for something that nobody sends.*`signals=\["):
        verify(verified.waiting_for_go)


def test_sealed_values_are_compared_in_plain() -> None:
    verify(verified.sorted_set, codec=verified.sealed, runs=1)


def test_a_codec_that_other_processes_cannot_find_is_refused() -> None:
    with pytest.raises(RuntimeMinError, match="the codec has to be a global variable"):
        verify(verified.sorted_set, codec=JsonCodec())


def test_it_works_where_an_event_loop_runs() -> None:
    async def main() -> None:
        verify(verified.sorted_set, runs=1)

    asyncio.run(main())


def test_a_workflow_inside_of_a_function_cannot_be_verified() -> None:
    @workflow
    async def inner() -> None:
        pass

    with pytest.raises(RuntimeMinError, match=r"inner` is defined in a function.*top of a module"):
        verify(inner)


_SCRIPT = """
import os, sys
from runtime_min import step, workflow, NonDeterminismError
from runtime_min.testing import verify

@step
async def name(text: str) -> str:
    return text

@workflow
async def right() -> str:
    return await name("ada")

@workflow
async def wrong() -> str:
    return await name(os.getcwd())

if __name__ == "__main__":
    verify(right, runs=1)
    try:
        verify(wrong, runs=1)
    except NonDeterminismError as error:
        print("found", "await name(os.getcwd())" in str(error))
"""


def test_a_script_can_verify_its_own_workflows(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(_SCRIPT))
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=False, timeout=100, env=_paths()
    )
    assert done.stdout == "found True\n", done.stderr


def test_a_workflow_that_was_typed_in_cannot_be_verified() -> None:
    done = subprocess.run(
        [sys.executable, "-"],
        input=_SCRIPT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env=_paths(),
    )
    assert "was typed in, so another process cannot import it" in done.stderr


def _paths() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *(path for path in sys.path if path)])}
