"""The pages about runtime_min: their programs run and print what is shown, and what they name exists.

A Python block after `<!-- runs -->` is part of the page's program, which consists of all of them in order.
A text block after `<!-- prints -->` is what the block before it prints.
`python -m tests.test_docs_runtime PAGE` shows what a page's blocks print today.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import color_checker
import runtime_min

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/runtime*.md"))
BLOCK = re.compile(r"<!-- (?P<kind>runs|prints) -->\n```(?:python|text)\n(?P<text>.*?)```\n", re.DOTALL)
BORDER = "- - -"


class Program(NamedTuple):
    """The blocks of a page, and what each of them has to print."""

    blocks: list[str]
    prints: list[str]

    @classmethod
    def of(cls, page: Path) -> Program:
        blocks: list[str] = []
        prints: list[str] = []
        for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if match["kind"] == "runs":
                blocks.append(match["text"])
                prints.append("")
            else:
                prints[-1] = match["text"]
        return cls(blocks, prints)

    def run(self, directory: Path) -> tuple[list[str], str]:
        """What each block prints, and what goes wrong."""
        text = f"\nprint({BORDER!r}, flush=True)\n".join(self.blocks)
        (directory / "shop.py").write_text(text, encoding="utf-8")
        completed = subprocess.run(
            [sys.executable, "-W", "error::SyntaxWarning", "shop.py"],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return completed.stdout.split(f"{BORDER}\n"), completed.stderr if completed.returncode else ""


PROGRAMS = {page.name: program for page in PAGES if (program := Program.of(page)).blocks}


@pytest.mark.parametrize("page", sorted(PROGRAMS))
def test_the_program_of_a_page_runs_and_prints_what_the_page_shows(page: str, tmp_path: Path) -> None:
    printed, trouble = PROGRAMS[page].run(tmp_path)
    assert not trouble
    assert printed == PROGRAMS[page].prints


SESSION = re.compile(r"<!-- session -->\n```console\n(?P<text>.*?)```\n", re.DOTALL)


def without_times(text: str) -> list[str]:
    """The lines of an output without what differs each time: dates, durations, and the width of columns."""
    text = re.sub(r"[+]?\d+(\.\d+)? ?(ms|s|µs)\b", "TIME", text)
    text = re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\dZ", "DATE", text)
    text = re.sub(r"[━·]+|─+", "", text)
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_session_on_the_page_about_operations_is_what_the_terminal_shows(tmp_path: Path) -> None:
    page = ROOT / "docs" / "runtime-operations.md"
    (tmp_path / "shop.py").write_text("\n".join(Program.of(page).blocks), encoding="utf-8")
    session = SESSION.search(page.read_text(encoding="utf-8"))
    assert session is not None
    commands = [line[2:] for line in session["text"].splitlines() if line.startswith("$ ")]
    script = "\n".join(f"echo {shlex.quote('$ ' + command)}\n{command}" for command in commands)
    completed = subprocess.run(
        ["bash", "-c", 'runtime-min() { python -m runtime_min "$@"; }\n' + script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "COLUMNS": "98",
            "NO_COLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert without_times(completed.stdout) == without_times(session["text"])


def test_the_tests_on_the_page_about_tests_pass(tmp_path: Path) -> None:
    text = "\n".join(PROGRAMS["runtime-testing.md"].blocks)
    (tmp_path / "test_shop.py").write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    plugins = ["-p", "runtime_min_pytest", "-p", "no:cacheprovider"]
    completed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, "test_shop.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "5 passed" in completed.stdout, completed.stdout + completed.stderr


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory with the program of each page."""
    for page, program in PROGRAMS.items():
        name = page.removesuffix(".md").replace("-", "_")
        (tmp_path / f"{name}.py").write_text("\n".join(program.blocks), encoding="utf-8")
    return tmp_path


def test_the_programs_of_the_pages_are_typed(programs: Path) -> None:
    options = ["--strict", "--config-file", os.devnull, "--follow-imports", "silent", "--no-incremental"]
    completed = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *sorted(map(str, programs.glob("*.py")))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_the_analyzer_finds_in_the_pages_what_they_show_as_wrong_and_nothing_else(programs: Path) -> None:
    report = color_checker.check([programs])
    found = sorted((finding.name, finding.function.rpartition(".")[2]) for finding in report.findings)
    assert found == [("clock", "late"), ("unordered", "in_some_order")]


def test_the_page_for_newcomers_has_a_program() -> None:
    assert len(PROGRAMS["runtime.md"].blocks) >= 8


# docs/runtime-elsewhere.md: rows of four columns.

ELSEWHERE = (ROOT / "docs" / "runtime-elsewhere.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in ELSEWHERE.splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| runtime_min"))
]
CALL = re.compile(r"`(?P<name>[\w.]+)(?:\((?P<keywords>[^`]*)\))?`")


def named(column: int) -> list[tuple[str, list[str]]]:
    """Dotted names and their keywords in one column of the tables."""
    return [
        (match["name"], re.findall(r"(\w+)=", match["keywords"] or ""))
        for row in ROWS
        for match in CALL.finditer(row[column])
    ]


def resolved(package: str, name: str) -> Any:
    """What a dotted name below a package is, its modules imported."""
    found: Any = importlib.import_module(package)
    path = package
    for part in name.split("."):
        path = f"{path}.{part}"
        if not hasattr(found, part):
            found = importlib.import_module(path)
        else:
            found = getattr(found, part)
    return found


@pytest.mark.parametrize(("column", "package"), [(1, "temporalio"), (2, "dbos")])
def test_the_names_of_other_engines_exist(column: int, package: str) -> None:
    pytest.importorskip(package)
    names = named(column)
    assert len(names) > 30
    for name, keywords in names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = resolved(package, name)
        parameters = inspect.signature(found).parameters if keywords else {}
        assert set(keywords) <= set(parameters), name


def test_the_names_of_runtime_min_in_the_mapping_exist() -> None:
    for name, keywords in named(0):
        if name.startswith(("asyncio.", "TaskGroup", "wait")) and name != "wait_signal":
            continue
        found = resolved("runtime_min", name)
        assert set(keywords) <= set(inspect.signature(found).parameters) if keywords else found, name


def test_every_public_name_is_mapped() -> None:
    mapped = {name.partition(".")[0] for name, _ in named(0)}
    assert set(runtime_min.__all__) <= mapped
    for row in ROWS:
        assert len(row) == 4, row
        # Without a counterpart there has to be an explanation.
        assert (row[1] and row[2]) or row[3], row


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for number, shown in enumerate(zip(*Program.of(Path(sys.argv[1])).run(Path(place)), strict=False)):
            print(number, *shown)
