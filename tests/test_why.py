"""`why` finds the function that is meant and says what is known of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from color_checker import why, why_text
from color_checker.checking import analyze
from color_checker.cli import main
from color_checker.errors import UsageError
from color_checker.program import Program
from tests import acme_flows, workflow_project


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    workflow_project.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return analyze(["."], cache=False, whole=True).program


@pytest.mark.parametrize(
    ("target", "function"),
    [
        ("app.flows.Trial.run", "app.flows.Trial.run"),
        ("Trial.run", "app.flows.Trial.run"),
        ("today", "app.rates.today"),
        ("app.flows", "app.flows"),
        ("app/flows.py", "app.flows"),
        ("app/flows.py:1", "app.flows"),
        ("app/flows.py:18", "app.flows"),
        ("app/flows.py:19", "app.flows.Trial.run"),  # its decorator
        ("app/flows.py:20", "app.flows.Trial.run"),
        ("app/flows.py:22", "app.flows.Trial.run.price"),
        ("app/flows.py:24", "app.flows.Trial.run"),
        ("app/flows.py:24:9", "app.flows.Trial.run"),
        ("./app/../app/flows.py:24", "app.flows.Trial.run"),
        ("app/flows.py:32", "app.flows.double"),
    ],
)
def test_a_function_is_found_by_its_name_or_a_line(target: str, function: str, program: Program) -> None:
    assert why.explain(program, target).function == function


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "app.flows.Trail.run",
            'no function "app.flows.Trail.run" in the checked files; did you mean "app.flows',
        ),
        ("Child", '"Child" is not one function; did you mean one of app.flows.Child.run?'),
        ("run", "did you mean one of app.flows.Child.run, app.flows.Trial.run?"),
        ("app/flow.py:3", 'app/flow.py: is not among the checked files; did you mean "app/flows.py"?'),
        ("elsewhere.py:3", "elsewhere.py: is not among the checked files"),
        ("app/rates.py:99", "app/rates.py: has only 13 lines"),
        ("nothing_like_it_at_all", 'there is no function "nothing_like_it_at_all"'),
    ],
)
def test_what_is_no_function_is_an_error_with_a_hint(target: str, message: str, program: Program) -> None:
    with pytest.raises(UsageError) as caught:
        why.explain(program, target)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("target", "color", "because"),
    [
        ("Trial.run", "workflow", "the decorator `temporalio.workflow.defn` of its class"),
        (
            "price", "workflow",
            "standing in `app.flows.Trial.run`, colored by the decorator "
            "`temporalio.workflow.defn` of its class",
        ),
        ("send", "step", "the decorator `temporalio.activity.defn`"),
        ("double", "pure", "a comment, `# color: pure`"),
        ("today", "plain", ""),
    ],
)  # fmt: skip
def test_the_color_is_explained(target: str, color: str, because: str, program: Program) -> None:
    answer = why.explain(program, target)
    assert (answer.color, answer.because) == (color, because)


def test_effects_come_with_their_chain_of_calls(program: Program) -> None:
    (clock,) = why.explain(program, "Trial.run").effects
    assert (clock.effect, clock.what, clock.legal) == ("clock", "time.time", False)
    assert [frame.function for frame in clock.witness] == [
        "app.flows.Trial.run", "app.flows.Trial.run.price", "app.rates.today", "time.time",
    ]  # fmt: skip
    (legal,) = why.explain(program, "Child.run").effects
    assert (legal.what, legal.legal) == ("asyncio.sleep", True)


def test_unresolved_calls_are_listed(program: Program) -> None:
    (gap,) = why.explain(program, "Trial.run").unresolved
    assert (gap.path, gap.line, gap.function) == ("app/flows.py", 25, "app.flows.Trial.run")


def test_callers_of_any_color_and_workflows_are_named(program: Program) -> None:
    send = why.explain(program, "send")
    assert [caller.function for caller in send.callers] == ["app.flows.Trial.run", "app.main.test"]
    assert send.workflows == ("app.flows.Trial.run",)
    assert why.explain(program, "rate").workflows == ("app.flows.Child.run", "app.flows.Trial.run")
    assert why.explain(program, "Child.run").workflows == ("app.flows.Trial.run",)
    assert why.explain(program, "unused").workflows == ()


def test_steps_and_children_are_listed(program: Program) -> None:
    calls = why.explain(program, "Trial.run").engine_calls
    assert [(call.kind, call.function) for call in calls] == [
        ("step", "app.steps.send"), ("child", "app.flows.Child.run"),
    ]  # fmt: skip


def test_the_calls_on_the_line_are_resolved(program: Program) -> None:
    (call,) = why.explain(program, "app/rates.py:13").calls
    assert call.targets == ("app.rates.today",)
    outer, inner = why.explain(program, "app/rates.py:5").calls
    assert (outer.targets, inner.targets) == (("app.rates.rate",), ("time.time",))
    (unknown,) = why.explain(program, "app/flows.py:25").calls
    assert "neither installed nor in the catalog" in unknown.unresolved
    assert why.explain(program, "app.rates.unused").calls == ()


PROFILE = (
    f"{acme_flows.PROFILE}\n"
    + """\
[[colors]]
color = "step"
by = "argument"
name = "acme.flows.now_and_once"
argument = [0]

[operations]
"acme.flows.Context.sleep" = { kind = "timer" }
"acme.flows.Context.now" = { kind = "other" }

[returns]
"acme.flows.Context.now" = "datetime.datetime"

[starts]
"acme.flows.start" = [0]

[effects]
"acme.flows.load" = "filesystem"
"""
)

FLOW = """\
from acme.flows import Context, flow, load, now_and_once, start

@flow
def run(ctx: Context):
    ctx.sleep(1)
    ctx.now()
    ctx.slepe(1)
    load()
    now_and_once(print)

def main():
    start(run)
"""


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        (5, "acme.flows.Context.sleep in the profile of flows: an operation, timer"),
        (6, "acme.flows.Context.now in the profile of flows: an operation, other; gives a datetime.datetime"),
        (7, "acme.flows.Context.slepe in the profile of flows: nothing, so it is taken for harmless"),
        (8, "acme.flows.load in the profile of flows: the effect filesystem"),
        (9, "acme.flows.now_and_once in the profile of flows: gives the color step"),
        (12, "acme.flows.start in the profile of flows: starts a workflow"),
    ],
)
def test_what_a_profile_says_of_a_call_is_shown(
    line: int, meaning: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.toml").write_text(PROFILE)
    (tmp_path / "pyproject.toml").write_text('[tool.color-checker]\nengine-files = ["flows.toml"]\n')
    (tmp_path / "own.py").write_text(FLOW)
    text = CliRunner().invoke(main, ["why", f"own.py:{line}"]).stdout
    assert f"  {meaning}\n" in text


def test_the_text_shows_all_of_it(program: Program) -> None:
    text = "\n".join(why_text.lines(why.explain(program, "app/flows.py:25")))
    for part in (
        "temporal workflow", "app/flows.py:20", "Colored by the decorator", "Line 25, column 9 calls",
        "Unresolved: ", "└ app.rates.today  app/rates.py:5:17", "child app.flows.Child.run",
        "app.main.start  plain (start)  app/main.py:7",
    ):  # fmt: skip
        assert part in text
    assert "└" not in "\n".join(why_text.lines(why.explain(program, "Trial.run"), unicode=False))


def test_long_lists_are_cut_in_the_text_and_whole_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many.py").write_text("import time\ndef f():\n" + "    time.time()\n" * 30)
    text = CliRunner().invoke(main, ["why", "many.f"])
    assert text.stdout.count("many.f  many.py") == 20
    assert "and 10 more (--format json has all)" in text.stdout
    document = CliRunner().invoke(main, ["why", "many.f", "--format", "json"])
    assert len(msgspec.json.decode(document.stdout)["effects"]) == 30
    assert (text.exit_code, document.exit_code) == (0, 0)
