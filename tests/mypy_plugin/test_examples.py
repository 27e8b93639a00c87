"""mypy reports what the command line does on each rule's examples: same lines, same text, nothing twice."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import color_checker
from color_checker.rules import all_rules
from color_checker.rules.base import Example, TypedRule
from tests.mypy_plugin.runner import configure, run_mypy, write


def cases() -> list[object]:
    """The first example of each kind, and the others for those who have time."""
    return [
        pytest.param(
            example,
            id=f"{rule.name}-{kind}-{re.sub('[^a-z0-9]+', '-', example.title.lower())}",
            marks=[pytest.mark.slow] if number else [],
        )
        for rule in all_rules()
        if not issubclass(rule, TypedRule)
        for kind, examples in (("bad", rule.bad), ("good", rule.good))
        for number, example in enumerate(examples)
    ]


@pytest.mark.parametrize("example", cases())
def test_mypy_reports_what_the_command_line_reports(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, example.files)
    configure(tmp_path, color=example.configuration, strict=False)
    monkeypatch.chdir(tmp_path)
    result = run_mypy(tmp_path, *sorted(path for path in example.files if path.endswith(".py")))
    typed = {rule.name for rule in all_rules() if issubclass(rule, TypedRule)}
    ours = [one for one in result.ours if one.code not in typed]
    by_mypy = Counter((one.path, one.line, one.column, one.code, one.text) for one in ours)
    report = color_checker.check([tmp_path])
    by_command_line = Counter(
        (one.path, one.line, one.column, one.name, one.message) for one in report.findings
    )
    assert by_mypy == by_command_line, result.stdout + result.stderr
    assert {one.place for one in ours} == example.expected()
