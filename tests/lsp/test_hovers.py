"""What is shown under the pointer."""

from __future__ import annotations

import pytest

from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio

STEPS = """\
from datetime import timedelta
from temporalio import activity, workflow
from helper import today

@activity.defn
async def charge(amount: int) -> int:
    return amount

@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(charge, 5, start_to_close_timeout=timedelta(seconds=5))
        quote()

def quote():
    return today()
"""


async def test_a_finding_says_what_to_write_instead(editor: Editor) -> None:
    await editor.start()
    text = await editor.hover("flow.py", "today()")
    assert "**clock** (CC201)" in text
    assert "`flow.Trial.run` → `helper.today` → `datetime.datetime.now`" in text
    assert "*Instead:*" in text


async def test_a_call_of_a_plain_helper_says_what_it_reaches_and_how(editor: Editor) -> None:
    editor.write("flow.py", STEPS)
    await editor.start()
    text = await editor.hover("flow.py", "quote()")
    assert "**plain** `flow.quote`: reaches clock" in text
    assert "- **clock**: `helper.today` → `datetime.datetime.now`" in text


async def test_a_definition_says_its_color_and_why(editor: Editor) -> None:
    editor.write("flow.py", STEPS)
    await editor.start()
    text = await editor.hover("flow.py", "def run")
    assert "**temporal workflow** `flow.Trial.run`" in text
    assert "Colored by the decorator" in text
    assert "Asks the engine for step `flow.charge`." in text


async def test_an_operation_of_the_engine_says_what_it_runs(editor: Editor) -> None:
    editor.write("flow.py", STEPS)
    await editor.start()
    text = await editor.hover("flow.py", "workflow.execute_activity")
    assert "Asks the engine: `temporalio.workflow.execute_activity`" in text
    assert "**temporal step** `flow.charge`" in text


async def test_an_effect_outside_of_workflows_is_told_without_a_finding(editor: Editor) -> None:
    await editor.start()
    assert await editor.found("helper.py") == []
    assert await editor.hover("helper.py", "datetime.datetime.now()") == "**clock** `datetime.datetime.now`"


async def test_nothing_is_said_of_what_has_no_color_and_no_effect(editor: Editor) -> None:
    await editor.start()
    assert await editor.hover("helper.py", "import") == ""


async def test_the_pointer_behind_the_end_of_a_line_is_no_error(editor: Editor) -> None:
    await editor.start()
    from lsprotocol import types

    for line, character in ((7, 500), (500, 0)):
        params = types.HoverParams(
            text_document=editor.document("flow.py"), position=types.Position(line, character)
        )
        assert await editor.client.text_document_hover_async(params) is None
