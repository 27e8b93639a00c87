"""What the rules about crossed borders say under a profile that gives no advice for direct calls."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker
from color_checker.config import load_config

_PROFILE = """\
name = "flows"
title = "Flows"
packages = ["acme.flows"]
distribution = "acme-flows"
documentation = "https://flows.example.com"
step_word = "task"
direct_step_call = "bypass"
direct_workflow_call = "error"

[[colors]]
color = "workflow"
by = "decorator"
name = "acme.flows.flow"

[[colors]]
color = "step"
by = "decorator"
name = "acme.flows.task"
"""

_PROGRAM = """\
from acme.flows import flow, task


@task
def fetch(order: str) -> str:
    return order


@flow
def daily(order: str) -> str:
    return fetch(order)


def main() -> None:
    daily("1")
"""


@pytest.mark.parametrize(
    ("instead", "advice"),
    [
        ("", ["Let the engine run it.", "Start it through the engine."]),
        (
            '[instead]\nstep = "flows.run({}, ...)"\nstart = "client.start({}, ...)"\n',
            ["Use `flows.run(fetch, ...)`.", "Start it through the engine: `client.start(daily, ...)`."],
        ),
    ],
    ids=["without advice", "with advice"],
)
def test_the_last_sentence_is_the_profile_s_advice_or_a_general_one(
    tmp_path: Path, instead: str, advice: list[str]
) -> None:
    (tmp_path / "flows.toml").write_text(_PROFILE + instead, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.color-checker]\nengine-files = ["flows.toml"]\n')
    (tmp_path / "app.py").write_text(_PROGRAM, encoding="utf-8")
    report = color_checker.check([tmp_path], config=load_config(tmp_path), cache=False)
    names = [finding.name for finding in report.findings]
    assert names == ["step-bypasses-engine", "workflow-called-directly"]
    for finding, sentence in zip(report.findings, advice, strict=True):
        assert finding.message.endswith(sentence)
