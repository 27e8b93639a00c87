"""The examples of step-arguments are what mypy reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker.rules.base import Example
from color_checker.rules.step_arguments import StepArguments
from tests.mypy_plugin.runner import configure, run_mypy, write


@pytest.mark.parametrize("example", [*StepArguments.bad, *StepArguments.good], ids=lambda one: one.title)
def test_mypy_reports_what_the_examples_expect(example: Example, tmp_path: Path) -> None:
    write(tmp_path, example.files)
    configure(tmp_path, color=example.configuration)
    result = run_mypy(tmp_path, ".")
    found = {place for place in result.places if place[2] == StepArguments.name}
    assert found == example.expected(), result.stdout
