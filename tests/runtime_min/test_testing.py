"""Tests with recorded histories, skipped time and replaced steps; and the pytest fixture."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from runtime_min import (
    ColorError,
    EffectInWorkflow,
    NonDeterminismError,
    Retry,
    RuntimeMinError,
    Signal,
    StepFailed,
    Workflow,
    WorkflowBlocked,
    WorkflowFailed,
    WorkflowNotFound,
    child,
    colors,
    now,
    signal,
    sleep,
    start,
    step,
    wait_signal,
    workflow,
)
from runtime_min.history import History, HistoryError, histories_of
from runtime_min.memory import MemoryBackend
from runtime_min.sqlite import SqliteBackend
from runtime_min.testing import START, Environment, environment, replay

_ROOT = Path(__file__).parents[2]

approved: Signal[bool] = signal("approved", bool)


@step
def send_mail(to: str, text: str) -> str:
    raise AssertionError("a test sent a real mail")


@workflow
async def mail_or_not(to: str) -> str:
    try:
        return await send_mail(to, "welcome")
    except StepFailed:
        return "no mail"


@step(retry=Retry(attempts=5, delay=3600, maximum=7200, jitter=0))
async def charge(amount: int) -> int:
    return amount


@workflow
async def trial_of_30_days(to: str) -> list[str]:
    texts = [await send_mail(to, "welcome")]
    await sleep(timedelta(days=30))
    texts.append(await send_mail(to, text=f"ended on {now():%Y-%m-%d}"))
    return texts


class Order:
    def __init__(self) -> None:
        self.total = 0

    @step
    async def pay(self, amount: int) -> int:
        raise AssertionError("a test paid")

    @workflow
    async def run(self, amount: int) -> int:
        await asyncio.sleep(3600)
        self.total += await self.pay(amount)
        self.total += await self.pay(amount=amount)
        return self.total


@workflow
async def charging(amount: int) -> int:
    return await charge(amount)


@workflow
async def charging_each_day(days: int) -> int:
    for _ in range(days):
        await asyncio.gather(charge(1), sleep(timedelta(days=1)))
    return days


@workflow
async def asking() -> bool:
    return await wait_signal(approved)


@workflow
async def waiting_for_an_order() -> int:
    order = await start(Order.run, 3)
    return await order.result() + await child(Order.run, 4)


@workflow
async def looking_at_the_clock() -> float:
    return time.time()


@workflow
async def waiting_for_one_that_looks_at_the_clock() -> float:
    return await child(looking_at_the_clock)


def fake_mail(to: str, text: str) -> str:
    return f"{to}: {text}"


def test_thirty_days_take_milliseconds() -> None:
    env = Environment()
    env.replace(send_mail, fake_mail)
    began = time.perf_counter()
    result = env.run(trial_of_30_days, "ada")
    assert time.perf_counter() - began < 1
    assert result == ["ada: welcome", "ada: ended on 2030-01-31"]
    assert env.time == START + timedelta(days=30)
    env.close_now()


def test_time_is_skipped_at_once_when_a_step_was_the_last_thing_to_do() -> None:
    with environment() as env:
        began = time.perf_counter()
        assert env.run(charging_each_day, 20) == 20
        assert time.perf_counter() - began < 0.5
        assert env.time == START + timedelta(days=20)


def test_the_steps_called_are_recorded_with_their_arguments() -> None:
    env = Environment(start=datetime(2024, 2, 28, tzinfo=UTC))
    env.replace(send_mail, fake_mail)
    env.run(trial_of_30_days.options(id="t"), "ada")
    assert [(call.args, call.kwargs) for call in env.calls_of(send_mail)] == [
        (("ada", "welcome"), {}),
        (("ada",), {"text": "ended on 2024-03-29"}),
    ]
    assert {(call.step, call.id, call.attempt) for call in env.calls} == {("send_mail", "t", 1)}
    env.close_now()


def test_methods_are_replaced_with_their_instance() -> None:
    env = Environment()
    seen: list[int] = []

    def pay(order: Order, amount: int) -> int:
        seen.append(order.total)
        return amount * 10

    env.replace(Order.pay, pay)
    assert env.run(Order.run, 7) == 140
    assert seen == [0, 70]
    assert [call.args or call.kwargs for call in env.calls] == [(7,), {"amount": 7}]
    env.close_now()


def test_a_replacement_may_be_a_mock_and_fail_at_first() -> None:
    env = Environment()
    env.replace(charge, AsyncMock(side_effect=[OSError("down"), OSError("down"), 5]))
    assert env.run(charging, 5) == 5
    assert [call.attempt for call in env.calls_of(charge)] == [1, 2, 3]
    assert env.time == START + timedelta(hours=3)
    env.restore(charge)
    assert env.run(charging, 6) == 6
    env.close_now()


def test_steps_can_be_forbidden_unless_they_are_replaced() -> None:
    env = Environment(real_steps=False)
    with pytest.raises(WorkflowFailed, match="the test did not replace the step `send_mail`"):
        env.run(trial_of_30_days, "ada")
    with pytest.raises(ColorError, match="`replace` takes a step"):
        env.replace(fake_mail, fake_mail)  # type: ignore[arg-type]
    env.close_now()


def test_a_forbidden_step_is_told_although_the_workflow_handles_its_failure() -> None:
    env = Environment(real_steps=False)
    with pytest.raises(ColorError, match=r"the test did not replace the step `send_mail`.*handles"):
        env.run(mail_or_not, "ada")
    env.close_now()


def test_a_replacement_that_never_fits_is_told_at_once() -> None:
    env = Environment()
    with pytest.raises(ColorError, match="`send_mail` is to be replaced by a function, and 'sent' is none"):
        env.replace(send_mail, "sent")  # type: ignore[arg-type]
    with pytest.raises(ColorError, match=r"the replacement of `send_mail` takes \(\), and the step \(to"):
        env.replace(send_mail, lambda: "sent")
    env.replace(send_mail, lambda *texts: "sent")
    env.replace(send_mail, lambda *, to, text: "sent")
    env.replace(send_mail, AsyncMock(return_value="sent"))
    assert env.run(mail_or_not, "ada") == "sent"
    env.close_now()


@pytest.mark.parametrize("function", [lambda to, *, text: to, lambda to, copies: to, lambda *to, copies: to])
def test_a_replacement_may_fit_only_how_the_workflow_calls_the_step(function: Callable[..., str]) -> None:
    @step
    def post(to: str, text: str = "", copies: int = 1) -> str:
        return to

    with environment() as env:
        env.replace(post, function)
        with pytest.raises(ColorError, match="the replacement of `post` takes"):
            env.replace(post, lambda to, *, stamp: to)


def test_time_stands_still_while_nobody_waits() -> None:
    async def main() -> None:
        async with environment() as env:
            env.replace(send_mail, fake_mail)
            handle = await start(trial_of_30_days, "ada")
            await asyncio.sleep(0.2)
            assert env.time == START
            assert (await handle.describe()).state == "running"
            await env.advance(timedelta(days=29))
            assert (await handle.describe()).state == "running"
            assert len(env.calls) == 1
            await env.advance(timedelta(days=1))
            # All that was due by then is done, to the last step.
            assert (await handle.describe()).state == "completed"
            assert len(env.calls) == 2

    asyncio.run(main())


def test_a_workflow_that_waits_for_another_one_is_no_reason_to_skip_time() -> None:
    async def main() -> None:
        async with environment() as env:
            env.replace(Order.pay, lambda order, amount: amount)
            handle = await start(waiting_for_an_order)
            await asyncio.sleep(0.2)
            assert env.time == START
            assert await handle.result() == 14
            assert env.time == START + timedelta(hours=2)

    asyncio.run(main())


def test_signals_are_sent_from_synchronous_code() -> None:
    with environment() as env:
        handle = env.complete(start(asking))
        env.complete(handle.signal(approved, True))
        assert env.complete(handle.result()) is True


def test_a_run_that_waits_for_what_nobody_sends_is_an_error_and_not_an_endless_test() -> None:
    env = Environment()
    with pytest.raises(RuntimeMinError, match="waits for something that nobody sends"):
        env.run(asking)
    assert env.run(charging, 1) == 1
    env.close_now()


@pytest.mark.parametrize("flow", [looking_at_the_clock, waiting_for_one_that_looks_at_the_clock])
def test_a_blocked_run_ends_the_wait(flow: Workflow[[], float]) -> None:
    async def main() -> None:
        async with environment() as env:
            handle = await env.start(flow)
            await asyncio.wait_for(handle.result(), 5)

    with pytest.raises(WorkflowBlocked, match=EffectInWorkflow.__name__):
        asyncio.run(main())


def test_an_environment_can_be_opened_again_as_after_a_restart() -> None:
    async def main() -> list[str]:
        env = Environment()
        env.replace(send_mail, fake_mail)
        handle = await env.start(trial_of_30_days, "ada")
        await env.advance(timedelta(days=1))
        await env.close()
        await env.advance(timedelta(days=1))
        result = await handle.result()
        assert len(env.calls) == 2
        await env.close()
        return result

    assert asyncio.run(main()) == ["ada: welcome", "ada: ended on 2030-01-31"]


def test_an_environment_runs_on_a_file_too(tmp_path: Path) -> None:
    env = Environment(tmp_path / "runs.sqlite")
    env.replace(send_mail, fake_mail)
    env.run(trial_of_30_days.options(id="t"), "ada")
    env.close_now()
    backend = SqliteBackend(str(tmp_path / "runs.sqlite"))
    (history,) = histories_of(backend, "t")
    backend.close()
    assert replay(history) == ["ada: welcome", "ada: ended on 2030-01-31"]


def test_run_is_not_for_asynchronous_code() -> None:
    async def main() -> None:
        async with environment() as env:
            with pytest.raises(RuntimeMinError, match="`await` it"):
                env.run(charging, 1)

    asyncio.run(main())


# Recorded histories.


@pytest.fixture
def recorded() -> History:
    backend = MemoryBackend()
    env = Environment(backend)
    env.replace(send_mail, fake_mail)
    env.run(trial_of_30_days.options(id="t"), "ada")
    env.close_now()
    return histories_of(backend, "t")[0]


def _changed(name: str, old: str, new: str) -> Workflow[..., object]:
    """The recorded workflow, as somebody else wrote it later."""
    source = (
        Path(__file__).read_text().split("@workflow\nasync def trial_of_30_days", 1)[1].split("\n\n\n", 1)[0]
    )
    source = f"async def {name}{source}"
    assert old in source
    colors._workflows.pop("trial_of_30_days")  # it was another version of the program
    names = dict(globals())
    exec(source.replace(old, new), names)
    return Workflow(names[name], "trial_of_30_days", "")


def test_a_history_replays_as_an_object_as_text_and_from_a_file(recorded: History, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(recorded.export())
    result = ["ada: welcome", "ada: ended on 2030-01-31"]
    assert replay(recorded) == result
    assert replay(recorded.export()) == result
    assert replay(path) == result
    assert replay(str(path), [trial_of_30_days, charging]) == result


def test_each_beginning_of_a_history_replays(recorded: History) -> None:
    for length in range(1, len(recorded.events)):
        part = History(
            recorded.id, recorded.workflow, recorded.version, 0, "running", recorded.events[:length]
        )
        assert replay(History.load(part.export())) is None


def test_changed_code_is_refused_with_both_source_lines(recorded: History) -> None:
    changed = _changed("trial_of_30_days", 'await send_mail(to, "welcome")', 'await send_mail(to, "hello")')
    with pytest.raises(NonDeterminismError) as caught:
        replay(recorded, [changed])
    message = str(caught.value)
    assert "does something else than what is recorded" in message
    assert "test_testing.py" in message
    assert 'texts = [await send_mail(to, "welcome")]' in message


def test_a_change_that_asks_for_the_same_is_accepted(recorded: History) -> None:
    changed = _changed("trial_of_30_days", "timedelta(days=30)", "timedelta(hours=24 * 30)")
    assert replay(recorded, [changed]) == ["ada: welcome", "ada: ended on 2030-01-31"]


def test_a_step_that_is_left_out_is_noticed_at_the_end(recorded: History) -> None:
    changed = _changed("trial_of_30_days", "return texts", "return texts[:1]")
    with pytest.raises(NonDeterminismError, match="recorded: closed"):
        replay(recorded, [changed])


def test_a_workflow_that_is_not_there_is_named(recorded: History) -> None:
    with pytest.raises(
        WorkflowNotFound, match=r"`trial_of_30_days`, which is not defined here \(but `charging`"
    ):
        replay(recorded, [charging])


def test_a_path_that_is_none_is_named() -> None:
    with pytest.raises(HistoryError, match=r"nowhere\.json"):
        replay("nowhere.json")


# The fixture, in a pytest of its own.

_TESTS = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
import pytest
from runtime_min import sleep, start, step, workflow

@step
def mail(to: str) -> str:
    raise RuntimeError("real mail")

@workflow
async def trial(to: str) -> str:
    await sleep(timedelta(days=30))
    return await mail(to)

def test_sync(workflow_runtime):
    workflow_runtime.replace(mail, lambda to: "to " + to)
    assert workflow_runtime.run(trial, "ada") == "to ada"
    assert workflow_runtime.complete(workflow_runtime.complete(start(trial, "bob")).result()) == "to bob"

def test_async(workflow_runtime):
    async def main():
        workflow_runtime.replace(mail, lambda to: "to " + to)
        for begin in (workflow_runtime.start, start):
            assert await (await begin(trial, "ada")).result() == "to ada"
    asyncio.run(main())

@pytest.mark.workflow_runtime(start=datetime(2024, 2, 28, tzinfo=UTC), real_steps=False)
def test_marker(workflow_runtime):
    assert workflow_runtime.time.year == 2024
    with pytest.raises(Exception, match="did not replace"):
        workflow_runtime.run(trial, "ada")
"""


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(_ROOT), *(path for path in sys.path if path)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=env, check=False, timeout=60
    )


def test_the_fixture_serves_synchronous_and_asynchronous_tests(tmp_path: Path) -> None:
    (tmp_path / "test_trial.py").write_text(_TESTS)
    done = _pytest(tmp_path, "-p", "runtime_min_pytest", "--strict-markers", "-W", "error")
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    assert not list(tmp_path.glob("*.sqlite*"))


def test_the_plugin_imports_nothing_for_those_who_do_not_use_it(tmp_path: Path) -> None:
    test = """
        import sys

        def test_nothing_of_it_is_there():
            imported = {name.split(".")[0] for name in sys.modules}
            assert not {"runtime_min", "color_checker", "msgspec"} & imported
            assert "runtime_min_pytest" in sys.modules
    """
    (tmp_path / "test_other.py").write_text(textwrap.dedent(test))
    done = _pytest(tmp_path, "-p", "runtime_min_pytest", "--strict-markers", "--strict-config", "-W", "error")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
