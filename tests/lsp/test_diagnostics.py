"""Diagnostics: those of the texts that are open, and of no older ones."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.lsp.editor import HELPER, PURE_HELPER, WORKFLOW, Editor

pytestmark = pytest.mark.asyncio


async def test_a_finding_is_shown_with_its_rule_and_the_way_to_its_cause(editor: Editor) -> None:
    await editor.start()
    [shown] = await editor.diagnostics("flow.py")
    assert (shown.code, shown.source, shown.severity) == (
        "clock",
        "color-checker",
        types.DiagnosticSeverity.Error,
    )
    assert shown.message.startswith("`datetime.datetime.now` reads the clock.")
    assert shown.range == types.Range(types.Position(7, 8), types.Position(7, 15))
    [link] = shown.related_information or ()
    assert link.location == types.Location(
        uri=editor.uri("helper.py"), range=types.Range(types.Position(3, 11), types.Position(3, 11))
    )
    assert link.message == "helper.today reaches datetime.datetime.now"


async def test_severities_are_those_of_the_configuration(editor: Editor) -> None:
    editor.write("pyproject.toml", '[tool.color-checker]\nseverity = { clock = "note" }\n')
    await editor.start()
    [shown] = await editor.diagnostics("flow.py")
    assert shown.severity == types.DiagnosticSeverity.Information


async def test_a_fixed_finding_goes_away_before_the_file_is_saved(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.replace("flow.py", "today()", "pass")
    assert await editor.found("flow.py") == []


async def test_a_change_of_a_helper_in_another_buffer_counts_at_once(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    editor.open("helper.py")
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.replace("helper.py", "datetime.datetime.now()", "1")
    assert await editor.found("flow.py") == []
    editor.replace("helper.py", "import datetime", "import random")
    editor.replace("helper.py", "return 1", "return random.random()")
    assert await editor.found("flow.py") == [(8, "random")]


async def test_closing_without_saving_goes_back_to_what_is_on_disk(editor: Editor) -> None:
    await editor.start()
    editor.open("helper.py", PURE_HELPER)
    assert await editor.found("flow.py") == []
    editor.close("helper.py")
    assert await editor.found("flow.py") == [(8, "clock")]


async def test_quick_edits_are_published_once_for_the_last_state(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    await editor.settle()
    before = len(editor.client.published)
    for _ in range(10):
        version = editor.type("flow.py", "\n" + editor.text("flow.py"))
    assert await editor.found("flow.py") == [(18, "clock")]
    # Between two edits the server may have had the time for a check, but not for ten.
    told = [one for one in editor.client.published[before:] if one.uri == editor.uri("flow.py")]
    assert told[-1].version == version
    assert len(told) < 10
    for one in told:
        assert one.version is not None
        assert [shown.range.start.line for shown in one.diagnostics] == [7 + one.version - 1]


async def test_a_publication_names_the_version_that_it_is_about(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    await editor.settle()
    assert editor.client.published[-1].version == 1
    version = editor.type("flow.py", f"{WORKFLOW}\n")
    await editor.settle()
    assert editor.client.published[-1].version == version == 2


async def test_what_has_not_changed_is_not_published_again(editor: Editor) -> None:
    editor.write("other.py", WORKFLOW)
    await editor.start()
    editor.open("flow.py")
    await editor.settle()
    before = len(editor.client.published)
    editor.replace("flow.py", "today()", "today()  # a remark")
    await editor.settle()
    # On a busy machine a glance may come before the check, both about the edited file.
    assert {one.uri for one in editor.client.published[before:]} == {editor.uri("flow.py")}
    editor.tell("helper.py")  # which has not changed at all
    await editor.settle()
    assert len(editor.client.published) == before + 1


async def test_files_that_change_appear_and_go_on_disk_are_seen(editor: Editor) -> None:
    await editor.start()
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.write("helper.py", PURE_HELPER)
    editor.tell("helper.py")
    assert await editor.found("flow.py") == []
    editor.write("second.py", WORKFLOW.replace("from helper", "from other"))
    editor.write("other.py", HELPER)
    editor.tell("second.py", "other.py", kind=types.FileChangeType.Created)
    assert await editor.found("second.py") == [(8, "clock")]
    (editor.folder / "second.py").unlink()
    editor.tell("second.py", kind=types.FileChangeType.Deleted)
    assert await editor.found("second.py") == []


async def test_a_save_shows_what_has_changed_on_disk_to_editors_that_do_not_watch(editor: Editor) -> None:
    await editor.start(like="neovim@v0.7.0")
    assert editor.client.registered == []
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.write("helper.py", PURE_HELPER)
    editor.save("flow.py")
    assert await editor.found("flow.py") == []


async def test_editors_that_can_are_asked_to_watch_files(editor: Editor) -> None:
    await editor.start()
    await editor.settle()
    [registration] = editor.client.registered
    assert registration.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES


async def test_a_new_file_counts_when_it_is_saved(editor: Editor) -> None:
    await editor.start()
    editor.open("new.py", WORKFLOW.replace("today()", "print()"))
    assert await editor.found("new.py") == []
    editor.save("new.py")
    assert await editor.found("new.py") == [(8, "console")]


async def test_findings_of_the_baseline_are_only_hints(editor: Editor) -> None:
    from click.testing import CliRunner

    from color_checker.cli import main

    editor.write("pyproject.toml", '[tool.color-checker]\nbaseline = "known.json"\n')
    config = ["--config", str(editor.folder / "pyproject.toml")]
    done = CliRunner().invoke(main, ["check", str(editor.folder), "--write-baseline", *config])
    assert done.exit_code == 0, done.output
    await editor.start()
    editor.open("flow.py")
    [known] = await editor.diagnostics("flow.py")
    assert known.severity == types.DiagnosticSeverity.Hint
    editor.replace("flow.py", "        today()", "        today()\n        print('new')")
    first, second = await editor.diagnostics("flow.py")
    assert (first.severity, second.severity) == (
        types.DiagnosticSeverity.Hint,
        types.DiagnosticSeverity.Warning,
    )


async def test_an_unused_suppression_is_marked_as_unnecessary(editor: Editor) -> None:
    editor.write("flow.py", WORKFLOW.replace("today()", "pass  # color: ignore[clock]"))
    await editor.start()
    [shown] = await editor.diagnostics("flow.py")
    assert shown.code == "unused-suppression"
    assert list(shown.tags or ()) == [types.DiagnosticTag.Unnecessary]
