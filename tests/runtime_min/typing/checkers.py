"""Runs type checkers on annotated programs and brings what they say into one form.

A program says beside its lines what has to be found there:

    reveal_type(buy)  # is: Workflow[[user: User], Receipt]
    await child(buy, 3)  # error: User
    charge(user)  # error[mypy, pyright]: await

An `error` has to be one of all checkers, or those named, and its message has to contain the text, if there is
one. Nothing else may be found.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).resolve().parent / "cases"
ROOT = CASES.parents[3]
MARK = re.compile(r"  # (?P<kind>is|error)(?:\[(?P<only>[\w, ]+)\])?:(?: (?P<text>.+))?$")


class Said(NamedTuple):
    """What a checker says about a line: the type that was asked for, or an error."""

    file: str
    line: int
    kind: str
    text: str


class NotHereError(Exception):
    """The checker is not installed, or cannot run; the message says why."""


def expected(checker: str) -> Iterator[Said]:
    """What the cases say that a checker must find."""
    for path in sorted(CASES.glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            mark = MARK.search(line)
            if mark is not None and (mark["only"] is None or checker in mark["only"].split(", ")):
                yield Said(path.name, number, mark["kind"], mark["text"] or "")


def mypy(directory: Path) -> list[Said]:
    """`mypy --strict`."""
    options = ["--strict", "--config-file", os.devnull, "--follow-imports", "silent", "--no-incremental"]
    output = run("mypy", *options, "--no-error-summary", *files(directory), cwd=ROOT)
    pattern = re.compile(r"(?P<file>[^:\n]+\.py):(?P<line>\d+): (?P<kind>error|note): (?P<text>.+)")
    found = []
    for match in pattern.finditer(output):
        revealed = re.fullmatch(r'Revealed type is "(.+)"', match["text"])
        if revealed:
            found.append(said(match, "is", revealed[1]))
        elif match["kind"] == "error":
            found.append(said(match, "error", match["text"]))
    return found


def pyright(directory: Path) -> list[Said]:
    """`pyright` in strict mode; it runs on node, which it may have to fetch."""
    configuration = {
        "include": ["."],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT)],
        # What the cases do on purpose.
        "reportUnusedFunction": False,
        "reportUnusedVariable": False,
        "reportUnnecessaryComparison": True,
        # Types of arguments that are wrong anyway.
        "reportUnknownMemberType": False,
        "reportUnknownVariableType": False,
        "reportUnknownArgumentType": False,
        "reportUnknownLambdaType": False,
        "reportPrivateUsage": False,
    }
    (directory / "pyrightconfig.json").write_text(json.dumps(configuration), encoding="utf-8")
    output = run("pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(directory))
    report = output[output.find("{") :]  # when it fetches node, it may say so first
    if '"generalDiagnostics"' not in report:
        raise NotHereError(f"pyright does not run here: {output.strip()[-300:]}")
    found = []
    for one in json.loads(report)["generalDiagnostics"]:
        revealed = re.fullmatch(r'Type of "(?:.|\n)+" is "(.+)"', one["message"])
        kind = "is" if revealed else "error"
        name, line = Path(one["file"]).name, one["range"]["start"]["line"] + 1
        found.append(Said(name, line, kind, revealed[1] if revealed else one["message"]))
    return found


def ty(directory: Path) -> list[Said]:
    """`ty check`."""
    options = ["--output-format", "concise", "--python-version", "3.11", "--python", sys.executable]
    output = run("ty", "check", *options, "--extra-search-path", str(ROOT), *files(directory), cwd=directory)
    pattern = re.compile(r"(?P<file>[^:\n]+\.py):(?P<line>\d+):\d+: \w+\[(?P<rule>[\w-]+)\] (?P<text>.+)")
    found = []
    for match in pattern.finditer(output):
        revealed = re.fullmatch(r"Revealed type: `(.+)`", match["text"])
        found.append(said(match, "is" if revealed else "error", revealed[1] if revealed else match["text"]))
    return found


def pyrefly(directory: Path) -> list[Said]:
    """`pyrefly check`."""
    options = ["--preset", "default", "--output-format", "json", "--python-version", "3.11"]
    places = ["--search-path", str(directory), "--search-path", str(ROOT), "--python-interpreter-path"]
    output = run("pyrefly", "check", *options, *places, sys.executable, *files(directory), cwd=directory)
    found = []
    for one in json.loads(output[output.index("{") :])["errors"]:
        text = one["description"]
        revealed = text.removeprefix("revealed type: ") if one["name"] == "reveal-type" else ""
        found.append(
            Said(Path(one["path"]).name, one["line"], "is" if revealed else "error", revealed or text)
        )
    return found


CHECKERS: dict[str, Callable[[Path], list[Said]]] = {
    "mypy": mypy,
    "pyright": pyright,
    "ty": ty,
    "pyrefly": pyrefly,
}


def files(directory: Path) -> list[str]:
    """The programs, each as an argument."""
    return [str(path) for path in sorted(directory.glob("*.py"))]


def run(module: str, *arguments: str, cwd: Path | None = None) -> str:
    """What a checker prints on standard output, or on the other one if that is nothing."""
    if importlib.util.find_spec(module) is None:
        raise NotHereError(f"{module} is not installed")
    completed = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return completed.stdout or completed.stderr


def said(match: re.Match[str], kind: str, text: str) -> Said:
    return Said(Path(match["file"]).name, int(match["line"]), kind, text)


def plain(shown: str) -> str:
    """A type as all checkers might show it: without modules, defaults and each one's own brackets."""
    shown = re.sub(r"\b(?:\w+\.)+(?=\w)", "", shown).removeprefix("def ")
    shown = re.sub(r"\b(Workflow|Step|Query)\[\(([^()]*)\)", r"\1[[\2]", shown)
    shown = re.sub(r" =(?: [^],)]+)?(?=[],)])", " = ...", shown)
    shown = re.sub(r"(\*\w+: \w+), \*,", r"\1,", shown)
    return shown.replace("NoReturn", "Never")
