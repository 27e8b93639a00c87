"""While somebody types, a file often does not parse: what is shown then."""

from __future__ import annotations

import pytest

from tests.lsp.editor import WORKFLOW, Editor

pytestmark = pytest.mark.asyncio


async def test_findings_stay_where_their_code_is_while_the_file_does_not_parse(editor: Editor) -> None:
    editor.write("flow.py", f"{WORKFLOW}        print()\n")
    await editor.start()
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "clock"), (9, "console")]
    editor.replace("flow.py", "@workflow.defn", "x = (\n\n@workflow.defn")
    found = await editor.found("flow.py")
    assert found[1:] == [(10, "clock"), (11, "console")]
    assert found[0][1] == "unreadable"
    editor.replace("flow.py", "x = (", "x = ()")
    assert await editor.found("flow.py") == [(10, "clock"), (11, "console")]


async def test_findings_in_lines_that_are_being_edited_are_not_shown(editor: Editor) -> None:
    editor.write("flow.py", f"{WORKFLOW}        print()\n")
    await editor.start()
    editor.open("flow.py")
    editor.replace("flow.py", "today()", "today(")
    assert [name for _, name in await editor.found("flow.py")] == ["unreadable", "console"]


async def test_other_files_keep_their_findings_and_may_be_edited_meanwhile(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    editor.open("helper.py")
    editor.replace("helper.py", "def today():", "def today(:")
    assert await editor.found("flow.py") == [(8, "clock")]
    [(line, name)] = await editor.found("helper.py")
    assert (line, name) == (3, "unreadable")
    editor.replace("flow.py", "        today()", "\n        today()")
    assert await editor.found("flow.py") == [(9, "clock")]
    editor.replace("helper.py", "def today(:", "def today():")
    editor.replace("helper.py", "return datetime.datetime.now()", "return 1")
    assert await editor.found("helper.py") == []
    assert await editor.found("flow.py") == []


async def test_colors_and_hovers_stay_as_well(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    editor.replace("flow.py", "@workflow.defn", "x = (\n@workflow.defn")
    assert ("run", "workflow") in await editor.tokens("flow.py")
    assert ("today", "effect") in await editor.tokens("flow.py")
    assert await editor.lenses("flow.py") == [(8, "workflow · temporal · 0 steps · 1 problem")]
    assert "reads the clock" in await editor.hover("flow.py", "today()")
    assert await editor.hints("flow.py") == [(9, "clock")]


async def test_no_change_is_offered_that_is_about_another_text(editor: Editor) -> None:
    editor.write("flow.py", WORKFLOW.replace("today()", "print()"))
    await editor.start()
    editor.open("flow.py")
    assert [action.title for action in await editor.actions("flow.py", 8) if action.edit] != []
    editor.replace("flow.py", "@workflow.defn", "x = (\n@workflow.defn")
    assert [action.title for action in await editor.actions("flow.py", 9) if action.edit] == []


async def test_a_file_that_never_parsed_says_why(editor: Editor) -> None:
    editor.write("flow.py", "def broken(:\n")
    await editor.start()
    [shown] = await editor.diagnostics("flow.py")
    assert shown.code == "unreadable"
    assert shown.message.startswith("syntax error")
    editor.open("flow.py", WORKFLOW)
    assert await editor.found("flow.py") == [(8, "clock")]
