"""Hostile and broken input gets an error line and exit code 2; the other files are checked all the same."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

import color_checker

DEEP = 10_000
WORKFLOW = """\
import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        return time.time()
"""

EXPRESSIONS = {
    "parentheses": "x = " + "(" * DEEP + "1" + ")" * DEEP,
    "lists": "x = " + "[" * DEEP + "]" * DEEP,
    "minus signs": "x = " + "-" * DEEP + "1",
    "nots": "x = " + "not " * DEEP + "1",
    "attributes": "x = a" + ".b" * DEEP,
    "attributes in a decorator": "@a" + ".b" * DEEP + "\ndef f(): pass",
    "attributes in a base class": "class A(a" + ".b" * DEEP + "): pass",
    "attributes in an annotation": "x: a" + ".b" * DEEP,
    "calls": "x = a" + "()" * DEEP,
    "method calls": "x = a" + ".b()" * DEEP,
    "subscripts": "x = a" + "[0]" * DEEP,
    "concatenations": 'x = "a"' + ' + "b"' * DEEP,
    "unions": "x: " + " | ".join(["int"] * DEEP),
    "conditional expressions": "x = " + "1 if a else " * DEEP + "2",
    "lambdas": "x = " + "lambda: " * DEEP + "1",
    "elifs": "if a:\n  pass\n" + "elif a:\n  pass\n" * DEEP,
}
LONG = {
    "implicit concatenation": "x = (" + '"b"\n' * DEEP + ")",
    "and": "x = " + " and ".join(["a"] * DEEP),
    "comparison": "x = " + " < ".join(["a"] * DEEP),
    "assignment": "x = " * DEEP + "1",
    "decorators": "@d\n" * DEEP + "def f(): pass",
    "f-string": 'x = f"' + "{a}" * DEEP + '"',
    "union in a string": 'def f(x: "' + " | ".join(["int"] * DEEP) + '"): pass',
    "parentheses in a string": 'def f(x: "' + "(" * DEEP + "int" + ")" * DEEP + '"): pass',
}
#: Deep, but not too deep for Python's own parser: the analysis must cope with it.
PARSED = {
    "concatenations": 'x = "a"' + ' + "b"' * 1500,
    "method calls": "x = c" + ".m()" * 900,
    "calls": "x = g" + "()" * 1500,
    "attributes": "x = c" + ".b" * 1500,
    "elifs": "if c:\n            pass\n" + "        elif c:\n            pass\n" * 1500,
    "conditional expressions": "x = " + "1 if c else " * 900 + "2",
    "lambdas": "x = " + "lambda: " * 400 + "1",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(WORKFLOW)
    return tmp_path


def run(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "color_checker", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(color_checker.__file__).parents[1])}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=environment, check=False
    )


def assert_only_the_good_file_is_checked(bad: str, reason: str) -> None:
    completed = run("check", ".", "--format", "json")
    assert completed.returncode == 2
    assert "Traceback" not in completed.stderr
    assert [line for line in completed.stderr.splitlines() if line.startswith(f"color-checker: {bad}:")]
    document = msgspec.json.decode(completed.stdout)
    assert [(error["path"], reason in error["reason"]) for error in document["errors"]] == [(bad, True)]
    assert [(finding["path"], finding["name"]) for finding in document["findings"]] == [("good.py", "clock")]


@pytest.mark.parametrize("source", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_ten_thousand_nested_expressions_are_an_error_and_not_a_crash(source: str, project: Path) -> None:
    (project / "bad.py").write_text(source + "\n")
    report = color_checker.check(["."], cache=False)
    # How deep is too deep differs between the versions of Python.
    assert {error.path for error in report.errors} <= {"bad.py"}
    assert [(finding.path, finding.name) for finding in report.findings] == [("good.py", "clock")]


def test_too_deep_an_expression_ends_the_command_with_2(project: Path) -> None:
    (project / "bad.py").write_text(EXPRESSIONS["parentheses"] + "\n")
    assert_only_the_good_file_is_checked("bad.py", "too many nested parentheses")


@pytest.mark.parametrize("source", LONG.values(), ids=LONG)
def test_what_is_long_but_not_deep_is_checked(source: str, project: Path) -> None:
    (project / "bad.py").write_text(source + "\n")
    report = color_checker.check(["."], cache=False)
    assert report.errors == ()
    assert [finding.path for finding in report.findings] == ["good.py"]


@pytest.mark.parametrize("statement", PARSED.values(), ids=PARSED)
def test_what_python_parses_is_analyzed_in_a_workflow(statement: str, project: Path) -> None:
    body = "        c, g = C(), lambda: g\n        " + statement + "\n        time.time()\n"
    head = WORKFLOW.replace("@workflow.defn", "class C:\n    def m(self): return self\n\n\n@workflow.defn")
    (project / "good.py").write_text(head.replace("        return time.time()\n", body))
    report = color_checker.check(["."], cache=False)
    if report.errors:  # another Python's parser has another limit
        assert "nested too deeply" in report.errors[0].reason
    else:
        assert "clock" in {finding.name for finding in report.findings}


def test_a_chain_of_thousands_of_functions_is_followed_to_its_end(project: Path) -> None:
    functions = "".join(f"def f{i}():\n    return f{i + 1}()\n" for i in range(2000))
    text = f"import time\n{functions}def f2000():\n    return time.time()\n"
    (project / "deep.py").write_text(text)
    (project / "good.py").write_text(
        WORKFLOW.replace("import time", "from deep import f0").replace("time.time()", "f0()")
    )
    (finding,) = color_checker.check(["."], cache=False).findings
    assert len(finding.witness) == 2003


def test_a_file_of_50_mb_is_an_error(project: Path) -> None:
    (project / "bad.py").write_text("x = 1\n" * 8_400_000)
    assert_only_the_good_file_is_checked("bad.py", "is too big to check (50 MB")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"x = 1\0\n", "contains a NUL byte", id="NUL"),
        pytest.param(b"x = '\xff\xfe'\n", "is not valid utf-8", id="invalid UTF-8"),
        pytest.param(b"# coding: nothing\nx = 1\n", "wrong encoding declaration", id="unknown encoding"),
        pytest.param(b"def f(:\n", "syntax error", id="syntax error"),
        pytest.param(b"x = 1\n  y = 2\n", "syntax error", id="indentation"),
        pytest.param(b"return 1 = 2\n", "syntax error", id="assignment to a keyword"),
    ],
)
def test_a_file_that_is_no_python_is_an_error(content: bytes, reason: str, project: Path) -> None:
    (project / "bad.py").write_bytes(content)
    assert_only_the_good_file_is_checked("bad.py", reason)


def test_a_directory_that_is_called_like_a_module_is_just_a_directory(project: Path) -> None:
    (project / "bad.py").mkdir()
    (project / "bad.py" / "inner.py").write_text("x = 1\n")
    completed = run("check", ".", "--format", "json")
    assert completed.returncode == 1
    assert msgspec.json.decode(completed.stdout)["summary"]["files"] == 2


def test_a_dangling_link_is_an_error(project: Path) -> None:
    (project / "bad.py").symlink_to("nowhere.py")
    assert_only_the_good_file_is_checked("bad.py", "no such file")


def test_links_in_a_circle_end(project: Path) -> None:
    (project / "inside").mkdir()
    (project / "inside" / "again").symlink_to(project, target_is_directory=True)
    completed = run("check", ".", "--format", "json")
    assert completed.returncode == 1
    assert msgspec.json.decode(completed.stdout)["summary"]["files"] == 1


def test_a_link_to_itself_is_an_error(project: Path) -> None:
    (project / "bad.py").symlink_to("bad.py")
    assert_only_the_good_file_is_checked("bad.py", "cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "bad.py")
    completed = run("check", "good.py", "bad.py", "--format", "json")
    assert completed.returncode == 2
    assert "bad.py:1:1: is not a regular file" in completed.stderr
    assert [finding["path"] for finding in msgspec.json.decode(completed.stdout)["findings"]] == ["good.py"]
    assert run("check", ".").returncode == 1  # nobody has named it: not a Python file


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs sockets in the file system")
def test_a_socket_is_no_file(project: Path) -> None:
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/bad.py")  # its own path may only be short
        (project / "bad.py").symlink_to(f"{short}/bad.py")
        completed = run("check", "good.py", "bad.py")
        assert completed.returncode == 2
        assert "is not a regular file" in completed.stderr


@pytest.mark.parametrize("path", ["missing.py", "missing", "notes.ipynb"])
def test_a_path_that_cannot_be_checked_is_an_error(path: str, project: Path) -> None:
    (project / "notes.ipynb").write_text("{}")
    completed = run("check", "good.py", path)
    assert completed.returncode == 2
    assert path in completed.stderr
    assert "good.py:10:16" in completed.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are only allowed on Linux")
def test_a_file_name_that_is_no_utf_8_can_be_reported_and_cached(project: Path) -> None:
    (project / "good.py").rename(os.fsdecode(os.fsencode(project) + b"/b\xff\n.py"))
    for form in ("json", "sarif", "github", "text"):
        for _ in range(2):
            completed = run("check", ".", "--format", form)
            assert completed.returncode == 1
            assert "Traceback" not in completed.stderr
            assert "clock" in completed.stdout
