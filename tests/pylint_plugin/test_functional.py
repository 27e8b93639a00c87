"""Pylint's functional tests: comments say what is to be found in a file, `.rc` how, `.txt` where and what.

The files by hand are in `tests/programs/pylint`; `UPDATE=1 pytest tests/pylint_plugin` writes their `.txt`.
The others are the examples of the rules.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pylint.testutils import FunctionalTestFile, LintModuleTest

from color_checker.rules import all_rules
from color_checker.rules.base import EXPECT, Example, TypedRule

PROGRAMS = Path(__file__).parents[1] / "programs" / "pylint"
RC = (PROGRAMS / "color_chain.rc").read_text()


class _Lint(LintModuleTest):
    """Names the file with which it is about."""

    def __init__(self, directory: str, name: str) -> None:
        super().__init__(FunctionalTestFile(directory, name))


class _OfExample(_Lint):
    """Without a text for each message."""

    def _check_output_text(self, *_: Any) -> None:
        """The messages' places and symbols are enough."""


def _examples() -> list[Any]:
    return [
        pytest.param(example, id=f"{rule.name}-{kind}")
        for rule in all_rules()
        if not issubclass(rule, TypedRule)
        for kind, examples in (("bad", rule.bad[:1]), ("good", rule.good[:1]))
        for example in examples
    ]


@pytest.mark.parametrize("example", _examples())
def test_the_first_examples_of_each_rule_get_their_messages(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(f"[tool.color-checker]\n{example.configuration}")
    for name, source in example.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EXPECT.sub(lambda found: f"  # [{re.sub(', ', ',', found[1])}]", source))
        path.with_suffix(".rc").write_text(RC)
    for name in (name for name in example.files if name.endswith(".py")):
        test = _OfExample(*os.path.split(os.path.abspath(name)))
        test.setUp()
        test.runTest()


@pytest.mark.parametrize("name", sorted(path.name for path in PROGRAMS.glob("color_*.py")))
def test_the_files_by_hand_get_their_messages(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "programs"
    shutil.copytree(PROGRAMS, folder)
    monkeypatch.chdir(folder)
    test = (_OfExample if "UPDATE" in os.environ else _Lint)(str(folder), name)
    test.setUp()
    test.runTest()
    if "UPDATE" in os.environ:
        _write_text(test, name)


def _write_text(test: LintModuleTest, name: str) -> None:
    _, lines = test._get_actual()
    text = io.StringIO()
    writer = csv.writer(text, "test")
    writer.writerows(line.to_csv() for line in lines)
    (PROGRAMS / name).with_suffix(".txt").write_text(text.getvalue())
