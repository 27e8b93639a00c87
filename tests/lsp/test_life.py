"""How the server starts, fails, goes on and ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.lsp.editor import PATIENCE, WORKFLOW, Editor


@pytest.mark.asyncio
async def test_the_first_analysis_shows_progress(editor: Editor) -> None:
    await editor.start()
    await editor.settle()
    await editor.hover("flow.py", "today()")
    [(token, reports)] = editor.client.progress_reports.items()
    assert str(token).startswith("color-checker/")
    assert isinstance(reports[0], types.WorkDoneProgressBegin)
    assert isinstance(reports[-1], types.WorkDoneProgressEnd)
    assert reports[-1].message == "2 files, 1 workflows, 1 findings"


@pytest.mark.asyncio
async def test_editors_without_progress_are_not_asked_for_it(editor: Editor) -> None:
    def without(capabilities: types.ClientCapabilities) -> None:
        capabilities.window = None

    await editor.start(change=without)
    assert await editor.found("flow.py") == [(8, "clock")]
    assert editor.client.progress_reports == {}


@pytest.mark.asyncio
async def test_edits_of_files_that_are_not_open_are_passed_over(editor: Editor) -> None:
    await editor.start()
    identifier = types.VersionedTextDocumentIdentifier(uri=editor.uri("flow.py"), version=3)
    editor.client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=identifier, content_changes=[types.TextDocumentContentChangeWholeDocument(text="")]
        )
    )
    assert await editor.found("flow.py") == [(8, "clock")]


@pytest.mark.asyncio
async def test_an_answer_fits_the_last_edit_before_it(editor: Editor) -> None:
    await editor.start()
    editor.open("flow.py")
    for number in range(5):
        editor.replace("flow.py", "@workflow.defn", f"# {number}\n@workflow.defn")
        assert await editor.lenses("flow.py") == [
            (8 + number, "workflow · temporal · 0 steps · 1 problem"),
        ]


def test_the_exit_code_says_whether_the_editor_said_goodbye(tmp_path: Path) -> None:
    for goodbye, code in ((True, 0), (False, 1)):
        server = Raw(tmp_path)
        server.start()
        if goodbye:
            server.send("shutdown", id=2)
            server.read_until(2)
        server.send("exit")
        assert server.process.wait(PATIENCE) == code  # although its standard input is still open


def test_the_server_ends_with_its_editor(tmp_path: Path) -> None:
    server = Raw(tmp_path)
    server.start()
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.process.wait(PATIENCE) == 1


def large_project(folder: Path) -> None:
    """Enough to parse for several processes."""
    body = "".join(f"def f{number}():\n    return [x for x in range({number})]\n\n" for number in range(300))
    for number in range(150):
        (folder / f"m{number}.py").write_text(f"from temporalio import workflow\n{body}")
    (folder / "flow.py").write_text(WORKFLOW.replace("today()", "print()"))


def test_a_project_that_several_processes_parse_is_analyzed(tmp_path: Path) -> None:
    large_project(tmp_path)
    server = Raw(tmp_path)
    server.start()
    assert server.lens(tmp_path / "flow.py", 2) == "workflow · temporal · 0 steps · 1 problem"
    server.stop()


def test_the_server_ends_at_once_in_the_middle_of_an_analysis(tmp_path: Path) -> None:
    large_project(tmp_path)
    server = Raw(tmp_path)
    server.start()
    time.sleep(1)
    server.send("shutdown", id=2)
    server.read_until(2)
    server.send("exit")
    started = time.monotonic()
    assert server.process.wait(PATIENCE) == 0
    assert time.monotonic() - started < 15
    assert server.process.stdout is not None
    assert server.process.stdout.read() == b""  # which no process is left to keep open


def test_nonsense_and_requests_that_fail_do_not_stop_the_server(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(WORKFLOW.replace("today()", "print()"))
    server = Raw(tmp_path)
    server.start()
    server.send("textDocument/hover", id=2, params={"nonsense": True})  # which pygls never answers
    server.send("workspace/executeCommand", id=3, params={"command": "no.such"})
    assert "error" in server.read_until(3)
    wrong = {"command": "color-checker.goTo", "arguments": ["file:///a.py", "one", 2]}
    server.send("workspace/executeCommand", id=5, params=wrong)
    assert "error" in server.read_until(5)
    server.send("textDocument/didChange", params={"nonsense": True})
    assert server.lens(tmp_path / "flow.py", 4) == "workflow · temporal · 0 steps · 1 problem"
    server.stop()


def test_requests_that_are_cancelled_do_not_hold_up_the_next_ones(tmp_path: Path) -> None:
    file = tmp_path / "flow.py"
    file.write_text(WORKFLOW.replace("today()", "print()"))
    server = Raw(tmp_path)
    server.start()
    document = {"uri": file.as_uri(), "languageId": "python", "version": 0, "text": file.read_text()}
    server.send("textDocument/didOpen", params={"textDocument": document})
    for number in range(10, 30):
        change = {"text": f"{file.read_text()}# {number}"}
        identifier = {"uri": file.as_uri(), "version": number}
        server.send("textDocument/didChange", params={"textDocument": identifier, "contentChanges": [change]})
        server.send("textDocument/codeLens", id=number, params={"textDocument": {"uri": file.as_uri()}})
        server.send("$/cancelRequest", params={"id": number})
    assert server.lens(file, 100) == "workflow · temporal · 0 steps · 1 problem"
    server.stop()


class Raw:
    """A server process without a client library."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "color_checker", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(self) -> None:
        """Let it analyze the folder."""
        self.send("initialize", id=1, params={"capabilities": {}, "rootUri": self.folder.as_uri()})
        self.read_until(1)
        self.send("initialized", params={})

    def stop(self) -> None:
        """Say goodbye."""
        self.send("shutdown", id=1000)
        self.read_until(1000)
        self.send("exit")
        assert self.process.wait(PATIENCE) == 0

    def lens(self, file: Path, number: int) -> str:
        """The first lens of a file."""
        self.send("textDocument/codeLens", id=number, params={"textDocument": {"uri": file.as_uri()}})
        title: str = self.read_until(number)["result"][0]["command"]["title"]
        return title

    def send(self, method: str, **rest: Any) -> None:
        """Write a message."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, **rest}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def read_until(self, number: int) -> dict[str, Any]:
        """The answer to a request."""
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            message: dict[str, Any] = json.loads(stream.read(length))
            if message.get("id") == number and "method" not in message:
                return message
