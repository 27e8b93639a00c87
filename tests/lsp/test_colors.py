"""Colors in the text: semantic tokens, inlay hints and code lenses."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types

from tests.lsp.editor import HELPER, PURE_HELPER, WORKFLOW, Editor
from tests.lsp.test_hovers import STEPS

pytestmark = pytest.mark.asyncio


async def test_names_and_calls_are_colored_by_what_they_are(editor: Editor) -> None:
    editor.write("flow.py", STEPS.replace("        quote()", "        '漢😀'; today()"))
    await editor.start()
    found = await editor.tokens("flow.py")
    assert ("charge", "step") in found
    assert ("run", "workflow") in found
    assert ("today", "effect") in found
    assert ("workflow.execute_activity", "engine") in found


@pytest.mark.parametrize(
    ("call", "colored"),
    [
        ("today(\n            )", ["today"]),
        ("print('漢😀', today())", ["print", "today"]),
        ("print(\n            '漢😀', today(\n            )\n        )", ["print", "today"]),
        ("helper . today()", ["today"]),
        ("(today)()", ["(today)()"]),
        ("open('today').read().strip(today())", ["open", "today"]),
        ("(today\n        )()", []),
    ],
)  # fmt: skip
async def test_of_a_call_only_the_name_is_colored(editor: Editor, call: str, colored: list[str]) -> None:
    editor.write("flow.py", "import helper\n" + WORKFLOW.replace("today()", call))
    await editor.start()
    assert await editor.tokens("flow.py") == [("run", "workflow"), *((text, "effect") for text in colored)]


async def test_effects_stand_behind_calls_that_have_them(editor: Editor) -> None:
    editor.write("flow.py", f"{WORKFLOW}        print()\n")
    await editor.start()
    assert await editor.hints("flow.py") == [(8, "clock"), (9, "console")]
    assert await editor.hints("flow.py", first=9) == [(9, "console")]
    assert await editor.hints("helper.py") == [(4, "clock")]


async def test_what_no_workflow_replays_has_no_hints(editor: Editor) -> None:
    editor.write("flow.py", "from helper import today\ntoday()\n")
    await editor.start()
    assert await editor.hints("helper.py") == []
    assert await editor.tokens("helper.py") == []


async def test_a_lens_sums_up_a_workflow(editor: Editor) -> None:
    editor.write("flow.py", STEPS)
    await editor.start()
    assert await editor.lenses("flow.py") == [
        (6, "step · temporal"),
        (12, "workflow · temporal · 1 step · 1 problem"),
    ]


async def test_the_editor_asks_again_when_an_edit_elsewhere_changes_colors(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    editor.open("helper.py")
    assert ("today", "effect") in await editor.tokens("flow.py")
    await editor.hover("flow.py", "today()")
    editor.client.refreshed.clear()
    editor.type("helper.py", PURE_HELPER)
    assert ("today", "effect") not in await editor.tokens("flow.py")
    await editor.is_refreshed(types.WORKSPACE_SEMANTIC_TOKENS_REFRESH)
    await editor.settle()
    await asyncio.sleep(0.2)
    editor.client.refreshed.clear()
    editor.type("helper.py", PURE_HELPER + "\n")
    await editor.settle()
    await asyncio.sleep(0.2)
    assert editor.client.refreshed == []
    editor.type("helper.py", HELPER)
    await editor.is_refreshed(types.WORKSPACE_SEMANTIC_TOKENS_REFRESH)


async def test_there_is_nothing_to_color_in_files_that_are_not_checked(editor: Editor) -> None:
    editor.write("pyproject.toml", '[tool.color-checker]\nexclude = ["flow.py"]\n')
    await editor.start()
    assert await editor.tokens("flow.py") == []
    assert await editor.lenses("flow.py") == []
