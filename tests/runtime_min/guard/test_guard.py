"""The guard's modes, its messages, and how it gets on with other tools."""

# The lambdas are the workflows.
# ruff: noqa: PLW0108

from __future__ import annotations

import cProfile
import datetime
import os
import subprocess
import sys
import textwrap
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from color_checker.catalog import load_catalog
from runtime_min.errors import EffectInWorkflow
from runtime_min.guard import Guard, messages
from tests.runtime_min.guard.running import refused, run
from tests.runtime_min.guard.shop.quotes import quote

needs_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
needs_profiling = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="a profile function is used up to 3.11"
)


def flow() -> float:
    return time.time()


def twice() -> list[float]:
    return [clock() for clock in (time.time, time.time)]


def catching() -> str:
    try:
        return str(time.time())
    except EffectInWorkflow:
        return "caught"


def test_the_message_says_what_where_which_rule_why_and_what_instead(guard: Guard) -> None:
    line = flow.__code__.co_firstlineno + 1
    assert refused(guard, flow) == (
        f"{__file__}:{line}: `time.time()` was called in workflow code (flow) [clock]. "
        "On replay it gives another time than the recorded run saw. "
        "Instead, write `runtime_min.now().timestamp()`."
    )


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (lambda: datetime.datetime.now(), "write `runtime_min.now()`."),
        (lambda: uuid.uuid4(), "write `runtime_min.uuid4()`."),
        (lambda: time.sleep(1), "write `await runtime_min.sleep(seconds)`."),
        (lambda: print(), "write `runtime_min.logger.info(...)`"),
        (lambda: os.getenv("A"), "pass the value as an argument of the workflow"),
        (lambda: Path("x").exists(), "do it in a function decorated with `@step`."),
        (lambda: datetime.datetime.fromtimestamp(0), "pass a time zone"),
    ],
)
def test_the_message_says_what_to_write_instead(
    guard: Guard, function: Callable[[], Any], instead: str
) -> None:
    assert f"Instead, {instead}" in refused(guard, function)


def test_every_replacement_is_for_something_that_the_catalog_refuses() -> None:
    catalog = load_catalog()
    for name in messages._BY_NAME:
        entry = catalog.lookup(name.replace(".*", ".anything"))
        assert entry is not None, name
        assert entry.effect is not None, name


def test_the_error_is_raised_at_the_call_and_can_be_caught_there(guard: Guard) -> None:
    assert run(guard, catching) == "caught"
    assert run(guard, catching) == "caught"


def test_a_warning_comes_once_per_place() -> None:
    guard = Guard("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                assert run(guard, twice)
            assert run(guard, flow)
    finally:
        guard.close()
    assert [(warning.category, warning.lineno) for warning in caught] == [
        (RuntimeWarning, twice.__code__.co_firstlineno + 1),
        (RuntimeWarning, flow.__code__.co_firstlineno + 1),
    ]
    assert {warning.filename for warning in caught} == {__file__}


def test_a_guard_that_is_off_does_nothing() -> None:
    guard = Guard("off")
    assert run(guard, flow)
    guard.close()


def test_watching_again_costs_little(guard: Guard) -> None:
    guard.watch(flow)
    start = time.perf_counter()
    for _ in range(10_000):
        guard.watch(flow)
    assert time.perf_counter() - start < 1


def test_entering_costs_little(guard: Guard) -> None:
    start = time.perf_counter()
    for _ in range(10_000):
        with guard:
            pass
    assert time.perf_counter() - start < 1


def test_coverage_sees_guarded_code(tmp_path: Path) -> None:
    pytest.importorskip("coverage")
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import time
            from runtime_min.guard import Guard

            def flow():
                time.time()
                return 1

            guard = Guard()
            guard.watch(flow)
            try:
                with guard:
                    flow()
            except Exception as error:
                print(type(error).__name__)
            guard.close()
            """
        )
    )
    for core in ("ctrace", "sysmon") if sys.version_info >= (3, 12) else ("ctrace",):
        said = _python(tmp_path, core, "-m", "coverage", "run", "--include=program.py", "program.py")
        assert said == "EffectInWorkflow\n"
        report = _python(tmp_path, core, "-m", "coverage", "report", "-m")
        assert report.splitlines()[2].endswith("%   7")  # all but `return 1`


def test_a_debugger_stops_in_guarded_code(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import time
            from runtime_min.guard import Guard

            def flow():
                breakpoint()
                value = 42
                value += 1
                return time.time()

            guard = Guard()
            guard.watch(flow)
            try:
                with guard:
                    flow()
            except Exception as error:
                print("refused:", type(error).__name__)
            """
        )
    )
    said = _python(tmp_path, "", "program.py", input="next\nnext\nprint(value)\ntime.time() > 0\ncontinue\n")
    assert "42" in said or "43" in said  # 3.13 stops one line earlier
    assert "refused: EffectInWorkflow" in said


def _python(directory: Path, core: str, *arguments: str, input: str | None = None) -> str:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), **({"COVERAGE_CORE": core} if core else {})}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=directory, env=environment, input=input, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rebound() -> float:
    return 1.0


def calls_what_is_rebound() -> list[float]:
    return [rebound(), max(1.0, rebound())]


def test_a_global_function_that_is_replaced_is_seen_by_the_next_guard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Guard()
    for _ in range(3):
        run(first, calls_what_is_rebound)
    first.close()
    monkeypatch.setitem(globals(), "rebound", time.time)
    second = Guard()
    try:
        assert "time.time" in refused(second, calls_what_is_rebound)
    finally:
        second.close()


def test_a_variable_that_holds_functions_is_looked_at_each_time(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        run(guard, calls_a_variable)
    monkeypatch.setitem(globals(), "variable", time.time)
    assert "time.time" in refused(guard, calls_a_variable)


variable: Callable[[], float] = rebound


def calls_a_variable() -> float:
    return variable()


def test_a_guard_that_is_closed_inside_leaves_nothing_behind(guard: Guard) -> None:
    other = Guard()
    other.watch(flow)
    with other:
        other.close()
        assert flow()
    assert flow()
    assert sys.getprofile() is None, "else it would keep out the next guard"


@needs_monitoring
def test_cprofile_and_the_guard_both_see_the_workflow(guard: Guard) -> None:
    profiler = cProfile.Profile()
    guard.watch(flow)
    profiler.enable()
    try:
        with pytest.raises(EffectInWorkflow), guard:
            flow()
    finally:
        profiler.disable()
    assert any("flow" in str(entry.code) for entry in profiler.getstats())


@needs_monitoring
def test_without_a_free_tool_id_the_guard_warns_and_is_off() -> None:
    if sys.version_info >= (3, 12):
        mine = [tool for tool in (3, 4, 5) if sys.monitoring.get_tool(tool) is None]
        for tool in mine:
            sys.monitoring.use_tool_id(tool, "test")
        try:
            with pytest.warns(RuntimeWarning, match="tool ids"):
                guard = Guard()
            assert run(guard, flow)
            guard.close()
        finally:
            for tool in mine:
                sys.monitoring.free_tool_id(tool)


@needs_monitoring
def test_closing_the_last_guard_frees_its_tool_id_and_leaves_no_events() -> None:
    if sys.version_info >= (3, 12):
        before = [sys.monitoring.get_tool(tool) for tool in range(6)]
        guard = Guard()
        (tool,) = [tool for tool in range(6) if sys.monitoring.get_tool(tool) != before[tool]]
        refused(guard, quote, 1)
        assert sys.monitoring.get_local_events(tool, quote.__code__) != 0
        guard.close()
        assert [sys.monitoring.get_tool(tool) for tool in range(6)] == before
        sys.monitoring.use_tool_id(tool, "test")
        try:
            assert sys.monitoring.get_local_events(tool, quote.__code__) == 0
        finally:
            sys.monitoring.free_tool_id(tool)


@needs_profiling
def test_another_profiler_is_left_as_it_was(guard: Guard) -> None:
    events: list[str] = []

    def other(frame: object, event: str, argument: object) -> None:
        events.append(event)

    sys.setprofile(other)
    try:
        with pytest.warns(RuntimeWarning, match="profiler"):
            assert run(guard, flow)
        assert sys.getprofile() is other
    finally:
        sys.setprofile(None)
    assert "c_call" in events
    refused(guard, flow)


@needs_profiling
def test_cprofile_is_left_running(guard: Guard) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert run(guard, flow)
        assert run(guard, quote, 1)
    finally:
        profiler.disable()
    assert any("quote" in str(entry.code) for entry in profiler.getstats())


@needs_profiling
def test_no_profile_function_is_left_behind(guard: Guard) -> None:
    refused(guard, flow)
    assert sys.getprofile() is None
    run(guard, lambda: 1)
    assert sys.getprofile() is None
