"""The page about type checkers: each finds in its program what the table says, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from color_checker import check
from tests.mypy_plugin.runner import configure, run_mypy
from tests.runtime_min.typing.checkers import CHECKERS, NotHereError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "type-checkers.md"
PROGRAM = re.compile(r"<!-- program -->\n```python\n(.*?)```\n", re.DOTALL)
PLUGIN = "mypy with `mypy_plugin`"


def program() -> str:
    match = PROGRAM.search(PAGE.read_text(encoding="utf-8"))
    assert match is not None
    return match[1]


def table() -> dict[str, set[str]]:
    """What the table says each checker finds."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and "---" not in line
    ]
    head, *body = rows
    return {
        name: {row[0] for row in body if row[column] == "yes"} for column, name in enumerate(head) if column
    }


def mistakes() -> dict[int, str]:
    """Line → what the comment there says is wrong."""
    lines = enumerate(program().splitlines(), 1)
    return {number: line.partition("  # ")[2] for number, line in lines if "  # " in line}


def found(lines: Iterable[int]) -> set[str]:
    known = mistakes()
    return {known.get(line, f"line {line}, where nothing is wrong") for line in lines}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop.py").write_text(program(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_program_and_the_table_name_the_same_mistakes() -> None:
    assert set(mistakes().values()) == set().union(*table().values())


@pytest.mark.parametrize("name", sorted(CHECKERS))
def test_a_type_checker_alone_finds_what_the_table_says(name: str, project: Path) -> None:
    try:
        said = CHECKERS[name](project)
    except NotHereError as error:
        pytest.skip(str(error))
    assert found(one.line for one in said) == table()[name]


def test_the_analyzer_finds_what_the_table_says(project: Path) -> None:
    assert found(one.line for one in check([project], cache=False).findings) == table()["color-checker"]


def test_mypy_with_the_plugin_finds_what_the_table_says(project: Path) -> None:
    configure(project)
    assert found(error.line for error in run_mypy(project, ".").errors) == table()[PLUGIN]
