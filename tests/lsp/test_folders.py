"""Workspaces with several folders, folders in folders, and none."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.lsp.editor import HELPER, PURE_HELPER, WORKFLOW, Editor, workspace_folder

pytestmark = pytest.mark.asyncio


def two_projects(editor: Editor) -> tuple[Path, Path]:
    """Folders with a project each, in place of the one that is there."""
    for name in ("flow.py", "helper.py"):
        (editor.folder / name).unlink()
    for name in ("one", "two"):
        editor.write(f"{name}/flow.py", WORKFLOW.replace("helper", f"helper_{name}"))
        editor.write(f"{name}/helper_{name}.py", HELPER)
    return editor.folder / "one", editor.folder / "two"


def change_folders(editor: Editor, added: tuple[Path, ...] = (), removed: tuple[Path, ...] = ()) -> None:
    event = types.WorkspaceFoldersChangeEvent(
        added=[workspace_folder(folder) for folder in added],
        removed=[workspace_folder(folder) for folder in removed],
    )
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event=event))


async def test_each_folder_has_its_own_configuration(editor: Editor) -> None:
    editor.write("one/pyproject.toml", '[tool.color-checker]\nignore = ["clock"]\n')
    editor.write("two/pyproject.toml", "[tool.color-checker]\n")
    await editor.start(*two_projects(editor))
    assert await editor.found("one/flow.py") == []
    assert await editor.found("two/flow.py") == [(8, "clock")]


async def test_a_file_in_a_nested_folder_belongs_to_the_inner_one(editor: Editor) -> None:
    _, inner = two_projects(editor)
    editor.write("two/pyproject.toml", '[tool.color-checker]\nseverity = { clock = "note" }\n')
    await editor.start(editor.folder, inner)
    await editor.settle("one/flow.py")
    [shown] = await editor.diagnostics("two/flow.py")
    assert shown.severity == types.DiagnosticSeverity.Information
    assert await editor.found("one/flow.py") == [(8, "clock")]


async def test_when_the_inner_folder_is_closed_the_outer_one_takes_over(editor: Editor) -> None:
    _, inner = two_projects(editor)
    editor.write("two/pyproject.toml", '[tool.color-checker]\nignore = ["clock"]\n')
    await editor.start(editor.folder, inner)
    editor.open("two/helper_two.py")
    await editor.settle("one/flow.py")
    assert await editor.found("two/flow.py") == []
    change_folders(editor, removed=(inner,))
    assert await editor.found("two/flow.py") == [(8, "clock")]
    editor.type("two/helper_two.py", PURE_HELPER)
    assert await editor.found("two/flow.py") == []


async def test_an_unsaved_helper_counts_for_outer_folders_too(editor: Editor) -> None:
    _, inner = two_projects(editor)
    editor.write("flow.py", WORKFLOW.replace("from helper", "from two.clock"))
    await editor.start(editor.folder, inner)
    editor.write("two/clock.py", HELPER)
    editor.tell("two/clock.py")
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.open("two/clock.py", PURE_HELPER)
    assert await editor.found("flow.py") == []


async def test_folders_come_and_go(editor: Editor) -> None:
    one, two = two_projects(editor)
    await editor.start(one)
    assert await editor.found("one/flow.py") == [(8, "clock")]
    assert await editor.found("two/flow.py") == []
    change_folders(editor, added=(two,), removed=(one,))
    assert await editor.found("two/flow.py") == [(8, "clock")]
    assert await editor.found("one/flow.py") == []
    change_folders(editor, added=(one,))
    assert await editor.found("one/flow.py") == [(8, "clock")]


async def test_a_root_as_older_editors_give_it_is_a_folder(editor: Editor) -> None:
    await editor.start(root=editor.folder)
    assert await editor.found("flow.py") == [(8, "clock")]


async def test_a_single_file_is_checked_with_what_stands_beside_it(editor: Editor) -> None:
    await editor.start(alone=True)
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "clock")]


async def test_a_single_file_belongs_to_the_project_around_it(editor: Editor) -> None:
    editor.write("pyproject.toml", '[tool.color-checker]\nsource-roots = ["lib"]\n')
    editor.write("lib/helper.py", HELPER)
    (editor.folder / "helper.py").unlink()
    editor.write("app/flow.py", WORKFLOW)
    await editor.start(alone=True)
    editor.open("app/flow.py")
    assert await editor.found("app/flow.py") == [(8, "clock")]


async def test_files_outside_of_all_folders_are_left_alone(editor: Editor) -> None:
    one, _ = two_projects(editor)
    await editor.start(one)
    editor.open("two/flow.py")
    assert await editor.found("two/flow.py") == []
    assert await editor.lenses("two/flow.py") == []


async def test_what_is_no_file_is_left_alone(editor: Editor) -> None:
    await editor.start()
    uri = "untitled:Untitled-1"
    item = types.TextDocumentItem(uri=uri, language_id="python", version=1, text=WORKFLOW)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    params = types.HoverParams(text_document=types.TextDocumentIdentifier(uri), position=types.Position(7, 9))
    assert await editor.client.text_document_hover_async(params) is None
    editor.client.text_document_did_close(
        types.DidCloseTextDocumentParams(text_document=types.TextDocumentIdentifier(uri))
    )
    assert await editor.found("flow.py") == [(8, "clock")]


async def test_names_with_spaces_and_letters_of_all_kinds(editor: Editor) -> None:
    editor.write("a b/ünï 漢.py", WORKFLOW.replace("today()", "print()"))
    await editor.start()
    editor.open("a b/ünï 漢.py")
    assert await editor.found("a b/ünï 漢.py") == [(8, "console")]
