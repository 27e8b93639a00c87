"""The call hierarchy, as a way to the cause and back."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.lsp.editor import Editor, utf16_position
from tests.lsp.test_hovers import STEPS

pytestmark = pytest.mark.asyncio


async def prepare(editor: Editor, name: str, word: str) -> list[types.CallHierarchyItem]:
    """The items at the first such word."""
    text = editor.shown(name)
    params = types.CallHierarchyPrepareParams(
        text_document=editor.document(name), position=utf16_position(text, text.index(word))
    )
    return list(await editor.client.text_document_prepare_call_hierarchy_async(params) or ())


async def test_calls_lead_to_the_cause(editor: Editor) -> None:
    editor.write("flow.py", STEPS)
    await editor.start()
    [item] = await prepare(editor, "flow.py", "def run")
    assert (item.name, item.detail) == ("flow.Trial.run", "workflow · temporal")
    way = []
    while True:
        params = types.CallHierarchyOutgoingCallsParams(item=item)
        found = list(await editor.client.call_hierarchy_outgoing_calls_async(params) or ())
        if not found:
            break
        item = next(call.to for call in found if not call.to.name.startswith("flow.charge"))
        way.append((item.name, item.uri.rpartition("/")[2], item.range.start.line))
    assert way == [
        ("flow.quote", "flow.py", 15),
        ("helper.today", "helper.py", 2),
        ("datetime.datetime.now", "helper.py", 3),
    ]


async def test_a_call_is_the_function_that_it_runs(editor: Editor) -> None:
    await editor.start()
    [item] = await prepare(editor, "flow.py", "today()")
    assert item.name == "helper.today"
    assert item.uri == editor.uri("helper.py")


async def test_callers_lead_back_to_the_workflow(editor: Editor) -> None:
    await editor.start()
    [item] = await prepare(editor, "helper.py", "def today")
    params = types.CallHierarchyIncomingCallsParams(item=item)
    [call] = await editor.client.call_hierarchy_incoming_calls_async(params) or ()
    assert call.from_.name == "flow.Trial.run"
    assert [one.start for one in call.from_ranges] == [types.Position(7, 8)]


async def test_outside_of_functions_there_is_nothing(editor: Editor) -> None:
    await editor.start()
    assert await prepare(editor, "flow.py", "import") == []
