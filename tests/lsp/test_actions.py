"""Code actions: what they do to the text, not only what they are called."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.lsp.editor import WORKFLOW, Editor

pytestmark = pytest.mark.asyncio

DIRECT = """\
from temporalio import workflow
import random

@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        x = "😀"; y = random.random()
"""


def named(actions: list[types.CodeAction], start: str) -> types.CodeAction:
    """The action with a title that begins so."""
    found = [action for action in actions if action.title.startswith(start)]
    assert found, [action.title for action in actions]
    return found[0]


async def test_a_fix_makes_the_finding_go_away_and_the_safe_one_is_preferred(editor: Editor) -> None:
    editor.write("flow.py", DIRECT)
    await editor.start()
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "random")]
    actions = await editor.actions("flow.py", 8)
    fix = named(actions, "Use `workflow.random()")
    assert [action.title for action in actions if action.is_preferred] == [fix.title]
    assert [one.code for one in fix.diagnostics or ()] == ["random"]
    assert fix.edit is not None
    editor.apply(fix.edit)
    assert 'x = "😀"; y = workflow.random().random()' in editor.text("flow.py")
    assert await editor.found("flow.py") == []


async def test_a_fix_goes_across_files_open_and_not(editor: Editor) -> None:
    editor.write("helper.py", "import os\n\ndef today() -> None:\n    os.remove('x')\n")
    await editor.start()
    editor.open("flow.py")
    step = named(await editor.actions("flow.py", 8), "Make `today` an activity")
    assert "(check the result)" in step.title
    assert step.edit is not None
    editor.apply(step.edit)
    editor.tell("helper.py")
    assert "@activity.defn" in (editor.folder / "helper.py").read_text()
    assert "execute_activity" in editor.text("flow.py")
    assert await editor.found("flow.py") == []


async def test_edits_name_the_version_that_they_are_about(editor: Editor) -> None:
    editor.write("flow.py", DIRECT)
    await editor.start()
    editor.open("flow.py")
    editor.replace("flow.py", "import random\n", "import random\n\n")
    fix = named(await editor.actions("flow.py", 9), "Use")
    assert fix.edit is not None
    [change] = fix.edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == 2


async def test_editors_without_versions_get_plain_changes(editor: Editor) -> None:
    editor.write("flow.py", DIRECT)

    def older(capabilities: types.ClientCapabilities) -> None:
        assert capabilities.workspace is not None
        capabilities.workspace.workspace_edit = None

    await editor.start(change=older)
    fix = named(await editor.actions("flow.py", 8), "Use")
    assert fix.edit is not None
    assert list(fix.edit.changes or {}) == [editor.uri("flow.py")]


SUPPRESSED = {
    "today()": "today()  # color: ignore[clock]",
    "today()  # noqa: F821  ": "today()  # noqa: F821  # color: ignore[clock]",
    "today()  # color: ignore[random] - for now": "today()  # color: ignore[random, clock] - for now",
    "# color: ignore[random]\n        today()": "# color: ignore[random, clock]\n        today()",
    "print(today(), '''\n ''')": "# color: ignore[clock]\n        print(today(), '''\n ''')",
    "x = today() + \\\n            1": "# color: ignore[clock]\n        x = today() + \\\n            1",
}


@pytest.mark.parametrize(("code", "expected"), SUPPRESSED.items())
async def test_a_suppression_is_put_where_it_counts(editor: Editor, code: str, expected: str) -> None:
    editor.write("flow.py", WORKFLOW.replace("today()", code))
    await editor.start()
    editor.open("flow.py")
    [line] = [line for line, name in await editor.found("flow.py") if name == "clock"]
    action = named(await editor.actions("flow.py", line), "Suppress clock")
    assert action.edit is not None
    editor.apply(action.edit)
    assert expected in editor.text("flow.py")
    assert "clock" not in [name for _, name in await editor.found("flow.py")]


async def test_no_suppression_is_offered_where_no_comment_can_stand(editor: Editor) -> None:
    editor.write("flow.py", WORKFLOW.replace("today()", "f = '''\n''' + str(today()) + '''\n'''"))
    await editor.start()
    [(line, _)] = await editor.found("flow.py")
    titles = [action.title for action in await editor.actions("flow.py", line)]
    assert not [title for title in titles if title.startswith("Suppress")]


async def test_line_ends_stay_as_they_are(editor: Editor) -> None:
    text = WORKFLOW.replace("today()", "print(today(), '''\n ''')").replace("\n", "\r\n")
    editor.write("flow.py", text)
    await editor.start()
    editor.open("flow.py")
    action = named(await editor.actions("flow.py", 8), "Suppress clock")
    assert action.edit is not None
    editor.apply(action.edit)
    assert "# color: ignore[clock]\r\n        print(today(), '''\r\n" in editor.text("flow.py")
    assert editor.text("flow.py").count("\n") == editor.text("flow.py").count("\r\n")


async def test_of_two_findings_on_a_line_those_that_the_editor_means_are_dealt_with(editor: Editor) -> None:
    editor.write("flow.py", DIRECT.replace("y = random.random()", "random.random(); print()"))
    await editor.start()
    both = await editor.diagnostics("flow.py")
    assert [one.code for one in both] == ["random", "console"]
    params = types.CodeActionParams(
        text_document=editor.document("flow.py"), range=both[1].range,
        context=types.CodeActionContext(diagnostics=[both[1]]),
    )  # fmt: skip
    found = await editor.client.text_document_code_action_async(params)
    titles = [action.title for action in found or ()]
    assert "Suppress console on this line" in titles
    assert "Suppress random on this line" not in titles


async def test_an_editor_that_wants_no_quick_fixes_gets_none(editor: Editor) -> None:
    await editor.start()
    assert await editor.actions("flow.py", 8, only=types.CodeActionKind.SourceOrganizeImports) == []


async def test_go_to_cause_shows_the_effect_in_the_other_file(editor: Editor) -> None:
    def shows(capabilities: types.ClientCapabilities) -> None:
        assert capabilities.window is not None
        capabilities.window.show_document = types.ShowDocumentClientCapabilities(support=True)

    await editor.start(change=shows)
    [go] = [one for one in await editor.offers("flow.py", 8) if isinstance(one, types.Command)]
    assert go.title == "Go to the cause: datetime.datetime.now in helper.py"
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=go.command, arguments=go.arguments)
    )
    [shown] = editor.client.shown_documents
    assert shown.uri == editor.uri("helper.py")
    assert shown.selection is not None
    assert shown.selection.start == types.Position(3, 11)
