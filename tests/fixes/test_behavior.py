"""What no fix does: hand over what is not stored, change a copy, take an exception away from its handler."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.trying import fix, fixed, offered, write


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


EFFECTS = """
    import asyncio
    import os
    import threading
    from dataclasses import dataclass
    from functools import partial

    def size(path):
        return os.path.getsize(path)

    def lock():
        return threading.Lock()

    def others():
        return len(asyncio.all_tasks())

    class Box:
        def size(self, path):
            return size(path)

    @dataclass
    class Order:
        box: Box

    def of_order(order: Order):
        return order.box.size("x")

    def apply(f, path):
        return f(path)

    sized = partial(apply, size)

    def put(into, path):
        into.append(size(path))

    def deco(f):
        size("x")
        return f
"""


def _workflow(body: str) -> str:
    lines = "".join(f"            {line}\n" for line in body.strip("\n").splitlines())
    return f"""
        from effects import Box, Order, apply, deco, lock, of_order, others, put, size, sized
        from runtime_min import sleep, workflow


        @workflow
        async def run(path: str, paths: list[str]) -> object:
{lines}"""


def _text(folder: Path, body: str) -> str:
    """The workflow after fixing; no fix is tried in vain."""
    write(folder, {"effects.py": EFFECTS, "app.py": _workflow(body)})
    outcome = fix(folder, unsafe=True)
    assert {left.reason for left in outcome.left} <= {"has no fix"}
    return (folder / "app.py").read_text()


@pytest.mark.parametrize(
    ("body", "step"),
    [
        (
            "for name, f in ((path, size),):\n    f(name)",
            'def f_step(path: str) -> None:\n    for name, f in ((path, size),):\n        f(name)\n',
        ),
        (
            "[f(path) for f in [size, len]]",
            "def f_step(path: str) -> None:\n    [f(path) for f in [size, len]]\n",
        ),
        ("pair = (path, size)\npair[1](path)", "    pair = (path, size)\n    pair[1](path)\n"),
        ("of_order(Order(Box()))", "def of_order_step() -> None:\n    of_order(Order(Box()))\n"),
        ("lock()", "def lock_step() -> None:\n    lock()\n"),
        ("sized(path)", "def sized_step(path: str) -> None:\n    sized(path)\n"),
        (
            "@deco\ndef inner():\n    return 1",
            "def deco_step() -> None:\n    @deco\n    def inner():\n        return 1\n",
        ),
    ],
)  # fmt: skip
def test_what_no_engine_stores_stays_in_the_step(tmp_path: Path, body: str, step: str) -> None:
    text = _text(tmp_path, body)
    assert step in text
    assert offered(tmp_path) == []
    assert "@step" not in (tmp_path / "effects.py").read_text()


def test_what_asks_for_the_tasks_of_the_loop_is_no_step(tmp_path: Path) -> None:
    assert "step" not in _text(tmp_path, "return others()")


@pytest.mark.parametrize(
    "body",
    [
        "all = []\nfor one in paths:\n    with open(one) as f:\n        all.append(f.read())\nreturn all",
        "all = []\nawait sleep(1)\nwith open(path) as file:\n    all.append(file.read())\nreturn all",
    ],
)
def test_a_list_that_others_read_is_not_changed_in_a_step(tmp_path: Path, body: str) -> None:
    assert "def open_step(all" not in _text(tmp_path, body)


HANDLED = """
    try:
        length = size(path)
    except {caught}:
        length = 0
    await sleep(length)
    return length
"""


@pytest.mark.parametrize("caught", ["OSError", "(ValueError, FileNotFoundError)", "BaseException"])
def test_an_exception_stays_with_its_handler(tmp_path: Path, caught: str) -> None:
    text = _text(tmp_path, HANDLED.format(caught=caught).replace("\n    ", "\n"))
    assert (
        "def size_step(path: str) -> Any:\n    try:\n        length = size(path)\n"
        f"    except {caught}:\n        length = 0\n    return length\n"
    ) in text
    assert "    length = await size_step(path)\n    await sleep(length)\n" in text
    assert "@step" not in (tmp_path / "effects.py").read_text()


def test_a_handler_of_all_exceptions_is_for_those_of_steps_too(tmp_path: Path) -> None:
    text = _text(tmp_path, HANDLED.format(caught="Exception").replace("\n    ", "\n"))
    assert "    try:\n        length = await " in text


def test_what_always_returns_is_returned_by_the_step(tmp_path: Path) -> None:
    text = _text(tmp_path, "try:\n    return size(path)\nexcept OSError:\n    return 0")
    assert "    try:\n        return size(path)\n    except OSError:\n        return 0\n" in text
    assert "    return await size_step(path)\n" in text


def test_what_may_return_or_go_on_is_no_step(tmp_path: Path) -> None:
    body = "try:\n    return size(path)\nexcept OSError:\n    pass\nawait sleep(1)"
    assert "_step" not in _text(tmp_path, body)


def test_a_suppressed_exception_is_suppressed_in_the_step(tmp_path: Path) -> None:
    text = _text(
        tmp_path, "import contextlib\nwith contextlib.suppress(OSError):\n    size(path)\nawait sleep(1)"
    )
    assert "    with contextlib.suppress(OSError):\n        size(path)\n" in text
    assert "def size_step(path: str) -> None:\n" in text or "contextlib" in text


def test_a_handler_around_the_engines_own_calls_keeps_its_step_inside(tmp_path: Path) -> None:
    body = "try:\n    await sleep(1)\n    size(path)\nexcept OSError:\n    return 0"
    assert "_step" not in _text(tmp_path, body)


TEMPORAL = """
    from temporalio import workflow
    from effects import size


    @workflow.defn
    class Run:
        @workflow.run
        async def run(self, path: str) -> int:
            try:
                length = size(path)
            except Exception:
                length = 0
            return length
"""


def test_temporal_tries_again_so_that_no_handler_sees_what_an_activity_raises(tmp_path: Path) -> None:
    write(tmp_path, {"effects.py": EFFECTS, "app.py": TEMPORAL})
    fix(tmp_path, unsafe=True)
    text = (tmp_path / "app.py").read_text()
    assert "    try:\n        length = size(path)\n    except Exception:\n" in text
    assert "        length = await workflow.execute_activity(size_activity, path," in text


DBOS = """
    import random
    from dbos import DBOS

    def helper() -> float:
        return random.random()

    @DBOS.workflow()
    {prefix}def run() -> float:
        pending = {{1, 2}}
        return helper()
"""


def test_dbos_has_no_step_in_a_helper_of_a_coroutine(tmp_path: Path) -> None:
    assert "DBOS.run_step(" in fixed(tmp_path, DBOS.format(prefix=""), unsafe=True)
    assert "DBOS.run_step(" not in fixed(tmp_path, DBOS.format(prefix="async "), unsafe=True)


def test_a_nested_step_does_not_change_what_the_workflow_has(tmp_path: Path) -> None:
    text = """
        from dbos import DBOS

        @DBOS.step()
        def send(name: str) -> None: ...

        @DBOS.workflow()
        def run(names: list[str]) -> None:
            pending = set(names)
            while pending:
                send(pending.pop())
    """
    assert "run_step" not in fixed(tmp_path, text, unsafe=True)
