"""Fixes of sets in a loop, missing awaits, direct calls of steps and imports into the sandbox."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.fixes.trying import fixed, offered, write


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


ITEM = """from dataclasses import dataclass

        @dataclass({})
        class Item:
            name: str
"""


def _workflow(body: str, above: str = "") -> str:
    return f"""
        import asyncio
        from datetime import timedelta
        from temporalio import activity, workflow
        {above}

        @activity.defn
        async def charge(order: str, amount: int = 1) -> None: ...

        @workflow.defn
        class Trial:
            @workflow.run
            async def run(self, order: str, names: list[str]) -> object:
                {body}
    """


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('for x in {"a", "b"}: order += x', 'for x in sorted({"a", "b"}): order += x'),
        ('return list({"a", "b"})', 'return sorted({"a", "b"})'),
        ('return tuple({"a", "b"})', 'return tuple(sorted({"a", "b"}))'),
        ('return ",".join({"a", "b"})', 'return ",".join(sorted({"a", "b"}))'),
        ('return [x for x in ({"a", "b"})]', 'return [x for x in (sorted({"a", "b"}))]'),
        ('return [*{"a", "b"}]', 'return [*sorted({"a", "b"})]'),
    ],
)  # fmt: skip
def test_a_set_of_texts_or_numbers_is_sorted(tmp_path: Path, body: str, expected: str) -> None:
    assert expected in fixed(tmp_path, _workflow(body))


def test_a_set_of_what_may_not_be_comparable_is_only_sorted_if_asked_for(tmp_path: Path) -> None:
    text = _workflow("return [x for x in set(json.loads(order))]", above="import json")
    assert "sorted" not in fixed(tmp_path, text)
    assert "for x in sorted(set(json.loads(order)))" in fixed(tmp_path, text, unsafe=True)


@pytest.mark.parametrize("value", ["{order, None}", "{order, 1}", "{Item(order)}", "{charge, order}"])
def test_a_set_of_what_cannot_be_compared_is_not_sorted(tmp_path: Path, value: str) -> None:
    item = ITEM.format("frozen=True")
    text = _workflow(f"return [str(x) for x in {value}]", above=item)
    assert "sorted" not in fixed(tmp_path, text, unsafe=True)


def test_a_set_of_what_has_an_order_is_sorted(tmp_path: Path) -> None:
    item = ITEM.format("frozen=True, order=True")
    text = _workflow("return [str(x) for x in {Item(order)}]", above=item)
    assert "sorted({Item(order)})" in fixed(tmp_path, text, unsafe=True)


@pytest.mark.parametrize("value", ["set(names)", "{name for name in names}", "frozenset(names)"])
def test_a_set_of_what_is_annotated_as_texts_is_sorted(tmp_path: Path, value: str) -> None:
    assert f"in sorted({value})" in fixed(tmp_path, _workflow(f"return [x for x in {value}]"))


def test_a_lost_call_gets_its_await(tmp_path: Path) -> None:
    assert "                await workflow.sleep(1)  # wait\n".lstrip() in fixed(
        tmp_path, _workflow("workflow.sleep(1)  # wait")
    )


def test_a_lost_call_of_a_generator_gets_its_yield(tmp_path: Path) -> None:
    text = """
        import dapr.ext.workflow as wf

        runtime = wf.WorkflowRuntime()

        @runtime.workflow(name="run")
        def run(ctx: wf.DaprWorkflowContext, path: str):
            yield ctx.create_timer(1)
            ctx.create_timer(2)
    """
    assert "\n    yield ctx.create_timer(2)\n" in fixed(tmp_path, text)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("await charge(order)", "await workflow.execute_activity(charge, order, start"),
        (
            "await charge(amount=2, order=order)",
            "await workflow.execute_activity(charge, args=[order, 2], start",
        ),
    ],
)
def test_a_step_is_called_through_the_engine(tmp_path: Path, call: str, expected: str) -> None:
    assert call in fixed(tmp_path, _workflow(call))
    text = fixed(tmp_path, _workflow(call), unsafe=True)
    assert expected in text
    assert offered(tmp_path) == []


@pytest.mark.parametrize("call", ["await charge(*names)", "await charge(amount=2)"])
def test_a_call_whose_arguments_have_no_positions_is_left_alone(tmp_path: Path, call: str) -> None:
    write(tmp_path, {"app.py": _workflow(call)})
    assert offered(tmp_path) == []


@pytest.mark.parametrize("late", [False, True])
def test_an_import_of_effects_is_passed_through_the_sandbox(tmp_path: Path, late: bool) -> None:
    lines = ["import requests  # why", "from temporalio import workflow"]
    text = (
        "# color: workflow\n"
        + "\n".join(lines[::-1] if late else lines)
        + """

@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None: ...
"""
    )
    head = fixed(tmp_path, text).splitlines()[:4]
    assert head == [
        "# color: workflow",
        "from temporalio import workflow",
        "with workflow.unsafe.imports_passed_through():",
        "    import requests  # why",
    ]


HANDLERS = [
    ("except:", "except Exception:"),
    ("except BaseException as error:  # all", "except Exception as error:  # all"),
    ("except asyncio.CancelledError:", "except asyncio.CancelledError:"),
    (
        "except (ValueError, asyncio.CancelledError):",
        "except asyncio.CancelledError:\n    raise\nexcept (ValueError,",
    ),
]


@pytest.mark.parametrize(("clause", "expected"), HANDLERS)
def test_a_handler_lets_the_signals_of_the_engine_through(tmp_path: Path, clause: str, expected: str) -> None:
    lines = f"""
                try:
                    await workflow.sleep(1)
                {clause}
                    order = ""  # gone
                await workflow.sleep(2)"""
    text = _workflow(lines.strip())
    assert clause in fixed(tmp_path, text)  # not without being asked
    after = textwrap.dedent(fixed(tmp_path, text, unsafe=True).partition("-> object:\n")[2])
    assert expected in after
    assert ('    order = ""  # gone\n    raise\n' in after) == (clause == "except asyncio.CancelledError:")
    assert offered(tmp_path) == []


def test_a_handler_that_passes_over_a_cancellation_raises_it(tmp_path: Path) -> None:
    lines = """try: await workflow.sleep(1)
                except asyncio.CancelledError: pass
                await workflow.sleep(2)"""
    assert "except asyncio.CancelledError: raise\n" in fixed(tmp_path, _workflow(lines), unsafe=True)
