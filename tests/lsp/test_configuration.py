"""The configuration while the server runs: changed, wrong and right again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.workspace import PositionCodec

from color_checker.interruption import Interrupted
from color_checker.lsp.analyzer import Analyzer
from color_checker.lsp.parsing import Texts
from tests.acme_flows import PROFILE
from tests.lsp.editor import HELPER, WORKFLOW, Editor

RIGHT = "[tool.color-checker]\nignore = []\n"
WRONG = '[tool.color-checker]\nstrict = false\nignore = [\n  "cluck",\n]\n'


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["saved", "told"])
async def test_a_changed_configuration_counts_at_once(editor: Editor, way: str) -> None:
    editor.write("pyproject.toml", RIGHT)
    await editor.start()
    assert await editor.found("flow.py") == [(8, "clock")]
    changed = '[tool.color-checker]\nignore = ["clock"]\n'
    if way == "saved":
        editor.open("pyproject.toml")
        editor.type("pyproject.toml", changed)
        assert await editor.found("flow.py") == [(8, "clock")]
        editor.save("pyproject.toml")
    else:
        editor.write("pyproject.toml", changed)
        editor.tell("pyproject.toml")
    assert await editor.found("flow.py") == []


@pytest.mark.asyncio
async def test_a_wrong_configuration_is_told_once_and_shown_where_it_is(editor: Editor) -> None:
    editor.write("pyproject.toml", RIGHT)
    await editor.start()
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.write("pyproject.toml", WRONG)
    editor.tell("pyproject.toml")
    [problem] = await editor.diagnostics("pyproject.toml")
    assert (problem.code, problem.range.start.line) == ("configuration", 3)
    assert 'there is no rule "cluck"' in problem.message
    assert await editor.found("flow.py") == [(8, "clock")]  # with the last one that was right
    editor.type("flow.py", f"\n{WORKFLOW}")
    assert await editor.found("flow.py") == [(9, "clock")]
    assert len(editor.client.messages) == 1
    editor.write("pyproject.toml", RIGHT)
    editor.tell("pyproject.toml")
    assert await editor.found("pyproject.toml") == []
    assert await editor.found("flow.py") == [(9, "clock")]
    assert len(editor.client.messages) == 1


@pytest.mark.asyncio
async def test_a_server_that_starts_with_a_wrong_configuration_recovers(editor: Editor) -> None:
    editor.write("pyproject.toml", "[tool.color-checker\n")
    await editor.start()
    [problem] = await editor.diagnostics("pyproject.toml")
    assert problem.range.start.line == 0
    assert "is not valid TOML" in problem.message
    assert await editor.found("flow.py") == []
    assert await editor.hover("flow.py", "today()") == ""
    editor.write("pyproject.toml", RIGHT)
    editor.tell("pyproject.toml")
    assert await editor.found("flow.py") == [(8, "clock")]


@pytest.mark.asyncio
async def test_a_configuration_above_the_folder_counts_too(editor: Editor) -> None:
    editor.write("app/flow.py", WORKFLOW)
    editor.write("app/helper.py", editor.shown("helper.py"))
    editor.write("pyproject.toml", WRONG)
    await editor.start(editor.folder / "app")
    assert await editor.found("app/flow.py") == []
    assert [one.code for one in editor.client.diagnostics[editor.uri("pyproject.toml")]] == ["configuration"]
    editor.write("pyproject.toml", RIGHT)
    editor.tell("pyproject.toml")
    assert await editor.found("app/flow.py") == [(8, "clock")]
    assert editor.client.diagnostics[editor.uri("pyproject.toml")] == ()


@pytest.mark.asyncio
async def test_new_settings_of_the_editor_change_nothing_without_a_reason(editor: Editor) -> None:
    await editor.start()
    await editor.settle()
    before = len(editor.client.published)
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings={}))
    assert await editor.found("flow.py") == [(8, "clock")]
    assert len(editor.client.published) == before


PROBLEMS = {
    "unknown key": ("[tool.color-checker]\nstrict = true\nstrikt = true\n", 3),
    "type": ("[project]\nname = 'x'\n[tool.color-checker]\n\nstrict = 'yes'\n", 5),
    "severity": ('[tool.color-checker.severity]\nclock = "note"\nrandom = "loud"\n', 3),
    "pattern": ('[tool.color-checker.per-path-ignores]\n"a.py" = ["clock"]\n"b.py" = ["clok"]\n', 3),
    "path": ('[tool.color-checker]\npaths = [\n  ".",\n  "nowhere",\n]\n', 4),
    "baseline": ('[tool.color-checker]\nbaseline = "gone.json"\n', 1),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "baseline"])
async def test_a_problem_is_shown_at_its_line(editor: Editor, name: str) -> None:
    text, line = PROBLEMS[name]
    editor.write("pyproject.toml", text)
    await editor.start()
    assert await editor.found("pyproject.toml") == [(line, "configuration")]


@pytest.mark.asyncio
async def test_a_baseline_that_is_gone_is_told_and_the_findings_are_shown(editor: Editor) -> None:
    editor.write("pyproject.toml", PROBLEMS["baseline"][0])
    await editor.start()
    assert await editor.found("flow.py") == [(8, "clock")]
    await editor.settle()
    [message] = editor.client.messages
    assert "there is no such baseline" in message.message


@pytest.mark.asyncio
@pytest.mark.parametrize("next_step", ["edit", "save"])
async def test_a_configuration_that_changes_unseen_counts_from_the_next_edit_or_save_on(
    editor: Editor, next_step: str
) -> None:
    editor.write("pyproject.toml", RIGHT)
    await editor.start()
    editor.open("flow.py")
    assert await editor.found("flow.py") == [(8, "clock")]
    editor.write("pyproject.toml", '[tool.color-checker]\nignore = ["clock"]\n')
    if next_step == "edit":
        editor.type("flow.py", f"{WORKFLOW}\n")
    else:
        editor.save("flow.py")
    assert await editor.found("flow.py") == []
    editor.write("pyproject.toml", WRONG)
    editor.type("flow.py", f"{WORKFLOW}\n\n")
    assert await editor.found("flow.py") == []
    assert await editor.found("pyproject.toml") == [(4, "configuration")]


FLOW = """\
import time
from acme.flows import flow

@flow
def run():
    time.time()
"""


@pytest.mark.asyncio
@pytest.mark.parametrize("is_told", [True, False])
async def test_while_a_profile_is_wrong_the_last_one_that_was_right_counts(
    editor: Editor, is_told: bool
) -> None:
    editor.write("pyproject.toml", '[tool.color-checker]\nengine-files = ["flows.toml"]\n')
    editor.write("flows.toml", PROFILE)
    editor.write("own.py", FLOW)
    await editor.start()
    editor.open("own.py")
    assert await editor.found("own.py") == [(6, "clock")]
    editor.write("flows.toml", PROFILE.replace("colors", "colours"))
    if is_told:
        editor.tell("flows.toml")
        await editor.settle("own.py")
    editor.type("own.py", f"\n{FLOW}")
    assert await editor.found("own.py") == [(7, "clock")]
    assert [code for _, code in await editor.found("flows.toml")] == ["configuration"]
    editor.write("flows.toml", PROFILE)
    if is_told:
        editor.tell("flows.toml")
        await editor.settle("own.py")
    editor.type("own.py", f"\n\n{FLOW}")
    assert await editor.found("own.py") == [(8, "clock")]
    assert await editor.found("flows.toml") == []


@pytest.fixture
def analyzer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Analyzer]:
    """Of a small project, without a server."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"pyproject.toml": RIGHT, "flow.py": WORKFLOW, "helper.py": HELPER}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    made = Analyzer(str(tmp_path))
    yield made
    made.close()


def checked(analyzer: Analyzer, *, is_unwanted: bool = False) -> list[tuple[str, int]]:
    """The findings of a check, of which nobody has said that anything has changed on disk."""
    found = analyzer.check(Texts(), PositionCodec(), lambda: is_unwanted).every_finding
    return [(finding.path, finding.line) for finding in found]


def test_a_changed_configuration_counts_also_if_the_check_that_saw_it_is_given_up(analyzer: Analyzer) -> None:
    assert checked(analyzer) == [("flow.py", 8)]
    Path("pyproject.toml").write_text('[tool.color-checker]\nignore = ["clock"]\n', encoding="utf-8")
    with pytest.raises(Interrupted):
        checked(analyzer, is_unwanted=True)
    assert checked(analyzer) == []


def test_a_profile_that_was_wrong_when_it_was_added_counts_when_it_is_right(analyzer: Analyzer) -> None:
    Path("own.py").write_text(FLOW, encoding="utf-8")
    assert checked(analyzer) == [("flow.py", 8)]
    Path("flows.toml").write_text(PROFILE.replace("colors", "colours"), encoding="utf-8")
    text = '[tool.color-checker]\nengine-files = ["flows.toml"]\n'
    Path("pyproject.toml").write_text(text, encoding="utf-8")
    assert checked(analyzer) == [("flow.py", 8)]
    Path("flows.toml").write_text(PROFILE, encoding="utf-8")
    assert checked(analyzer) == [("flow.py", 8), ("own.py", 6)]
