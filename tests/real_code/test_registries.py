"""Tables of a framework that decorators fill, and that the framework's own workflow looks things up in."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_FRAMEWORK = """\
from collections.abc import Callable

from temporalio import workflow

SKILLS: dict[str, Callable[..., str]] = {{}}


{register}


@workflow.defn
class Skill:
    @workflow.run
    async def run(self, name: str) -> str:
        return SKILLS[name]()
"""

_DECORATOR = """\
def skill(fn: Callable[..., str]) -> Callable[..., str]:
    SKILLS[fn.__name__] = fn
    return fn
"""

_WITH_ARGUMENTS = """\
def skill(name: str):
    def decorator(fn):
        SKILLS[name] = fn
        return fn

    return decorator
"""

_SETTER = """\
def replace(name: str, fn: Callable[..., str]) -> str:
    SKILLS[name] = fn
    return name
"""


@pytest.mark.parametrize(
    ("register", "names"), [(_DECORATOR, []), (_WITH_ARGUMENTS, []), (_SETTER, ["global-read"])]
)
def test_a_decorator_has_filled_its_table_when_workflows_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, register: str, names: list[str]
) -> None:
    (tmp_path / "framework.py").write_text(_FRAMEWORK.format(register=register), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False)
    assert [finding.name for finding in report.findings] == names
