"""Each example of each rule gets exactly the findings that its markers announce."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import color_checker
from color_checker.rules import all_rules
from color_checker.rules.base import Example, TypedRule


def cases() -> list[object]:
    return [
        pytest.param(example, id=f"{rule.name}-{kind}-{re.sub('[^a-z0-9]+', '-', example.title.lower())}")
        for rule in all_rules()
        if not issubclass(rule, TypedRule)  # tests/mypy_plugin runs theirs
        for kind, examples in (("bad", rule.bad), ("good", rule.good))
        for example in examples
    ]


def write(example: Example, directory: Path) -> None:
    for path, source in example.files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, encoding="utf-8")
    table = f"[tool.color-checker]\n{example.configuration}"
    (directory / "pyproject.toml").write_text(table, encoding="utf-8")


@pytest.mark.parametrize("example", cases())
def test_an_example_gets_exactly_the_findings_it_announces(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(example, tmp_path)
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path])
    assert report.errors == ()
    found = {(finding.path, finding.line, finding.name) for finding in report.findings}
    assert found == example.expected()
